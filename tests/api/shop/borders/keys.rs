//! Keys that a purchase needs, and that it happens once; and what it costs in play currency.

use std::collections::BTreeSet;

use croupier_tests::{
    seat::{Answer, Seat},
    wire::Passed,
    world::play,
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    super::{AsItWas, HOLDS, Keeper, buy, buy_limited, buy_many, patiently, stock},
    CHAIR, MUG,
};

/// What was asked of the table. Queries are left out: `push` looks for sockets at the same time.
fn operations(passed: &[Passed]) -> Vec<&str> {
    passed.iter().map(|passed| passed.operation.as_str()).filter(|operation| *operation != "Query").collect()
}

fn write_units(passed: &[Passed]) -> f64 {
    passed.iter().filter(|passed| passed.operation == "TransactWriteItems").map(|passed| passed.units).sum()
}

/// Fifty gems, for real money.
async fn some_gems(buyer: &Seat, key: &str) {
    buy(buyer, key, json!({ "sku": "GEM_PACK_SMALL", "quantity": 1, "payment_token": "ok" })).await.ok();
}

fn charm() -> Value {
    json!({ "sku": "LUCKY_CHARM", "quantity": 1 })
}

#[tokio::test]
async fn nothing_is_sold_without_a_key_or_a_means_of_payment() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        keeper.product(MUG, json!({})).await.ok();
        keeper.package(CHAIR, json!({ "stock": 10 })).await.ok();
        let held = ann.post(HOLDS, json!({ "code": CHAIR, "quantity": 1 })).await.ok();
        let finalize = format!("{HOLDS}/{}/finalize", held["hold_id"].as_str().unwrap());
        let before = AsItWas::see(world, &ann).await;
        let what = json!({ "sku": MUG, "code": CHAIR, "quantity": 1, "payment_token": "ok" });
        let mut without = what.clone();
        without["payment_token"] = Value::Null;
        let paths = ["/api/shop/buy", "/api/shop/buy-limited", &finalize];
        for path in paths {
            ann.post(path, what.clone()).await.refused(Code::IdempotencyKeyRequired);
            ann.post(path, charm()).await.refused(Code::IdempotencyKeyRequired);
            assert_eq!(ann.post_keyed(path, "too-poor", without.clone()).await.wrong_field(), "payment_token");
            for wrong in ["", "with space", &"x".repeat(256)] {
                without["payment_token"] = json!(wrong);
                assert_eq!(ann.post_keyed(path, "too-odd-", without.clone()).await.wrong_field(), "payment_token");
            }
            without["payment_token"] = Value::Null;
        }
        assert_eq!(AsItWas::see(world, &ann).await, before);
        // Wherever the key stands, it is one.
        let asked =
            |name: &str| ann.request(Method::POST, "/api/shop/buy").header(name, "\"one-of-three\"").json(&what);
        let first = Answer::to(asked("idempotency-key")).await;
        let second = Answer::to(asked("x-idempotency-key")).await;
        let mut inside = what.clone();
        inside["idempotency_key"] = json!("one-of-three");
        let third = ann.post("/api/shop/buy", inside).await;
        assert_eq!((first.ok(), &second.body, &third.body), (third.ok(), &first.body, &first.body));
        assert_eq!([&first, &second, &third].map(Answer::replayed), [false, true, true]);
        // What was refused for want of it was nothing: the hold is still there.
        ann.post_keyed(&finalize, "too-poor", what).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_key_stands_for_one_purchase_and_for_nothing_else() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        keeper.product(MUG, json!({})).await.ok();
        keeper.package(CHAIR, json!({ "stock": 10 })).await.ok();
        some_gems(&ann, "first-of-all").await;
        let mug = json!({ "sku": MUG, "quantity": 1, "payment_token": "ok" });
        let changed = |name: &str, value: Value| {
            let mut mug = mug.clone();
            mug[name] = value;
            mug
        };
        let bought = buy(&ann, "used-already", mug.clone()).await.ok();
        ann.spin_keyed(50, "used-by-spin").await.ok();
        let held = ann.post_keyed(HOLDS, "used-by-hold", json!({ "code": CHAIR, "quantity": 1 })).await.ok();
        let finalize = format!("{HOLDS}/{}/finalize", held["hold_id"].as_str().unwrap());
        let before = AsItWas::see(world, &ann).await;
        for other in [
            changed("quantity", json!(2)),
            changed("payment_token", json!("declined")),
            changed("expected_total", json!(1000)),
            changed("promo_code", json!("NOBODY_KNOWS")),
            changed("sku", json!("COIN_PACK_SMALL")),
            changed("sku", json!("NO_SUCH_THING")),
            charm(),
        ] {
            buy(&ann, "used-already", other).await.refused(Code::IdempotencyKeyReused);
        }
        for key in ["used-already", "used-by-spin"] {
            buy_limited(&ann, key, CHAIR, "ok").await.refused(Code::IdempotencyKeyReused);
            let hold = ann.post_keyed(HOLDS, key, json!({ "code": CHAIR, "quantity": 2 })).await;
            hold.refused(Code::IdempotencyKeyReused);
            ann.post_keyed(&finalize, key, json!({ "payment_token": "ok" })).await.refused(Code::IdempotencyKeyReused);
        }
        for key in ["used-by-hold", "used-by-spin"] {
            buy(&ann, key, mug.clone()).await.refused(Code::IdempotencyKeyReused);
            buy(&ann, key, charm()).await.refused(Code::IdempotencyKeyReused);
        }
        ann.spin_keyed(50, "used-already").await.refused(Code::IdempotencyKeyReused);
        assert_eq!(AsItWas::see(world, &ann).await, before);
        // Fields that nobody knows, and the case of a sku, are no difference.
        let spelled = json!({ "payment_token": "ok", "sku": "mug", "quantity": 1, "note": "the same" });
        assert_eq!(buy(&ann, "used-already", spelled).await.ok(), bought);
        // Keys are everyone's own.
        let bob = world.newcomer("bob").await;
        assert_ne!(buy(&bob, "used-already", mug).await.ok()["transaction_id"], bought["transaction_id"]);
    })
    .await;
}

