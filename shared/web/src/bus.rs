//! The ways on which events go out: a queue, and Kafka.

mod aside;
pub mod kafka;

use std::str::FromStr;

use aws_config::SdkConfig;
use aws_sdk_sqs::{
    Client,
    error::{BuildError, DisplayErrorContext, ProvideErrorMetadata, SdkError},
    types::{BatchResultErrorEntry, MessageAttributeValue, SendMessageBatchRequestEntry},
};
use croupier_rules::event::{Event, Probe, Topic};
use futures_util::future::join_all;

pub use self::aside::{Aside, NoEvent, NoRows};
use crate::config::Need;

/// The most messages that the queue takes at once.
const MOST: usize = 10;
/// The most bytes that the queue takes at once, be they one message or ten.
const MOST_BYTES: usize = 1 << 20;

/// What the queue says of a message itself: whoever sends it, whenever, it will not be taken.
const UNACCEPTABLE: [&str; 4] =
    ["InvalidMessageContents", "InvalidParameterValue", "InvalidAttributeValue", "MissingParameter"];

/// Where events go; somewhere at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sinks {
    /// Into the queue.
    pub queue: bool,
    /// To Kafka.
    pub kafka: bool,
}

/// A text that does not say where events go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be sqs, kafka, or sqs,kafka")]
pub struct NoSinks;

impl Default for Sinks {
    /// Into the queue alone.
    fn default() -> Self {
        Self { queue: true, kafka: false }
    }
}

impl FromStr for Sinks {
    type Err = NoSinks;

    fn from_str(text: &str) -> Result<Self, NoSinks> {
        match text {
            "sqs" => Ok(Self { queue: true, kafka: false }),
            "kafka" => Ok(Self { queue: false, kafka: true }),
            "sqs,kafka" => Ok(Self { queue: true, kafka: true }),
            _ => Err(NoSinks),
        }
    }
}

impl Sinks {
    /// Whether a function with these needs gets anything to send.
    pub fn feed(self, needs: &[Need]) -> bool {
        (self.queue || !needs.contains(&Need::Queue)) && (self.kafka || !needs.contains(&Need::Kafka))
    }
}

/// The queue of events, and the one beside it for what makes none.
pub struct Bus {
    client: Client,
    events: String,
    failures: Aside,
}

/// An event as it is sent. Its player is the group, or the key, within which its order is kept; its id is that by which repeats are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    topic: Topic,
    group: String,
    id: String,
    kind: &'static str,
    version: u32,
    body: String,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It was taken, now or before.
    Taken,
    /// It was not taken now.
    NotNow(String),
    /// It will never be taken.
    Never(String),
}

impl Letter {
    /// The letter that tells of an event.
    ///
    /// # Errors
    /// None that an event can cause: every field of it is representable in JSON.
    pub fn of(event: &Event) -> Result<Self, serde_json::Error> {
        Ok(Self {
            topic: event.news.topic(),
            group: event.envelope.player_id.to_string(),
            id: event.envelope.event_id.to_string(),
            kind: event.news.name(),
            version: event.news.version(),
            body: acceptable(serde_json::to_string(event)?),
        })
    }

    /// The letter that brings a probe to a topic, where it goes the way of this key.
    ///
    /// # Errors
    /// None that a probe can cause.
    pub fn of_probe(probe: &Probe, topic: Topic, key: impl ToString) -> Result<Self, serde_json::Error> {
        Ok(Self {
            topic,
            group: key.to_string(),
            id: probe.event_id.to_string(),
            kind: Probe::NAME,
            version: Probe::VERSION,
            body: serde_json::to_string(probe)?,
        })
    }

    fn bytes(&self) -> usize {
        // Names, types and values of the attributes count as well; they are far shorter.
        self.body.len() + 200
    }

    fn entry(&self, place: usize) -> Result<SendMessageBatchRequestEntry, BuildError> {
        let text = |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build();
        SendMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .message_group_id(&self.group)
            .message_deduplication_id(&self.id)
            .message_body(&self.body)
            .message_attributes("type", text(self.kind)?)
            .message_attributes("schema_version", text(&self.version.to_string())?)
            .build()
    }
}

impl Bus {
    /// The way to the queues at these URLs.
    pub fn at(sdk: &SdkConfig, events: &str, failures: &str) -> Self {
        Self::through(Client::new(sdk), events, failures)
    }

    /// The same through this client.
    pub fn through(client: Client, events: &str, failures: &str) -> Self {
        let failures = Aside::through(client.clone(), failures);
        Self { client, events: events.to_owned(), failures }
    }

    /// Sends letters, with as few requests as the queue allows, all at once: nothing is said of their order. Tells what became of each.
    pub async fn send(&self, letters: &[&Letter]) -> Vec<Sent> {
        let sent = batches(letters).into_iter().map(|batch| self.send_batch(batch));
        join_all(sent).await.concat()
    }

