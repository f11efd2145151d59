//! The queues: as much of SQS as the functions and a reader of events ask for, in memory, behind the protocol of the unmodified SDK.
//!
//! A FIFO queue drops what was sent within five minutes under the same id in the same group, keeps the order of each group, and shows
//! nothing of a group while one of its messages is on its way. What its readers have received five times and not deleted goes to a queue
//! of dead letters. Not here: queues that are made or changed, delays, tags, permissions, checksums of attributes, long messages by another way.
//! Nothing survives the process, and of what nobody deletes only the newest [`MOST_KEPT`] messages are kept.

mod message;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use croupier_functions::FUNCTIONS;
use croupier_rules::time::Timestamp;
use croupier_web::function::Trigger;
use serde_json::{Value, json};
use tokio::sync::watch;

use self::message::{Message, md5};
pub use self::message::{Sent, Wanted};

/// The queue of events.
pub const EVENTS: &str = "events.fifo";
/// The queue of events that their readers could not take.
pub const EVENTS_DEAD: &str = "events-dead.fifo";
/// The queue of records that make no event.
pub const FAILURES: &str = "publish-failures";
/// How often a message is received before it is a dead letter, where there is a queue of those.
const MOST_RECEIVED: u32 = 5;
/// How many messages are kept of those that nobody deletes.
pub const MOST_KEPT: usize = 100_000;
/// The most bytes of a message, or of a batch.
const MOST_BYTES: usize = 1 << 20;
/// How long the same id in the same group is the same message.
const SAME_FOR: Duration = Duration::from_secs(5 * 60);

