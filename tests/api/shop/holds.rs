//! What is held for a buyer is paid for, given back, or free again when the time is over: one of them, once.

mod time;

use std::time::Duration;

use croupier_tests::{
    seat::{Answer, Seat},
    wire::Fault,
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{AsItWas, HOLDS, Keeper, buy, buy_limited, buy_many, patiently, stock};

const CHAIR: &str = "CHAIR";
const MILLI: Duration = Duration::from_millis(1);
const HOLD: Duration = Duration::from_secs(120);

/// Ten chairs for 500 cents each.
async fn ten_chairs(world: &World) -> Keeper {
    let keeper = Keeper::of(world).await;
    keeper.package(CHAIR, json!({ "stock": 10 })).await.ok();
    keeper
}

async fn ask_for_hold(buyer: &Seat, quantity: u32) -> Answer {
    buyer.post(HOLDS, json!({ "code": CHAIR, "quantity": quantity })).await
}

/// Holds so many, and tells under which name.
async fn hold(buyer: &Seat, quantity: u32) -> String {
    ask_for_hold(buyer, quantity).await.ok()["hold_id"].as_str().expect("an id").to_owned()
}

async fn finalize(buyer: &Seat, hold: &str, key: &str, token: &str) -> Answer {
    buyer.post_keyed(&format!("{HOLDS}/{hold}/finalize"), key, json!({ "payment_token": token })).await
}

async fn release(buyer: &Seat, hold: &str) -> Answer {
    buyer.delete(&format!("{HOLDS}/{hold}")).await
}

/// What a buyer's history tells, the newest first.
async fn told(buyer: &Seat) -> Vec<String> {
    let history = buyer.history().await;
    history.iter().map(|entry| entry["action"].as_str().expect("an action").to_owned()).collect()
}

async fn transactions(buyer: &Seat) -> Vec<Value> {
    buyer.pages("/api/shop/transactions?limit=100").await.concat()
}

#[tokio::test]
async fn what_is_held_is_paid_for_under_its_own_name() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        let held = ask_for_hold(&ann, 2).await.ok();
        let id = held["hold_id"].as_str().unwrap();
        let expires_at = world.now().after(HOLD).to_string();
        let expected = json!({
            "hold_id": id, "code": CHAIR, "quantity": 2, "total": 1000, "expires_at": expires_at, "sequence": 2,
        });
        assert_eq!(held, expected);
        assert_eq!(stock(world, CHAIR).await, (Some(8), 2, 0));
        assert_eq!(transactions(&ann).await, Vec::<Value>::new(), "a hold is no transaction");
        let paid = finalize(&ann, id, "pay-for-it", "ok").await.ok();
        assert_eq!((&paid["transaction_id"], &paid["status"]), (&held["hold_id"], &json!("success")));
        assert_eq!((&paid["total"], &paid["quantity"], &paid["balance"]), (&json!(1000), &json!(2), &json!(1200)));
        assert_eq!(stock(world, CHAIR).await, (Some(8), 0, 2));
        assert_eq!(told(&ann).await, ["PURCHASE", "PURCHASE_START", "HOLD_CREATE", "SIGNUP"]);
        assert_eq!(transactions(&ann).await[0]["transaction_id"], held["hold_id"]);
    })
    .await;
}

#[tokio::test]
async fn a_hold_that_is_paid_for_is_paid_for_once() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        let id = hold(&ann, 2).await;
        let path = format!("{HOLDS}/{id}/finalize");
        ann.post(&path, json!({ "payment_token": "ok" })).await.refused(Code::IdempotencyKeyRequired);
        ann.post_keyed(&path, "pay-for-it", json!({})).await.refused(Code::ValidationFailed);
        let answers = join_all((0..10).map(|_| finalize(&ann, &id, "pay-for-it", "ok"))).await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
        }
        let before = AsItWas::see(world, &ann).await;
        let again = finalize(&ann, &id, "pay-for-it", "ok").await;
        assert_eq!((again.status, &again.body, again.replayed()), (200, &answers[0].body, true));
        finalize(&ann, &id, "pay-for-it", "declined").await.refused(Code::IdempotencyKeyReused);
        finalize(&ann, &id, "pay-twice", "ok").await.refused(Code::HoldResolved);
        release(&ann, &id).await.refused(Code::HoldResolved);
        world.pass(HOLD);
        world.sweep().await;
        finalize(&ann, &id, "pay-twice", "ok").await.refused(Code::HoldResolved);
        release(&ann, &id).await.refused(Code::HoldResolved);
        assert_eq!(finalize(&ann, &id, "pay-for-it", "ok").await.body, answers[0].body);
        assert_eq!(AsItWas::see(world, &ann).await, before);
    })
    .await;
}

