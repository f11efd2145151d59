//! One player: what an operator sees, and what an operator changes.

use std::{collections::BTreeSet, time::Duration};

use croupier_rules::{
    account::{Barred, Session},
    id::SessionId,
};
use croupier_store::session::Opened;
use croupier_tests::{
    seat::{Answer, PASSWORD, Seat, Site},
    world::play,
};
use croupier_web::error::Code;
use reqwest::Method;
use serde_json::{Value, json};

use super::{USERS, entries, force_logout, update};
use crate::accounts::claims;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Ids that nobody has, and texts that are no ids.
const NOBODY: [&str; 5] =
    ["ply_01HF7YAT00000000000000001A", "ses_01HF7YAT00000000000000001A", "nonsense", "%00", "..%2Finvites"];

async fn view(admin: &Seat, seat: &Seat) -> Value {
    admin.get(&format!("{USERS}/{}", seat.id)).await.ok()
}

/// Logs in again, with a device of this name; tells the tokens.
async fn log_in_with(site: &Site, site_id: &str, device: &str) -> Value {
    let log_in = site.request(Method::POST, "/api/auth/login").header("user-agent", device);
    Answer::to(log_in.json(&json!({ "site_id": site_id, "password": PASSWORD }))).await.ok()
}

#[tokio::test]
async fn an_admin_sees_all_of_a_player_but_no_secret() {
    play(async |world| {
        let mut body = Site::sign_up_body("watched", "5858");
        body["phone_number"] = json!("+49 170 1234567");
        let signed_up = world.post("/api/auth/signup", body).await.ok();
        world.pass(MINUTE);
        let logged_in = log_in_with(world, "watched", "Phone 7").await;
        let (seat, phone) = (Seat::of(world, &signed_up), Seat::of(world, &logged_in));
        seat.spin(50).await.ok();

        let seen = view(&world.admin().await, &seat).await;
        let mut expected = phone.get("/api/auth/me").await.ok();
        let sessions = phone.get("/api/auth/sessions").await.ok()["items"].clone();
        expected["sequence"] = json!(2);
        expected["login_locked_until"] = Value::Null;
        expected["sessions"] = sessions;
        expected["sessions"][1]["is_current"] = json!(false);
        assert_eq!(seen, expected);
        assert_eq!((&seen["phone_number"], &seen["site_id"]), (&json!("+491701234567"), &json!("watched")));
        assert_eq!(seen["sessions"][1]["device"], "Phone 7");
        let fields = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
        let of_a_session = ["id", "device", "created_at", "last_used_at", "is_current"].map(str::to_owned);
        assert_eq!(fields(&seen["sessions"][0]), of_a_session.into());
        let text = seen.to_string();
        for tokens in [&signed_up, &logged_in] {
            for name in ["access_token", "refresh_token"] {
                assert!(!text.contains(tokens[name].as_str().unwrap()), "{name} is shown");
            }
        }
        for secret in ["argon2", "hash", "password", "token\"", PASSWORD, "seed"] {
            assert!(!text.contains(secret), "{secret} is shown: {text}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_admin_sees_until_when_wrong_passwords_keep_everyone_out() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("locked-out").await);
        for failures in 0..5 {
            assert_eq!(view(&admin, &seat).await["login_locked_until"], Value::Null, "after {failures}");
            world.log_in("locked-out", "a-wrong-password").await.refused(Code::InvalidCredentials);
        }
        let end = world.now().after(10 * MINUTE);
        assert_eq!(view(&admin, &seat).await["login_locked_until"], end.to_string());
        world.pass(10 * MINUTE - Duration::from_millis(1));
        assert_eq!(view(&admin, &seat).await["login_locked_until"], end.to_string());
        world.pass(Duration::from_millis(1));
        assert_eq!(view(&admin, &seat).await["login_locked_until"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_over_is_shown_to_nobody() {
    play(async |world| {
        let seat = world.newcomer("traveller").await;
        world.pass(15 * DAY);
        let second = Seat::of(world, &log_in_with(world, "traveller", "Phone 7").await);
        let second = claims(world, &second).sid.to_string();
        assert_eq!(view(&world.admin().await, &seat).await["sessions"].as_array().unwrap().len(), 2);
        world.pass(15 * DAY);
        let sessions = view(&world.admin().await, &seat).await["sessions"].clone();
        assert_eq!(sessions.as_array().unwrap().len(), 1);
        assert_eq!(sessions[0]["id"], second);
    })
    .await;
}

#[tokio::test]
async fn a_rank_and_a_lock_are_changed_alone_or_together() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("subject").await);
        seat.spin(50).await.ok();
        let mut expected = seat.get("/api/auth/me").await.ok();
        for (change, rank, is_active) in [
            (json!({ "rank": "VIP" }), "VIP", true),
            (json!({ "is_active": false }), "VIP", false),
            (json!({ "rank": "PREMIUM", "is_active": true }), "PREMIUM", true),
            (json!({ "rank": "STANDARD", "is_active": null }), "STANDARD", true),
            // What nobody changes here, stays: balances, names, the path.
            (json!({ "rank": "VIP", "user_id": admin.id, "gems": 7, "is_admin": true, "nickname": "x" }), "VIP", true),
        ] {
            (expected["rank"], expected["is_active"]) = (json!(rank), json!(is_active));
            assert_eq!(update(&admin, &seat, change.clone()).await.ok(), expected, "{change}");
            assert_eq!(admin.get(&format!("/api/users/{}", seat.id)).await.ok(), expected, "{change}");
        }
        assert_eq!(entries(&admin, &format!("target={}", seat.id)).await.len(), 5);
        seat.spin(1).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_no_entry() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("constant").await);
        let user = update(&admin, &seat, json!({ "rank": "VIP" })).await.ok();
        world.wire.take();
        for nothing in [json!({}), json!({ "rank": "VIP" }), json!({ "is_active": true }), json!({ "rank": null })] {
            assert_eq!(update(&admin, &seat, nothing.clone()).await.ok(), user, "{nothing}");
        }
        assert!(world.wire.take().iter().all(|passed| passed.operation != "TransactWriteItems"));
        assert_eq!(entries(&admin, "").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_is_not_there_is_not_found_and_what_is_no_rank_is_no_rank() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("subject").await);
        for id in NOBODY {
            let path = format!("{USERS}/{id}");
            admin.get(&path).await.refused(Code::NotFound);
            admin.patch(&path, json!({ "rank": "VIP" })).await.refused(Code::NotFound);
            admin.patch(&path, json!({})).await.refused(Code::NotFound);
            admin.post(&format!("{path}/force-logout"), json!({})).await.refused(Code::NotFound);
        }
        for (field, value) in [
            ("rank", json!("GOLD")),
            ("rank", json!("vip")),
            ("rank", json!(1)),
            ("is_active", json!("no")),
            ("is_active", json!(0)),
        ] {
            assert_eq!(update(&admin, &seat, json!({ field: value.clone() })).await.wrong_field(), field, "{value}");
        }
        assert_eq!(entries(&admin, "").await, [Value::Null; 0]);
    })
    .await;
}

#[tokio::test]
async fn nobody_locks_their_own_account() {
    play(async |world| {
        let admin = world.admin().await;
        for change in [json!({ "is_active": false }), json!({ "is_active": false, "rank": "VIP" })] {
            assert_eq!(update(&admin, &admin, change).await.wrong_field(), "is_active");
        }
        assert_eq!(entries(&admin, "").await, [Value::Null; 0]);
        assert_eq!(update(&admin, &admin, json!({ "is_active": true, "rank": "VIP" })).await.ok()["rank"], "VIP");
        assert_eq!(force_logout(&admin, &admin).await.ok()["ended_sessions"], 1);
        admin.get(USERS).await.refused(Code::TokenRevoked);
        world.admin().await.get(USERS).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_forced_logout_ends_all_sessions_of_one_player_and_nobody_elses() {
    play(async |world| {
        let (admin, bystander) = (world.admin().await, world.newcomer("bystander").await);
        let first = world.sign_up("ousted", "5858").await.ok();
        let second = world.log_in("ousted", PASSWORD).await.ok();
        let seats = [&first, &second].map(|tokens| Seat::of(world, tokens));
        assert_eq!(force_logout(&admin, &seats[0]).await.ok(), json!({ "ended_sessions": 2 }));
        for (seat, tokens) in seats.iter().zip([&first, &second]) {
            seat.spin(1).await.refused(Code::TokenRevoked);
            let refresh = json!({ "refresh_token": tokens["refresh_token"] });
            world.post("/api/auth/refresh", refresh).await.refused(Code::TokenRevoked);
        }
        bystander.spin(1).await.ok();
        assert_eq!(view(&admin, &seats[0]).await["sessions"], json!([]));
        // It keeps nobody from coming back, and ends what comes back as well.
        let third = Seat::of(world, &world.log_in("ousted", PASSWORD).await.ok());
        third.spin(1).await.ok();
        assert_eq!(force_logout(&admin, &third).await.ok(), json!({ "ended_sessions": 1 }));
        third.spin(1).await.refused(Code::TokenRevoked);
        assert_eq!(force_logout(&admin, &third).await.ok(), json!({ "ended_sessions": 0 }));
    })
    .await;
}

/// The password was looked at before the logout, the session is written after it.
#[tokio::test]
async fn a_login_on_its_way_does_not_outlive_a_forced_logout() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("quick").await);
        let site = "quick".parse().unwrap();
        let (id, store) = (claims(world, &seat).sub, world.store());
        let (_, session) = store.session(id, claims(world, &seat).sid).await.unwrap().expect("a session");
        let late = Session { id: SessionId::new(1, 1), ..session };
        let login = store.login_state(&site).await.unwrap().login.expect("a login");

        force_logout(&admin, &seat).await.ok();
        store.begin_session(&site, &late, &Opened { login, rehashed: None }, 5).await.unwrap();
        assert_eq!(store.acting(id, late.id, world.now()).await.unwrap().err(), Some(Barred::Revoked));
        assert_eq!(view(&admin, &seat).await["sessions"], json!([]));
    })
    .await;
}