#[tokio::test]
async fn many_at_once_with_one_key_are_one_purchase() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        keeper.package(CHAIR, json!({ "stock": 10 })).await.ok();
        keeper.product(MUG, json!({})).await.ok();
        some_gems(&ann, "first-of-all").await;
        let mug = json!({ "sku": MUG, "quantity": 1, "payment_token": "ok" });
        let chair = json!({ "code": CHAIR, "quantity": 1, "payment_token": "ok" });
        for (path, what) in [("/api/shop/buy", charm()), ("/api/shop/buy", mug), ("/api/shop/buy-limited", chair)] {
            let before = ann.get("/api/shop/transactions").await.ok()["items"].as_array().unwrap().len();
            let key = format!("ten-times-{before}");
            let answers = join_all(
                (0..10).map(async |_| patiently(async || ann.post_keyed(path, &key, what.clone()).await).await),
            );
            let answers = answers.await;
            let bodies: BTreeSet<_> = answers.iter().map(|answer| answer.ok().to_string()).collect();
            assert_eq!(bodies.len(), 1);
            assert_eq!(answers.iter().filter(|answer| !answer.replayed()).count(), 1);
            let after = ann.get("/api/shop/transactions").await.ok()["items"].as_array().unwrap().len();
            assert_eq!(after, before + 1);
        }
        assert_eq!(ann.balance().await.1, 10);
        assert_eq!(stock(world, CHAIR).await, (Some(9), 0, 1));
    })
    .await;
}

