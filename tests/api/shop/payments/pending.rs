//! Payments that wait for their payer, and those that come too late.

use std::time::{Duration, Instant};

use croupier_rules::{
    id::PurchaseId,
    shop::purchase::{Reason, State},
};
use croupier_tests::{
    live::Live,
    notice::Notice,
    seat::{Answer, Seat},
    stripe::{Call, Fault, Stripe},
    world::World,
};
use croupier_web::error::Code;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{
    super::{buy, buy_many, crowd, patiently, stock},
    customer::{RARE, open},
    worlds::{at_the_stand_in, transactions, with_little_patience},
};

/// Waits for its payer.
const WAITS: &str = "pm_card_authenticationRequired";
const VISA: &str = "pm_card_visa";

/// After this, somebody looks after whatever nobody works on.
const LEASE: Duration = Duration::from_secs(31);
/// After this, nothing is held any more.
const HOLD: Duration = Duration::from_secs(121);

async fn buyer(world: &World) -> Seat {
    crowd(world, 1).await.remove(0)
}

async fn buy_pack(buyer: &Seat, token: &str) -> Answer {
    buy(buyer, "the-pack", json!({ "sku": "COIN_PACK_MED", "quantity": 1, "payment_token": token })).await
}

async fn buy_rare(buyer: &Seat, token: &str) -> Answer {
    buy_many(buyer, "the-rare-one", json!({ "code": RARE, "quantity": 1, "payment_token": token })).await
}

/// The purchase that waits.
fn waits(answer: &Answer) -> PurchaseId {
    assert_eq!((answer.status, answer.code().as_str(), answer.replayed()), (202, "PAYMENT_PENDING", false));
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!((&body["sequence"], &body["receipt"]), (&Value::Null, &Value::Null));
    body["transaction_id"].as_str().expect("an id").parse().expect("an id")
}

async fn told(world: &World, stripe: &Stripe, purchase: PurchaseId) -> Answer {
    Notice::from(stripe.event(purchase, world.now())).deliver(world).await
}

/// How the only purchase of a player stands, and why.
async fn stands(world: &World, buyer: &Seat) -> (State, Option<Reason>) {
    let purchases = transactions(world, Some(buyer.id.parse().expect("an id"))).await;
    assert_eq!(purchases.len(), 1);
    (purchases[0].state, purchases[0].reason)
}

/// The names of what the ledger tells, in order, after the sign-up.
async fn ledger(buyer: &Seat) -> Vec<String> {
    let history = buyer.history().await;
    let names = history.iter().rev().map(|entry| entry["action"].as_str().expect("a name").to_owned());
    names.skip(1).collect()
}

#[tokio::test]
async fn a_payment_that_waits_is_granted_once_however_many_hear_that_it_goes_on() {
    at_the_stand_in(async |world, stripe| {
        let buyer = buyer(world).await;
        let mut live = Live::open(&buyer).await;
        let first = buy_pack(&buyer, WAITS).await;
        let purchase = waits(&first);
        let secret = |answer: &Answer| serde_json::from_str::<Value>(&answer.body).unwrap()["client_secret"].clone();
        assert_eq!(secret(&first), format!("{}_secret_1", stripe.intent(purchase).unwrap()));
        // As long as it waits, everyone is told that it does.
        let again = buy_pack(&buyer, WAITS).await;
        assert_eq!((waits(&again), secret(&again)), (purchase, secret(&first)));
        assert_eq!(told(world, stripe, purchase).await.ok()["ignored"], false);
        world.pass(LEASE);
        world.sweep().await;
        assert_eq!(stands(world, &buyer).await, (State::Pending, None));
        assert_eq!(buyer.balance().await.0, 1000);

        stripe.payer_confirms(purchase);
        world.pass(LEASE);
        let notices = (0..3).map(|_| told(world, stripe, purchase));
        let (answers, ()) = join(join_all(notices), world.sweep()).await;
        assert!(answers.iter().all(|answer| [200, 503].contains(&answer.status)), "{answers:?}");
        let granted = buy_pack(&buyer, WAITS).await;
        assert_eq!((granted.ok()["balance"].clone(), granted.ok()["status"].clone()), (json!(1550), json!("success")));
        // Much later the gateway still tells of it, and so does whoever asks.
        for _ in 0..2 {
            world.pass(HOLD);
            world.sweep().await;
            told(world, stripe, purchase).await.ok();
            assert_eq!(buy_pack(&buyer, WAITS).await.body, granted.body);
        }
        assert_eq!(ledger(&buyer).await, ["PURCHASE_START", "PURCHASE"]);
        assert_eq!(buyer.balance().await, (1550, 0, 3));
        let pushed = live.next_many(2).await;
        let pushed: Vec<_> = pushed.iter().map(|message| (&message["sequence"], &message["status"])).collect();
        assert_eq!(pushed, [(&json!(2), &json!("pending")), (&json!(3), &json!("success"))]);
        buyer.spin(1).await.ok();
        assert_eq!(live.next().await[0]["sequence"], 4, "something was pushed twice");
    })
    .await;
}

