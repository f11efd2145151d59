//! Functions about events: what happened is told outside.

mod analytics;
mod kafka_health;
mod kafka_produce;
mod publish;
mod publish_kafka;
mod send;

pub use analytics::Analytics;
pub use kafka_health::KafkaHealth;
pub use kafka_produce::KafkaProduce;
pub use publish::Publish;
pub use publish_kafka::PublishKafka;
pub use send::BATCH_PATIENCE;

use croupier_web::{
    bus::kafka::NotTaken,
    error::{Code, Failure},
};

/// Kafka's failure; what it is, the log is told.
fn unavailable(failed: NotTaken) -> Failure {
    Failure { cause: Some(failed.to_string().into()), ..Failure::of(Code::KafkaUnavailable) }
}
