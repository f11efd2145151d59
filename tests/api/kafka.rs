//! What an operator asks of Kafka, and sends there.

use croupier_rules::event::{Event, Topic, schemas};
use croupier_tests::{
    audit::audit,
    broker::{Cluster, PARTITIONS, header},
    seat::Seat,
    world::play,
};
use croupier_web::error::Code;
use krafka::{
    error::ErrorCode,
    testing::{ApiKey, Control},
};
use serde_json::{Value, json};

/// What the operator's probes left in the audit, the newest first.
async fn probes(admin: &Seat) -> Vec<Value> {
    admin.pages("/api/admin/audit?action=KAFKA_PRODUCE").await.concat()
}

#[tokio::test]
async fn where_events_do_not_go_to_kafka_both_answers_say_so_and_nothing_is_written_down() {
    play(async |world| {
        let admin = world.admin().await;
        admin.get("/api/kafka/health").await.refused(Code::KafkaOff);
        admin.post("/api/kafka/produce", json!({ "topic": "cc_rewards" })).await.refused(Code::KafkaOff);
        assert!(probes(&admin).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn health_tells_of_every_topic_what_the_brokers_say_just_now() {
    let cluster = Cluster::of(2).await;
    let world = cluster.world().await;
    let admin = world.admin().await;
    let health = admin.get("/api/kafka/health").await.ok();
    let topic =
        |name: &str, led: i32| json!({ "topic": name, "partitions": PARTITIONS, "led": led, "under_replicated": 0 });
    let all =
        |led| json!([topic("cc_user_actions", PARTITIONS), topic("cc_rewards", led), topic("buy_package", PARTITIONS)]);
    assert_eq!(health, json!({ "is_healthy": true, "topics": all(PARTITIONS) }));

    assert!(cluster.brokers.set_leader("cc_rewards", 0, -1));
    assert_eq!(
        admin.get("/api/kafka/health").await.ok(),
        json!({ "is_healthy": false, "topics": all(PARTITIONS - 1) })
    );

    cluster.brokers.delete_topic("buy_package");
    admin.get("/api/kafka/health").await.refused(Code::KafkaUnavailable);
    cluster.brokers.create_topic("buy_package", 1);
    admin.get("/api/kafka/health").await.ok();
    for broker in [0, 1] {
        cluster.brokers.crash(broker);
    }
    admin.get("/api/kafka/health").await.refused(Code::KafkaUnavailable);
    world.stop().await;
}

#[tokio::test]
async fn a_probe_arrives_as_what_it_is_and_the_audit_knows_of_it() {
    let cluster = Cluster::of(1).await;
    let world = cluster.world().await;
    let (admin, ann) = (world.admin().await, world.newcomer("ann").await);
    let produce = async |body: Value| admin.post("/api/kafka/produce", body).await.ok();
    let sent = produce(json!({ "topic": "buy_package", "player_id": ann.id, "note": "After the move" })).await;
    let own = produce(json!({ "topic": "buy_package" })).await;

    let records = cluster.records(Topic::BuyPackage);
    assert_eq!(records.len(), 2, "nobody has bought anything");
    let schema = jsonschema::validator_for(&schemas()).expect("a schema");
    for (answer, key, note) in [(&sent, &ann.id, Some("After the move")), (&own, &admin.id, None)] {
        let of_answer = |record: &&krafka::ConsumerRecord| header(record, "event_id") == answer["event_id"];
        let record = records.iter().find(of_answer).expect("the probe");
        assert_eq!((&answer["partition"], &answer["offset"]), (&json!(record.partition), &json!(record.offset)));
        assert_eq!((record.key_str(), header(record, "type")), (Some(key.as_str()), "admin.probe".to_owned()));
        let probe: Value = serde_json::from_str(record.value_str().expect("a text")).expect("JSON");
        assert!(schema.is_valid(&probe), "{probe}");
        assert_eq!(
            (&probe["player_id"], &probe["sequence"]),
            (&json!(admin.id), &json!(0)),
            "who sent it, of no ledger"
        );
        assert_eq!(probe["data"]["note"].as_str(), note);
        assert!(serde_json::from_value::<Event>(probe).is_err(), "a probe passes for an event");
    }

    let kept = probes(&admin).await;
    assert_eq!(kept.len(), 2);
    for answer in [sent, own] {
        let entry = kept.iter().find(|entry| entry["after"]["event_id"] == answer["event_id"]).expect("an entry");
        assert_eq!((&entry["target"], &entry["actor"]), (&json!("buy_package"), &json!(admin.id)));
    }
    audit(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_probe_goes_to_a_topic_of_events_and_nowhere_else_and_says_what_a_probe_says() {
    let cluster = Cluster::of(1).await;
    cluster.brokers.create_topic("somebody_elses", 1);
    let world = cluster.world().await;
    let admin = world.admin().await;
    for body in [
        json!({ "topic": "somebody_elses" }),
        json!({}),
        json!({ "topic": "cc_rewards", "player_id": "ann" }),
        json!({ "topic": "cc_rewards", "note": "" }),
    ] {
        admin.post("/api/kafka/produce", body).await.refused(Code::ValidationFailed);
    }
    // What is sent besides is no part of it.
    let forged = json!({ "topic": "cc_rewards", "type": "reward.granted", "sequence": 7, "data": { "wallet": {} } });
    admin.post("/api/kafka/produce", forged).await.ok();
    let [record] = cluster.records(Topic::Rewards).try_into().expect("one record");
    let probe: Value = serde_json::from_str(record.value_str().expect("a text")).expect("JSON");
    assert_eq!((&probe["type"], &probe["sequence"], &probe["data"]), (&json!("admin.probe"), &json!(0), &json!({})));
    assert_eq!(probes(&admin).await.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_probe_that_kafka_does_not_take_is_refused_and_in_the_audit_all_the_same() {
    let cluster = Cluster::of(1).await;
    let world = cluster.world().await;
    let admin = world.admin().await;
    cluster.brokers.on(ApiKey::Produce, |_| Control::Error(ErrorCode::TopicAuthorizationFailed));
    admin.post("/api/kafka/produce", json!({ "topic": "cc_rewards" })).await.refused(Code::KafkaUnavailable);
    assert_eq!(probes(&admin).await.len(), 1);
    assert!(cluster.records(Topic::Rewards).is_empty());
    cluster.brokers.clear_hooks();
    admin.post("/api/kafka/produce", json!({ "topic": "cc_rewards" })).await.ok();
    world.stop().await;
}
