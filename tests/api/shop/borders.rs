//! Who may buy what, when, and how many; and that a refusal changes nothing.

mod keys;

use std::time::Duration;

use croupier_tests::{
    seat::{Answer, Seat},
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{AsItWas, HOLDS, Keeper, buy, buy_limited, buy_many, patiently, stock, uses};

const CHAIR: &str = "CHAIR";
const MUG: &str = "MUG";
const MILLI: Duration = Duration::from_millis(1);
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// A mug, paid by card.
async fn buy_mug(buyer: &Seat, key: &str) -> Answer {
    buy(buyer, key, json!({ "sku": MUG, "quantity": 1, "payment_token": "ok" })).await
}

/// Holds a chair, and gives it back.
async fn hold_chair(buyer: &Seat) -> Answer {
    let held = buyer.post(HOLDS, json!({ "code": CHAIR, "quantity": 1 })).await;
    if held.status == 200 {
        buyer.delete(&format!("{HOLDS}/{}", held.ok()["hold_id"].as_str().unwrap())).await.ok();
    }
    held
}

/// That neither a chair is sold nor held, and that nothing is changed by asking.
async fn no_chair(world: &World, buyer: &Seat, code: Code) {
    let before = AsItWas::see(world, buyer).await;
    buy_limited(buyer, "no-chair-today", CHAIR, "ok").await.refused(code);
    hold_chair(buyer).await.refused(code);
    assert_eq!(AsItWas::see(world, buyer).await, before);
}

/// That a chair is sold, and held.
async fn a_chair(buyer: &Seat, key: &str) {
    buy_limited(buyer, key, CHAIR, "ok").await.ok();
    hold_chair(buyer).await.ok();
}

async fn is_listed(buyer: &Seat) -> bool {
    let list = buyer.get("/api/shop/limited-packages").await.ok();
    list["items"].as_array().unwrap().iter().any(|item| item["code"] == CHAIR)
}

#[tokio::test]
async fn a_rank_lets_buy_on_the_very_next_request_and_the_lack_of_it_does_not() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        for (needed, ranks) in [
            ("PREMIUM", [("STANDARD", false), ("PREMIUM", true), ("VIP", true), ("STANDARD", false)]),
            ("VIP", [("STANDARD", false), ("PREMIUM", false), ("VIP", true), ("PREMIUM", false)]),
        ] {
            keeper.product(MUG, json!({ "min_rank": needed })).await.ok();
            keeper.package(CHAIR, json!({ "min_rank": needed })).await.ok();
            for (place, (rank, may)) in ranks.into_iter().enumerate() {
                if ann.get("/api/auth/me").await.ok()["rank"] != rank {
                    keeper.promote(&ann, rank).await;
                }
                let key = format!("{needed}-{place}-{rank}");
                if may {
                    a_chair(&ann, &format!("chair-{key}")).await;
                    buy_mug(&ann, &format!("mug-{key}")).await.ok();
                } else {
                    let before = AsItWas::see(world, &ann).await;
                    buy_mug(&ann, &key).await.refused(Code::RankRequired);
                    assert_eq!(AsItWas::see(world, &ann).await, before);
                    no_chair(world, &ann, Code::RankRequired).await;
                }
            }
            keeper.promote(&ann, "STANDARD").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_package_is_open_from_its_first_millisecond_until_just_before_its_end() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        let (begin, end) = (world.now().after(TEN_MINUTES), world.now().after(TEN_MINUTES * 2));
        keeper.package(CHAIR, json!({ "starts_at": begin, "ends_at": end, "stock": 10 })).await.ok();
        for (wait, open) in [
            (Duration::ZERO, false),
            (TEN_MINUTES - MILLI, false),
            (MILLI, true),
            (TEN_MINUTES - MILLI, true),
            (MILLI, false),
            (TEN_MINUTES - MILLI, false),
        ] {
            world.pass(wait);
            assert_eq!(is_listed(&ann).await, open, "{}", world.now());
            if open {
                a_chair(&ann, &format!("at-{}", world.now())).await;
            } else {
                no_chair(world, &ann, Code::WindowClosed).await;
            }
        }
        // An operator leaves the door open, and shuts it.
        keeper.repack(CHAIR, json!({ "ends_at": null })).await.ok();
        a_chair(&ann, "open-again").await;
        keeper.repack(CHAIR, json!({ "is_active": false })).await.ok();
        assert!(!is_listed(&ann).await);
        no_chair(world, &ann, Code::Disabled).await;
        assert_eq!(stock(world, CHAIR).await, (Some(7), 0, 3));
    })
    .await;
}

