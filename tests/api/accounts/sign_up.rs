//! Sign-up and the invites that it takes.

use std::time::Duration;

use croupier_rules::account::Invite;
use croupier_tests::{
    seat::{Answer, Seat, Site},
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);

/// What a sign-up sends, with some of it changed.
fn body(name: &str, changed: &[(&str, &str)]) -> Value {
    let mut body = Site::sign_up_body(name, "5858");
    for (field, value) in changed {
        body[*field] = (*value).into();
    }
    body
}

async fn sign_up(site: &Site, name: &str, changed: &[(&str, &str)]) -> Answer {
    site.post("/api/auth/signup", body(name, changed)).await
}

async fn sign_up_keyed(site: &Site, key: &str, body: Value) -> Answer {
    Answer::to(site.request(Method::POST, "/api/auth/signup").header("idempotency-key", key).json(&body)).await
}

async fn validate(site: &Site, code: &str) -> Value {
    site.post("/api/invite/validate", json!({ "code": code })).await.ok()
}

async fn offer(world: &World, code: &str, change: impl FnOnce(&mut Invite)) {
    let mut invite = Invite::endless(code.parse().unwrap());
    change(&mut invite);
    world.store().offer_invite(&invite).await.unwrap();
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn a_newcomer_begins_with_a_thousand_coins() {
    play(async |world| {
        let answer = sign_up(world, "Maria", &[("phone_number", "+49 (170) 123-4567")]).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let tokens = answer.ok();
        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(1800)));
        let seat = Seat::of(world, &tokens);
        let user = json!({
            "id": seat.id, "site_id": "Maria", "nickname": "Maria", "phone_number": "+491701234567",
            "rank": "STANDARD", "is_active": true, "is_admin": false,
            "cyber_token_balance": 1000, "gems": 0, "level": 1, "experience": 0,
            "created_at": world.now().to_string(), "last_login_at": world.now().to_string(),
        });
        assert_eq!(tokens["user"], user);
        for path in ["/api/auth/me", "/api/users/profile"] {
            assert_eq!(seat.get(path).await.ok(), user);
        }
        assert_eq!(seat.balance().await, (1000, 0, 1));
    })
    .await;
}

