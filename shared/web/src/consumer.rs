//! What is invoked by something else than a request: a socket, the stream of the table.

use std::time::Instant;

use croupier_rules::{account::Session, admin::AuditEntry, event::Event, ledger::Entry};
use croupier_store::{
    item::EntryRecord,
    key::{Beginning, DEEDS, ENTRIES, Key, LOGINS, PK},
};
use serde::de::DeserializeOwned;
use serde_dynamo::AttributeValue;

use crate::{
    app::App,
    config::Need,
    error::{Code, Failure},
    event::{
        BatchAnswer, FailedItem, ScheduleAnswer, SocketAnswer, SocketEvent, SocketHappening, StreamChange, StreamEvent,
        StreamRecord,
    },
    line::{self, Invocation, Ran, Teller},
    takings::Takings,
};

/// Answers what happens to a socket.
pub trait SocketRoute: 'static {
    /// The function's name.
    const NAME: &'static str;
    /// What it answers.
    const HAPPENING: SocketHappening;
    /// What it cannot work without.
    const NEEDS: &'static [Need];
    /// With what it may refuse a client.
    const CODES: &'static [Code] = &[];

    /// Does it; the text goes back to the client.
    fn handle(app: &App, event: SocketEvent) -> impl Future<Output = Result<Option<String>, Failure>> + Send;
}

/// Takes new items of the table, at least once each, those of one player in order.
pub trait StreamConsumer: 'static {
    /// The function's name.
    const NAME: &'static str;
    /// Which ones.
    const TAKES: &'static [Beginning] = &[ENTRIES];
    /// What it cannot work without.
    const NEEDS: &'static [Need];
    /// Whether what was played and bought is counted into the metrics as this one takes it: one does.
    const COUNTS: bool = false;

    /// Takes a batch and tells which records failed, by their place in the stream: Lambda sends those again, and all that
    /// came after the first of them.
    fn consume(app: &App, batch: Vec<StreamRecord>) -> impl Future<Output = Vec<FailedRecord>> + Send;
}

/// Does something from time to time.
pub trait ScheduledTask: 'static {
    /// The function's name.
    const NAME: &'static str;
    /// How many minutes lie between two times.
    const EVERY_MINUTES: u32;
    /// What it cannot work without.
    const NEEDS: &'static [Need];

    /// Does it, and tells how many things were done, and how things stand.
    fn run(app: &App) -> impl Future<Output = Ran> + Send;
}

/// A record that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRecord {
    /// Its place in the stream.
    pub sequence_number: String,
    /// Why, for the log.
    pub cause: String,
}

impl FailedRecord {
    /// All records of these places, for one reason.
    pub fn each(places: Vec<String>, cause: &str) -> impl Iterator<Item = Self> + use<> {
        let cause = cause.to_owned();
        places.into_iter().map(move |sequence_number| Self { sequence_number, cause: cause.clone() })
    }
}

impl StreamRecord {
    /// The ledger entry that the record brings, and its place in the stream.
    ///
    /// # Errors
    /// A record that holds none.
    pub fn entry(self) -> Result<(String, Entry), FailedRecord> {
        let sequence_number = self.dynamodb.sequence_number.clone();
        match self.dynamodb.image::<EntryRecord>() {
            Ok(record) => Ok((sequence_number, record.entry)),
            Err(cause) => Err(FailedRecord { sequence_number, cause }),
        }
    }

    /// Whether its item's key begins in one of these ways.
    pub fn is_among(&self, kinds: &[Beginning]) -> bool {
        kinds.iter().any(|kind| self.dynamodb.is_of(*kind))
    }

    /// The event that the record makes.
    ///
    /// # Errors
    /// Why it makes none.
    pub fn event(self) -> Result<Event, String> {
        let change = self.dynamodb;
        if change.is_of(LOGINS) {
            let player = change.key(PK).and_then(Key::owner).ok_or("a login of nobody")?;
            return Ok(Event::of_login(player, &change.image::<Session>()?));
        }
        if change.is_of(DEEDS) {
            return Ok(Event::of_deed(&change.image::<AuditEntry>()?));
        }
        Ok(Event::of(&change.image::<EntryRecord>()?.entry))
    }
}