#[tokio::test]
async fn whoever_has_too_little_buys_nothing_and_whoever_has_just_enough_does() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        let one = |sku: &str| json!({ "sku": sku, "quantity": 1 });
        keeper.product("DEAR", json!({ "price_cents": null, "price": { "coins": 1001 } })).await.ok();
        keeper
            .product("FAIR", json!({ "price_cents": null, "price": { "coins": 250 }, "grants": { "gems": 10 } }))
            .await
            .ok();
        let before = AsItWas::see(world, &ann).await;
        buy(&ann, "not-enough", charm()).await.refused(Code::InsufficientFunds);
        buy(&ann, "not-enough", one("DEAR")).await.refused(Code::InsufficientFunds);
        let five = json!({ "sku": "FAIR", "quantity": 5 });
        buy(&ann, "not-enough", five).await.refused(Code::InsufficientFunds);
        assert_eq!(AsItWas::see(world, &ann).await, before);
        // What would be won by it does not pay for it.
        let circle = json!({ "price_cents": null, "price": { "coins": 1001 }, "grants": { "coins": 2000 } });
        keeper.product("CIRCLE", circle).await.ok();
        buy(&ann, "not-enough", one("CIRCLE")).await.refused(Code::InsufficientFunds);
        let bought =
            buy(&ann, "not-enough", json!({ "sku": "FAIR", "quantity": 4, "expected_total": 1000 })).await.ok();
        assert_eq!(
            (&bought["balance"], &bought["gems"], &bought["currency"]),
            (&json!(0), &json!(40), &json!("coins"))
        );
        // Five at once who all could, one by one.
        let answers = join_all(
            (0..5)
                .map(async |number| patiently(async || buy(&ann, &format!("charm-no-{number}"), charm()).await).await),
        );
        let (bought, refused): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(bought.len(), 1);
        refused.iter().for_each(|answer| drop(answer.refused(Code::InsufficientFunds)));
        assert_eq!(ann.balance().await, (0, 0, 3));
        let items = ann.get("/api/users/inventory").await.ok();
        assert_eq!((&items["items"][0]["item_id"], &items["items"][0]["count"]), (&json!("lucky_charm"), &json!(1)));
    })
    .await;
}

#[tokio::test]
async fn what_is_paid_in_play_currency_is_one_write_of_at_most_thirteen_units() {
    play(async |world| {
        let ann = world.newcomer("thrifty").await;
        some_gems(&ann, "first-of-all").await;
        some_gems(&ann, "second-of-all").await;
        for (key, repeat) in [("k".repeat(36), "TransactWriteItems"), ("k".repeat(128), "GetItem")] {
            world.wire.take();
            buy(&ann, &key, charm()).await.ok();
            let passed = world.wire.take();
            // Who asks, and what it costs; then player, entry, purchase, sale and item, and that the product is as it was read.
            assert_eq!(operations(&passed), ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]);
            assert!(write_units(&passed) <= 13.0, "{passed:?}");
            // A repeat is told by the write that it would be, or, with too few gems left for it, by a read.
            buy(&ann, &key, charm()).await.ok();
            assert_eq!(operations(&world.wire.take()), ["BatchGetItem", "BatchGetItem", repeat]);
        }
        assert_eq!(ann.balance().await.1, 20);
    })
    .await;
}

#[tokio::test]
async fn what_is_paid_by_card_is_four_writes_of_at_most_thirty_two_units_together() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("thrifty").await);
        keeper.package(CHAIR, json!({ "stock": 10 })).await.ok();
        keeper.promo("TENTH", json!({ "off_percent": 10, "max_uses": 10 })).await.ok();
        let chair = json!({ "code": CHAIR, "quantity": 1, "payment_token": "ok", "promo_code": "TENTH" });
        for key in ["k".repeat(36), "k".repeat(128)] {
            world.wire.take();
            buy_many(&ann, &key, chair.clone()).await.ok();
            let passed = world.wire.take();
            // Reserved, authorized, captured, granted: each is written before the gateway is asked for the next.
            let writes = operations(&passed).iter().filter(|operation| **operation == "TransactWriteItems").count();
            assert_eq!(writes, 4);
            assert!(write_units(&passed) <= 32.0, "{passed:?}");
        }
    })
    .await;
}
