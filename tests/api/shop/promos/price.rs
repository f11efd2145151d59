//! What is charged: to the cent what was shown, with all that comes off.

use croupier_localstack::stream::UNASKED;
use croupier_rules::{
    admin::{AdminAction, AuditEntry},
    id::AuditId,
    money::Cents,
    number::Between,
    shop::{
        Price,
        package::Package,
        product::Product,
        promo::{Off, Promo},
    },
};
use croupier_store::{key::Key, shop::Made, tx::NotCommitted};
use croupier_tests::{
    seat::Answer,
    wire::Passed,
    world::{World, play},
};
use croupier_web::error::Code;
use serde_json::{Value, json};

use super::{
    super::{AsItWas, HOLDS, Keeper, buy, buy_many, overtaken, stock, uses},
    CHAIR, MUG, Way, finalize_with, open_shop,
};

fn writes(passed: &[Passed]) -> usize {
    passed.iter().filter(|passed| passed.operation == "TransactWriteItems").count()
}

#[tokio::test]
async fn cents_come_off_each_one_and_never_more_than_it_costs() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        for (off, quantity, total) in [(1, 1, 499), (150, 3, 1050), (499, 10, 10)] {
            keeper.promo("LESS", json!({ "off_cents": off })).await.ok();
            let what = json!({ "code": CHAIR, "quantity": quantity, "promo_code": "LESS", "payment_token": "ok" });
            assert_eq!(buy_many(&ann, &format!("{off}-cents-off"), what).await.ok()["total"], total);
        }
        // From the price that the discount leaves: three times 1299 less 8 percent less 100 cents, rounded down at the end.
        keeper.promo("LESS", json!({ "off_cents": 100 })).await.ok();
        let what = json!({ "sku": MUG, "quantity": 3, "promo_code": "LESS", "payment_token": "ok" });
        assert_eq!(buy(&ann, "after-a-discount", what).await.ok()["total"], 3285);
    })
    .await;
}

#[tokio::test]
async fn what_costs_nothing_needs_no_payment_and_is_granted_in_one_write() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        for (number, off) in [json!({ "off_cents": 1299 }), json!({ "off_cents": 9999 }), json!({ "off_percent": 100 })]
            .into_iter()
            .enumerate()
        {
            keeper.promo("FREE", off).await.ok();
            for way in [Way::Product, Way::Package, Way::Hold] {
                let mut what = json!({ "quantity": 2, "promo_code": "FREE", "expected_total": 0 });
                let key = format!("for-nothing-{number}");
                let before = ann.balance().await;
                let bought: Answer = match way {
                    Way::Product => {
                        what["sku"] = json!(MUG);
                        world.wire.take();
                        buy(&ann, &key, what).await
                    }
                    Way::Package => {
                        what["code"] = json!(CHAIR);
                        world.wire.take();
                        buy_many(&ann, &format!("{key}-limited"), what).await
                    }
                    Way::Hold => {
                        let held = ann.post(HOLDS, json!({ "code": CHAIR, "quantity": 2 })).await.ok();
                        world.wire.take();
                        finalize_with(&ann, &held, &format!("{key}-held"), what).await
                    }
                };
                assert_eq!(writes(&world.wire.take()), 1, "{way:?}");
                let bought = bought.ok();
                let told = (&bought["total"], &bought["status"], &bought["charge_id"], &bought["currency"]);
                assert_eq!(told, (&json!(0), &json!("success"), &Value::Null, &json!("USD")));
                let entries = if way == Way::Hold { 2 } else { 1 };
                assert_eq!(ann.balance().await, (before.0 + 200, 0, before.2 + entries));
            }
        }
        assert_eq!((uses(world, "FREE").await, stock(world, CHAIR).await), (9, (Some(88), 0, 12)));
        // A means of payment that comes along is not asked for anything.
        let what = json!({ "sku": MUG, "quantity": 1, "promo_code": "FREE", "payment_token": "declined" });
        assert_eq!(buy(&ann, "and-a-bad-card", what).await.ok()["charge_id"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn a_discount_and_a_promo_both_come_off_and_the_total_is_rounded_down_once() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        for (price, discount, promo, quantity) in
            [(1299, 8, 7, 1), (1299, 8, 7, 99), (2, 1, 1, 1), (2, 1, 1, 2), (999, 33, 33, 3), (333, 50, 99, 7)]
        {
            let terms = json!({ "price_cents": price, "discount_percent": discount });
            keeper.product(MUG, terms).await.ok();
            keeper.promo("PERCENT", json!({ "off_percent": promo })).await.ok();
            let total = price * quantity * (100 - discount) * (100 - promo) / 10_000;
            let what = json!({
                "sku": MUG, "quantity": quantity, "promo_code": "PERCENT", "payment_token": "ok",
                "expected_total": total,
            });
            let bought = buy(&ann, &format!("mugs-{price}-{discount}-{promo}-{quantity}"), what).await.ok();
            assert_eq!(bought["total"], total);
            assert_eq!(bought["receipt"]["discount_percent"], discount);
            assert_eq!(bought["receipt"]["unit_price"], price);
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_expects_another_total_pays_nothing_and_is_told_the_right_one() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        keeper.promo("TENTH", json!({ "off_percent": 10 })).await.ok();
        let held = ann.post(HOLDS, json!({ "code": CHAIR, "quantity": 2 })).await.ok();
        for (way, promo, right) in [
            (Way::Product, None, 2390),
            (Way::Product, Some("TENTH"), 2151),
            (Way::Package, None, 1000),
            (Way::Package, Some("TENTH"), 900),
            (Way::Hold, Some("TENTH"), 900),
        ] {
            let ask = async |expected: u64| {
                let what = json!({
                    "sku": MUG, "code": CHAIR, "quantity": 2, "promo_code": promo, "payment_token": "ok",
                    "expected_total": expected,
                });
                let key = format!("{way:?}-{promo:?}");
                match way {
                    Way::Product => buy(&ann, &key, what).await,
                    Way::Package => buy_many(&ann, &key, what).await,
                    Way::Hold => finalize_with(&ann, &held, &key, what).await,
                }
            };
            let before = AsItWas::see(world, &ann).await;
            for wrong in [0, right - 1, right + 1, u64::MAX] {
                let detail = ask(wrong).await.refused(Code::PriceChanged)["detail"].to_string();
                assert!(detail.contains(&right.to_string()), "{detail}");
            }
            assert_eq!(AsItWas::see(world, &ann).await, before);
            // What was refused has used no key up.
            assert_eq!(ask(right).await.ok()["total"], right);
        }
    })
    .await;
}

