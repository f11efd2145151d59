//! What players are told on their open sockets.

use croupier_rules::{
    id::{EntryId, GameSessionId},
    ledger::{Action, Entry, GameType},
    money::{Coins, Gems},
    session::SessionSummary,
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
        balance_coin: Coins,
        balance_gem: Gems,
        delta_coin: i64,
        delta_gem: i64,
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
        match &entry.action {
            Action::Signup { .. } | Action::FairnessRotate { .. } => None,
            Action::SessionStart { session_id, game_type, .. } => {
                Some(session(SessionEvent::Start, *session_id, *game_type))
            }
            Action::SessionEnd(ended) => {
                let SessionSummary { total_rounds, total_bet, total_win, roi, .. } = ended.summary();
                let end = SessionEvent::End { total_rounds, total_bet, total_win, roi };
                Some(session(end, ended.session_id, ended.game_type))
            }
            Action::SlotSpin(_) | Action::GachaPull(_) | Action::MissionClaim { .. } | Action::StreakClaim { .. } => {
                Some(Self::TokenUpdate {
                    sequence: entry.number,
                    history_id: entry.id(),
                    balance_coin: entry.coins,
                    balance_gem: entry.gems,
                    delta_coin: entry.moved.coins,
                    delta_gem: entry.moved.gems,
                    source: entry.action.name(),
                    ts: entry.at,
                })
            }
        }
    }
}