impl StreamChange {
    fn is_of(&self, beginning: Beginning) -> bool {
        beginning.begins(|half| self.key(half))
    }

    fn key(&self, half: &str) -> Option<&str> {
        match self.keys.get(half)? {
            AttributeValue::S(text) => Some(text),
            _ => None,
        }
    }

    fn image<T: DeserializeOwned>(self) -> Result<T, String> {
        serde_dynamo::from_item(self.new_image).map_err(|error| error.to_string())
    }
}

pub(crate) async fn socket<R: SocketRoute>(app: &App, invocation: &Invocation, event: SocketEvent) -> SocketAnswer {
    let begun = Instant::now();
    let (connection, request) = (event.request_context.connection_id.clone(), event.request_context.request_id.clone());
    // A gateway that lets a message choose its route must not let it choose to connect.
    let result = if event.request_context.event_type == R::HAPPENING {
        R::handle(app, event).await
    } else {
        Err(Failure::of(Code::NotFound))
    };
    let status = result.as_ref().map_or_else(|failure| failure.code.status(), |_| 200);
    let failure = result.as_ref().err();
    let call = line::Call { connection: Some(&connection), status, failure, ..line::Call::default() };
    Teller { function: R::NAME, invocation, at: app.clock.now() }.call(&request, &call, begun.elapsed());
    SocketAnswer { status_code: status, body: result.ok().flatten() }
}

pub(crate) async fn scheduled<T: ScheduledTask>(app: &App, invocation: &Invocation) -> Result<ScheduleAnswer, Failure> {
    let begun = Instant::now();
    let ran = T::run(app).await;
    Teller { function: T::NAME, invocation, at: app.clock.now() }.schedule(&ran, begun.elapsed());
    ran.done.map(|done| ScheduleAnswer { done })
}

pub(crate) async fn stream<C: StreamConsumer>(app: &App, invocation: &Invocation, event: StreamEvent) -> BatchAnswer {
    let begun = Instant::now();
    let records = event.records.len();
    let counted = if C::COUNTS { event.records.clone() } else { Vec::new() };
    let failed = C::consume(app, event.records).await;
    for FailedRecord { sequence_number, cause } in &failed {
        tracing::error!(function = C::NAME, sequence_number, cause, "record failed");
    }
    let teller = Teller { function: C::NAME, invocation, at: app.clock.now() };
    teller.batch(records, failed.len(), begun.elapsed());
    teller.takings(&takings(counted, &failed));
    let failures = failed.into_iter().map(|record| FailedItem { item_identifier: record.sequence_number });
    BatchAnswer { batch_item_failures: failures.collect() }
}

/// What the records tell before the first that failed: Lambda sends that one again, and all that came after it.
fn takings(records: Vec<StreamRecord>, failed: &[FailedRecord]) -> Takings {
    let is_failed =
        |record: &StreamRecord| failed.iter().any(|failed| failed.sequence_number == record.dynamodb.sequence_number);
    let taken = records.into_iter().take_while(|record| !is_failed(record));
    taken.filter_map(|record| record.entry().ok()).fold(Takings::default(), |mut takings, (_, entry)| {
        takings.add(&entry);
        takings
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spin of the example by which `project` is tried out, at another place.
    fn spin(sequence_number: &str) -> StreamRecord {
        let example =
            include_str!("../../../events/project.json").replace("PLAYER_ID", "ply_01M821HJXD54WQFZ000000000A");
        let mut event: StreamEvent = serde_json::from_str(&example).unwrap();
        let mut record = event.records.remove(0);
        record.dynamodb.sequence_number = sequence_number.to_owned();
        record
    }

    #[test]
    fn what_comes_again_is_counted_when_it_does() {
        let rounds = |failed: &[&str]| {
            let failed: Vec<_> = failed
                .iter()
                .map(|place| FailedRecord { sequence_number: (*place).to_owned(), cause: String::new() })
                .collect();
            takings(["1", "2", "3"].map(spin).into(), &failed)
                .games
                .into_values()
                .map(|played| played.rounds)
                .sum::<u64>()
        };
        assert_eq!(rounds(&[]), 3);
        assert_eq!(rounds(&["2"]), 1);
        assert_eq!(rounds(&["3", "1"]), 0);
    }
}
