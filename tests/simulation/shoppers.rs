//! Shoppers on several devices, operators who change what is sold, and a table that fails: whatever happens, each purchase comes
//! to an end, and each key stands for one.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use croupier_tests::{
    audit::{audit, books},
    seat::{Answer, Seat},
    world::{World, variable},
};
use croupier_web::config::Config;
use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    games::sweep,
    player::{RETRIES, patiently},
    tally::Tally,
};

const SHOPPERS: usize = 8;
const DEVICES: usize = 3;
/// How much each device does, one after the other, before time passes.
const ACTIONS: usize = 5;
const ROUNDS: usize = 4;
const SHARE: f64 = 0.1;
const STOCK: u64 = 30;
const DROP: &str = "/api/admin/limited-packages/DROP";

/// What must have happened at least once, in each run.
const REACHED: [&str; 14] = [
    "200 success",
    "200 replayed",
    "200 held",
    "200 released",
    "202 PAYMENT_PENDING",
    "402 PAYMENT_DECLINED",
    "409 OUT_OF_STOCK",
    "409 USER_LIMIT",
    "409 PROMO_EXHAUSTED",
    "409 INSUFFICIENT_FUNDS",
    "409 HOLD_EXPIRED",
    "409 HOLD_RESOLVED",
    "422 IDEMPOTENCY_KEY_REUSED",
    "200 refunded",
];

/// How often each was reached.
#[derive(Default)]
struct Seen(Mutex<BTreeMap<String, usize>>);

impl Seen {
    fn count(&self, what: impl Into<String>) {
        *self.0.lock().expect("nobody has failed").entry(what.into()).or_default() += 1;
    }
}

/// What a shopper may ask for: where, and what.
type Wish = (String, Value);
/// What a key stands for, and the answer that must not change any more.
type Kept = (Wish, Option<(u16, String)>);

/// A shopper, and what was answered under each key.
struct Shopper {
    seat: Seat,
    keys: Mutex<BTreeMap<String, Kept>>,
    holds: Mutex<Vec<String>>,
    bought: Mutex<Vec<String>>,
}

fn token(chance: &mut StdRng) -> &'static str {
    ["ok", "ok", "ok", "ok", "declined", "capture_fails", "pending", "timeout"][chance.random_range(0..8)]
}

impl Shopper {
    fn at(seat: Seat) -> Self {
        Self { seat, keys: Mutex::default(), holds: Mutex::default(), bought: Mutex::default() }
    }

    fn wish(&self, chance: &mut StdRng) -> Wish {
        let promo = chance.random_bool(0.3).then_some("HALF");
        let hold = self.holds.lock().expect("nobody has failed").last().cloned();
        match (chance.random_range(0..100), hold) {
            (0..25, _) => {
                let sku = ["COIN_PACK_SMALL", "GEM_PACK_SMALL"][chance.random_range(0..2)];
                let what = json!({ "sku": sku, "quantity": 1, "payment_token": token(chance), "promo_code": promo });
                ("/api/shop/buy".to_owned(), what)
            }
            (25..35, _) => ("/api/shop/buy".to_owned(), json!({ "sku": "LUCKY_CHARM", "quantity": 1 })),
            (35..60, _) => {
                let what =
                    json!({ "code": "DROP", "quantity": 1, "payment_token": token(chance), "promo_code": promo });
                ("/api/shop/buy-limited".to_owned(), what)
            }
            (60..75, Some(hold)) => {
                let what = json!({ "payment_token": token(chance), "promo_code": promo });
                (format!("/api/shop/holds/{hold}/finalize"), what)
            }
            (75..82, Some(hold)) => (format!("/api/shop/holds/{hold}"), Value::Null),
            (82..90, _) => ("/api/games/slot/spin".to_owned(), json!({ "bet_amount": 1 })),
            _ => ("/api/shop/holds".to_owned(), json!({ "code": "DROP", "quantity": 1 })),
        }
    }

    async fn act(&self, chance: &mut StdRng, seen: &Seen, tally: &Tally) {
        let fresh = format!("{:032x}", chance.random::<u128>());
        let known: Vec<_> = self.keys.lock().expect("nobody has failed").keys().cloned().collect();
        let wish = self.wish(chance);
        let again = !known.is_empty() && chance.random_bool(0.3);
        let key = if again { known[chance.random_range(0..known.len())].clone() } else { fresh };
        let first = self.keys.lock().expect("nobody has failed").get(&key).map(|(wish, _)| wish.clone());
        let wish = first.filter(|_| chance.random_bool(0.8)).unwrap_or(wish);
        self.ask(&key, wish, seen, tally).await;
    }

