//! What is paid for and finds no room in the balance is paid back.

use std::time::Duration;

use croupier_rules::{
    money::MOST,
    shop::purchase::{Purchase, Reason, State},
};
use croupier_tests::{
    fate::{Asked, Blow, Fate},
    seat::{Answer, Seat},
    stripe::{Call, Fault, Stripe},
    world::World,
};
use croupier_web::error::Code;
use serde_json::json;

use super::{
    super::{Keeper, buy, buy_many, crowd, stock},
    worlds::{at_the_stand_in, transactions},
};

const PACK: &str = "HANDFUL";
const LEASE: Duration = Duration::from_secs(31);

/// Puts on sale what leaves room for 50 coins in the balance of a newcomer, and a limited package of 100.
async fn open(world: &World) {
    let keeper = Keeper::of(world).await;
    let nearly_all = json!({ "price_cents": 100, "grants": { "coins": MOST - 1050 } });
    keeper.product("NEARLY_ALL", nearly_all).await.ok();
    keeper.package(PACK, json!({ "stock": 100 })).await.ok();
}

/// Begins to buy, and is rich before it is paid.
async fn begins_and_is_rich(world: &World, stripe: &Stripe, buyer: &Seat) -> Purchase {
    let begun = pack(world, buyer).await;
    assert_eq!(begun.status, 202, "{}", begun.body);
    let rich = json!({ "sku": "NEARLY_ALL", "quantity": 1, "payment_token": "pm_card_visa" });
    assert_eq!(buy(buyer, "nearly-all-there-is", rich).await.ok()["balance"], MOST - 50);
    let purchase = the_pack(world, buyer).await;
    assert_eq!(purchase.state, State::Pending);
    stripe.payer_confirms(purchase.id);
    purchase
}

async fn pack(world: &World, buyer: &Seat) -> Answer {
    let what = json!({ "code": PACK, "quantity": 1, "payment_token": "pm_card_authenticationRequired" });
    Asked::of("buy-limited", "one-pack", what).by(world, buyer).await
}

async fn the_pack(world: &World, buyer: &Seat) -> Purchase {
    let purchases = transactions(world, Some(buyer.id.parse().expect("an id"))).await;
    purchases.into_iter().find(|purchase| purchase.sku.as_str() == PACK).expect("a purchase")
}

async fn is_paid_back(world: &World, stripe: &Stripe, buyer: &Seat) {
    let purchase = the_pack(world, buyer).await;
    assert_eq!((purchase.state, purchase.reason), (State::Refunded, Some(Reason::NoRoom)));
    assert_eq!(stripe.effects()[&format!("{}.refund", purchase.id)], 1);
    pack(world, buyer).await.refused(Code::BalanceLimit);
    assert_eq!(buyer.balance().await.0, MOST - 50);
}

#[tokio::test]
async fn money_for_which_there_is_no_room_in_the_balance_goes_back() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        let buyer = crowd(world, 1).await.remove(0);
        begins_and_is_rich(world, stripe, &buyer).await;
        assert_eq!(stock(world, PACK).await, (Some(99), 1, 0));
        pack(world, &buyer).await.refused(Code::BalanceLimit);
        is_paid_back(world, stripe, &buyer).await;
        assert_eq!((stripe.captured(), stripe.refunded()), (600, 500));
        assert_eq!(stock(world, PACK).await, (Some(100), 0, 0));
        let history = buyer.history().await;
        assert_eq!((&history[0]["action"], &history[0]["delta_coin"]), (&json!("PURCHASE_FAIL"), &json!(0)));
        assert_eq!(history[0]["detail"]["reason"], "no_room");
        let transaction = &buyer.get("/api/shop/transactions").await.ok()["items"][1];
        assert_eq!((&transaction["status"], &transaction["reason"]), (&json!("refunded"), &json!("no_room")));
        // Whoever has no room to begin with is not made to pay first.
        let what = json!({ "code": PACK, "quantity": 1, "payment_token": "pm_card_visa" });
        buy_many(&buyer, "another-pack", what).await.refused(Code::BalanceLimit);
        assert_eq!(stripe.captured(), 600);
    })
    .await;
}

#[tokio::test]
async fn it_goes_back_once_whoever_ends_in_the_middle_and_whatever_the_gateway_says() {
    at_the_stand_in(async |world, stripe| {
        open(world).await;
        let mut buyers = crowd(world, 40).await.into_iter();
        for call in 1.. {
            let buyer = buyers.next().expect("enough of them");
            begins_and_is_rich(world, stripe, &buyer).await;
            let fate = Fate::at(call, Blow::Death);
            fate.befalls(pack(world, &buyer)).await;
            world.pass(LEASE);
            world.sweep().await;
            is_paid_back(world, stripe, &buyer).await;
            if !fate.struck() {
                assert!(call > 10, "{call}");
                break;
            }
        }
        for fault in [Fault::LostRequest, Fault::LostReply, Fault::Error, Fault::Garbled] {
            let buyer = buyers.next().expect("enough of them");
            begins_and_is_rich(world, stripe, &buyer).await;
            stripe.plan(Call::Refund, &[fault; 4]);
            // It will not be granted: that is certain before the gateway is heard.
            pack(world, &buyer).await.refused(Code::BalanceLimit);
            stripe.behave();
            world.pass(LEASE);
            world.sweep().await;
            is_paid_back(world, stripe, &buyer).await;
        }
        assert_eq!(stock(world, PACK).await, (Some(100), 0, 0));
    })
    .await;
}
