//! Dead letters: what could not be taken is looked at, and once its cause is mended, handed over again. On AWS, on an emulator, and here.
//!
//! Everybody who takes something takes a repeat as well, so nothing is lost by handing over once too often. A letter is deleted when what
//! it is about was taken, and not before.

mod letter;

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodbstreams::types::ShardIteratorType;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_sqs::types::MessageSystemAttributeName;
use croupier_functions::FUNCTIONS;
use croupier_store::key::Beginning;
use croupier_web::{
    bus::{NoEvent, NoRows},
    event::{BatchAnswer, MessageEvent, SqsAttributes, SqsRecord, StreamChange, StreamEvent, StreamRecord},
    function::Trigger,
};
use futures_util::future::{join_all, try_join_all};
use serde::Serialize;

use self::letter::in_order;
pub use self::letter::{DeadLetter, GivenUp, Matter};
use crate::stream::new_item;

/// How long nobody else gets what was received, in seconds: what is received together is handed over one by one, and a function may take
/// a quarter of an hour.
const OURS_FOR: i32 = 6 * 3600;
/// The most letters of a queue that are looked at together.
const MOST: usize = 1_000;
/// The most records that a function is handed together: ten of the largest items still fit into an invocation.
const TOGETHER: usize = 10;
/// How often the stream may answer with nothing, before what it was asked for.
const PATIENCE: u32 = 100;

/// Who puts messages of events aside.
const ANALYTICS: &str = "analytics";

/// What is not so, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Untaken(String);

/// Where the letters are, and those who take what they are about.
pub struct DeadLetters {
    /// The URLs of the queues.
    pub queues: Vec<String>,
    /// The table.
    pub table: String,
    /// What functions are called where they run, by their names in the table of functions.
    pub functions: BTreeMap<String, String>,
    /// The URL of the queue to which messages go back that do not say where they come from.
    pub back_to: Option<String>,
    sqs: aws_sdk_sqs::Client,
    lambda: aws_sdk_lambda::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    streams: aws_sdk_dynamodbstreams::Client,
}

/// Which letters.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// All.
    All,
    /// Those of the queue of this name.
    Queue(String),
    /// The one with this id.
    One(String),
}

impl Wanted {
    fn is(&self, letter: &DeadLetter) -> bool {
        match self {
            Self::All => true,
            Self::Queue(name) => letter.queue.rsplit('/').next() == Some(name),
            Self::One(id) => letter.id() == id,
        }
    }
}

/// What became of a letter.
pub type Outcome = (DeadLetter, Result<(), Untaken>);

