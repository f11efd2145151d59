//! The gacha, through the front door.

use std::{collections::BTreeMap, time::Duration};

use croupier_tests::{
    seat::{Answer, PASSWORD, Seat},
    wire::Fault,
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const PULL: &str = "/api/games/gacha/pull";

async fn pull(seat: &Seat, count: u32) -> Answer {
    seat.post(PULL, json!({ "pull_count": count })).await
}

/// The player in a new session, since an access token does not last.
async fn back(world: &World, site_id: &str) -> Seat {
    Seat::of(world, &world.log_in(site_id, PASSWORD).await.ok())
}

#[tokio::test]
async fn pulls_are_paid_given_and_explained() {
    play(async |world| {
        let seat = world.newcomer("puller").await;
        let pulled = pull(&seat, 12).await.ok();
        assert_eq!(
            (&pulled["cost"], &pulled["balance"], &pulled["net_change"]),
            (&json!(550), &json!(450), &json!(-550))
        );
        assert_eq!((pulled["items"].as_array().unwrap().len(), &pulled["pull_count"]), (12, &json!(12)));
        let mut counted = BTreeMap::<String, u64>::new();
        for item in pulled["items"].as_array().unwrap() {
            *counted.entry(item["item_id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let inventory = seat.get("/api/users/inventory").await.ok();
        let kept = inventory["items"].as_array().unwrap().iter();
        let kept: BTreeMap<_, _> =
            kept.map(|item| (item["item_id"].as_str().unwrap().to_owned(), item["count"].as_u64().unwrap())).collect();
        assert_eq!(kept, counted);
        let stats = seat.get("/api/games/gacha/stats").await.ok();
        assert_eq!((&stats["pulls"], &stats["total_bet"], &stats["pity"]), (&json!(12), &json!(550), &pulled["pity"]));
        assert_eq!(stats["last"][0]["round_id"], pulled["round_id"]);
        let history = seat.get("/api/games/history?game_type=gacha").await.ok();
        assert_eq!(history["items"][0]["detail"]["pulls"].as_array().unwrap().len(), 12);
    })
    .await;
}

#[tokio::test]
async fn what_one_cannot_pay_is_not_pulled() {
    play(async |world| {
        let seat = world.newcomer("poor").await;
        pull(&seat, 9).await.ok();
        // 550 are left, which is what 12 cost.
        while seat.balance().await.0 >= 550 {
            seat.spin(7).await;
        }
        let before = seat.balance().await;
        pull(&seat, 12).await.refused(Code::InsufficientFunds);
        assert_eq!(seat.balance().await, before);
        for wrong in [json!(0), json!(101), json!(-1), json!("10"), json!(1.5), json!(null)] {
            let answer = seat.post(PULL, json!({ "pull_count": wrong })).await;
            assert_eq!(answer.wrong_field(), "pull_count", "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn ten_at_once_with_one_key_are_one_pull() {
    play(async |world| {
        let seat = world.newcomer("eager").await;
        let pulls = (0..10).map(|_| seat.post_keyed(PULL, "one-pull-only", json!({ "pull_count": 10 })));
        let answers = join_all(pulls).await;
        assert!(answers.iter().all(|answer| answer.ok() == answers[0].ok()));
        assert_eq!(answers.iter().filter(|answer| !answer.replayed()).count(), 1);
        assert_eq!(seat.balance().await, (550, 0, 2));
    })
    .await;
}

#[tokio::test]
async fn a_hundred_pulls_are_one_transaction() {
    play(async |world| {
        world.newcomer("whale").await;
        for _ in 0..3 {
            back(world, "whale").await.post("/api/streak/claim", json!({})).await.ok();
            world.pass(Duration::from_secs(24 * 3600));
        }
        let seat = back(world, "whale").await;
        world.wire.take();
        pull(&seat, 100).await.ok();
        let passed = world.wire.take();
        let operations: Vec<_> = passed.iter().map(|call| call.operation.as_str()).collect();
        assert_eq!(operations, ["BatchGetItem", "TransactWriteItems"]);
        println!("100 pulls: {} write units", passed[1].units);
        // The entry holds each pull and the answer, and stands in the index as well; each kind of item is one more write.
        assert!(passed[1].units <= 100.0, "{} write units", passed[1].units);
        pull(&seat, 4).await.refused(Code::InsufficientFunds);
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_gives_nothing_twice() {
    play(async |world| {
        let seat = world.newcomer("unlucky").await;
        world.wire.plan("TransactWriteItems", &[Fault::LostReply, Fault::Collision]);
        let first = seat.post_keyed(PULL, "lost-and-found", json!({ "pull_count": 5 })).await;
        let again = seat.post_keyed(PULL, "lost-and-found", json!({ "pull_count": 5 })).await;
        assert_eq!(first.ok(), again.ok());
        assert_eq!(seat.balance().await, (750, 0, 2));
    })
    .await;
}

#[tokio::test]
async fn pulls_are_proven_like_any_round() {
    play(async |world| {
        let seat = world.newcomer("doubter").await;
        let pulled = pull(&seat, 10).await.ok();
        seat.post("/api/fairness/rotate", json!({})).await.ok();
        let path = format!("/api/fairness/rounds/{}", pulled["round_id"].as_str().unwrap());
        let shown: Value = seat.get(&path).await.ok();
        let transcript: croupier_rules::transcript::Transcript = serde_json::from_value(shown).unwrap();
        assert_eq!(transcript.verify(&world.running().app.economy), Ok(()));
    })
    .await;
}

#[tokio::test]
async fn the_odds_page_needs_no_login_and_tells_what_comes_of_the_table() {
    play(async |world| {
        let page = world.get("/api/games/gacha/config").await.ok();
        assert_eq!(
            (&page["single_price"], &page["ten_price"], &page["guarantee"]),
            (&json!(50), &json!(450), &json!(90))
        );
        assert_eq!(page["rates"][2]["effective_percent"], "11.800120955638");
        assert_eq!(page["table"][4]["near_miss"], true);
        let answer = Answer::to(world.request(Method::POST, PULL).json(&json!({ "pull_count": 1 }))).await;
        answer.refused(Code::Unauthenticated);
    })
    .await;
}
