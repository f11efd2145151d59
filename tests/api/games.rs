//! Sessions of games, missions, streaks and boards, through the front door.

use std::time::Duration;

use croupier_tests::{
    seat::{Answer, Seat},
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn start(seat: &Seat, game: &str) -> Answer {
    seat.post("/api/games/session/start", json!({ "game_type": game })).await
}

async fn end(seat: &Seat, id: &Value) -> Answer {
    seat.post("/api/games/session/end", json!({ "session_id": id, "total_win": 1_000_000 })).await
}

/// The same seat after a time that outlives its access token.
async fn back(world: &World, name: &str) -> Seat {
    Seat::of(world, &world.log_in(name, croupier_tests::seat::PASSWORD).await.ok())
}

#[tokio::test]
async fn a_session_is_counted_by_the_server() {
    play(async |world| {
        let seat = world.newcomer("counted").await;
        seat.get("/api/games/session/active").await.refused(Code::NotFound);
        let begun = start(&seat, "slot").await.ok();
        assert_eq!((&begun["status"], &begun["game_type"]), (&json!("active"), &json!("slot")));
        start(&seat, "gacha").await.refused(Code::SessionActive);
        let mut won = 0;
        for rounds in 1..=5 {
            world.pass(Duration::from_secs(30));
            let spin = seat.spin(20).await.ok();
            won += spin["win_amount"].as_u64().unwrap();
            let session = &spin["session"];
            assert_eq!((&session["rounds"], &session["total_win"]), (&json!(rounds), &json!(won)));
        }
        assert_eq!(seat.get("/api/games/session/active").await.ok()["rounds"], 5);
        let ended = end(&seat, &begun["session_id"]).await.ok();
        assert_eq!(
            (&ended["status"], &ended["total_rounds"], &ended["total_bet"]),
            (&json!("ended"), &json!(5), &json!(100))
        );
        assert_eq!((&ended["duration"], &ended["average_round_seconds"]), (&json!(150.0), &json!(30.0)));
        assert_eq!(ended["net"].as_i64().unwrap(), i64::try_from(won).unwrap() - 100);
        end(&seat, &begun["session_id"]).await.refused(Code::SessionEnded);
        let listed = seat.get("/api/games/sessions").await.ok();
        assert_eq!((&listed["active"], &listed["items"]), (&Value::Null, &json!([ended])));
        let history = seat.get("/api/games/history?game_type=slot").await.ok();
        let actions: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| item["action"].clone()).collect();
        assert_eq!((&actions[0], &actions[6]), (&json!("SESSION_END"), &json!("SESSION_START")));
    })
    .await;
}

#[tokio::test]
async fn nobody_ends_the_session_of_another() {
    play(async |world| {
        let [owner, stranger] = [world.newcomer("owner").await, world.newcomer("stranger").await];
        let begun = start(&owner, "slot").await.ok();
        end(&stranger, &begun["session_id"]).await.refused(Code::NotFound);
        end(&owner, &json!("gms_nonsense")).await.refused(Code::NotFound);
        end(&owner, &begun["session_id"]).await.ok();
    })
    .await;
}