    async fn send_batch(&self, letters: &[&Letter]) -> Vec<Sent> {
        let not_now = |cause: String| vec![Sent::NotNow(cause); letters.len()];
        if let [large] = letters
            && large.bytes() > MOST_BYTES
        {
            return vec![Sent::Never(format!("{} bytes are too many for a message", large.bytes()))];
        }
        let entries =
            match letters.iter().enumerate().map(|(place, letter)| letter.entry(place)).collect::<Result<_, _>>() {
                Ok(entries) => entries,
                Err(error) => return not_now(error.to_string()),
            };
        let request = self.client.send_message_batch().queue_url(&self.events).set_entries(Some(entries));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return not_now(cause(&error)),
        };
        let became = |place: usize| {
            let place = place.to_string();
            if answer.successful.iter().any(|taken| taken.id == place) {
                return Sent::Taken;
            }
            let refused = answer.failed.iter().find(|refused| refused.id == place);
            refused.map_or_else(|| Sent::NotNow("the queue says nothing of it".to_owned()), why)
        };
        (0..letters.len()).map(became).collect()
    }

    /// The queue for what makes no event.
    pub const fn aside(&self) -> &Aside {
        &self.failures
    }
}

/// Why a request failed: in a log there is room for what the queue says, not for how it says it.
fn cause<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> String {
    match error.as_service_error() {
        Some(said) => format!("{}: {}", said.code().unwrap_or_default(), said.message().unwrap_or_default()),
        None => DisplayErrorContext(error).to_string(),
    }
}

/// Some JSON without the two characters that are good in JSON and not in a queue. They stand in texts alone, where they can be written
/// otherwise.
fn acceptable(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        return json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
    }
    json
}

/// The letters in as few batches as the queue allows, in their order. One that is too large is alone.
fn batches<'a, 'l>(letters: &'a [&'l Letter]) -> Vec<&'a [&'l Letter]> {
    let (mut batches, mut rest) = (Vec::new(), letters);
    while !rest.is_empty() {
        let sizes = rest.iter().take(MOST).scan(0, |sum, letter| {
            *sum += letter.bytes();
            Some(*sum)
        });
        let fitting = sizes.take_while(|bytes| *bytes <= MOST_BYTES).count();
        let (batch, later) = rest.split_at(fitting.max(1));
        batches.push(batch);
        rest = later;
    }
    batches
}

/// Why the queue did not take one of several. A throttle is called the sender's fault as well, hence the look at what it says.
fn why(refused: &BatchResultErrorEntry) -> Sent {
    let cause = format!("{}: {}", refused.code, refused.message.as_deref().unwrap_or_default());
    let is_for_ever = refused.sender_fault && UNACCEPTABLE.iter().any(|code| refused.code.ends_with(code));
    if is_for_ever { Sent::Never(cause) } else { Sent::NotNow(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(number: usize, bytes: usize) -> Letter {
        let text = |text: &str| format!("{text}-{number}");
        Letter {
            topic: Topic::UserActions,
            group: text("player"),
            id: text("event"),
            kind: "round.played",
            version: 1,
            body: "x".repeat(bytes),
        }
    }

    fn sizes(bytes: &[usize]) -> Vec<usize> {
        let letters: Vec<_> = bytes.iter().enumerate().map(|(number, bytes)| letter(number, *bytes)).collect();
        let letters: Vec<_> = letters.iter().collect();
        let batches = batches(&letters);
        assert_eq!(batches.concat(), letters, "one is lost, or the order is another");
        batches.iter().map(|batch| batch.len()).collect()
    }

    #[test]
    fn letters_go_in_as_few_batches_as_the_queue_allows() {
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[500; 10]), [10]);
        assert_eq!(sizes(&[500; 21]), [10, 10, 1]);
        assert_eq!(sizes(&[500, MOST_BYTES, 500, MOST_BYTES / 2, MOST_BYTES / 2, 500]), [1, 1, 2, 2]);
    }

    #[test]
    fn a_text_that_a_queue_would_refuse_is_written_so_that_it_is_taken() {
        let text = "a\u{ffff}b\u{fffe}\u{1}\u{fffd}🍒\"\\uffff";
        let written = acceptable(serde_json::to_string(text).unwrap());
        assert!(written.chars().all(|c| c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}')), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }

    #[test]
    fn only_what_is_said_of_the_message_itself_is_for_ever() {
        let refused = |code: &str, sender_fault| {
            let entry = BatchResultErrorEntry::builder().id("event-1").code(code).sender_fault(sender_fault);
            why(&entry.build().unwrap())
        };
        assert!(matches!(refused("InvalidMessageContents", true), Sent::Never(_)));
        assert!(matches!(refused("com.amazonaws.sqs#InvalidMessageContents", true), Sent::Never(_)));
        for passing in ["ThrottlingException", "RequestThrottled", "KmsDisabled", "AccessDenied", "InternalError"] {
            assert!(matches!(refused(passing, true), Sent::NotNow(_)), "{passing}");
        }
        assert!(matches!(refused("InvalidParameterValue", false), Sent::NotNow(_)));
    }
}
