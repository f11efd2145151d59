//! Events on a bad day: the queue is down, takes half of a batch, answers into the void, or is given what makes no event. They come
//! late, and then all of them, in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_dynamodb::config::SharedHttpClient;
use croupier_localstack::{
    queue::{EVENTS, FAILURES, Queue},
    sqs,
};
use croupier_rules::{
    event::Event,
    gacha::{GachaRound, Pull},
    id::PlayerId,
    ledger::{Action, Entry},
};
use croupier_store::item::EntryRecord;
use croupier_tests::{
    audit::books,
    wire::{Fault, Wire},
    world::{World, play},
};
use croupier_web::{app::App, bus::Bus, event::StreamRecord};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::stream::{hand, record};

/// As many records as the template hands over at once.
const BATCH: usize = 100;

/// A function that publishes, beside the one that the stack runs, over a wire of its own and to queues of another world.
struct Publisher {
    app: App,
    wire: Wire,
    elsewhere: World,
}

type Told = BTreeMap<PlayerId, Vec<Event>>;

impl Publisher {
    async fn beside(world: &World) -> Self {
        let (wire, elsewhere) = (Wire::default(), World::start().await);
        let endpoint = &elsewhere.running().private_endpoint;
        let client = sqs::client(endpoint, SharedHttpClient::new(wire.clone()));
        let bus = Bus::through(client, &sqs::url(endpoint, EVENTS), &sqs::url(endpoint, FAILURES));
        Self { app: App { bus: Some(bus), ..world.instance() }, wire, elsewhere }
    }

    fn queue(&self, name: &str) -> &Queue {
        self.elsewhere.running().queues.named(name).expect("a queue")
    }

    /// What the queue has of these players, repeats and all, in the order in which it came.
    fn told_of(&self, players: &Told) -> Told {
        let mut told = Told::new();
        for body in self.queue(EVENTS).bodies() {
            let event: Event = serde_json::from_str(&body).expect("an event");
            if players.contains_key(&event.envelope.player_id) {
                told.entry(event.envelope.player_id).or_default().push(event);
            }
        }
        told
    }

    /// What is kept for an operator: the reasons, and the keys.
    fn put_aside(&self) -> Vec<(String, Value)> {
        let kept = self.queue(FAILURES).bodies();
        let read = |body: String| serde_json::from_str::<Value>(&body).expect("JSON");
        kept.into_iter()
            .map(read)
            .map(|kept| (kept["cause"].as_str().expect("a reason").to_owned(), kept["keys"].clone()))
            .collect()
    }

    /// Delivers as Lambda does: after a failure again, from the first record that failed. Whatever has come by then, of nobody is
    /// an event there without those before it. Tells how often it took.
    async fn deliver(&self, records: Vec<StreamRecord>, wanted: &Told) -> usize {
        let mut tries = 0;
        for batch in records.chunks(BATCH) {
            let mut batch = batch.to_vec();
            while !batch.is_empty() {
                let failed = hand("publish", &self.app, batch.clone()).await;
                tries += 1;
                assert!(tries < 1000, "a batch is never taken");
                for (player, events) in self.told_of(wanted) {
                    assert!(wanted[&player].starts_with(&events), "{player} is overtaken: {events:?}");
                }
                let is_failed = |record: &StreamRecord| failed.contains(&record.dynamodb.sequence_number);
                batch.drain(..batch.iter().position(is_failed).unwrap_or(batch.len()));
            }
        }
        tries
    }

    async fn stop(self) {
        self.elsewhere.stop().await;
    }
}

fn image(entry: &EntryRecord) -> serde_dynamo::Item {
    serde_dynamo::to_item(entry).expect("an item")
}

pub fn player_of(record: &StreamRecord) -> PlayerId {
    record.clone().entry().expect("an entry").1.player
}

/// What some players have played in turns, as the stream tells it, and the events that follow from it.
pub async fn played(world: &World, names: &[&str], spins: usize) -> (Vec<StreamRecord>, Told) {
    let mut seats = Vec::new();
    for name in names {
        seats.push(world.newcomer(name).await);
    }
    for _ in 0..spins {
        for seat in &seats {
            seat.spin(1).await.ok();
        }
    }
    // Without the admin, who is the same in every world.
    let ledgers = books(world).await.ledgers.into_iter();
    let of_seats = ledgers.filter(|(player, _)| seats.iter().any(|seat| seat.id == player.to_string()));
    let mut entries: Vec<_> = of_seats.flat_map(|(_, ledger)| ledger).collect();
    entries.sort_by_key(|record| record.entry.number);
    let mut wanted = Told::new();
    for EntryRecord { entry, .. } in &entries {
        wanted.entry(entry.player).or_default().push(Event::of(entry));
    }
    (entries.iter().enumerate().map(|(place, entry)| record(place, image(entry))).collect(), wanted)
}

