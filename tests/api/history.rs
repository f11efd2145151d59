//! The ledger, as its player reads it: newest first, whole, and in pages.

use croupier_tests::{
    seat::Seat,
    world::{World, play},
};
use serde_json::{Value, json};

const HISTORY: &str = "/api/games/history";
const ENTRIES: u64 = 45;

/// A player with a sign-up, 21 spins, a new server seed, and 22 more spins.
async fn veteran(world: &World) -> Seat {
    let seat = world.newcomer("veteran").await;
    for number in 2..=ENTRIES {
        if number == 23 {
            seat.post("/api/fairness/rotate", json!({ "client_seed": "my-own-luck" })).await.ok();
        } else {
            seat.spin(1).await.ok();
        }
    }
    seat
}

/// The pages of the list, each as the numbers of its entries.
async fn pages(seat: &Seat, query: &str) -> Vec<Vec<u64>> {
    seat.pages(&format!("{HISTORY}?{query}")).await.iter().map(|page| sequences(page)).collect()
}

fn numbers(page: &Value) -> Vec<u64> {
    sequences(page["items"].as_array().expect("items"))
}

fn sequences(items: &[Value]) -> Vec<u64> {
    items.iter().map(|item| item["sequence"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_or_a_repeat() {
    play(async |world| {
        let seat = veteran(world).await;
        let all: Vec<u64> = (1..=ENTRIES).rev().collect();
        for (query, sizes) in [
            ("", vec![20, 20, 5]),
            ("limit=10", vec![10, 10, 10, 10, 5]),
            ("limit=15", vec![15, 15, 15]),
            ("limit=44", vec![44, 1]),
            ("limit=45", vec![45]),
            ("limit=100", vec![45]),
            ("limit=1", vec![1; 45]),
        ] {
            let pages = pages(&seat, query).await;
            assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{query}");
            assert_eq!(pages.concat(), all, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_filter_leaves_out_the_rest_and_nothing_else() {
    play(async |world| {
        let seat = veteran(world).await;
        let spins: Vec<u64> = (2..=ENTRIES).rev().filter(|number| *number != 23).collect();
        for (filter, expected) in [
            ("game_type=slot", spins.clone()),
            ("action=SLOT_SPIN", spins.clone()),
            ("game_type=slot&action=SLOT_SPIN", spins),
            ("action=FAIRNESS_ROTATE", vec![23]),
            ("action=SIGNUP", vec![1]),
            ("game_type=slot&action=SIGNUP", vec![]),
            ("action=slot_spin", vec![]),
            ("action=NOTHING", vec![]),
        ] {
            for limit in [1, 7, 43, 44, 100] {
                let pages = pages(&seat, &format!("{filter}&limit={limit}")).await;
                assert_eq!(pages.concat(), expected, "{filter}, {limit} at once");
                assert!(pages.iter().all(|page| page.len() <= limit), "{filter}, {limit} at once");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_ends_with_a_page_without_a_cursor_even_if_nothing_is_on_it() {
    play(async |world| {
        let seat = world.newcomer("novice").await;
        assert_eq!(seat.get(&format!("{HISTORY}?limit=1")).await.ok()["next_cursor"], Value::Null);
        let none = seat.get(&format!("{HISTORY}?game_type=slot")).await.ok();
        assert_eq!(none, json!({ "items": [], "next_cursor": null }));
        seat.spin(1).await.ok();
        // The sign-up may still be a spin for all that the first page knows.
        let pages = pages(&seat, "game_type=slot&limit=1").await;
        assert_eq!(pages, [vec![2], vec![]]);
    })
    .await;
}

#[tokio::test]
async fn what_happens_meanwhile_does_not_move_the_pages() {
    play(async |world| {
        let seat = veteran(world).await;
        let first = seat.get(&format!("{HISTORY}?limit=30")).await.ok();
        seat.spin(1).await.ok();
        seat.spin(1).await.ok();
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = seat.get(&format!("{HISTORY}?limit=30&cursor={cursor}")).await.ok();
        assert_eq!([numbers(&first), numbers(&second)].concat(), (1..=ENTRIES).rev().collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn an_entry_tells_what_was_done_and_what_it_moved() {
    play(async |world| {
        let [seat, other] = [world.newcomer("chronicler").await, world.newcomer("other").await];
        let begun = world.now();
        world.pass(std::time::Duration::from_millis(61_001));
        let spin = seat.spin(50).await.ok();
        seat.post("/api/fairness/rotate", json!({ "client_seed": "my-own-luck" })).await.ok();
        let history = seat.history().await;
        assert_eq!(history.len(), 3);

        let [rotation, round, sign_up] = [0, 1, 2].map(|place| {
            let mut item = history[place].clone();
            assert!(item["id"].take().as_str().is_some_and(|id| id.starts_with("ent_")));
            item
        });
        let balance = spin["balance"].clone();
        let quiet = json!({
            "id": null, "sequence": 3, "action": "FAIRNESS_ROTATE", "game_type": null, "delta_coin": 0, "delta_gem": 0,
            "balance_coin": balance, "balance_gem": 0, "debt_coin": 0, "debt_gem": 0, "created_at": world.now().to_string(),
            "detail": { "epoch": 1, "client_seed": "my-own-luck" },
        });
        assert_eq!(rotation, quiet);
        assert_eq!(history[1]["id"], spin["round_id"]);
        let detail = &round["detail"];
        for (name, told) in [("reels", "reels"), ("win_amount", "win_amount"), ("streak", "streak")] {
            assert_eq!(detail[name], spin[told], "{name}");
        }
        assert_eq!(detail["bet_amount"], 50);
        let played = json!({
            "id": null, "sequence": 2, "action": "SLOT_SPIN", "game_type": "slot",
            "delta_coin": spin["net_change"], "delta_gem": 0, "balance_coin": balance, "balance_gem": 0, "debt_coin": 0, "debt_gem": 0,
            "created_at": world.now().to_string(), "detail": detail,
        });
        assert_eq!(round, played);
        let started = json!({
            "id": null, "sequence": 1, "action": "SIGNUP", "game_type": null, "delta_coin": 1000, "delta_gem": 0,
            "balance_coin": 1000, "balance_gem": 0, "debt_coin": 0, "debt_gem": 0, "created_at": begun.to_string(), "detail": { "invite": "5858" },
        });
        assert_eq!(sign_up, started);
        assert_eq!(other.history().await.len(), 1);
    })
    .await;
}
