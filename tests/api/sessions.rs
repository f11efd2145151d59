//! Sessions: gone on with, listed, ended; and what a refresh token is worth, to its owner and to a thief.

use std::{collections::BTreeSet, time::Duration};

use croupier_tests::{
    seat::{Answer, PASSWORD, Seat, Site},
    wire::Fault,
    world::{World, play},
};
use croupier_web::{config::SecretSource, error::Code};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin;

async fn refresh(site: &Site, token: &str) -> Answer {
    site.post("/api/auth/refresh", json!({ "refresh_token": token })).await
}

fn token(tokens: &Value) -> String {
    tokens["refresh_token"].as_str().expect("a refresh token").to_owned()
}

async fn signed_up(world: &World, name: &str) -> (Seat, String) {
    let tokens = world.sign_up(name, "5858").await.ok();
    (Seat::of(world, &tokens), token(&tokens))
}

async fn logged_in(world: &World, name: &str) -> (Seat, String) {
    let tokens = world.log_in(name, PASSWORD).await.ok();
    (Seat::of(world, &tokens), token(&tokens))
}

async fn listed(seat: &Seat) -> Vec<Value> {
    seat.get("/api/auth/sessions").await.ok()["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn a_session_goes_on_beyond_its_access_token() {
    play(async |world| {
        let (seat, first) = signed_up(world, "enduring").await;
        world.pass(Duration::from_secs(31 * 60));
        seat.get("/api/users/balance").await.refused(Code::Unauthenticated);
        let tokens = refresh(world, &first).await.ok();
        let again = Seat::of(world, &tokens);
        assert_eq!(again.balance().await, (1000, 0, 1));
        assert_eq!(again.id, seat.id);
        // In the header it works as well.
        let in_header = world.request(Method::POST, "/api/auth/refresh").bearer_auth(token(&tokens));
        let last = token(&Answer::to(in_header).await.ok());
        world.pass(Duration::from_secs(30 * 24 * 3600));
        refresh(world, &last).await.refused(Code::TokenRevoked);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_lost_the_answer_is_told_the_same_successor() {
    play(async |world| {
        let (_, first) = signed_up(world, "forgetful").await;
        let next = token(&refresh(world, &first).await.ok());
        world.pass(Duration::from_secs(10));
        assert_eq!(token(&refresh(world, &first).await.ok()), next);
        // Many at once are no different, also when the table's answer gets lost.
        world.wire.plan("TransactWriteItems", &[Fault::LostReply, Fault::Collision]);
        let all = join_all((0..10).map(|_| refresh(world, &next))).await;
        let successors: BTreeSet<_> = all.iter().map(|answer| token(&answer.ok())).collect();
        assert_eq!(successors.len(), 1);
        let last = successors.into_iter().next().expect("one");
        refresh(world, &last).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_spent_token_ends_its_session_for_the_thief_and_for_the_owner() {
    play(async |world| {
        let (seat, stolen) = signed_up(world, "robbed").await;
        let (elsewhere, _) = logged_in(world, "robbed").await;
        let mut tokens = refresh(world, &stolen).await.ok();
        for _ in 0..3 {
            tokens = refresh(world, &token(&tokens)).await.ok();
        }
        let owner = Seat::of(world, &tokens);
        owner.balance().await;
        world.pass(Duration::from_secs(11));
        refresh(world, &stolen).await.refused(Code::RefreshReused);
        for over in [&seat, &owner] {
            over.get("/api/users/balance").await.refused(Code::TokenRevoked);
        }
        for over in [&stolen, &token(&tokens)] {
            refresh(world, over).await.refused(Code::TokenRevoked);
        }
        // The other device is not concerned.
        elsewhere.balance().await;
    })
    .await;
}

#[tokio::test]
async fn a_family_survives_a_change_of_keys_and_still_knows_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = |current: &'static str, previous: Option<&'static str>| {
        let path = folder.path().to_owned();
        async move || {
            World::with(|options| {
                options.data = Some(path.clone());
                options.config.tokens = Some(SecretSource::Given(current.repeat(8).into()));
                options.config.previous_tokens = previous.map(|key| key.repeat(8).into());
            })
            .await
        }
    };
    let world = keys("old-key.", None)().await;
    let (seat, first) = signed_up(&world, "heir").await;
    let second = token(&refresh(&world, &first).await.ok());
    world.stop().await;

    let world = keys("new-key.", Some("old-key."))().await;
    Seat { site: world.site.clone(), ..seat }.balance().await;
    assert_eq!(token(&refresh(&world, &first).await.ok()), second, "asked again across the change");
    let third = token(&refresh(&world, &second).await.ok());
    refresh(&world, &first).await.refused(Code::RefreshReused);
    refresh(&world, &third).await.refused(Code::TokenRevoked);
    world.stop().await;
}

#[tokio::test]
async fn an_invented_token_is_worth_nothing_and_ends_nothing() {
    play(async |world| {
        let (seat, real) = signed_up(world, "unmoved").await;
        let (name, _) = real.rsplit_once('.').expect("a secret");
        let (invented, farthest) =
            (format!("{name}.{}", "A".repeat(43)), name.replace(".1", &format!(".{}", u64::MAX)));
        let farthest = format!("{farthest}.{}", "A".repeat(43));
        for wrong in [invented.as_str(), &farthest, &seat.token, "", "a.b.c", &format!("{real}x"), &format!("{real}.")]
        {
            refresh(world, wrong).await.refused(Code::Unauthenticated);
        }
        world.post("/api/auth/refresh", json!({})).await.refused(Code::Unauthenticated);
        refresh(world, &real).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_logout_works_on_the_very_next_request() {
    play(async |world| {
        let (here, here_token) = signed_up(world, "leaver").await;
        let (there, there_token) = logged_in(world, "leaver").await;
        here.post("/api/auth/logout", json!({})).await.ok();
        here.spin(1).await.refused(Code::TokenRevoked);
        refresh(world, &here_token).await.refused(Code::TokenRevoked);
        there.spin(1).await.ok();

        let (third, _) = logged_in(world, "leaver").await;
        third.post("/api/auth/logout-all", json!({})).await.ok();
        for seat in [&there, &third] {
            seat.spin(1).await.refused(Code::TokenRevoked);
        }
        refresh(world, &there_token).await.refused(Code::TokenRevoked);
        logged_in(world, "leaver").await.0.spin(1).await.ok();
    })
    .await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    play(async |world| {
        let (laptop, laptop_token) = signed_up(world, "nomad").await;
        world.pass(Duration::from_secs(60));
        let log_in = world.request(Method::POST, "/api/auth/login").header("user-agent", "Phone 7");
        let body = json!({ "site_id": "nomad", "password": PASSWORD });
        let phone = Seat::of(world, &Answer::to(log_in.json(&body)).await.ok());
        world.pass(Duration::from_secs(60));
        refresh(world, &laptop_token).await.ok();

        let sessions = listed(&phone).await;
        assert_eq!(sessions.len(), 2);
        assert_eq!((&sessions[0]["is_current"], &sessions[1]["is_current"]), (&json!(false), &json!(true)));
        assert_eq!(sessions[1]["device"], "Phone 7");
        assert_eq!(sessions[0]["last_used_at"], world.now().to_string());
        assert!(sessions[0]["created_at"].as_str() < sessions[1]["created_at"].as_str());

        let path = |session: &Value| format!("/api/auth/sessions/{}", session["id"].as_str().expect("an id"));
        let stranger = world.newcomer("stranger").await;
        stranger.delete(&path(&sessions[0])).await.refused(Code::NotFound);
        phone.delete("/api/auth/sessions/nonsense").await.refused(Code::NotFound);
        phone.delete(&path(&sessions[0])).await.ok();
        phone.delete(&path(&sessions[0])).await.refused(Code::NotFound);
        laptop.spin(1).await.refused(Code::TokenRevoked);
        assert_eq!(listed(&phone).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_sixth_session_ends_the_oldest_also_when_many_begin_at_once() {
    play(async |world| {
        let (first, _) = signed_up(world, "everywhere").await;
        let mut seats = Vec::new();
        for _ in 0..4 {
            seats.push(logged_in(world, "everywhere").await.0);
        }
        first.balance().await;
        let sixth = logged_in(world, "everywhere").await.0;
        first.get("/api/users/balance").await.refused(Code::TokenRevoked);
        assert_eq!(listed(&sixth).await.len(), 5);

        let at_once = join_all((0..4).map(|_| world.log_in("everywhere", PASSWORD))).await;
        let came_in = at_once.iter().filter(|answer| answer.status == 200).count();
        assert!(came_in > 0);
        let newest = logged_in(world, "everywhere").await.0;
        assert_eq!(listed(&newest).await.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_is_one_conditional_write() {
    play(async |world| {
        let (_, first) = signed_up(world, "thrifty").await;
        world.wire.take();
        refresh(world, &first).await.ok();
        let passed: Vec<_> = world.wire.take().into_iter().map(|passed| passed.operation).collect();
        let writes = passed.iter().filter(|operation| *operation == "TransactWriteItems").count();
        assert_eq!(writes, 1, "{passed:?}");
    })
    .await;
}

/// What can happen to a player who is logged in twice.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Logout,
    LogoutOfAll,
    EndOfTheOther,
    NewPassword,
    Ban,
    Pardon,
    ForcedLogout,
    Rank(&'static str),
}

impl Happening {
    async fn happen(self, admin: &Seat, here: &Seat, there: &Seat) {
        let standing = async |standing: Value| admin::update(admin, here, standing).await;
        match self {
            Self::Logout => here.post("/api/auth/logout", json!({})).await,
            Self::LogoutOfAll => here.post("/api/auth/logout-all", json!({})).await,
            Self::EndOfTheOther => {
                let id =
                    listed(there).await.into_iter().find(|session| session["is_current"] == true).expect("its own");
                here.delete(&format!("/api/auth/sessions/{}", id["id"].as_str().expect("an id"))).await
            }
            Self::NewPassword => {
                let change = json!({ "password": "orange-grape-9", "current_password": PASSWORD });
                here.patch("/api/users/profile", change).await
            }
            Self::Ban => standing(json!({ "is_active": false })).await,
            Self::Pardon => {
                standing(json!({ "is_active": false })).await.ok();
                standing(json!({ "is_active": true })).await
            }
            Self::ForcedLogout => admin::force_logout(admin, here).await,
            Self::Rank(rank) => standing(json!({ "rank": rank })).await,
        }
        .ok();
    }
}

#[tokio::test]
async fn what_happens_to_a_player_counts_on_the_very_next_request_whatever_the_token_said() {
    use Code::{AccountLocked, RankRequired, TokenRevoked};
    let over = (Some(TokenRevoked), Some(TokenRevoked));
    let on = (None, Some(RankRequired));
    let locked = (Some(AccountLocked), Some(AccountLocked));
    // What the session that asked gets, then the other one: where players play, and behind the door of a rank.
    let cases = [
        (Happening::Logout, over, on),
        (Happening::LogoutOfAll, over, over),
        (Happening::EndOfTheOther, on, over),
        (Happening::NewPassword, on, over),
        (Happening::Ban, locked, locked),
        (Happening::Pardon, on, on),
        (Happening::ForcedLogout, over, over),
        (Happening::Rank("PREMIUM"), on, on),
        (Happening::Rank("VIP"), (None, None), (None, None)),
    ];
    play(async |world| {
        let admin = world.admin().await;
        for (place, (happening, of_this, of_the_other)) in cases.into_iter().enumerate() {
            let name = format!("player-{place}");
            let (here, here_token) = signed_up(world, &name).await;
            let (there, there_token) = logged_in(world, &name).await;
            let doors = async |seat: &Seat, (plays, enters): (Option<Code>, Option<Code>)| {
                for (answer, refusal) in [
                    (seat.spin(1).await, plays),
                    (seat.get("/api/users/balance").await, plays),
                    (seat.post("/api/realtime/ticket", json!({})).await, plays),
                    (seat.get("/api/rbac/vip").await, enters),
                ] {
                    let expected = refusal.map_or((200, ""), |code| (code.status(), code.text()));
                    assert_eq!((answer.status, answer.code().as_str()), expected, "{happening:?}: {}", answer.body);
                }
            };
            doors(&here, on).await;
            doors(&there, on).await;
            happening.happen(&admin, &here, &there).await;
            doors(&here, of_this).await;
            doors(&there, of_the_other).await;
            for (token, (refusal, _)) in [(here_token, of_this), (there_token, of_the_other)] {
                let answer = refresh(world, &token).await;
                let expected = refusal.map_or((200, ""), |code| (code.status(), code.text()));
                assert_eq!((answer.status, answer.code().as_str()), expected, "{happening:?}: {}", answer.body);
            }
        }
    })
    .await;
}
