//! Promo codes: what comes off, how often, and that what is charged is what was shown.

mod price;

use std::time::Duration;

use croupier_tests::{
    seat::{Answer, PASSWORD, Seat},
    wire::Fault,
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{AsItWas, HOLDS, Keeper, buy, buy_many, crowd, patiently, stock, uses};

const CHAIR: &str = "CHAIR";
const MUG: &str = "MUG";
const MILLI: Duration = Duration::from_millis(1);
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// Longer than any payment may wait for its payer.
const HOUR: Duration = Duration::from_secs(3600);

/// A hundred chairs for 500 cents each, and mugs for 1299 cents with 8 percent off.
async fn open_shop(world: &World) -> Keeper {
    let keeper = Keeper::of(world).await;
    keeper.package(CHAIR, json!({ "stock": 100 })).await.ok();
    keeper.product(MUG, json!({ "price_cents": 1299, "discount_percent": 8 })).await.ok();
    keeper
}

/// The three ways to give a promo code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Product,
    Package,
    Hold,
}

const WAYS: [Way; 3] = [Way::Product, Way::Package, Way::Hold];

/// Buys one of what costs real money, and gives a promo code.
async fn buy_with(buyer: &Seat, way: Way, key: &str, promo: &str, token: &str) -> Answer {
    let mut what = json!({ "quantity": 1, "promo_code": promo, "payment_token": token });
    match way {
        Way::Product => {
            what["sku"] = json!(MUG);
            buy(buyer, key, what).await
        }
        Way::Package => {
            what["code"] = json!(CHAIR);
            buy_many(buyer, key, what).await
        }
        Way::Hold => {
            let held = buyer.post(HOLDS, json!({ "code": CHAIR, "quantity": 1 })).await.ok();
            finalize_with(buyer, &held, key, what).await
        }
    }
}

async fn finalize_with(buyer: &Seat, held: &Value, key: &str, how: Value) -> Answer {
    let path = format!("{HOLDS}/{}/finalize", held["hold_id"].as_str().expect("an id"));
    buyer.post_keyed(&path, key, how).await
}

/// That a promo code is refused everywhere, and why; what is held for it stays held.
async fn refused_everywhere(world: &World, buyer: &Seat, promo: &str, code: Code) -> String {
    let held = buyer.post(HOLDS, json!({ "code": CHAIR, "quantity": 1 })).await.ok();
    let before = AsItWas::see(world, buyer).await;
    let with = json!({ "promo_code": promo, "payment_token": "ok" });
    let said = finalize_with(buyer, &held, "not-with-this", with).await.refused(code);
    for way in [Way::Product, Way::Package] {
        assert_eq!(buy_with(buyer, way, "not-with-this", promo, "ok").await.refused(code)["detail"], said["detail"]);
    }
    assert_eq!(AsItWas::see(world, buyer).await, before);
    buyer.delete(&format!("{HOLDS}/{}", held["hold_id"].as_str().unwrap())).await.ok();
    said["detail"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_promo_code_is_good_for_as_many_purchases_as_it_says() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        for most in [0, 1, 3] {
            let code = format!("TIMES_{most}");
            keeper.promo(&code, json!({ "off_percent": 10, "max_uses": most })).await.ok();
            for (number, way) in WAYS.into_iter().enumerate().take(most) {
                let key = format!("{code}-{number}");
                // A code that a person types may be in small letters.
                let bought = buy_with(&ann, way, &key, &code.to_lowercase(), "ok").await.ok();
                assert_eq!(bought["receipt"]["promo_code"], code);
            }
            assert_eq!(uses(world, &code).await, most as u64);
            refused_everywhere(world, &ann, &code, Code::PromoExhausted).await;
        }
        // More of it, and it goes on; fewer than there were, and it does not.
        for (most, code) in [(4, None), (2, Some(Code::PromoExhausted)), (0, Some(Code::PromoExhausted)), (5, None)] {
            keeper.promo("TIMES_3", json!({ "off_percent": 10, "max_uses": most })).await.ok();
            match code {
                Some(code) => drop(refused_everywhere(world, &ann, "TIMES_3", code).await),
                None => drop(buy_with(&ann, Way::Package, &format!("of-{most}-uses"), "TIMES_3", "ok").await.ok()),
            }
        }
        keeper.promo("ENDLESS", json!({ "off_percent": 10 })).await.ok();
        for number in 0..12 {
            buy_with(&ann, WAYS[number % 3], &format!("endless-{number}"), "ENDLESS", "ok").await.ok();
        }
        assert_eq!((uses(world, "TIMES_3").await, uses(world, "ENDLESS").await), (5, 12));
    })
    .await;
}

