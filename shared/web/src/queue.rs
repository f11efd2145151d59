//! What is invoked with messages: of an SQS queue, or of Kafka.

use std::time::Instant;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    app::App,
    config::Need,
    error::Failure,
    event::{BatchAnswer, FailedItem, KafkaRecord, MessageEvent, SqsRecord},
    line::{Invocation, Teller},
};

/// Takes messages, at least once each, in any order.
pub trait QueueConsumer: 'static {
    /// The function's name.
    const NAME: &'static str;
    /// What it cannot work without.
    const NEEDS: &'static [Need];

    /// Takes a batch and tells which messages are to come again: those, and no others of their groups.
    fn consume(app: &App, batch: Vec<Message>) -> impl Future<Output = Vec<FailedMessage>> + Send;
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is called.
    pub id: String,
    /// Within which whoever sent it keeps an order, if that is done.
    pub group: Option<String>,
    /// What it says.
    pub body: String,
}

/// A message that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedMessage {
    /// What it is called.
    pub id: String,
    /// Why, for the log.
    pub cause: String,
}

impl From<SqsRecord> for Message {
    fn from(SqsRecord { message_id, body, attributes }: SqsRecord) -> Self {
        Self { id: message_id, group: attributes.message_group_id, body }
    }
}

impl From<KafkaRecord> for Message {
    fn from(KafkaRecord { topic, partition, offset, value }: KafkaRecord) -> Self {
        let group = format!("{topic}-{partition}");
        let value = value.unwrap_or_default();
        let text = STANDARD.decode(&value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        // What is no text is no event either, and is told as it came.
        Self { id: format!("{group}-{offset}"), group: Some(group), body: text.unwrap_or(value) }
    }
}

/// Hands over a batch, and answers in the terms of whoever sent it.
///
/// # Errors
/// A batch of Kafka's of which something is to come again: it comes again whole, since only some of its mappings can do better.
pub(crate) async fn messages<C: QueueConsumer>(
    app: &App,
    invocation: &Invocation,
    event: MessageEvent,
) -> Result<BatchAnswer, Failure> {
    let begun = Instant::now();
    let (batch, whole): (Vec<Message>, _) = match event {
        MessageEvent::Sqs { records } => (records.into_iter().map(Message::from).collect(), false),
        MessageEvent::Kafka { records } => (records.into_values().flatten().map(Message::from).collect(), true),
    };
    let messages = batch.len();
    let failed = C::consume(app, batch).await;
    for FailedMessage { id, cause } in &failed {
        tracing::error!(function = C::NAME, message_id = id, cause, "message failed");
    }
    let teller = Teller { function: C::NAME, invocation, at: app.clock.now() };
    teller.batch(messages, failed.len(), begun.elapsed());
    if let (true, Some(FailedMessage { cause, .. })) = (whole, failed.first()) {
        return Err(Failure::internal(cause));
    }
    let failures = failed.into_iter().map(|message| FailedItem { item_identifier: message.id });
    Ok(BatchAnswer { batch_item_failures: failures.collect() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_of_a_queue_and_one_of_kafka_are_the_same_to_whoever_reads_them() {
        let sqs = json!({ "Records": [{
            "messageId": "m-1", "receiptHandle": "h", "body": "{}", "eventSource": "aws:sqs",
            "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": "ann" },
        }] });
        let MessageEvent::Sqs { records } = serde_json::from_value(sqs).unwrap() else { panic!("not of a queue") };
        let message = Message { id: "m-1".into(), group: Some("ann".into()), body: "{}".into() };
        assert_eq!(records.into_iter().map(Message::from).collect::<Vec<_>>(), [message]);

        let record =
            |value| json!({ "topic": "cc_rewards", "partition": 2, "offset": 17, "value": value, "headers": [] });
        let kafka = json!({
            "eventSource": "SelfManagedKafka", "bootstrapServers": "a:9092",
            "records": { "cc_rewards-2": [record(json!("e30=")), record(json!(null)), record(json!("/w=="))] },
        });
        let MessageEvent::Kafka { records } = serde_json::from_value(kafka).unwrap() else { panic!("not of Kafka") };
        let messages: Vec<_> = records.into_values().flatten().map(Message::from).collect();
        let message = |body: &str| Message {
            id: "cc_rewards-2-17".into(),
            group: Some("cc_rewards-2".into()),
            body: body.into(),
        };
        assert_eq!(messages, [message("{}"), message(""), message("/w==")]);
    }
}
