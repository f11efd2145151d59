//! What was spent of what is refunded is owed, and whatever is gained pays it first.

use croupier_tests::{
    seat::{Answer, Seat},
    world::play,
};
use croupier_web::error::Code;
use serde_json::{Value, json};

use super::{bought, name, refund, two};

/// What a player owns and owes: coins, gems, and the same owed.
async fn worth(seat: &Seat) -> [u64; 4] {
    let balance = seat.get("/api/users/balance").await.ok();
    let [coins, gems] = [&balance["cyber_token_balance"], &balance["gems"]];
    [coins, gems, &balance["debt"]["coins"], &balance["debt"]["gems"]].map(|value| value.as_u64().expect("a number"))
}

/// What the last entry of a ledger says: what moved the balance of coins, what is there, and what is owed.
async fn last(seat: &Seat) -> (String, i64, u64, u64) {
    let entry = seat.history().await.remove(0);
    let number = |field: &str| entry[field].as_u64().expect("a number");
    let action = entry["action"].as_str().expect("a name").to_owned();
    (action, entry["delta_coin"].as_i64().expect("a number"), number("balance_coin"), number("debt_coin"))
}

async fn pulls(seat: &Seat, many: u32) -> Answer {
    seat.post("/api/games/gacha/pull", json!({ "pull_count": many })).await
}

fn says(action: &str, moved: i64, owns: u64, owes: u64) -> (String, i64, u64, u64) {
    (action.to_owned(), moved, owns, owes)
}

#[tokio::test]
async fn what_is_spent_is_owed_and_paid_by_whatever_comes_in() {
    play(async |world| {
        let (admin, buyer) = two(world).await;
        let pack = bought(&buyer, "COIN_PACK_MED").await;
        pulls(&buyer, 30).await.ok();
        assert_eq!(worth(&buyer).await, [200, 0, 0, 0]);
        let back = refund(&admin, name(&pack), "med-back").await.ok();
        assert_eq!((&back["balance"], &back["status"]), (&json!(0), &json!("refunded")));
        assert_eq!(worth(&buyer).await, [0, 0, 350, 0]);
        assert_eq!(last(&buyer).await, says("PURCHASE_REFUND", -200, 0, 350));
        let told = super::operators(&admin, name(&pack)).await;
        assert_eq!(told[0]["after"]["owed"]["coins"], 350, "{told:?}");

        // Whoever owes has nothing to play for.
        buyer.spin(1).await.refused(Code::InsufficientFunds);
        pulls(&buyer, 1).await.refused(Code::InsufficientFunds);

        buyer.post("/api/missions/first_play/claim", json!({})).await.ok();
        assert_eq!(last(&buyer).await, says("MISSION_CLAIM", 0, 0, 250));
        let reward = json!({
            "user_id": buyer.id, "reward_type": "COIN", "amount": 70, "source_description": "Sorry.",
        });
        admin.post_keyed("/api/rewards", "a-small-reward", reward).await.ok();
        assert_eq!(last(&buyer).await, says("REWARD_GRANT", 0, 0, 180));
        let small = bought(&buyer, "COIN_PACK_SMALL").await;
        assert_eq!((&small["balance"], &small["grants"]["coins"]), (&json!(0), &json!(100)));
        assert_eq!(last(&buyer).await, says("PURCHASE", 0, 0, 80));
        // Gems pay no coins.
        bought(&buyer, "GEM_PACK_SMALL").await;
        assert_eq!(worth(&buyer).await, [0, 50, 80, 0]);
        buyer.post("/api/streak/claim", json!({})).await.ok();
        let (action, moved, owns, owes) = last(&buyer).await;
        assert_eq!((action.as_str(), moved, owes), ("STREAK_CLAIM", 1123 - 80, 0));
        assert_eq!(worth(&buyer).await, [owns, 50, 0, 0]);
        buyer.spin(1).await.ok();
    })
    .await;
}

#[tokio::test]
async fn debts_add_up_and_what_was_paid_for_a_debt_can_be_refunded_too() {
    play(async |world| {
        let (admin, buyer) = two(world).await;
        let med = bought(&buyer, "COIN_PACK_MED").await;
        let big = bought(&buyer, "COIN_PACK_BIG").await;
        // 2750 coins, of which 2700 go.
        pulls(&buyer, 60).await.ok();
        assert_eq!(worth(&buyer).await, [50, 0, 0, 0]);
        refund(&admin, name(&med), "med-back").await.ok();
        assert_eq!(worth(&buyer).await, [0, 0, 500, 0]);
        refund(&admin, name(&big), "big-back").await.ok();
        assert_eq!(worth(&buyer).await, [0, 0, 1700, 0]);
        assert_eq!(last(&buyer).await, says("PURCHASE_REFUND", 0, 0, 1700));
        // All of it went to pay the debt; taken back, it is owed again.
        let small = bought(&buyer, "COIN_PACK_SMALL").await;
        assert_eq!(worth(&buyer).await, [0, 0, 1600, 0]);
        refund(&admin, name(&small), "small-back").await.ok();
        assert_eq!(worth(&buyer).await, [0, 0, 1700, 0]);
    })
    .await;
}

#[tokio::test]
async fn gems_are_owed_as_coins_are_and_a_price_that_comes_back_pays_for_them() {
    play(async |world| {
        let (admin, buyer) = two(world).await;
        let gems = bought(&buyer, "GEM_PACK_SMALL").await;
        let charm = bought(&buyer, "LUCKY_CHARM").await;
        assert_eq!(worth(&buyer).await, [1000, 10, 0, 0]);
        refund(&admin, name(&gems), "gems-back").await.ok();
        assert_eq!(worth(&buyer).await, [1000, 0, 0, 40]);
        let entry = &buyer.history().await[0];
        assert_eq!(
            (&entry["delta_gem"], &entry["debt_gem"], &entry["delta_coin"]),
            (&json!(-10), &json!(40), &json!(0))
        );
        let charm_again = json!({ "sku": "LUCKY_CHARM", "quantity": 1 });
        super::buy(&buyer, "one-more-charm", charm_again).await.refused(Code::InsufficientFunds);
        // Coins are another matter.
        buyer.spin(1).await.ok();
        let back: Value = refund(&admin, name(&charm), "charm-back").await.ok();
        assert_eq!(back["gems"], 0);
        assert_eq!(worth(&buyer).await[1..], [0, 0, 0]);
        assert_eq!(buyer.get("/api/users/inventory").await.ok()["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn an_operator_who_corrects_a_balance_pays_the_debt_as_well() {
    play(async |world| {
        let (admin, buyer) = two(world).await;
        let pack = bought(&buyer, "COIN_PACK_MED").await;
        pulls(&buyer, 30).await.ok();
        refund(&admin, name(&pack), "med-back").await.ok();
        let path = format!("/api/admin/users/{}/adjust", buyer.id);
        let given = admin.post_keyed(&path, "a-correction", json!({ "coins": 400, "reason": "Never mind." })).await;
        assert_eq!(given.status, 200, "{}", given.body);
        assert_eq!(worth(&buyer).await, [50, 0, 0, 0]);
    })
    .await;
}
