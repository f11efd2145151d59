//! A player can check every round, and nobody can know one beforehand.

use std::time::Duration;

use croupier_rules::{
    economy::Economy,
    transcript::{NotProven, Transcript},
};
use croupier_tests::{
    seat::Seat,
    world::{World, play},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

async fn transcript(seat: &Seat, spin: &Value) -> Transcript {
    let path = format!("/api/fairness/rounds/{}", spin["round_id"].as_str().expect("an id"));
    serde_json::from_value(seat.get(&path).await.ok()).expect("a transcript")
}

#[tokio::test]
async fn what_was_promised_is_what_is_revealed() {
    play(async |world| {
        let seat = world.newcomer("sceptic").await;
        let promised = seat.get("/api/fairness").await.ok();
        let mut spins = Vec::new();
        for nonce in 0..5 {
            let spin = seat.spin(10).await.ok();
            assert_eq!(spin["fairness"]["server_seed_hash"], promised["server_seed_hash"]);
            assert_eq!(spin["fairness"]["nonce"], nonce);
            assert_eq!(transcript(&seat, &spin).await.verify(&economy()), Err(NotProven::Sealed));
            spins.push(spin);
        }
        let rotated = seat.post("/api/fairness/rotate", json!({ "client_seed": "four-leaf-clover" })).await.ok();
        let seed = hex::decode(rotated["revealed_server_seed"].as_str().expect("a seed")).expect("hex");
        assert_eq!(hex::encode(Sha256::digest(seed)), promised["server_seed_hash"]);
        for spin in &spins {
            let transcript = transcript(&seat, spin).await;
            assert_eq!(transcript.verify(&economy()), Ok(()));
            assert_eq!(json!(transcript)["outcome"]["reels"], spin["reels"]);
        }

        let next = seat.get("/api/fairness").await.ok();
        assert_eq!(next["client_seed"], "four-leaf-clover");
        assert_eq!((&next["epoch"], &next["nonce"]), (&json!(1), &json!(0)));
        assert_ne!(next["server_seed_hash"], promised["server_seed_hash"]);
        let sealed = transcript(&seat, &seat.spin(10).await.ok()).await;
        assert_eq!(sealed.verify(&economy()), Err(NotProven::Sealed));
        // Without a client seed, the rotation keeps the old one.
        assert_eq!(seat.post("/api/fairness/rotate", json!({})).await.ok()["client_seed"], "four-leaf-clover");
    })
    .await;
}

fn economy() -> Economy {
    Economy::shipped().expect("the economy")
}

#[tokio::test]
async fn a_client_seed_is_short_and_printable() {
    play(async |world| {
        let seat = world.newcomer("seedy").await;
        for seed in [json!(""), json!("with a space"), json!("s".repeat(33)), json!(7)] {
            let answer = seat.post("/api/fairness/rotate", json!({ "client_seed": seed })).await;
            assert_eq!(answer.wrong_field(), "client_seed", "{seed}");
        }
        assert_eq!(seat.balance().await.2, 1);
    })
    .await;
}

#[tokio::test]
async fn a_streak_grows_until_a_long_pause() {
    play(async |world| {
        let seat = world.newcomer("steady").await;
        let streak = async |pause: u64| {
            world.pass(Duration::from_secs(pause));
            // Longer than an access token lasts.
            let again = world.log_in("steady", croupier_tests::seat::PASSWORD).await.ok();
            Seat::of(&seat.site, &again).spin(1).await.ok()["streak"].as_u64().expect("a number")
        };
        const DAY: u64 = 24 * 3600;
        assert_eq!(streak(0).await, 1);
        assert_eq!(streak(5).await, 2);
        assert_eq!(streak(DAY).await, 3);
        assert_eq!(streak(DAY + 1).await, 1);
    })
    .await;
}

#[tokio::test]
async fn other_weights_change_the_page_and_the_draws_together() {
    let world = World::with(|options| {
        let no_sevens = r#"{"🍒":1,"🍋":1,"🍊":1,"🍇":1,"💎":1,"7️⃣":0}"#;
        options.config.slot_symbol_weights = Some(no_sevens.to_owned());
    })
    .await;
    let page = world.get("/api/games/slot/config").await.ok();
    assert_eq!(page["hit_rate"]["fraction"], "9/25");
    let seat = world.newcomer("gardener").await;
    assert_ne!(page["odds_version"], economy().version);
    for _ in 0..30 {
        let spin = seat.spin(1).await.ok();
        assert_eq!(spin["odds_version"], page["odds_version"]);
        assert!(!spin["reels"].as_array().expect("reels").contains(&json!("7️⃣")));
    }
    croupier_tests::audit::audit(&world).await;
    world.stop().await;
}
