//! The example events, made ready for one world.

use std::{collections::BTreeMap, fs};

use croupier_functions::FUNCTIONS;
use croupier_tests::{
    live::Live,
    seat::{PASSWORD, Seat},
    world::World,
};
use serde_json::Value;

/// The player whom the examples speak of.
pub struct Examples<'a> {
    world: &'a World,
    player: String,
    round: String,
}

/// An example made ready, and what no log may hold of it.
pub struct Example {
    /// The event.
    pub event: Value,
    /// What it carries, and what stands behind it.
    pub secrets: Vec<String>,
}

impl<'a> Examples<'a> {
    /// Makes the player.
    pub async fn of(world: &'a World) -> Self {
        let seat = world.newcomer("player").await;
        let round = seat.spin(50).await.ok()["round_id"].as_str().expect("an id").to_owned();
        Self { world, player: seat.id, round }
    }

    /// The example of a function, in a session of its own: some of them end it.
    pub async fn ready(&self, name: &str) -> Example {
        let tokens = self.world.log_in("player", PASSWORD).await.ok();
        let seat = Seat::of(self.world, &tokens);
        let sessions = seat.get("/api/auth/sessions").await.ok();
        let current =
            sessions["items"].as_array().expect("sessions").iter().find(|session| session["is_current"] == true);
        let session = current.expect("this session")["id"].as_str().expect("an id").to_owned();
        let refresh = tokens["refresh_token"].as_str().expect("a token").to_owned();
        let placeholders = BTreeMap::from([
            ("ACCESS_TOKEN", seat.token.clone()),
            ("CONNECTION_ID", format!("{name}-L0SM9cOFvHcCIhw=")),
            ("PLAYER_ID", self.player.clone()),
            ("REFRESH_TOKEN", refresh),
            ("ROUND_ID", self.round.clone()),
            ("SESSION_ID", session),
            ("TICKET", Live::ticket(&seat).await),
        ]);
        let text = fs::read_to_string(format!("../events/{name}.json"))
            .unwrap_or_else(|error| panic!("events/{name}.json: {error}; copy one of the same kind"));
        let text = placeholders.iter().fold(text, |text, (placeholder, value)| text.replace(placeholder, value));
        let carried = ["ACCESS_TOKEN", "REFRESH_TOKEN", "TICKET"].map(|placeholder| placeholders[placeholder].clone());
        let behind = [PASSWORD, "cherry-lemon-7", "+442079460000", "a-secret-of-this-test"].map(str::to_owned);
        Example {
            event: serde_json::from_str(&text).expect("JSON"),
            secrets: carried.into_iter().chain(behind).collect(),
        }
    }
}

/// Whether this is what the function answers to its example.
#[track_caller]
pub fn is_right(name: &str, answer: &Value) {
    match name {
        "push" => assert_eq!(answer["batchItemFailures"], Value::Array(Vec::new()), "{name}: {answer}"),
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
