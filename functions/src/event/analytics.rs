use std::{collections::BTreeMap, mem};

use croupier_rules::event::{
    Event,
    row::{Row, Table},
};
use croupier_web::{
    app::App,
    bus::NoRows,
    config::Need,
    queue::{FailedMessage, Message, QueueConsumer},
    warehouse::{NotTaken, Warehouse},
};
use futures_util::future::join_all;

/// Writes rows of ClickHouse: one of each event, and one more of rewards and of the steps of purchases. Each table is given all rows of a
/// batch with one request. An event that comes again makes the same rows again, and the tables keep one of them.
pub struct Analytics;

/// A row as it is sent, and of which message it comes.
type Line = (usize, String);

/// How often refused rows of one table are halved; then the rest comes again. Ten rows need nine, one row among a thousand is found with ten.
const MOST_HALVED: usize = 64;

impl QueueConsumer for Analytics {
    const NAME: &'static str = "analytics";
    const NEEDS: &'static [Need] = &[Need::Warehouse, Need::AnalyticsFailures];

    async fn consume(app: &App, batch: Vec<Message>) -> Vec<FailedMessage> {
        let (mut tables, mut poison) = (BTreeMap::<Table, Vec<Line>>::new(), BTreeMap::new());
        for (place, message) in batch.iter().enumerate() {
            match rows(&message.body) {
                Ok(rows) => {
                    for (table, row) in rows {
                        tables.entry(table).or_default().push((place, row));
                    }
                }
                Err(cause) => {
                    poison.insert(place, cause);
                }
            }
        }
        let mut failed = BTreeMap::new();
        let inserts = tables.iter().map(async |(table, lines)| insert(app, *table, lines).await);
        for (place, not_taken) in join_all(inserts).await.into_iter().flatten() {
            let cause = not_taken.to_string();
            match not_taken {
                NotTaken::Refused(_) => poison.insert(place, cause),
                NotTaken::NotNow(_) => failed.insert(place, cause),
            };
        }
        // What comes again is put aside then.
        poison.retain(|place, _| !failed.contains_key(place));
        let aside = poison.into_iter().map(async |(place, cause)| {
            let kept = put_aside(app, &batch[place], cause).await;
            kept.err().map(|cause| (place, cause))
        });
        failed.extend(join_all(aside).await.into_iter().flatten());
        failed.into_iter().map(|(place, cause)| FailedMessage { id: batch[place].id.clone(), cause }).collect()
    }
}

/// The rows that a message makes, as they are sent; none of a probe, which tells of nothing that happened.
fn rows(body: &str) -> Result<Vec<(Table, String)>, String> {
    let Some(event) = Event::read(body).map_err(|unreadable| unreadable.to_string())? else { return Ok(Vec::new()) };
    let rows = Row::of(&event).map_err(|error| error.to_string())?;
    let lines = rows.iter().map(|row| Ok((row.table(), serde_json::to_string(row)?)));
    lines.collect::<Result<_, serde_json::Error>>().map_err(|error| error.to_string())
}

/// Adds rows to a table; tells of which messages those are that are not there, and why.
async fn insert(app: &App, table: Table, lines: &[Line]) -> Vec<(usize, NotTaken)> {
    match app.warehouse() {
        Ok(warehouse) => insert_readable(warehouse, table, lines).await,
        Err(failure) => again(lines, failure.told()),
    }
}

/// When ClickHouse refuses rows together, one half is tried and then the other, until those are found that it means. A table that takes none at
/// all is rather at fault itself, and all come again.
async fn insert_readable(warehouse: &Warehouse, table: Table, lines: &[Line]) -> Vec<(usize, NotTaken)> {
    let (mut waiting, mut refused, mut rest) = (vec![lines], Vec::new(), Vec::new());
    let (mut halved, mut takes_any) = (0, false);
    while let Some(lines) = waiting.pop() {
        let rows: Vec<_> = lines.iter().map(|(_, row)| row.as_str()).collect();
        match warehouse.insert(table, &rows).await {
            Ok(()) => takes_any = true,
            Err(NotTaken::Refused(cause)) if lines.len() == 1 => refused.push((lines[0].0, cause)),
            Err(NotTaken::Refused(_)) if halved < MOST_HALVED => {
                let (first, second) = lines.split_at(lines.len() / 2);
                waiting.extend([second, first]);
                halved += 1;
            }
            // It is not asked any more.
            Err(NotTaken::Refused(cause) | NotTaken::NotNow(cause)) => {
                waiting.push(lines);
                rest = again(&mem::take(&mut waiting).concat(), &cause);
            }
        }
    }
    let verdict = if takes_any { NotTaken::Refused } else { NotTaken::NotNow };
    refused.into_iter().map(|(place, cause)| (place, verdict(cause))).chain(rest).collect()
}

/// Lets the messages of all these rows come again.
fn again(lines: &[Line], cause: &str) -> Vec<(usize, NotTaken)> {
    lines.iter().map(|(place, _)| (*place, NotTaken::NotNow(cause.to_owned()))).collect()
}

/// No try would make rows of it: it is kept for an operator, with the reason, and holds up nobody.
async fn put_aside(app: &App, message: &Message, cause: String) -> Result<(), String> {
    let Message { id, group, body } = message.clone();
    tracing::error!(function = Analytics::NAME, message_id = id, cause, "a message makes no rows");
    let what = NoRows { message_id: id, group, body, cause };
    match app.analytics_failures() {
        Ok(aside) => aside.put(&what).await,
        Err(failure) => Err(failure.told().to_owned()),
    }
}
