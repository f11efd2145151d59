//! What a player has played: the same as the ledger says, and no dearer to keep.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_localstack::table::TABLE;
use croupier_store::{
    item::Item,
    key::{PK, SK},
};
use croupier_tests::{
    seat::{PASSWORD, Seat},
    world::{World, play},
};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);
const MILLISECOND: Duration = Duration::from_millis(1);

async fn stats(seat: &Seat) -> Value {
    seat.get("/api/users/stats").await.ok()
}

/// The player in a new session, since an access token does not last.
async fn back(world: &World, site_id: &str) -> Seat {
    Seat::of(world, &world.log_in(site_id, PASSWORD).await.ok())
}

/// The same from the whole ledger, but for the streak as of now.
async fn summed(seat: &Seat) -> Value {
    let of_action = |history: &[Value], name: &str| -> Vec<Value> {
        history.iter().filter(|entry| entry["action"] == name).cloned().collect()
    };
    let history = seat.history().await;
    let (rounds, pulls) = (of_action(&history, "SLOT_SPIN"), of_action(&history, "GACHA_PULL"));
    let paid: u64 = pulls.iter().map(|pull| pull["detail"]["cost"].as_u64().expect("a number")).sum();
    let each = |field: &str| -> Vec<u64> {
        rounds.iter().map(|round| round["detail"][field].as_u64().expect("a number")).collect()
    };
    let (bets, wins, streaks) = (each("bet_amount"), each("win_amount"), each("streak"));
    let won = wins.iter().filter(|win| **win > 0).count();
    let net: i64 = rounds.iter().map(|round| round["delta_coin"].as_i64().expect("a number")).sum();
    let days: BTreeSet<_> =
        rounds.iter().chain(&pulls).map(|round| round["created_at"].as_str().unwrap()[..10].to_owned()).collect();
    // Six decimals, rounded to the nearest.
    let millionths = (won * 2_000_000 + rounds.len()).checked_div(2 * rounds.len()).unwrap_or(0);
    json!({
        "games": [{
            "game_type": "slot", "rounds": rounds.len(), "total_bet": bets.iter().sum::<u64>(),
            "total_win": wins.iter().sum::<u64>(), "net": net, "wins": won, "losses": rounds.len() - won,
            "win_rate": millionths as f64 / 1e6, "biggest_win": wins.iter().max().unwrap_or(&0),
            "best_streak": streaks.iter().max().unwrap_or(&0),
        }, {
            "game_type": "gacha", "rounds": pulls.len(), "total_bet": paid, "total_win": 0, "net": 0 - paid as i64,
            "wins": 0, "losses": pulls.len(), "win_rate": 0.0, "biggest_win": 0, "current_streak": 0, "best_streak": 0,
        }],
        "active_days": days.len(),
    })
}

/// The stats without the streak as of now, and that streak.
fn apart(mut stats: Value) -> (Value, u64) {
    let game = stats["games"][0].as_object_mut().expect("a game");
    let streak = game.remove("current_streak").expect("a streak");
    (stats, streak.as_u64().expect("a number"))
}

#[tokio::test]
async fn a_newcomer_has_played_nothing() {
    play(async |world| {
        let seat = world.newcomer("novice").await;
        let nothing = json!({
            "games": [{
                "game_type": "slot", "rounds": 0, "total_bet": 0, "total_win": 0, "net": 0, "wins": 0, "losses": 0,
                "win_rate": 0.0, "biggest_win": 0, "current_streak": 0, "best_streak": 0,
            }, {
                "game_type": "gacha", "rounds": 0, "total_bet": 0, "total_win": 0, "net": 0, "wins": 0, "losses": 0,
                "win_rate": 0.0, "biggest_win": 0, "current_streak": 0, "best_streak": 0,
            }],
            "active_days": 0,
        });
        assert_eq!(stats(&seat).await, nothing);
        assert_eq!(apart(nothing).0, summed(&seat).await);
    })
    .await;
}

#[tokio::test]
async fn what_was_played_is_what_the_ledger_says() {
    play(async |world| {
        let mut seat = world.newcomer("veteran").await;
        world.newcomer("other").await;
        for (visit, days) in [0, 0, 1, 3].into_iter().enumerate() {
            world.pass(days * 24 * HOUR);
            seat = back(world, "veteran").await;
            for bet in [50, 1, 7, 20, 1, 3, 10, 2] {
                seat.spin(bet).await.ok();
            }
            seat.post("/api/fairness/rotate", json!({})).await.ok();
            seat.post("/api/games/gacha/pull", json!({ "pull_count": 1 })).await;
            // What is refused is not played, and what is repeated is played once.
            seat.spin(9_999).await;
            let first = seat.spin_keyed(2, &format!("twice-on-visit-{visit}")).await;
            assert_eq!(seat.spin_keyed(2, &format!("twice-on-visit-{visit}")).await.body, first.body);
            let (seen, _) = apart(stats(&seat).await);
            assert_eq!(seen, summed(&seat).await);
            assert_eq!(
                seen["games"][0]["wins"].as_u64().unwrap() + seen["games"][0]["losses"].as_u64().unwrap(),
                seen["games"][0]["rounds"].as_u64().unwrap()
            );
        }
        assert_eq!(stats(&seat).await["active_days"], 3);
        let other = back(world, "other").await;
        assert_eq!(stats(&other).await["games"][0]["rounds"], 0);
    })
    .await;
}

