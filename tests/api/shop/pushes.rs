//! What a buyer is told on an open socket, in the order of the ledger and without a gap.

use std::time::Duration;

use croupier_tests::{
    fate::{Asked, Blow, Fate},
    live::Live,
    notice::Notice,
    seat::Seat,
    world::{World, play},
};
use croupier_web::error::Code;
use serde_json::{Value, json};

use super::{HOLDS, Keeper, buy, buy_limited, crowd, payments::worlds::in_the_sandbox};

const STARTER: &str = "WEEKEND_STARTER";

/// A buyer, and a socket of the buyer's.
async fn listening(world: &World) -> (Seat, Live) {
    let buyer = crowd(world, 1).await.remove(0);
    let live = Live::open(&buyer).await;
    (buyer, live)
}

/// The place of a message in the ledger, and what it says of a purchase.
fn update(message: &Value) -> (u64, &str, &str) {
    assert_eq!(message["type"], "purchase_update", "{message}");
    let text = |field: &str| message[field].as_str().expect("a text");
    (message["sequence"].as_u64().expect("a number"), text("status"), text("transaction_id"))
}

/// Hears so many messages, the first of which is this one of the ledger; each follows the one before.
async fn hears(live: &mut Live, first: u64, many: usize) -> Vec<Value> {
    let messages = live.next_many(many).await;
    let places: Vec<_> = messages.iter().map(|message| message["sequence"].as_u64().expect("a number")).collect();
    assert_eq!(places, (first..first + many as u64).collect::<Vec<_>>(), "{messages:?}");
    messages
}

#[tokio::test]
async fn a_purchase_is_told_from_its_beginning_to_its_refund() {
    play(async |world| {
        let admin = world.admin().await;
        let (buyer, mut live) = listening(world).await;
        let pack = json!({ "sku": "COIN_PACK_MED", "quantity": 1, "payment_token": "ok" });
        let bought = buy(&buyer, "one-pack", pack).await.ok();
        let purchase = bought["transaction_id"].as_str().unwrap();
        let ts = world.now().to_string();
        let told = hears(&mut live, 2, 2).await;
        let tells = |sequence: u64, status: &str, moved: i64, coins: u64| {
            json!({
                "type": "purchase_update", "sequence": sequence, "transaction_id": purchase, "status": status,
                "balance_coin": coins, "balance_gem": 0, "delta_coin": moved, "delta_gem": 0, "ts": ts,
            })
        };
        assert_eq!(told, [tells(2, "pending", 0, 1000), tells(3, "success", 550, 1550)]);
        let path = format!("/api/admin/transactions/{purchase}/refund");
        admin.post_keyed(&path, "back-it-goes", json!({ "reason": "A mistake." })).await.ok();
        assert_eq!(hears(&mut live, 4, 1).await, [tells(4, "refunded", -550, 1000)]);
        // Whatever comes next comes next.
        buyer.spin(1).await.ok();
        assert_eq!(live.next().await[0]["sequence"], 5);
    })
    .await;
}

#[tokio::test]
async fn a_purchase_that_comes_to_nothing_is_told_as_well() {
    in_the_sandbox(async |world| {
        let (buyer, mut live) = listening(world).await;
        let mut place = 2;
        for (key, token, ends) in [
            ("is-declined", "declined", "failed"),
            ("is-not-captured", "capture_fails", "failed"),
            ("waits", "timeout", "voided"),
        ] {
            buy_limited(&buyer, &format!("the-one-that-{key}"), STARTER, token).await;
            if token == "timeout" {
                world.pass(Duration::from_secs(121));
                world.sweep().await;
            }
            let told = hears(&mut live, place, 2).await;
            let [began, ended] = [update(&told[0]), update(&told[1])];
            assert_eq!((began.1, ended.1, began.2), ("pending", ends, ended.2));
            place += 2;
        }
        assert_eq!(buyer.balance().await, (1000, 0, place - 1));
    })
    .await;
}