#[tokio::test]
async fn what_is_given_back_is_free_at_once_and_was_never_paid_for() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        let id = hold(&ann, 3).await;
        assert_eq!(release(&ann, &id).await.ok(), json!({}));
        assert_eq!(stock(world, CHAIR).await, (Some(10), 0, 0));
        assert_eq!(told(&ann).await, ["HOLD_RELEASE", "HOLD_CREATE", "SIGNUP"]);
        let before = AsItWas::see(world, &ann).await;
        // Once more is fine, and nothing.
        release(&ann, &id).await.ok();
        finalize(&ann, &id, "pay-for-it", "ok").await.refused(Code::HoldResolved);
        world.pass(HOLD);
        world.sweep().await;
        release(&ann, &id).await.ok();
        finalize(&ann, &id, "pay-for-it", "ok").await.refused(Code::HoldResolved);
        assert_eq!(AsItWas::see(world, &ann).await, before);
    })
    .await;
}

#[tokio::test]
async fn what_somebody_else_holds_is_nothing_that_there_is() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        let bob = world.newcomer("bob").await;
        let id = hold(&ann, 2).await;
        let bought =
            buy(&bob, "no-hold-at-all", json!({ "product_id": 1001, "quantity": 1, "payment_token": "ok" })).await;
        let no_hold = bought.ok()["transaction_id"].as_str().unwrap().to_owned();
        let before = (AsItWas::see(world, &ann).await, AsItWas::see(world, &bob).await);
        for id in [&id, &no_hold, "nonsense", "pur_01HF7YAT00000000000000001A"] {
            finalize(&bob, id, "not-mine", "ok").await.refused(Code::NotFound);
            release(&bob, id).await.refused(Code::NotFound);
        }
        assert_eq!((AsItWas::see(world, &ann).await, AsItWas::see(world, &bob).await), before);
        finalize(&ann, &id, "mine-alone", "ok").await.ok();
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_twice_under_one_key_holds_once() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        let ask = async |quantity: u32| {
            let what = json!({ "code": CHAIR, "quantity": quantity });
            patiently(async || ann.post_keyed(HOLDS, "hold-it-once", what.clone()).await).await
        };
        let answers = join_all((0..10).map(|_| ask(2))).await;
        assert_eq!(answers.iter().filter(|answer| !answer.replayed()).count(), 1);
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
        }
        ask(3).await.refused(Code::IdempotencyKeyReused);
        assert_eq!(stock(world, CHAIR).await, (Some(8), 2, 0));
        // What is over meanwhile is told again as it was; it begins nothing anew.
        world.pass(HOLD);
        world.sweep().await;
        assert_eq!(ask(2).await.body, answers[0].body);
        assert_eq!(stock(world, CHAIR).await, (Some(10), 0, 0));
    })
    .await;
}

#[tokio::test]
async fn what_was_done_and_not_heard_is_told_when_it_is_asked_again() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        // As often as the SDK tries.
        let lose = || world.wire.plan("TransactWriteItems", &[Fault::LostReply; 3]);
        let ask = async || ann.post_keyed(HOLDS, "lost-in-transit", json!({ "code": CHAIR, "quantity": 2 })).await;
        lose();
        ask().await.refused(Code::Unavailable);
        assert_eq!(stock(world, CHAIR).await, (Some(8), 2, 0));
        let held = ask().await;
        assert!(held.replayed());
        let id = held.ok()["hold_id"].as_str().unwrap().to_owned();
        lose();
        release(&ann, &id).await.refused(Code::Unavailable);
        release(&ann, &id).await.ok();
        let id = hold(&ann, 2).await;
        lose();
        finalize(&ann, &id, "pay-for-it", "ok").await.refused(Code::Unavailable);
        finalize(&ann, &id, "pay-for-it", "ok").await.ok();
        // Whoever asks without a key, and does not hear, does not know the name of what is held: it runs out.
        lose();
        ask_for_hold(&ann, 2).await.refused(Code::Unavailable);
        assert_eq!(stock(world, CHAIR).await, (Some(6), 2, 2));
        world.pass(HOLD);
        world.sweep().await;
        assert_eq!(stock(world, CHAIR).await, (Some(8), 0, 2));
    })
    .await;
}