#[tokio::test]
async fn events_wait_while_the_queue_is_down_and_come_in_order() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann", "bob", "cid"], 6).await;
        let publisher = Publisher::beside(world).await;
        let down = [Fault::LostRequest, Fault::Throttle, Fault::Denied, Fault::LostReply];
        publisher.wire.plan("SendMessageBatch", &down.repeat(20));
        let tries = publisher.deliver(records, &wanted).await;
        assert!(tries > 20, "{tries} tries: the queue was not down for long");
        assert_eq!(publisher.told_of(&wanted), wanted);
        assert_eq!(publisher.put_aside(), []);
        publisher.stop().await;
    })
    .await;
}

#[tokio::test]
async fn of_a_batch_that_is_taken_in_part_nobody_overtakes_anybody() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann", "bob", "cid", "dan"], 5).await;
        for seed in 0..5 {
            let publisher = Publisher::beside(world).await;
            let mut chance = StdRng::seed_from_u64(seed);
            let faults = [Fault::Part, Fault::Part, Fault::LostReply, Fault::Throttle];
            let planned: Vec<_> = (0..30).map(|_| faults[chance.random_range(0..faults.len())]).collect();
            publisher.wire.plan("SendMessageBatch", &planned);
            assert!(publisher.deliver(records.clone(), &wanted).await > 3, "nothing failed");
            assert_eq!(publisher.told_of(&wanted), wanted, "seed {seed}");
            publisher.stop().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_follows_a_failed_event_of_a_player_is_sent_again_with_it_and_others_are_not_held_up() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann", "bob"], 2).await;
        let publisher = Publisher::beside(world).await;
        publisher.wire.plan("SendMessageBatch", &[Fault::Part]);
        let failed = hand("publish", &publisher.app, records.clone()).await;
        let told = publisher.told_of(&wanted);
        let held: Vec<_> = wanted.keys().filter(|player| !told.contains_key(player)).collect();
        let [held] = held.as_slice() else { panic!("{} of {} came through", told.len(), wanted.len()) };
        let of_held = records.iter().filter(|record| player_of(record) == **held);
        let places: BTreeSet<_> = of_held.map(|record| record.dynamodb.sequence_number.clone()).collect();
        assert_eq!(failed.into_iter().collect::<BTreeSet<_>>(), places, "all of one player, and none of the others");
        assert!(told.iter().all(|(player, events)| *events == wanted[player]));
        publisher.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_reply_that_gets_lost_makes_no_second_event_and_later_it_is_known_by_its_id() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann", "bob"], 4).await;
        let publisher = Publisher::beside(world).await;
        // First one that the SDK makes up for by itself, then one that Lambda has to.
        publisher.wire.plan("SendMessageBatch", &[Fault::LostReply; 4]);
        assert!(publisher.deliver(records.clone(), &wanted).await > 1);
        assert_eq!(publisher.told_of(&wanted), wanted);

        publisher.elsewhere.pass(Duration::from_secs(4 * 60));
        assert_eq!(hand("publish", &publisher.app, records.clone()).await, [""; 0]);
        assert_eq!(publisher.told_of(&wanted), wanted, "the queue forgets too early");
        publisher.elsewhere.pass(Duration::from_secs(2 * 60));
        assert_eq!(hand("publish", &publisher.app, records).await, [""; 0]);
        for (player, events) in publisher.told_of(&wanted) {
            assert_eq!(events, [wanted[&player].as_slice(); 2].concat(), "a repeat is the same, id and all");
        }
        publisher.stop().await;
    })
    .await;
}

/// An entry that is larger than any message.
fn enormous(entry: &Entry) -> EntryRecord {
    let pull = Pull { entry: "Near_Miss_Legendary".to_owned(), item_id: "holo_jacket".to_owned(), pity: false };
    let pulls = vec![pull; 30_000];
    let action = Action::GachaPull(GachaRound { cost: entry.coins, pity: 0, pulls });
    EntryRecord { entry: Entry { action, ..entry.clone() }, fingerprint: None, reply: String::new() }
}

