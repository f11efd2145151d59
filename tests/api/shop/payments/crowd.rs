//! A crowd that wants what is limited, and half of which meets an end while it pays.

use std::time::Duration;

use croupier_rules::shop::purchase::{Reason, State};
use croupier_tests::{
    fate::{Asked, Blow, Fate},
    seat::{Answer, Seat},
    stripe::{Call, Fault},
    world::World,
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;

use super::{
    super::{Keeper, crowd, patiently, stock},
    worlds::{at_the_stand_in, transactions},
};

const RUSH: &str = "RUSH";
const CROWD: usize = 300;
const STOCK: u64 = 100;
/// The calls of the table that a purchase makes when all is well.
const CALLS: usize = 18;

async fn buys(world: &World, buyer: &Seat, key: &str) -> Answer {
    let what = json!({ "code": RUSH, "quantity": 1, "payment_token": "pm_card_visa" });
    Asked::of("buy-limited", key, what).by(world, buyer).await
}

#[tokio::test]
async fn of_a_crowd_of_which_half_meet_an_end_whoever_has_paid_has_one_and_the_rest_is_free() {
    at_the_stand_in(async |world, stripe| {
        let keeper = Keeper::of(world).await;
        keeper.package(RUSH, json!({ "stock": STOCK, "per_user_limit": 1 })).await.ok();
        let buyers = crowd(world, CROWD).await;
        let mut chance = StdRng::seed_from_u64(11);
        let fates: Vec<_> =
            (0..CROWD).map(|_| chance.random_bool(0.5).then(|| chance.random_range(3..=CALLS))).collect();
        for call in [Call::Authorize, Call::Capture] {
            let faults = [Fault::LostRequest, Fault::LostReply, Fault::Error, Fault::Throttled, Fault::Nothing];
            stripe.plan(call, &(0..60).map(|_| faults[chance.random_range(0..faults.len())]).collect::<Vec<_>>());
        }
        let answers = join_all(buyers.iter().zip(&fates).map(async |(buyer, fate)| match fate {
            None => Some(patiently(async || buys(world, buyer, "the-first-wave").await).await),
            Some(call) => Fate::at(*call, Blow::Death).befalls(buys(world, buyer, "the-first-wave")).await,
        }))
        .await;
        stripe.behave();
        let served = answers.iter().flatten().filter(|answer| answer.status == 200).count() as u64;
        let (free, held, sold) = stock(world, RUSH).await;
        // Some died with the goods in their hands, and nobody has told them so.
        assert!(served < sold && sold < STOCK && held > 5, "{served} served, {free:?} free, {held} held, {sold} sold");

        // Nobody comes by before the time is over.
        world.pass(Duration::from_secs(121));
        world.sweep().await;
        world.pass(Duration::from_secs(31));
        world.sweep().await;
        let (free, held, sold_then) = stock(world, RUSH).await;
        assert_eq!((free, held), (Some(STOCK - sold_then), 0));
        assert!(sold < sold_then && sold_then < STOCK, "{sold}, {sold_then}");
        assert_eq!((stripe.captured(), stripe.refunded(), stripe.reserved()), (500 * sold_then, 0, 0));

        // Just what is free is there for the next ones, and whoever lost one may have another.
        let purchases = transactions(world, None).await;
        let stands = |buyer: &Seat| purchases.iter().find(|purchase| purchase.player.to_string() == buyer.id);
        let granted = |buyer: &Seat| stands(buyer).is_some_and(|purchase| purchase.state == State::Granted);
        let unlucky = |buyer: &Seat| stands(buyer).is_some_and(|purchase| purchase.reason == Some(Reason::HoldExpired));
        let (mut others, mut first) = (Vec::new(), Vec::new());
        for buyer in buyers.iter().filter(|buyer| !granted(buyer)) {
            if unlucky(buyer) { first.push(buyer) } else { others.push(buyer) }
        }
        assert!(!first.is_empty());
        let wave = first.iter().chain(&others).take(150).copied();
        let second = join_all(wave.map(|buyer| buys(world, buyer, "the-second-wave"))).await;
        let served = second.iter().filter(|answer| answer.status == 200).count() as u64;
        let refused = second.iter().filter(|answer| answer.code() == Code::OutOfStock.text()).count();
        assert_eq!((served, refused), (STOCK - sold_then, second.len() - served as usize));
        assert_eq!(stock(world, RUSH).await, (Some(0), 0, STOCK));
        assert_eq!(stripe.captured(), 500 * STOCK);

        // Whoever asks again for the first one is told what became of that.
        for buyer in buyers.iter().filter(|buyer| stands(buyer).is_some()).take(60) {
            let answer = buys(world, buyer, "the-first-wave").await;
            if granted(buyer) {
                assert!(answer.ok()["sequence"] == 3 && answer.replayed());
            } else {
                answer.refused(Code::HoldExpired);
            }
        }
    })
    .await;
}
