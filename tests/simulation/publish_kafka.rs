//! Kafka on a bad day: brokers are away, slow, answer into the void, or refuse what they are given. Events come late, and then all of them,
//! in order, and once wherever a client can see to that.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use aws_sdk_dynamodb::config::SharedHttpClient;
use croupier_functions::event::PublishKafka;
use croupier_localstack::{
    queue::{Queue, failures_of},
    sqs,
};
use croupier_rules::event::{Event, Topic};
use croupier_tests::{
    audit::audit,
    broker::{Cluster, Told, part_of},
    wire::{Fault, Wire},
    world::{World, play},
};
use croupier_web::{app::App, bus::Aside, consumer::StreamConsumer, event::StreamRecord};
use krafka::{
    error::ErrorCode,
    testing::{ApiKey, Control},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

use crate::{
    publish::{played, player_of},
    stream::{hand, record},
};

/// As many records as the template hands over at once.
const BATCH: usize = 100;
/// How long a client tries here where brokers stay away: several times, and no longer than a test can wait.
const IMPATIENT: Duration = Duration::from_millis(1500);
/// How long a client waits for an answer.
const ONCE: Duration = Duration::from_millis(300);
/// Longer than that.
const TOO_LONG: Duration = Duration::from_millis(400);
/// How long all events may take.
const SOON: Duration = Duration::from_secs(20);

/// An instance of the function that brings events to Kafka, beside a world whose own do not go there. What makes no event, it puts into a queue
/// of another world.
struct Publisher<'a> {
    world: &'a World,
    elsewhere: World,
    cluster: Cluster,
    app: App,
    wire: Wire,
}

impl<'a> Publisher<'a> {
    async fn beside(world: &'a World, brokers: usize) -> Self {
        let (cluster, wire, elsewhere) = (Cluster::of(brokers).await, Wire::default(), World::start().await);
        let mut publisher = Self { world, elsewhere, cluster, app: world.instance(), wire };
        publisher.restart(IMPATIENT);
        publisher
    }

    /// Lets another instance take over, as patient as this, which knows nothing of what was done before.
    fn restart(&mut self, patience: Duration) {
        let endpoint = &self.elsewhere.running().private_endpoint;
        let client = sqs::client(endpoint, SharedHttpClient::new(self.wire.clone()));
        let aside = Aside::through(client, &sqs::url(endpoint, &failures_of(PublishKafka::NAME)));
        let kafka = self.cluster.client().with_patience(patience, ONCE);
        self.app = App { kafka: Some(kafka), kafka_failures: Some(aside), ..self.world.instance() };
    }

    async fn hand(&self, records: &[StreamRecord]) -> BTreeSet<String> {
        hand(PublishKafka::NAME, &self.app, records.to_vec()).await.into_iter().collect()
    }

    /// Delivers as Lambda does: after a failure again, from the first record that failed. Whatever stands there by then, nobody's event stands
    /// there without those before it, or twice. Tells how often it took.
    async fn deliver(&self, records: &[StreamRecord], wanted: &Told) -> usize {
        let mut tries = 0;
        for batch in records.chunks(BATCH) {
            let mut rest = batch;
            while !rest.is_empty() {
                let failed = self.hand(rest).await;
                tries += 1;
                assert!(tries < 50, "a batch is never taken");
                for topic in Topic::ALL {
                    let part = part_of(wanted, *topic);
                    for (player, events) in self.cluster.told(*topic) {
                        assert!(part[&player].starts_with(&events), "{player} is overtaken or repeated: {events:?}");
                    }
                }
                let is_failed = |record: &StreamRecord| failed.contains(&record.dynamodb.sequence_number);
                rest = &rest[rest.iter().position(is_failed).unwrap_or(rest.len())..];
            }
        }
        tries
    }

    /// Whether each event stands in its topic once, in order, and nothing else does.
    #[track_caller]
    fn is_complete(&self, wanted: &Told) {
        for topic in Topic::ALL {
            assert_eq!(self.cluster.told(*topic), part_of(wanted, *topic), "{topic}");
        }
    }

    async fn stop(self) {
        self.elsewhere.stop().await;
    }

    fn failures(&self) -> &Queue {
        self.elsewhere.running().queues.named(&failures_of(PublishKafka::NAME)).expect("a queue")
    }
}

fn places<'r>(records: impl IntoIterator<Item = &'r StreamRecord>) -> BTreeSet<String> {
    records.into_iter().map(|record| record.dynamodb.sequence_number.clone()).collect()
}

fn unheard(what: Control) -> Control {
    Control::ApplyThen(Box::new(what))
}

