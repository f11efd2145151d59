//! What players are told on their open sockets.

use croupier_rules::{
    id::{EntryId, GameSessionId, PurchaseId, RewardId},
    ledger::{Action, Entry, GameType},
    money::{Coins, Gems},
    name::{Description, ItemId},
    reward::{RewardAmount, RewardType},
    session::SessionSummary,
    shop::purchase::Status,
    time::Timestamp,
    totals::Ratio,
};
use serde::Serialize;

/// What a player is told.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Message {
    TokenUpdate {
        sequence: u64,
        history_id: EntryId,
        #[serde(flatten)]
        owned: Owned,
        source: &'static str,
        ts: Timestamp,
    },
    GameSession {
        #[serde(flatten)]
        event: SessionEvent,
        sequence: u64,
        external_session_id: GameSessionId,
        game_type: GameType,
        ts: Timestamp,
    },
    RewardGranted {
        sequence: u64,
        reward_id: RewardId,
        reward_type: RewardType,
        amount: RewardAmount,
        #[serde(skip_serializing_if = "Option::is_none")]
        item_id: Option<ItemId>,
        source: Description,
        #[serde(flatten)]
        owned: Owned,
        ts: Timestamp,
    },
    PurchaseUpdate {
        sequence: u64,
        transaction_id: PurchaseId,
        status: Status,
        #[serde(flatten)]
        owned: Owned,
        ts: Timestamp,
    },
}

/// What a player owns, and what has just changed of it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Owned {
    balance_coin: Coins,
    balance_gem: Gems,
    delta_coin: i64,
    delta_gem: i64,
}

impl Owned {
    fn after(entry: &Entry) -> Self {
        Self {
            balance_coin: entry.coins,
            balance_gem: entry.gems,
            delta_coin: entry.moved.coins,
            delta_gem: entry.moved.gems,
        }
    }
}

/// What became of a session of a game.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum SessionEvent {
    Start,
    End { total_rounds: u64, total_bet: Coins, total_win: Coins, roi: Ratio },
}

impl Message {
    /// What an entry is worth telling, if anything. Nobody has a socket open when signing up.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let session = |event, external_session_id, game_type| Self::GameSession {
            event,
            sequence: entry.number,
            external_session_id,
            game_type,
            ts: entry.at,
        };
        let purchase = |transaction_id, status| Self::PurchaseUpdate {
            sequence: entry.number,
            transaction_id,
            status,
            owned: Owned::after(entry),
            ts: entry.at,
        };
        match &entry.action {
            Action::Signup { .. } => None,
            Action::SessionStart { session_id, game_type, .. } => {
                Some(session(SessionEvent::Start, *session_id, *game_type))
            }
            Action::SessionEnd(ended) => {
                let SessionSummary { total_rounds, total_bet, total_win, roi, .. } = ended.summary();
                let end = SessionEvent::End { total_rounds, total_bet, total_win, roi };
                Some(session(end, ended.session_id, ended.game_type))
            }
            Action::PurchaseStart(sale) => Some(purchase(sale.transaction_id, Status::Pending)),
            Action::Purchase(sale) => Some(purchase(sale.transaction_id, Status::Success)),
            Action::PurchaseFail { transaction_id, status, .. } => Some(purchase(*transaction_id, *status)),
            Action::PurchaseRefund { sale, .. } => Some(purchase(sale.transaction_id, Status::Refunded)),
            Action::RewardGrant(award) | Action::CampaignClaim(award) => Some(Self::RewardGranted {
                sequence: entry.number,
                reward_id: award.reward_id,
                reward_type: award.prize.reward_type,
                amount: award.prize.amount,
                item_id: award.prize.item_id.clone(),
                source: award.source.clone(),
                owned: Owned::after(entry),
                ts: entry.at,
            }),
            Action::SlotSpin(_)
            | Action::GachaPull(_)
            | Action::MissionClaim { .. }
            | Action::StreakClaim { .. }
            | Action::HoldCreate { .. }
            | Action::HoldRelease { .. }
            | Action::BalanceAdjust { .. }
            | Action::FairnessRotate { .. } => Some(Self::TokenUpdate {
                sequence: entry.number,
                history_id: entry.id(),
                owned: Owned::after(entry),
                source: entry.action.name(),
                ts: entry.at,
            }),
        }
    }
}