#[tokio::test]
async fn a_payer_who_fails_has_bought_nothing() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        let buyer = buyer(world).await;
        let purchase = waits(&buy_rare(&buyer, WAITS).await);
        assert_eq!(stock(world, RARE).await, (Some(9_999), 1, 0));
        stripe.payer_fails(purchase);
        told(world, stripe, purchase).await.ok();
        assert_eq!(stock(world, RARE).await, (Some(10_000), 0, 0));
        buy_rare(&buyer, WAITS).await.refused(Code::PaymentDeclined);
        assert_eq!(ledger(&buyer).await, ["PURCHASE_START", "PURCHASE_FAIL"]);
        assert_eq!(buyer.get("/api/shop/transactions").await.ok()["items"][0]["status"], "failed");
        assert_eq!(stripe.charge(purchase).as_deref(), Some("canceled"), "another card could still be tried there");
    })
    .await;
}

#[tokio::test]
async fn a_payer_who_confirms_too_late_pays_nothing() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        let buyers = crowd(world, 3).await;
        let asked = join_all(buyers.iter().map(|buyer| buy_rare(buyer, WAITS))).await;
        let purchases: Vec<_> = asked.iter().map(waits).collect();
        world.pass(HOLD);
        purchases.iter().for_each(|purchase| stripe.payer_confirms(*purchase));
        assert_eq!(stripe.reserved(), 1500);
        // Whoever notices it first: the gateway, the buyer, or the sweep.
        told(world, stripe, purchases[0]).await.ok();
        buy_rare(&buyers[1], WAITS).await.refused(Code::HoldExpired);
        world.sweep().await;
        for (buyer, purchase) in buyers.iter().zip(&purchases) {
            assert_eq!(stands(world, buyer).await, (State::Voided, Some(Reason::HoldExpired)));
            assert_eq!(stripe.charge(*purchase).as_deref(), Some("canceled"));
            buy_rare(buyer, WAITS).await.refused(Code::HoldExpired);
            assert_eq!(buyer.get("/api/shop/transactions").await.ok()["items"][0]["status"], "voided");
        }
        assert_eq!(stock(world, RARE).await, (Some(10_000), 0, 0));
        // It counts against nobody's limit.
        let again = json!({ "code": RARE, "quantity": 1, "payment_token": VISA });
        buy_many(&buyers[0], "in-good-time", again).await.ok();
    })
    .await;
}

