//! What is held for a buyer is paid for, given back, or free again when the time is over: one of them, once.

use std::time::Duration;

use End::{GivenBack, Over, Paid};
use croupier_tests::{
    seat::{Answer, Seat},
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{AsItWas, HOLDS, Keeper, buy, buy_limited, buy_many, crowd, patiently, stock};

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
async fn what_nobody_pays_for_in_two_minutes_is_free_again_and_nobody_has_to_ask() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        hold(&ann, 10).await;
        buy_limited(&ann, "none-left", CHAIR, "ok").await.refused(Code::OutOfStock);
        world.pass(HOLD - MILLI);
        world.sweep().await;
        assert_eq!(stock(world, CHAIR).await, (Some(0), 10, 0));
        world.pass(MILLI);
        world.sweep().await;
        assert_eq!(stock(world, CHAIR).await, (Some(10), 0, 0));
        assert_eq!(told(&ann).await, ["HOLD_RELEASE", "HOLD_CREATE", "SIGNUP"]);
        world.sweep().await;
        assert_eq!(told(&ann).await.len(), 3);
        buy_limited(&ann, "none-left", CHAIR, "ok").await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_hold_is_over_to_the_millisecond_whether_or_not_anybody_noticed() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        let [paid, given_back, late] = [hold(&ann, 1).await, hold(&ann, 2).await, hold(&ann, 3).await];
        world.pass(HOLD - MILLI);
        finalize(&ann, &paid, "in-good-time", "ok").await.ok();
        release(&ann, &given_back).await.ok();
        world.pass(MILLI);
        let before = AsItWas::see(world, &ann).await;
        finalize(&ann, &late, "just-too-late", "ok").await.refused(Code::HoldExpired);
        release(&ann, &late).await.refused(Code::HoldExpired);
        // Nobody has given it back yet.
        assert_eq!(stock(world, CHAIR).await, (Some(6), 3, 1));
        assert_eq!(AsItWas::see(world, &ann).await, before);
        world.sweep().await;
        assert_eq!(stock(world, CHAIR).await, (Some(9), 0, 1));
        let before = AsItWas::see(world, &ann).await;
        finalize(&ann, &late, "just-too-late", "ok").await.refused(Code::HoldExpired);
        finalize(&ann, &late, "once-more", "ok").await.refused(Code::HoldExpired);
        release(&ann, &late).await.refused(Code::HoldExpired);
        assert_eq!(AsItWas::see(world, &ann).await, before);
        assert_eq!(transactions(&ann).await.len(), 1);
    })
    .await;
}

/// What may happen to a hold in its last millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Paid,
    GivenBack,
    Over,
}

/// Has it end like this, if it still can; the sweep ends all at once.
async fn end(world: &World, (buyer, id): (&Seat, &str), how: End, later: bool) -> Answer {
    match how {
        Paid => patiently(async || finalize(buyer, id, "pay-for-it", "ok").await).await,
        GivenBack => patiently(async || release(buyer, id).await).await,
        Over => {
            // While this is asked, the others are under way.
            if later {
                buyer.balance().await;
            }
            world.pass(MILLI);
            world.sweep().await;
            buyer.get("/api/users/balance").await
        }
    }
}

#[tokio::test]
async fn of_paying_giving_back_and_running_out_at_once_exactly_one_happens() {
    let orders = [
        [Paid, GivenBack, Over],
        [Paid, Over, GivenBack],
        [GivenBack, Paid, Over],
        [GivenBack, Over, Paid],
        [Over, Paid, GivenBack],
        [Over, GivenBack, Paid],
    ];
    play(async |world| {
        let keeper = Keeper::of(world).await;
        keeper.package(CHAIR, json!({ "stock": 100 })).await.ok();
        let buyers = crowd(world, 60).await;
        let (mut paid, mut given_back, mut over) = (0, 0, 0);
        for (round, buyers) in buyers.chunks(5).enumerate() {
            let holds = join_all(buyers.iter().map(async |buyer| (buyer, hold(buyer, 1).await))).await;
            world.pass(HOLD - MILLI);
            let ends = orders[round % orders.len()].into_iter().flat_map(|how| {
                let whose = if how == Over { &holds[..1] } else { &holds[..] };
                whose.iter().map(move |(buyer, id)| (*buyer, id.as_str(), how))
            });
            let later = round >= orders.len();
            let asked: Vec<_> = ends.collect();
            let answers = join_all(asked.iter().map(|(buyer, id, how)| end(world, (buyer, id), *how, later))).await;
            world.sweep().await;
            for (buyer, id) in &holds {
                let answer = |wanted: End| {
                    let place = asked.iter().position(|(_, of, how)| of == id && *how == wanted);
                    &answers[place.expect("it was asked for")]
                };
                let history = buyer.history().await;
                match (answer(Paid).status, answer(GivenBack).status) {
                    (200, 409) => {
                        paid += 1;
                        assert_eq!(told(buyer).await, ["PURCHASE", "PURCHASE_START", "HOLD_CREATE", "SIGNUP"]);
                    }
                    // The time was over before the gateway said yes.
                    (409, 409) if history[0]["action"] == "PURCHASE_FAIL" => {
                        over += 1;
                        answer(Paid).refused(Code::HoldExpired);
                        assert_eq!(told(buyer).await, ["PURCHASE_FAIL", "PURCHASE_START", "HOLD_CREATE", "SIGNUP"]);
                    }
                    (409, status) => {
                        assert_eq!(told(buyer).await, ["HOLD_RELEASE", "HOLD_CREATE", "SIGNUP"]);
                        assert_eq!(history[0]["detail"]["expired"], status == 409, "{}", answer(GivenBack).body);
                        if status == 200 { given_back += 1 } else { over += 1 }
                    }
                    other => panic!("{other:?}: {history:?}"),
                }
            }
            assert_eq!(stock(world, CHAIR).await, (Some(100 - paid), 0, paid));
        }
        assert!(paid > 0 && given_back > 0 && over > 0, "{paid} paid, {given_back} given back, {over} over");
    })
    .await;
}