#[tokio::test]
async fn whatever_is_lost_on_the_way_an_event_stands_in_its_topic_once_and_in_order() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann", "bob", "cid", "dan"], 5).await;
        let faults = [
            Control::Disconnect,
            Control::Delay(TOO_LONG),
            Control::Error(ErrorCode::NotLeaderForPartition),
            Control::Error(ErrorCode::NotEnoughReplicas),
            unheard(Control::Disconnect),
            unheard(Control::Delay(TOO_LONG)),
            unheard(Control::Error(ErrorCode::RequestTimedOut)),
            unheard(Control::Error(ErrorCode::NotEnoughReplicasAfterAppend)),
        ];
        for seed in 0..3 {
            let mut publisher = Publisher::beside(world, 2).await;
            publisher.restart(SOON);
            let mut chance = StdRng::seed_from_u64(seed);
            let planned = (0..8).map(|_| faults[chance.random_range(0..faults.len())].clone());
            publisher.cluster.plan(planned);
            publisher.deliver(&records, &wanted).await;
            publisher.is_complete(&wanted);
            publisher.stop().await;
        }
    })
    .await;
}

/// What the test above would say of a producer whose repeats are not known as such.
#[tokio::test]
async fn brokers_that_know_no_repeats_have_an_event_twice_whose_answer_was_lost() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann"], 3).await;
        let publisher = Publisher::beside(world, 1).await;
        publisher.cluster.brokers.set_idempotence(false);
        publisher.cluster.plan([unheard(Control::Disconnect)]);
        assert!(publisher.hand(&records).await.is_empty());
        let told = publisher.cluster.told(Topic::UserActions);
        let (player, events) = told.first_key_value().expect("a player");
        assert_eq!(events.len(), wanted[player].len() + 1);
        publisher.stop().await;
    })
    .await;
}

#[tokio::test]
async fn events_wait_while_all_brokers_are_away_and_come_in_order() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann", "bob", "cid"], 4).await;
        let publisher = Publisher::beside(world, 1).await;
        publisher.cluster.brokers.crash(0);
        assert_eq!(publisher.hand(&records).await, places(&records));
        publisher.cluster.brokers.restart(0);
        let (first, rest) = records.split_at(5);
        assert_eq!(publisher.deliver(first, &wanted).await, 1);

        // Another time they go away with a producer at work, and what they had is still there when they come back.
        publisher.cluster.brokers.crash(0);
        assert_eq!(publisher.hand(rest).await, places(rest));
        publisher.cluster.brokers.restart(0);
        publisher.deliver(rest, &wanted).await;
        publisher.is_complete(&wanted);
        assert_eq!(publisher.failures().bodies(), [""; 0]);
        publisher.stop().await;
    })
    .await;
}

