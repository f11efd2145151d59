use std::collections::{BTreeMap, BTreeSet};

use croupier_rules::event::{
    Event,
    row::{Row, Table},
};
use croupier_web::{
    app::App,
    bus::NoRows,
    config::Need,
    queue::{FailedMessage, Message, QueueConsumer},
};
use futures_util::future::join_all;

/// Writes rows of ClickHouse: one of each event, and one more of rewards and of the steps of purchases. Each table is given all rows of a
/// batch with one request. An event that comes again makes the same rows again, and the tables keep one of them.
pub struct Analytics;

/// A row as it is sent, and of which message it comes.
type Line = (usize, String);

impl QueueConsumer for Analytics {
    const NAME: &'static str = "analytics";
    const NEEDS: &'static [Need] = &[Need::Warehouse, Need::AnalyticsFailures];

    async fn consume(app: &App, batch: Vec<Message>) -> Vec<FailedMessage> {
        let (mut tables, mut failed) = (BTreeMap::<Table, Vec<Line>>::new(), Vec::new());
        for (place, message) in batch.iter().enumerate() {
            match rows(&message.body) {
                Ok(rows) => {
                    for (table, row) in rows {
                        tables.entry(table).or_default().push((place, row));
                    }
                }
                Err(cause) => failed.extend(put_aside(app, message, &cause).await.err()),
            }
        }
        let inserts = tables.iter().map(async |(table, lines)| insert(app, *table, lines).await.err());
        for (places, cause) in join_all(inserts).await.into_iter().flatten() {
            let ids = places.into_iter().map(|place| batch[place].id.clone());
            failed.extend(ids.map(|id| FailedMessage { id, cause: cause.clone() }));
        }
        failed
    }
}

/// The rows that a message makes, as they are sent; none of a probe, which tells of nothing that happened.
fn rows(body: &str) -> Result<Vec<(Table, String)>, String> {
    let Some(event) = Event::read(body).map_err(|unreadable| unreadable.to_string())? else { return Ok(Vec::new()) };
    let rows = Row::of(&event).map_err(|error| error.to_string())?;
    let lines = rows.iter().map(|row| Ok((row.table(), serde_json::to_string(row)?)));
    lines.collect::<Result<_, serde_json::Error>>().map_err(|error| error.to_string())
}

/// Adds rows to a table; else tells of which messages they are, and why they are not there.
async fn insert(app: &App, table: Table, lines: &[Line]) -> Result<(), (BTreeSet<usize>, String)> {
    let rows: Vec<_> = lines.iter().map(|(_, row)| row.as_str()).collect();
    let taken = match app.warehouse() {
        Ok(warehouse) => warehouse.insert(table, &rows).await.map_err(|not_taken| not_taken.to_string()),
        Err(failure) => Err(failure.told().to_owned()),
    };
    taken.map_err(|cause| (lines.iter().map(|(place, _)| *place).collect(), cause))
}

/// No try would make rows of it: it is kept for an operator, with the reason, and holds up nobody.
async fn put_aside(app: &App, message: &Message, cause: &str) -> Result<(), FailedMessage> {
    let Message { id, group, body } = message;
    tracing::error!(function = Analytics::NAME, message_id = id, cause, "a message makes no rows");
    let (message_id, group, body) = (id.clone(), group.clone(), body.clone());
    let what = NoRows { message_id, group, body, cause: cause.to_owned() };
    let kept = match app.analytics_failures() {
        Ok(aside) => aside.put(&what).await,
        Err(failure) => Err(failure.told().to_owned()),
    };
    kept.map_err(|cause| FailedMessage { id: id.clone(), cause })
}
