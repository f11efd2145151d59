//! The stream of the table, read back and handed to the functions that consume it, as Lambda does.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodbstreams::{
    Client,
    types::{Record, ShardIteratorType},
};
use croupier_functions::FUNCTIONS;
use croupier_web::{
    bus::Sinks,
    config::Need,
    event::{BatchAnswer, StreamChange, StreamEvent, StreamRecord},
    function::{Function, Trigger},
};
use serde::ser::Error;
use serde_json::json;
use tokio::sync::Notify;

use crate::{
    invocation::invoke,
    queue::{self, Refused, Sent},
    stack::Running,
};

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
    /// Whom it feeds.
    consumers: Vec<&'static Function>,
    /// How often a record is tried before it is put aside; without, there is no end of it.
    tries: Option<u32>,
    /// Says that the table may have changed.
    pub(crate) wake: Notify,
    /// Where it is kept how far was read, if anywhere.
    checkpoint: Option<PathBuf>,
    /// How far was read.
    place: Mutex<Option<String>>,
    /// Whether an earlier process had begun to read.
    pub resumed: bool,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Reader {
    /// Readers of the stream of this name: one for what is in this process, and one for Kafka, where events go there. It is another machine's
    /// and may be away: nobody else waits for it.
    pub fn all(client: &Client, arn: &str, checkpoint: Option<&Path>, sinks: Sinks) -> (Self, Option<Self>) {
        let consumers = FUNCTIONS.iter().filter(|function| matches!(function.trigger, Trigger::Stream(_)));
        let fed = consumers.filter(|function| sinks.feed(&function.needs()));
        let (of_kafka, others): (Vec<_>, Vec<_>) = fed.partition(|function| function.needs().contains(&Need::Kafka));
        let reader = |consumers, tries, checkpoint: Option<PathBuf>| {
            let place = checkpoint.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
            let (client, arn, resumed, wake) = (client.clone(), arn.to_owned(), place.is_some(), Notify::new());
            Self { client, arn, consumers, tries, wake, checkpoint, place: Mutex::new(place), resumed }
        };
        let kafka = || reader(of_kafka, None, checkpoint.map(|path| path.with_extension("kafka")));
        (reader(others, Some(TRIES), checkpoint.map(Path::to_owned)), sinks.kafka.then(kafka))
    }

    /// Reads and delivers, without end.
    pub async fn follow(&self, running: &Running) {
        loop {
            if let Err(error) = self.read(running).await {
                tracing::warn!(%error, "the stream cannot be read, and is tried again");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    async fn read(&self, running: &Running) -> Result<(), Failed> {
        let described = self.client.describe_stream().stream_arn(&self.arn).send().await?;
        let shards = described.stream_description.and_then(|stream| stream.shards).unwrap_or_default();
        // The embedded table's stream has one shard.
        let shard = shards.into_iter().next().and_then(|shard| shard.shard_id).ok_or("the stream has no shard")?;
        let from = self.place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kind = if from.is_some() { ShardIteratorType::AfterSequenceNumber } else { ShardIteratorType::TrimHorizon };
        let begin = self.client.get_shard_iterator().stream_arn(&self.arn).shard_id(&shard);
        let mut place = begin.shard_iterator_type(kind).set_sequence_number(from).send().await?.shard_iterator;
        while let Some(iterator) = place {
            let batch = self.client.get_records().shard_iterator(iterator).send().await?;
            let records = batch.records.unwrap_or_default();
            place = batch.next_shard_iterator;
            let Some(last) = records.last().and_then(|record| record.dynamodb()?.sequence_number().map(str::to_owned))
            else {
                if tokio::time::timeout(LOOK_EVERY, self.wake.notified()).await.is_ok() {
                    tokio::time::sleep(GATHER).await;
                }
                continue;
            };
            let new: Vec<_> = records.into_iter().filter_map(new_item).collect();
            for function in &self.consumers {
                let Trigger::Stream(taken) = function.trigger else { continue };
                let taken = new.iter().filter(|record| record.is_among(taken)).cloned().collect();
                for dead in deliver(running, function, self.tries, taken).await? {
                    self.give_up(running, function, &shard, &dead)?;
                }
            }
            self.keep(last)?;
        }
        Ok(())
    }

    fn keep(&self, place: String) -> std::io::Result<()> {
        if let Some(path) = &self.checkpoint {
            // A file that is renamed is whole, whenever the process ends. Each reader has its own: they write at the same time.
            let mut unfinished = path.clone().into_os_string();
            unfinished.push(".new");
            std::fs::write(&unfinished, &place)?;
            std::fs::rename(unfinished, path)?;
        }
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        Ok(())
    }

    /// Puts a record aside as Lambda does, which tells where it is and not what it is.
    fn give_up(
        &self,
        running: &Running,
        function: &Function,
        shard: &str,
        record: &StreamRecord,
    ) -> Result<(), serde_json::Error> {
        let (place, now) = (&record.dynamodb.sequence_number, running.app.clock.now());
        let (requested, name) = (running.fresh_name(), function.name);
        tracing::error!(function = name, place, "a record is put aside");
        let told = json!({
            "version": "1.0",
            "timestamp": now,
            "requestContext": {
                "requestId": requested,
                "functionArn": queue::arn("lambda", &format!("function:{name}")),
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": TRIES,
            },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": null },
            "DDBStreamBatchInfo": {
                "shardId": shard,
                "startSequenceNumber": place,
                "endSequenceNumber": place,
                "batchSize": 1,
                "streamArn": self.arn,
            },
        });
        let message: Sent = serde_json::from_value(json!({ "MessageBody": told.to_string() }))?;
        let refused = |(code, why): Refused| serde_json::Error::custom(format!("{code}: {why}"));
        let queue = running.queues.named(&queue::failures_of(name)).map_err(refused)?;
        queue.send(message, now).map(drop).map_err(refused)
    }
}

/// Delivers a batch: after a failure it goes on from the first failed record, and leaves that one behind in the end, if there is one. Tells which
/// were left.
async fn deliver(
    running: &Running,
    function: &Function,
    most: Option<u32>,
    mut batch: Vec<StreamRecord>,
) -> Result<Vec<StreamRecord>, Failed> {
    let (mut tries, mut dead) = (0, Vec::new());
    while !batch.is_empty() {
        let event = serde_json::to_value(StreamEvent { records: batch.clone() })?;
        let answered = UNASKED.scope((), invoke(function, &running.app, event)).await?;
        let answer: BatchAnswer = serde_json::from_value(answered)?;
        let failed = |record: &StreamRecord| {
            let place = &record.dynamodb.sequence_number;
            answer.batch_item_failures.iter().any(|item| item.item_identifier == *place)
        };
        let Some(first) = batch.iter().position(failed) else { break };
        tries = if first == 0 { tries + 1 } else { 1 };
        batch.drain(..first);
        if most.is_none() {
            tokio::time::sleep(LOOK_EVERY).await;
        } else if most == Some(tries) {
            dead.push(batch.remove(0));
            tries = 0;
        }
    }
    Ok(dead)
}

/// The record as Lambda hands it over, if it tells of a new item: the template's filters let nothing else through.
pub(crate) fn new_item(record: Record) -> Option<StreamRecord> {
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