#[tokio::test]
async fn what_somebody_else_holds_is_nothing_that_there_is() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        let bob = world.newcomer("bob").await;
        let id = hold(&ann, 2).await;
        let bought = buy(&bob, "no-hold-at-all", json!({ "product_id": 1001, "quantity": 1, "payment_token": "ok" })).await;
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
async fn what_is_held_counts_against_the_limit_of_whoever_holds_it() {
    play(async |world| {
        let (keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        keeper.repack(CHAIR, json!({ "per_user_limit": 3 })).await.ok();
        let left = async || {
            let list = ann.get("/api/shop/limited-packages").await.ok();
            list["items"].as_array().unwrap().iter().find(|item| item["code"] == CHAIR).unwrap()["user_remaining"].clone()
        };
        let buy_two = async |key: &str| {
            buy_many(&ann, key, json!({ "code": CHAIR, "quantity": 2, "payment_token": "ok" })).await
        };
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
        for (token, status) in [("declined", "failed"), ("unknown-card", "failed"), ("capture_fails", "voided")] {
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

#[tokio::test]
async fn a_payment_that_is_authorized_too_late_is_let_go_and_what_was_held_is_free() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        for token in ["pending", "timeout"] {
            for asks in [true, false] {
                let id = hold(&ann, 4).await;
                let key = format!("{token}-asks-{asks}");
                let pending = finalize(&ann, &id, &key, token).await;
                assert_eq!((pending.status, pending.code().as_str()), (202, "PAYMENT_PENDING"));
                assert_eq!(stock(world, CHAIR).await, (Some(6), 4, 0));
                release(&ann, &id).await.refused(Code::HoldResolved);
                finalize(&ann, &id, "another-way", "ok").await.refused(Code::HoldResolved);
                // By now the gateway would say yes, and nobody asks it.
                world.pass(HOLD);
                if asks {
                    finalize(&ann, &id, &key, token).await.refused(Code::HoldExpired);
                } else {
                    world.sweep().await;
                }
                assert_eq!(stock(world, CHAIR).await, (Some(10), 0, 0));
                finalize(&ann, &id, &key, token).await.refused(Code::HoldExpired);
                let newest = &transactions(&ann).await[0];
                let expected = (&json!(id), &json!("voided"), &json!("hold_expired"));
                assert_eq!((&newest["transaction_id"], &newest["status"], &newest["reason"]), expected);
                assert_eq!(ann.balance().await.0, 1000);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_is_authorized_in_the_last_millisecond_is_in_time() {
    play(async |world| {
        let (_keeper, ann) = (ten_chairs(world).await, world.newcomer("ann").await);
        for (token, asks) in [("pending", true), ("pending", false), ("timeout", true), ("timeout", false)] {
            let before = ann.balance().await.0;
            let id = hold(&ann, 1).await;
            let key = format!("{token}-asks-{asks}");
            assert_eq!(finalize(&ann, &id, &key, token).await.status, 202);
            world.pass(HOLD - MILLI);
            if !asks {
                world.sweep().await;
            }
            let paid = finalize(&ann, &id, &key, token).await;
            assert_eq!((paid.ok()["balance"].as_u64(), paid.replayed()), (Some(before + 100), true));
            assert_eq!(ann.balance().await.0, before + 100);
            world.pass(MILLI);
            world.sweep().await;
            assert_eq!(finalize(&ann, &id, &key, token).await.body, paid.body);
        }
        assert_eq!(stock(world, CHAIR).await, (Some(6), 0, 4));
    })
    .await;
}
