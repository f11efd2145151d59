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
use serde::Deserialize;
use serde_json::Value;

use crate::world::World;

/// Into how many parts each topic is divided.
pub const PARTITIONS: i32 = 3;

/// What was told, of each player in the order in which it stands in the player's partition.
pub type Told = BTreeMap<PlayerId, Vec<Event>>;

/// What the headers of a record repeat of its event.
const HEADERS: [&str; 3] = ["event_id", "type", "schema_version"];

/// A record, as whoever read it tells of it.
#[derive(Deserialize)]
pub struct Standing {
    partition: i32,
    key: String,
    headers: BTreeMap<String, String>,
    value: String,
}

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
        world_before(&self.address(), None).await
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

    /// The events that stand in a topic, repeats and all.
    #[track_caller]
    pub fn told(&self, topic: Topic) -> Told {
        let standing = |record: ConsumerRecord| Standing {
            partition: record.partition,
            key: record.key_str().expect("a text").to_owned(),
            headers: HEADERS.map(|name| (name.to_owned(), header(&record, name))).into(),
            value: record.value_str().expect("a text").to_owned(),
        };
        told(topic, self.records(topic).into_iter().map(standing))
    }
}

/// The events that stand in a topic, in the order in which they are read. Each goes by its player's way, and says outside what it says inside.
#[track_caller]
pub fn told(topic: Topic, records: impl IntoIterator<Item = Standing>) -> Told {
    let (mut told, mut partitions) = (Told::new(), BTreeMap::new());
    for Standing { partition, key, headers, value } in records {
        let event: Event = serde_json::from_str(&value).unwrap_or_else(|error| panic!("{error}: {value}"));
        let player = event.envelope.player_id;
        assert_eq!(key, player.to_string(), "{value}");
        let of_player = *partitions.entry(player).or_insert(partition);
        assert_eq!(of_player, partition, "{player} goes two ways");
        assert_eq!(event.news.topic(), topic, "{value}");
        let said: Value = serde_json::from_str(&value).expect("JSON");
        let repeated = HEADERS
            .map(|name| (name.to_owned(), said[name].as_str().map_or_else(|| said[name].to_string(), str::to_owned)));
        assert_eq!(headers, repeated.into(), "{value}");
        told.entry(player).or_default().push(event);
    }
    told
}

/// A world whose events go to these brokers as well as into its queue.
pub async fn world_before(brokers: &str, secret: Option<&str>) -> World {
    let variables = |name: &str| match name {
        "EVENT_SINKS" => Some("sqs,kafka".to_owned()),
        "KAFKA_BROKERS" => Some(brokers.to_owned()),
        "KAFKA_SECRET" => secret.map(str::to_owned),
        _ => None,
    };
    let config = Config::read(&[], variables).expect("an environment");
    World::with(|options| options.config = config).await
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