#[tokio::test]
async fn what_is_held_counts_against_the_limit_of_whoever_holds_it() {
    play(async |world| {
        let (keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        keeper.repack(CHAIR, json!({ "per_user_limit": 3 })).await.ok();
        let left = async || {
            let list = ann.get("/api/shop/limited-packages").await.ok();
            list["items"].as_array().unwrap().iter().find(|item| item["code"] == CHAIR).unwrap()["user_remaining"]
                .clone()
        };
        let buy_two =
            async |key: &str| buy_many(&ann, key, json!({ "code": CHAIR, "quantity": 2, "payment_token": "ok" })).await;
        let id = hold(&ann, 2).await;
        assert_eq!(left().await, 1);
        ask_for_hold(&ann, 2).await.refused(Code::UserLimit);
        buy_two("two-at-once").await.refused(Code::UserLimit);
        buy_limited(&ann, "the-third-one", CHAIR, "ok").await.ok();
        assert_eq!(left().await, 0);
        ask_for_hold(&ann, 1).await.refused(Code::UserLimit);
        // Given back, run out, or not paid for: it does not count any more.
        release(&ann, &id).await.ok();
        assert_eq!(left().await, 2);
        hold(&ann, 2).await;
        world.pass(HOLD);
        buy_two("two-at-once").await.refused(Code::UserLimit);
        world.sweep().await;
        let id = hold(&ann, 2).await;
        finalize(&ann, &id, "no-money-left", "declined").await.refused(Code::PaymentDeclined);
        buy_two("two-at-once").await.ok();
        assert_eq!(left().await, 0);
        // Whoever has more than the limit, since it is a lower one by now, has just no more left.
        keeper.repack(CHAIR, json!({ "per_user_limit": 1 })).await.ok();
        assert_eq!(left().await, 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_held_stays_as_it_was_agreed_on_whatever_an_operator_does() {
    play(async |world| {
        let (keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        keeper.promote(&ann, "VIP").await;
        keeper.repack(CHAIR, json!({ "per_user_limit": 2 })).await.ok();
        let id = hold(&ann, 2).await;
        let other = json!({
            "stock": 2, "price_cents": 9999, "grants": { "coins": 1 }, "per_user_limit": 1, "min_rank": "VIP",
            "ends_at": world.now().after(MILLI), "is_active": false,
        });
        keeper.package(CHAIR, other).await.ok();
        keeper.promote(&ann, "STANDARD").await;
        world.pass(MILLI);
        ask_for_hold(&ann, 1).await.refused(Code::Disabled);
        let paid = finalize(&ann, &id, "as-agreed", "ok").await.ok();
        assert_eq!((&paid["total"], &paid["balance"]), (&json!(1000), &json!(1200)));
        assert_eq!(stock(world, CHAIR).await, (Some(0), 0, 2));
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_is_refused_gives_back_what_was_held() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        for (token, status) in [("declined", "failed"), ("unknown-card", "failed"), ("capture_fails", "failed")] {
            let id = hold(&ann, 4).await;
            finalize(&ann, &id, token, token).await.refused(Code::PaymentDeclined);
            assert_eq!(stock(world, CHAIR).await, (Some(10), 0, 0));
            let before = AsItWas::see(world, &ann).await;
            finalize(&ann, &id, token, token).await.refused(Code::PaymentDeclined);
            finalize(&ann, &id, "another-card", "ok").await.refused(Code::HoldResolved);
            release(&ann, &id).await.refused(Code::HoldResolved);
            world.pass(HOLD);
            world.sweep().await;
            assert_eq!(AsItWas::see(world, &ann).await, before);
            let newest = &transactions(&ann).await[0];
            assert_eq!((&newest["transaction_id"], &newest["status"]), (&json!(id), &json!(status)));
            assert_eq!(ann.balance().await.0, 1000);
        }
    })
    .await;
}