#[tokio::test]
async fn of_fifty_at_once_on_the_last_use_one_has_it_and_the_others_have_paid_nothing() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        keeper.promo("LAST", json!({ "off_percent": 10, "max_uses": 3 })).await.ok();
        for key in ["the-first", "the-second"] {
            buy_with(&ann, Way::Package, key, "LAST", "ok").await.ok();
        }
        let buyers = crowd(world, 50).await;
        world.wire.plan("TransactWriteItems", &[Fault::Collision; 20]);
        let answers = join_all(buyers.iter().enumerate().map(async |(place, buyer)| {
            let way = if place % 2 == 0 { Way::Package } else { Way::Product };
            patiently(async || buy_with(buyer, way, "the-last", "LAST", "ok").await).await
        }));
        let answers = answers.await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        let mut chairs = 2;
        for (buyer, answer) in buyers.iter().zip(&answers) {
            if answer.status == 200 {
                assert_eq!(buyer.balance().await, (1100, 0, 3));
                chairs += u64::from(answer.ok()["sku"] == CHAIR);
            } else {
                answer.refused(Code::PromoExhausted);
                assert_eq!(buyer.balance().await, (1000, 0, 1));
            }
        }
        assert_eq!((uses(world, "LAST").await, stock(world, CHAIR).await), (3, (Some(100 - chairs), 0, chairs)));
    })
    .await;
}

#[tokio::test]
async fn a_player_may_use_a_code_as_often_as_it_says_and_others_as_often_again() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        let bob = world.newcomer("bob").await;
        keeper.promo("TWICE_EACH", json!({ "off_percent": 10, "per_user_limit": 2, "max_uses": 3 })).await.ok();
        // Many at once, by one player.
        let answers = join_all((0..8).map(async |number| {
            let way = if number % 2 == 0 { Way::Package } else { Way::Product };
            let key = format!("by-ann-{number}");
            patiently(async || buy_with(&ann, way, &key, "TWICE_EACH", "ok").await).await
        }));
        let (bought, refused): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(bought.len(), 2);
        refused.iter().for_each(|answer| drop(answer.refused(Code::PromoExhausted)));
        refused_everywhere(world, &ann, "TWICE_EACH", Code::PromoExhausted).await;
        buy_with(&bob, Way::Hold, "by-bob-1", "TWICE_EACH", "ok").await.ok();
        // One more would be his, if it were for anybody any more.
        refused_everywhere(world, &bob, "TWICE_EACH", Code::PromoExhausted).await;
        assert_eq!(uses(world, "TWICE_EACH").await, 3);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_good_code_is_refused_and_not_ignored() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        let why = async |code: &str| refused_everywhere(world, &ann, code, Code::PromoInvalid).await;
        let unknown = why("NOBODY_KNOWS").await;
        assert_eq!(unknown, "There is no such promo code.");
        keeper.promo("OFF", json!({ "off_percent": 10, "is_active": false })).await.ok();
        let switched_off = why("OFF").await;
        keeper.promo("BOUND", json!({ "off_percent": 10, "sku": "WEEKEND_STARTER" })).await.ok();
        let bound = why("BOUND").await;
        // Whatever stands against it, one thing is told, and it is not that it is used up.
        keeper.promo("ALL", json!({ "off_percent": 10, "is_active": false, "sku": "OTHER", "max_uses": 0 })).await.ok();
        assert_eq!(why("ALL").await, switched_off);
        assert!(unknown != bound && bound != switched_off, "{unknown} {bound} {switched_off}");
        let starter = json!({ "code": "WEEKEND_STARTER", "quantity": 1, "promo_code": "bound", "payment_token": "ok" });
        assert_eq!(buy_many(&ann, "it-is-for-this", starter).await.ok()["total"], 449);
        // Gems are no real money.
        keeper.promo("GOOD", json!({ "off_percent": 10 })).await.ok();
        let charm = json!({ "sku": "LUCKY_CHARM", "quantity": 1, "promo_code": "GOOD" });
        let before = AsItWas::see(world, &ann).await;
        buy(&ann, "not-for-gems", charm).await.refused(Code::PromoInvalid);
        assert_eq!(AsItWas::see(world, &ann).await, before);
        // An empty text is no code.
        let empty = json!({ "sku": MUG, "quantity": 1, "promo_code": " ", "payment_token": "ok" });
        assert_eq!(buy(&ann, "no-code-at-all", empty).await.wrong_field(), "promo_code");
    })
    .await;
}

