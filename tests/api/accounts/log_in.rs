//! Login: what it tells, how much it works, and when it stops listening.

use std::time::Duration;

use croupier_functions::FUNCTIONS;
use croupier_tests::{
    seat::{Answer, PASSWORD, Seat, Site},
    wire::Passed,
    world::{World, play},
};
use croupier_web::{
    app::{App, Entropy},
    error::Code,
    event::HttpEvent,
    token::Tokens,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

const WRONG: &str = "cherry-lemon-8";
const MINUTE: Duration = Duration::from_secs(60);

async fn fail(site: &Site, site_id: &str, times: usize) {
    for _ in 0..times {
        site.log_in(site_id, WRONG).await.refused(Code::InvalidCredentials);
    }
}

#[track_caller]
fn wait_of(answer: &Answer) -> u64 {
    answer.refused(Code::TooManyAttempts);
    answer.header("retry-after").expect("how long to wait").parse().expect("seconds")
}

#[tokio::test]
async fn the_right_password_begins_a_session() {
    play(async |world| {
        let first = world.newcomer("Maria").await;
        world.pass(MINUTE);
        let tokens = world.log_in("mARIA", PASSWORD).await.ok();
        let second = Seat::of(world, &tokens);
        assert_eq!(second.id, first.id);
        assert_eq!(tokens["user"]["last_login_at"], world.now().to_string());
        for seat in [first, second] {
            assert_eq!(seat.get("/api/auth/me").await.ok(), tokens["user"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_player_are_told_the_same() {
    play(async |world| {
        world.newcomer("known").await;
        let mut told = Vec::new();
        for (site_id, password) in [("known", WRONG), ("unknown", WRONG), ("known", "short"), ("no site id!", PASSWORD)]
        {
            let answer = world.log_in(site_id, password).await;
            let mut problem = answer.refused(Code::InvalidCredentials);
            assert!(problem["request_id"].take().is_string());
            let headers: Vec<_> = answer.headers.keys().cloned().collect();
            told.push((headers, problem));
        }
        for other in &told[1..] {
            assert_eq!(other, &told[0]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_player_cost_the_same_work() {
    play(async |world| {
        world.newcomer("known").await;
        for site_id in ["known", "unknown"] {
            world.wire.take();
            fail(world, site_id, 1).await;
            let passed = world.wire.take();
            // Queries are left out: `push` looks for sockets at the same time, and a login never queries.
            let operations = passed.iter().map(|Passed { operation, .. }| operation).filter(|name| *name != "Query");
            assert_eq!(operations.collect::<Vec<_>>(), ["BatchGetItem", "TransactWriteItems"], "{site_id}");
        }
    })
    .await;
}

#[tokio::test]
async fn five_failures_lock_a_site_id_for_ten_minutes_whether_or_not_somebody_has_it() {
    play(async |world| {
        world.newcomer("known").await;
        for (site_id, password) in [("known", PASSWORD), ("unknown", WRONG)] {
            fail(world, site_id, 5).await;
            assert_eq!(wait_of(&world.log_in(site_id, password).await), 600);
            assert_eq!(wait_of(&world.log_in(&site_id.to_uppercase(), password).await), 600);
            // To ask is not to wait longer.
            world.pass(4 * MINUTE);
            for _ in 0..7 {
                assert_eq!(wait_of(&world.log_in(site_id, WRONG).await), 360);
            }
            world.pass(6 * MINUTE - Duration::from_millis(1));
            assert_eq!(wait_of(&world.log_in(site_id, password).await), 1);
            world.pass(Duration::from_millis(1));
            // The count begins anew.
            fail(world, site_id, 4).await;
        }
        world.log_in("known", PASSWORD).await.ok();
        world.log_in("unknown", PASSWORD).await.refused(Code::InvalidCredentials);
        wait_of(&world.log_in("unknown", PASSWORD).await);
    })
    .await;
}

#[tokio::test]
async fn whoever_waits_as_long_as_told_gets_in() {
    play(async |world| {
        world.newcomer("patient").await;
        fail(world, "patient", 5).await;
        world.pass(Duration::from_millis(500));
        let wait = wait_of(&world.log_in("patient", PASSWORD).await);
        world.pass(Duration::from_secs(wait));
        world.log_in("patient", PASSWORD).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_success_forgets_the_failures_and_so_do_ten_minutes() {
    play(async |world| {
        world.newcomer("clumsy").await;
        for _ in 0..2 {
            fail(world, "clumsy", 4).await;
            world.log_in("clumsy", PASSWORD).await.ok();
        }
        for _ in 0..2 {
            fail(world, "clumsy", 4).await;
            world.pass(10 * MINUTE);
        }
        // It is any ten minutes that count, not ten minutes by the clock.
        for _ in 0..4 {
            fail(world, "clumsy", 1).await;
            world.pass(2 * MINUTE);
        }
        fail(world, "clumsy", 1).await;
        wait_of(&world.log_in("clumsy", PASSWORD).await);
    })
    .await;
}

#[tokio::test]
async fn fifty_guesses_at_once_are_no_more_than_five() {
    play(async |world| {
        world.newcomer("target").await;
        for site_id in ["target", "nobody"] {
            let answers = join_all((0..50).map(|_| world.log_in(site_id, WRONG))).await;
            let (looked_at, locked): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 401);
            assert!((1..=5).contains(&looked_at.len()), "{} guesses on {site_id} were looked at", looked_at.len());
            for answer in locked {
                wait_of(answer);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_lock_is_known_to_every_instance_of_the_function() {
    play(async |world| {
        world.newcomer("target").await;
        fail(world, "target", 5).await;
        assert_eq!(elsewhere(world, "target").await["statusCode"], 429);
        assert_eq!(elsewhere(world, "other").await["statusCode"], 401);
    })
    .await;
}

/// Logs in where nothing is shared with the running game but the table.
async fn elsewhere(world: &World, site_id: &str) -> Value {
    let instance = App {
        max_sessions: 5,
        entropy: Entropy::seeded(8),
        store: Some(world.store().clone()),
        tokens: Tokens::new(&"s".repeat(32).into(), &[], MINUTE),
        ..world.instance()
    };
    let body = json!({ "site_id": site_id, "password": PASSWORD }).to_string();
    let event = HttpEvent { body: Some(body), ..HttpEvent::default() };
    let login = FUNCTIONS.iter().find(|function| function.name == "login").unwrap();
    login.invoke(&instance, serde_json::to_value(event).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_banned_player_is_told_so_for_the_right_password_only() {
    play(async |world| {
        let seat = world.newcomer("banned").await;
        super::ban(world, &seat).await;
        world.log_in("banned", PASSWORD).await.refused(Code::AccountLocked);
        world.log_in("banned", WRONG).await.refused(Code::InvalidCredentials);
    })
    .await;
}
