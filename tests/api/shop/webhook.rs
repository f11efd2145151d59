//! What a payment gateway tells unasked: whoever it is from, however often it comes, and in whatever order.

mod stripe;

use std::time::Duration;

use croupier_tests::{
    fate::{Asked, Blow, Fate},
    notice::{Notice, signature},
    seat::{Answer, Seat},
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{AsItWas, HOLDS, buy, buy_limited, crowd, payments::worlds::in_the_sandbox, stock};

const STARTER: &str = "WEEKEND_STARTER";

/// Buys something that waits for its payer, or is not heard of, as the token says; tells the name of the purchase.
async fn waits(buyer: &Seat, token: &str) -> String {
    let begun = buy_limited(buyer, "it-waits", STARTER, token).await;
    assert_eq!(begun.status, 202, "{}", begun.body);
    let body: Value = serde_json::from_str(&begun.body).expect("JSON");
    body["transaction_id"].as_str().expect("an id").to_owned()
}

/// Asks again for what waited.
async fn asks_again(buyer: &Seat, token: &str) -> Answer {
    buy_limited(buyer, "it-waits", STARTER, token).await
}

async fn buyer_who_waits(world: &World) -> (Seat, String) {
    let buyer = crowd(world, 1).await.remove(0);
    let purchase = waits(&buyer, "pending").await;
    (buyer, purchase)
}

fn ignored(answer: &Answer) -> bool {
    answer.ok()["ignored"].as_bool().expect("yes or no")
}

/// What it names, in the order of the ledger, after the sign-up.
async fn ledger(buyer: &Seat) -> Vec<String> {
    let history = buyer.history().await;
    history.iter().rev().skip(1).map(|entry| entry["action"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_notice_settles_the_purchase_that_it_names() {
    play(async |world| {
        let buyers = crowd(world, 2).await;
        let [paid, unpaid] = [&buyers[0], &buyers[1]];
        let (first, second) = (waits(paid, "pending").await, waits(unpaid, "pending").await);
        assert!(!ignored(&Notice::of_sandbox(world, "evt-1", &first, "authorized").deliver(world).await));
        assert!(!ignored(&Notice::of_sandbox(world, "evt-2", &second, "declined").deliver(world).await));
        assert_eq!((paid.balance().await, unpaid.balance().await), ((1600, 0, 3), (1000, 0, 3)));
        assert_eq!(ledger(paid).await, ["PURCHASE_START", "PURCHASE"]);
        assert_eq!(ledger(unpaid).await, ["PURCHASE_START", "PURCHASE_FAIL"]);
        assert_eq!(asks_again(paid, "pending").await.ok()["transaction_id"], *first);
        asks_again(unpaid, "pending").await.refused(Code::PaymentDeclined);
        assert_eq!(stock(world, STARTER).await, (Some(999), 0, 1));
    })
    .await;
}

#[tokio::test]
async fn an_event_is_dealt_with_once_however_often_it_is_told() {
    play(async |world| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        let tell = async |event: &str, status: &str| {
            let told = Notice::of_sandbox(world, event, &purchase, status).deliver(world).await;
            ignored(&told)
        };
        assert!(!tell("evt-1", "authorized").await);
        let before = AsItWas::see(world, &buyer).await;
        for _ in 0..3 {
            assert!(tell("evt-1", "authorized").await);
            // The name of the event is all that counts.
            assert!(tell("evt-1", "declined").await);
            world.pass(Duration::from_secs(9 * 60));
        }
        assert_eq!(AsItWas::see(world, &buyer).await, before);
        assert_eq!(buyer.balance().await, (1600, 0, 3));
    })
    .await;
}

#[tokio::test]
async fn a_delivery_that_comes_again_is_a_replay() {
    play(async |world| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        let notice = Notice::of_sandbox(world, "evt-1", &purchase, "authorized");
        let at_once = join_all((0..4).map(|_| notice.deliver(world))).await;
        assert_eq!(at_once.iter().filter(|answer| answer.status == 200).count(), 1);
        for answer in at_once.iter().filter(|answer| answer.status != 200) {
            answer.refused(Code::NoticeRepeated);
        }
        let before = AsItWas::see(world, &buyer).await;
        for _ in 0..2 {
            notice.deliver(world).await.refused(Code::NoticeRepeated);
            world.pass(Duration::from_secs(300));
        }
        // From here on it is too old as well.
        world.pass(Duration::from_secs(1));
        notice.deliver(world).await.refused(Code::SignatureExpired);
        // The nonce is the delivery, whatever else it says.
        let nonce = notice.headers[1].1.as_str();
        let other = Notice::signed(world, world.now(), nonce, &notice.body.replace("evt-1", "evt-2"));
        other.deliver(world).await.refused(Code::NoticeRepeated);
        assert_eq!(AsItWas::see(world, &buyer).await, before);
        assert_eq!(buyer.balance().await, (1600, 0, 3));
    })
    .await;
}

#[tokio::test]
async fn a_notice_is_good_for_five_minutes_to_both_sides() {
    play(async |world| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        let body = json!({ "event_id": "evt-1", "transaction_id": purchase, "status": "authorized" }).to_string();
        world.wire.take();
        for seconds in [-100_000, -301, 301, 100_000] {
            let at = croupier_rules::time::Timestamp::from_millis(world.now().millis() + seconds * 1000);
            let notice = Notice::signed(world, at, "nonce-0001", &body);
            notice.deliver(world).await.refused(Code::SignatureExpired);
        }
        assert_eq!(world.wire.take(), [], "nothing is asked of the table");
        for (seconds, is_over) in [(-300, false), (300, true)] {
            let at = croupier_rules::time::Timestamp::from_millis(world.now().millis() + seconds * 1000);
            let notice = Notice::signed(world, at, &format!("nonce-of-{seconds}"), &body);
            assert_eq!(ignored(&notice.deliver(world).await), is_over, "{seconds}");
        }
        assert_eq!(buyer.balance().await.0, 1600);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_signed_as_it_stands_does_nothing_and_asks_nothing_of_the_table() {
    play(async |world| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        let good = Notice::of_sandbox(world, "evt-1", &purchase, "authorized");
        let before = AsItWas::see(world, &buyer).await;
        world.wire.take();
        let [at, nonce, signed] = [0, 1, 2].map(|place| good.headers[place].1.clone());
        let text = |at: &str, nonce: &str| format!("{at}.{nonce}.{}", good.body);
        let by_another = signature("a-secret-that-somebody-made-up-0001", &text(&at, &nonce));
        let unsalted = signature(world.webhook_secret(), &good.body);
        let flipped = signed.chars().rev().collect::<String>();
        let later = (at.parse::<i64>().unwrap() + 1).to_string();
        let mut forged = Vec::new();
        for (name, values) in [
            ("x-webhook-timestamp", vec![later.as_str(), "", "soon", "-1", "01800000000"]),
            ("x-webhook-nonce", vec!["", "another-nonce", &nonce[1..]]),
            ("x-webhook-signature", vec!["", "0", &by_another, &unsalted, &flipped, &signed[2..], "no hex at all"]),
        ] {
            forged.push(good.clone().with(name, None));
            forged.extend(values.into_iter().map(|value| good.clone().with(name, Some(value))));
        }
        for body in
            [good.body.replace("authorized", "declined"), format!("{} ", good.body), "{}".to_owned(), String::new()]
        {
            forged.push(Notice { body, ..good.clone() });
        }
        // A gateway that is not ours is believed nothing, however well it signs.
        let stripes = croupier_tests::stripe::Stripe::sign(&good.body, world.now());
        forged.push(Notice { headers: stripes, ..good.clone() });
        for notice in forged {
            let answer = notice.deliver(world).await;
            assert_eq!((answer.status, answer.code().as_str()), (401, "SIGNATURE_INVALID"), "{notice:?}");
        }
        // What is no JSON is refused even before it is known who says so.
        for body in ["[]", "\"authorized\"", "null", "{", "\u{0}"] {
            let answer = Notice { body: body.to_owned(), ..good.clone() }.deliver(world).await;
            assert!([400, 422].contains(&answer.status), "{body}: {}", answer.body);
        }
        assert_eq!(world.wire.take(), [], "nothing is asked of the table");
        assert_eq!(AsItWas::see(world, &buyer).await, before);
        assert!(!ignored(&good.deliver(world).await), "none of it has spoiled the good one");
    })
    .await;
}

#[tokio::test]
async fn what_is_signed_and_no_notice_of_a_purchase_of_ours_changes_nothing() {
    play(async |world| {
        let (buyer, purchase) = buyer_who_waits(world).await;
        let held = buyer.post(HOLDS, json!({ "code": "VIP_BLITZ", "quantity": 1 })).await;
        held.refused(Code::RankRequired);
        let before = AsItWas::see(world, &buyer).await;
        let unknown = purchase.replace("pur_0", "pur_1");
        let signed = async |nonce: &str, body: Value| {
            Notice::signed(world, world.now(), nonce, &body.to_string()).deliver(world).await
        };
        world.wire.take();
        let good = json!({ "event_id": "evt-1", "transaction_id": purchase, "status": "authorized" });
        for (field, value) in [
            ("event_id", Value::Null),
            ("event_id", json!("")),
            ("event_id", json!("e".repeat(256))),
            ("event_id", json!(7)),
            ("transaction_id", Value::Null),
            ("transaction_id", json!(7)),
            ("status", Value::Null),
            ("status", json!("captured")),
            ("status", json!("AUTHORIZED")),
        ] {
            let mut body = good.clone();
            body[field] = value;
            signed("nonce-0001", body).await.refused(Code::NoticeInvalid);
        }
        signed("nonce-0001", json!({})).await.refused(Code::NoticeInvalid);
        signed("short", good.clone()).await.refused(Code::NoticeInvalid);
        signed(&"n".repeat(129), good.clone()).await.refused(Code::NoticeInvalid);
        assert_eq!(world.wire.take(), [], "nothing is asked of the table");

        let mut of_others = good.clone();
        of_others["transaction_id"] = json!("txn-of-another-shop");
        assert!(ignored(&signed("nonce-0001", of_others).await));
        let mut of_nobody = good.clone();
        of_nobody["transaction_id"] = json!(unknown);
        signed("nonce-0002", of_nobody).await.refused(Code::NotFound);
        assert_eq!(AsItWas::see(world, &buyer).await, before);
        assert!(!ignored(&signed("nonce-0003", good).await));
        assert_eq!(buyer.balance().await.0, 1600);
    })
    .await;
}

#[tokio::test]
async fn what_is_only_held_is_no_purchase_that_a_notice_could_settle() {
    play(async |world| {
        let buyer = crowd(world, 1).await.remove(0);
        let held = buyer.post(HOLDS, json!({ "code": STARTER, "quantity": 1 })).await.ok();
        let hold = held["hold_id"].as_str().unwrap();
        let before = AsItWas::see(world, &buyer).await;
        for (event, status) in [("evt-1", "authorized"), ("evt-2", "declined")] {
            Notice::of_sandbox(world, event, hold, status).deliver(world).await.refused(Code::NotFound);
        }
        assert_eq!(AsItWas::see(world, &buyer).await, before);
        assert_eq!(stock(world, STARTER).await, (Some(999), 1, 0));
    })
    .await;
}

#[tokio::test]
async fn what_is_over_stays_as_it_ended_in_whatever_order_it_is_told() {
    play(async |world| {
        let buyers = crowd(world, 3).await;
        let [paid, unpaid, declined] = [&buyers[0], &buyers[1], &buyers[2]];
        let (first, second) = (waits(paid, "pending").await, waits(unpaid, "pending").await);
        buy_limited(declined, "it-waits", STARTER, "declined").await.refused(Code::PaymentDeclined);
        let third = &declined.get("/api/shop/transactions").await.ok()["items"][0]["transaction_id"];
        let charm = json!({ "sku": "COIN_PACK_SMALL", "quantity": 1, "payment_token": "ok" });
        let fourth = buy(declined, "another-one", charm).await.ok()["transaction_id"].clone();
        Notice::of_sandbox(world, "evt-1", &first, "authorized").deliver(world).await.ok();
        Notice::of_sandbox(world, "evt-2", &second, "declined").deliver(world).await.ok();
        let mut before = Vec::new();
        for buyer in &buyers {
            before.push(AsItWas::see(world, buyer).await);
        }
        // What was told first arrives last, or is simply wrong.
        for (number, purchase) in
            [&first, &second, third.as_str().unwrap(), fourth.as_str().unwrap()].into_iter().enumerate()
        {
            for status in ["declined", "authorized"] {
                let notice = Notice::of_sandbox(world, &format!("late-{number}-{status}"), purchase, status);
                assert!(!ignored(&notice.deliver(world).await), "{purchase}");
            }
        }
        world.pass(Duration::from_secs(61));
        world.sweep().await;
        for (buyer, before) in buyers.iter().zip(before) {
            assert_eq!(AsItWas::see(world, buyer).await, before);
        }
    })
    .await;
}

#[tokio::test]
async fn many_notices_at_once_settle_a_purchase_once() {
    play(async |world| {
        let buyers = crowd(world, 2).await;
        // The same event, in deliveries of their own; and events that contradict each other.
        for (buyer, differ) in buyers.iter().zip([false, true]) {
            let purchase = waits(buyer, "pending").await;
            let notices: Vec<_> = (0..6)
                .map(|number| {
                    let event = if differ { format!("evt-{number}") } else { "evt-a".to_owned() };
                    let status = if differ && number % 2 == 1 { "declined" } else { "authorized" };
                    Notice::of_sandbox(world, &event, &purchase, status)
                })
                .collect();
            for answer in join_all(notices.iter().map(|notice| notice.deliver(world))).await {
                answer.ok();
            }
            let ledger = ledger(buyer).await;
            assert_eq!((ledger.len(), ledger[0].as_str()), (2, "PURCHASE_START"));
            let (coins, told) = (buyer.balance().await.0, asks_again(buyer, "pending").await);
            match ledger[1].as_str() {
                "PURCHASE" => assert_eq!((coins, told.ok()["status"].clone()), (1600, json!("success"))),
                "PURCHASE_FAIL" if differ => assert_eq!((coins, told.status), (1000, 402)),
                other => panic!("{other}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_dealt_with_yet_is_when_it_comes_again() {
    play(async |world| {
        let buyer = crowd(world, 1).await.remove(0);
        // The gateway says nothing for a minute.
        let purchase = waits(&buyer, "timeout").await;
        let tell = async || Notice::of_sandbox(world, "evt-1", &purchase, "authorized").deliver(world).await;
        let unheard = tell().await;
        unheard.refused(Code::Unavailable);
        assert_eq!(unheard.header("retry-after"), Some("1"));
        assert_eq!(buyer.balance().await, (1000, 0, 2));
        world.pass(Duration::from_secs(60));
        assert!(!ignored(&tell().await), "nobody has dealt with it before");
        assert!(ignored(&tell().await));
        assert_eq!(buyer.balance().await, (1600, 0, 3));
    })
    .await;
}

#[tokio::test]
async fn what_is_told_of_a_payment_that_was_never_asked_for_is_not_believed_but_asked_for() {
    in_the_sandbox(async |world| {
        for (buyer, status) in crowd(world, 2).await.iter().zip(["authorized", "declined"]) {
            // The function ends before it has asked the gateway for anything.
            let starter = json!({ "code": STARTER, "quantity": 1, "payment_token": "ok" });
            let asked = Asked::of("buy-limited", "it-waits", starter);
            assert!(Fate::at_write(1, Blow::Death).befalls(asked.by(world, buyer)).await.is_none());
            let transaction = buyer.get("/api/shop/transactions").await.ok()["items"][0].clone();
            assert_eq!((&transaction["status"], &transaction["charge_id"]), (&json!("pending"), &Value::Null));
            let purchase = transaction["transaction_id"].as_str().unwrap();
            let notice = Notice::of_sandbox(world, &format!("evt-{status}"), purchase, status);
            assert!(!ignored(&notice.deliver(world).await));
            assert_eq!(asks_again(buyer, "ok").await.ok()["transaction_id"], *purchase);
            assert_eq!(buyer.balance().await, (1600, 0, 3));
        }
    })
    .await;
}
