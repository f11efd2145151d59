//! The way of events to Kafka, whole: played, published, taken, read. `KAFKA_BROKERS` says where brokers are that others have written,
//! `KAFKA_SECRET` as whom they know us, and `KAFKA_READER` is the command of a reader that others have written; localstack/kafka.sh has all three.

use std::collections::BTreeSet;

use croupier_rules::event::Topic;
use croupier_tests::{
    audit::audit,
    broker::{Standing, part_of, told, world_before},
    seat::Seat,
    world::variable,
};
use croupier_web::bus::kafka::{Kafka, Mechanism};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

/// Brokers, and what it takes to be let in.
struct Brokers {
    addresses: String,
    secret: String,
    reader: String,
}

/// A line of the reader.
#[derive(Deserialize)]
struct Line {
    topic: Topic,
    #[serde(flatten)]
    record: Standing,
}

impl Brokers {
    fn there() -> Option<Self> {
        let Some(addresses) = variable("KAFKA_BROKERS") else {
            println!("KAFKA_BROKERS is not set: nothing goes to Kafka. localstack/kafka.sh starts one.");
            return None;
        };
        let [secret, reader] =
            ["KAFKA_SECRET", "KAFKA_READER"].map(|name| variable(name).expect("KAFKA_BROKERS does not come alone"));
        Some(Self { addresses, secret, reader })
    }

    /// All that stands in the topics; waits until it is so much.
    async fn read(&self, records: usize) -> Vec<Line> {
        let (program, script) = self.reader.split_once(' ').expect("a program and its script");
        let read = Command::new(program).arg(script).arg(records.to_string()).output().await.expect("a reader");
        let (lines, complaint) = (String::from_utf8_lossy(&read.stdout), String::from_utf8_lossy(&read.stderr));
        assert!(read.status.success(), "{complaint}");
        lines.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
    }

    /// Whether one who says this is let in there.
    async fn let_in(addresses: &str, mechanism: Mechanism, secret: &Value) -> bool {
        let kafka = Kafka::secured(addresses, mechanism, &secret.to_string().into()).expect("a secret");
        kafka.health().await.is_ok_and(|topics| topics.len() == Topic::ALL.len())
    }
}

async fn plays(seat: &Seat) {
    for _ in 0..12 {
        seat.spin(5).await.ok();
    }
    seat.post("/api/streak/claim", json!({})).await.ok();
    seat.post("/api/shop/holds", json!({ "code": "WEEKEND_STARTER", "quantity": 1 })).await.ok();
    let pack = json!({ "sku": "COIN_PACK_SMALL", "quantity": 1, "payment_token": "ok" });
    seat.post_keyed("/api/shop/buy", "the-only-purchase", pack).await.ok();
}

#[tokio::test]
async fn what_another_reader_finds_at_other_brokers_is_what_the_queue_was_told_once_and_in_order() {
    let Some(brokers) = Brokers::there() else { return };
    let world = world_before(&brokers.addresses, Some(&brokers.secret)).await;
    let seats = join_all(["ann", "bob", "cid", "dan", "eve", "fay"].map(|name| world.newcomer(name))).await;
    join_all(seats.iter().map(plays)).await;
    audit(&world).await;
    let queued = world.published(&BTreeSet::new()).await;

    let lines = brokers.read(queued.values().map(Vec::len).sum()).await;
    let mut topics = Topic::ALL.iter().map(|topic| (topic, Vec::new())).collect::<Vec<_>>();
    for Line { topic, record } in lines {
        let (_, records) = topics.iter_mut().find(|(other, _)| **other == topic).expect("a topic");
        records.push(record);
    }
    for (topic, records) in topics {
        assert!(!records.is_empty(), "{topic} was left out");
        assert_eq!(told(*topic, records), part_of(&queued, *topic), "{topic}");
    }
    world.stop().await;
}

#[tokio::test]
async fn who_proves_it_to_other_brokers_is_let_in_and_their_name_and_authority_are_looked_at() {
    let Some(brokers) = Brokers::there() else { return };
    let secret: Value = serde_json::from_str(&brokers.secret).expect("JSON");
    for mechanism in [Mechanism::ScramSha512, Mechanism::ScramSha256, Mechanism::Plain] {
        assert!(Brokers::let_in(&brokers.addresses, mechanism, &secret).await, "{mechanism:?}");
        for field in ["username", "password"] {
            let mut other = secret.clone();
            other[field] = json!("somebody-else");
            assert!(!Brokers::let_in(&brokers.addresses, mechanism, &other).await, "{mechanism:?}: another {field}");
        }
    }
    let elsewhere = brokers.addresses.replace("localhost", "127.0.0.1");
    assert_ne!(elsewhere, brokers.addresses);
    assert!(!Brokers::let_in(&elsewhere, Mechanism::default(), &secret).await, "the certificate has another name");
    let mut of_anybody = secret.clone();
    of_anybody["ca"] = Value::Null;
    assert!(!Brokers::let_in(&brokers.addresses, Mechanism::default(), &of_anybody).await, "nobody public has signed");
}
