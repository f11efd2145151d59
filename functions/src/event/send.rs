//! What the functions that publish have in common: the events of each player in their order, wherever they go.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    time::{Duration, Instant},
};

use croupier_rules::id::PlayerId;
use croupier_web::{
    app::App,
    bus::{Aside, Letter, NoEvent, Sent},
    consumer::{FailedRecord, StreamConsumer},
    error::Failure,
    event::{StreamChange, StreamRecord},
};
use futures_util::future::join_all;

use super::{Publish, PublishKafka};

/// Where events go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sink {
    /// Into the queue.
    Queue,
    /// To Kafka.
    Kafka,
}

impl Sink {
    /// The function that brings events there.
    const fn function(self) -> &'static str {
        match self {
            Self::Queue => Publish::NAME,
            Self::Kafka => PublishKafka::NAME,
        }
    }

    async fn send(self, app: &App, letters: &[&Letter]) -> Vec<Sent> {
        let sent: Result<_, Failure> = async {
            Ok(match self {
                Self::Queue => app.bus()?.send(letters).await,
                Self::Kafka => app.kafka()?.send(letters).await,
            })
        }
        .await;
        sent.unwrap_or_else(|failure| vec![Sent::NotNow(failure.told().to_owned()); letters.len()])
    }

    fn aside(self, app: &App) -> Result<&Aside, Failure> {
        match self {
            Self::Queue => Ok(app.bus()?.aside()),
            Self::Kafka => app.kafka_failures(),
        }
    }

    /// No try would make an event of it: it is kept for an operator, with the reason, and holds up nobody.
    async fn put_aside(self, app: &App, origin: StreamChange, cause: String) -> Result<(), FailedRecord> {
        let StreamChange { sequence_number, keys, .. } = origin;
        tracing::error!(function = self.function(), sequence_number, cause, "a record makes no event");
        let what = NoEvent { function: self.function().to_owned(), sequence_number, keys, cause };
        let kept = match self.aside(app) {
            Ok(aside) => aside.put(&what).await,
            Err(failure) => Err(failure.told().to_owned()),
        };
        kept.map_err(|cause| FailedRecord { sequence_number: what.sequence_number, cause })
    }
}

/// How long turns of a batch begin. A function that is cut off has told nothing of what was taken, and all of it comes again.
pub const BATCH_PATIENCE: Duration = Duration::from_secs(40);

/// What is still to be sent of one player, and where in the stream it comes from.
type Waiting = VecDeque<(StreamChange, Letter)>;

/// Sends the events of a batch, those of one player in their order. Of each player one is on its way at a time: none goes out before the one
/// before it was taken.
pub(super) async fn send(app: &App, batch: Vec<StreamRecord>, sink: Sink) -> Vec<FailedRecord> {
    let begun = Instant::now();
    let (mut players, mut poison) = (BTreeMap::<PlayerId, Waiting>::new(), Vec::new());
    for record in batch {
        let StreamChange { sequence_number, keys, .. } = &record.dynamodb;
        let (sequence_number, keys) = (sequence_number.clone(), keys.clone());
        let origin = StreamChange { sequence_number, keys, new_image: Default::default() };
        match letter(record) {
            Ok((player, letter)) => players.entry(player).or_default().push_back((origin, letter)),
            Err(cause) => poison.push(sink.put_aside(app, origin, cause)),
        }
    }
    let mut failed: Vec<_> = join_all(poison).await.into_iter().filter_map(Result::err).collect();
    while !players.is_empty() {
        if begun.elapsed() > BATCH_PATIENCE {
            let rest = mem::take(&mut players).into_values().flatten();
            let places = rest.map(|(origin, _)| origin.sequence_number).collect();
            failed.extend(FailedRecord::each(places, "the batch takes too long, the rest comes again"));
            break;
        }
        let first = |(player, waiting): (&PlayerId, &mut Waiting)| Some((*player, waiting.pop_front()?));
        let next: Vec<_> = players.iter_mut().filter_map(first).collect();
        players.retain(|_, waiting| !waiting.is_empty());
        let letters: Vec<_> = next.iter().map(|(_, (_, letter))| letter).collect();
        let sent = sink.send(app, &letters).await;
        let settled = next.into_iter().zip(sent).map(async |((player, (origin, _)), sent)| match sent {
            Sent::Taken => Ok(()),
            Sent::NotNow(cause) => Err((player, FailedRecord { sequence_number: origin.sequence_number, cause })),
            Sent::Never(cause) => sink.put_aside(app, origin, cause).await.map_err(|failed| (player, failed)),
        });
        for (player, first) in join_all(settled).await.into_iter().filter_map(Result::err) {
            // What comes after it is sent again with it, and does not overtake it.
            let later = players.remove(&player).into_iter().flatten();
            let places = later.map(|(origin, _)| origin.sequence_number).collect();
            failed.extend(FailedRecord::each(places, &first.cause));
            failed.push(first);
        }
    }
    failed
}

fn letter(record: StreamRecord) -> Result<(PlayerId, Letter), String> {
    let event = record.event()?;
    let letter = Letter::of(&event).map_err(|error| error.to_string())?;
    Ok((event.envelope.player_id, letter))
}
