//! When a session was last used: told to the minute, at the price of a write a minute, and never at the price of anything else.

use std::{collections::BTreeSet, time::Duration};

use croupier_rules::time::Timestamp;
use croupier_tests::{
    seat::{Answer, PASSWORD, Seat},
    wire::{Fault, Passed},
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::claims;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const WRITE: &str = "TransactWriteItems";

/// Everything that was asked of the table by calls; without what the stream's consumer asks, which comes at any time.
fn passed(world: &World) -> Vec<Passed> {
    world.wire.take().into_iter().filter(|passed| passed.operation != "Query").collect()
}

fn writes(world: &World) -> usize {
    let reads = ["GetItem", "BatchGetItem"];
    passed(world).into_iter().filter(|passed| !reads.contains(&passed.operation.as_str())).count()
}

async fn logged_in(world: &World, name: &str) -> Seat {
    Seat::of(world, &world.log_in(name, PASSWORD).await.ok())
}

/// How long ago a session was last used, as the list says.
async fn idle(world: &World, by: &Seat, of: &Seat) -> Duration {
    let (list, id) = (by.get("/api/auth/sessions").await.ok(), claims(world, of).sid.to_string());
    let session = list["items"].as_array().unwrap().iter().find(|session| session["id"] == id).expect("a session");
    let used: Timestamp = session["last_used_at"].as_str().unwrap().parse().unwrap();
    assert!(used <= world.now(), "in the future");
    world.now().since(used)
}

#[tokio::test]
async fn a_hundred_calls_within_a_minute_are_one_write() {
    play(async |world| {
        let seat = world.newcomer("busy").await;
        world.wire.take();
        world.pass(MINUTE - Duration::from_millis(1));
        for _ in 0..20 {
            seat.balance().await;
        }
        assert_eq!(writes(world), 0, "a session that has just begun is known to be in use");
        world.pass(Duration::from_millis(1));
        for number in 0..100 {
            // Whatever is asked for: it is the session that is in use.
            match number % 4 {
                0 => seat.get("/api/auth/me").await,
                1 => seat.get("/api/auth/sessions").await,
                2 => seat.get("/api/games/history").await,
                _ => seat.get("/api/users/balance").await,
            }
            .ok();
        }
        assert_eq!(writes(world), 1);
        world.pass(MINUTE - Duration::from_millis(1));
        seat.balance().await;
        assert_eq!(writes(world), 0);
    })
    .await;
}

#[tokio::test]
async fn calls_over_many_minutes_are_a_write_a_minute_for_each_session() {
    play(async |world| {
        let seats = [world.newcomer("busy").await, logged_in(world, "busy").await];
        world.wire.take();
        let (calls, step) = (180, 7);
        for _ in 0..calls {
            world.pass(step * SECOND);
            for seat in &seats {
                seat.balance().await;
            }
        }
        // Nine steps of seven seconds are the first that make a minute.
        assert_eq!(writes(world), seats.len() * calls / 9);
    })
    .await;
}

#[tokio::test]
async fn whoever_is_refused_is_not_seen() {
    play(async |world| {
        let seat = world.newcomer("banned").await;
        super::ban(world, &seat).await;
        world.pass(10 * MINUTE);
        world.wire.take();
        seat.get("/api/users/balance").await.refused(Code::AccountLocked);
        seat.get("/api/rbac/vip").await.refused(Code::AccountLocked);
        assert_eq!(writes(world), 0);
    })
    .await;
}

#[tokio::test]
async fn the_list_tells_to_the_minute_when_a_session_was_last_used() {
    play(async |world| {
        let laptop = world.newcomer("nomad").await;
        world.pass(MINUTE);
        let phone = logged_in(world, "nomad").await;
        for _ in 0..40 {
            world.pass(17 * SECOND);
            laptop.balance().await;
            let ago = idle(world, &phone, &laptop).await;
            assert!(ago < MINUTE, "used right now, and told to be used {ago:?} ago");
        }
        let before = idle(world, &phone, &laptop).await;
        for minutes in 1..=10 {
            world.pass(MINUTE);
            assert_eq!(idle(world, &phone, &laptop).await, before + minutes * MINUTE, "whoever else looks at it");
        }
        laptop.balance().await;
        assert_eq!(idle(world, &phone, &laptop).await, Duration::ZERO);
        assert!(idle(world, &laptop, &phone).await < MINUTE, "to look at the list is to use the session");
    })
    .await;
}

#[tokio::test]
async fn a_spin_never_pays_for_it() {
    play(async |world| {
        let (player, looker) = (world.newcomer("player").await, logged_in(world, "player").await);
        for minutes in 1..=2 {
            world.pass(10 * MINUTE);
            let spins: [&dyn Fn() -> _; 3] = [
                &|| player.request(reqwest::Method::POST, "/api/games/slot/spin"),
                &|| player.request(reqwest::Method::POST, "/api/actions/SLOT_SPIN"),
                &|| {
                    player
                        .request(reqwest::Method::POST, "/api/games/slot/spin")
                        .header("idempotency-key", format!("key-000{minutes}"))
                },
            ];
            for spin in spins {
                world.wire.take();
                Answer::to(spin().json(&json!({ "bet_amount": 1 }))).await.ok();
                let passed = passed(world);
                let operations: Vec<_> = passed.iter().map(|passed| passed.operation.as_str()).collect();
                assert_eq!(operations, ["BatchGetItem", WRITE]);
                assert!(passed[1].units <= 5.0, "a spin costs {} write units", passed[1].units);
            }
            let since_login = 10 * minutes * MINUTE;
            assert_eq!(idle(world, &looker, &player).await, since_login, "a spin is not written down");
        }
        player.balance().await;
        assert_eq!(idle(world, &looker, &player).await, Duration::ZERO);
    })
    .await;
}

#[tokio::test]
async fn that_it_cannot_be_written_down_keeps_nobody_from_anything() {
    play(async |world| {
        let (seat, looker) = (world.newcomer("unseen").await, logged_in(world, "unseen").await);
        use Fault::{Collision, Denied, LostReply, LostRequest, Throttle};
        for (faults, written) in [
            (&[Denied][..], false),
            (&[Collision], false),
            (&[Throttle; 3], false),
            (&[LostRequest; 3], false),
            (&[LostReply; 3], true),
            (&[LostReply, LostRequest], true),
        ] {
            world.pass(2 * MINUTE);
            looker.balance().await;
            world.wire.plan(WRITE, faults);
            assert_eq!(seat.balance().await, (1000, 0, 1), "{faults:?}");
            let ago = idle(world, &looker, &seat).await;
            assert_eq!(ago.is_zero(), written, "{faults:?}: {ago:?}");
            seat.balance().await;
            assert_eq!(idle(world, &looker, &seat).await, Duration::ZERO, "made up for by the next call");
        }
    })
    .await;
}

/// How a session ends while it is in use.
async fn end(world: &World, number: usize, seat: &Seat, by: &Seat) -> Answer {
    match number % 4 {
        0 => seat.post("/api/auth/logout", json!({})).await,
        1 => seat.post("/api/auth/logout-all", json!({})).await,
        2 => seat.delete(&format!("/api/auth/sessions/{}", claims(world, seat).sid)).await,
        _ => by.post(&format!("/api/admin/users/{}/force-logout", seat.id), json!({})).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_has_ended_is_not_brought_back_by_having_been_in_use() {
    play(async |world| {
        let first = world.newcomer("leaver").await;
        let mut answered = BTreeSet::new();
        for number in 0..48 {
            let seat = if number == 0 { first.clone() } else { logged_in(world, "leaver").await };
            let by = if number % 4 == 3 { world.admin().await } else { seat.clone() };
            let session = claims(world, &seat).sid;
            world.pass(Duration::from_secs(61));
            // One in three meets another write, so that it is not always the same one that comes first.
            let faults = [Fault::Collision];
            world.wire.plan(WRITE, &faults[..usize::from(number % 3 == 0)]);
            let calls =
                join_all(["/api/users/balance", "/api/auth/sessions", "/api/auth/me"].map(|path| seat.get(path)));
            let (ended, calls) = tokio::join!(end(world, number, &seat, &by), calls);
            ended.ok();
            answered.extend(calls.iter().map(|answer| (answer.status, answer.code())));
            world.wire.behave();
            let left = world.store().session(seat.id.parse().unwrap(), session).await.unwrap();
            assert!(left.is_none(), "{session} is there again, after {number}");
            seat.get("/api/users/balance").await.refused(Code::TokenRevoked);
        }
        let known = [(200, String::new()), (401, "TOKEN_REVOKED".to_owned())];
        assert!(answered.iter().all(|answer| known.contains(answer)), "{answered:?}");
        let list: Value = logged_in(world, "leaver").await.get("/api/auth/sessions").await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
    })
    .await;
}