#[tokio::test]
async fn a_discount_counts_until_just_before_its_end() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        let end = world.now().after(TEN_MINUTES);
        keeper.product(MUG, json!({ "discount_percent": 25, "discount_ends_at": end })).await.ok();
        let shown = async || {
            let catalog = ann.get("/api/shop/catalog").await.ok();
            let mug = catalog["items"].as_array().unwrap().iter().find(|item| item["sku"] == MUG).unwrap().clone();
            (mug["discounted_price_cents"].clone(), mug["discount_percent"].clone(), mug["discount_ends_at"].clone())
        };
        world.pass(TEN_MINUTES - MILLI);
        assert_eq!(shown().await, (json!(750), json!(25), json!(end)));
        assert_eq!(buy_mug(&ann, "just-in-time").await.ok()["total"], 750);
        world.pass(MILLI);
        assert_eq!(shown().await, (json!(1000), json!(0), Value::Null));
        let cheap = json!({ "sku": MUG, "quantity": 1, "payment_token": "ok", "expected_total": 750 });
        buy(&ann, "just-too-late", cheap).await.refused(Code::PriceChanged);
        let bought = buy_mug(&ann, "just-too-late").await.ok();
        assert_eq!((&bought["total"], &bought["receipt"]["discount_percent"]), (&json!(1000), &json!(0)));
    })
    .await;
}

#[tokio::test]
async fn a_player_may_have_as_many_as_a_player_may_have_and_another_as_many_again() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        let bob = world.newcomer("bob").await;
        keeper.package(CHAIR, json!({ "per_user_limit": 3, "stock": 100 })).await.ok();
        let many = async |buyer: &Seat, quantity: u32| {
            let what = json!({ "code": CHAIR, "quantity": quantity, "payment_token": "ok" });
            buy_many(buyer, &format!("so-many-{quantity}"), what).await
        };
        let before = AsItWas::see(world, &ann).await;
        many(&ann, 4).await.refused(Code::UserLimit);
        assert_eq!(AsItWas::see(world, &ann).await, before);
        many(&ann, 2).await.ok();
        many(&ann, 3).await.refused(Code::UserLimit);
        many(&ann, 1).await.ok();
        no_chair(world, &ann, Code::UserLimit).await;
        // Three of eight at once.
        let answers = join_all((0..8).map(async |number| {
            let key = format!("at-once-{number}");
            patiently(async || buy_limited(&bob, &key, CHAIR, "ok").await).await
        }));
        let (bought, refused): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(bought.len(), 3);
        refused.iter().for_each(|answer| drop(answer.refused(Code::UserLimit)));
        assert_eq!(stock(world, CHAIR).await, (Some(94), 0, 6));
        keeper.repack(CHAIR, json!({ "per_user_limit": null })).await.ok();
        many(&ann, 10).await.ok();
    })
    .await;
}

#[tokio::test]
async fn so_many_at_once_and_neither_fewer_nor_more() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        keeper.product(MUG, json!({})).await.ok();
        keeper.package(CHAIR, json!({})).await.ok();
        let ask = async |path: &str, quantity: &Value| {
            let what = json!({ "sku": MUG, "code": CHAIR, "quantity": quantity, "payment_token": "ok" });
            ann.post_keyed(path, &format!("{path}-{quantity}").replace(' ', ""), what).await
        };
        for (path, most) in [("/api/shop/buy", 99), ("/api/shop/buy-limited", 10), (HOLDS, 10)] {
            let before = AsItWas::see(world, &ann).await;
            for wrong in [json!(0), json!(most + 1), json!(-1), json!(1.5), json!("1"), Value::Null, json!(u64::MAX)] {
                assert_eq!(ask(path, &wrong).await.wrong_field(), "quantity", "{path} {wrong}");
            }
            assert_eq!(AsItWas::see(world, &ann).await, before);
            for right in [1, most] {
                assert_eq!(ask(path, &json!(right)).await.ok()["quantity"], right);
            }
        }
        assert_eq!(ann.balance().await.0, 1000 + 100 * (100 + 11));
        assert_eq!(stock(world, CHAIR).await, (None, 11, 11));
    })
    .await;
}

