//! Of what is limited, all is free, held or sold, whoever buys and whatever an operator does meanwhile.

use croupier_tests::{
    seat::{Answer, Seat},
    wire::Fault,
    world::play,
};
use croupier_web::error::Code;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{AsItWas, HOLDS, Keeper, buy_limited, crowd, package, patiently, stock};

const RUSH: &str = "RUSH";

/// How many answers have this code; none have one that are no refusal.
fn count(answers: &[Answer], code: &str) -> usize {
    answers.iter().filter(|answer| answer.code() == code && (answer.status == 200) == code.is_empty()).count()
}

/// Buys one, with a key of its own, and does not give up because too much is going on.
async fn rush(buyer: &Seat, key: &str, token: &str) -> Answer {
    patiently(async || buy_limited(buyer, key, RUSH, token).await).await
}

/// Holds so many.
async fn hold(buyer: &Seat, quantity: u32) -> Answer {
    buyer.post(HOLDS, json!({ "code": RUSH, "quantity": quantity })).await
}

/// What the list of open packages tells of it.
async fn listed(buyer: &Seat) -> Value {
    let list = buyer.get("/api/shop/limited-packages").await.ok();
    list["items"].as_array().expect("items").iter().find(|item| item["code"] == RUSH).expect("it is open").clone()
}

