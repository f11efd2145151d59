//! Passwords: changed by whoever knows the one so far, and by nobody who merely found a token.

use std::time::Duration;

use croupier_tests::{
    seat::{Answer, PASSWORD, Seat},
    world::{World, play},
};
use croupier_web::error::Code;
use serde_json::{Value, json};

use super::{PROFILE, change, joins, taken};

const NEW: &str = "orange-grape-9";
const WRONG: &str = "cherry-lemon-8";

async fn change_password(seat: &Seat, current: &str, new: &str) -> Answer {
    change(seat, json!({ "password": new, "current_password": current })).await
}

async fn refresh(world: &World, tokens: &Value) -> Answer {
    world.post("/api/auth/refresh", json!({ "refresh_token": tokens["refresh_token"] })).await
}

#[tokio::test]
async fn a_new_password_is_the_one_that_counts_from_now_on() {
    play(async |world| {
        let seat = world.newcomer("careful").await;
        let user = seat.get(PROFILE).await.ok();
        assert_eq!(change_password(&seat, PASSWORD, NEW).await.ok(), user);
        world.log_in("careful", PASSWORD).await.refused(Code::InvalidCredentials);
        world.log_in("careful", NEW).await.ok();
        assert_eq!(change_password(&seat, PASSWORD, NEW).await.wrong_field(), "current_password");
        // Back to the old one, and it is just a password again.
        change_password(&seat, NEW, PASSWORD).await.ok();
        world.log_in("careful", NEW).await.refused(Code::InvalidCredentials);
        world.log_in("careful", PASSWORD).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_new_password_ends_every_session_but_the_one_that_asked() {
    play(async |world| {
        let signed_up = world.sign_up("careful", "5858").await.ok();
        let here = world.log_in("careful", PASSWORD).await.ok();
        let elsewhere = world.log_in("careful", PASSWORD).await.ok();
        let bystander = world.newcomer("bystander").await;
        let seat = Seat::of(world, &here);
        change_password(&seat, PASSWORD, NEW).await.ok();
        for tokens in [&signed_up, &elsewhere] {
            Seat::of(world, tokens).spin(1).await.refused(Code::TokenRevoked);
            refresh(world, tokens).await.refused(Code::TokenRevoked);
        }
        seat.spin(1).await.ok();
        let sessions = seat.get("/api/auth/sessions").await.ok()["items"].clone();
        assert_eq!((sessions.as_array().unwrap().len(), &sessions[0]["is_current"]), (1, &json!(true)));
        Seat::of(world, &refresh(world, &here).await.ok()).spin(1).await.ok();
        bystander.spin(1).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_new_password_takes_the_old_one_and_is_no_common_one() {
    play(async |world| {
        let seat = world.newcomer("careful").await;
        world.wire.take();
        for (changes, field, code) in [
            (json!({ "password": NEW }), "current_password", "MISSING"),
            (json!({ "password": NEW, "current_password": null }), "current_password", "MISSING"),
            (json!({ "password": NEW, "current_password": 7 }), "current_password", "INVALID"),
            (json!({ "password": NEW, "current_password": "short" }), "current_password", "INVALID"),
            (json!({ "password": "password1", "current_password": PASSWORD }), "password", "INVALID"),
            (json!({ "password": "PassWord1", "current_password": PASSWORD }), "password", "INVALID"),
            (json!({ "password": "seven-7", "current_password": PASSWORD }), "password", "INVALID"),
            (json!({ "password": "x".repeat(129), "current_password": PASSWORD }), "password", "INVALID"),
            (json!({ "password": ["orange-grape-9"], "current_password": PASSWORD }), "password", "INVALID"),
        ] {
            let problem = change(&seat, changes.clone()).await.refused(Code::ValidationFailed);
            let named = ["field", "code"].map(|name| problem["errors"][0][name].clone());
            assert_eq!(named, [json!(field), json!(code)], "{changes}");
            assert!(!problem.to_string().contains(NEW), "{problem}");
        }
        assert!(world.wire.take().iter().all(|passed| passed.operation != "TransactWriteItems"));
        // The old one by itself changes nothing.
        change(&seat, json!({ "current_password": WRONG })).await.ok();
        world.log_in("careful", PASSWORD).await.ok();
    })
    .await;
}

#[tokio::test]
async fn guesses_at_the_old_password_lock_the_login_and_the_session_goes_on() {
    play(async |world| {
        let seat = world.newcomer("found-token").await;
        for _ in 0..2 {
            world.log_in("found-token", WRONG).await.refused(Code::InvalidCredentials);
        }
        // It is one count for both doors.
        for _ in 0..3 {
            assert_eq!(change_password(&seat, WRONG, NEW).await.wrong_field(), "current_password");
        }
        for current in [WRONG, PASSWORD] {
            let answer = change_password(&seat, current, NEW).await;
            answer.refused(Code::TooManyAttempts);
            assert_eq!(answer.header("retry-after"), Some("600"));
        }
        world.log_in("found-token", PASSWORD).await.refused(Code::TooManyAttempts);
        seat.spin(1).await.ok();
        change(&seat, json!({ "nickname": "Still Here" })).await.ok();
        world.pass(Duration::from_secs(600));
        change_password(&seat, PASSWORD, NEW).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_new_password_forgets_the_failures() {
    play(async |world| {
        let seat = world.newcomer("clumsy").await;
        for (old, new) in [(PASSWORD, NEW), (NEW, PASSWORD)] {
            for _ in 0..4 {
                assert_eq!(change_password(&seat, WRONG, new).await.wrong_field(), "current_password");
            }
            change_password(&seat, old, new).await.ok();
        }
    })
    .await;
}

#[tokio::test]
async fn a_password_and_a_name_are_changed_together_or_not_at_all() {
    play(async |world| {
        joins(world, "owner", "Owned", None).await.ok();
        let (seat, elsewhere) = (world.newcomer("careful").await, world.log_in("careful", PASSWORD).await.ok());
        let elsewhere = Seat::of(world, &elsewhere);
        let both = |nickname: &str| json!({ "nickname": nickname, "password": NEW, "current_password": PASSWORD });
        assert_eq!(taken(&change(&seat, both("Owned")).await), "nickname");
        elsewhere.spin(1).await.ok();
        world.log_in("careful", NEW).await.refused(Code::InvalidCredentials);
        assert_eq!(change(&seat, both("Free")).await.ok()["nickname"], "Free");
        elsewhere.spin(1).await.refused(Code::TokenRevoked);
        world.log_in("careful", NEW).await.ok();
    })
    .await;
}