#[tokio::test]
async fn of_all_that_stands_against_a_package_the_first_thing_is_told() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        keeper.promo("USED_UP", json!({ "off_percent": 50, "max_uses": 0 })).await.ok();
        keeper.promo("GOOD", json!({ "off_percent": 50, "sku": CHAIR })).await.ok();
        let later = world.now().after(TEN_MINUTES);
        let mut terms = json!({
            "is_active": false, "starts_at": later, "min_rank": "VIP", "per_user_limit": 1, "stock": 0,
        });
        let mut order = json!({ "code": "STOOL", "quantity": 2, "promo_code": "NEVER_HEARD", "expected_total": 1 });
        // One thing after the other is set right.
        for (wrong, right) in [
            (Code::NotFound, json!({ "code": CHAIR })),
            (Code::Disabled, json!({ "is_active": true })),
            (Code::WindowClosed, json!({ "starts_at": world.now() })),
            (Code::RankRequired, json!({})),
            (Code::UserLimit, json!({ "per_user_limit": 2 })),
            (Code::PromoInvalid, json!({ "promo_code": "USED_UP" })),
            (Code::PromoExhausted, json!({ "promo_code": "GOOD" })),
            (Code::PriceChanged, json!({ "expected_total": 500 })),
            (Code::OutOfStock, json!({ "stock": 2 })),
            (Code::ValidationFailed, json!({ "payment_token": "declined" })),
            (Code::PaymentDeclined, json!({ "payment_token": "ok" })),
        ] {
            keeper.package(CHAIR, terms.clone()).await.ok();
            let before = AsItWas::see(world, &ann).await;
            // A payment that was declined is told again, whatever has changed; anything else leaves its key free.
            let key = if wrong == Code::PaymentDeclined { "declined-once" } else { "free-at-last" };
            let refused = buy_many(&ann, key, order.clone()).await;
            let problem = refused.refused(wrong);
            if wrong == Code::ValidationFailed {
                assert_eq!(problem["errors"][0]["field"], "payment_token");
            }
            // A hold needs neither a promo code nor money.
            let held = ann.post(HOLDS, json!({ "code": order["code"], "quantity": 2 })).await;
            match wrong {
                Code::PromoInvalid | Code::PromoExhausted | Code::PriceChanged => drop(held.refused(Code::OutOfStock)),
                Code::ValidationFailed | Code::PaymentDeclined => {
                    ann.delete(&format!("{HOLDS}/{}", held.ok()["hold_id"].as_str().unwrap())).await.ok();
                }
                other => drop(held.refused(other)),
            }
            if !matches!(wrong, Code::ValidationFailed | Code::PaymentDeclined) {
                assert_eq!(AsItWas::see(world, &ann).await, before, "{wrong:?}");
            }
            if wrong == Code::RankRequired {
                keeper.promote(&ann, "VIP").await;
            }
            for (name, value) in right.as_object().unwrap() {
                let set = if terms.get(name).is_some() { &mut terms } else { &mut order };
                set[name] = value.clone();
            }
        }
        buy_many(&ann, "free-at-last", order).await.ok();
        assert_eq!((stock(world, CHAIR).await, uses(world, "GOOD").await), ((Some(0), 0, 2), 1));
    })
    .await;
}

#[tokio::test]
async fn of_all_that_stands_against_a_product_the_first_thing_is_told() {
    play(async |world| {
        let (keeper, ann) = (Keeper::of(world).await, world.newcomer("ann").await);
        keeper.promo("USED_UP", json!({ "off_percent": 50, "max_uses": 0 })).await.ok();
        let mut terms = json!({ "is_active": false, "min_rank": "VIP" });
        let mut order = json!({ "sku": "CUP", "quantity": 2, "promo_code": "NEVER_HEARD", "expected_total": 1 });
        for (wrong, right) in [
            (Code::NotFound, json!({ "sku": MUG })),
            (Code::Disabled, json!({ "is_active": true })),
            (Code::RankRequired, json!({})),
            (Code::PromoInvalid, json!({ "promo_code": "USED_UP" })),
            (Code::PromoExhausted, json!({ "promo_code": null })),
            (Code::PriceChanged, json!({ "expected_total": 2000 })),
            (Code::ValidationFailed, json!({ "payment_token": "ok" })),
        ] {
            keeper.product(MUG, terms.clone()).await.ok();
            let before = AsItWas::see(world, &ann).await;
            buy(&ann, "free-at-last", order.clone()).await.refused(wrong);
            assert_eq!(AsItWas::see(world, &ann).await, before, "{wrong:?}");
            if wrong == Code::RankRequired {
                keeper.promote(&ann, "VIP").await;
            }
            for (name, value) in right.as_object().unwrap() {
                let set = if terms.get(name).is_some() { &mut terms } else { &mut order };
                set[name] = value.clone();
            }
        }
        buy(&ann, "free-at-last", order).await.ok();
        // What does not exist has no number either; a limited package is no product, and no product is limited.
        for unknown in [json!({ "product_id": 4711 }), json!({ "sku": "WEEKEND_STARTER" })] {
            let mut what = unknown;
            what["quantity"] = json!(1);
            buy(&ann, "no-such-thing", what).await.refused(Code::NotFound);
        }
        buy_limited(&ann, "no-such-thing", MUG, "ok").await.refused(Code::NotFound);
        assert_eq!(buy(&ann, "nothing-named", json!({ "quantity": 1 })).await.wrong_field(), "sku");
    })
    .await;
}
