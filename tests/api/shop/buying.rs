//! Buying what is always on sale.

use croupier_tests::world::play;
use croupier_web::error::Code;
use serde_json::json;

use super::{buy, buy_limited};

#[tokio::test]
async fn the_catalog_shows_prices_as_they_are_now() {
    play(async |world| {
        let ann = world.newcomer("ann").await;
        let catalog = ann.get("/api/shop/catalog").await.ok();
        let skus: Vec<_> = catalog["items"].as_array().unwrap().iter().map(|item| item["sku"].clone()).collect();
        assert_eq!(
            skus,
            ["COIN_PACK_BIG", "COIN_PACK_MED", "COIN_PACK_SMALL", "COIN_PACK_VIP", "GEM_PACK_SMALL", "LUCKY_CHARM"]
        );
        println!("{catalog:#}");
    })
    .await;
}

#[tokio::test]
async fn what_is_paid_is_granted_and_what_is_asked_again_is_answered_again() {
    play(async |world| {
        let ann = world.newcomer("ann").await;
        let pack = json!({ "sku": "COIN_PACK_MED", "quantity": 2, "payment_token": "ok" });
        let bought = buy(&ann, "purchase-1", pack.clone()).await;
        println!("{:#}", bought.ok());
        assert_eq!(bought.ok()["balance"], 1000 + 1100);
        let again = buy(&ann, "purchase-1", pack.clone()).await;
        assert_eq!((again.status, &again.body, again.replayed()), (200, &bought.body, true));
        buy(&ann, "purchase-2", json!({ "sku": "LUCKY_CHARM", "quantity": 1 })).await.refused(Code::InsufficientFunds);
        let gems = json!({ "sku": "GEM_PACK_SMALL", "quantity": 1, "payment_token": "ok" });
        buy(&ann, "purchase-3", gems).await.ok();
        let charm = buy(&ann, "purchase-4", json!({ "product_id": 2001, "quantity": 1 })).await.ok();
        assert_eq!((&charm["gems"], &charm["status"]), (&json!(10), &json!("success")));
        let declined = json!({ "sku": "COIN_PACK_MED", "quantity": 2, "payment_token": "declined" });
        buy(&ann, "purchase-5", declined.clone()).await.refused(Code::PaymentDeclined);
        buy(&ann, "purchase-5", declined).await.refused(Code::PaymentDeclined);
        let fails = json!({ "sku": "COIN_PACK_MED", "quantity": 1, "payment_token": "capture_fails" });
        buy(&ann, "purchase-6", fails).await.refused(Code::PaymentDeclined);
        buy_limited(&ann, "purchase-7", "WEEKEND_STARTER", "ok").await.ok();
        buy_limited(&ann, "purchase-8", "WEEKEND_STARTER", "ok").await.refused(Code::UserLimit);
        buy_limited(&ann, "purchase-9", "VIP_BLITZ", "ok").await.refused(Code::RankRequired);
        println!("{:#}", ann.get("/api/shop/transactions").await.ok());
        println!("{:#}", ann.get("/api/shop/limited-packages").await.ok());
        println!("{:#}", ann.get("/api/users/inventory").await.ok());
    })
    .await;
}
