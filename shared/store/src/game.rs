//! What a game leaves in the table besides the ledger: items, and sessions.

use croupier_rules::{
    id::{GameSessionId, PlayerId},
    ledger::{Action, Entry},
    session::{EndedSession, SessionRules},
    time::Timestamp,
};

use crate::{
    Store, StoreError,
    item::{GameRecord, Item, ItemRecord, decode},
    key::{Key, SK},
    tx::{Conflict, NotCommitted, Tx},
};

/// What an entry brings about, in its own transaction.
pub(crate) fn effects<'a>(tx: Tx<'a>, entry: &Entry, sessions: SessionRules) -> Tx<'a> {
    let player = entry.player;
    match &entry.action {
        Action::GachaPull(round) => round
            .won()
            .into_iter()
            .fold(tx, |tx, (item, count)| tx.add(&Key::possession(player, item), &[("count", count)])),
        Action::SessionStart { session_id, .. } => {
            let record = GameRecord { player, session: *session_id, ended: None };
            tx.create(
                &Key::due_game_session(player, *session_id, sessions.idle_after(entry.at)),
                &record,
                Conflict::Broken,
            )
        }
        Action::SessionEnd(ended) => {
            let session = ended.session_id;
            tx.write(&Key::game_session(player, session), &GameRecord { player, session, ended: Some(*ended) })
        }
        Action::Signup { .. }
        | Action::SlotSpin(_)
        | Action::MissionClaim { .. }
        | Action::StreakClaim { .. }
        | Action::HoldCreate { .. }
        | Action::HoldRelease { .. }
        | Action::PurchaseStart(_)
        | Action::Purchase(_)
        | Action::PurchaseFail { .. }
        | Action::PurchaseRefund { .. }
        | Action::RewardGrant(_)
        | Action::CampaignClaim(_)
        | Action::BalanceAdjust { .. }
        | Action::FairnessRotate { .. } => tx,
    }
}

impl Store {
    /// What a player has, by the id of the item.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn items(&self, player: PlayerId) -> Result<Vec<(String, u64)>, StoreError> {
        let (partition, prefix) = Key::possessions(player);
        let found = self.beginning((partition, prefix)).await?;
        let named = |item: Item| -> Result<_, StoreError> {
            let id = item.get(SK).and_then(|sk| sk.as_s().ok()?.strip_prefix(prefix)).unwrap_or_default().to_owned();
            Ok((id, decode::<ItemRecord>(item)?.count))
        };
        found.into_iter().map(named).collect()
    }

    /// The sessions of a player that are over, the newest first, begun before one of them.
    ///
    /// # Errors
    /// As [`Store::items`].
    pub async fn ended_sessions(
        &self,
        player: PlayerId,
        before: Option<GameSessionId>,
        limit: usize,
    ) -> Result<(Vec<EndedSession>, Option<GameSessionId>), StoreError> {
        // The one that goes on may be among them, and one more than is shown tells whether there are more.
        let records: Vec<GameRecord> =
            self.newest_of(Key::game_sessions(player), before.map(|id| id.to_string()), limit + 2).await?;
        let mut ended: Vec<_> = records.into_iter().filter_map(|record| record.ended).collect();
        let more = ended.len() > limit;
        ended.truncate(limit);
        let next = ended.last().filter(|_| more).map(|last| last.session_id);
        Ok((ended, next))
    }

    /// Looks at a session again later: something happened in it.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn put_off(&self, player: PlayerId, session: GameSessionId, due: Timestamp) -> Result<(), NotCommitted> {
        self.tx().set_due(&Key::due_game_session(player, session, due), Conflict::Unknown).commit().await
    }
}
