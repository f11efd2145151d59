//! A function that ends after any single step, and what any single step may not hear of. Whoever comes by afterwards brings the
//! purchase to the same end.

use std::time::Duration;

use croupier_tests::{
    fate::{Blow, Fate},
    notice::Notice,
    stripe::{Call, Fault, Stripe},
};
use croupier_web::error::Code;
use futures_util::future::{join, join3};

use super::{
    customer::{Means, What},
    street::Street,
    worlds::{at_the_stand_in, in_the_sandbox},
};

/// Everything that can be bought, by every means that makes a difference.
const CASES: [(What, Means); 11] = [
    (What::Product, Means::Good),
    (What::Product, Means::Declined),
    (What::Product, Means::Confirms),
    (What::Product, Means::NeverComes),
    (What::Limited, Means::Good),
    (What::Limited, Means::Declined),
    (What::Limited, Means::CaptureFails),
    (What::Limited, Means::Confirms),
    (What::Limited, Means::Fails),
    (What::Limited, Means::NeverComes),
    (What::Held, Means::Good),
];

/// The same in the sandbox, where payers always confirm in the end.
const IN_THE_SANDBOX: [(What, Means); 7] = [
    (What::Product, Means::Good),
    (What::Limited, Means::Good),
    (What::Limited, Means::Declined),
    (What::Limited, Means::CaptureFails),
    (What::Limited, Means::Confirms),
    (What::Limited, Means::Silence),
    (What::Held, Means::Good),
];

/// What can befall a call of the gateway that is answered, or not heard.
const FAULTS: [Fault; 5] = [Fault::LostRequest, Fault::LostReply, Fault::Error, Fault::Throttled, Fault::Garbled];
/// The function ends while it waits for the gateway, which has done what it was asked to, or does it later.
const ENDS: [Fault; 2] = [Fault::Stall, Fault::Held];

/// After this, somebody looks after whatever nobody works on.
const LEASE: Duration = Duration::from_secs(31);
/// After this, nothing is held any more.
const HOLD: Duration = Duration::from_secs(121);
/// After this, nobody waits for a payer any more.
const PATIENCE: Duration = Duration::from_secs(3601);

#[tokio::test]
async fn whoever_asks_again_is_served_in_the_end_whatever_was_lost() {
    at_the_stand_in(async |world, stripe| {
        let mut street = Street::with(world, Some(stripe), 260).await;
        for case in CASES {
            if [Means::Good, Means::CaptureFails, Means::Confirms].contains(&case.1) {
                street.struck_at_the_table(case, Blow::Death).await;
            } else {
                street.struck_at_its_writes(case, Blow::Death).await;
            }
            street.struck_at_the_gateway(case, stripe, &ENDS).await;
        }
        street.struck_at_the_table((What::Limited, Means::Good), Blow::LostRequest).await;
        street.struck_at_the_table((What::Limited, Means::Good), Blow::LostReply).await;
        street.struck_at_the_gateway((What::Limited, Means::Good), stripe, &FAULTS).await;
        street.struck_at_the_gateway((What::Limited, Means::CaptureFails), stripe, &FAULTS[1..3]).await;
        for wait in [Duration::ZERO, LEASE, HOLD, PATIENCE] {
            stripe.release();
            world.pass(wait);
            street.customers_ask().await;
            street.payers_decide().await;
        }
        street.customers_ask().await;
        // Whoever was told that it came to nothing does not ask again; what was set aside is let go all the same.
        world.pass(LEASE);
        world.sweep().await;
        street.ends_well().await;
    })
    .await;
}

#[tokio::test]
async fn what_nobody_asks_for_again_is_swept_to_its_end() {
    at_the_stand_in(async |world, stripe| {
        let mut street = Street::with(world, Some(stripe), 110).await;
        for case in CASES {
            street.struck_at_its_writes(case, Blow::Death).await;
            street.struck_at_the_gateway(case, stripe, &ENDS).await;
        }
        for wait in [LEASE, LEASE, HOLD, PATIENCE, LEASE] {
            world.pass(wait);
            world.sweep().await;
            stripe.release();
            street.payers_decide().await;
        }
        street.ends_well().await;
    })
    .await;
}