#[tokio::test]
async fn when_one_of_two_brokers_is_away_its_players_wait_and_the_others_are_told_once_however_often_it_is_tried() {
    play(async |world| {
        let names = ["ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"];
        let (records, wanted) = played(world, &names, 2).await;
        // Which way a player goes is known from a cluster that is well.
        let well = Publisher::beside(world, 1).await;
        well.deliver(&records, &wanted).await;
        let told = well.cluster.records(Topic::UserActions).into_iter();
        let of_second: BTreeSet<_> =
            told.filter(|record| record.partition == 1).filter_map(|record| record.key).collect();
        let waits = |record: &&StreamRecord| of_second.contains(player_of(record).to_string().as_bytes());
        let waiting = places(records.iter().filter(waits));
        assert!(!waiting.is_empty() && waiting.len() < records.len(), "all go one way");

        well.stop().await;
        let mut publisher = Publisher::beside(world, 2).await;
        publisher.cluster.brokers.crash(1);
        for _ in 0..3 {
            assert_eq!(publisher.hand(&records).await, waiting);
        }
        let others: Told = wanted
            .clone()
            .into_iter()
            .filter(|(player, _)| !of_second.contains(player.to_string().as_bytes()))
            .collect();
        publisher.is_complete(&others);

        // An instance that knows nothing of it tells the others once more, and a reader knows it by the ids.
        publisher.restart(IMPATIENT);
        assert_eq!(publisher.hand(&records).await, waiting);
        let told = publisher.cluster.told(Topic::UserActions);
        assert!(others.iter().all(|(player, events)| told[player] == [events.as_slice(); 2].concat()));
        publisher.cluster.brokers.restart(1);
        assert!(publisher.hand(&records).await.is_empty());
        for (player, events) in publisher.cluster.told(Topic::UserActions) {
            let mut known = BTreeSet::new();
            let new: Vec<Event> = events.into_iter().filter(|event| known.insert(event.envelope.event_id)).collect();
            assert_eq!(new, wanted[&player]);
        }
        publisher.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_kafka_never_takes_is_put_aside_with_its_reason_and_holds_up_nobody() {
    play(async |world| {
        let (mut records, mut wanted) = played(world, &["ann", "bob"], 3).await;
        let publisher = Publisher::beside(world, 1).await;
        let keyed = |mut record: StreamRecord, sk: &str| {
            record.dynamodb.keys = serde_dynamo::to_item(json!({ "pk": "PLAYER#x", "sk": sk })).expect("keys");
            record
        };
        let (_, first) = records[0].clone().entry().expect("an entry");
        records[0] = keyed(records[0].clone(), "TX#large");
        records.insert(3, keyed(record(1000, serde_dynamo::Item::default()), "TX#poison"));
        wanted.get_mut(&first.player).expect("a player").retain(|event| event.envelope.sequence != first.number);

        // Alone, so that nothing else is refused with it. As long as it cannot be put aside, it is tried again.
        publisher.cluster.plan([Control::Error(ErrorCode::MessageTooLarge)]);
        publisher.wire.plan("SendMessage", &[Fault::Denied]);
        assert_eq!(publisher.hand(&records[..1]).await, places(&records[..1]));
        publisher.cluster.plan([Control::Error(ErrorCode::MessageTooLarge)]);
        assert!(publisher.hand(&records[..1]).await.is_empty());
        assert!(publisher.hand(&records[1..]).await.is_empty());
        publisher.is_complete(&wanted);
        let kept: Vec<Value> =
            publisher.failures().bodies().iter().map(|body| serde_json::from_str(body).expect("JSON")).collect();
        let [large, poison] = kept.as_slice() else { panic!("{kept:?}") };
        assert_eq!((&large["keys"]["sk"]["S"], &poison["keys"]["sk"]["S"]), (&json!("TX#large"), &json!("TX#poison")));
        assert!(large["cause"].as_str().is_some_and(|cause| cause.contains("MessageTooLarge")), "{large}");
        assert!(poison["cause"].as_str().is_some_and(|cause| cause.contains("missing field")), "{poison}");
        publisher.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_topic_that_is_missing_or_closed_to_us_is_waited_for() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann"], 1).await;
        let publisher = Publisher::beside(world, 1).await;
        publisher.cluster.brokers.delete_topic(Topic::UserActions.name());
        assert_eq!(publisher.hand(&records).await, places(&records));
        assert!(publisher.cluster.records(Topic::UserActions).is_empty(), "a topic made itself");
        publisher.cluster.brokers.create_topic(Topic::UserActions.name(), 1);
        publisher.cluster.plan([Control::Error(ErrorCode::TopicAuthorizationFailed)]);
        assert_eq!(publisher.hand(&records).await, places(&records));
        publisher.deliver(&records, &wanted).await;
        publisher.is_complete(&wanted);
        assert_eq!(publisher.failures().bodies(), [""; 0]);
        publisher.stop().await;
    })
    .await;
}

/// As when a cluster was lost and made anew, while functions that know the old one live on.
#[tokio::test]
async fn brokers_that_have_forgotten_who_sends_are_told_by_somebody_new() {
    play(async |world| {
        let (records, wanted) = played(world, &["ann", "bob"], 3).await;
        let publisher = Publisher::beside(world, 1).await;
        let (first, rest) = records.split_at(4);
        publisher.deliver(first, &wanted).await;
        let has_forgotten = Arc::new(AtomicBool::new(true));
        let is_introduced = Arc::clone(&has_forgotten);
        publisher.cluster.brokers.on(ApiKey::InitProducerId, move |_| {
            is_introduced.store(false, SeqCst);
            Control::Pass
        });
        publisher.cluster.brokers.on(ApiKey::Produce, move |_| match has_forgotten.load(SeqCst) {
            true => Control::Error(ErrorCode::UnknownProducerId),
            false => Control::Pass,
        });
        assert_eq!(publisher.hand(rest).await, places(rest));
        publisher.deliver(rest, &wanted).await;
        publisher.is_complete(&wanted);
        assert_eq!(publisher.failures().bodies(), [""; 0]);
        publisher.stop().await;
    })
    .await;
}

/// The stack itself, with both sinks: each has its own place in the stream.
#[tokio::test]
async fn while_kafka_is_away_the_queue_gets_its_events_and_then_kafka_gets_the_same() {
    let cluster = Cluster::of(1).await;
    cluster.brokers.crash(0);
    let world = cluster.world().await;
    for name in ["ann", "bob"] {
        let seat = world.newcomer(name).await;
        seat.spin(3).await.ok();
        seat.post("/api/streak/claim", json!({})).await.ok();
        seat.post("/api/shop/holds", json!({ "code": "WEEKEND_STARTER", "quantity": 1 })).await.ok();
    }
    timeout(SOON, audit(&world)).await.expect("the queue waits for Kafka");
    let queued = world.published(&BTreeSet::new()).await;
    assert!(Topic::ALL.iter().all(|topic| cluster.records(*topic).is_empty()));

    cluster.brokers.restart(0);
    let mut look = interval(Duration::from_millis(20));
    let all_are_there = async {
        while Topic::ALL.iter().any(|topic| cluster.told(*topic) != part_of(&queued, *topic)) {
            look.tick().await;
        }
    };
    timeout(SOON, all_are_there).await.expect("all events, once and in order");
    assert!(Topic::ALL.iter().all(|topic| !cluster.records(*topic).is_empty()), "a topic was left out");
    audit(&world).await;
    world.stop().await;
}
