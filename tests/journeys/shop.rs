//! Journeys of whoever buys, is given something, and gives something back.

use croupier_tests::{
    live::Live,
    seat::{Answer, Seat, Site},
    world::journey,
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{admin, unused};

async fn buy(seat: &Seat, key: &str, what: Value) -> Answer {
    seat.post_keyed("/api/shop/buy", key, what).await
}

/// A limited package of which there are so many, under a code that nobody has.
async fn package(admin: &Seat, stock: u64) -> String {
    let code = unused("PACK").replace('-', "_").to_uppercase();
    let terms = json!({ "name": "For a journey", "price_cents": 499, "grants": { "coins": 600 }, "stock": stock });
    let made =
        Answer::to(admin.request(reqwest::Method::PUT, &format!("/api/admin/limited-packages/{code}")).json(&terms));
    assert_eq!(made.await.ok()["free"], stock);
    code
}

/// How many of a package are free, held and sold.
async fn stock(admin: &Seat, code: &str) -> [u64; 3] {
    let packages = admin.pages("/api/admin/limited-packages?limit=100").await.concat();
    let package = packages.iter().find(|package| package["code"] == code).expect("the package");
    ["free", "held", "sold"].map(|part| package[part].as_u64().expect("a number"))
}

#[tokio::test]
async fn a_player_buys_and_sees_it_live() {
    journey(async |site: &Site| {
        let seat = site.newcomer(&unused("buyer")).await;
        let mut live = Live::open(&seat).await;
        let catalog = seat.pages("/api/shop/catalog?limit=100").await.concat();
        let gems = catalog.iter().find(|product| product["sku"] == "GEM_PACK_SMALL").expect("a shop that sells gems");
        let what = json!({
            "sku": "GEM_PACK_SMALL",
            "quantity": 1,
            "expected_total": gems["discounted_price_cents"],
            "payment_token": "ok",
        });
        let bought = buy(&seat, "journey-of-gems", what.clone()).await;
        assert_eq!((&bought.ok()["status"], &bought.ok()["gems"]), (&json!("success"), &gems["grants"]["gems"]));
        let again = buy(&seat, "journey-of-gems", what).await;
        assert_eq!((again.replayed(), &again.body), (true, &bought.body));
        for (news, status) in live.next_many(2).await.iter().zip(["pending", "success"]) {
            assert_eq!((&news["type"], &news["status"]), (&json!("purchase_update"), &json!(status)));
            assert_eq!(news["transaction_id"], bought.ok()["transaction_id"]);
        }
        let charm = buy(&seat, "journey-of-a-charm", json!({ "product_id": 2001, "quantity": 1 })).await.ok();
        assert_eq!((&charm["gems"], &charm["currency"]), (&json!(10), &json!("gems")));
        let inventory = seat.get("/api/users/inventory").await.ok();
        assert_eq!(inventory["items"][0]["item_id"], "lucky_charm");
        let declined = json!({ "sku": "COIN_PACK_SMALL", "quantity": 1, "payment_token": "declined" });
        buy(&seat, "journey-of-a-card", declined).await.refused(Code::PaymentDeclined);
        let transactions = seat.pages("/api/shop/transactions?limit=2").await.concat();
        let statuses: Vec<_> = transactions.iter().map(|item| item["status"].as_str().unwrap_or_default()).collect();
        assert_eq!(statuses.len(), 3);
        assert_eq!(statuses.iter().filter(|status| **status == "success").count(), 2);
    })
    .await;
}

#[tokio::test]
async fn of_many_who_want_the_last_three_three_get_them() {
    journey(async |site: &Site| {
        let admin = admin(site).await;
        let code = package(&admin, 3).await;
        let mut buyers = Vec::new();
        for _ in 0..6 {
            buyers.push(site.newcomer(&unused("crowd")).await);
        }
        let what = json!({ "code": code, "quantity": 1, "payment_token": "ok" });
        let tries =
            buyers.iter().map(|buyer| buyer.post_keyed("/api/shop/buy-limited", "journey-of-a-crowd", what.clone()));
        let answers = join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 3);
        assert_eq!(answers.iter().filter(|answer| answer.code() == "OUT_OF_STOCK").count(), 3);
        assert_eq!(stock(&admin, &code).await, [0, 0, 3]);
        let more = json!({ "stock": 4 });
        admin.patch(&format!("/api/admin/limited-packages/{code}"), more).await.ok();
        let late = &buyers[answers.iter().position(|answer| answer.status != 200).expect("one who got none")];
        let hold = late.post("/api/shop/holds", json!({ "code": code, "quantity": 1 })).await.ok();
        assert_eq!(stock(&admin, &code).await, [0, 1, 3]);
        let place = format!("/api/shop/holds/{}", hold["hold_id"].as_str().expect("an id"));
        late.delete(&place).await.ok();
        assert_eq!(stock(&admin, &code).await, [1, 0, 3]);
        let pay = json!({ "payment_token": "ok" });
        late.post_keyed(&format!("{place}/finalize"), "journey-of-a-hold", pay).await.refused(Code::HoldResolved);
    })
    .await;
}

