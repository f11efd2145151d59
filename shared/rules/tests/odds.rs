//! The odds page against a count of everything that can happen: 216 stops and 1001 variations, each with its weight.

mod by_hand;

use croupier_rules::{economy::Economy, money::Coins, slot::odds::SlotConfig};

const WEIGHTS: [u128; 6] = [30, 25, 20, 15, 8, 2];
const VARIATIONS: std::ops::RangeInclusive<i32> = -500..=500;

fn stops() -> impl Iterator<Item = (u128, u128)> {
    let reels = (0..216).map(|stop| (stop / 36, stop / 6 % 6, stop % 6));
    reels.map(|(left, middle, right)| {
        (WEIGHTS[left] * WEIGHTS[middle] * WEIGHTS[right], by_hand::pay(left, middle, right))
    })
}

/// In lowest terms, as the page writes it.
fn fraction(mut numerator: u128, mut denominator: u128) -> String {
    for divisor in [2, 3, 5, 7, 11, 13] {
        while numerator.is_multiple_of(divisor) && denominator.is_multiple_of(divisor) {
            (numerator, denominator) = (numerator / divisor, denominator / divisor);
        }
    }
    format!("{numerator}/{denominator}")
}

/// What comes back of a stake, of all 1001 × 100³ spins.
fn returned(stake: u128, streak: u32) -> String {
    let paid: u128 = stops()
        .map(|(ways, pay)| ways * VARIATIONS.map(|variation| by_hand::win(stake, pay, streak, variation)).sum::<u128>())
        .sum();
    fraction(paid, 1001 * 1_000_000 * stake)
}

#[test]
fn the_return_of_a_stake_is_what_a_count_of_all_spins_gives() {
    let economy = Economy::shipped().unwrap();
    // Whatever remains of a stake after dividing by 2, 3, 5, 7, 11 and 13 must be 1, for the fractions to be in lowest terms.
    for stake in [1, 2, 3, 7, 50, 1001, 10_000] {
        let page = SlotConfig::of(&economy, Some(Coins::new(stake).unwrap()));
        let row = &page.return_by_bet[0];
        let stake = u128::from(stake);
        assert_eq!(row.return_to_player.to_string(), returned(stake, 0), "{stake} without a bonus");
        for streak in [1, 5, 10, 11] {
            let place = streak.min(10) - 1;
            let shown = row.return_by_streak[place].to_string();
            assert_eq!(shown, returned(stake, u32::try_from(streak).unwrap()), "{stake} at streak {streak}");
        }
    }
}

#[test]
fn the_hit_rate_and_the_return_are_what_a_count_of_all_stops_gives() {
    let page = SlotConfig::of(&Economy::shipped().unwrap(), None);
    let hits = stops().filter(|(_, pay)| *pay > 0).map(|(ways, _)| ways).sum();
    assert_eq!(hits, 389_080);
    assert_eq!(page.hit_rate.to_string(), fraction(hits, 1_000_000));
    let paid: u128 = stops().map(|(ways, pay)| ways * pay).sum();
    assert_eq!(paid, 65_711_000);
    assert_eq!(page.return_to_player.to_string(), fraction(paid, 100_000_000));
    for (step, row) in (1..).zip(&page.return_by_streak) {
        assert_eq!((u128::from(row.streak), u128::from(row.bonus_percent)), (step, 2 * step));
        assert_eq!(row.return_to_player.to_string(), fraction(paid * (100 + 2 * step), 10_000_000_000));
    }
    assert_eq!(page.return_by_streak.len(), 10, "the tenth stands for all longer streaks");
}