#[tokio::test]
async fn what_somebody_captures_by_hand_is_granted_in_time_and_paid_back_when_it_is_late() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        let buyers = crowd(world, 3).await;
        let [in_time, late, gone] = [&buyers[0], &buyers[1], &buyers[2]];
        let purchase = waits(&buy_rare(in_time, WAITS).await);
        stripe.captures_by_hand(purchase);
        told(world, stripe, purchase).await.ok();
        assert_eq!(stands(world, in_time).await, (State::Granted, None));

        let purchase = waits(&buy_rare(late, WAITS).await);
        stripe.captures_by_hand(purchase);
        world.pass(HOLD);
        world.sweep().await;
        assert_eq!(stands(world, late).await, (State::Voided, Some(Reason::HoldExpired)));
        assert_eq!((stripe.captured(), stripe.refunded()), (1000, 500));
        buy_rare(late, WAITS).await.refused(Code::HoldExpired);

        // Cancelled by hand, after it was promised: then it will never be captured.
        stripe.plan(Call::Capture, &[Fault::Error; 2]);
        let purchase = waits(&buy_rare(gone, VISA).await);
        assert_eq!(stands(world, gone).await, (State::Authorized, None));
        stripe.settle(purchase, "canceled");
        told(world, stripe, purchase).await.ok();
        assert_eq!(stands(world, gone).await, (State::Voided, Some(Reason::CaptureFailed)));
        buy_rare(gone, VISA).await.refused(Code::PaymentDeclined);
        assert_eq!(stock(world, RARE).await, (Some(9_999), 0, 1));
    })
    .await;
}

#[tokio::test]
async fn an_authorization_that_is_carried_out_after_the_purchase_was_given_up_is_let_go() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        let buyer = buyer(world).await;
        stripe.plan(Call::Authorize, &[Fault::Held]);
        tokio::select! {
            answer = buy_rare(&buyer, VISA) => panic!("{answer:?}"),
            () = stripe.until_asked(1) => {}
        }
        world.pass(HOLD);
        world.sweep().await;
        // It is free for others before the gateway has said a word.
        assert_eq!(stands(world, &buyer).await, (State::Voiding, Some(Reason::HoldExpired)));
        assert_eq!(stock(world, RARE).await, (Some(10_000), 0, 0));
        buy_rare(&buyer, VISA).await.refused(Code::HoldExpired);
        stripe.release();
        let reserved = async {
            while stripe.reserved() == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), reserved).await.expect("an authorization");
        world.pass(LEASE);
        world.sweep().await;
        assert_eq!(stands(world, &buyer).await, (State::Voided, Some(Reason::HoldExpired)));
        assert_eq!(stripe.reserved(), 0);
        assert_eq!(ledger(&buyer).await, ["PURCHASE_START", "PURCHASE_FAIL"]);
    })
    .await;
}

#[tokio::test]
async fn what_was_authorized_in_time_is_captured_however_late() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        let buyer = buyer(world).await;
        stripe.plan(Call::Capture, &[Fault::Error; 6]);
        let purchase = waits(&buy_rare(&buyer, VISA).await);
        assert_eq!(buyer.get("/api/shop/transactions").await.ok()["items"][0]["status"], "authorized");
        for _ in 0..2 {
            world.pass(HOLD);
            world.sweep().await;
            assert_eq!(stands(world, &buyer).await, (State::Authorized, None));
            assert_eq!(stock(world, RARE).await, (Some(9_999), 1, 0));
        }
        assert_eq!((stripe.reserved(), stripe.captured()), (500, 0));
        world.pass(LEASE);
        world.sweep().await;
        assert_eq!(stands(world, &buyer).await, (State::Granted, None));
        assert_eq!(buy_rare(&buyer, VISA).await.ok()["transaction_id"], purchase.to_string());
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_fails_for_a_day_keeps_no_stock_and_no_money() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        let buyer = buyer(world).await;
        // Its answer to the key is an error, until it forgets the key.
        stripe.plan(Call::Authorize, &[Fault::Broken]);
        waits(&buy_rare(&buyer, VISA).await);
        waits(&buy_rare(&buyer, VISA).await);
        world.pass(HOLD);
        world.sweep().await;
        assert_eq!(stock(world, RARE).await, (Some(10_000), 0, 0));
        assert_eq!(stands(world, &buyer).await, (State::Voiding, Some(Reason::HoldExpired)));
        stripe.forget_keys();
        world.pass(LEASE);
        world.sweep().await;
        assert_eq!(stands(world, &buyer).await, (State::Voided, Some(Reason::HoldExpired)));
        assert_eq!((stripe.reserved(), stripe.captured()), (0, 0));
        buy_rare(&buyer, VISA).await.refused(Code::HoldExpired);
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_says_nothing_is_waited_for_no_longer_than_it_takes() {
    with_little_patience(async |world, stripe| {
        for (buyer, call) in crowd(world, 2).await.iter().zip([Call::Authorize, Call::Capture]) {
            stripe.plan(call, &[Fault::Stall; 2]);
            let begun = Instant::now();
            let purchase = waits(&buy_pack(buyer, VISA).await);
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
            // It was done when it was first asked for, and nobody has heard.
            let bought = patiently(async || match buy_pack(buyer, VISA).await {
                // On a busy machine, a gateway that is well is slow as well.
                answer if answer.status == 202 => Answer { status: 503, ..answer },
                answer => answer,
            })
            .await;
            assert_eq!(bought.ok()["transaction_id"], purchase.to_string(), "{call:?}");
        }
        assert_eq!(stripe.captured(), 2 * 1195);
    })
    .await;
}

