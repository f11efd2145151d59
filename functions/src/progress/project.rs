use std::collections::BTreeMap;

use croupier_rules::id::PlayerId;
use croupier_store::item::EntryRecord;
use croupier_web::{
    app::App,
    config::Need,
    consumer::{FailedRecord, StreamConsumer},
    error::Failure,
    event::StreamRecord,
};
use futures_util::future::join_all;

/// Counts what was played into the boards and the totals of everyone. A record says only whose ledger has grown: what is
/// counted is the ledger itself, so that one that comes twice, late or out of order changes nothing.
pub struct Project;

impl StreamConsumer for Project {
    const NAME: &'static str = "project";
    const NEEDS: &'static [Need] = &[Need::Table];

    async fn consume(app: &App, batch: Vec<StreamRecord>) -> Vec<FailedRecord> {
        let mut failed = Vec::new();
        let mut players: BTreeMap<PlayerId, Vec<String>> = BTreeMap::new();
        for record in batch {
            let sequence_number = record.dynamodb.sequence_number;
            match serde_dynamo::from_item::<_, EntryRecord>(record.dynamodb.new_image) {
                Ok(EntryRecord { entry, .. }) => players.entry(entry.player).or_default().push(sequence_number),
                Err(error) => failed.push(FailedRecord { sequence_number, cause: error.to_string() }),
            }
        }
        let counted = players.into_iter().map(async |(player, places)| {
            let cause = count(app, player).await.err()?;
            let cause = cause.cause.unwrap_or(cause.detail);
            Some(places.into_iter().map(move |place| FailedRecord { sequence_number: place, cause: cause.clone() }))
        });
        failed.extend(join_all(counted).await.into_iter().flatten().flatten());
        failed
    }
}

async fn count(app: &App, player: PlayerId) -> Result<(), Failure> {
    app.store()?.project(player, app.economy.calendar).await?;
    Ok(())
}
