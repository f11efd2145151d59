//! What a stream may do: deliver twice, late, out of order, half of a batch, and what nobody can read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig},
};
use croupier_functions::FUNCTIONS;
use croupier_localstack::table::TABLE;
use croupier_rules::board::Tally;
use croupier_store::{
    Store,
    item::{EntryRecord, Item},
    key::{Key, PK},
    schema,
    tx::Conflict,
};
use croupier_tests::{
    audit::{Books, books},
    live::Live,
    seat::{PASSWORD, Seat},
    wire::{Fault, Wire},
    world::{World, play},
};
use croupier_web::{
    app::App,
    event::{BatchAnswer, StreamChange, StreamEvent, StreamRecord},
};
use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::json;

/// More entries than are counted at once, by one player.
const MANY: usize = 104;

/// A record of the stream at this place.
pub fn record(place: usize, new_image: serde_dynamo::Item) -> StreamRecord {
    let dynamodb = StreamChange { sequence_number: place.to_string(), keys: serde_dynamo::Item::default(), new_image };
    StreamRecord { event_name: "INSERT".to_owned(), dynamodb }
}

/// Hands records to a consumer. Tells which it did not take.
pub async fn hand(name: &str, app: &App, records: Vec<StreamRecord>) -> Vec<String> {
    let function = FUNCTIONS.iter().find(|function| function.name == name).expect("a consumer");
    let event = serde_json::to_value(StreamEvent { records }).expect("an event");
    let answer = function.invoke(app, event).await.expect("an answer");
    let answer: BatchAnswer = serde_json::from_value(answer).expect("an answer");
    answer.batch_item_failures.into_iter().map(|item| item.item_identifier).collect()
}

/// A function that counts, beside the one that the stack runs, and over a wire of its own.
struct Projector {
    app: App,
    wire: Wire,
}

impl Projector {
    fn on(world: &World, table: &str) -> Self {
        let wire = Wire::default();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .region(Region::from_static("local"))
            .endpoint_url(&world.running().table_endpoint)
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(2)))
            .http_client(SharedHttpClient::new(wire.clone()))
            .build();
        let store = Some(Store::new(Client::from_conf(config), table));
        Self { app: App { store, ..world.instance() }, wire }
    }

    fn store(&self) -> &Store {
        self.app.store().expect("a table")
    }

    /// Delivers a batch as Lambda does: after a failure again, from the first record that failed. Tells how often some of
    /// it was taken and some was not.
    async fn deliver(&self, entries: &[&EntryRecord]) -> usize {
        let images = entries.iter().map(|entry| serde_dynamo::to_item(entry).expect("an item"));
        let mut batch: Vec<_> = images.enumerate().map(|(place, image)| record(place, image)).collect();
        let mut halves = 0;
        for _ in 0..100 {
            let failed = hand("project", &self.app, batch.clone()).await;
            let is_failed = |record: &StreamRecord| failed.contains(&record.dynamodb.sequence_number);
            let Some(first) = batch.iter().position(is_failed) else { return halves };
            halves += usize::from(failed.len() < batch.len());
            batch.drain(..first);
        }
        panic!("a batch is never taken");
    }

    /// Delivers in batches of any size: everything once, some of it twice, in any order.
    async fn deliver_anyhow(&self, entries: &[&EntryRecord], chance: &mut StdRng) {
        let mut shuffled: Vec<_> = entries.iter().chain(entries.iter().step_by(3)).copied().collect();
        shuffled.shuffle(chance);
        let mut rest = shuffled.as_slice();
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(chance.random_range(1..=rest.len().min(40)));
            self.deliver(batch).await;
            rest = later;
        }
    }
}

/// What a table says of boards and of what everyone has played, to the last attribute.
async fn counted_in(world: &World, table: &str) -> BTreeSet<String> {
    #[expect(clippy::disallowed_methods, reason = "whoever compares two tables reads all of them")]
    let scan = world.running().table.scan().table_name(table).consistent_read(true);
    let items = scan.into_paginator().items().send().try_collect().await.expect("the whole table");
    let partition = |item: &Item| item[PK].as_s().expect("a text").clone();
    let of_everyone = |pk: String| pk.starts_with("BOARD#") || pk.starts_with("PLAYED#");
    let counted = items.into_iter().filter(|item| of_everyone(partition(item)));
    counted.map(|item| format!("{:?}", item.into_iter().collect::<BTreeMap<_, _>>())).collect()
}

/// Whether nothing is left to count.
async fn is_all_counted(store: &Store, books: &Books) {
    for (player, ledger) in &books.ledgers {
        let tally: Option<Tally> = store.get(&Key::projected(*player)).await.expect("an answer");
        assert_eq!(tally.map(|tally| tally.counted), Some(ledger.len() as u64), "{player}");
    }
}