#[tokio::test]
async fn of_ten_who_end_a_session_at_once_one_does() {
    play(async |world| {
        let seat = world.newcomer("hasty").await;
        let begun = start(&seat, "slot").await.ok();
        let answers = join_all((0..10).map(|_| end(&seat, &begun["session_id"]))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        answers
            .iter()
            .filter(|answer| answer.status != 200)
            .for_each(|answer| drop(answer.refused(Code::SessionEnded)));
        let begun = join_all((0..10).map(|_| start(&seat, "slot"))).await;
        assert_eq!(begun.iter().filter(|answer| answer.status == 200).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn thirty_idle_minutes_end_a_session_without_any_request() {
    play(async |world| {
        let [idle, busy] = [world.newcomer("idle").await, world.newcomer("busy").await];
        let begun = [start(&idle, "slot").await.ok(), start(&busy, "slot").await.ok()];
        world.pass(20 * MINUTE);
        busy.spin(10).await.ok();
        world.pass(10 * MINUTE);
        world.sweep().await;
        let busy = back(world, "busy").await;
        assert_eq!(busy.get("/api/games/session/active").await.ok()["rounds"], 1, "it was put off");
        let idle = back(world, "idle").await;
        idle.get("/api/games/session/active").await.refused(Code::NotFound);
        let listed = idle.get("/api/games/sessions").await.ok();
        assert_eq!(
            (&listed["items"][0]["session_id"], &listed["items"][0]["duration"]),
            (&begun[0]["session_id"], &json!(1800.0))
        );
        world.pass(20 * MINUTE);
        world.sweep().await;
        let listed = back(world, "busy").await.get("/api/games/sessions").await.ok();
        assert_eq!(listed["items"][0]["duration"], 3000.0, "twenty minutes, and thirty idle ones");
    })
    .await;
}

#[tokio::test]
async fn whoever_plays_on_ends_an_idle_session_first() {
    play(async |world| {
        let seat = world.newcomer("late").await;
        start(&seat, "slot").await.ok();
        world.pass(29 * MINUTE);
        seat.spin(10).await.ok();
        world.pass(30 * MINUTE);
        let seat = back(world, "late").await;
        let spin = seat.spin(10).await.ok();
        assert_eq!(
            (&spin["session"], &spin["sequence"]),
            (&Value::Null, &json!(5)),
            "the end of the session is number 4"
        );
        world.sweep().await;
        assert_eq!(seat.get("/api/games/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
        start(&seat, "gacha").await.ok();
    })
    .await;
}

#[tokio::test]
async fn of_ten_who_claim_at_once_one_is_paid() {
    play(async |world| {
        let seat = world.newcomer("claimer").await;
        seat.post("/api/missions/first_play/claim", json!({})).await.refused(Code::NotCompleted);
        seat.post("/api/missions/no_such/claim", json!({})).await.refused(Code::NotFound);
        seat.spin(1).await.ok();
        let before = seat.balance().await.0;
        let claims = join_all((0..10).map(|_| seat.post("/api/missions/first_play/claim", json!({})))).await;
        assert_eq!(claims.iter().filter(|answer| answer.status == 200).count(), 1);
        claims
            .iter()
            .filter(|answer| answer.status != 200)
            .for_each(|answer| drop(answer.refused(Code::AlreadyClaimed)));
        let days = join_all((0..10).map(|_| seat.post("/api/streak/claim", json!({})))).await;
        assert_eq!(days.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(seat.balance().await.0, before + 100 + 1123);
        let missions = seat.get("/api/missions").await.ok();
        let first = missions.as_array().unwrap().iter().find(|mission| mission["id"] == "first_play").unwrap();
        assert_eq!((&first["claimed"], &first["progress"]), (&json!(true), &json!(1)));
        world.pass(DAY);
        let seat = back(world, "claimer").await;
        assert_eq!(seat.get("/api/streak").await.ok()["next_day"], 2);
        seat.post("/api/streak/claim", json!({})).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_board_follows_what_was_played() {
    play(async |world| {
        let mut nets = Vec::new();
        for name in ["ann", "bob", "cid"] {
            let seat = world.newcomer(name).await;
            for bet in [10, 20, 30] {
                seat.spin(bet).await.ok();
            }
            nets.push((i64::try_from(seat.balance().await.0).unwrap() - 1000, name, seat));
        }
        world.catch_up().await;
        nets.sort_by_key(|(net, ..)| std::cmp::Reverse(*net));
        for period in ["daily", "weekly", "all"] {
            let board = nets[2].2.get(&format!("/api/games/leaderboard/slot?period={period}&metric=net")).await.ok();
            let scores: Vec<_> =
                board["items"].as_array().unwrap().iter().map(|item| item["score"].as_i64().unwrap()).collect();
            assert_eq!(scores, nets.iter().map(|(net, ..)| *net).collect::<Vec<_>>(), "{period}");
            assert_eq!(board["own"]["score"], nets[2].0);
        }
        world.pass(DAY);
        let seat = back(world, "ann").await;
        let board = seat.get("/api/games/leaderboard/slot?period=daily").await.ok();
        assert_eq!((&board["items"], &board["own"]), (&json!([]), &Value::Null));
        seat.get("/api/games/leaderboard/chess").await.refused(Code::NotFound);
        let everyone = world.admin().await.get("/api/games/stats/basic?game_type=slot&scope=all").await.ok();
        assert_eq!((&everyone["rounds"], &everyone["total_bet"]), (&json!(9), &json!(180)));
        seat.get("/api/games/stats/basic?game_type=slot&scope=all").await.refused(Code::AdminRequired);
        assert_eq!(seat.get("/api/games/stats/basic?game_type=slot").await.ok()["rounds"], 3);
    })
    .await;
}
