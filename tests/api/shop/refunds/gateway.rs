//! Money that goes back through the gateway: once, whatever is lost and whoever ends in the middle.

use std::time::Duration;

use croupier_rules::{id::PurchaseId, shop::purchase::State};
use croupier_tests::{
    fate::{Asked, Blow, Fate},
    seat::{Answer, Seat},
    stripe::{Call, Fault, Stripe},
    world::World,
};
use croupier_web::error::Code;
use futures_util::future::{join, join_all};
use serde_json::json;

use super::{
    super::{
        buy, crowd,
        payments::worlds::{at_the_stand_in, transactions},
    },
    name, operators, refund,
};

const LEASE: Duration = Duration::from_secs(31);

/// Somebody who has bought something, and what that is called.
async fn owner(buyer: Seat) -> (Seat, PurchaseId) {
    let what = json!({ "sku": "COIN_PACK_MED", "quantity": 1, "payment_token": "pm_card_visa" });
    let bought = buy(&buyer, "a-stack-of-coins", what).await.ok();
    let purchase = name(&bought).parse().expect("an id");
    (buyer, purchase)
}

async fn refunds(world: &World, admin: &Seat, purchase: PurchaseId) -> Answer {
    let asked = Asked::of("admin-refund", &format!("refund-{purchase}"), json!({ "reason": "A mistake." }));
    asked.about("transaction_id", &purchase.to_string()).by(world, admin).await
}

async fn state(world: &World, owner: &Seat) -> State {
    transactions(world, Some(owner.id.parse().expect("an id"))).await[0].state
}

/// That it was refunded, once, as everyone can see.
async fn is_refunded(world: &World, stripe: &Stripe, admin: &Seat, owner: &Seat, purchase: PurchaseId) {
    assert_eq!(state(world, owner).await, State::Refunded);
    assert_eq!(stripe.effects()[&format!("{purchase}.refund")], 1);
    assert_eq!(owner.balance().await, (1000, 0, 4));
    assert_eq!(operators(admin, &purchase.to_string()).await.len(), 1);
}

#[tokio::test]
async fn money_goes_back_the_way_it_came() {
    at_the_stand_in(async |world, stripe| {
        let admin = world.admin().await;
        let (owner, purchase) = owner(crowd(world, 1).await.remove(0)).await;
        assert_eq!((stripe.captured(), stripe.refunded()), (1195, 0));
        let back = refunds(world, &admin, purchase).await.ok();
        assert_eq!((&back["status"], &back["total"]), (&json!("refunded"), &json!(1195)));
        assert_eq!(stripe.refunded(), 1195);
        is_refunded(world, stripe, &admin, &owner, purchase).await;
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_is_not_heard_is_asked_until_it_is() {
    at_the_stand_in(async |world, stripe| {
        let admin = world.admin().await;
        let faults = [Fault::LostRequest, Fault::LostReply, Fault::Error, Fault::Throttled, Fault::Garbled];
        for (buyer, fault) in crowd(world, faults.len()).await.into_iter().zip(faults) {
            let (owner, purchase) = owner(buyer).await;
            let back = stripe.refunded();
            stripe.plan(Call::Refund, &[fault; 4]);
            // What was bought is taken back, and that the money follows is certain.
            let told = refunds(world, &admin, purchase).await;
            assert_eq!(told.ok()["status"], "refunded");
            stripe.behave();
            assert_eq!((state(world, &owner).await, owner.balance().await), (State::Refunding, (1000, 0, 4)));
            assert_eq!(owner.get("/api/shop/transactions").await.ok()["items"][0]["status"], "refunded");
            refund(&admin, &purchase.to_string(), "another-key").await.refused(Code::NotRefundable);
            world.pass(LEASE);
            world.sweep().await;
            is_refunded(world, stripe, &admin, &owner, purchase).await;
            assert_eq!(stripe.refunded(), back + 1195);
            assert_eq!(refunds(world, &admin, purchase).await.body, told.body);
        }
    })
    .await;
}

#[tokio::test]
async fn a_refund_that_ends_in_the_middle_is_finished_or_has_never_begun() {
    at_the_stand_in(async |world, stripe| {
        let admin = world.admin().await;
        let mut buyers = crowd(world, 60).await.into_iter();
        for blow in [Blow::Death, Blow::LostRequest, Blow::LostReply] {
            for call in 1.. {
                let (owner, purchase) = owner(buyers.next().expect("enough of them")).await;
                let fate = Fate::at(call, blow);
                let told = fate.befalls(refunds(world, &admin, purchase)).await;
                // Whoever comes next: the sweep, the operator, or both at once.
                match call % 3 {
                    0 => {
                        world.pass(LEASE);
                        world.sweep().await;
                    }
                    1 => drop(refunds(world, &admin, purchase).await.ok()),
                    _ => {
                        world.pass(LEASE);
                        let asked = join_all((0..2).map(|_| refunds(world, &admin, purchase)));
                        join(asked, world.sweep()).await;
                    }
                }
                let begun = state(world, &owner).await == State::Refunded;
                assert!(begun || call % 3 == 0, "{blow:?} at call {call}");
                assert_eq!(owner.balance().await.0, if begun { 1000 } else { 1550 });
                let last = refunds(world, &admin, purchase).await;
                last.ok();
                if let Some(told) = told.filter(|told| told.status == 200) {
                    assert_eq!(told.body, last.body);
                }
                is_refunded(world, stripe, &admin, &owner, purchase).await;
                if !fate.struck() {
                    assert!(call > 6, "{call}");
                    break;
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_function_that_ends_while_the_gateway_gives_the_money_back_gives_it_back_once() {
    at_the_stand_in(async |world, stripe| {
        let admin = world.admin().await;
        for (buyer, fault) in crowd(world, 2).await.into_iter().zip([Fault::Stall, Fault::Held]) {
            let (owner, purchase) = owner(buyer).await;
            stripe.plan(Call::Refund, &[fault]);
            let asked = stripe.requests().len() + 1;
            tokio::select! {
                answer = refunds(world, &admin, purchase) => panic!("{answer:?}"),
                () = stripe.until_asked(asked) => {}
            }
            world.pass(LEASE);
            world.sweep().await;
            assert_eq!(
                state(world, &owner).await,
                if fault == Fault::Held { State::Refunding } else { State::Refunded }
            );
            stripe.release();
            while !stripe.effects().contains_key(&format!("{purchase}.refund")) {
                tokio::task::yield_now().await;
            }
            world.pass(LEASE);
            world.sweep().await;
            is_refunded(world, stripe, &admin, &owner, purchase).await;
        }
    })
    .await;
}
