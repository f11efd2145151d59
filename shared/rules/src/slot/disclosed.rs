//! What the odds page promises, for every stake and every step of the streak: what analytics compare with what was played.

use std::iter;

use serde::Serialize;

use super::odds::Paytable;
use crate::{economy::Economy, ledger::GameType, money::Coins};

/// What a stake pays on average: so much in so many cases, exactly, after rounding down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disclosed {
    /// The economy file that decides.
    pub odds_version: String,
    /// Of which game.
    pub game_type: GameType,
    /// The stake.
    pub bet_amount: Coins,
    /// Spins without a long pause; the most stand for all longer streaks.
    pub streak: u32,
    /// Coins that all cases pay together.
    pub paid: u128,
    /// How many cases there are.
    pub cases: u128,
}

/// What an economy file promises for the stakes that it allows, one after the other.
pub fn disclosed(economy: &Economy) -> impl Iterator<Item = Disclosed> {
    let (slot, table) = (&economy.slot, Paytable::of(&economy.slot));
    let steps = slot.rules.bonus.steps();
    let least = Some(slot.rules.min_bet);
    let next = |stake: &Coins| Coins::new(stake.get() + 1).ok().filter(|stake| *stake <= slot.rules.max_bet);
    iter::successors(least, next).flat_map(move |bet_amount| {
        let of_stake = steps.clone().map(|streak| {
            let (paid, cases) = table.mean_win(bet_amount, streak).parts();
            let odds_version = economy.version.clone();
            Disclosed { odds_version, game_type: GameType::Slot, bet_amount, streak, paid, cases }
        });
        of_stake.collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::odds::{Share, SlotConfig};

    #[test]
    fn what_is_compared_is_what_the_page_shows() {
        let economy = Economy::shipped().unwrap();
        let stake = economy.slot.rules.min_bet;
        let page = SlotConfig::of(&economy, Some(stake));
        let rows: Vec<_> = disclosed(&economy).take_while(|row| row.bet_amount == stake).collect();
        assert_eq!(rows.len(), page.return_by_streak.len());
        for (row, shown) in rows.iter().zip(&page.return_by_bet[0].return_by_streak) {
            assert_eq!(Share::of(row.paid, row.cases * u128::from(stake.get())), *shown, "{row:?}");
        }
        let streaks: Vec<_> = rows.iter().map(|row| row.streak).collect();
        assert_eq!(streaks, page.return_by_streak.iter().map(|step| step.streak).collect::<Vec<_>>());
    }
}
