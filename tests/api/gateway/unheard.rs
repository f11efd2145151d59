//! What is lost between us and Stripe, or answered in a way that tells nothing: it is said so, and happens once.

use std::time::Duration;

use croupier_tests::stripe::{API_KEY, Call, Fault, Stripe as StandIn};
use croupier_web::pay::{Gateway, Stripe};
use futures_util::future::join;

use super::{CALLS, PATIENCE, PURCHASE, Till, discreet, now, once_each};

#[tokio::test]
async fn one_break_of_the_connection_is_not_noticed_and_two_are_no_answer() {
    for (call, well) in CALLS {
        for fault in [Fault::LostRequest, Fault::LostReply] {
            let till = Till::open().await;
            let charge = till.before(call).await;
            let before = till.stripe.requests().len();
            till.stripe.plan(call, &[fault]);
            assert_eq!(till.call(call, &charge).await, Ok(well), "{call:?} {fault:?}");
            assert_eq!(till.stripe.requests().len(), before + 2, "{call:?} {fault:?}");
            once_each(&till.stripe);

            let till = Till::open().await;
            let charge = till.before(call).await;
            let before = till.stripe.requests().len();
            till.stripe.plan(call, &[fault, fault]);
            discreet(&till.call(call, &charge).await.unwrap_err());
            assert_eq!(till.stripe.requests().len(), before + 2, "{call:?} {fault:?}");
            assert_eq!(till.call(call, &charge).await, Ok(well), "{call:?} {fault:?}");
            once_each(&till.stripe);
        }
    }
}

#[tokio::test]
async fn silence_is_no_answer_and_is_not_asked_twice() {
    for (call, well) in CALLS {
        let till = Till::with(API_KEY, Duration::from_millis(500)).await;
        let charge = till.before(call).await;
        let before = till.stripe.requests().len();
        till.stripe.plan(call, &[Fault::Stall]);
        discreet(&till.call(call, &charge).await.unwrap_err());
        assert_eq!(till.stripe.requests().len(), before + 1, "{call:?}");
        assert_eq!(till.call(call, &charge).await, Ok(well), "{call:?}");
        once_each(&till.stripe);
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_of_the_payment_is_none() {
    for (call, well) in CALLS {
        for fault in [Fault::Error, Fault::Throttled, Fault::Garbled] {
            let till = Till::open().await;
            let charge = till.before(call).await;
            till.stripe.plan(call, &[Fault::Nothing, fault]);
            assert_eq!(till.call(call, &charge).await, Ok(well), "{call:?} {fault:?}");
            discreet(&till.call(call, &charge).await.unwrap_err());
            assert_eq!(till.call(call, &charge).await, Ok(well), "{call:?} {fault:?}");
            once_each(&till.stripe);
        }
    }
}

#[tokio::test]
async fn an_error_that_stripe_keeps_is_none_until_it_is_forgotten() {
    for (call, well) in CALLS.into_iter().filter(|(call, _)| *call != Call::Look) {
        let till = Till::open().await;
        let charge = till.before(call).await;
        till.stripe.plan(call, &[Fault::Broken]);
        discreet(&till.call(call, &charge).await.unwrap_err());
        discreet(&till.call(call, &charge).await.unwrap_err());
        till.stripe.forget_keys();
        assert_eq!(till.call(call, &charge).await, Ok(well), "{call:?}");
        once_each(&till.stripe);
    }
}

#[tokio::test]
async fn of_two_at_once_with_one_key_one_is_sent_away_and_both_are_one() {
    for (call, well) in CALLS.into_iter().filter(|(call, _)| *call != Call::Look) {
        let till = Till::open().await;
        let charge = till.before(call).await;
        let before = till.stripe.requests().len();
        till.stripe.plan(call, &[Fault::Held]);
        let (first, second) = join(till.call(call, &charge), async {
            till.stripe.until_asked(before + 1).await;
            let second = till.call(call, &charge).await;
            till.stripe.release();
            second
        })
        .await;
        assert_eq!(first, Ok(well), "{call:?}");
        assert!(discreet(&second.unwrap_err()).contains("409"), "{call:?}");
        assert_eq!(till.call(call, &charge).await, Ok(well), "{call:?}");
        once_each(&till.stripe);
    }
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_no_answer() {
    let stripe = StandIn::start().await;
    let endpoint = stripe.endpoint();
    drop(stripe);
    let gateway = Gateway::Stripe(Stripe::new(&endpoint, &API_KEY.into(), PATIENCE).expect("a gateway"));
    discreet(&gateway.look(PURCHASE, &"pi_1".parse().unwrap(), now()).await.unwrap_err());
}

#[tokio::test]
async fn an_endpoint_that_is_not_stripes_api_declines_nobody() {
    let stripe = StandIn::start().await;
    let elsewhere = format!("{}/elsewhere", stripe.endpoint());
    let gateway = Gateway::Stripe(Stripe::new(&elsewhere, &API_KEY.into(), PATIENCE).expect("a gateway"));
    let till = Till { stripe, gateway };
    for (call, _) in CALLS {
        let error = till.call(call, &"pi_1".parse().unwrap()).await.unwrap_err();
        assert!(discreet(&error).contains("404"), "{error}");
    }
}
