use croupier_web::{
    bus::kafka::TopicHealth,
    call::Call,
    caller::Admin,
    config::Need,
    endpoint::{Endpoint, Nothing, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::unavailable;

/// How Kafka is.
pub struct KafkaHealth;

/// How Kafka is, asked just now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KafkaHealthReply {
    /// Whether every partition of every topic has a leader, so that all events can go out.
    is_healthy: bool,
    /// The topics of events.
    topics: Vec<TopicHealth>,
}

impl Endpoint for KafkaHealth {
    const ROUTE: Route = Route::get("kafka-health", "/api/kafka/health", "Ask Kafka how the topics of events are.")
        .or(&[Code::KafkaOff, Code::KafkaUnavailable])
        .needs(&[Need::Kafka]);
    type Caller = Admin;
    type Request = Nothing;
    type Reply = KafkaHealthReply;

    async fn handle(call: Call<'_, Admin>, _: Nothing) -> Result<KafkaHealthReply, Failure> {
        let topics = call.app.kafka()?.health().await.map_err(unavailable)?;
        let is_healthy = topics.iter().all(|topic| topic.partitions > 0 && topic.led == topic.partitions);
        Ok(KafkaHealthReply { is_healthy, topics })
    }
}
