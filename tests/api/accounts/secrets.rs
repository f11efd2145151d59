//! Secrets: what the client holds is in no table and in no log.

use croupier_localstack::table::TABLE;
use croupier_tests::{
    live::Live,
    seat::{ADMIN_PASSWORD, Answer, PASSWORD, Seat, Site},
    tape::Tape,
    world::{World, play},
};
use reqwest::Method;
use serde_json::json;

use crate::admin::update;

const PHONE: &str = "+491701234567";
const WRONG: &str = "a-wrong-password";
const NEW: &str = "a-new-password";

/// Everything secret that a player comes to hold, and the player's seat.
async fn lives(world: &World) -> (Seat, Vec<String>) {
    let mut body = Site::sign_up_body("careful", "5858");
    body["phone_number"] = PHONE.into();
    let mut secrets = vec![PASSWORD.to_owned(), WRONG.to_owned()];
    let sign_up = world.request(Method::POST, "/api/auth/signup").header("idempotency-key", "sign-up-once").json(&body);
    let first = Answer::to(sign_up.try_clone().unwrap()).await;
    let repeated = Answer::to(sign_up).await;
    world.log_in("careful", WRONG).await;
    let second = world.log_in("careful", PASSWORD).await;
    let replies = [first, repeated, second].map(|answer| answer.ok());
    for tokens in &replies {
        secrets.extend(["access_token", "refresh_token"].map(|name| tokens[name].as_str().unwrap().to_owned()));
    }
    let seat = Seat::of(world, &replies[0]);
    let (used, unused) = (Live::ticket(&seat).await, Live::ticket(&seat).await);
    let live = Live::with_ticket(world, &used).await.unwrap();
    Live::with_ticket(world, &used).await.err().unwrap();
    seat.spin_keyed(50, "one-spin-only").await.ok();
    live.close().await;
    for current in [WRONG, PASSWORD] {
        seat.patch("/api/users/profile", json!({ "password": NEW, "current_password": current })).await;
    }
    world.log_in("careful", NEW).await.ok();
    let admin = world.admin().await;
    for path in ["/api/admin/users?site_id=careful", &format!("/api/admin/users/{}", seat.id), "/api/admin/audit"] {
        admin.get(path).await.ok();
    }
    update(&admin, &seat, json!({ "rank": "VIP" })).await.ok();
    secrets.extend([NEW.to_owned(), ADMIN_PASSWORD.to_owned(), admin.token]);
    // What goes wrong is told more about.
    for secret in secrets.clone() {
        world.request(Method::GET, "/api/auth/me").bearer_auth(format!("{secret}x")).send().await.unwrap();
        world.post("/api/auth/login", json!({ "site_id": "careful", "password": [secret] })).await;
        seat.post("/api/games/slot/spin", json!({ "bet_amount": secret })).await;
    }
    secrets.extend([used, unused]);
    (seat, secrets)
}

#[tokio::test]
async fn no_secret_is_kept_in_the_table() {
    play(async |world| {
        let (seat, secrets) = lives(world).await;
        #[expect(clippy::disallowed_methods, reason = "a secret could be anywhere")]
        let scan = world.running().table.scan().table_name(TABLE).into_paginator().items();
        let items: Vec<_> = scan.send().try_collect().await.unwrap();
        let table = format!("{items:?}");
        assert!(table.contains(&seat.id) && table.contains(PHONE), "the whole table");
        // OWASP's parameters: 19 MiB, two passes, one lane.
        assert!(table.contains("\"$argon2id$v=19$m=19456,t=2,p=1$"), "passwords are kept as Argon2id hashes");
        for secret in secrets {
            assert!(!table.contains(&secret), "{secret} is kept in the table");
        }
    })
    .await;
}

#[tokio::test]
async fn no_secret_and_no_phone_number_is_written_to_the_log() {
    let (tape, _listeners) = Tape::listen();
    play(async |world| {
        let (seat, mut secrets) = lives(world).await;
        let log = tape.text();
        for told in [
            seat.id.as_str(),
            "\"login\"",
            "\"signup\"",
            "\"profile-update\"",
            "\"admin-user\"",
            "\"socket-connect\"",
            "\"INVALID_CREDENTIALS\"",
        ] {
            assert!(log.contains(told), "the log does not tell of {told}");
        }
        secrets.push(PHONE.to_owned());
        for secret in secrets {
            assert!(!log.contains(&secret), "{secret} is written to the log");
        }
    })
    .await;
}
