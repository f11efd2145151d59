//! Families of refresh tokens: a thousand refreshes, two at a time, while messages get lost.

use croupier_tests::{
    seat::{Answer, Seat, Site},
    world::play,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

const FAMILIES: usize = 50;
const GENERATIONS: usize = 10;

fn token(tokens: &Value) -> String {
    tokens["refresh_token"].as_str().expect("a refresh token").to_owned()
}

/// Asks as a client does: the same again, until there is an answer.
async fn refresh(site: &Site, spent: &str) -> Answer {
    loop {
        let answer = site.post("/api/auth/refresh", json!({ "refresh_token": spent })).await;
        if answer.status != 503 {
            return answer;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_family_of_tokens_has_two_leaves_or_dies_of_a_client_that_asks_again() {
    play(async |world| {
        let site = &world.site;
        let mut first = Vec::new();
        for number in 0..FAMILIES {
            first.push(token(&site.sign_up(&format!("family-{number}"), "5858").await.ok()));
        }
        world.wire.misbehave(3, 0.1);
        let leaves = join_all(first.into_iter().map(async |mut spent| {
            for _ in 0..GENERATIONS {
                let (one, other) = tokio::join!(refresh(site, &spent), refresh(site, &spent));
                let next = token(&one.ok());
                assert_eq!(token(&other.ok()), next, "one token, two successors");
                spent = next;
            }
            spent
        }))
        .await;
        world.wire.behave();
        for leaf in leaves {
            let seat = Seat::of(site, &refresh(site, &leaf).await.ok());
            seat.balance().await;
        }
    })
    .await;
}
