//! What a stream may do: deliver twice, out of order, and what nobody can read.

use std::collections::BTreeSet;

use croupier_functions::FUNCTIONS;
use croupier_store::item::EntryRecord;
use croupier_tests::{
    audit::books,
    live::Live,
    world::{World, play},
};
use croupier_web::event::{BatchAnswer, StreamChange, StreamEvent, StreamRecord};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

fn record(place: usize, new_image: serde_dynamo::Item) -> StreamRecord {
    let dynamodb = StreamChange { sequence_number: place.to_string(), keys: serde_dynamo::Item::default(), new_image };
    StreamRecord { event_name: "INSERT".to_owned(), dynamodb }
}

async fn push(world: &World, records: Vec<StreamRecord>) -> Vec<String> {
    let function = FUNCTIONS.iter().find(|function| function.name == "push").expect("a consumer");
    let event = serde_json::to_value(StreamEvent { records }).expect("an event");
    let answer = function.invoke(&world.running().app, event).await.expect("an answer");
    let answer: BatchAnswer = serde_json::from_value(answer).expect("an answer");
    answer.batch_item_failures.into_iter().map(|item| item.item_identifier).collect()
}

#[tokio::test]
async fn entries_that_come_twice_and_out_of_order_are_all_told() {
    play(async |world| {
        let seats = [world.newcomer("ann").await, world.newcomer("bob").await];
        for seat in seats.iter().cycle().take(12) {
            seat.spin(1).await.ok();
        }
        let mut lives = [Live::open(&seats[0]).await, Live::open(&seats[1]).await];
        let books = books(world).await;
        let entries: Vec<&EntryRecord> = books.ledgers.values().flatten().collect();

        let mut chance = StdRng::seed_from_u64(5);
        for _ in 0..3 {
            let images = entries.iter().chain(&entries).map(|entry| serde_dynamo::to_item(entry).expect("an item"));
            let mut records: Vec<_> = images.enumerate().map(|(place, image)| record(place, image)).collect();
            records.push(record(records.len(), serde_dynamo::Item::default()));
            let poison = (records.len() - 1).to_string();
            records.shuffle(&mut chance);
            assert_eq!(push(world, records).await, [poison]);
        }
        for (seat, live) in seats.iter().zip(&mut lives) {
            let mut heard = BTreeSet::new();
            while heard.len() < 6 {
                for news in live.next().await {
                    let number = news["sequence"].as_u64().expect("a number");
                    let told = &books.ledgers[&seat.id.parse().expect("an id")][number as usize - 1].entry;
                    assert_eq!(news["history_id"], told.id().to_string(), "somebody else's news");
                    heard.insert(number);
                }
            }
        }
    })
    .await;
}
