//! The example events, made ready for one world.

use std::{collections::BTreeMap, fs};

use croupier_functions::FUNCTIONS;
use croupier_tests::{
    live::Live,
    seat::{ADMIN_PASSWORD, PASSWORD, Seat},
    world::World,
};
use serde_json::{Value, json};

/// The players whom the examples speak of: one who plays, an admin, and another one whom the admin looks at.
pub struct Examples<'a> {
    world: &'a World,
    player: String,
    round: String,
    admin: Seat,
    other: String,
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
        let other = world.newcomer("other").await.id;
        Self { world, player: seat.id, round, admin: world.admin().await, other }
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
        let placeholders = BTreeMap::from([
            ("ACCESS_TOKEN", seat.token.clone()),
            ("ADMIN_TOKEN", self.admin.token.clone()),
            ("CONNECTION_ID", format!("{name}-L0SM9cOFvHcCIhw=")),
            ("GAME_SESSION_ID", game),
            ("INVITE_CODE", text(&invites["items"][0]["code"])),
            ("OTHER_ID", self.other.clone()),
            ("PLAYER_ID", self.player.clone()),
            ("REFRESH_TOKEN", text(&tokens["refresh_token"])),
            ("ROUND_ID", self.round.clone()),
            ("SESSION_ID", text(&current.expect("this session")["id"])),
            ("TICKET", Live::ticket(&seat).await),
        ]);
        let example = fs::read_to_string(format!("../events/{name}.json"))
            .unwrap_or_else(|error| panic!("events/{name}.json: {error}; copy one of the same kind"));
        let example =
            placeholders.iter().fold(example, |example, (placeholder, value)| example.replace(placeholder, value));
        let carried = ["ACCESS_TOKEN", "ADMIN_TOKEN", "INVITE_CODE", "REFRESH_TOKEN", "TICKET"];
        let carried = carried.map(|placeholder| placeholders[placeholder].clone());
        let behind = [PASSWORD, ADMIN_PASSWORD, "+442079460000", "a-secret-of-this-test"].map(str::to_owned);
        Example {
            event: serde_json::from_str(&example).expect("JSON"),
            secrets: carried.into_iter().chain(behind).collect(),
        }
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
        "sweep" => assert_eq!(answer["done"], 0, "{name}: {answer}"),
        "push" | "project" => assert_eq!(answer["batchItemFailures"], Value::Array(Vec::new()), "{name}: {answer}"),
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
