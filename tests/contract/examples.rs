//! The example events, made ready for one world.

use std::{
    collections::BTreeMap,
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use croupier_functions::FUNCTIONS;
use croupier_tests::{
    live::Live,
    seat::{ADMIN_PASSWORD, PASSWORD, Seat},
    world::World,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// The players whom the examples speak of: one who plays, an admin, another one whom the admin looks at, and one who buys.
pub struct Examples<'a> {
    world: &'a World,
    player: String,
    round: String,
    admin: Seat,
    other: String,
    buyer: Seat,
    made: AtomicUsize,
}

/// An example made ready, and what no log may hold of it.
pub struct Example {
    /// The event.
    pub event: Value,
    /// What it carries, and what stands behind it.
    pub secrets: Vec<String>,
}

impl<'a> Examples<'a> {
    /// Makes the players; the admin is there already.
    pub async fn of(world: &'a World) -> Self {
        let seat = world.newcomer("player").await;
        let round = text(&seat.spin(50).await.ok()["round_id"]);
        let (other, admin) = (world.newcomer("other").await.id, world.admin().await);
        let buyer = world.newcomer("buyer").await;
        // Several examples buy of it.
        let unlimited = json!({ "per_user_limit": null });
        admin.patch("/api/admin/limited-packages/WEEKEND_STARTER", unlimited).await.ok();
        Self { world, player: seat.id, round, admin, other, buyer, made: AtomicUsize::new(0) }
    }

    /// The example of a function, in a session of its own and with an invite of its own: some of them end it.
    pub async fn ready(&self, name: &str) -> Example {
        let tokens = self.world.log_in("player", PASSWORD).await.ok();
        let seat = Seat::of(self.world, &tokens);
        let sessions = seat.get("/api/auth/sessions").await.ok();
        let current =
            sessions["items"].as_array().expect("sessions").iter().find(|session| session["is_current"] == true);
        let invites = self.admin.post("/api/admin/invites", json!({})).await.ok();
        let game = Self::game_session(&seat, name != "session-start").await;
        let example = fs::read_to_string(format!("../events/{name}.json"))
            .unwrap_or_else(|error| panic!("events/{name}.json: {error}; copy one of the same kind"));
        // What is begun for nobody would fall due in the middle of other examples.
        let asked = |placeholder: &str| example.contains(placeholder);
        let campaign = if asked("CAMPAIGN_ID") { self.campaign().await } else { String::new() };
        let hold = if asked("HOLD_ID") { self.hold(&seat).await } else { String::new() };
        let transaction = if asked("TRANSACTION_ID") { self.transaction(name).await } else { String::new() };
        let placeholders = BTreeMap::from([
            ("ACCESS_TOKEN", seat.token.clone()),
            ("ADMIN_TOKEN", self.admin.token.clone()),
            ("CONNECTION_ID", format!("{name}-L0SM9cOFvHcCIhw=")),
            ("GAME_SESSION_ID", game),
            ("CAMPAIGN_ID", campaign),
            ("HOLD_ID", hold),
            ("INVITE_CODE", text(&invites["items"][0]["code"])),
            ("OTHER_ID", self.other.clone()),
            ("PLAYER_ID", self.player.clone()),
            ("REFRESH_TOKEN", text(&tokens["refresh_token"])),
            ("ROUND_ID", self.round.clone()),
            ("SESSION_ID", text(&current.expect("this session")["id"])),
            ("TICKET", Live::ticket(&seat).await),
            ("TRANSACTION_ID", transaction),
            ("WEBHOOK_TIMESTAMP", self.world.now().seconds().to_string()),
        ]);
        let example =
            placeholders.iter().fold(example, |example, (placeholder, value)| example.replace(placeholder, value));
        let example = self.signed(&example);
        let carried = ["ACCESS_TOKEN", "ADMIN_TOKEN", "INVITE_CODE", "REFRESH_TOKEN", "TICKET"];
        let carried = carried.map(|placeholder| placeholders[placeholder].clone());
        let behind = [PASSWORD, ADMIN_PASSWORD, "+442079460000", "a-secret-of-this-test"].map(str::to_owned);
        Example {
            event: serde_json::from_str(&example).expect("JSON"),
            secrets: carried.into_iter().chain(behind).collect(),
        }
    }

    /// A campaign of which anyone may claim.
    async fn campaign(&self) -> String {
        let now = self.world.now();
        let campaign = json!({
            "name": "Spring race",
            "audience": "all",
            "reward": { "reward_type": "COIN", "amount": 100 },
            "starts_at": now,
            "ends_at": now.after(Duration::from_secs(3600)),
            "budget": 1000,
        });
        let made = self.admin.post_keyed("/api/admin/campaigns", &self.fresh_key(), campaign).await;
        text(&made.ok()["id"])
    }

    /// A hold of the player's.
    async fn hold(&self, seat: &Seat) -> String {
        let hold = json!({ "code": "WEEKEND_STARTER", "quantity": 1 });
        text(&seat.post_keyed("/api/shop/holds", &self.fresh_key(), hold).await.ok()["hold_id"])
    }

    fn fresh_key(&self) -> String {
        format!("example-{}", self.made.fetch_add(1, Ordering::SeqCst))
    }

    /// A purchase of another player's: one that can be refunded, or one that waits for its payer.
    async fn transaction(&self, name: &str) -> String {
        let token = if name == "admin-refund" { "ok" } else { "pending" };
        let what = json!({ "sku": "COIN_PACK_SMALL", "quantity": 1, "payment_token": token });
        let bought = self.buyer.post_keyed("/api/shop/buy", &self.fresh_key(), what).await;
        let bought: Value = serde_json::from_str(&bought.body).expect("JSON");
        text(&bought["transaction_id"])
    }

    /// The example with the signature of its body.
    fn signed(&self, example: &str) -> String {
        let event: Value = serde_json::from_str(example).expect("JSON");
        let header = |name: &str| event["headers"][name].as_str().unwrap_or_default();
        let signed = format!(
            "{}.{}.{}",
            header("x-webhook-timestamp"),
            header("x-webhook-nonce"),
            event["body"].as_str().unwrap_or_default()
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(self.world.webhook_secret().as_bytes()).expect("a key");
        mac.update(signed.as_bytes());
        example.replace("WEBHOOK_SIGNATURE", &hex::encode(mac.finalize().into_bytes()))
    }
}

impl Examples<'_> {
    /// A session of a game that goes on; or, where there must be none, one that is over.
    async fn game_session(seat: &Seat, goes_on: bool) -> String {
        let active = seat.get("/api/games/session/active").await;
        let session = match active.status {
            200 => active.ok(),
            _ => seat.post("/api/games/session/start", json!({ "game_type": "slot" })).await.ok(),
        };
        let id = text(&session["session_id"]);
        if !goes_on {
            seat.post("/api/games/session/end", json!({ "session_id": id })).await.ok();
        }
        id
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Whether this is what the function answers to its example.
#[track_caller]
pub fn is_right(name: &str, answer: &Value) {
    match name {
        // What other examples have begun falls due when they take long.
        "sweep" => assert!(answer["done"].is_u64(), "{name}: {answer}"),
        "push" | "project" | "publish" => {
            assert_eq!(answer["batchItemFailures"], Value::Array(Vec::new()), "{name}: {answer}");
        }
        // There is no ClickHouse in the examples' world: what is brought there comes again.
        "analytics" => assert_eq!(
            answer["batchItemFailures"][0]["itemIdentifier"], "7c1f0f2e-6f0b-4d0a-9a50-5d0c4c1d7b3a",
            "{name}: {answer}"
        ),
        // Where the examples are played there is no Kafka, or nobody listens: what is brought comes again.
        "publish-kafka" => assert_eq!(
            answer["batchItemFailures"][0]["itemIdentifier"], "4421584500000000017450439092",
            "{name}: {answer}"
        ),
        "kafka-health" | "kafka-produce" => assert_eq!(answer["statusCode"], 503, "{name}: {answer}"),
        // The player of the examples has no such rank.
        "rbac-premium" | "rbac-vip" => assert_eq!(answer["statusCode"], 403, "{name}: {answer}"),
        "not-found" => assert_eq!(answer["statusCode"], 404, "{name}: {answer}"),
        "socket-message" => assert_eq!(answer["body"], r#"{"type":"pong"}"#, "{name}: {answer}"),
        _ => assert_eq!(answer["statusCode"], 200, "{name}: {answer}"),
    }
}

/// The names of all functions.
pub fn names() -> Vec<&'static str> {
    FUNCTIONS.iter().map(|function| function.name).collect()
}