/// Changes what an operator made, on a way on which nothing collides.
async fn amend<T: Made + Clone>(world: &World, keeper: &Keeper, key: &Key, change: impl Fn(&mut T) + Send + Sync) {
    let entry = AuditEntry {
        id: AuditId::new(world.now().millis().unsigned_abs(), world.running().app.entropy.id()),
        at: world.now(),
        actor: keeper.0.id.parse().expect("an id"),
        action: AdminAction::ProductUpsert,
        target: MUG.to_owned(),
        before: Value::Null,
        after: Value::Null,
        request_id: "on another way".to_owned(),
    };
    let edited = world.store().edit(key, |seen: Option<&T>| {
        let mut next = seen.expect("it is there").clone();
        change(&mut next);
        Ok::<_, NotCommitted>(Some((next, entry.clone())))
    });
    UNASKED.scope((), edited).await.expect("a change");
}

#[tokio::test]
async fn a_price_that_changes_while_somebody_buys_is_not_charged_unseen() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        keeper.promo("TENTH", json!({ "off_percent": 10 })).await.ok();
        let what = |name: &str, value: &str, total: Option<u64>| {
            let mut what = json!({ "quantity": 1, "promo_code": "TENTH", "payment_token": "ok" });
            (what[name], what["expected_total"]) = (json!(value), json!(total));
            what
        };
        let (mug, chair) = (Key::product(&MUG.parse().unwrap()), Key::package(&CHAIR.parse().unwrap()));
        let tenth = Key::promo(&"TENTH".parse().unwrap());
        let off = async |percent: u32| {
            let off = Off::Percent(Between::new(percent).unwrap());
            let less = |promo: &mut Promo| (promo.terms.off, promo.revision) = (off, promo.revision + 1);
            amend(world, &keeper, &tenth, less).await;
        };

        let dearer = |mug: &mut Product| {
            (mug.terms.price, mug.revision) = (Price::Cents(Cents::new(1399).unwrap()), mug.revision + 1);
        };
        let raised = amend(world, &keeper, &mug, dearer);
        let bought = overtaken(world, buy(&ann, "a-dearer-mug", what("sku", MUG, Some(1075))), raised).await;
        bought.refused(Code::PriceChanged);
        let dearer = |chair: &mut Package| {
            (chair.terms.price_cents, chair.revision) = (Cents::new(600).unwrap(), chair.revision + 1);
        };
        let raised = amend(world, &keeper, &chair, dearer);
        let bought = overtaken(world, buy_many(&ann, "a-dearer-chair", what("code", CHAIR, Some(450))), raised).await;
        bought.refused(Code::PriceChanged);
        let order = what("code", CHAIR, Some(540));
        overtaken(world, buy_many(&ann, "a-dearer-chair", order), off(5)).await.refused(Code::PriceChanged);
        assert_eq!((uses(world, "TENTH").await, ann.balance().await), (0, (1000, 0, 1)));
        // Whoever expects nothing pays what it costs in the end, and is told.
        let bought = overtaken(world, buy_many(&ann, "whatever-it-costs", what("code", CHAIR, None)), off(50)).await;
        assert_eq!(bought.ok()["total"], 300);
    })
    .await;
}

#[tokio::test]
async fn what_the_catalog_shows_is_what_is_charged() {
    play(async |world| {
        let (keeper, ann) = (open_shop(world).await, world.newcomer("ann").await);
        keeper.promote(&ann, "VIP").await;
        let gems = json!({ "product_id": 1101, "quantity": 1, "payment_token": "ok" });
        buy(&ann, "some-gems-first", gems).await.ok();
        let catalog = ann.get("/api/shop/catalog").await.ok();
        let items = catalog["items"].as_array().unwrap();
        assert_eq!(items.len(), 7);
        for item in items {
            let shown =
                if item["price_cents"].is_null() { &item["price"]["gems"] } else { &item["discounted_price_cents"] };
            let sku = item["sku"].as_str().unwrap();
            // By its number as by its name.
            let what = json!({
                "product_id": item["id"], "quantity": 1, "payment_token": "ok", "expected_total": shown,
            });
            let bought = buy(&ann, &format!("just-{sku}"), what).await.ok();
            assert_eq!((&bought["total"], &bought["sku"], &bought["grants"]), (shown, &item["sku"], &item["grants"]));
            assert_eq!(bought["currency"], item["currency"]);
        }
        let packages = ann.get("/api/shop/limited-packages").await.ok();
        for item in packages["items"].as_array().unwrap() {
            let what = json!({
                "code": item["code"], "quantity": 1, "payment_token": "ok", "expected_total": item["price_cents"],
            });
            let bought = buy_many(&ann, &format!("just-{}", item["code"]), what).await.ok();
            assert_eq!((&bought["total"], &bought["grants"]), (&item["price_cents"], &item["grants"]));
        }
        assert_eq!(packages["items"].as_array().unwrap().len(), 3);
    })
    .await;
}