/// Why a request is refused: SQS's code, and a sentence.
pub type Refused = (&'static str, String);

/// The queues of this process.
pub struct Queues(BTreeMap<String, Arc<Queue>>);

/// A queue.
pub struct Queue {
    name: String,
    fifo: bool,
    /// Where dead letters go.
    dead: Option<Arc<Self>>,
    state: Mutex<State>,
    /// How many messages were taken; also told when one may have become free without that.
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

impl Default for Queues {
    fn default() -> Self {
        let dead = Arc::new(Queue::new(EVENTS_DEAD, None));
        let events = Arc::new(Queue::new(EVENTS, Some(Arc::clone(&dead))));
        let consumes = |trigger| matches!(trigger, Trigger::Stream(_) | Trigger::Queue);
        let consumers = FUNCTIONS.iter().filter(|function| consumes(function.trigger));
        let failures = consumers.map(|function| Arc::new(Queue::new(&failures_of(function.name), None)));
        Self([events, dead].into_iter().chain(failures).map(|queue| (queue.name.clone(), queue)).collect())
    }
}

/// The queue of what a consumer of the stream, or of events, could not take.
pub fn failures_of(function: &str) -> String {
    format!("{function}-failures")
}

impl Queues {
    /// The queue with this name, which is the end of its URL.
    ///
    /// # Errors
    /// There is none.
    pub fn named(&self, url: &str) -> Result<&Queue, Refused> {
        let name = url.rsplit('/').next().unwrap_or_default();
        let queue = self.0.get(name).map(Arc::as_ref);
        queue.ok_or_else(|| ("QueueDoesNotExist", format!("there is no queue {name}")))
    }

    /// The queues of what could not be taken, by name.
    pub fn dead(&self) -> impl Iterator<Item = (&str, &Queue)> {
        let named = self.0.iter().map(|(name, queue)| (name.as_str(), queue.as_ref()));
        named.filter(|(name, _)| *name != EVENTS)
    }
}

fn invalid(why: &str) -> Refused {
    ("InvalidParameterValue", why.to_owned())
}

impl Queue {
    fn new(name: &str, dead: Option<Arc<Self>>) -> Self {
        let (name, fifo) = (name.to_owned(), name.ends_with(".fifo"));
        Self { name, fifo, dead, state: Mutex::default(), taken: watch::Sender::new(0) }
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
        let mut known = json!({ "MessageId": self.id(number), "MD5OfMessageBody": digest });
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
        let message = Message { sent, number, sent_at: now, received: 0, hidden_until: now, dead_of: None };
        self.take(state, message);
        number
    }

    /// Takes a message as the newest one, and says so.
    fn take(&self, state: &mut State, message: Message) {
        if state.messages.len() == MOST_KEPT {
            state.messages.pop_front();
        }
        let number = message.number;
        state.messages.push_back(message);
        self.taken.send_replace(number);
    }

    /// What was received so often and not deleted goes to the dead letters.
    fn give_up(&self, state: &mut State, now: Timestamp) {
        let Some(dead) = &self.dead else { return };
        let is_dead = |message: &Message| message.received >= MOST_RECEIVED && message.hidden_until <= now;
        if !state.messages.iter().any(is_dead) {
            return;
        }
        let (given_up, kept): (VecDeque<_>, _) = mem::take(&mut state.messages).into_iter().partition(is_dead);
        state.messages = kept;
        dead.with(|state| {
            for message in given_up {
                let (number, dead_of) = (dead.taken() + 1, Some(self.name.clone()));
                dead.take(state, Message { number, received: 0, dead_of, ..message });
            }
        });
    }

    fn id(&self, number: u64) -> String {
        let digest = md5(&format!("{}/{number}", self.name));
        [&digest[..8], &digest[8..12], &digest[12..16], &digest[16..20], &digest[20..]].join("-")
    }

    fn handle(&self, message: &Message) -> String {
        message.handle(&self.id(message.number))
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
        let mut changed = self.taken.subscribe();
        let wait = Duration::from_secs(wanted.wait_time_seconds.min(20));
        let found = tokio::time::timeout(wait, async {
            loop {
                changed.mark_unchanged();
                let (messages, free_in) = self.with(|state| {
                    let now = now();
                    (
                        self.hand_out(state, wanted, now),
                        state.messages.iter().filter_map(|message| message.free_in(now)).min(),
                    )
                });
                if !messages.is_empty() || wait.is_zero() {
                    return messages;
                }
                // Whichever comes first; it is the queue's own sender, and never gone.
                tokio::time::timeout(free_in.unwrap_or(wait), changed.changed()).await.ok();
            }
        });
        json!({ "Messages": found.await.unwrap_or_default() })
    }

    fn hand_out(&self, state: &mut State, wanted: &Wanted, now: Timestamp) -> Vec<Value> {
        self.give_up(state, now);
        let hidden = |message: &Message| message.free_in(now).is_some();
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
                message.shown(&self.id(message.number), self.fifo, wanted)
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
            let Some(place) = state.messages.iter().position(|message| Some(self.id(message.number).as_str()) == id)
            else {
                return Ok(json!({}));
            };
            let message = &state.messages[place];
            if self.handle(message) != handle || self.fifo && message.hidden_until <= now {
                return Err(invalid("the receipt handle has expired"));
            }
            state.messages.remove(place);
            self.tell_of_free_ones();
            Ok(json!({}))
        })
    }

    /// Lets what was received under this handle be its reader's for so many seconds from now.
    ///
    /// # Errors
    /// It is not the reader's any more.
    pub fn hide(&self, handle: &str, seconds: u64, now: Timestamp) -> Result<Value, Refused> {
        self.with(|state| {
            let mut received = state.messages.iter_mut().filter(|message| message.hidden_until > now);
            let message = received.find(|message| self.handle(message) == handle);
            let message = message.ok_or_else(|| ("MessageNotInflight", "nobody has received it".to_owned()))?;
            message.hidden_until = now.after(Duration::from_secs(seconds));
            self.tell_of_free_ones();
            Ok(json!({}))
        })
    }

    /// Has those who wait look once more: a message of theirs may be nobody's now, or the first of its group.
    fn tell_of_free_ones(&self) {
        self.taken.send_modify(|_| ());
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

/// What AWS would call something of this machine.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:local:000000000000:{resource}")
}
