//! Callers: for every function, who is let in and who is not.

use croupier_functions::FUNCTIONS;
use croupier_tests::{
    seat::{Answer, PASSWORD, Seat},
    world::play,
};
use croupier_web::{error::Code, function::Trigger, openapi};
use reqwest::Method;
use serde_json::{Value, json};

use crate::accounts::{ban, end_session};

/// One way to call one function, and whether its description asks for a token.
struct Way {
    name: &'static str,
    method: Method,
    path: String,
    asks_for_token: bool,
}

/// All ways to call all functions that answer requests.
fn ways() -> Vec<Way> {
    let document = openapi::document(FUNCTIONS);
    let mut ways = Vec::new();
    for function in FUNCTIONS {
        let Trigger::Http(route) = function.trigger else { continue };
        for (method, path) in route.places() {
            let operation = &document["paths"][path][method.text().to_ascii_lowercase()];
            assert!(operation.is_object(), "{} is not described", function.name);
            ways.push(Way {
                name: function.name,
                method: method.text().parse().unwrap(),
                path: path.replace(['{', '}'], ""),
                asks_for_token: operation["security"] == json!([{ "token": [] }]),
            });
        }
    }
    ways
}

#[tokio::test]
async fn every_function_lets_in_whom_its_description_lets_in() {
    play(async |world| {
        let seats: [Seat; 2] = [world.newcomer("ended").await, world.newcomer("banned").await];
        world.newcomer("welcome").await;
        end_session(world, &seats[0]).await;
        ban(world, &seats[1]).await;
        let [ended, banned] = seats.map(|seat| Some(seat.token));
        let (mut guarded, mut open) = (0, 0);
        for way in ways() {
            let call = async |token: &Option<String>| {
                let request = world.request(way.method.clone(), &way.path).json(&json!({}));
                Answer::to(match token {
                    Some(token) => request.bearer_auth(token),
                    None => request,
                })
                .await
            };
            let barred = [
                (&None, Code::Unauthenticated),
                (&Some("invented".to_owned()), Code::Unauthenticated),
                (&ended, Code::TokenRevoked),
                (&banned, Code::AccountLocked),
            ];
            for (token, code) in barred {
                let answer = call(token).await;
                let told = (answer.status, answer.code());
                if way.asks_for_token {
                    assert_eq!(told, (code.status(), code.text().to_owned()), "{} at {}", way.name, way.path);
                    let asks = (code.status() == 401).then_some("Bearer");
                    assert_eq!(answer.header("www-authenticate"), asks, "{} at {}", way.name, way.path);
                } else if way.name == "refresh" {
                    // It takes a token of another kind, and none of these is one.
                    assert_eq!(told, (401, "UNAUTHENTICATED".to_owned()));
                } else {
                    assert!(![401, 403, 423].contains(&told.0), "{} at {}: {}", way.name, way.path, answer.body);
                }
            }
            // In a session of its own, since some of them end it. Whom a refresh or the doors of a rank let in is a test of
            // their own.
            if way.name != "refresh" && !way.name.starts_with("rbac-") {
                let welcome = Seat::of(world, &world.log_in("welcome", PASSWORD).await.ok());
                let answer = call(&Some(welcome.token)).await;
                assert!(
                    ![401, 403, 405, 423].contains(&answer.status),
                    "{} at {}: {}",
                    way.name,
                    way.path,
                    answer.body
                );
            }
            *(if way.asks_for_token { &mut guarded } else { &mut open }) += 1;
        }
        assert!(guarded > open && open > 0, "{guarded} with a token, {open} without");
    })
    .await;
}

#[tokio::test]
async fn a_round_is_shown_to_its_player_only() {
    play(async |world| {
        let [owner, stranger] = [world.newcomer("owner").await, world.newcomer("stranger").await];
        let round = owner.spin(50).await.ok();
        // The stranger has a round of the same number.
        stranger.spin(50).await.ok();
        let path = format!("/api/fairness/rounds/{}", round["round_id"].as_str().unwrap());
        let shown: Value = owner.get(&path).await.ok();
        assert_eq!(shown["round_id"], round["round_id"]);
        stranger.get(&path).await.refused(Code::NotFound);
    })
    .await;
}
