//! The same from Stripe, which is believed nothing but that there is something to look at.

use std::time::Duration;

use croupier_rules::id::PurchaseId;
use croupier_tests::{
    fate::{Blow, Fate},
    notice::{Notice, signature},
    seat::Seat,
    stripe::{Call, Fault, Stripe, WEBHOOK_SECRET},
    world::World,
};
use croupier_web::error::Code;
use serde_json::{Value, json};

use super::{
    super::{AsItWas, buy_limited, crowd, payments::worlds::at_the_stand_in},
    STARTER, asks_again, ignored, ledger, waits,
};

const WAITS: &str = "pm_card_authenticationRequired";

async fn buyer_who_waits(world: &World) -> (Seat, PurchaseId) {
    let buyer = crowd(world, 1).await.remove(0);
    let purchase = waits(&buyer, WAITS).await.parse().expect("an id");
    (buyer, purchase)
}

/// The same event, told again at this time.
fn again(world: &World, notice: &Notice) -> Notice {
    Notice { headers: Stripe::sign(&notice.body, world.now()), body: notice.body.clone() }
}

#[tokio::test]
async fn an_event_of_stripe_is_dealt_with_once_and_a_delivery_is_a_replay() {
    at_the_stand_in(async |world, stripe| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        stripe.payer_confirms(purchase);
        let notice = Notice::from(stripe.event(purchase, world.now()));
        assert!(!ignored(&notice.deliver(world).await));
        assert_eq!(buyer.balance().await, (1600, 0, 3));
        let asked = stripe.requests().len();
        notice.deliver(world).await.refused(Code::NoticeRepeated);
        world.pass(Duration::from_secs(1));
        assert!(ignored(&again(world, &notice).deliver(world).await));
        world.pass(Duration::from_secs(300));
        notice.deliver(world).await.refused(Code::SignatureExpired);
        assert_eq!(stripe.requests().len(), asked, "nobody has looked again");
        // Another event of the same purchase is another matter, and finds that it is over.
        assert!(!ignored(&Notice::from(stripe.event(purchase, world.now())).deliver(world).await));
        assert_eq!(ledger(&buyer).await, ["PURCHASE_START", "PURCHASE"]);
    })
    .await;
}

#[tokio::test]
async fn a_notice_of_stripe_is_not_believed_before_stripe_is_asked() {
    at_the_stand_in(async |world, stripe| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        // It says that the money is ours, and is signed. But the payer has not confirmed.
        let (_, body) = stripe.event(purchase, world.now());
        let body = body.replace("requires_action", "succeeded");
        assert!(body.contains("payment_intent.succeeded"));
        let notice = Notice { headers: Stripe::sign(&body, world.now()), body };
        assert!(!ignored(&notice.deliver(world).await));
        assert_eq!((buyer.balance().await, asks_again(&buyer, WAITS).await.status), ((1000, 0, 2), 202));
        // Old news arrive last.
        let old = Notice::from(stripe.event(purchase, world.now()));
        stripe.payer_confirms(purchase);
        Notice::from(stripe.event(purchase, world.now())).deliver(world).await.ok();
        let granted = asks_again(&buyer, WAITS).await;
        assert!(!ignored(&old.deliver(world).await));
        assert_eq!(asks_again(&buyer, WAITS).await.body, granted.body);
        assert_eq!((granted.status, buyer.balance().await), (200, (1600, 0, 3)));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_signed_as_stripe_signs_it_does_nothing() {
    at_the_stand_in(async |world, stripe| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        stripe.payer_confirms(purchase);
        let good = Notice::from(stripe.event(purchase, world.now()));
        let (before, asked) = (AsItWas::see(world, &buyer).await, stripe.requests().len());
        world.wire.take();
        let at = world.now().seconds();
        let signed = signature(WEBHOOK_SECRET, &format!("{at}.{}", good.body));
        let by_another = signature("whsec_of_somebody_who_is_not_stripe", &format!("{at}.{}", good.body));
        let without_time = signature(WEBHOOK_SECRET, &good.body);
        for header in [
            None,
            Some(String::new()),
            Some(format!("t={at}")),
            Some(format!("v1={signed}")),
            Some(format!("t={},v1={signed}", at + 1)),
            Some(format!("t={at},v0={signed}")),
            Some(format!("t={at},v1={by_another}")),
            Some(format!("t={at},v1={without_time}")),
            Some(format!("t={at},v1={}", &signed[2..])),
        ] {
            let notice = good.clone().with("stripe-signature", header.as_deref());
            notice.deliver(world).await.refused(Code::SignatureInvalid);
        }
        let other = Notice { body: good.body.replace("evt_1", "evt_2"), ..good.clone() };
        other.deliver(world).await.refused(Code::SignatureInvalid);
        let sandbox = Notice::signed(world, world.now(), "nonce-0001", &good.body);
        sandbox.deliver(world).await.refused(Code::SignatureInvalid);
        for seconds in [-301_i64, 301] {
            let then = croupier_rules::time::Timestamp::from_millis(world.now().millis() + seconds * 1000);
            let notice = Notice { headers: Stripe::sign(&good.body, then), ..good.clone() };
            notice.deliver(world).await.refused(Code::SignatureExpired);
        }
        assert_eq!(world.wire.take(), [], "nothing is asked of the table");
        assert_eq!(AsItWas::see(world, &buyer).await, before);
        assert_eq!(stripe.requests().len(), asked);
        // One good signature of several is enough: a secret is being replaced there.
        let both = format!("t={at},v1={by_another},v1={signed}");
        assert!(!ignored(&good.with("stripe-signature", Some(&both)).deliver(world).await));
        assert_eq!(buyer.balance().await.0, 1600);
    })
    .await;
}

#[tokio::test]
async fn what_stripe_tells_of_something_else_is_ignored() {
    at_the_stand_in(async |world, stripe| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        stripe.payer_confirms(purchase);
        let (_, body) = stripe.event(purchase, world.now());
        let before = AsItWas::see(world, &buyer).await;
        let name = purchase.to_string();
        let tell = async |body: String| Notice { headers: Stripe::sign(&body, world.now()), body }.deliver(world).await;
        for (part, other) in [
            ("payment_intent.amount_capturable_updated", "charge.refunded"),
            ("payment_intent.amount_capturable_updated", "customer.created"),
            ("\"metadata\"", "\"more\""),
            (name.as_str(), "of another shop"),
        ] {
            assert!(ignored(&tell(body.replace(part, other)).await), "{other}");
        }
        for body in ["{}", r#"{"id":"evt_1"}"#, &body.replace("evt_1", "")] {
            tell(body.to_owned()).await.refused(Code::NoticeInvalid);
        }
        tell(body.replace(&name, &name.replace("pur_0", "pur_1"))).await.refused(Code::NotFound);
        assert_eq!(AsItWas::see(world, &buyer).await, before);
        assert!(!ignored(&tell(body).await));
        assert_eq!(buyer.balance().await.0, 1600);
    })
    .await;
}