    async fn ask(&self, key: &str, wish: Wish, seen: &Seen, tally: &Tally) {
        if wish.1.is_null() {
            let answer = patiently(RETRIES, tally, async || self.seat.delete(&wish.0).await).await;
            seen.count(if answer.status == 200 { "200 released".to_owned() } else { told(&answer) });
            return;
        }
        let is_known = {
            let mut keys = self.keys.lock().expect("nobody has failed");
            keys.entry(key.to_owned()).or_insert_with(|| (wish.clone(), None)).1.is_some()
        };
        let ask = async || self.seat.post_keyed(&wish.0, key, wish.1.clone()).await;
        let answer = patiently(RETRIES, tally, ask).await;
        seen.count(told(&answer));
        assert_ne!(answer.status, 500, "{wish:?}: {}", answer.body);
        if answer.status == 503 || answer.code() == "IDEMPOTENCY_KEY_REUSED" {
            return;
        }
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        if let Some(hold) = body["hold_id"].as_str().filter(|_| !answer.replayed()) {
            self.holds.lock().expect("nobody has failed").push(hold.to_owned());
        }
        if let Some(bought) = body["transaction_id"].as_str().filter(|_| answer.status == 200) {
            self.bought.lock().expect("nobody has failed").push(bought.to_owned());
        }
        // Of two wishes under one key at once, either may have come first: whoever was answered had the key. The other may have been refused before
        // that, and hear of it later.
        let is_final = matches!(answer.status, 200 | 402);
        let mut keys = self.keys.lock().expect("nobody has failed");
        let (kept, first) = keys.get_mut(key).expect("a key that was used");
        if let Some((status, text)) = first.as_ref().filter(|_| is_final || is_known) {
            assert_eq!((*kept).clone(), wish, "{key} stands for something else");
            assert_eq!(*status, answer.status, "{wish:?} under {key}: {text}, then {}", answer.body);
            assert!(*status != 200 || *text == answer.body, "{wish:?} under {key}: {text}, then {}", answer.body);
        } else if first.is_none() && is_final {
            (*kept, *first) = (wish, Some((answer.status, answer.body)));
        }
    }
}

/// What an answer is counted as.
fn told(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match answer.status {
        200 if answer.replayed() => "200 replayed".to_owned(),
        200 if body["hold_id"].is_string() => "200 held".to_owned(),
        200 => format!("200 {}", body["status"].as_str().unwrap_or("done")),
        status => format!("{status} {}", answer.code()),
    }
}

