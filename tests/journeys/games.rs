//! Journeys of whoever plays more than the slot machine.

use std::{collections::BTreeMap, time::Duration};

use croupier_tests::{live::Live, seat::Site, world::journey};
use croupier_web::error::Code;
use serde_json::{Value, json};

use crate::{admin, unused};

/// How often it is looked whether something was counted by now, half a second apart.
const LOOKS: usize = 60;

/// What the gacha gave and the inventory shows, by item.
fn counted<'a>(items: impl Iterator<Item = (&'a Value, u64)>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (item, count) in items {
        *counts.entry(item["item_id"].as_str().expect("an id").to_owned()).or_default() += count;
    }
    counts
}

#[tokio::test]
async fn a_player_pulls_the_gacha_and_owns_what_it_gave() {
    journey(async |site: &Site| {
        let seat = site.newcomer(&unused("collector")).await;
        let mut live = Live::open(&seat).await;
        let config = site.get("/api/games/gacha/config").await.ok();
        assert_eq!(config["ten_price"], 450);
        let pull = seat.post("/api/games/gacha/pull", json!({ "pull_count": 11 })).await.ok();
        assert_eq!((&pull["cost"], &pull["balance"], &pull["pull_count"]), (&json!(500), &json!(500), &json!(11)));
        let news = live.next().await;
        assert_eq!((&news[0]["source"], &news[0]["history_id"]), (&json!("GACHA_PULL"), &pull["round_id"]));

        let given = pull["items"].as_array().expect("items");
        let inventory = seat.get("/api/users/inventory").await.ok();
        let owned = inventory["items"].as_array().expect("items").iter();
        let owned = counted(owned.map(|item| (item, item["count"].as_u64().expect("a number"))));
        assert_eq!(owned, counted(given.iter().map(|item| (item, 1))));
        assert_eq!(seat.get("/api/games/gacha/stats").await.ok()["pulls"], 11);
        let dear = seat.post("/api/games/gacha/pull", json!({ "pull_count": 20 })).await;
        dear.refused(Code::InsufficientFunds);
    })
    .await;
}

#[tokio::test]
async fn a_session_of_a_game_counts_its_spins_and_tells_when_it_begins_and_ends() {
    journey(async |site: &Site| {
        let seat = site.newcomer(&unused("guest")).await;
        let mut live = Live::open(&seat).await;
        let start = async || seat.post("/api/games/session/start", json!({ "game_type": "slot" })).await;
        let begun = start().await.ok();
        let session = begun["session_id"].clone();
        start().await.refused(Code::SessionActive);
        let spins = [seat.spin(5).await.ok(), seat.spin(5).await.ok()];
        assert_eq!(spins.each_ref().map(|spin| &spin["session"]["session_id"]), [&session; 2]);
        assert_eq!(spins.each_ref().map(|spin| &spin["session"]["rounds"]), [&json!(1), &json!(2)]);
        let active = seat.get("/api/games/session/active").await.ok();
        for (part, told) in spins[1]["session"].as_object().expect("a session") {
            assert_eq!(&active[part], told, "{part}");
        }

        let end = async || seat.post("/api/games/session/end", json!({ "session_id": session })).await;
        let ended = end().await.ok();
        assert_eq!((&ended["total_rounds"], &ended["total_bet"]), (&json!(2), &json!(10)));
        assert_eq!(ended["total_win"], spins[1]["session"]["total_win"]);
        end().await.refused(Code::SessionEnded);
        seat.get("/api/games/session/active").await.refused(Code::NotFound);
        assert_eq!(seat.get("/api/games/sessions").await.ok()["items"], json!([ended]));

        let news = live.next_many(4).await;
        let types: Vec<_> = news.iter().map(|message| message["type"].as_str().expect("a type")).collect();
        assert_eq!(types, ["game_session", "token_update", "token_update", "game_session"]);
        assert_eq!((&news[0]["event"], &news[0]["external_session_id"]), (&json!("start"), &session));
        assert_eq!((&news[3]["event"], &news[3]["external_session_id"]), (&json!("end"), &session));
        for part in ["game_type", "total_rounds", "total_bet", "total_win", "roi"] {
            assert_eq!(news[3][part], ended[part]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_player_claims_a_mission_and_a_day_of_the_streak() {
    journey(async |site: &Site| {
        let seat = site.newcomer(&unused("diligent")).await;
        let claim = async || seat.post("/api/missions/first_play/claim", json!({})).await;
        claim().await.refused(Code::NotCompleted);
        let spin = seat.spin(5).await.ok();
        let after_spin = spin["balance"].as_u64().expect("coins");
        let claimed = claim().await.ok();
        assert_eq!((&claimed["balance"], &claimed["experience"]), (&json!(after_spin + 100), &json!(10)));
        let missions = seat.get("/api/missions").await.ok();
        let first = missions.as_array().expect("missions").iter().find(|mission| mission["id"] == "first_play");
        assert_eq!(first.expect("the mission")["claimed"], true);

        assert_eq!(seat.get("/api/streak").await.ok()["next_day"], 1);
        let day = async || seat.post("/api/streak/claim", json!({})).await;
        let paid = day().await.ok();
        assert_eq!((&paid["days"], &paid["balance"]), (&json!(1), &json!(after_spin + 100 + 1123)));
        // Midnight may have passed since.
        let again = day().await;
        assert!(again.status == 200 || again.code() == Code::AlreadyClaimed.text(), "{}", again.body);
        let streak = seat.get("/api/streak").await.ok();
        assert_eq!(streak["claimed_today"], true);
    })
    .await;
}

#[tokio::test]
async fn a_player_is_soon_on_the_leaderboard() {
    journey(async |site: &Site| {
        let name = unused("famous");
        let seat = site.newcomer(&name).await;
        let spins = [seat.spin(5).await.ok(), seat.spin(5).await.ok()];
        let won: u64 = spins.iter().map(|spin| spin["win_amount"].as_u64().expect("coins")).sum();
        let net = i64::try_from(won).expect("few coins") - 10;
        let board = "/api/games/leaderboard/slot?period=all&metric=net";
        let mut looks = 0;
        let counted = loop {
            let shown = seat.get(board).await.ok();
            // The stream may tell of the first spin before the second.
            if shown["own"]["score"] == net {
                break shown;
            }
            looks += 1;
            assert!(looks < LOOKS, "{net} is not on the board: {}", shown["own"]);
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        let own = &counted["own"];
        let items = counted["items"].as_array().expect("items");
        // Where a hundred others play better, only the place is told.
        if let Some(shown) = items.iter().find(|item| item["id"] == seat.id) {
            assert_eq!((&shown["nickname"], &shown["score"]), (&json!(name), &json!(net)));
            assert_eq!(shown["place"], own["place"]);
        } else {
            assert_eq!(items.len(), 100);
        }
        let stats = seat.get("/api/games/stats/basic?game_type=slot").await.ok();
        assert_eq!((&stats["rounds"], &stats["net"]), (&json!(2), &json!(net)));
        let all = admin(site).await.get("/api/games/stats/basic?game_type=slot&scope=all").await.ok();
        assert!(all["rounds"].as_u64() >= Some(2), "{all}");
    })
    .await;
}