#[tokio::test]
async fn what_is_paid_in_play_currency_is_told_once() {
    play(async |world| {
        let keeper = Keeper::of(world).await;
        let item = json!([{ "item_id": "lucky_charm", "count": 1 }]);
        let terms = json!({ "price_cents": null, "price": { "coins": 300 }, "grants": { "items": item } });
        keeper.product("TRINKET", terms).await.ok();
        let (buyer, mut live) = listening(world).await;
        buy(&buyer, "a-trinket", json!({ "sku": "TRINKET", "quantity": 2 })).await.ok();
        let told = hears(&mut live, 2, 1).await.remove(0);
        assert_eq!(update(&told).1, "success");
        assert_eq!((&told["delta_coin"], &told["balance_coin"]), (&json!(-600), &json!(400)));
        // A refusal changes nothing, and nothing is told of it.
        let dear = json!({ "sku": "TRINKET", "quantity": 2 });
        buy(&buyer, "two-more-trinkets", dear).await.refused(Code::InsufficientFunds);
        buyer.spin(1).await.ok();
        assert_eq!(live.next().await[0]["sequence"], 3);
    })
    .await;
}

#[tokio::test]
async fn a_hold_is_told_when_it_begins_and_when_it_ends_however_it_does() {
    play(async |world| {
        let (buyer, mut live) = listening(world).await;
        let hold = async || {
            let held = buyer.post(HOLDS, json!({ "code": STARTER, "quantity": 1 })).await.ok();
            held["hold_id"].as_str().unwrap().to_owned()
        };
        let released = hold().await;
        buyer.delete(&format!("{HOLDS}/{released}")).await.ok();
        hold().await;
        world.pass(Duration::from_secs(121));
        world.sweep().await;
        let paid = hold().await;
        let pay = json!({ "payment_token": "ok" });
        buyer.post_keyed(&format!("{HOLDS}/{paid}/finalize"), "pay-for-it", pay).await.ok();
        let told = hears(&mut live, 2, 7).await;
        let sources: Vec<_> = told.iter().map(|message| message["source"].as_str().unwrap_or_default()).collect();
        assert_eq!(sources, ["HOLD_CREATE", "HOLD_RELEASE", "HOLD_CREATE", "HOLD_RELEASE", "HOLD_CREATE", "", ""]);
        let history = buyer.history().await;
        for (message, entry) in told[..5].iter().zip(history.iter().rev().skip(1)) {
            assert_eq!((&message["type"], &message["delta_coin"]), (&json!("token_update"), &json!(0)));
            assert_eq!(message["history_id"], entry["id"]);
        }
        assert_eq!(update(&told[5]), (7, "pending", paid.as_str()));
        assert_eq!(update(&told[6]), (8, "success", paid.as_str()));
        assert_eq!(told[6]["balance_coin"], 1600);
    })
    .await;
}

#[tokio::test]
async fn whoever_brings_a_purchase_to_its_end_the_buyer_is_told_once() {
    in_the_sandbox(async |world| {
        let (buyer, mut live) = listening(world).await;
        let mut place = 2;
        for call in [3, 5, 7, 11, 13] {
            // The function ends in the middle.
            let pack = json!({ "sku": "COIN_PACK_SMALL", "quantity": 1, "payment_token": "ok" });
            let asked = Asked::of("buy", &format!("ends-at-{call}"), pack);
            assert!(Fate::at(call, Blow::Death).befalls(asked.by(world, &buyer)).await.is_none());
            world.pass(Duration::from_secs(31));
            let purchase = buyer.get("/api/shop/transactions").await.ok()["items"][0]["transaction_id"].clone();
            let notice = Notice::of_sandbox(world, &format!("evt-{call}"), purchase.as_str().unwrap(), "authorized");
            let (told, again, ()) = tokio::join!(notice.deliver(world), asked.by(world, &buyer), world.sweep());
            told.ok();
            again.ok();
            let told = hears(&mut live, place, 2).await;
            let [began, ended] = [update(&told[0]), update(&told[1])];
            assert_eq!((began.1, ended.1, began.2, ended.2), ("pending", "success", began.2, began.2));
            place += 2;
        }
        buyer.spin(1).await.ok();
        assert_eq!(live.next().await[0]["sequence"], place, "something was told twice");
    })
    .await;
}