#[tokio::test]
async fn five_hundred_who_want_one_of_a_hundred_at_once_buy_a_hundred() {
    play(async |world| {
        let keeper = Keeper::of(world).await;
        keeper.package(RUSH, json!({ "stock": 100, "per_user_limit": 1 })).await.ok();
        let buyers = crowd(world, 500).await;
        // Whoever collides decides anew.
        world.wire.plan("TransactWriteItems", &[Fault::Collision; 50]);
        let answers = join_all(buyers.iter().map(|buyer| rush(buyer, "one-for-me", "ok"))).await;
        assert_eq!((count(&answers, ""), count(&answers, "OUT_OF_STOCK")), (100, 400));
        assert_eq!(stock(world, RUSH).await, (Some(0), 0, 100));
        // The audit looks at all of them.
        for (buyer, answer) in buyers.iter().zip(&answers).step_by(25) {
            let has = if answer.status == 200 { (1100, 0, 3) } else { (1000, 0, 1) };
            assert_eq!(buyer.balance().await, has);
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_payment_held_that_came_to_nothing_is_sold_to_somebody_else() {
    play(async |world| {
        let keeper = Keeper::of(world).await;
        keeper.package(RUSH, json!({ "stock": 30, "per_user_limit": 1 })).await.ok();
        let buyers = crowd(world, 60).await;
        let (first, second) = buyers.split_at(30);
        let tokens = ["ok", "declined", "capture_fails"].into_iter().cycle();
        let answers = join_all(first.iter().zip(tokens).map(|(buyer, token)| rush(buyer, "first-one", token))).await;
        assert_eq!((count(&answers, ""), count(&answers, "PAYMENT_DECLINED")), (10, 20));
        assert_eq!(stock(world, RUSH).await, (Some(20), 0, 10));
        // It counts against nobody's limit either: of those who want one now, 20 had bad luck before.
        let unlucky = first.iter().zip(&answers).filter(|(_, answer)| answer.status != 200).map(|(buyer, _)| buyer);
        let hopeful: Vec<_> = unlucky.chain(second).collect();
        let answers = join_all(hopeful.iter().map(|buyer| rush(buyer, "second-one", "ok"))).await;
        assert_eq!((count(&answers, ""), count(&answers, "OUT_OF_STOCK")), (20, 30));
        assert_eq!(stock(world, RUSH).await, (Some(0), 0, 30));
    })
    .await;
}

#[tokio::test]
async fn a_crowd_of_which_half_cannot_pay_on_a_wire_that_loses_things_leaves_nothing_unsold() {
    play(async |world| {
        let keeper = Keeper::of(world).await;
        keeper.package(RUSH, json!({ "stock": 20 })).await.ok();
        let buyers = crowd(world, 80).await;
        // All at once: some find it sold out although it will not be.
        world.wire.misbehave(17, 0.03);
        let tokens = ["declined", "ok", "capture_fails", "ok"].into_iter().cycle();
        let answers = join_all(buyers.iter().zip(tokens).map(|(buyer, token)| rush(buyer, "in-a-crowd", token))).await;
        world.wire.behave();
        let sold = count(&answers, "");
        assert_eq!(sold + count(&answers, "OUT_OF_STOCK") + count(&answers, "PAYMENT_DECLINED"), 80);
        let left = 20 - sold as u64;
        assert_eq!(stock(world, RUSH).await, (Some(left), 0, sold as u64));
        for buyer in &buyers[..left as usize] {
            rush(buyer, "what-is-left", "ok").await.ok();
        }
        rush(&buyers[79], "what-is-left", "ok").await.refused(Code::OutOfStock);
        assert_eq!(stock(world, RUSH).await, (Some(0), 0, 20));
    })
    .await;
}

#[tokio::test]
async fn an_operator_who_changes_the_stock_in_the_middle_of_a_sale_loses_and_makes_nothing() {
    play(async |world| {
        let keeper = Keeper::of(world).await;
        keeper.package(RUSH, json!({ "stock": 40 })).await.ok();
        let buyers = crowd(world, 40).await;
        let orders = buyers.iter().flat_map(|buyer| (0..5).map(move |number| (buyer, number)));
        let sale = join_all(orders.map(async |(buyer, number)| {
            let token = if number == 3 { "declined" } else { "ok" };
            rush(buyer, &format!("an-order-{number}"), token).await
        }));
        // Up and down, down as far as it may be, and endless in between.
        let plans = [Some(30), Some(70), Some(20), None, Some(90), Some(10), Some(110), None, Some(120), Some(1)];
        let operator = async {
            let (mut last, mut refused) = (Some(40), 0);
            for planned in plans {
                let answer = keeper.repack(RUSH, json!({ "stock": planned })).await;
                if answer.status == 200 {
                    last = planned;
                } else {
                    answer.refused(Code::StockTaken);
                    refused += 1;
                }
            }
            (last, refused)
        };
        let (answers, (last, refused)) = join(sale, operator).await;
        let sold = count(&answers, "");
        assert!(refused >= 1, "one is less than what was sold before");
        assert_eq!(sold + count(&answers, "OUT_OF_STOCK") + count(&answers, "PAYMENT_DECLINED"), 200);
        let package = package(world, RUSH).await;
        assert_eq!(package.stock.map(|stock| stock.stock), last);
        let free = last.map(|last| last - sold as u64);
        assert_eq!(stock(world, RUSH).await, (free, 0, sold as u64));
    })
    .await;
}

#[tokio::test]
async fn the_stock_is_never_less_than_what_is_held_and_sold() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        keeper.package(RUSH, json!({ "stock": 10 })).await.ok();
        for number in 0..3 {
            rush(&ann, &format!("an-order-{number}"), "ok").await.ok();
        }
        hold(&ann, 2).await.ok();
        assert_eq!(stock(world, RUSH).await, (Some(5), 2, 3));
        for too_few in [4, 3, 0] {
            let before = AsItWas::see(world, &ann).await;
            // Nothing of it is changed, the price neither.
            keeper.package(RUSH, json!({ "stock": too_few, "price_cents": 1 })).await.refused(Code::StockTaken);
            keeper.repack(RUSH, json!({ "stock": too_few, "is_active": false })).await.refused(Code::StockTaken);
            assert_eq!(AsItWas::see(world, &ann).await, before);
        }
        keeper.repack(RUSH, json!({ "stock": 5 })).await.ok();
        assert_eq!(
            (stock(world, RUSH).await, listed(&ann).await["remaining_stock"].clone()),
            ((Some(0), 2, 3), json!(0))
        );
        rush(&ann, "one-too-many", "ok").await.refused(Code::OutOfStock);
        hold(&ann, 1).await.refused(Code::OutOfStock);
        keeper.repack(RUSH, json!({ "stock": 6 })).await.ok();
        hold(&ann, 2).await.refused(Code::OutOfStock);
        rush(&ann, "the-last-one", "ok").await.ok();
        assert_eq!(stock(world, RUSH).await, (Some(0), 2, 4));
    })
    .await;
}

#[tokio::test]
async fn what_is_endless_may_be_counted_later_and_be_endless_again() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        keeper.package(RUSH, json!({})).await.ok();
        assert_eq!(listed(&ann).await["remaining_stock"], Value::Null);
        rush(&ann, "first-order", "ok").await.ok();
        let held = hold(&ann, 2).await.ok();
        let release = format!("{HOLDS}/{}", held["hold_id"].as_str().unwrap());
        assert_eq!(stock(world, RUSH).await, (None, 2, 1));
        keeper.repack(RUSH, json!({ "stock": 2 })).await.refused(Code::StockTaken);
        assert_eq!(stock(world, RUSH).await, (None, 2, 1));
        // Counted: what was held before is free when it is given back.
        keeper.repack(RUSH, json!({ "stock": 3 })).await.ok();
        assert_eq!(stock(world, RUSH).await, (Some(0), 2, 1));
        rush(&ann, "second-order", "ok").await.refused(Code::OutOfStock);
        ann.delete(&release).await.ok();
        assert_eq!(stock(world, RUSH).await, (Some(2), 0, 1));
        rush(&ann, "second-order", "ok").await.ok();
        let held = hold(&ann, 1).await.ok();
        let release = format!("{HOLDS}/{}", held["hold_id"].as_str().unwrap());
        // Endless: what was held while it was counted is just not held any more.
        keeper.repack(RUSH, json!({ "stock": null })).await.ok();
        assert_eq!(stock(world, RUSH).await, (None, 1, 2));
        hold(&ann, 10).await.ok();
        ann.delete(&release).await.ok();
        assert_eq!(stock(world, RUSH).await, (None, 10, 2));
        keeper.repack(RUSH, json!({ "stock": 13 })).await.ok();
        assert_eq!(
            (stock(world, RUSH).await, listed(&ann).await["remaining_stock"].clone()),
            ((Some(1), 10, 2), json!(1))
        );
    })
    .await;
}
