use std::collections::BTreeMap;

use croupier_rules::{id::PlayerId, ledger::Entry};
use croupier_store::key::PLAYED_PARTS;
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
    const COUNTS: bool = true;

    async fn consume(app: &App, batch: Vec<StreamRecord>) -> Vec<FailedRecord> {
        let mut failed = Vec::new();
        let mut parts: BTreeMap<u64, BTreeMap<PlayerId, Vec<String>>> = BTreeMap::new();
        for record in batch {
            match record.entry() {
                Ok((place, Entry { player, .. })) => {
                    parts.entry(player.shard(PLAYED_PARTS)).or_default().entry(player).or_default().push(place);
                }
                Err(unreadable) => failed.push(unreadable),
            }
        }
        failed
            .extend(join_all(parts.into_values().map(|players| count_part(app, players))).await.into_iter().flatten());
        failed
    }
}

/// Counts one player after the other: those of one part add to the same totals, and would only get in each other's way.
async fn count_part(app: &App, players: BTreeMap<PlayerId, Vec<String>>) -> Vec<FailedRecord> {
    let mut failed = Vec::new();
    for (player, places) in players {
        if let Err(failure) = count(app, player).await {
            failed.extend(FailedRecord::each(places, failure.told()));
        }
    }
    failed
}

async fn count(app: &App, player: PlayerId) -> Result<(), Failure> {
    app.store()?.project(player, app.economy.calendar).await?;
    Ok(())
}
