//! Refunds: what was bought is taken back, once, and what was paid goes back, once.

mod debt;
mod gateway;

use croupier_rules::money::MOST;
use croupier_tests::{
    seat::{Answer, Seat},
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{AsItWas, HOLDS, Keeper, buy, buy_limited, buy_many, crowd, stock, uses};

const STARTER: &str = "WEEKEND_STARTER";

/// Refunds a purchase under a key.
async fn refund(admin: &Seat, purchase: &str, key: &str) -> Answer {
    let path = format!("/api/admin/transactions/{purchase}/refund");
    admin.post_keyed(&path, key, json!({ "reason": "Bought by a child." })).await
}

/// Buys one of something under a key of its own name; tells the answer.
async fn bought(buyer: &Seat, sku: &str) -> Value {
    let what = json!({ "sku": sku, "quantity": 1, "payment_token": "ok" });
    buy(buyer, &format!("one-{sku}"), what).await.ok()
}

/// The name of a purchase.
fn name(answer: &Value) -> &str {
    answer["transaction_id"].as_str().expect("an id")
}

/// What the operators' book tells of a purchase.
async fn operators(admin: &Seat, purchase: &str) -> Vec<Value> {
    admin.pages(&format!("/api/admin/audit?limit=100&target={purchase}")).await.concat()
}

#[tokio::test]
async fn what_was_bought_is_taken_back_and_the_ledger_tells_of_it() {
    play(async |world| {
        let keeper = Keeper::of(world).await;
        let admin = world.admin().await;
        let charm = json!([{ "item_id": "lucky_charm", "count": 3 }]);
        let grants = json!({ "coins": 20, "gems": 7, "items": charm });
        keeper.product("BUNDLE", json!({ "price_cents": 700, "grants": grants })).await.ok();
        let buyer = crowd(world, 1).await.remove(0);
        let what = json!({ "sku": "BUNDLE", "quantity": 2, "payment_token": "ok" });
        let first = buy(&buyer, "two-bundles", what.clone()).await;
        let purchase = first.ok();
        assert_eq!(buyer.balance().await, (1040, 14, 3));
        let back = refund(&admin, name(&purchase), "back-it-goes").await.ok();
        for (field, value) in [
            ("status", json!("refunded")),
            ("total", json!(1400)),
            ("balance", json!(1000)),
            ("gems", json!(0)),
            ("sequence", json!(4)),
            ("receipt", Value::Null),
            ("charge_id", purchase["charge_id"].clone()),
        ] {
            assert_eq!(back[field], value, "{field}");
        }
        assert_eq!(buyer.balance().await, (1000, 0, 4));
        assert_eq!(buyer.get("/api/users/inventory").await.ok()["items"], json!([]));
        let entry = &buyer.history().await[0];
        assert_eq!((&entry["action"], &entry["delta_coin"]), (&json!("PURCHASE_REFUND"), &json!(-40)));
        assert_eq!((&entry["delta_gem"], &entry["debt_coin"]), (&json!(-14), &json!(0)));
        assert_eq!(entry["detail"]["reason"], "Bought by a child.");
        assert_eq!(entry["detail"]["transaction_id"], purchase["transaction_id"]);
        let transaction = &buyer.get("/api/shop/transactions").await.ok()["items"][0];
        assert_eq!((&transaction["status"], &transaction["reason"]), (&json!("refunded"), &Value::Null));
        // The buyer's own key still tells what it told.
        let again = buy(&buyer, "two-bundles", what).await;
        assert_eq!((&again.body, again.replayed()), (&first.body, true));
        let told = operators(&admin, name(&purchase)).await;
        assert_eq!(told.len(), 1);
        assert_eq!(
            (&told[0]["before"]["status"], &told[0]["after"]["status"]),
            (&json!("success"), &json!("refunded"))
        );
        assert_eq!(told[0]["after"]["reason"], "Bought by a child.");
    })
    .await;
}

#[tokio::test]
async fn a_price_in_play_currency_goes_back_at_once_and_what_cost_nothing_gives_nothing_back() {
    play(async |world| {
        let keeper = Keeper::of(world).await;
        let admin = world.admin().await;
        let item = json!([{ "item_id": "lucky_charm", "count": 1 }]);
        keeper
            .product("TRINKET", json!({ "price_cents": null, "price": { "coins": 300 }, "grants": { "items": item } }))
            .await
            .ok();
        keeper.promo("FREE", json!({ "off_percent": 100 })).await.ok();
        let buyer = crowd(world, 1).await.remove(0);
        let trinket = bought(&buyer, "TRINKET").await;
        assert_eq!(buyer.balance().await, (700, 0, 2));
        let back = refund(&admin, name(&trinket), "trinket-back").await.ok();
        assert_eq!((&back["balance"], &back["currency"]), (&json!(1000), &json!("coins")));
        assert_eq!(buyer.history().await[0]["delta_coin"], 300);

        bought(&buyer, "GEM_PACK_SMALL").await;
        let charm = bought(&buyer, "LUCKY_CHARM").await;
        assert_eq!(buyer.balance().await.1, 10);
        assert_eq!(refund(&admin, name(&charm), "charm-back").await.ok()["gems"], 50);
        assert_eq!(buyer.get("/api/users/inventory").await.ok()["items"], json!([]));

        let free = json!({ "code": STARTER, "quantity": 1, "promo_code": "FREE" });
        let free = buy_many(&buyer, "free-of-charge", free).await.ok();
        assert_eq!((&free["total"], &free["charge_id"]), (&json!(0), &Value::Null));
        assert_eq!(buyer.balance().await.0, 1600);
        assert_eq!(refund(&admin, name(&free), "free-back").await.ok()["balance"], 1000);
        // It was sold, and the code was used: nobody else can have either because of that.
        assert_eq!((stock(world, STARTER).await, uses(world, "FREE").await), ((Some(999), 0, 1), 1));
    })
    .await;
}

#[tokio::test]
async fn a_price_for_which_there_is_no_room_stays_where_it_is() {
    play(async |world| {
        let keeper = Keeper::of(world).await;
        let admin = world.admin().await;
        let item = json!([{ "item_id": "lucky_charm", "count": 1 }]);
        keeper
            .product("TRINKET", json!({ "price_cents": null, "price": { "coins": 300 }, "grants": { "items": item } }))
            .await
            .ok();
        keeper.product("NEARLY_ALL", json!({ "grants": { "coins": MOST - 800 } })).await.ok();
        let buyer = crowd(world, 1).await.remove(0);
        let trinket = bought(&buyer, "TRINKET").await;
        let riches = bought(&buyer, "NEARLY_ALL").await;
        assert_eq!(buyer.balance().await.0, MOST - 100);
        let before = AsItWas::see(world, &buyer).await;
        refund(&admin, name(&trinket), "trinket-back").await.refused(Code::BalanceLimit);
        assert_eq!(AsItWas::see(world, &buyer).await, before);
        assert_eq!(operators(&admin, name(&trinket)).await.len(), 0);
        refund(&admin, name(&riches), "riches-back").await.ok();
        assert_eq!(refund(&admin, name(&trinket), "trinket-back").await.ok()["balance"], 1000);
    })
    .await;
}

#[tokio::test]
async fn a_refund_happens_once_however_often_it_is_asked_for() {
    play(async |world| {
        let admin = world.admin().await;
        let buyer = crowd(world, 1).await.remove(0);
        let [small, big, gems] = ["COIN_PACK_SMALL", "COIN_PACK_BIG", "GEM_PACK_SMALL"];
        let (first, other) = (bought(&buyer, small).await, bought(&buyer, big).await);
        let back = refund(&admin, name(&first), "the-first-key").await;
        let again = refund(&admin, name(&first), "the-first-key").await;
        assert_eq!((&again.body, again.replayed(), back.replayed()), (&back.body, true, false));
        back.ok();
        refund(&admin, name(&first), "another-key").await.refused(Code::NotRefundable);
        refund(&admin, name(&other), "the-first-key").await.refused(Code::IdempotencyKeyReused);
        let path = format!("/api/admin/transactions/{}/refund", name(&first));
        let reworded = admin.post_keyed(&path, "the-first-key", json!({ "reason": "Something else." })).await;
        reworded.refused(Code::IdempotencyKeyReused);
        admin.post(&path, json!({ "reason": "Without a key." })).await.refused(Code::IdempotencyKeyRequired);

        // Several at once: with one key they are one, with a key each one of them is.
        let at_once = join_all((0..5).map(|_| refund(&admin, name(&other), "all-at-once"))).await;
        assert!(at_once.iter().all(|answer| answer.ok() == at_once[0].ok()));
        assert_eq!(at_once.iter().filter(|answer| !answer.replayed()).count(), 1);
        let third = bought(&buyer, gems).await;
        let keys = ["key-of-one", "key-of-two", "key-of-three", "key-of-four"];
        let at_once = join_all(keys.map(|key| refund(&admin, name(&third), key))).await;
        assert_eq!(at_once.iter().filter(|answer| answer.status == 200).count(), 1);
        at_once.iter().filter(|answer| answer.status != 200).for_each(|answer| {
            answer.refused(Code::NotRefundable);
        });
        assert_eq!(buyer.balance().await, (1000, 0, 10));
        for purchase in [&first, &other, &third] {
            assert_eq!(operators(&admin, name(purchase)).await.len(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn only_what_succeeded_is_refunded() {
    play(async |world| {
        let admin = world.admin().await;
        let buyers = crowd(world, 3).await;
        let mut purchases = Vec::new();
        for (buyer, token) in buyers.iter().zip(["declined", "pending", "timeout"]) {
            buy_limited(buyer, "never-mine", STARTER, token).await;
            let transaction = buyer.get("/api/shop/transactions").await.ok()["items"][0].clone();
            purchases.push((buyer, transaction));
        }
        let states: Vec<_> = purchases.iter().map(|(_, transaction)| &transaction["status"]).collect();
        assert_eq!(states, ["failed", "pending", "pending"]);
        for (buyer, transaction) in &purchases {
            let before = AsItWas::see(world, buyer).await;
            refund(&admin, name(transaction), "not-this-one").await.refused(Code::NotRefundable);
            assert_eq!(AsItWas::see(world, buyer).await, before);
        }
        world.pass(std::time::Duration::from_secs(121));
        world.sweep().await;
        for (_, transaction) in &purchases {
            refund(&admin, name(transaction), "not-this-one").await.refused(Code::NotRefundable);
        }
        let keeper = Keeper::of(world).await;
        keeper.package("ANOTHER", json!({})).await.ok();
        let held = buyers[0].post(HOLDS, json!({ "code": "ANOTHER", "quantity": 1 })).await.ok();
        for unknown in [held["hold_id"].as_str().unwrap(), &name(&purchases[0].1).replace("pur_0", "pur_1"), "pur_1"] {
            refund(&admin, unknown, "not-this-one").await.refused(Code::NotFound);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_limited_stays_sold() {
    play(async |world| {
        let keeper = Keeper::of(world).await;
        let admin = world.admin().await;
        keeper.package("LAST_ONE", json!({ "stock": 1, "per_user_limit": 1 })).await.ok();
        let buyers = crowd(world, 2).await;
        let first = buy_limited(&buyers[0], "the-last-one", "LAST_ONE", "ok").await;
        refund(&admin, name(&first.ok()), "back-it-goes").await.ok();
        assert_eq!(stock(world, "LAST_ONE").await, (Some(0), 0, 1));
        buy_limited(&buyers[1], "the-last-one", "LAST_ONE", "ok").await.refused(Code::OutOfStock);
        keeper.repack("LAST_ONE", json!({ "stock": 2 })).await.ok();
        // Whoever had one has had one.
        buy_limited(&buyers[0], "one-more", "LAST_ONE", "ok").await.refused(Code::UserLimit);
        let again = buy_limited(&buyers[0], "the-last-one", "LAST_ONE", "ok").await;
        assert_eq!((&again.body, again.replayed()), (&first.body, true));
        assert_eq!(buyers[0].balance().await, (1000, 0, 4));
    })
    .await;
}

/// A world's admin, and a buyer.
async fn two(world: &World) -> (Seat, Seat) {
    (world.admin().await, crowd(world, 1).await.remove(0))
}