#[tokio::test]
async fn however_many_ask_at_once_under_one_key_pay_once() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        let buyers = crowd(world, 3).await;
        for (buyer, token, code) in [
            (&buyers[0], VISA, None),
            (&buyers[1], "pm_card_chargeDeclined", Some(Code::PaymentDeclined)),
            (&buyers[2], "pm_captureFails", Some(Code::PaymentDeclined)),
        ] {
            let answers = join_all((0..10).map(|_| buy_rare(buyer, token))).await;
            let last = buy_rare(buyer, token).await;
            assert_eq!(last.code(), code.map_or("", Code::text));
            for answer in &answers {
                // Whoever met another one at the gateway is told that it goes on.
                assert!([202, last.status].contains(&answer.status), "{}", answer.body);
                assert!(answer.status != 200 || answer.body == last.body);
            }
            assert!(answers.iter().any(|answer| answer.status == last.status), "{answers:?}");
            assert_eq!(ledger(buyer).await.len(), 2);
        }
        assert_eq!((stripe.captured(), stock(world, RARE).await), (500, (Some(9_999), 0, 1)));
        // What came to nothing may wait for the gateway to let it go.
        world.pass(LEASE);
        world.sweep().await;
    })
    .await;
}

#[tokio::test]
async fn an_authorization_during_which_the_time_runs_out_is_too_late() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        // Alone with it, or overtaken by the sweep while the gateway is asked.
        for (buyer, is_swept) in crowd(world, 2).await.iter().zip([false, true]) {
            stripe.plan(Call::Authorize, &[Fault::Held]);
            let asked = stripe.requests().len() + 1;
            let meanwhile = async {
                stripe.until_asked(asked).await;
                world.pass(HOLD);
                if is_swept {
                    world.sweep().await;
                    assert_eq!(stands(world, buyer).await, (State::Voiding, Some(Reason::HoldExpired)));
                }
                stripe.release();
            };
            let (answer, ()) = join(buy_rare(buyer, VISA), meanwhile).await;
            answer.refused(Code::HoldExpired);
            world.pass(LEASE);
            world.sweep().await;
            assert_eq!(stands(world, buyer).await, (State::Voided, Some(Reason::HoldExpired)));
            assert_eq!(ledger(buyer).await, ["PURCHASE_START", "PURCHASE_FAIL"]);
            assert_eq!((stripe.reserved(), stripe.captured()), (0, 0));
            assert_eq!(stock(world, RARE).await, (Some(10_000), 0, 0));
        }
    })
    .await;
}
