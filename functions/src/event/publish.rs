use croupier_store::key::{Beginning, DEEDS, ENTRIES, LOGINS};
use croupier_web::{
    app::App,
    config::Need,
    consumer::{FailedRecord, StreamConsumer},
    event::StreamRecord,
};

use super::send::{Sink, send};

/// Puts an event for each new entry of a ledger, each login and each deed of an operator into the queue.
pub struct Publish;

impl StreamConsumer for Publish {
    const NAME: &'static str = "publish";
    const TAKES: &'static [Beginning] = &[ENTRIES, LOGINS, DEEDS];
    const NEEDS: &'static [Need] = &[Need::Queue];

    async fn consume(app: &App, batch: Vec<StreamRecord>) -> Vec<FailedRecord> {
        send(app, batch, Sink::Queue).await
    }
}