#[tokio::test]
async fn what_the_gateway_has_heard_of_it_brings_to_an_end_itself() {
    at_the_stand_in(async |world, stripe| {
        let mut street = Street::with(world, Some(stripe), 110).await;
        for case in CASES {
            street.struck_at_its_writes(case, Blow::Death).await;
            street.struck_at_the_gateway(case, stripe, &ENDS).await;
        }
        stripe.release();
        street.payers_decide().await;
        for answer in street.the_gateway_tells().await {
            assert_eq!(answer.ok()["ignored"], false);
        }
        // Nobody else has come by.
        for customer in street.customers.iter().filter(|customer| customer.means != Means::NeverComes) {
            let purchase = customer.purchase(world).await;
            let heard_of = purchase.filter(|purchase| stripe.charge(purchase.id).is_some());
            assert!(heard_of.is_none_or(|purchase| purchase.is_over()), "{}", customer.story);
        }
        for wait in [LEASE, LEASE, HOLD, PATIENCE, LEASE] {
            world.pass(wait);
            world.sweep().await;
            street.payers_decide().await;
            for answer in street.the_gateway_tells().await {
                answer.ok();
            }
        }
        street.ends_well().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_comes_by_at_the_same_time_as_others_does_nothing_twice() {
    at_the_stand_in(async |world, stripe| {
        let mut street = Street::with(world, Some(stripe), 110).await;
        for case in CASES {
            street.struck_at_its_writes(case, Blow::Death).await;
            street.struck_at_the_gateway(case, stripe, &ENDS).await;
        }
        for wait in [LEASE, Duration::ZERO, LEASE, HOLD, PATIENCE, LEASE] {
            stripe.release();
            world.pass(wait);
            let ask_twice = join(street.customers_ask(), street.customers_ask());
            let ((..), (), told) = join3(ask_twice, world.sweep(), street.the_gateway_tells()).await;
            for answer in told {
                // Two cannot ask the gateway the same at once; it tells again.
                assert!(answer.status == 200 || answer.code() == Code::Unavailable.text(), "{}", answer.body);
            }
            street.payers_decide().await;
        }
        street.customers_ask().await;
        street.ends_well().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_again_and_meets_the_same_fate_each_time_comes_further() {
    at_the_stand_in(async |world, stripe| {
        let mut street = Street::with(world, Some(stripe), CASES.len()).await;
        for case in CASES {
            let customer = street.customer(case, "it ends one call later each time".to_owned());
            street.customers.push(customer);
            for wait in [Duration::ZERO, Duration::ZERO, PATIENCE] {
                world.pass(wait);
                for call in 1.. {
                    let (customer, fate) = (street.customers.last().expect("a customer"), Fate::at(call, Blow::Death));
                    customer.asks_until(world, &fate).await;
                    if !fate.struck() {
                        break;
                    }
                }
                street.payers_decide().await;
            }
        }
        world.pass(LEASE);
        world.sweep().await;
        street.ends_well().await;
    })
    .await;
}

#[tokio::test]
async fn a_notice_that_meets_the_same_fate_each_time_comes_further() {
    at_the_stand_in(async |world, stripe| {
        let mut street = Street::with(world, Some(stripe), CASES.len()).await;
        for case in CASES {
            let customer = street.customer(case, "it ends while the gateway authorizes".to_owned());
            let asked = stripe.requests().len() + 1;
            stripe.plan(Call::Authorize, &[Fault::Stall]);
            tokio::select! {
                _ = customer.asks(world) => panic!("nobody says anything"),
                () = stripe.until_asked(asked) => {}
            }
            let purchase = customer.purchase(world).await.expect("a purchase").id;
            street.customers.push(customer);
            for wait in [Duration::ZERO, Duration::ZERO, PATIENCE] {
                world.pass(wait);
                let event = stripe.event(purchase, world.now());
                for call in 1.. {
                    // The same event, in another delivery.
                    world.pass(Duration::from_secs(1));
                    let headers = Stripe::sign(&event.1, world.now());
                    let fate = Fate::at(call, Blow::Death);
                    let notice = Notice::from((headers, event.1.clone()));
                    let answer = fate.befalls(notice.invoke(world)).await;
                    if !fate.struck() {
                        answer.expect("an answer").ok();
                        break;
                    }
                }
                street.payers_decide().await;
            }
            let purchase = street.customers.last().expect("a customer").purchase(world).await;
            assert!(purchase.is_some_and(|purchase| purchase.is_over()), "{case:?}");
        }
        street.ends_well().await;
    })
    .await;
}

#[tokio::test]
async fn a_sweep_that_ends_in_the_middle_leaves_the_rest_to_the_next() {
    at_the_stand_in(async |world, stripe| {
        let mut street = Street::with(world, Some(stripe), 70).await;
        for case in
            [(What::Product, Means::Good), (What::Limited, Means::CaptureFails), (What::Limited, Means::Confirms)]
        {
            street.struck_at_the_table(case, Blow::Death).await;
            street.struck_at_the_gateway(case, stripe, &ENDS).await;
        }
        stripe.release();
        for customer in &mut street.customers {
            customer.may_be_late = true;
        }
        for wait in [LEASE, LEASE, HOLD, PATIENCE, LEASE] {
            world.pass(wait);
            for call in (1..).step_by(7) {
                let fate = Fate::at(call, Blow::Death);
                fate.befalls(world.sweep()).await;
                if !fate.struck() {
                    break;
                }
            }
            street.payers_decide().await;
        }
        street.ends_well().await;
    })
    .await;
}

#[tokio::test]
async fn in_the_sandbox_whoever_asks_again_is_served_in_the_end() {
    in_the_sandbox(async |world| {
        let mut street = Street::with(world, None, 100).await;
        for case in IN_THE_SANDBOX {
            street.struck_at_its_writes(case, Blow::Death).await;
            street.struck_at_its_writes(case, Blow::LostRequest).await;
            street.struck_at_its_writes(case, Blow::LostReply).await;
        }
        for wait in [Duration::ZERO, LEASE, LEASE, Duration::ZERO] {
            world.pass(wait);
            street.customers_ask().await;
        }
        world.pass(LEASE);
        world.sweep().await;
        street.ends_well().await;
    })
    .await;
}

#[tokio::test]
async fn in_the_sandbox_what_nobody_asks_for_again_is_swept_to_its_end() {
    in_the_sandbox(async |world| {
        let mut street = Street::with(world, None, 40).await;
        for case in IN_THE_SANDBOX {
            street.struck_at_its_writes(case, Blow::Death).await;
        }
        for wait in [LEASE, LEASE, HOLD, PATIENCE] {
            world.pass(wait);
            world.sweep().await;
        }
        street.ends_well().await;
    })
    .await;
}
