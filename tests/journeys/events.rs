//! Journeys of a service that reads events: in a world of its own, or at `BASE_URL` from the queue at `EVENT_QUEUE_URL`.

use std::time::{Duration, Instant};

use croupier_rules::event::{Event, News};
use croupier_tests::{
    audit::audit,
    reader::Reader,
    seat::{Seat, Site},
    world::{World, elsewhere, variable},
};
use serde_json::json;

use crate::unused;

/// How long events may take; a hundred others may come before them.
const PATIENCE: Duration = Duration::from_secs(60);

async fn plays(site: &Site) -> Seat {
    let seat = site.newcomer(&unused("told")).await;
    let begun = seat.post("/api/games/session/start", json!({ "game_type": "slot" })).await.ok();
    for _ in 0..12 {
        seat.spin(1).await.ok();
    }
    seat.post("/api/games/session/end", json!({ "session_id": begun["session_id"] })).await.ok();
    seat.post("/api/missions/first_play/claim", json!({})).await.ok();
    seat
}

async fn is_told_of(reader: &Reader, seat: &Seat) {
    let mut history = seat.history().await;
    history.reverse();
    let (begin, mut told) = (Instant::now(), Vec::<Event>::new());
    // What stands in the ledger, and the login that came with signing up.
    while told.len() < history.len() + 1 {
        assert!(begin.elapsed() < PATIENCE, "{} of {} events came", told.len(), history.len() + 1);
        for message in reader.some().await {
            let event: Event = serde_json::from_str(message.body().expect("a body")).expect("an event");
            // What is somebody else's is left to whoever else reads.
            if event.envelope.player_id.to_string() == seat.id {
                assert!(reader.done(&message).await, "it took too long");
                told.push(event);
            }
        }
    }
    let is_login = |event: &mut Event| matches!(event.news, News::LoggedIn(_));
    let logins: Vec<_> = told.extract_if(.., is_login).map(|event| event.envelope.sequence).collect();
    assert_eq!(logins, [0]);
    for (event, entry) in told.iter().zip(&history) {
        let envelope = &event.envelope;
        assert_eq!(
            json!([envelope.event_id, envelope.sequence, envelope.occurred_at]),
            json!([entry["id"], entry["sequence"], entry["created_at"]])
        );
    }
    let types: Vec<_> = told.iter().map(|event| event.news.name()).collect();
    assert_eq!(types[..3], ["player.signed_up", "session.started", "round.played"]);
    assert_eq!(types[types.len() - 2..], ["session.ended", "mission.claimed"]);
}

#[tokio::test]
async fn a_service_is_told_of_everything_a_player_did_in_order_and_once() {
    match (elsewhere(), variable("EVENT_QUEUE_URL")) {
        (Some(site), Some(queue_url)) => {
            let seat = plays(&site).await;
            is_told_of(&Reader::at(&queue_url), &seat).await;
        }
        (Some(_), None) => println!("EVENT_QUEUE_URL is not set: events are not read"),
        (None, _) => {
            let world = World::start().await;
            let seat = plays(&world.site).await;
            audit(&world).await;
            is_told_of(&Reader::of(&world), &seat).await;
            world.stop().await;
        }
    }
}
