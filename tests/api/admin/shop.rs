//! What operators sell, and what becomes of what was bought.

use std::time::Duration;

use croupier_tests::{
    seat::{Answer, Seat},
    wire::Fault,
    world::play,
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{USERS, entries};

async fn put(admin: &Seat, path: &str, body: &Value) -> Answer {
    Answer::to(admin.request(Method::PUT, &format!("/api/admin/{path}")).json(body)).await
}

async fn listed(admin: &Seat, what: &str) -> Vec<Value> {
    admin.pages(&format!("/api/admin/{what}?limit=3")).await.concat()
}

/// A body with another value in a field, or without it.
fn with(body: &Value, field: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[field] = value;
    body
}

fn huge() -> Value {
    json!({ "id": 1005, "name": "Cellar of Coins", "price_cents": 9999, "grants": { "coins": 6000 }, "discount_percent": 10 })
}

#[tokio::test]
async fn a_product_is_made_changed_and_sold_as_it_is() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("buyer").await);
        let made = put(&admin, "products/coin_pack_huge", &huge()).await.ok();
        assert_eq!(
            (&made["sku"], &made["revision"], &made["is_active"]),
            (&json!("COIN_PACK_HUGE"), &json!(1), &json!(true))
        );
        // The same once more changes nothing, and leaves no entry.
        assert_eq!(put(&admin, "products/COIN_PACK_HUGE", &huge()).await.ok(), made);
        let cheaper = with(&with(&huge(), "id", Value::Null), "price_cents", json!(5000));
        assert_eq!(put(&admin, "products/COIN_PACK_HUGE", &cheaper).await.ok()["revision"], 2);
        let what = json!({ "product_id": 1005, "quantity": 1, "expected_total": 4500, "payment_token": "ok" });
        assert_eq!(seat.post_keyed("/api/shop/buy", "purchase-1", what.clone()).await.ok()["balance"], 7000);
        put(&admin, "products/COIN_PACK_HUGE", &with(&cheaper, "is_active", json!(false))).await.ok();
        seat.post_keyed("/api/shop/buy", "purchase-2", what).await.refused(Code::Disabled);
        assert_eq!(listed(&admin, "products").await.len(), 7);
        let told = entries(&admin, "action=PRODUCT_UPSERT&target=COIN_PACK_HUGE").await;
        let prices: Vec<_> = told.iter().map(|entry| &entry["after"]["price"]["cents"]).collect();
        assert_eq!(prices.len(), 3);
        assert!(told.iter().any(|entry| entry["before"].is_null() && entry["after"]["price"]["cents"] == 9999));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_product_is_not_made() {
    play(async |world| {
        let admin = world.admin().await;
        for (field, value, wrong) in [
            ("id", Value::Null, "id"),
            ("id", json!(0), "id"),
            ("name", json!(""), "name"),
            ("price_cents", Value::Null, "price_cents"),
            ("price_cents", json!(0), "price"),
            ("price_cents", json!(-1), "price_cents"),
            ("price", json!({ "gems": 5 }), "price"),
            ("grants", json!({}), "grants"),
            ("grants", json!({ "items": [{ "item_id": "nothing", "count": 1 }] }), "grants.items[0].item_id"),
            ("discount_percent", json!(101), "discount_percent"),
            ("min_rank", json!("KING"), "min_rank"),
        ] {
            let answer = put(&admin, "products/HUGE", &with(&huge(), field, value.clone())).await;
            assert_eq!(answer.wrong_field(), wrong, "{field}: {value}");
        }
        put(&admin, "products/HUGE", &with(&huge(), "id", json!(1001))).await.refused(Code::Taken);
        put(&admin, "products/WEEKEND_STARTER", &huge()).await.refused(Code::Taken);
        put(&admin, "products/no-sku", &huge()).await.refused(Code::NotFound);
        let renumbered = put(&admin, "products/COIN_PACK_SMALL", &huge()).await;
        assert_eq!(renumbered.wrong_field(), "id");
        assert_eq!(listed(&admin, "products").await.len(), 6);
        assert!(entries(&admin, "action=PRODUCT_UPSERT").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_limited_package_is_made_changed_and_taken_off_sale() {
    play(async |world| {
        let admin = world.admin().await;
        let spring = json!({
            "name": "Spring Sale", "price_cents": 999, "grants": { "coins": 1500 }, "stock": 500, "per_user_limit": 2,
        });
        let made = put(&admin, "limited-packages/SPRING", &spring).await.ok();
        assert_eq!(
            [&made["stock"], &made["free"], &made["held"], &made["sold"]],
            [&json!(500), &json!(500), &json!(0), &json!(0)]
        );
        let change = async |change: Value| admin.patch("/api/admin/limited-packages/SPRING", change).await;
        assert_eq!(change(json!({ "stock": 10, "is_active": false })).await.ok()["free"], 10);
        let end = world.now().after(Duration::from_secs(60));
        let changed = change(json!({ "ends_at": end, "per_user_limit": null, "stock": null })).await.ok();
        assert_eq!(
            [&changed["ends_at"], &changed["per_user_limit"], &changed["free"]],
            [&json!(end), &Value::Null, &Value::Null]
        );
        assert_eq!(change(json!({ "starts_at": end })).await.wrong_field(), "ends_at");
        assert_eq!(change(json!({ "stock": -1 })).await.wrong_field(), "stock");
        assert_eq!(change(json!({})).await.ok()["revision"], 3);
        let without = json!({ "name": "Spring Sale", "price_cents": 999, "grants": { "coins": 1500 } });
        assert_eq!(put(&admin, "limited-packages/SPRING", &without).await.wrong_field(), "stock");
        admin.patch("/api/admin/limited-packages/NOTHING", json!({})).await.refused(Code::NotFound);
        put(&admin, "limited-packages/LUCKY_CHARM", &spring).await.refused(Code::Taken);
        assert_eq!(listed(&admin, "limited-packages").await.len(), 3);
        assert_eq!(entries(&admin, "action=LIMITED_UPSERT&target=SPRING").await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_promo_code_and_a_campaign_are_made_and_changed() {
    play(async |world| {
        let admin = world.admin().await;
        let made = put(&admin, "promos/spring10", &json!({ "off_percent": 10, "max_uses": 500 })).await.ok();
        assert_eq!((&made["code"], &made["used"], &made["max_uses"]), (&json!("SPRING10"), &json!(0), &json!(500)));
        let other = put(&admin, "promos/SPRING10", &json!({ "off_cents": 100 })).await.ok();
        assert_eq!(
            (&other["off_percent"], &other["max_uses"], &other["revision"]),
            (&Value::Null, &Value::Null, &json!(2))
        );
        for (body, wrong) in [
            (json!({}), "off_percent"),
            (json!({ "off_percent": 10, "off_cents": 1 }), "off_percent"),
            (json!({ "off_percent": 0 }), "off_percent"),
            (json!({ "off_percent": 101 }), "off_percent"),
            (json!({ "off_cents": 1, "max_uses": -1 }), "max_uses"),
        ] {
            let field = put(&admin, "promos/SPRING10", &body).await.wrong_field();
            assert!(field == wrong || field == "off_cents", "{body}: {field}");
        }
        assert_eq!(entries(&admin, "action=PROMO_UPSERT").await.len(), 2);

        let (from, until) = (world.now(), world.now().after(Duration::from_secs(60)));
        let campaign = json!({
            "name": "Spring", "audience": "all", "reward": { "reward_type": "COIN", "amount": 10 },
            "starts_at": from, "ends_at": until, "budget": 5,
        });
        let path = "/api/admin/campaigns";
        world.wire.plan("TransactWriteItems", &[Fault::LostReply, Fault::Collision]);
        let made = join_all((0..5).map(|_| admin.post_keyed(path, "spring-2027", campaign.clone()))).await;
        assert!(made.iter().all(|answer| answer.ok() == made[0].ok()));
        admin.post(path, campaign.clone()).await.refused(Code::IdempotencyKeyRequired);
        let another = with(&campaign, "budget", json!(6));
        admin.post_keyed(path, "spring-2027", another).await.refused(Code::IdempotencyKeyReused);
        for (field, value) in [
            ("ends_at", json!(from)),
            ("budget", json!(0)),
            ("audience", json!({ "rank": "KING" })),
            ("audience", json!({ "user_ids": [] })),
            ("reward", json!({ "reward_type": "ITEM", "amount": 1 })),
        ] {
            let wrong = admin.post_keyed(path, "spring-2028", with(&campaign, field, value)).await.wrong_field();
            assert!(wrong.starts_with(field), "{field}: {wrong}");
        }
        assert_eq!(listed(&admin, "campaigns").await.len(), 1);
        assert_eq!(entries(&admin, "action=CAMPAIGN_CREATE").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_new_shop_is_stocked_once() {
    play(async |world| {
        let admin = world.admin().await;
        // This one is stocked already: nothing is made twice, nothing is made anew.
        let seed = async || admin.post("/api/admin/shop/seed", json!({})).await.ok();
        assert_eq!(seed().await, json!({ "created": [] }));
        assert!(entries(&admin, "").await.is_empty());
        assert_eq!(listed(&admin, "products").await.len(), 6);
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_waits_is_settled_or_given_up_by_an_operator() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("buyer").await);
        let what = json!({ "sku": "COIN_PACK_SMALL", "quantity": 1, "payment_token": "pending" });
        let mut bought = Vec::new();
        for number in 0..3 {
            let answer = seat.post_keyed("/api/shop/buy", &format!("purchase-{number}"), what.clone()).await;
            assert_eq!(answer.status, 202);
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            bought.push(body["transaction_id"].as_str().unwrap().to_owned());
        }
        let settle = async |id: &str, outcome: &str| {
            admin.post(&format!("/api/admin/transactions/{id}/settle"), json!({ "outcome": outcome })).await
        };
        // The gateway still waits for the payer.
        assert_eq!(settle(&bought[0], "settle").await.ok()["status"], "pending");
        assert_eq!(settle(&bought[1], "void").await.ok()["status"], "voided");
        settle(&bought[1], "void").await.refused(Code::NotOpen);
        seat.post_keyed("/api/shop/buy", "purchase-1", what.clone()).await.refused(Code::PaymentVoided);
        world.pass(Duration::from_secs(30));
        assert_eq!(settle(&bought[0], "settle").await.ok()["status"], "success");
        settle(&bought[0], "settle").await.refused(Code::NotOpen);
        settle("pur_01MCC5RM00000000000000001A", "settle").await.refused(Code::NotFound);
        assert_eq!(seat.balance().await.0, 1100);

        let find = async |query: &str| admin.pages(&format!("/api/admin/transactions?limit=2{query}")).await.concat();
        assert_eq!(find("").await.len(), 3);
        assert_eq!(find("&status=voided").await[0]["transaction_id"], json!(bought[1]));
        assert_eq!(find(&format!("&user_id={}&status=pending", seat.id)).await[0]["transaction_id"], json!(bought[2]));
        assert!(find(&format!("&user_id={}", admin.id)).await.is_empty());
        let told = |action: &str| format!("action={action}");
        assert_eq!(entries(&admin, &told("TRANSACTION_SETTLE")).await.len(), 2);
        let void = entries(&admin, &told("TRANSACTION_VOID")).await;
        assert_eq!(
            (void.len(), &void[0]["before"]["status"], &void[0]["after"]["status"]),
            (1, &json!("pending"), &json!("voided"))
        );
    })
    .await;
}

#[tokio::test]
async fn an_operator_corrects_a_balance_with_a_reason_and_reads_the_ledger() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("player").await);
        let path = format!("{USERS}/{}/adjust", seat.id);
        let adjust = async |key: &str, body: Value| admin.post_keyed(&path, key, body).await;
        let body = json!({ "coins": -400, "gems": 5, "reason": "A round was lost on the way" });
        let answers = join_all((0..10).map(|_| adjust("adjust-1", body.clone()))).await;
        assert!(answers.iter().all(|answer| answer.ok() == answers[0].ok()));
        assert_eq!(seat.balance().await, (600, 5, 2));
        adjust("adjust-2", json!({ "coins": -601, "reason": "Too much" })).await.refused(Code::InsufficientFunds);
        for (wrong, field) in [
            (json!({ "reason": "Nothing" }), "coins"),
            (json!({ "coins": 0, "reason": "Nothing" }), "coins"),
            (json!({ "coins": 1_000_001, "reason": "Too much" }), "coins"),
            (json!({ "coins": 1 }), "reason"),
        ] {
            assert_eq!(adjust("adjust-3", wrong).await.wrong_field(), field);
        }
        admin.post(&path, body).await.refused(Code::IdempotencyKeyRequired);
        let entry = &entries(&admin, "action=USER_ADJUST").await[0];
        assert_eq!(
            (&entry["before"], &entry["after"]),
            (&json!({ "coins": 1000, "gems": 0 }), &json!({ "coins": 600, "gems": 5 }))
        );

        let ledger = admin.pages(&format!("{USERS}/{}/history?limit=1", seat.id)).await.concat();
        assert_eq!(ledger, seat.history().await);
        assert_eq!(ledger[0]["detail"], json!({ "by": admin.id, "reason": "A round was lost on the way" }));
        admin.get(&format!("{USERS}/nobody/history")).await.refused(Code::NotFound);
    })
    .await;
}