#[tokio::test]
async fn a_streak_ends_after_a_pause_of_more_than_a_day_and_the_best_one_stays() {
    play(async |world| {
        let mut seat = world.newcomer("regular").await;
        for _ in 0..4 {
            seat.spin(1).await.ok();
        }
        let streaks = async |seat: &Seat| {
            let (seen, current) = apart(stats(seat).await);
            (current, seen["games"][0]["best_streak"].as_u64().expect("a number"))
        };
        assert_eq!(streaks(&seat).await, (4, 4));
        world.pass(24 * HOUR);
        seat = back(world, "regular").await;
        assert_eq!(streaks(&seat).await, (4, 4), "a day to the millisecond");
        world.pass(MILLISECOND);
        assert_eq!(streaks(&seat).await, (0, 4), "a millisecond more");
        assert_eq!(seat.spin(1).await.ok()["streak"], 1);
        assert_eq!(streaks(&seat).await, (1, 4));
        for _ in 0..4 {
            seat.spin(1).await.ok();
        }
        assert_eq!(streaks(&seat).await, (5, 5));
        world.pass(25 * HOUR);
        assert_eq!(streaks(&back(world, "regular").await).await, (0, 5));
    })
    .await;
}

#[tokio::test]
async fn a_day_goes_from_midnight_to_midnight() {
    play(async |world| {
        let mut seat = world.newcomer("night-owl").await;
        // It is eight in the morning.
        for (pause, days) in [
            (Duration::ZERO, 1),
            (16 * HOUR - MILLISECOND, 1),
            (MILLISECOND, 2),
            (24 * HOUR - MILLISECOND, 2),
            (MILLISECOND, 3),
            (10 * 24 * HOUR, 4),
        ] {
            world.pass(pause);
            seat = back(world, "night-owl").await;
            seat.spin(1).await.ok();
            assert_eq!(stats(&seat).await["active_days"], days, "{pause:?} later");
        }
        assert_eq!(apart(stats(&seat).await).0, summed(&seat).await);
    })
    .await;
}

/// The size of an item as DynamoDB counts it: the names of its attributes and their values.
fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
}

/// A text has its bytes, a number a byte for two digits and one or two besides, whatever holds others three and one for each.
fn size_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => {
            let digits = number.trim_start_matches('-').trim_matches('0').len();
            digits.div_ceil(2) + 1 + usize::from(number.starts_with('-'))
        }
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size_of_value(value)).sum::<usize>(),
        AttributeValue::M(values) => 3 + size(values) + values.len(),
        other => panic!("no player has {other:?}"),
    }
}

/// The item with every number as large as the rules count.
fn grown(item: &Item) -> Item {
    item.iter().map(|(name, value)| (name.clone(), grown_value(value))).collect()
}

fn grown_value(value: &AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::N(_) => AttributeValue::N(9_007_199_254_740_991_u64.to_string()),
        AttributeValue::M(values) => AttributeValue::M(grown(values)),
        AttributeValue::L(values) => AttributeValue::L(values.iter().map(grown_value).collect()),
        other => other.clone(),
    }
}

/// Beyond a kilobyte each spin would be charged another write unit.
#[tokio::test]
async fn what_a_spin_replaces_is_no_larger_than_a_kilobyte() {
    play(async |world| {
        let seat = world.newcomer("heavy").await;
        seat.post("/api/fairness/rotate", json!({ "client_seed": "s".repeat(32) })).await.ok();
        super::admin::update(&world.admin().await, &seat, json!({ "rank": "PREMIUM" })).await.ok();
        seat.post("/api/games/gacha/pull", json!({ "pull_count": 10 })).await.ok();
        seat.post("/api/games/session/start", json!({ "game_type": "gacha" })).await.ok();
        for _ in 0..10 {
            seat.spin(1).await.ok();
        }
        seat.post("/api/missions/slot_master/claim", json!({})).await.ok();
        seat.post("/api/streak/claim", json!({})).await.ok();
        let get = world.running().table.get_item().table_name(TABLE).consistent_read(true);
        let get = get.key(PK, AttributeValue::S(format!("PLAYER#{}", seat.id)));
        let item = get.key(SK, AttributeValue::S("PLAYER".to_owned())).send().await.unwrap().item.expect("a player");
        for part in ["totals", "slot", "gacha", "session", "missions", "streak"] {
            assert!(item.contains_key(part), "{part} is not in {item:?}");
        }
        println!("a player with everything: {} bytes, {} in the long run", size(&item), size(&grown(&item)));
        assert!(size(&item) <= 1024, "{} bytes", size(&item));
        assert!(size(&grown(&item)) <= 1024, "{} bytes, in the long run", size(&grown(&item)));
    })
    .await;
}

#[test]
fn an_item_is_counted_as_dynamodb_counts() {
    let number = |text: &str| AttributeValue::N(text.to_owned());
    for (value, bytes) in [
        (AttributeValue::S("Zoë".to_owned()), 4),
        (number("0"), 1),
        (number("7"), 2),
        (number("100"), 2),
        (number("123"), 3),
        (number("-123"), 4),
        (AttributeValue::Bool(true), 1),
        (AttributeValue::L(vec![number("7"), number("7")]), 3 + 2 + 4),
        (AttributeValue::M([("ab".to_owned(), number("7"))].into()), 3 + 1 + 2 + 2),
    ] {
        assert_eq!(size_of_value(&value), bytes, "{value:?}");
    }
}