#[tokio::test]
async fn a_code_is_good_from_its_first_millisecond_until_just_before_its_end() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        let now = world.now();
        let window =
            json!({ "off_percent": 10, "starts_at": now.after(TEN_MINUTES), "ends_at": now.after(TEN_MINUTES * 2) });
        keeper.promo("HAPPY_HOUR", window).await.ok();
        let try_all = async |time: &str| {
            for way in WAYS {
                buy_with(&ann, way, &format!("{time}-{way:?}"), "HAPPY_HOUR", "ok").await.ok();
            }
        };
        refused_everywhere(world, &ann, "HAPPY_HOUR", Code::PromoInvalid).await;
        world.pass(TEN_MINUTES - MILLI);
        let early = refused_everywhere(world, &ann, "HAPPY_HOUR", Code::PromoInvalid).await;
        world.pass(MILLI);
        try_all("at-the-start").await;
        world.pass(TEN_MINUTES - MILLI);
        try_all("at-the-end").await;
        world.pass(MILLI);
        assert_eq!(refused_everywhere(world, &ann, "HAPPY_HOUR", Code::PromoInvalid).await, early);
        assert_eq!(uses(world, "HAPPY_HOUR").await, 6);
    })
    .await;
}

#[tokio::test]
async fn a_use_whose_payment_came_to_nothing_is_good_again() {
    play(async |world| {
        let (keeper, mut ann) = (open_shop(world).await, world.newcomer("ann").await);
        keeper.promo("ONCE", json!({ "off_percent": 10, "max_uses": 1, "per_user_limit": 1 })).await.ok();
        for way in WAYS {
            for token in ["declined", "capture_fails"] {
                let key = format!("{token}-{way:?}");
                buy_with(&ann, way, &key, "ONCE", token).await.refused(Code::PaymentDeclined);
                assert_eq!(uses(world, "ONCE").await, 0, "{key}");
            }
            // As long as a payment is under way, the use is taken.
            let waits = buy_with(&ann, way, &format!("pending-{way:?}"), "ONCE", "pending").await;
            assert_eq!((waits.status, uses(world, "ONCE").await), (202, 1));
            refused_everywhere(world, &ann, "ONCE", Code::PromoExhausted).await;
            world.pass(HOUR);
            world.sweep().await;
            ann = Seat::of(world, &world.log_in("ann", PASSWORD).await.ok());
            assert_eq!(uses(world, "ONCE").await, 0, "{way:?}");
        }
        assert_eq!(stock(world, CHAIR).await, (Some(100), 0, 0));
        buy_with(&ann, Way::Package, "good-at-last", "ONCE", "ok").await.ok();
        assert_eq!((uses(world, "ONCE").await, ann.balance().await.0), (1, 1100));
    })
    .await;
}