#[tokio::test]
async fn a_name_is_taken_whatever_its_case() {
    play(async |world| {
        sign_up(world, "Maria.R", &[("nickname", "Zoë Q"), ("phone_number", "+491701234567")]).await.ok();
        for (field, value) in [
            ("site_id", "Maria.R"),
            ("site_id", "mARIA.r"),
            ("nickname", "Zoë Q"),
            ("nickname", " ZOË q "),
            ("phone_number", "+491701234567"),
            ("phone_number", "+49 (170) 123-4567"),
        ] {
            let problem = sign_up(world, "other", &[(field, value)]).await.refused(Code::Taken);
            assert_eq!(
                (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
                (&json!(field), &json!("TAKEN"))
            );
        }
        // What was refused has claimed nothing.
        sign_up(world, "other", &[("phone_number", "+491701234568")]).await.ok();
    })
    .await;
}

#[tokio::test]
async fn whoever_has_no_invite_that_works_is_not_told_which_names_are_taken() {
    play(async |world| {
        sign_up(world, "owner", &[("nickname", "Owned"), ("phone_number", "+491701234567")]).await.ok();
        offer(world, "OFF", |invite| invite.active = false).await;
        offer(world, "FULL", |invite| invite.max_uses = Some(0)).await;
        for code in ["nowhere", "OFF", "FULL"] {
            let free = sign_up(world, "free", &[("invite_code", code)]).await.refused(Code::InviteInvalid);
            for taken in [("site_id", "owner"), ("nickname", "owned"), ("phone_number", "+491701234567")] {
                let told = sign_up(world, "free", &[("invite_code", code), taken]).await.refused(Code::InviteInvalid);
                assert_eq!((&told["detail"], told.get("errors")), (&free["detail"], None), "{taken:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_hundred_at_once_on_one_nickname_make_one_player() {
    play(async |world| {
        let names: Vec<_> = (0..100).map(|number| format!("rush-{number}")).collect();
        let answers = join_all(names.iter().map(|name| sign_up(world, name, &[("nickname", "The One")]))).await;
        assert_eq!(count(&answers, 200), 1);
        for refused in answers.iter().filter(|answer| answer.status != 200) {
            assert_eq!(refused.refused(Code::Taken)["errors"][0]["field"], "nickname");
        }
    })
    .await;
}

#[tokio::test]
async fn a_hundred_at_once_on_an_invite_with_ten_uses_make_ten_players() {
    play(async |world| {
        offer(world, "TEN", |invite| invite.max_uses = Some(10)).await;
        let names: Vec<_> = (0..100).map(|number| format!("crowd-{number}")).collect();
        let answers = join_all(names.iter().map(|name| world.sign_up(name, "ten"))).await;
        assert_eq!(count(&answers, 200), 10);
        for refused in answers.iter().filter(|answer| answer.status != 200) {
            assert!(["INVITE_INVALID", "UNAVAILABLE"].contains(&refused.code().as_str()), "{}", refused.body);
        }
        assert_eq!(validate(world, "TEN").await["remaining_uses"], 0);
    })
    .await;
}

#[tokio::test]
async fn an_invite_that_lets_nobody_in_says_why_and_means_it() {
    play(async |world| {
        let past = world.now();
        offer(world, "OFF", |invite| {
            (invite.active, invite.expires_at, invite.max_uses) = (false, Some(past), Some(0));
        })
        .await;
        offer(world, "OVER", |invite| (invite.expires_at, invite.max_uses) = (Some(past), Some(0))).await;
        offer(world, "FULL", |invite| (invite.expires_at, invite.max_uses) = (Some(past.after(HOUR)), Some(0))).await;
        let (past, later) = (json!(past.to_string()), json!(past.after(HOUR).to_string()));
        for (code, why, expires_at, remaining) in [
            ("nowhere", "This invite code does not exist.", Value::Null, Value::Null),
            ("off", "This invite code has been deactivated.", past.clone(), json!(0)),
            ("Over", "This invite code has expired.", past, json!(0)),
            ("FULL", "This invite code has been used up.", later, json!(0)),
        ] {
            let expected = json!({
                "is_valid": false, "error_message": why, "code": code.to_uppercase(),
                "expires_at": expires_at, "remaining_uses": remaining,
            });
            assert_eq!(validate(world, code).await, expected);
            assert_eq!(world.sign_up("hopeful", code).await.refused(Code::InviteInvalid)["detail"], why);
        }
    })
    .await;
}

#[tokio::test]
async fn an_invite_lets_in_until_it_ends_or_is_used_up() {
    play(async |world| {
        let end = world.now().after(HOUR);
        offer(world, "TWICE", |invite| (invite.max_uses, invite.expires_at) = (Some(2), Some(end))).await;
        let valid = |code: &str, expires_at: Value, remaining: Value| {
            json!({
                "is_valid": true, "error_message": null, "code": code,
                "expires_at": expires_at, "remaining_uses": remaining,
            })
        };
        assert_eq!(validate(world, "5858").await, valid("5858", Value::Null, Value::Null));
        assert_eq!(validate(world, "twice").await, valid("TWICE", json!(end.to_string()), json!(2)));
        world.sign_up("first", "Twice").await.ok();
        assert_eq!(validate(world, "twice").await, valid("TWICE", json!(end.to_string()), json!(1)));
        world.pass(HOUR - Duration::from_millis(1));
        assert_eq!(validate(world, "twice").await["is_valid"], true);
        world.pass(Duration::from_millis(1));
        assert_eq!(validate(world, "twice").await["is_valid"], false);
        world.sign_up("late", "twice").await.refused(Code::InviteInvalid);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_sign_up_is_the_same_player_with_a_new_session() {
    play(async |world| {
        offer(world, "ONCE", |invite| invite.max_uses = Some(1)).await;
        let body = body("patient", &[("invite_code", "once")]);
        let answers = join_all((0..5).map(|_| sign_up_keyed(world, "one-sign-up", body.clone()))).await;
        let seats: Vec<_> = answers.iter().map(|answer| Seat::of(world, &answer.ok())).collect();
        for seat in &seats[1..] {
            assert_eq!(seat.id, seats[0].id);
            assert_ne!(seat.token, seats[0].token);
        }
        for seat in &seats {
            assert_eq!(seat.balance().await, (1000, 0, 1));
        }
        // Under another key it is another sign-up, and the invite was good for one.
        let endless = self::body("patient", &[]);
        for (body, code) in [(body, Code::InviteInvalid), (endless, Code::Taken)] {
            sign_up_keyed(world, "one-other-sign-up", body.clone()).await.refused(code);
            world.post("/api/auth/signup", body).await.refused(code);
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_of_a_sign_up_is_no_password_and_no_other_sign_up() {
    play(async |world| {
        sign_up_keyed(world, "one-sign-up", body("owner", &[])).await.ok();
        for (changed, code) in [
            (&[("password", "cherry-lemon-8")][..], Code::Taken),
            (&[("password", "cherry-lemon-8"), ("nickname", "Another")], Code::Taken),
            (&[("nickname", "Another")], Code::IdempotencyKeyReused),
            (&[("phone_number", "+491701234567")], Code::IdempotencyKeyReused),
            (&[("invite_code", "OTHER")], Code::IdempotencyKeyReused),
        ] {
            let answer = sign_up_keyed(world, "one-sign-up", body("owner", changed)).await;
            assert_eq!(answer.refused(code).get("access_token"), None);
        }
        // The key is the player's own: somebody else may have chosen the same.
        sign_up_keyed(world, "one-sign-up", body("another", &[])).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_banned_player_does_not_come_in_by_repeating_the_sign_up() {
    play(async |world| {
        let first = sign_up_keyed(world, "one-sign-up", body("banned", &[])).await.ok();
        super::ban(world, &Seat::of(world, &first)).await;
        sign_up_keyed(world, "one-sign-up", body("banned", &[])).await.refused(Code::AccountLocked);
    })
    .await;
}
