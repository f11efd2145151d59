//! One spin, for any player, stake, streak and seed.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod by_hand;

use croupier_rules::{
    Refusal,
    economy::Economy,
    fairness::{Commitment, Draw, MasterKey},
    id::PlayerId,
    ledger::{Action, Change, Decision},
    money::{Coins, Gems, MOST, Postings},
    player::{Player, Rank},
    round::Round,
    slot::{self, SlotRound, SlotStreak, SpinReply},
    time::Timestamp,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const REEL: [&str; 6] = ["🍒", "🍋", "🍊", "🍇", "💎", "7️⃣"];
const DAY: i64 = 24 * 3600 * 1000;
const NOW: i64 = 1_800_000_000_000;

fn coins(amount: u64) -> Coins {
    Coins::new(amount).expect("an amount")
}

/// The player with other values, as if they had been read from the table. Only what a player keeps can be changed.
fn with(player: &Player, changes: Value) -> Player {
    let mut json = serde_json::to_value(player).expect("JSON");
    let Value::Object(changes) = changes else { panic!("no object: {changes}") };
    json.as_object_mut().expect("an object").extend(changes);
    let changed: Player = serde_json::from_value(json.clone()).expect("a player");
    assert_eq!(serde_json::to_value(&changed).expect("JSON"), json);
    changed
}

/// A player who is somewhere in the middle of a ledger.
fn any_player() -> impl Strategy<Value = Player> {
    let owned = prop_oneof![0..20_000_u64, MOST - 20_000..=MOST];
    let streak = (any::<u32>(), prop::option::of(-3 * DAY..DAY));
    let place = (any::<u32>(), 0..u64::MAX, "[!-~]{1,32}");
    (any::<u128>(), owned, 0..=MOST, 1..1_u64 << 40, streak, place).prop_map(
        |(id, owned, gems, entries, (spins, last), (epoch, nonce, client_seed))| {
            let born = Timestamp::from_millis(NOW - 30 * DAY);
            let economy = Economy::shipped().expect("an economy");
            let first = Player::sign_up(PlayerId::new(1, id), false, None, born, &economy).expect("a player");
            let changes = json!({
                "coins": coins(owned),
                "gems": Gems::new(gems).expect("an amount"),
                "entries": entries,
                "revision": entries + 7,
                "rank": Rank::Vip,
                "draw": Draw { epoch, nonce, client_seed: client_seed.parse().expect("a seed") },
                "slot": SlotStreak { spins, last: last.map(|ago| Timestamp::from_millis(NOW + ago)) },
            });
            with(first.player(), changes)
        },
    )
}

fn key(hex: &str) -> MasterKey {
    MasterKey::from_secret(hex).expect("a key")
}

fn round_of(change: &Change) -> SlotRound {
    match &change.entry().action {
        Action::SlotSpin(round) => round.clone(),
        other => panic!("{other:?}"),
    }
}

fn stop(symbol: &String) -> usize {
    REEL.iter().position(|one| one == symbol).expect("a symbol of the reel")
}

/// The win that follows from what the reels show, and no more than the most that anybody can promise.
fn check_the_win(round: &SlotRound) {
    let [left, middle, right] = round.reels.each_ref().map(stop);
    let (stake, pay) = (u128::from(round.bet_amount.get()), by_hand::pay(left, middle, right));
    let win = u128::from(round.win_amount.get());
    assert_eq!(u128::from(round.pay_percent), pay);
    assert!((-500..=500).contains(&round.variation));
    assert_eq!(win, by_hand::win(stake, pay, round.streak, round.variation), "{round:?}");
    assert!(win <= stake * pay * 120 * 105 / 1_000_000, "more than 1.2 × 1.05 of the pay: {round:?}");
    assert!(win >= stake * pay * 95 / 10_000, "less than 0.95 of the pay: {round:?}");
}

/// The spin that a streak counts next, as its rule reads: a pause of a day still continues it.
fn next_in_streak(streak: SlotStreak) -> u32 {
    match streak.last {
        Some(last) if NOW - last.millis() <= DAY => streak.spins.saturating_add(1),
        _ => 1,
    }
}

/// Everything that is not about the spin stays as it was, and player, entry and reply tell the same.
fn check_the_books(player: &Player, bet: Coins, decision: &Decision<SpinReply>, promised: &Commitment) {
    let Decision { change, reply, .. } = decision;
    let (next, entry, round) = (change.player(), change.entry(), round_of(change));
    let moved = round.win_amount.credit() - bet.credit();
    assert_eq!(entry.moved, Postings { coins: moved, gems: 0 });
    assert_eq!(i128::from(entry.coins.get()), i128::from(player.coins().get()) + i128::from(moved));
    assert_eq!((entry.gems, entry.number, entry.previous), (player.gems(), player.entries() + 1, player.head()));
    assert_eq!((entry.player, entry.at, entry.draw.as_ref()), (player.id, now(), Some(&player.draw)));
    let mut totals = player.totals.clone();
    let (economy, played) = (Economy::shipped().expect("an economy"), entry.action.played().expect("a round"));
    totals.count(played, economy.calendar.day(now())).expect("no end of rounds");
    let expected = json!({
        "totals": totals,
        "missions": next.missions,
        "coins": entry.coins,
        "entries": entry.number,
        "revision": player.revision() + 1,
        "head": entry.hash().expect("a hash"),
        "draw": Draw { nonce: player.draw.nonce + 1, ..player.draw.clone() },
        "slot": SlotStreak { spins: next_in_streak(player.slot), last: Some(now()) },
    });
    assert_eq!(*next, with(player, expected));
    assert_eq!((round.bet_amount, round.streak), (bet, next.slot.spins));
    assert_eq!((&reply.reels, reply.win_amount, reply.streak), (&round.reels, round.win_amount, round.streak));
    assert_eq!((reply.balance, reply.gems, reply.net_change), (next.coins(), next.gems(), moved));
    assert_eq!((reply.round_id, reply.sequence), (entry.id(), entry.number));
    assert_eq!(reply.is_jackpot, round.reels.iter().all(|symbol| symbol == "7️⃣"));
    assert_eq!(entry.odds.as_ref(), Some(&reply.odds_version));
    let json = |commitment| serde_json::to_value(commitment).expect("JSON");
    assert_eq!(json(&reply.fairness), json(promised), "what was promised before the draw");
}

fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_spin_is_paid_recorded_and_told_alike(player in any_player(), bet in 1..=10_000_u64, secret in "[0-9a-f]{64}") {
        let (economy, master) = (Economy::shipped().expect("an economy"), key(&secret));
        let round = Round { now: now(), economy: &economy, master: &master };
        let promised = Commitment::to(player.id, &player.draw, &master);
        let before = player.clone();
        let decided = slot::spin(&player, coins(bet), &round);
        prop_assert_eq!(&player, &before);

        let streak = next_in_streak(player.slot);
        let mut stream = master.server_seed(player.id, player.draw.epoch).stream(&player.draw);
        let drawn = slot::draw(&economy.slot, coins(bet), streak, &mut stream).expect("a round");
        check_the_win(&drawn);
        match decided {
            Ok(decision) => {
                prop_assert!(player.coins().get() >= bet);
                prop_assert_eq!(round_of(&decision.change), drawn);
                check_the_books(&player, coins(bet), &decision, &promised);
                let again = slot::spin(&player, coins(bet), &round).expect("the same again");
                prop_assert_eq!(again.change, decision.change);
            }
            Err(Refusal::InsufficientFunds) => prop_assert!(player.coins().get() < bet),
            Err(Refusal::BalanceLimit) => {
                prop_assert!(player.coins().get() - bet + drawn.win_amount.get() > MOST);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn a_stake_outside_the_limits_is_refused_whatever_is_owned(
        player in any_player(),
        bet in prop_oneof![Just(0_u64), 10_001..=MOST],
        secret in "[0-9a-f]{64}",
    ) {
        let (economy, master) = (Economy::shipped().expect("an economy"), key(&secret));
        let round = Round { now: now(), economy: &economy, master: &master };
        let refused = slot::spin(&player, coins(bet), &round).err();
        prop_assert_eq!(refused, Some(Refusal::StakeOutOfRange { least: coins(1), most: coins(10_000) }));
    }
}

/// Someone who has come to be a month ago, and the key of the vectors in `fairness.rs`.
fn someone() -> (Player, MasterKey, Economy) {
    let economy = Economy::shipped().expect("an economy");
    let id = PlayerId::new(1_700_000_000_000, 42);
    let born = Timestamp::from_millis(NOW - 30 * DAY);
    let change = Player::sign_up(id, false, None, born, &economy).expect("a player");
    let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    (change.player().clone(), key(hex), economy)
}

#[test]
fn a_day_between_two_spins_continues_a_streak_and_a_millisecond_more_ends_it() {
    let (player, master, economy) = someone();
    let round = Round { now: now(), economy: &economy, master: &master };
    let streak_after = |pause: i64| {
        let last = Some(Timestamp::from_millis(NOW - pause));
        let mut player = player.clone();
        player.slot = SlotStreak { spins: 4, last };
        slot::spin(&player, coins(1), &round).expect("a spin").reply.streak
    };
    assert_eq!([DAY - 1, DAY, DAY + 1].map(streak_after), [5, 5, 1]);
    assert_eq!(streak_after(0), 5);
    assert_eq!(streak_after(-1), 5, "clocks that differ are no pause");
    assert_eq!(slot::spin(&player, coins(1), &round).expect("a spin").reply.streak, 1);
}

#[test]
fn three_sevens_are_the_jackpot() {
    let (mut player, master, economy) = someone();
    // Found by trying, in the stream that everybody can compute.
    player.draw = Draw { epoch: 0, nonce: 123_315, client_seed: "lucky".parse().expect("a seed") };
    let round = Round { now: now(), economy: &economy, master: &master };
    let SpinReply { is_jackpot, win_amount, .. } = slot::spin(&player, coins(100), &round).expect("a spin").reply;
    // 100 × 50 × 1.02 × 0.9521 = 4855.71
    assert_eq!((is_jackpot, win_amount), (true, coins(4855)));
}

#[test]
fn all_that_is_owned_may_be_staked_and_no_more() {
    let (player, master, economy) = someone();
    let round = Round { now: now(), economy: &economy, master: &master };
    assert!(slot::spin(&player, coins(1000), &round).is_ok());
    assert_eq!(slot::spin(&player, coins(1001), &round).err(), Some(Refusal::InsufficientFunds));
}