#[tokio::test]
async fn an_event_waits_for_a_gateway_that_is_not_heard() {
    at_the_stand_in(async |world, stripe| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        stripe.payer_confirms(purchase);
        let notice = Notice::from(stripe.event(purchase, world.now()));
        for (call, fault) in
            [(Call::Look, Fault::Error), (Call::Look, Fault::LostRequest), (Call::Capture, Fault::LostReply)]
        {
            stripe.plan(call, &[fault; 4]);
            again(world, &notice).deliver(world).await.refused(Code::Unavailable);
            stripe.behave();
            assert_eq!(buyer.balance().await, (1000, 0, 2), "{call:?} {fault:?}");
            world.pass(Duration::from_secs(10));
        }
        assert!(!ignored(&again(world, &notice).deliver(world).await), "nobody has dealt with it before");
        assert_eq!((buyer.balance().await, stripe.captured()), ((1600, 0, 3), 499));
    })
    .await;
}

#[tokio::test]
async fn an_event_waits_for_a_table_that_is_not_heard() {
    at_the_stand_in(async |world, stripe| {
        let buyers = crowd(world, 2).await;
        for (buyer, blow) in buyers.iter().zip([Blow::LostRequest, Blow::LostReply]) {
            let purchase = waits(buyer, WAITS).await.parse().expect("an id");
            stripe.payer_confirms(purchase);
            let notice = Notice::from(stripe.event(purchase, world.now()));
            // One call after the other, until there is none that gets lost.
            for call in 1.. {
                world.pass(Duration::from_secs(1));
                let fate = Fate::at(call, blow);
                let answer = fate.befalls(again(world, &notice).invoke(world)).await.expect("an answer");
                if !fate.struck() {
                    answer.ok();
                    break;
                }
                answer.refused(Code::Unavailable);
            }
            world.pass(Duration::from_secs(1));
            assert!(ignored(&again(world, &notice).deliver(world).await));
            assert_eq!((buyer.balance().await, ledger(buyer).await.len()), ((1600, 0, 3), 2));
        }
    })
    .await;
}

#[tokio::test]
async fn a_notice_overtakes_the_answer_that_it_tells_of() {
    at_the_stand_in(async |world, stripe| {
        let buyer = crowd(world, 1).await.remove(0);
        // The payment is authorized, and before the function hears of it, the notice comes.
        stripe.plan(Call::Capture, &[Fault::Held]);
        let (answer, ()) =
            futures_util::future::join(buy_limited(&buyer, "it-waits", STARTER, "pm_card_visa"), async {
                stripe.until_asked(2).await;
                let transactions = buyer.get("/api/shop/transactions").await.ok();
                let purchase: PurchaseId =
                    transactions["items"][0]["transaction_id"].as_str().unwrap().parse().unwrap();
                let told = Notice::from(stripe.event(purchase, world.now())).deliver(world).await;
                told.refused(Code::Unavailable);
                stripe.release();
            })
            .await;
        let body: Value = answer.ok();
        assert_eq!((&body["status"], &body["balance"]), (&json!("success"), &json!(1600)));
        assert_eq!((stripe.captured(), ledger(&buyer).await.len()), (499, 2));
    })
    .await;
}
