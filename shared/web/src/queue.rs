//! What is invoked with messages: of an SQS queue, or of Kafka.

use std::{collections::BTreeSet, iter, time::Instant};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    app::App,
    config::Need,
    error::Failure,
    event::{BatchAnswer, FailedItem, KafkaRecord, MessageEvent, SqsRecord},
    line::{Invocation, Teller},
};

/// Takes messages, at least once each, those of one group in order.
pub trait QueueConsumer: 'static {
    /// The function's name.
    const NAME: &'static str;
    /// What it cannot work without.
    const NEEDS: &'static [Need];

    /// Takes a batch and tells which messages are to come again. Those that came after one of them in its group come again with
    /// it.
    fn consume(app: &App, batch: Vec<Message>) -> impl Future<Output = Vec<FailedMessage>> + Send;
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is called.
    pub id: String,
    /// Within which its order is kept, if it is.
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
        // What is no text is no event either: whoever reads it says so.
        let bytes = STANDARD.decode(value.unwrap_or_default()).unwrap_or_default();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Self { id: format!("{group}-{offset}"), group: Some(group), body }
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
    let places: Vec<_> = batch.iter().map(|message| (message.id.clone(), message.group.clone())).collect();
    let failed = C::consume(app, batch).await;
    for FailedMessage { id, cause } in &failed {
        tracing::error!(function = C::NAME, message_id = id, cause, "message failed");
    }
    let (messages, cause) = (places.len(), failed.first().map(|message| message.cause.clone()));
    let again: Vec<_> = again(places, failed.into_iter().map(|message| message.id).collect()).collect();
    let teller = Teller { function: C::NAME, invocation, at: app.clock.now() };
    teller.batch(messages, again.len(), begun.elapsed());
    if let (true, Some(cause)) = (whole, cause) {
        return Err(Failure::internal(cause));
    }
    Ok(BatchAnswer { batch_item_failures: again.into_iter().map(|id| FailedItem { item_identifier: id }).collect() })
}

/// What is to come again: what failed, and what came after it in its group.
fn again(places: Vec<(String, Option<String>)>, failed: BTreeSet<String>) -> impl Iterator<Item = String> {
    let mut broken = BTreeSet::new();
    let mut places = places.into_iter();
    iter::from_fn(move || {
        places.find(|(id, group)| match group {
            Some(group) if failed.contains(id) => {
                broken.insert(group.clone());
                true
            }
            Some(group) => broken.contains(group),
            None => failed.contains(id),
        })
    })
    .map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_comes_after_a_failure_in_its_group_comes_again_with_it() {
        let place = |id: &str, group: Option<&str>| (id.to_owned(), group.map(str::to_owned));
        let ann = Some("ann");
        let bob = Some("bob");
        let places =
            vec![place("1", ann), place("2", bob), place("3", ann), place("4", None), place("5", bob), place("6", ann)];
        let again = |failed: &[&str]| {
            again(places.clone(), failed.iter().map(|id| (*id).to_owned()).collect()).collect::<Vec<_>>()
        };
        assert_eq!(again(&[]), [""; 0]);
        assert_eq!(again(&["3"]), ["3", "6"]);
        assert_eq!(again(&["2", "4"]), ["2", "4", "5"]);
        assert_eq!(again(&["6"]), ["6"]);
    }

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
        assert_eq!(messages, [message("{}"), message(""), message("\u{fffd}")]);
    }
}