#[tokio::test]
async fn what_makes_no_event_is_put_aside_with_its_reason_and_holds_up_nobody() {
    play(async |world| {
        let (mut records, mut wanted) = played(world, &["ann", "bob"], 3).await;
        let publisher = Publisher::beside(world).await;
        let keyed = |mut record: StreamRecord, sk: &str| {
            record.dynamodb.keys = serde_dynamo::to_item(json!({ "pk": "PLAYER#x", "sk": sk })).expect("keys");
            record
        };
        let key = |sk: &str| json!({ "pk": { "S": "PLAYER#x" }, "sk": { "S": sk } });
        // One that cannot be read, in the middle; one that is too large; and the first, which the queue refuses for ever.
        let (_, large) = records[5].clone().entry().expect("an entry");
        let (_, refused) = records[0].clone().entry().expect("an entry");
        records[0] = keyed(records[0].clone(), "TX#refused");
        records[5] = keyed(record(5, image(&enormous(&large))), "TX#large");
        records.insert(3, keyed(record(1000, serde_dynamo::Item::default()), "TX#poison"));
        for Entry { player, number, .. } in [large, refused] {
            wanted.get_mut(&player).expect("a player").retain(|event| event.envelope.sequence != number);
        }

        // As long as nothing can be put aside, all three are tried again.
        publisher.wire.plan("SendMessageBatch", &[Fault::Unacceptable]);
        publisher.wire.plan("SendMessage", &[Fault::Denied; 3]);
        let failed = hand("publish", &publisher.app, records.clone()).await;
        assert!(["0", "5", "1000"].iter().all(|place| failed.iter().any(|failed| failed == place)), "{failed:?}");
        assert_eq!(publisher.put_aside(), []);
        publisher.wire.plan("SendMessageBatch", &[Fault::Unacceptable]);
        assert_eq!(publisher.deliver(records, &wanted).await, 1);
        assert_eq!(publisher.told_of(&wanted), wanted, "everything else is there, in order");
        let mut aside = publisher.put_aside();
        aside.sort_by_key(|(_, key)| key.to_string());
        let [large, poison, refused] = aside.as_slice() else { panic!("{aside:?}") };
        assert_eq!([&large.1, &poison.1, &refused.1], [&key("TX#large"), &key("TX#poison"), &key("TX#refused")]);
        assert!(large.0.contains("bytes are too many"), "{large:?}");
        assert!(poison.0.contains("missing field"), "{poison:?}");
        assert!(refused.0.contains("InvalidMessageContents"), "{refused:?}");
        publisher.stop().await;
    })
    .await;
}

#[tokio::test]
async fn however_much_makes_no_event_a_queue_that_says_nothing_is_waited_for_once() {
    play(async |world| {
        let publisher = Publisher::beside(world).await;
        let poison: Vec<_> = (0..BATCH).map(|number| record(number, serde_dynamo::Item::default())).collect();
        publisher.wire.plan("SendMessage", &[Fault::Silence; 3 * BATCH]);
        tokio::time::pause();
        let begun = Instant::now();
        let failed = hand("publish", &publisher.app, poison).await;
        let took = begun.elapsed();
        tokio::time::resume();
        assert_eq!((failed.len(), publisher.put_aside()), (BATCH, Vec::new()));
        assert!(took < Duration::from_secs(30), "{took:?}");
        publisher.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_many_players_costs_a_request_for_each_ten_and_one_of_a_single_player_one_for_each() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann"], BATCH).await;
        let publisher = Publisher::beside(world).await;
        let requests = || publisher.wire.take().iter().filter(|passed| passed.operation == "SendMessageBatch").count();
        let (_, entry) = records[records.len() - 1].clone().entry().expect("an entry");
        let of_another = |number: usize| {
            let entry = Entry { player: PlayerId::new(1, number as u128), ..entry.clone() };
            record(number, image(&EntryRecord { entry, fingerprint: None, reply: String::new() }))
        };
        assert_eq!(hand("publish", &publisher.app, (0..BATCH).map(of_another).collect()).await, [""; 0]);
        assert_eq!(requests(), BATCH / 10);

        let player = wanted.keys().next().expect("a player");
        let of_one: Vec<_> =
            records.iter().filter(|record| player_of(record) == *player).take(BATCH).cloned().collect();
        assert_eq!(hand("publish", &publisher.app, of_one).await, [""; 0]);
        assert_eq!(requests(), BATCH);
        publisher.stop().await;
    })
    .await;
}
