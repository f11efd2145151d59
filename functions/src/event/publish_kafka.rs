use croupier_store::key::{Beginning, DEEDS, ENTRIES, LOGINS};
use croupier_web::{
    app::App,
    config::Need,
    consumer::{FailedRecord, StreamConsumer},
    event::StreamRecord,
};

use super::send::{Sink, send};

/// Brings the same events to Kafka. It has a place of its own in the stream: neither sink waits for the other.
pub struct PublishKafka;

impl StreamConsumer for PublishKafka {
    const NAME: &'static str = "publish-kafka";
    const TAKES: &'static [Beginning] = &[ENTRIES, LOGINS, DEEDS];
    const NEEDS: &'static [Need] = &[Need::Kafka, Need::KafkaFailures];

    async fn consume(app: &App, batch: Vec<StreamRecord>) -> Vec<FailedRecord> {
        send(app, batch, Sink::Kafka).await
    }
}
