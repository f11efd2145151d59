//! A spin happens exactly once, however it is asked for, and costs what it was designed to cost.

use std::collections::BTreeSet;

use croupier_tests::{
    seat::{Answer, Seat},
    wire::{Fault, Passed},
    world::play,
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::json;

/// What was asked of the table. Queries are left out: `push` looks for sockets at the same time, and a spin has no
/// permission to query at all.
fn operations(passed: &[Passed]) -> Vec<&str> {
    passed.iter().map(|passed| passed.operation.as_str()).filter(|operation| *operation != "Query").collect()
}

fn write_units(passed: &[Passed]) -> f64 {
    passed.iter().filter(|passed| passed.operation == "TransactWriteItems").map(|passed| passed.units).sum()
}

#[tokio::test]
async fn a_spin_is_one_read_trip_and_one_write_trip_of_at_most_five_units() {
    play(async |world| {
        let seat = world.newcomer("thrifty").await;
        // A player with everything: a session that goes on, missions, a streak, a guarantee that counts.
        seat.post("/api/games/gacha/pull", json!({ "pull_count": 3 })).await.ok();
        seat.post("/api/missions/first_play/claim", json!({})).await.ok();
        seat.post("/api/streak/claim", json!({})).await.ok();
        seat.post("/api/games/session/start", json!({ "game_type": "slot" })).await.ok();
        // The longest key and the longest client seed that there may be make the largest entry.
        let longest_seed = json!({ "client_seed": "s".repeat(32) });
        for key in [None, Some("k".repeat(36)), Some("k".repeat(128))] {
            world.wire.take();
            match &key {
                None => seat.spin(50).await.ok(),
                Some(key) => seat.spin_keyed(50, key).await.ok(),
            };
            let passed = world.wire.take();
            assert_eq!(operations(&passed), ["BatchGetItem", "TransactWriteItems"], "{key:?}");
            assert!(write_units(&passed) <= 5.0, "{key:?}: {passed:?}");
            seat.post("/api/fairness/rotate", longest_seed.clone()).await.ok();
        }
    })
    .await;
}

#[tokio::test]
async fn a_repeat_reads_nothing_after_authentication_and_gets_the_same_bytes() {
    play(async |world| {
        let seat = world.newcomer("echo").await;
        let first = seat.spin_keyed(50, "the-very-same").await;
        assert!(!first.replayed());
        seat.spin(1).await.ok();
        world.wire.take();
        let again = seat.spin_keyed(50, "the-very-same").await;
        assert_eq!(operations(&world.wire.take()), ["BatchGetItem", "TransactWriteItems"]);
        assert!(again.replayed());
        assert_eq!(again.body, first.body);
        // The alias is the same function, and spelling is no difference.
        let alias = seat.request(reqwest::Method::POST, "/api/actions/SLOT_SPIN");
        let alias = alias.header("x-idempotency-key", "\"the-very-same\"").body(r#"{ "more": 1, "bet_amount": 50 }"#);
        assert_eq!(Answer::to(alias).await.body, first.body);
        assert_eq!(seat.balance().await.2, 3);
    })
    .await;
}

#[tokio::test]
async fn twenty_at_once_with_one_key_are_one_spin() {
    play(async |world| {
        let seat = world.newcomer("eager").await;
        let answers = join_all((0..20).map(|_| seat.spin_keyed(50, "all-at-once"))).await;
        let bodies: BTreeSet<_> = answers.iter().map(|answer| answer.ok().to_string()).collect();
        assert_eq!(bodies.len(), 1);
        assert_eq!(answers.iter().filter(|answer| !answer.replayed()).count(), 1);
        assert_eq!(seat.balance().await.2, 2);
    })
    .await;
}

#[tokio::test]
async fn a_lost_reply_is_found_again() {
    play(async |world| {
        let seat = world.newcomer("unlucky").await;
        // As often as the SDK tries.
        world.wire.plan("TransactWriteItems", &[Fault::LostReply; 3]);
        seat.spin_keyed(50, "lost-in-transit").await.refused(Code::Unavailable);
        let (coins, _, sequence) = seat.balance().await;
        assert_eq!(sequence, 2, "it was carried out");
        let again = seat.spin_keyed(50, "lost-in-transit").await;
        assert!(again.replayed());
        assert_eq!((again.ok()["balance"].as_u64(), again.ok()["sequence"].as_u64()), (Some(coins), Some(2)));
    })
    .await;
}

#[tokio::test]
async fn a_lost_reply_that_the_sdk_repeats_is_no_second_spin() {
    play(async |world| {
        let seat = world.newcomer("lucky").await;
        world.wire.plan("TransactWriteItems", &[Fault::LostReply]);
        seat.spin(50).await.ok();
        world.wire.plan("TransactWriteItems", &[Fault::LostReply, Fault::LostRequest]);
        seat.spin_keyed(50, "twice-lost").await.ok();
        assert_eq!(seat.balance().await.2, 3);
    })
    .await;
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    play(async |world| {
        let seat = world.newcomer("careless").await;
        let first = seat.spin_keyed(50, "used-already").await.ok();
        seat.spin_keyed(51, "used-already").await.refused(Code::IdempotencyKeyReused);
        let rotation = seat.post_keyed("/api/fairness/rotate", "used-already", json!({})).await;
        rotation.refused(Code::IdempotencyKeyReused);
        let other = world.newcomer("stranger").await;
        assert_ne!(other.spin_keyed(50, "used-already").await.ok()["round_id"], first["round_id"]);
        assert_eq!(seat.balance().await.2, 2);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_is_answered_even_when_it_could_not_be_done_again() {
    play(async |world| {
        let seat = world.newcomer("broke").await;
        let first = seat.spin_keyed(900, "first-of-all").await;
        lose_everything(&seat).await;
        seat.spin_keyed(900, "another-one").await.refused(Code::InsufficientFunds);
        assert_eq!(seat.spin_keyed(900, "first-of-all").await.body, first.body);
        seat.spin_keyed(901, "first-of-all").await.refused(Code::IdempotencyKeyReused);
        // What was refused left no trace: with money, the same key works.
        assert!(!seat.history().await.iter().any(|entry| entry["detail"]["bet_amount"] == 901));
    })
    .await;
}

/// Plays until less than 900 coins are left: at a return below one this ends.
async fn lose_everything(seat: &Seat) {
    while seat.balance().await.0 >= 900 {
        seat.spin(300).await.ok();
    }
}

#[tokio::test]
async fn a_collision_is_decided_anew_and_changes_nothing_about_the_outcome() {
    play(async |world| {
        let seat = world.newcomer("jostled").await;
        world.wire.plan("TransactWriteItems", &[Fault::Collision; 3]);
        world.wire.take();
        seat.spin(50).await.ok();
        let passed = world.wire.take();
        assert_eq!(operations(&passed), ["BatchGetItem", "TransactWriteItems"].repeat(4));
        assert_eq!(seat.balance().await.2, 2);
    })
    .await;
}

#[tokio::test]
async fn a_player_who_spins_from_many_tasks_loses_no_spin() {
    play(async |world| {
        let seat = world.newcomer("octopus").await;
        world.wire.misbehave(11, 0.05);
        let spins = (0..40).map(async |place| {
            let key = format!("tentacle-{place}");
            for _ in 0..20 {
                let answer = seat.spin_keyed(1, &key).await;
                if answer.status != 503 {
                    return answer.ok()["sequence"].as_u64().expect("a number");
                }
            }
            panic!("{key} was never answered");
        });
        let sequences: BTreeSet<_> = join_all(spins).await.into_iter().collect();
        world.wire.behave();
        assert_eq!(sequences, (2..=41).collect());
        assert_eq!(seat.balance().await.2, 41);
    })
    .await;
}
