//! A message in a queue of failures: what could not be taken, and why.

use std::fmt;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use croupier_rules::time::Timestamp;
use croupier_web::bus::{NoEvent, NoRows};
use serde::Deserialize;
use serde_dynamo::AttributeValue;
use serde_json::Value;

/// A message in a queue of failures.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// The URL of its queue.
    pub queue: String,
    /// What it is about.
    pub matter: Matter,
    pub(super) message: Message,
}

/// What could not be taken, and why.
#[derive(Debug, Clone)]
pub enum Matter {
    /// A new item of which a function makes no event.
    NoEvent(NoEvent),
    /// A message of an event that makes no rows for analytics.
    NoRows(NoRows),
    /// Records of the stream that Lambda gave up handing to a function.
    GivenUp(Box<GivenUp>),
    /// A message that its reader has received time and again, and not deleted.
    Unread {
        /// The ARN of its queue, if that is known.
        from: Option<String>,
    },
}

/// Records of the stream that Lambda gave up handing to a function.
#[derive(Debug, Clone, Deserialize)]
pub struct GivenUp {
    /// Who gave up, and why.
    #[serde(rename = "requestContext")]
    pub request: Request,
    /// Where the records are.
    #[serde(rename = "DDBStreamBatchInfo")]
    pub batch: Batch,
}

/// Who gave up, and why.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The last invocation.
    pub request_id: String,
    /// The function.
    pub function_arn: String,
    /// In Lambda's words.
    pub condition: String,
    /// How often it was tried.
    pub approximate_invoke_count: u32,
}

/// Where the records are.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// The stream.
    pub stream_arn: String,
    /// A part of it.
    pub shard_id: String,
    /// The place of the first record.
    pub start_sequence_number: String,
    /// The place of the last one.
    pub end_sequence_number: String,
    /// How many there are.
    pub batch_size: u32,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    GivenUp(Box<GivenUp>),
    NoEvent(NoEvent),
    NoRows(NoRows),
}

impl DeadLetter {
    pub(super) fn of(message: Message, queue: &str) -> Self {
        let mut letter = Self { queue: queue.to_owned(), matter: Matter::Unread { from: None }, message };
        let from = letter.attribute(MessageSystemAttributeName::DeadLetterQueueSourceArn).map(str::to_owned);
        letter.matter = match serde_json::from_str(letter.body()) {
            Ok(Told::GivenUp(given_up)) if from.is_none() => Matter::GivenUp(given_up),
            Ok(Told::NoEvent(no_event)) if from.is_none() => Matter::NoEvent(no_event),
            Ok(Told::NoRows(no_rows)) if from.is_none() => Matter::NoRows(no_rows),
            _ => Matter::Unread { from },
        };
        letter
    }

    /// The queue's name for it.
    pub fn id(&self) -> &str {
        self.message.message_id().unwrap_or_default()
    }

    /// What it says, as it is.
    pub fn body(&self) -> &str {
        self.message.body().unwrap_or_default()
    }

    /// What its order is kept in, if its queue keeps any.
    pub(super) fn group(&self) -> Option<&str> {
        self.attribute(MessageSystemAttributeName::MessageGroupId)
    }

    /// Its place in the stream, in an order in which places can be compared; none for what has its order from its queue.
    pub(super) fn order(&self) -> (usize, &str) {
        match &self.matter {
            Matter::NoEvent(NoEvent { sequence_number, .. }) => in_order(sequence_number),
            Matter::GivenUp(given_up) => in_order(&given_up.batch.start_sequence_number),
            Matter::NoRows(_) | Matter::Unread { .. } => (0, ""),
        }
    }

    fn attribute(&self, name: MessageSystemAttributeName) -> Option<&str> {
        self.message.attributes()?.get(&name).map(String::as_str)
    }

    fn since(&self) -> Option<Timestamp> {
        let millis = self.attribute(MessageSystemAttributeName::SentTimestamp)?;
        millis.parse().map(Timestamp::from_millis).ok()
    }
}

impl GivenUp {
    /// The function's name, where it runs.
    pub(super) fn function(&self) -> &str {
        // arn:aws:lambda:<region>:<account>:function:<name>, and an alias or a version perhaps.
        self.request.function_arn.split(':').nth(6).unwrap_or_default()
    }
}

impl Batch {
    /// Whether a record of its shard lies in it, by its place.
    pub(super) fn holds(&self, place: &str) -> bool {
        (in_order(&self.start_sequence_number)..=in_order(&self.end_sequence_number)).contains(&in_order(place))
    }
}

/// A place in the stream, a long number, such that places can be compared.
pub(super) fn in_order(place: &str) -> (usize, &str) {
    let digits = place.trim_start_matches('0');
    (digits.len(), digits)
}

/// One line: where, since when, which one, what, why, and after how many tries.
impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.queue.rsplit('/').next().unwrap_or_default();
        let since = self.since().map(|since| since.to_string()).unwrap_or_default();
        write!(f, "{queue}  {since}  {}  ", self.id())?;
        match &self.matter {
            Matter::NoEvent(NoEvent { function, keys, cause, .. }) => {
                let text = |name: &str| match keys.get(name) {
                    Some(AttributeValue::S(text)) => text.clone(),
                    _ => String::new(),
                };
                write!(f, "{function} makes no event of {} {}: {cause}", text("pk"), text("sk"))
            }
            Matter::NoRows(NoRows { message_id, group, cause, .. }) => {
                let player = group.as_deref().unwrap_or("nobody");
                write!(f, "analytics makes no rows of message {message_id} of {player}: {cause}")
            }
            Matter::GivenUp(given_up) => {
                let GivenUp { request: Request { request_id, condition, approximate_invoke_count, .. }, batch } =
                    given_up.as_ref();
                let Batch { batch_size, start_sequence_number, .. } = batch;
                write!(
                    f,
                    "{} has not taken {batch_size} from {start_sequence_number}: {condition} after {approximate_invoke_count} \
                     tries, the last in request {request_id}",
                    given_up.function()
                )
            }
            Matter::Unread { .. } => {
                let event: Value = serde_json::from_str(self.body()).unwrap_or_default();
                match (event["type"].as_str(), event["player_id"].as_str(), &event["sequence"]) {
                    (Some(kind), Some(player), sequence) => {
                        write!(f, "{kind} {sequence} of {player}: received time and again, and not deleted")
                    }
                    _ => write!(f, "no event, and nothing that a function puts aside: see what it says"),
                }
            }
        }
    }
}