/// Changes what is sold, settles and refunds, until the shoppers are done.
async fn operate(
    world: &World,
    shoppers: &[Shopper],
    chance: &mut StdRng,
    seen: &Seen,
    tally: &Tally,
    stop: &AtomicUsize,
) {
    let admin = world.admin().await;
    let (mut stock, mut deeds) = (STOCK, 0);
    while stop.load(Ordering::SeqCst) > 0 && deeds < 40 {
        deeds += 1;
        let shopper = &shoppers[chance.random_range(0..shoppers.len())];
        let bought = shopper.bought.lock().expect("nobody has failed").last().cloned();
        let transaction = |verb: &str| bought.clone().map(|id| format!("/api/admin/transactions/{id}/{verb}"));
        let key = format!("{:032x}", chance.random::<u128>());
        let (method, path, body) = match chance.random_range(0..6) {
            0 => {
                stock = chance.random_range(1..2 * STOCK);
                (Method::PATCH, DROP.to_owned(), json!({ "stock": stock }))
            }
            1 => (Method::PATCH, DROP.to_owned(), json!({ "is_active": chance.random_bool(0.8) })),
            2 => (Method::PATCH, DROP.to_owned(), json!({ "stock": null })),
            3 => (Method::PATCH, DROP.to_owned(), json!({ "stock": stock, "is_active": true })),
            4 => match transaction("settle") {
                Some(path) => (Method::POST, path, json!({ "outcome": "void" })),
                None => continue,
            },
            _ => match transaction("refund") {
                Some(path) => (Method::POST, path, json!({ "reason": "An operator's mood" })),
                None => continue,
            },
        };
        let ask =
            async || Answer::to(admin.request(method.clone(), &path).header("idempotency-key", &key).json(&body)).await;
        let answer = patiently(RETRIES, tally, ask).await;
        seen.count(told(&answer));
        let may = [200, 409, 503].contains(&answer.status);
        assert!(may, "{path} {body}: {}", answer.body);
        if chance.random_bool(0.3) {
            sweep(world, tally).await;
        }
    }
    let ask = async || admin.patch(DROP, json!({ "stock": 10 * STOCK, "is_active": true })).await;
    patiently(RETRIES, tally, ask).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_each_purchase_comes_to_an_end_and_each_key_stands_for_one() {
    let given = variable("SEED").map(|seed| vec![seed.parse().expect("a number in SEED")]);
    for seed in given.unwrap_or_else(|| vec![1, 2]) {
        println!("SEED={seed}");
        // Nobody has to log in again on the way.
        let for_a_day = |name: &str| (name == "JWT_EXPIRE_MINUTES").then(|| "1440".to_owned());
        let world = World::with(|options| options.config = Config::read(&[], for_a_day).expect("a config")).await;
        let seen = simulate(&world, seed).await;
        audit(&world).await;
        world.stop().await;
        let seen = seen.0.into_inner().expect("nobody has failed");
        println!("{seen:?}");
        for class in REACHED {
            assert!(seen.contains_key(class), "{class} was never reached: {seen:?}");
        }
    }
}

async fn simulate(world: &World, seed: u64) -> Seen {
    let (seen, tally, mut chance) = (Seen::default(), Tally::default(), StdRng::seed_from_u64(seed));
    let admin = world.admin().await;
    let put = async |path: &str, body: Value| Answer::to(admin.request(Method::PUT, path).json(&body)).await.ok();
    let drop = json!({
        "name": "The drop", "price_cents": 999, "grants": { "coins": 50, "items": [{ "item_id": "lucky_charm", "count": 1 }] },
        "per_user_limit": 4, "stock": STOCK,
    });
    put(DROP, drop).await;
    put("/api/admin/promos/HALF", json!({ "off_percent": 50, "max_uses": 12 })).await;
    let mut shoppers = Vec::new();
    for number in 0..SHOPPERS {
        shoppers.push(Shopper::at(world.newcomer(&format!("shopper-{number}")).await));
    }
    world.wire.misbehave(seed, SHARE);
    for _ in 0..ROUNDS {
        let left = AtomicUsize::new(SHOPPERS * DEVICES);
        let devices = shoppers.iter().flat_map(|shopper| (0..DEVICES).map(move |_| shopper));
        let shopping = devices.map(|shopper| {
            let (mut rng, left, seen, tally) = (StdRng::seed_from_u64(chance.random()), &left, &seen, &tally);
            async move {
                for _ in 0..ACTIONS {
                    shopper.act(&mut rng, seen, tally).await;
                }
                left.fetch_sub(1, Ordering::SeqCst);
            }
        });
        let shopping = join_all(shopping.collect::<Vec<_>>());
        let mut rng = StdRng::seed_from_u64(chance.random());
        tokio::join!(shopping, operate(world, &shoppers, &mut rng, &seen, &tally, &left));
        world.pass(Duration::from_secs(70));
        sweep(world, &tally).await;
    }
    world.wire.behave();
    come_to_an_end(world, &shoppers, &seen, &tally).await;
    seen
}

/// After a while and some sweeps nothing is under way, whatever was told under a key is told again, and what was told is so.
async fn come_to_an_end(world: &World, shoppers: &[Shopper], seen: &Seen, tally: &Tally) {
    let last = json!({ "name": "The last", "price_cents": 1, "grants": { "coins": 1 }, "stock": 1 });
    let admin = world.admin().await;
    let place = "/api/admin/limited-packages/LAST";
    Answer::to(admin.request(Method::PUT, place).json(&last)).await.ok();
    let late = &shoppers[0];
    let hold = late.seat.post("/api/shop/holds", json!({ "code": "LAST", "quantity": 1 })).await;
    let hold = hold.ok()["hold_id"].as_str().expect("an id").to_owned();
    let other = shoppers[1].seat.post("/api/shop/holds", json!({ "code": "LAST", "quantity": 1 })).await;
    seen.count(told(&other));
    for _ in 0..3 {
        world.pass(Duration::from_secs(3601));
        sweep(world, tally).await;
    }
    let pay = json!({ "payment_token": "ok" });
    seen.count(told(&late.seat.post_keyed(&format!("/api/shop/holds/{hold}/finalize"), "the-last-key", pay).await));
    for shopper in shoppers {
        let open = shopper.seat.pages("/api/shop/transactions?status=pending&limit=100").await.concat();
        assert!(open.is_empty(), "still under way: {open:?}");
        let keys = shopper.keys.lock().expect("nobody has failed").clone();
        for (key, (wish, first)) in keys {
            let Some((status, text)) = first else { continue };
            let again = shopper.seat.post_keyed(&wish.0, &key, wish.1).await;
            assert_eq!(again.status, status, "{key}: {text}, then {}", again.body);
            assert!(status != 200 || again.body == text, "{key}: {text}, then {}", again.body);
        }
    }
    let books = books(world).await;
    assert!(books.open_purchases().is_empty(), "{:?}", books.open_purchases());
}
