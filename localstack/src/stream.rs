//! The stream of the table, read back and handed to the functions that consume it, as Lambda does.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodbstreams::{
    Client,
    types::{Record, ShardIteratorType},
};
use croupier_functions::FUNCTIONS;
use croupier_web::{
    app::App,
    event::{BatchAnswer, StreamChange, StreamEvent, StreamRecord},
    function::{Function, Trigger},
};
use tokio::sync::Notify;

/// How often a record is tried before it is put aside.
const TRIES: u32 = 3;
/// What happens within this time is handed over together.
const GATHER: Duration = Duration::from_millis(10);
/// When nobody says that something happened, somebody looks all the same.
const LOOK_EVERY: Duration = Duration::from_millis(250);

tokio::task_local! {
    /// Set while a function runs that no request has asked for.
    pub static UNASKED: ();
}

/// Reads the stream.
pub struct Reader {
    client: Client,
    arn: String,
    /// Where it is kept how far was read, if anywhere.
    checkpoint: Option<PathBuf>,
    /// How far was read.
    place: Mutex<Option<String>>,
    /// Whether an earlier process had begun to read.
    pub resumed: bool,
    /// Records that no try could deliver.
    pub dead: Mutex<Vec<StreamRecord>>,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Reader {
    /// A reader of the stream of this name.
    pub fn new(client: Client, arn: String, checkpoint: Option<PathBuf>) -> Self {
        let place = checkpoint.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let resumed = place.is_some();
        Self { client, arn, checkpoint, place: Mutex::new(place), resumed, dead: Mutex::default() }
    }

    /// Reads and delivers, without end.
    pub async fn follow(&self, app: &App, wake: &Notify) {
        loop {
            if let Err(error) = self.read(app, wake).await {
                tracing::warn!(%error, "the stream cannot be read, and is tried again");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    async fn read(&self, app: &App, wake: &Notify) -> Result<(), Failed> {
        let described = self.client.describe_stream().stream_arn(&self.arn).send().await?;
        let shards = described.stream_description.and_then(|stream| stream.shards).unwrap_or_default();
        // The embedded table's stream has one shard.
        let shard = shards.into_iter().next().and_then(|shard| shard.shard_id).ok_or("the stream has no shard")?;
        let from = self.place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kind = if from.is_some() { ShardIteratorType::AfterSequenceNumber } else { ShardIteratorType::TrimHorizon };
        let begin = self.client.get_shard_iterator().stream_arn(&self.arn).shard_id(shard);
        let mut place = begin.shard_iterator_type(kind).set_sequence_number(from).send().await?.shard_iterator;
        while let Some(iterator) = place {
            let batch = self.client.get_records().shard_iterator(iterator).send().await?;
            let records = batch.records.unwrap_or_default();
            place = batch.next_shard_iterator;
            let Some(last) = records.last().and_then(|record| record.dynamodb()?.sequence_number().map(str::to_owned))
            else {
                if tokio::time::timeout(LOOK_EVERY, wake.notified()).await.is_ok() {
                    tokio::time::sleep(GATHER).await;
                }
                continue;
            };
            let new: Vec<_> = records.into_iter().filter_map(new_item).collect();
            for function in FUNCTIONS {
                let Trigger::Stream(taken) = function.trigger else { continue };
                let is_taken = |record: &&StreamRecord| taken.iter().any(|kind| record.dynamodb.is_of(*kind));
                self.deliver(app, function, new.iter().filter(is_taken).cloned().collect()).await?;
            }
            self.keep(last)?;
        }
        Ok(())
    }

    fn keep(&self, place: String) -> std::io::Result<()> {
        if let Some(path) = &self.checkpoint {
            // A file that is renamed is whole, whenever the process ends.
            let unfinished = path.with_extension("new");
            std::fs::write(&unfinished, &place)?;
            std::fs::rename(unfinished, path)?;
        }
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        Ok(())
    }

    /// Delivers a batch: after a failure it goes on from the first failed record, and puts that one aside in the end.
    async fn deliver(&self, app: &App, function: &Function, mut batch: Vec<StreamRecord>) -> Result<(), Failed> {
        let mut tries = 0;
        while !batch.is_empty() {
            let event = serde_json::to_value(StreamEvent { records: batch.clone() })?;
            let answered = UNASKED.scope((), function.invoke(app, event)).await?;
            let answer: BatchAnswer = serde_json::from_value(answered)?;
            let failed = |record: &StreamRecord| {
                let place = &record.dynamodb.sequence_number;
                answer.batch_item_failures.iter().any(|item| item.item_identifier == *place)
            };
            let Some(first) = batch.iter().position(failed) else { return Ok(()) };
            tries = if first == 0 { tries + 1 } else { 1 };
            batch.drain(..first);
            if tries == TRIES {
                let dead = batch.remove(0);
                tracing::error!(
                    function = function.name,
                    place = dead.dynamodb.sequence_number,
                    "a record is put aside"
                );
                self.dead.lock().unwrap_or_else(PoisonError::into_inner).push(dead);
                tries = 0;
            }
        }
        Ok(())
    }
}

/// The record as Lambda hands it over, if it tells of a new item: the template's filters let nothing else through.
fn new_item(record: Record) -> Option<StreamRecord> {
    let event_name = record.event_name?.as_str().to_owned();
    let change = record.dynamodb?;
    (event_name == "INSERT").then(|| StreamRecord {
        event_name,
        dynamodb: StreamChange {
            sequence_number: change.sequence_number.unwrap_or_default(),
            keys: change.keys.map(serde_dynamo::Item::from).unwrap_or_default(),
            new_image: change.new_image.map(serde_dynamo::Item::from).unwrap_or_default(),
        },
    })
}
