//! A message of a queue, as SQS shows it.

use std::time::Duration;

use croupier_rules::time::Timestamp;
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::arn;

/// A message as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Sent {
    /// Its name in a batch.
    #[serde(default)]
    pub id: String,
    /// What it says.
    pub message_body: String,
    #[serde(default)]
    pub(super) message_attributes: Map<String, Value>,
    #[serde(default)]
    pub(super) message_group_id: String,
    #[serde(default)]
    pub(super) message_deduplication_id: String,
}

/// A message as it is kept.
pub(super) struct Message {
    pub sent: Sent,
    pub number: u64,
    pub sent_at: Timestamp,
    pub received: u32,
    /// Until when it is somebody's, who has received it.
    pub hidden_until: Timestamp,
    /// The queue whose readers could not take it.
    pub dead_of: Option<String>,
}

/// What a reader asks for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Wanted {
    /// How many at most.
    pub max_number_of_messages: usize,
    /// For how long nobody else gets them, in seconds.
    pub visibility_timeout: u64,
    /// How long to wait when there is none, in seconds.
    pub wait_time_seconds: u64,
    attribute_names: Vec<String>,
    message_system_attribute_names: Vec<String>,
    message_attribute_names: Vec<String>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            max_number_of_messages: 1,
            visibility_timeout: 30,
            wait_time_seconds: 0,
            attribute_names: Vec::new(),
            message_system_attribute_names: Vec::new(),
            message_attribute_names: Vec::new(),
        }
    }
}

impl Message {
    /// How long it is still somebody's; nothing when it is nobody's.
    pub fn free_in(&self, now: Timestamp) -> Option<Duration> {
        (self.hidden_until > now).then(|| self.hidden_until.since(now))
    }

    /// What its latest reader calls it.
    pub fn handle(&self, id: &str) -> String {
        format!("{id}#{}", self.received)
    }

    /// The message as its reader gets it.
    pub fn shown(&self, id: &str, fifo: bool, wanted: &Wanted) -> Value {
        let Self { sent, number, sent_at, received, dead_of, .. } = self;
        let mut system = Map::from_iter([
            ("ApproximateReceiveCount".to_owned(), received.to_string().into()),
            ("SentTimestamp".to_owned(), sent_at.millis().to_string().into()),
        ]);
        if fifo {
            system.insert("MessageGroupId".to_owned(), sent.message_group_id.as_str().into());
            system.insert("MessageDeduplicationId".to_owned(), sent.message_deduplication_id.as_str().into());
            system.insert("SequenceNumber".to_owned(), format!("{number:020}").into());
        }
        if let Some(queue) = dead_of {
            system.insert("DeadLetterQueueSourceArn".to_owned(), arn("sqs", queue).into());
        }
        let asked = [wanted.attribute_names.as_slice(), &wanted.message_system_attribute_names].concat();
        json!({
            "MessageId": id,
            "ReceiptHandle": self.handle(id),
            "Body": sent.message_body,
            "MD5OfBody": md5(&sent.message_body),
            "Attributes": only(system, &asked),
            "MessageAttributes": only(sent.message_attributes.clone(), &wanted.message_attribute_names),
        })
    }
}

/// Those attributes that were asked for.
fn only(attributes: Map<String, Value>, asked: &[String]) -> Map<String, Value> {
    let wanted = |name: &String| asked.iter().any(|asked| asked == "All" || asked == ".*" || asked == name);
    attributes.into_iter().filter(|(name, _)| wanted(name)).collect()
}

pub(super) fn md5(text: &str) -> String {
    hex::encode(Md5::digest(text))
}
