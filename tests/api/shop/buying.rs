//! Buying what is always on sale.

use std::time::Duration;

use croupier_rules::money::MOST;
use croupier_tests::world::play;
use croupier_web::error::Code;
use serde_json::{Value, json};

use super::{AsItWas, Keeper, buy, buy_limited};

#[tokio::test]
async fn the_catalog_shows_prices_as_they_are_now() {
    play(async |world| {
        let ann = world.newcomer("ann").await;
        let catalog = ann.get("/api/shop/catalog").await;
        assert_eq!(catalog.header("cache-control"), Some("no-store"));
        let items = catalog.ok()["items"].as_array().unwrap().clone();
        let coins = |coins: u64| json!({ "coins": coins, "gems": 0, "items": [] });
        let charm = json!({ "coins": 0, "gems": 0, "items": [{ "item_id": "lucky_charm", "count": 1 }] });
        let expected = [
            (1003, "COIN_PACK_BIG", json!(2499), 12, json!(2199), Value::Null, coins(1200)),
            (1002, "COIN_PACK_MED", json!(1299), 8, json!(1195), Value::Null, coins(550)),
            (1001, "COIN_PACK_SMALL", json!(299), 0, json!(299), Value::Null, coins(100)),
            (1004, "COIN_PACK_VIP", json!(5999), 15, json!(5099), json!("VIP"), coins(3000)),
            (
                1101,
                "GEM_PACK_SMALL",
                json!(499),
                0,
                json!(499),
                Value::Null,
                json!({ "coins": 0, "gems": 50, "items": [] }),
            ),
            (2001, "LUCKY_CHARM", Value::Null, 0, Value::Null, Value::Null, charm),
        ];
        assert_eq!(items.len(), expected.len());
        for (item, (id, sku, price, discount, discounted, rank, grants)) in items.iter().zip(expected) {
            let (play, currency) = if price.is_null() { (json!({ "gems": 40 }), "gems") } else { (Value::Null, "USD") };
            let ends_at = if discount == 15 { json!("2027-07-01T00:00:00.000Z") } else { Value::Null };
            assert!(item["name"].is_string());
            let shown = json!({
                "id": id, "sku": sku, "name": item["name"], "price_cents": price, "discount_percent": discount,
                "discounted_price_cents": discounted, "discount_ends_at": ends_at, "min_rank": rank, "grants": grants,
                "price": play, "currency": currency, "is_active": true,
            });
            assert_eq!(*item, shown);
        }
        // Page by page it is the same.
        assert_eq!(ann.pages("/api/shop/catalog?limit=4").await.concat(), items);
    })
    .await;
}

#[tokio::test]
async fn what_is_paid_is_granted_and_what_is_asked_again_is_answered_again() {
    play(async |world| {
        let ann = world.newcomer("ann").await;
        let pack = json!({ "sku": "COIN_PACK_MED", "quantity": 2, "payment_token": "ok" });
        let bought = buy(&ann, "purchase-1", pack.clone()).await;
        let told = bought.ok();
        let id = told["transaction_id"].as_str().unwrap();
        let expected = json!({
            "transaction_id": id, "status": "success", "sku": "COIN_PACK_MED", "quantity": 2, "total": 2390,
            "currency": "USD", "grants": { "coins": 1100, "gems": 0, "items": [] }, "balance": 2100, "gems": 0,
            "sequence": 3, "charge_id": format!("sbx_ok_{id}"),
            "receipt": {
                "transaction_id": id, "issued_at": world.now(), "sku": "COIN_PACK_MED", "name": "Stack of Coins",
                "quantity": 2, "unit_price": 1299, "discount_percent": 8, "promo_code": null, "total": 2390,
                "currency": "USD",
            },
        });
        assert_eq!(told, expected);
        assert_eq!(ann.balance().await, (2100, 0, 3));
        // Much later it is still the same answer, to the byte.
        ann.spin(50).await.ok();
        world.pass(Duration::from_secs(1700));
        world.sweep().await;
        let again = buy(&ann, "purchase-1", pack).await;
        assert_eq!((again.status, &again.body, again.replayed()), (200, &bought.body, true));
    })
    .await;
}

#[tokio::test]
async fn gems_that_were_bought_buy_an_item_that_is_there() {
    play(async |world| {
        let ann = world.newcomer("ann").await;
        let gems = json!({ "product_id": 1101, "quantity": 2, "payment_token": "ok" });
        assert_eq!(buy(&ann, "purchase-1", gems).await.ok()["gems"], 100);
        let charm = buy(&ann, "purchase-2", json!({ "product_id": 2001, "quantity": 2 })).await.ok();
        assert_eq!((&charm["gems"], &charm["total"], &charm["currency"]), (&json!(20), &json!(80), &json!("gems")));
        assert_eq!((&charm["charge_id"], &charm["receipt"]["unit_price"]), (&Value::Null, &json!(40)));
        let items = ann.get("/api/users/inventory").await.ok();
        let owned = json!([{ "item_id": "lucky_charm", "name": "Lucky Charm", "rarity": null, "count": 2 }]);
        assert_eq!(items["items"], owned);
        let newest = &ann.history().await[0];
        assert_eq!(
            (&newest["action"], &newest["delta_gem"], &newest["delta_coin"]),
            (&json!("PURCHASE"), &json!(-80), &json!(0))
        );
    })
    .await;
}

