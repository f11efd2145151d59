//! The queues: as much of SQS as the functions and a reader of events ask for, in memory, behind the protocol of the unmodified SDK.
//!
//! A FIFO queue drops what was sent within five minutes under the same id in the same group, keeps the order of each group, and shows
//! nothing of a group while one of its messages is on its way. Not here: queues that are made or changed, delays, redrive to a queue
//! of dead letters, tags, permissions, checksums of attributes, long messages by another way. Nothing survives the process, and of what nobody
//! deletes only the newest [`MOST_KEPT`] messages are kept.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use croupier_rules::time::Timestamp;
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

/// The queue of events.
pub const EVENTS: &str = "events.fifo";
/// The queue of records that make no event.
pub const FAILURES: &str = "event-failures";
/// How many messages are kept of those that nobody deletes.
pub const MOST_KEPT: usize = 100_000;
/// The most bytes of a message, or of a batch.
const MOST_BYTES: usize = 1 << 20;
/// How long the same id in the same group is the same message.
const SAME_FOR: Duration = Duration::from_secs(5 * 60);

/// Why a request is refused: SQS's code, and a sentence.
pub type Refused = (&'static str, String);

/// The queues of this process.
pub struct Queues(BTreeMap<&'static str, Queue>);

/// A queue.
pub struct Queue {
    fifo: bool,
    state: Mutex<State>,
    /// How many messages were taken.
    taken: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    /// What was sent lately, by group and id.
    known: HashMap<(String, String), u64>,
    /// The same in the order in which it is forgotten.
    forgotten: VecDeque<(Timestamp, (String, String))>,
}

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
    message_attributes: Map<String, Value>,
    #[serde(default)]
    message_group_id: String,
    #[serde(default)]
    message_deduplication_id: String,
}

/// A message as it is kept.
struct Message {
    sent: Sent,
    number: u64,
    sent_at: Timestamp,
    received: u32,
    /// Until when it is somebody's, who has received it.
    hidden_until: Timestamp,
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

impl Default for Queues {
    fn default() -> Self {
        Self([EVENTS, FAILURES].map(|name| (name, Queue::new(name.ends_with(".fifo")))).into())
    }
}

impl Queues {
    /// The queue with this name, which is the end of its URL.
    ///
    /// # Errors
    /// There is none.
    pub fn named(&self, url: &str) -> Result<&Queue, Refused> {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.0.get(name).ok_or_else(|| ("QueueDoesNotExist", format!("there is no queue {name}")))
    }
}

fn invalid(why: &str) -> Refused {
    ("InvalidParameterValue", why.to_owned())
}

impl Queue {
    fn new(fifo: bool) -> Self {
        Self { fifo, state: Mutex::default(), taken: watch::Sender::new(0) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until so many messages were taken since the beginning.
    pub async fn has_taken(&self, messages: u64) {
        // The sender is as old as the queue.
        self.taken.subscribe().wait_for(|taken| *taken >= messages).await.ok();
    }

    /// How many messages were taken since the beginning.
    pub fn taken(&self) -> u64 {
        *self.taken.borrow()
    }

    /// What the messages say that nobody has deleted, in the order in which they were sent.
    pub fn bodies(&self) -> Vec<String> {
        self.with(|state| state.messages.iter().map(|message| message.sent.message_body.clone()).collect())
    }

    /// Takes a message, and answers how it is known.
    ///
    /// # Errors
    /// Why it is not taken: it never will.
    pub fn send(&self, sent: Sent, now: Timestamp) -> Result<Value, Refused> {
        let body = &sent.message_body;
        if body.is_empty() || body.len() > MOST_BYTES {
            return Err(invalid("a message has 1 to 1,048,576 bytes"));
        }
        if body.contains(
            |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'),
        ) {
            return Err(("InvalidMessageContents", "a character that is not allowed".to_owned()));
        }
        if self.fifo && sent.message_group_id.is_empty() {
            return Err(("MissingParameter", "MessageGroupId is missing".to_owned()));
        }
        if self.fifo && sent.message_deduplication_id.is_empty() {
            return Err(invalid("MessageDeduplicationId is missing"));
        }
        let digest = md5(body);
        let number = self.with(|state| self.keep(state, sent, now));
        let mut known = json!({ "MessageId": name(number), "MD5OfMessageBody": digest });
        if self.fifo {
            known["SequenceNumber"] = format!("{number:020}").into();
        }
        Ok(known)
    }

    /// Keeps a message, unless it is known; tells its number.
    fn keep(&self, state: &mut State, sent: Sent, now: Timestamp) -> u64 {
        let id = (sent.message_group_id.clone(), sent.message_deduplication_id.clone());
        while let Some((_, old)) = state.forgotten.pop_front_if(|(until, _)| *until <= now) {
            state.known.remove(&old);
        }
        if let Some(number) = state.known.get(&id).filter(|_| self.fifo) {
            return *number;
        }
        let number = self.taken() + 1;
        if self.fifo {
            state.known.insert(id.clone(), number);
            state.forgotten.push_back((now.after(SAME_FOR), id));
        }
        if state.messages.len() == MOST_KEPT {
            state.messages.pop_front();
        }
        state.messages.push_back(Message { sent, number, sent_at: now, received: 0, hidden_until: now });
        self.taken.send_replace(number);
        number
    }

    /// Takes up to ten messages, and answers of each what became of it.
    ///
    /// # Errors
    /// A batch that is none.
    pub fn send_batch(&self, entries: Vec<Sent>, now: Timestamp) -> Result<Value, Refused> {
        let bytes: usize = entries.iter().map(|entry| entry.message_body.len()).sum();
        let names: HashSet<_> = entries.iter().map(|entry| &entry.id).collect();
        let (named, many) = (names.len(), entries.len());
        match many {
            0 => return Err(("EmptyBatchRequest", "there is no message".to_owned())),
            1..=10 => {}
            _ => return Err(("TooManyEntriesInBatchRequest", "there are more than ten messages".to_owned())),
        }
        if named < many {
            return Err(("BatchEntryIdsNotDistinct", "two messages have one id".to_owned()));
        }
        if bytes > MOST_BYTES {
            return Err(("BatchRequestTooLong", "all messages together have more than 1,048,576 bytes".to_owned()));
        }
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in entries {
            let id = entry.id.clone();
            match self.send(entry, now) {
                Ok(mut known) => {
                    known["Id"] = id.into();
                    successful.push(known);
                }
                Err((code, why)) => {
                    failed.push(json!({ "Id": id, "Code": code, "Message": why, "SenderFault": true }));
                }
            }
        }
        Ok(json!({ "Successful": successful, "Failed": failed }))
    }

    /// Hands out messages, after a wait if there are none.
    pub async fn receive(&self, wanted: &Wanted, now: impl Fn() -> Timestamp) -> Value {
        let mut grown = self.taken.subscribe();
        let wait = Duration::from_secs(wanted.wait_time_seconds.min(20));
        let found = tokio::time::timeout(wait, async {
            loop {
                grown.mark_unchanged();
                let messages = self.with(|state| self.hand_out(state, wanted, now()));
                if !messages.is_empty() || wait.is_zero() || grown.changed().await.is_err() {
                    return messages;
                }
            }
        });
        json!({ "Messages": found.await.unwrap_or_default() })
    }

    fn hand_out(&self, state: &mut State, wanted: &Wanted, now: Timestamp) -> Vec<Value> {
        let hidden = |message: &Message| message.hidden_until > now;
        let busy: HashSet<String> = state
            .messages
            .iter()
            .filter(|message| self.fifo && hidden(message))
            .map(|message| message.sent.message_group_id.clone())
            .collect();
        let free = |message: &&mut Message| !hidden(message) && !busy.contains(&message.sent.message_group_id);
        let handed = state.messages.iter_mut().filter(free).take(wanted.max_number_of_messages.clamp(1, 10));
        handed
            .map(|message| {
                message.received += 1;
                message.hidden_until = now.after(Duration::from_secs(wanted.visibility_timeout));
                message.shown(wanted, self.fifo)
            })
            .collect()
    }

    /// Deletes what was received under this handle. What is not there any more needs no deleting.
    ///
    /// # Errors
    /// Somebody else may have the message by now.
    pub fn delete(&self, handle: &str, now: Timestamp) -> Result<Value, Refused> {
        self.with(|state| {
            let id = handle.split('#').next();
            let Some(place) = state.messages.iter().position(|message| Some(name(message.number).as_str()) == id)
            else {
                return Ok(json!({}));
            };
            let message = &state.messages[place];
            if message.handle() != handle || self.fifo && message.hidden_until <= now {
                return Err(invalid("the receipt handle has expired"));
            }
            state.messages.remove(place);
            Ok(json!({}))
        })
    }

    /// How many messages wait, and how many are somebody's.
    pub fn attributes(&self, now: Timestamp) -> Value {
        let (all, hidden) = self.with(|state| {
            let hidden = state.messages.iter().filter(|message| message.hidden_until > now);
            (state.messages.len(), hidden.count())
        });
        let mut attributes = json!({
            "ApproximateNumberOfMessages": (all - hidden).to_string(),
            "ApproximateNumberOfMessagesNotVisible": hidden.to_string(),
        });
        if self.fifo {
            attributes["FifoQueue"] = "true".into();
            attributes["DeduplicationScope"] = "messageGroup".into();
        }
        json!({ "Attributes": attributes })
    }
}

impl Message {
    fn handle(&self) -> String {
        format!("{}#{}", name(self.number), self.received)
    }

    fn shown(&self, wanted: &Wanted, fifo: bool) -> Value {
        let mut system = json!({
            "ApproximateReceiveCount": self.received.to_string(),
            "SentTimestamp": self.sent_at.millis().to_string(),
        });
        if fifo {
            system["MessageGroupId"] = self.sent.message_group_id.as_str().into();
            system["MessageDeduplicationId"] = self.sent.message_deduplication_id.as_str().into();
            system["SequenceNumber"] = format!("{:020}", self.number).into();
        }
        let system = system.as_object().cloned().unwrap_or_default();
        let asked = [wanted.attribute_names.as_slice(), &wanted.message_system_attribute_names].concat();
        json!({
            "MessageId": name(self.number),
            "ReceiptHandle": self.handle(),
            "Body": self.sent.message_body,
            "MD5OfBody": md5(&self.sent.message_body),
            "Attributes": only(system, &asked),
            "MessageAttributes": only(self.sent.message_attributes.clone(), &wanted.message_attribute_names),
        })
    }
}

/// Those attributes that were asked for.
fn only(attributes: Map<String, Value>, asked: &[String]) -> Map<String, Value> {
    let wanted = |name: &String| asked.iter().any(|asked| asked == "All" || asked == ".*" || asked == name);
    attributes.into_iter().filter(|(name, _)| wanted(name)).collect()
}

/// The id of a message.
fn name(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

fn md5(text: &str) -> String {
    hex::encode(Md5::digest(text))
}