fn untaken(what: &str, error: &(dyn std::error::Error + 'static)) -> Untaken {
    Untaken(format!("{what}: {}", DisplayErrorContext(error)))
}

impl DeadLetters {
    /// Those in these queues, with the table where it is: on a laptop it has an endpoint of its own.
    pub fn at(services: &SdkConfig, tables: &SdkConfig, queues: Vec<String>, table: &str) -> Self {
        Self {
            queues,
            table: table.to_owned(),
            functions: BTreeMap::new(),
            back_to: None,
            sqs: aws_sdk_sqs::Client::new(services),
            lambda: aws_sdk_lambda::Client::new(services),
            dynamodb: aws_sdk_dynamodb::Client::new(tables),
            streams: aws_sdk_dynamodbstreams::Client::new(tables),
        }
    }

    /// All of them, up to a thousand of each queue. Of a queue that keeps an order, ten of each player.
    ///
    /// # Errors
    /// A queue that does not answer.
    pub async fn list(&self) -> Result<Vec<DeadLetter>, Untaken> {
        let letters = self.receive().await?;
        self.release(&letters).await;
        Ok(letters)
    }

    /// Hands over what the letters are about, and deletes those of which it was taken. Tells of each; of one that was handed over and perhaps
    /// put aside again, not that it was taken. With more than a thousand letters in a queue, a new one may be overlooked.
    ///
    /// # Errors
    /// A queue that does not answer; nothing was handed over.
    pub async fn replay(&self, wanted: &Wanted) -> Result<Vec<Outcome>, Untaken> {
        let (mut chosen, others) = self.choose(wanted).await?;
        let old = chosen.iter().chain(&others).map(|letter| letter.id().to_owned()).collect();
        chosen.sort_by(|one, other| (&one.queue, one.order()).cmp(&(&other.queue, other.order())));
        let (mut outcomes, mut waiting) = (Vec::new(), HashSet::new());
        for letter in chosen {
            let group = letter.group().map(|group| (letter.queue.clone(), group.to_owned()));
            let result = if group.as_ref().is_some_and(|group| waiting.contains(group)) {
                Err(Untaken("what comes before it was not taken".to_owned()))
            } else {
                self.again(&letter).await
            };
            if result.is_err() {
                waiting.extend(group);
                self.release(std::slice::from_ref(&letter)).await;
            }
            outcomes.push((letter, result));
        }
        self.came_back(&mut outcomes, &old).await;
        Ok(outcomes)
    }

    /// Deletes letters, and hands nothing over.
    ///
    /// # Errors
    /// A queue that does not answer.
    pub async fn discard(&self, wanted: &Wanted) -> Result<Vec<Outcome>, Untaken> {
        let (chosen, _) = self.choose(wanted).await?;
        Ok(join_all(chosen.into_iter().map(async |letter| {
            let deleted = self.delete(&letter).await;
            if deleted.is_err() {
                self.release(std::slice::from_ref(&letter)).await;
            }
            (letter, deleted)
        }))
        .await)
    }

    /// Receives those that are wanted; the others, which are told as well, are everybody's again.
    async fn choose(&self, wanted: &Wanted) -> Result<(Vec<DeadLetter>, Vec<DeadLetter>), Untaken> {
        let (chosen, others): (_, Vec<_>) = self.receive().await?.into_iter().partition(|letter| wanted.is(letter));
        self.release(&others).await;
        Ok((chosen, others))
    }

    /// Receives all, or none.
    async fn receive(&self) -> Result<Vec<DeadLetter>, Untaken> {
        let mut letters = Vec::new();
        let from = async |queue: &String| {
            let mut of_queue = Vec::new();
            let received = self.receive_from(queue, &mut of_queue).await;
            (of_queue, received)
        };
        let mut all = Ok(());
        for (of_queue, received) in join_all(self.queues.iter().map(from)).await {
            letters.extend(of_queue);
            all = all.and(received);
        }
        if all.is_err() {
            self.release(&letters).await;
        }
        all.map(|()| letters)
    }

    async fn receive_from(&self, queue: &str, letters: &mut Vec<DeadLetter>) -> Result<(), Untaken> {
        while letters.len() < MOST {
            let asked = self.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
            let asked = asked.visibility_timeout(OURS_FOR).wait_time_seconds(1).message_attribute_names("All");
            let received = asked.message_system_attribute_names(MessageSystemAttributeName::All).send().await;
            let messages = received.map_err(|error| untaken(queue, &error))?.messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            letters.extend(messages.into_iter().map(|message| DeadLetter::of(message, queue)));
        }
        Ok(())
    }

    /// Lets everybody have what was received. Who does not hear of it gets it later.
    async fn release(&self, letters: &[DeadLetter]) {
        join_all(letters.iter().map(|letter| {
            let asked = self.sqs.change_message_visibility().queue_url(&letter.queue).visibility_timeout(0);
            asked.set_receipt_handle(letter.message.receipt_handle.clone()).send()
        }))
        .await;
    }

    async fn delete(&self, letter: &DeadLetter) -> Result<(), Untaken> {
        let asked = self.sqs.delete_message().queue_url(&letter.queue);
        let deleted = asked.set_receipt_handle(letter.message.receipt_handle.clone()).send().await;
        deleted.map(drop).map_err(|error| untaken("it was taken, and is not deleted", &error))
    }

    /// Hands over what a letter is about, and deletes the letter.
    async fn again(&self, letter: &DeadLetter) -> Result<(), Untaken> {
        match &letter.matter {
            Matter::NoEvent(no_event) => {
                let NoEvent { sequence_number, keys, .. } = no_event.clone();
                let change = StreamChange { sequence_number, keys, new_image: serde_dynamo::Item::default() };
                let record = StreamRecord { event_name: "INSERT".to_owned(), dynamodb: change };
                self.hand(self.name_of(&no_event.function), vec![record]).await?;
            }
            Matter::NoRows(no_rows) => {
                let NoRows { message_id, group, body, .. } = no_rows.clone();
                let attributes = SqsAttributes { message_group_id: group };
                let event = MessageEvent::Sqs { records: vec![SqsRecord { message_id, body, attributes }] };
                self.invoke(self.name_of(ANALYTICS), &event).await?;
            }
            Matter::GivenUp(given_up) => {
                self.hand(&given_up.request.function_arn, self.recorded(given_up).await?).await?;
            }
            Matter::Unread { from } => self.send_back(letter, from.as_deref()).await?,
        }
        self.delete(letter).await
    }

    /// Hands records to a function, each with its item as it is by now: what was mended is handed over mended.
    async fn hand(&self, function: &str, records: Vec<StreamRecord>) -> Result<(), Untaken> {
        for batch in records.chunks(TOGETHER) {
            let records = try_join_all(batch.iter().map(|record| self.as_it_is(record.clone()))).await?;
            self.invoke(function, &StreamEvent { records }).await?;
        }
        Ok(())
    }

    /// Invokes a function with a batch, which it takes as a whole or not at all.
    async fn invoke(&self, function: &str, event: &impl Serialize) -> Result<(), Untaken> {
        let event = serde_json::to_vec(event).map_err(|error| untaken("the batch", &error))?;
        let invoked = self.lambda.invoke().function_name(function).payload(Blob::new(event)).send().await;
        let answer = invoked.map_err(|error| untaken("the function cannot be invoked", &error))?;
        if let Some(kind) = answer.function_error {
            return Err(Untaken(format!("the function failed ({kind}); its log says why")));
        }
        let told = answer.payload.map(Blob::into_inner).unwrap_or_default();
        let answer: BatchAnswer =
            serde_json::from_slice(&told).map_err(|error| untaken("the function's answer", &error))?;
        match answer.batch_item_failures.first() {
            None => Ok(()),
            Some(first) => {
                Err(Untaken(format!("the function has not taken {}; its log says why", first.item_identifier)))
            }
        }
    }

    /// Whether a function is called this where it runs.
    fn is_named(&self, function: &str, there: &str) -> bool {
        self.name_of(function) == there || function == there
    }

    fn name_of<'a>(&'a self, function: &'a str) -> &'a str {
        self.functions.get(function).map_or(function, String::as_str)
    }

    async fn as_it_is(&self, mut record: StreamRecord) -> Result<StreamRecord, Untaken> {
        let change = &mut record.dynamodb;
        let key = HashMap::from(change.keys.clone());
        let asked = self.dynamodb.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let found = asked.send().await.map_err(|error| untaken("the table", &error))?;
        match found.item {
            Some(item) => change.new_image = item.into(),
            // What the stream has told of is what is left of it.
            None if !change.new_image.is_empty() => {}
            None => return Err(Untaken("the item is not in the table".to_owned())),
        }
        Ok(record)
    }

    /// The records that were given up, as far as they are for the function.
    async fn recorded(&self, given_up: &GivenUp) -> Result<Vec<StreamRecord>, Untaken> {
        let (batch, taken) = (&given_up.batch, self.takes(given_up.function())?);
        let forgotten = |error: &(dyn std::error::Error + 'static)| untaken("the stream, which keeps a day", error);
        let asked = self.streams.get_shard_iterator().stream_arn(&batch.stream_arn).shard_id(&batch.shard_id);
        let asked = asked.shard_iterator_type(ShardIteratorType::AtSequenceNumber);
        let begun = asked.sequence_number(&batch.start_sequence_number).send().await;
        let (mut next, mut records) = (begun.map_err(|error| forgotten(&error))?.shard_iterator, Vec::new());
        for _ in 0..PATIENCE {
            let Some(iterator) = next else { return Ok(records) };
            let told = self.streams.get_records().shard_iterator(iterator).send().await;
            let told = told.map_err(|error| forgotten(&error))?;
            for record in told.records.unwrap_or_default() {
                let place =
                    record.dynamodb().and_then(|change| change.sequence_number()).unwrap_or_default().to_owned();
                if in_order(&place) <= in_order(&batch.end_sequence_number) {
                    records.extend(new_item(record).filter(|record| record.is_among(taken)));
                }
                if in_order(&place) >= in_order(&batch.end_sequence_number) {
                    return Ok(records);
                }
            }
            next = told.next_shard_iterator;
        }
        Err(Untaken("the stream does not come to the end of the batch".to_owned()))
    }

    /// Which records are for a function.
    fn takes(&self, name: &str) -> Result<&'static [Beginning], Untaken> {
        let found = FUNCTIONS.iter().find_map(|function| match function.trigger {
            Trigger::Stream(taken) if self.is_named(function.name, name) => Some(taken),
            _ => None,
        });
        found.ok_or_else(|| Untaken(format!("no name is known for {name}; FUNCTION_NAMES tells names")))
    }

    /// Sends a message to where it comes from, for the same reader and behind what has come for the same player by now.
    async fn send_back(&self, letter: &DeadLetter, from: Option<&str>) -> Result<(), Untaken> {
        let queue = match (from, &self.back_to) {
            (Some(arn), _) => {
                let (account, name) = arn
                    .rsplit_once(':')
                    .map_or(("", arn), |(rest, name)| (rest.rsplit(':').next().unwrap_or_default(), name));
                let asked = self.sqs.get_queue_url().queue_name(name).queue_owner_aws_account_id(account);
                asked.send().await.map_err(|error| untaken(name, &error))?.queue_url.unwrap_or_default()
            }
            (None, Some(url)) => url.clone(),
            (None, None) => return Err(Untaken("it does not say where it comes from; --to names a queue".to_owned())),
        };
        // Under its old id the queue would drop it, if it is not five minutes since it was sent first.
        let known = letter.group().map(|_| letter.id());
        let sent = self.sqs.send_message().queue_url(queue).message_body(letter.body());
        let sent = sent.set_message_attributes(letter.message.message_attributes.clone());
        let sent = sent.set_message_group_id(letter.group().map(str::to_owned));
        let sent = sent.set_message_deduplication_id(known.map(str::to_owned)).send().await;
        sent.map(drop).map_err(|error| untaken("its queue", &error))
    }

    /// What a function puts aside, it has taken. So letters are looked for that were not there before and say so.
    async fn came_back(&self, outcomes: &mut [Outcome], old: &HashSet<String>) {
        let may_come_back =
            |(letter, result): &&mut Outcome| result.is_ok() && !matches!(letter.matter, Matter::Unread { .. });
        let mut handed = outcomes.iter_mut().filter(may_come_back).peekable();
        if handed.peek().is_none() {
            return;
        }
        let now = self.list().await;
        for (letter, result) in handed {
            *result = match &now {
                Ok(now) => {
                    let new =
                        now.iter().filter(|new| !old.contains(new.id()) && self.tells_of(&new.matter, &letter.matter));
                    let ids: Vec<_> = new.map(DeadLetter::id).collect();
                    if ids.is_empty() {
                        Ok(())
                    } else {
                        Err(Untaken(format!("it was put aside again, as {}", ids.join(", "))))
                    }
                }
                Err(error) => Err(Untaken(format!(
                    "it was handed over, and nobody knows whether it was put aside again: {error}"
                ))),
            };
        }
    }

    /// Whether the one says that a function has put aside what the other is about.
    fn tells_of(&self, new: &Matter, handed: &Matter) -> bool {
        match (new, handed) {
            (Matter::NoEvent(new), Matter::NoEvent(handed)) => {
                (&new.function, &new.keys) == (&handed.function, &handed.keys)
            }
            (Matter::NoRows(new), Matter::NoRows(handed)) => new.message_id == handed.message_id,
            (Matter::NoEvent(new), Matter::GivenUp(handed)) => {
                self.is_named(&new.function, handed.function()) && handed.batch.holds(&new.sequence_number)
            }
            _ => false,
        }
    }
}
