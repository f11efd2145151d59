//! The shop, as its buyers see it.

mod borders;
mod buying;
mod document;
mod holds;
mod payments;
mod promos;
mod pushes;
mod refunds;
mod stock;
mod webhook;

use std::time::Duration;

use croupier_rules::{
    account::Session,
    id::{PlayerId, SessionId},
    player::Player,
    shop::{package::Package, promo::Promo},
};
use croupier_store::{
    account::Newcomer,
    item::{Login, Profile},
    key::Key,
};
use croupier_tests::{
    seat::{Answer, Seat},
    wire::Fault,
    world::World,
};
use croupier_web::error::Code;
use futures_util::{
    future::join,
    stream::{self, StreamExt},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Where what is held is found.
pub const HOLDS: &str = "/api/shop/holds";

/// Buys under a key.
pub async fn buy(buyer: &Seat, key: &str, what: Value) -> Answer {
    buyer.post_keyed("/api/shop/buy", key, what).await
}

/// Buys of a limited package under a key, and pays with a token.
pub async fn buy_limited(buyer: &Seat, key: &str, code: &str, token: &str) -> Answer {
    buy_many(buyer, key, json!({ "code": code, "quantity": 1, "payment_token": token })).await
}

/// Buys of a limited package under a key.
pub async fn buy_many(buyer: &Seat, key: &str, what: Value) -> Answer {
    buyer.post_keyed("/api/shop/buy-limited", key, what).await
}

/// Asks again, under the same key, as long as too much is going on.
pub async fn patiently(ask: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..50 {
        let answer = ask().await;
        if answer.status != Code::Unavailable.status() {
            return answer;
        }
    }
    panic!("too much is going on all the time");
}

/// Asks for something of which the writing collides until something else has happened meanwhile.
pub async fn overtaken(world: &World, ask: impl Future<Output = Answer>, by: impl Future<Output = ()>) -> Answer {
    world.wire.take();
    // One less than there are tries; what operators write takes some of them as well.
    world.wire.plan("TransactWriteItems", &[Fault::Collision; 7]);
    let meanwhile = async {
        while !world.wire.take().iter().any(|passed| passed.fault.is_some()) {
            tokio::task::yield_now().await;
        }
        by.await;
    };
    let (answer, ()) = join(ask, meanwhile).await;
    world.wire.behave();
    answer
}

/// New players. They come in by the back door: at the front, each one's password takes its time.
pub async fn crowd(world: &World, many: usize) -> Vec<Seat> {
    let newcomers = stream::iter(0..many).map(async |number| {
        let (app, now) = (&world.running().app, world.now());
        let id = PlayerId::new(now.millis().unsigned_abs(), app.entropy.id());
        let session = SessionId::new(now.millis().unsigned_abs(), app.entropy.id());
        let name = format!("buyer-{number}");
        let newcomer = Newcomer {
            change: Player::sign_up(id, false, None, now, &app.economy).expect("a player"),
            profile: Profile {
                revision: 1,
                site_id: name.parse().expect("a site id"),
                nickname: name.parse().expect("a nickname"),
                phone_number: None,
                created_at: now,
                last_login_at: now,
                sessions: vec![session],
            },
            login: Login { player: id, password_hash: "none that a password has".to_owned(), made_by: None },
            invite: None,
            session: Some(Session {
                id: session,
                revision: 1,
                epoch: 0,
                refresh_hash: "none that a token has".to_owned(),
                spent_hash: None,
                used_at: now,
                seen_at: None,
                device: "in a crowd".to_owned(),
                created_at: now,
                ends_at: now.after(Duration::from_secs(86_400)),
                expires: now.after(Duration::from_secs(86_400)).seconds(),
            }),
        };
        world.store().sign_up(&newcomer, now).await.expect("a newcomer");
        let token = app.tokens().expect("tokens").issue(id, session, 0, name, now).expect("a token");
        Seat { site: world.site.clone(), token, id: id.to_string() }
    });
    newcomers.buffered(20).collect().await
}

/// A limited package as the table has it.
pub async fn package(world: &World, code: &str) -> Package {
    let found = world.store().get(&Key::package(&code.parse().expect("a code"))).await;
    found.expect("an answer").expect("a package")
}

/// How many of a limited package are free, held and sold; all of them, where it is not endless, are what there is.
pub async fn stock(world: &World, code: &str) -> (Option<u64>, u64, u64) {
    let Package { stock, held, sold, .. } = package(world, code).await;
    assert!(stock.is_none_or(|stock| stock.stock == stock.free + held + sold), "{stock:?}, {held} held, {sold} sold");
    (stock.map(|stock| stock.free), held, sold)
}

/// How many purchases have a promo code.
pub async fn uses(world: &World, code: &str) -> u64 {
    let found = world.store().promo(&code.parse().expect("a code")).await;
    found.expect("an answer").expect("a promo").used
}

/// All that a refusal leaves as it was: what a buyer owns, what the buyer's history and transactions tell, and what is in stock.
#[derive(Debug, PartialEq)]
pub struct AsItWas {
    balance: (u64, u64, u64),
    history: Vec<Value>,
    transactions: Vec<Value>,
    packages: Vec<Package>,
    promos: Vec<Promo>,
}

impl AsItWas {
    /// How it is.
    pub async fn see(world: &World, buyer: &Seat) -> Self {
        Self {
            balance: buyer.balance().await,
            history: buyer.history().await,
            transactions: buyer.pages("/api/shop/transactions?limit=100").await.concat(),
            packages: world.store().made(None, 100).await.expect("packages").items,
            promos: world.store().made(None, 100).await.expect("promos").items,
        }
    }
}

/// Whoever runs the shop.
pub struct Keeper(Seat);

impl Keeper {
    /// The admin with whom every world begins.
    pub async fn of(world: &World) -> Self {
        Self(world.admin().await)
    }

    /// Sells a product: 100 coins for 1000 cents, where nothing else is said.
    pub async fn product(&self, sku: &str, terms: Value) -> Answer {
        let id = 9000 + sku.bytes().map(u32::from).sum::<u32>();
        let usual = json!({ "id": id, "name": sku, "price_cents": 1000, "grants": { "coins": 100 } });
        self.put(&format!("products/{sku}"), changed(usual, terms)).await
    }

    /// Sells a limited package: an endless one of 100 coins for 500 cents, where nothing else is said.
    pub async fn package(&self, code: &str, terms: Value) -> Answer {
        let usual = json!({ "name": code, "price_cents": 500, "grants": { "coins": 100 }, "stock": null });
        self.put(&format!("limited-packages/{code}"), changed(usual, terms)).await
    }

    /// Changes some of a limited package.
    pub async fn repack(&self, code: &str, change: Value) -> Answer {
        let path = format!("/api/admin/limited-packages/{code}");
        patiently(async || self.0.patch(&path, change.clone()).await).await
    }

    /// Makes a promo code: good for everything, for ever, where nothing else is said but what comes off.
    pub async fn promo(&self, code: &str, terms: Value) -> Answer {
        self.put(&format!("promos/{code}"), terms).await
    }

    /// Gives a player another rank.
    pub async fn promote(&self, player: &Seat, rank: &str) {
        crate::admin::update(&self.0, player, json!({ "rank": rank })).await.ok();
    }

    async fn put(&self, path: &str, terms: Value) -> Answer {
        let request = || self.0.request(Method::PUT, &format!("/api/admin/{path}")).json(&terms);
        patiently(async || Answer::to(request()).await).await
    }
}

/// Terms with some of them changed.
fn changed(mut terms: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().expect("terms") {
        terms[name] = value.clone();
    }
    terms
}