#[tokio::test]
async fn a_card_that_does_not_pay_buys_nothing_however_often_it_is_tried() {
    play(async |world| {
        let ann = world.newcomer("ann").await;
        for token in ["declined", "capture_fails", "4242424242424242"] {
            let pack = json!({ "sku": "COIN_PACK_MED", "quantity": 1, "payment_token": token });
            buy(&ann, token, pack.clone()).await.refused(Code::PaymentDeclined);
            let before = AsItWas::see(world, &ann).await;
            for _ in 0..3 {
                buy(&ann, token, pack.clone()).await.refused(Code::PaymentDeclined);
                world.pass(Duration::from_secs(60));
                world.sweep().await;
            }
            assert_eq!(AsItWas::see(world, &ann).await, before);
        }
        assert_eq!(ann.balance().await.0, 1000);
    })
    .await;
}

#[tokio::test]
async fn everyone_finds_their_own_transactions_the_newest_first() {
    play(async |world| {
        let (ann, bob) = (world.newcomer("ann").await, world.newcomer("bob").await);
        let mut bought = Vec::new();
        for (number, token) in ["ok", "declined", "pending", "ok", "capture_fails", "ok"].into_iter().enumerate() {
            world.pass(Duration::from_millis(7));
            let pack = json!({ "sku": "COIN_PACK_SMALL", "quantity": number + 1, "payment_token": token });
            buy(&ann, &format!("purchase-{number}"), pack).await;
            bought.push((token, number + 1));
        }
        buy_limited(&bob, "by-bob-himself", "WEEKEND_STARTER", "ok").await.ok();
        // What is held is none.
        ann.post(super::HOLDS, json!({ "code": "WEEKEND_STARTER", "quantity": 1 })).await.ok();
        let all = ann.pages("/api/shop/transactions?limit=2").await;
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
        for (item, (token, quantity)) in all.concat().iter().zip(bought.iter().rev()) {
            let (status, reason) = match *token {
                "ok" => ("success", Value::Null),
                "pending" => ("pending", Value::Null),
                "declined" => ("failed", json!("declined")),
                _ => ("failed", json!("capture_failed")),
            };
            assert_eq!((&item["status"], &item["reason"]), (&json!(status), &reason));
            assert_eq!((&item["quantity"], &item["total"]), (&json!(quantity), &json!(299 * quantity)));
            assert_eq!(item["user_id"], ann.id);
        }
        for (status, many) in [("success", 3), ("failed", 2), ("pending", 1), ("authorized", 0), ("voided", 0)] {
            let found = ann.pages(&format!("/api/shop/transactions?limit=1&status={status}")).await.concat();
            assert_eq!(found.len(), many, "{status}");
            assert!(found.iter().all(|item| item["status"] == status));
        }
        assert_eq!(bob.pages("/api/shop/transactions?limit=100").await.concat().len(), 1);
        assert_eq!(ann.get("/api/shop/transactions?status=lost").await.wrong_field(), "status");
        // A cursor of one list is none of another.
        let cursor = ann.get("/api/shop/transactions?limit=1").await.ok()["next_cursor"].as_str().unwrap().to_owned();
        let elsewhere = format!("/api/shop/transactions?status=success&cursor={cursor}");
        ann.get(&elsewhere).await.refused(Code::CursorInvalid);
    })
    .await;
}

#[tokio::test]
async fn whoever_has_no_room_for_more_pays_nothing_or_has_it_back() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        let half = json!({ "grants": { "coins": MOST / 2 } });
        keeper.product("HALF", half).await.ok();
        let pack = |quantity: u32, token: &str| json!({ "sku": "HALF", "quantity": quantity, "payment_token": token });
        let before = AsItWas::see(world, &ann).await;
        for too_many in [2, 99] {
            buy(&ann, "too-many", pack(too_many, "ok")).await.refused(Code::BalanceLimit);
        }
        assert_eq!(AsItWas::see(world, &ann).await, before);
        // One by one there is room for either, and both payments wait for the payer.
        for key in ["the-one-half", "the-other-half"] {
            assert_eq!(buy(&ann, key, pack(1, "pending")).await.status, 202);
        }
        world.pass(Duration::from_secs(30));
        assert_eq!(buy(&ann, "the-one-half", pack(1, "pending")).await.ok()["balance"], 1000 + MOST / 2);
        buy(&ann, "the-other-half", pack(1, "pending")).await.refused(Code::BalanceLimit);
        let paid_back = &ann.get("/api/shop/transactions?status=refunded").await.ok()["items"];
        assert_eq!((&paid_back[0]["reason"], paid_back[1].is_null()), (&json!("no_room"), true));
        let before = AsItWas::see(world, &ann).await;
        buy(&ann, "the-other-half", pack(1, "pending")).await.refused(Code::BalanceLimit);
        buy(&ann, "one-more-half", pack(1, "ok")).await.refused(Code::BalanceLimit);
        assert_eq!(AsItWas::see(world, &ann).await, before);
    })
    .await;
}