/// Plays on a Friday, on the Saturday after it and on the Monday: two weeks.
async fn play_for_days(world: &World, names: &[&str], acts: usize) {
    for (number, hours) in [0, 20, 50].into_iter().enumerate() {
        world.pass(Duration::from_secs(hours * 3600));
        join_all(names.iter().map(async |name| {
            let seat = if number == 0 {
                world.newcomer(name).await
            } else {
                Seat::of(world, &world.log_in(name, PASSWORD).await.ok())
            };
            for _ in 0..acts {
                seat.spin(1).await.ok();
            }
            seat.post("/api/games/gacha/pull", json!({ "pull_count": 2 })).await.ok();
        }))
        .await;
    }
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
            assert_eq!(hand("push", &world.running().app, records).await, [poison]);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boards_are_the_ledgers_however_entries_are_delivered_while_everyone_plays() {
    play(async |world| {
        let (projector, over) = (Projector::on(world, TABLE), AtomicBool::new(false));
        projector.wire.misbehave(11, 0.3);
        let played = async {
            play_for_days(world, &["ann", "bob", "cid"], 5).await;
            over.store(true, Ordering::SeqCst);
        };
        let delivered = async {
            let mut chance = StdRng::seed_from_u64(12);
            while !over.load(Ordering::SeqCst) {
                let books = books(world).await;
                let some: Vec<_> = books.ledgers.values().flatten().filter(|_| chance.random_bool(0.3)).collect();
                projector.deliver_anyhow(&some, &mut chance).await;
            }
            // What was not delivered by now comes late.
            let books = books(world).await;
            projector.deliver_anyhow(&books.ledgers.values().flatten().collect::<Vec<_>>(), &mut chance).await;
            books
        };
        let ((), books) = tokio::join!(played, delivered);
        // Without a look at what the stack's own stream has told by now: the audit will find nothing left to count.
        is_all_counted(world.store(), &books).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_alone_bring_the_boards_to_what_the_ledgers_say() {
    const ELSEWHERE: &str = "elsewhere";
    play(async |world| {
        play_for_days(world, &["ann", "bob", "cid", "dan"], 4).await;
        // The same ledgers, in a table that no stream follows.
        schema::create(&world.running().table, ELSEWHERE).await.expect("a table");
        let projector = Projector::on(world, ELSEWHERE);
        let books = books(world).await;
        let (mut chance, mut early) = (StdRng::seed_from_u64(21), Vec::new());
        let longest = books.ledgers.values().map(Vec::len).max().expect("ledgers");
        for place in 0..longest {
            projector.wire.behave();
            let new: Vec<_> = books.ledgers.values().filter_map(|ledger| ledger.get(place)).collect();
            join_all(new.iter().map(|record| keep(projector.store(), record))).await;
            if place == 0 {
                // Of four players in one batch one is not counted, and it is this one that comes again.
                projector.wire.plan("TransactWriteItems", &[Fault::Denied]);
                assert_eq!(projector.deliver(&new).await, 1, "a batch that fails half way");
            }
            early.extend(new);
            if place % 4 == 3 {
                projector.wire.misbehave(place as u64, 0.3);
                let operation = ["GetItem", "Query", "TransactWriteItems"][place / 4 % 3];
                projector.wire.plan(operation, &[Fault::Denied; 2]);
                // Some come now, some of them again; the others wait.
                let now: Vec<_> = early.iter().copied().filter(|_| chance.random_bool(0.5)).collect();
                projector.deliver_anyhow(&now, &mut chance).await;
            }
        }
        projector.deliver_anyhow(&early, &mut chance).await;
        projector.wire.behave();

        is_all_counted(projector.store(), &books).await;
        world.catch_up().await;
        let counted = counted_in(world, ELSEWHERE).await;
        assert!(!counted.is_empty());
        assert_eq!(counted, counted_in(world, TABLE).await);
    })
    .await;
}

/// Keeps an entry as the game does, by the one name that it has.
async fn keep(store: &Store, record: &EntryRecord) {
    let key = Key::own_entry(record.entry.player, record.entry.id());
    store.tx().create(&key, record, Conflict::AlreadyDone).commit().await.expect("an entry");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_count_one_ledger_at_once_count_it_once() {
    const ELSEWHERE: &str = "elsewhere";
    play(async |world| {
        let seat = world.newcomer("ann").await;
        for _ in 0..MANY {
            seat.spin(1).await.ok();
        }
        schema::create(&world.running().table, ELSEWHERE).await.expect("a table");
        let books = books(world).await;
        let entries: Vec<&EntryRecord> = books.ledgers.values().flatten().collect();
        let [one, other] = [(); 2].map(|()| Projector::on(world, ELSEWHERE));
        // Few at first, then more than are counted at once.
        for (number, part) in [&entries[..3], &entries[3..5], &entries[5..]].into_iter().enumerate() {
            join_all(part.iter().map(|record| keep(one.store(), record))).await;
            for (seed, projector) in (0..).zip([&one, &other]) {
                projector.wire.misbehave(2 * number as u64 + seed, 0.2);
            }
            tokio::join!(one.deliver(part), other.deliver(part), one.deliver(part), other.deliver(part));
            one.wire.behave();
            other.wire.behave();
        }
        is_all_counted(one.store(), &books).await;
        world.catch_up().await;
        assert_eq!(counted_in(world, ELSEWHERE).await, counted_in(world, TABLE).await);
    })
    .await;
}
