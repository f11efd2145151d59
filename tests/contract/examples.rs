//! The example events, made ready for one world.

use std::{collections::BTreeMap, fs};

use croupier_functions::FUNCTIONS;
use croupier_tests::{
    live::Live,
    seat::{PASSWORD, Seat},
    world::World,
};
use serde_json::Value;

/// What each placeholder of an example stands for in one world.
pub struct Examples(BTreeMap<&'static str, String>);

impl Examples {
    /// Makes the player whom the examples speak of.
    pub async fn of(world: &World) -> Self {
        let seat: Seat = world.newcomer("player").await;
        let round = seat.spin(50).await.ok()["round_id"].as_str().expect("an id").to_owned();
        Self(BTreeMap::from([
            ("TICKET", Live::ticket(&seat).await),
            ("ROUND_ID", round),
            ("CONNECTION_ID", "L0SM9cOFvHcCIhw=".to_owned()),
            ("PLAYER_ID", seat.id),
            ("ACCESS_TOKEN", seat.token),
        ]))
    }

    /// What no log may hold: what the examples carry, and what stands behind it.
    pub fn secrets(&self) -> Vec<String> {
        let carried = ["TICKET", "ACCESS_TOKEN"].map(|placeholder| self.0[placeholder].clone());
        carried.into_iter().chain([PASSWORD, "+442079460000", "a-secret-of-this-test"].map(str::to_owned)).collect()
    }

    /// The example of a function.
    pub fn event(&self, name: &str) -> Value {
        let text = fs::read_to_string(format!("../events/{name}.json"))
            .unwrap_or_else(|error| panic!("events/{name}.json: {error}; copy one of the same kind"));
        let ready = self.0.iter().fold(text, |text, (placeholder, value)| text.replace(placeholder, value));
        serde_json::from_str(&ready).expect("JSON")
    }
}

/// Whether this is what the function answers to its example.
#[track_caller]
pub fn is_right(name: &str, answer: &Value) {
    match name {
        "push" => assert_eq!(answer["batchItemFailures"], Value::Array(Vec::new()), "{name}: {answer}"),
        "not-found" => assert_eq!(answer["statusCode"], 404, "{name}: {answer}"),
        "socket-message" => assert_eq!(answer["body"], r#"{"type":"pong"}"#, "{name}: {answer}"),
        _ => assert_eq!(answer["statusCode"], 200, "{name}: {answer}"),
    }
}

/// The names of all functions.
pub fn names() -> Vec<&'static str> {
    FUNCTIONS.iter().map(|function| function.name).collect()
}