#[tokio::test]
async fn what_is_refunded_is_taken_back_and_what_is_spent_of_it_is_owed() {
    journey(async |site: &Site| {
        let (seat, admin) = (site.newcomer(&unused("regret")).await, admin(site).await);
        let pack = json!({ "sku": "COIN_PACK_SMALL", "quantity": 2, "expected_total": 598, "payment_token": "ok" });
        let bought = buy(&seat, "journey-of-regret", pack).await.ok();
        let (coins, ..) = seat.balance().await;
        assert_eq!(coins, 1200);
        let take = json!({ "coins": -1100, "reason": "A part of a journey" });
        admin.post_keyed(&format!("/api/admin/users/{}/adjust", seat.id), &unused("adjust"), take).await.ok();
        let place = format!("/api/admin/transactions/{}/refund", bought["transaction_id"].as_str().expect("an id"));
        let refunded = admin.post_keyed(&place, &unused("refund"), json!({ "reason": "Bought by a child" })).await.ok();
        assert_eq!((&refunded["status"], &refunded["balance"]), (&json!("refunded"), &json!(0)));
        let twice = admin.post_keyed(&place, &unused("refund"), json!({ "reason": "Bought by a child" })).await;
        twice.refused(Code::NotRefundable);
        let balance = seat.get("/api/users/balance").await.ok();
        assert_eq!(balance["debt"], json!({ "coins": 100, "gems": 0 }));
        let reward = json!({
            "user_id": seat.id, "reward_type": "COIN", "amount": 250, "source_description": "For a journey",
        });
        admin.post_keyed("/api/rewards", &unused("reward"), reward).await.ok();
        let entry = &seat.history().await[0];
        assert_eq!(
            (&entry["action"], &entry["delta_coin"], &entry["balance_coin"]),
            (&json!("REWARD_GRANT"), &json!(150), &json!(150))
        );
        let rewards = seat.pages(&format!("/api/rewards/users/{}/rewards?limit=10", seat.id)).await.concat();
        assert_eq!((rewards.len(), &rewards[0]["reward_value"]), (1, &json!(250)));
    })
    .await;
}

#[tokio::test]
async fn a_campaign_gives_as_often_as_its_budget_says_and_once_to_each() {
    journey(async |site: &Site| {
        let admin = admin(site).await;
        let players = [site.newcomer(&unused("early")).await, site.newcomer(&unused("late")).await];
        let ids: Vec<_> = players.iter().map(|player| player.id.clone()).collect();
        let campaign = json!({
            "name": "For a journey",
            "audience": { "user_ids": ids },
            "reward": { "reward_type": "GEM", "amount": 5 },
            "starts_at": "2026-01-01T00:00:00.000Z",
            "ends_at": "2099-01-01T00:00:00.000Z",
            "budget": 1,
        });
        let made = admin.post_keyed("/api/admin/campaigns", &unused("campaign"), campaign).await.ok();
        let claim = format!("/api/campaigns/{}/claim", made["id"].as_str().expect("an id"));
        let claims = join_all(players.iter().map(|player| player.post(&claim, json!({})))).await;
        assert_eq!(claims.iter().filter(|claim| claim.status == 200).count(), 1);
        assert_eq!(claims.iter().filter(|claim| claim.code() == "BUDGET_SPENT").count(), 1);
        let lucky = &players[claims.iter().position(|claim| claim.status == 200).expect("one who claimed")];
        assert_eq!(lucky.balance().await.1, 5);
        lucky.post(&claim, json!({})).await.refused(Code::AlreadyClaimed);
        site.newcomer(&unused("stranger")).await.post(&claim, json!({})).await.refused(Code::NotFound);
    })
    .await;
}
