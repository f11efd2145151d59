//! Worlds in which something is paid for, and whose books are compared with the gateway's in the end.

use std::time::Duration;

use croupier_rules::{
    id::{PlayerId, PurchaseId},
    shop::{
        Price,
        purchase::{Purchase, State},
    },
};
use croupier_tests::{audit::audit, fate, stripe::Stripe, world::World};
use croupier_web::config::Config;

/// Long enough for whatever is on this machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// So short that a test can wait until it is over.
const IMPATIENCE: Duration = Duration::from_millis(400);

/// Nobody has to log in again on the same day.
fn for_a_day() -> Config {
    let for_a_day = |name: &str| (name == "JWT_EXPIRE_MINUTES").then(|| "1440".to_owned());
    Config::read(&[], for_a_day).expect("a config")
}

/// Trades in a world whose gateway is the sandbox, and audits what is left in its table.
pub async fn in_the_sandbox(test: impl AsyncFnOnce(&World)) {
    let world = World::with(|options| {
        options.config = for_a_day();
        fate::may_strike(options);
    })
    .await;
    test(&world).await;
    end(world).await;
}

/// Trades in a world whose gateway is a stand-in of Stripe, and audits what is left in its table and in Stripe's books.
pub async fn at_the_stand_in(test: impl AsyncFnOnce(&World, &Stripe)) {
    with_patience(PATIENCE, test).await;
}

/// The same where nobody waits for the gateway for long.
pub async fn with_little_patience(test: impl AsyncFnOnce(&World, &Stripe)) {
    with_patience(IMPATIENCE, test).await;
}

async fn with_patience(patience: Duration, test: impl AsyncFnOnce(&World, &Stripe)) {
    let stripe = Stripe::start().await;
    let world = World::with(|options| {
        options.config = for_a_day();
        stripe.serves(options);
        options.config.payment_patience = patience;
        fate::may_strike(options);
    })
    .await;
    test(&world, &stripe).await;
    books_agree(&world, &stripe).await;
    end(world).await;
}

async fn end(world: World) {
    world.wire.behave();
    audit(&world).await;
    world.stop().await;
}

/// What is in Stripe's books is what is in ours: who got something has paid for it, nobody else has, and nobody's money is set
/// aside; and whatever was asked for was done once.
pub async fn books_agree(world: &World, stripe: &Stripe) {
    let (mut captured, mut refunded) = (0, 0);
    for purchase in transactions(world, None).await {
        let context = format!("{purchase:?}");
        let cents = match purchase.deal.as_ref().expect("a deal").total {
            Price::Cents(cents) => cents.get(),
            Price::Coins(_) | Price::Gems(_) => continue,
        };
        assert!(purchase.is_over(), "{context}");
        let charge = stripe.charge(purchase.id);
        match (purchase.state, charge.as_deref()) {
            (State::Granted, Some("succeeded")) => captured += cents,
            (State::Refunded, Some("succeeded")) => (captured, refunded) = (captured + cents, refunded + cents),
            // Its operator has captured it there before we let it go.
            (State::Voided, Some("succeeded")) => (captured, refunded) = (captured + cents, refunded + cents),
            (State::Voided, Some("canceled") | None) => {}
            (_, other) => panic!("{other:?}: {context}"),
        }
    }
    assert_eq!((stripe.captured(), stripe.refunded(), stripe.reserved()), (captured, refunded, 0));
    for (key, times) in stripe.effects() {
        assert_eq!(times, 1, "{key}");
    }
}

/// The transactions of a player, or of everyone.
pub async fn transactions(world: &World, player: Option<PlayerId>) -> Vec<Purchase> {
    let (mut all, mut before) = (Vec::new(), PurchaseId::after(world.now()));
    loop {
        let (found, next) = world.store().transactions(player, None, before, 1000).await.expect("transactions");
        all.extend(found);
        match next {
            Some(next) => before = next,
            None => return all,
        }
    }
}
