//! Kafka in this process: brokers that speak its protocol and keep its rules about producers, and that fail when they are told to.

use std::collections::BTreeMap;

use croupier_rules::{
    event::{Event, Topic},
    id::PlayerId,
};
use croupier_web::{bus::kafka::Kafka, config::Config};
use krafka::{
    ConsumerRecord,
    testing::{ApiKey, Control, FakeBroker},
};
use serde_json::Value;

use crate::world::World;

/// Into how many parts each topic is divided.
pub const PARTITIONS: i32 = 3;

/// What was told, of each player in the order in which it stands in the player's partition.
pub type Told = BTreeMap<PlayerId, Vec<Event>>;

/// Kafka in this process.
pub struct Cluster {
    /// The brokers.
    pub brokers: FakeBroker,
}

impl Cluster {
    /// So many brokers, which lead the partitions of the topics in turns.
    pub async fn of(brokers: usize) -> Self {
        let cluster = Self { brokers: FakeBroker::start_cluster(brokers).await.expect("brokers") };
        for topic in Topic::ALL {
            assert!(cluster.brokers.create_topic(topic.name(), PARTITIONS));
            for partition in 0..PARTITIONS {
                let leader = partition % i32::try_from(brokers).expect("a few");
                assert!(cluster.brokers.set_leader(topic.name(), partition, leader));
            }
        }
        cluster
    }

    /// Where they listen.
    pub fn address(&self) -> String {
        self.brokers.bootstrap_servers()
    }

    /// A world whose events go there as well as into its queue.
    pub async fn world(&self) -> World {
        let address = self.address();
        let variables = |name: &str| match name {
            "EVENT_SINKS" => Some("sqs,kafka".to_owned()),
            "KAFKA_BROKERS" => Some(address.clone()),
            _ => None,
        };
        let config = Config::read(&[], variables).expect("an environment");
        World::with(|options| options.config = config).await
    }

    /// A client of them.
    pub fn client(&self) -> Kafka {
        Kafka::unsecured(&self.address())
    }

    /// This happens to what is sent next, one after the other.
    pub fn plan(&self, faults: impl IntoIterator<Item = Control>) {
        for fault in faults {
            self.brokers.on_once(ApiKey::Produce, move |_| fault.clone());
        }
    }

    /// All that stands in a topic, in the order of each partition.
    pub fn records(&self, topic: Topic) -> Vec<ConsumerRecord> {
        self.brokers.all_records(topic.name()).expect("records")
    }

    /// The events that stand in a topic, repeats and all. Each goes by its player's way, and says outside what it says inside.
    #[track_caller]
    pub fn told(&self, topic: Topic) -> Told {
        let (mut told, mut partitions) = (Told::new(), BTreeMap::new());
        for record in self.records(topic) {
            let text = record.value_str().expect("a text");
            let event: Event = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let player = event.envelope.player_id;
            assert_eq!(record.key.as_deref(), Some(player.to_string().as_bytes()), "{text}");
            let of_player = *partitions.entry(player).or_insert(record.partition);
            assert_eq!(of_player, record.partition, "{player} goes two ways");
            assert_eq!(event.news.topic(), topic, "{text}");
            let said: Value = serde_json::from_str(text).expect("JSON");
            for field in ["event_id", "type"] {
                assert_eq!(header(&record, field), said[field].as_str().expect("a text"), "{text}");
            }
            assert_eq!(header(&record, "schema_version"), said["schema_version"].to_string());
            told.entry(player).or_default().push(event);
        }
        told
    }
}

/// What a record says beside its text.
#[track_caller]
pub fn header(record: &ConsumerRecord, name: &str) -> String {
    record.header_str(name).expect("a header").to_owned()
}

/// What of this belongs into a topic.
pub fn part_of(wanted: &Told, topic: Topic) -> Told {
    let of_topic = |events: &Vec<Event>| -> Vec<_> {
        events.iter().filter(|event| event.news.topic() == topic).cloned().collect()
    };
    let parts = wanted.iter().map(|(player, events)| (*player, of_topic(events)));
    parts.filter(|(_, events)| !events.is_empty()).collect()
}
