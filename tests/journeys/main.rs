//! Journeys over HTTP and WebSocket, wherever the game runs: here in a world of its own, or at `BASE_URL`.

mod analytics;
mod events;
mod games;
mod kafka;
mod shop;

use croupier_rules::{economy::Economy, transcript::Transcript};
use croupier_tests::{
    live::Live,
    seat::{Answer, PASSWORD, Seat, Site},
    world::{journey, variable},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

/// A name that nobody has, also where many tests ran before.
fn unused(name: &str) -> String {
    format!("{name}-{:012x}", rand::random_range(0..1_u64 << 48))
}

/// The admin who was made for the journeys, or the one with whom a world of its own begins.
async fn admin(site: &Site) -> Seat {
    match (variable("ADMIN_SITE_ID"), variable("ADMIN_PASSWORD")) {
        (Some(name), Some(password)) => {
            let body = json!({ "site_id": name, "password": password });
            Seat::of(site, &site.post("/api/auth/admin/login", body).await.ok())
        }
        _ => site.admin().await,
    }
}

/// What an admin finds in the audit, by action: where the clock stands still, nothing says what came first.
async fn audited(admin: &Seat, filters: &str) -> Vec<(String, Value)> {
    let entries = admin.pages(&format!("/api/admin/audit?actor={}&{filters}", admin.id)).await.concat();
    let action = |entry: &Value| entry["action"].as_str().expect("an action").to_owned();
    let mut told: Vec<_> = entries.iter().map(|entry| (action(entry), entry["after"].clone())).collect();
    told.sort_by_key(|(action, after)| (action.clone(), after.to_string()));
    told
}

#[tokio::test]
async fn a_new_player_signs_up_spins_and_sees_it_live() {
    journey(async |site: &Site| {
        let seat = site.newcomer(&unused("live")).await;
        let mut live = Live::open(&seat).await;
        assert_eq!(seat.balance().await, (1000, 0, 1));

        let spin = seat.spin(50).await.ok();
        let news = live.next().await;
        assert_eq!((&news[0]["type"], &news[0]["source"]), (&json!("token_update"), &json!("SLOT_SPIN")));
        assert_eq!(news[0]["history_id"], spin["round_id"]);
        assert_eq!(news[0]["sequence"], spin["sequence"]);
        assert_eq!(news[0]["balance_coin"], spin["balance"]);
        assert_eq!(news[0]["delta_coin"], spin["net_change"]);

        let history = seat.history().await;
        assert_eq!(history.len(), 2);
        assert_eq!(history[0]["id"], spin["round_id"]);
        assert_eq!(history[0]["detail"]["reels"], spin["reels"]);
        assert_eq!(history[1]["action"], "SIGNUP");
        live.close().await;
    })
    .await;
}

#[tokio::test]
async fn news_come_in_order_and_to_nobody_else() {
    journey(async |site: &Site| {
        let (seat, other) = (site.newcomer(&unused("mine")).await, site.newcomer(&unused("yours")).await);
        let (mut live, mut others) = (Live::open(&seat).await, Live::open(&other).await);
        for _ in 0..5 {
            seat.spin(1).await.ok();
        }
        let sequences: Vec<_> =
            live.next_many(5).await.iter().map(|message| message["sequence"].as_u64().unwrap()).collect();
        assert_eq!(sequences, [2, 3, 4, 5, 6]);
        let theirs = other.spin(1).await.ok();
        assert_eq!(others.next().await[0]["history_id"], theirs["round_id"]);

        live.say(r#"{"type":"ping"}"#).await;
        assert_eq!(live.next().await[0]["type"], "pong");
        live.say("what?").await;
        assert_eq!(live.next().await[0]["type"], "error");
    })
    .await;
}

#[tokio::test]
async fn a_ticket_opens_one_socket() {
    journey(async |site: &Site| {
        let seat = site.newcomer(&unused("ticket")).await;
        let ticket = Live::ticket(&seat).await;
        Live::with_ticket(site, &ticket).await.expect("a socket").close().await;
        // Which status refuses is the gateway's business; that it refuses is ours.
        assert!(Live::with_ticket(site, &ticket).await.is_err());
        assert!(Live::with_ticket(site, "invented").await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_keyed_spin_happens_once_even_when_asked_for_at_once() {
    journey(async |site: &Site| {
        let seat = site.newcomer(&unused("keyed")).await;
        let first = seat.spin_keyed(50, "journey-of-a-key").await;
        for again in join_all((0..5).map(|_| seat.spin_keyed(50, "journey-of-a-key"))).await {
            assert!(again.replayed(), "{}", again.body);
            assert_eq!(again.body, first.body);
        }
        seat.spin_keyed(60, "journey-of-a-key").await.refused(Code::IdempotencyKeyReused);
        assert_eq!(seat.balance().await.2, 2);
    })
    .await;
}

#[tokio::test]
async fn a_player_checks_a_round() {
    journey(async |site: &Site| {
        let seat = site.newcomer(&unused("sceptic")).await;
        let promised = seat.get("/api/fairness").await.ok();
        let spin = seat.spin(50).await.ok();
        for part in ["server_seed_hash", "epoch", "client_seed", "nonce"] {
            assert_eq!(spin["fairness"][part], promised[part]);
        }
        let path = format!("/api/fairness/rounds/{}", spin["round_id"].as_str().unwrap());
        assert_eq!(seat.get(&path).await.ok()["server_seed"], Value::Null);

        let rotated = seat.post("/api/fairness/rotate", json!({ "client_seed": "mine" })).await.ok();
        assert_eq!(rotated["revealed_server_seed_hash"], promised["server_seed_hash"]);
        assert_eq!(rotated["server_seed_hash"], promised["next_server_seed_hash"]);
        assert_eq!(rotated["client_seed"], "mine");
        let transcript: Transcript = serde_json::from_value(seat.get(&path).await.ok()).expect("a transcript");
        assert_eq!(transcript.verify(&Economy::shipped().expect("the economy")), Ok(()));
    })
    .await;
}

#[tokio::test]
async fn a_stranger_gets_nowhere() {
    journey(async |site: &Site| {
        site.get("/api/users/balance").await.refused(Code::Unauthenticated);
        site.sign_up(&unused("stranger"), "no-such-code").await.refused(Code::InviteInvalid);
        site.log_in(&unused("nobody"), PASSWORD).await.refused(Code::InvalidCredentials);
        site.get("/api/nothing/here").await.refused(Code::NotFound);
        site.get("/api/auth/login").await.refused(Code::MethodNotAllowed);
        let seat = site.newcomer(&unused("clumsy")).await;
        assert_eq!(seat.post("/api/games/slot/spin", json!({ "bet_amount": "5" })).await.wrong_field(), "bet_amount");
        assert_eq!(seat.spin(0).await.wrong_field(), "bet_amount");
        seat.spin(10_000).await.refused(Code::InsufficientFunds);
        assert_eq!(seat.balance().await, (1000, 0, 1));
    })
    .await;
}

#[tokio::test]
async fn a_session_goes_on_and_ends() {
    journey(async |site: &Site| {
        let name = unused("wanderer");
        let tokens = site.sign_up(&name, "5858").await.ok();
        let spent = json!({ "refresh_token": tokens["refresh_token"] });
        let refresh = async || site.post("/api/auth/refresh", spent.clone()).await.ok();
        let next = refresh().await;
        assert_eq!(refresh().await["refresh_token"], next["refresh_token"]);

        let (seat, other) = (Seat::of(site, &next), Seat::of(site, &site.log_in(&name, PASSWORD).await.ok()));
        let sessions = other.get("/api/auth/sessions").await.ok();
        let oldest = sessions["items"][0]["id"].as_str().expect("an id").to_owned();
        let end = other.request(reqwest::Method::DELETE, &format!("/api/auth/sessions/{oldest}"));
        Answer::to(end).await.ok();
        seat.get("/api/users/balance").await.refused(Code::TokenRevoked);

        let third = Seat::of(site, &site.log_in(&name, PASSWORD).await.ok());
        third.post("/api/auth/logout", json!({})).await.ok();
        third.get("/api/users/balance").await.refused(Code::TokenRevoked);
        other.post("/api/auth/logout-all", json!({})).await.ok();
        other.get("/api/users/balance").await.refused(Code::TokenRevoked);
    })
    .await;
}

#[tokio::test]
async fn who_signed_up_logs_in_again() {
    journey(async |site: &Site| {
        let name = unused("regular");
        let sign_up = async || {
            let request = site.request(reqwest::Method::POST, "/api/auth/signup").header("idempotency-key", &name);
            Answer::to(request.json(&Site::sign_up_body(&name, "5858"))).await
        };
        let seat = Seat::of(site, &sign_up().await.ok());
        // The answer got lost, and the client asks again.
        assert_eq!(sign_up().await.ok()["user"]["id"], seat.id);
        let again = Seat::of(site, &site.log_in(&name.to_uppercase(), PASSWORD).await.ok());
        assert_eq!(again.id, seat.id);
        let me = again.get("/api/auth/me").await.ok();
        assert_eq!((&me["id"], &me["site_id"]), (&json!(seat.id), &json!(name)));
        assert_eq!(again.get("/api/users/profile").await.ok(), me);
        let place = format!("/api/users/{}", seat.id);
        assert_eq!(again.get(&place).await.ok(), me);
        let public = site.newcomer(&unused("neighbour")).await.get(&place).await.ok();
        assert_eq!((&public["nickname"], public.get("site_id")), (&json!(name), None));
        again.get("/api/rbac/premium").await.refused(Code::RankRequired);
        again.get("/api/rbac/vip").await.refused(Code::RankRequired);
        let as_admin = json!({ "site_id": name, "password": PASSWORD });
        site.post("/api/auth/admin/login", as_admin).await.refused(Code::InvalidCredentials);
        assert_eq!(site.get("/health").await.ok()["status"], "ok");
        assert_eq!(site.get("/openapi.json").await.ok()["openapi"], "3.1.0");
        let odds = site.get("/api/games/slot/config?bet_amount=7").await.ok();
        assert_eq!(odds["hit_rate"]["percent"], "38.908");
        let invite = site.post("/api/invite/validate", json!({ "code": "5858" })).await.ok();
        assert_eq!(invite["is_valid"], true);
    })
    .await;
}

#[tokio::test]
async fn a_player_takes_another_nickname_and_another_password() {
    const ANOTHER: &str = "plum-melon-11";
    journey(async |site: &Site| {
        let name = unused("renamed");
        let (seat, other) = (site.newcomer(&name).await, Seat::of(site, &site.log_in(&name, PASSWORD).await.ok()));
        let profile = "/api/users/profile";
        let nickname = unused("Lucky");
        assert_eq!(seat.patch(profile, json!({ "nickname": nickname })).await.ok()["nickname"], nickname);
        assert_eq!(other.get("/api/auth/me").await.ok()["nickname"], nickname);

        let change = |current: &str| json!({ "password": ANOTHER, "current_password": current });
        assert_eq!(seat.patch(profile, change("not-mine-at-all")).await.wrong_field(), "current_password");
        seat.patch(profile, change(PASSWORD)).await.ok();
        other.get("/api/users/balance").await.refused(Code::TokenRevoked);
        seat.spin(1).await.ok();
        site.log_in(&name, PASSWORD).await.refused(Code::InvalidCredentials);
        site.log_in(&name, ANOTHER).await.ok();
        let stats = seat.get("/api/users/stats").await.ok();
        assert_eq!((&stats["games"][0]["rounds"], &stats["active_days"]), (&json!(1), &json!(1)));
    })
    .await;
}

#[tokio::test]
async fn an_admin_finds_a_player_promotes_bans_and_forces_out() {
    journey(async |site: &Site| {
        let name = unused("watched");
        let (player, admin) = (site.newcomer(&name).await, admin(site).await);
        let found = admin.pages(&format!("/api/admin/users?site_id={}", name.to_uppercase())).await.concat();
        assert_eq!(found.iter().map(|user| &user["id"]).collect::<Vec<_>>(), [&json!(player.id)]);
        let place = format!("/api/admin/users/{}", player.id);
        player.get(&place).await.refused(Code::AdminRequired);

        player.get("/api/rbac/premium").await.refused(Code::RankRequired);
        assert_eq!(admin.patch(&place, json!({ "rank": "PREMIUM" })).await.ok()["rank"], "PREMIUM");
        player.get("/api/rbac/premium").await.ok();
        player.get("/api/rbac/vip").await.refused(Code::RankRequired);

        admin.patch(&place, json!({ "is_active": false })).await.ok();
        player.spin(1).await.refused(Code::AccountLocked);
        site.log_in(&name, PASSWORD).await.refused(Code::AccountLocked);
        admin.patch(&place, json!({ "is_active": true })).await.ok();
        player.spin(1).await.ok();

        assert_eq!(admin.get(&place).await.ok()["sessions"].as_array().map(Vec::len), Some(1));
        let ended = admin.post(&format!("{place}/force-logout"), json!({})).await.ok();
        assert_eq!(ended["ended_sessions"], 1);
        player.get("/api/users/balance").await.refused(Code::TokenRevoked);
        site.log_in(&name, PASSWORD).await.ok();

        let standing =
            |rank: &str, active: bool| ("USER_UPDATE".to_owned(), json!({ "rank": rank, "is_active": active }));
        let mut updates = vec![standing("PREMIUM", false), standing("PREMIUM", true), standing("PREMIUM", true)];
        let about = format!("target={}&limit=2", player.id);
        assert_eq!(audited(&admin, &format!("{about}&action=USER_UPDATE")).await, updates);
        updates.insert(0, ("USER_LOGOUT".to_owned(), json!({ "epoch": 1, "sessions": 0 })));
        assert_eq!(audited(&admin, &about).await, updates);
    })
    .await;
}

#[tokio::test]
async fn an_admin_makes_an_invite_lets_somebody_in_and_switches_it_off() {
    journey(async |site: &Site| {
        let admin = admin(site).await;
        let invite = admin.post("/api/admin/invites", json!({ "max_uses": 2 })).await.ok()["items"][0].clone();
        let code = invite["code"].as_str().expect("a code");
        let guest = Seat::of(site, &site.sign_up(&unused("invited"), code).await.ok());

        let listed = admin.pages("/api/admin/invites?limit=100").await.concat();
        let shown = listed.iter().find(|each| each["code"] == code).expect("the invite");
        assert_eq!((&shown["used"], &shown["remaining_uses"]), (&json!(1), &json!(1)));
        assert_eq!((&shown["is_valid"], &shown["created_by"]), (&json!(true), &json!(admin.id)));
        // The one that nobody made here, by which the first players come in, is in the list as well.
        assert!(listed.iter().any(|each| each["created_by"].is_null() && each["created_at"].is_string()));

        let place = format!("/api/admin/invites/{code}");
        assert_eq!(admin.delete(&place).await.ok()["is_active"], false);
        site.sign_up(&unused("late"), code).await.refused(Code::InviteInvalid);
        assert_eq!(guest.balance().await, (1000, 0, 1));

        let since = format!("target={code}&since={}", invite["created_at"].as_str().expect("a time"));
        let told: Vec<_> = audited(&admin, &since).await.into_iter().map(|(action, _)| action).collect();
        assert_eq!(told, ["INVITE_DEACTIVATE", "INVITE_GENERATE"]);
        let made = audited(&admin, &format!("{since}&action=INVITE_GENERATE")).await;
        assert_eq!(made, [("INVITE_GENERATE".to_owned(), invite.clone())]);
    })
    .await;
}
