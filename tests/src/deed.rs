//! What a player can ask for under a key, and how it looks in the ledger.

use croupier_rules::{
    id::GameSessionId,
    ledger::{Action, GameType},
};
use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};

/// The missions, and one that nobody has made.
pub const MISSIONS: [&str; 5] = ["first_play", "slot_master", "joy_of_winning", "weekly_challenge", "no_such_mission"];

/// Something that is done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A spin for this stake.
    Spin(u64),
    /// So many pulls.
    Pull(usize),
    /// A session of a game begins.
    Start(GameType),
    /// A session ends.
    End(String),
    /// What a mission pays is claimed.
    Claim(String),
    /// What this day of the streak pays is claimed.
    ClaimDay,
    /// Another server seed, with this client seed.
    Rotate(String),
}

impl Deed {
    /// Another one, which is no repeat of this one.
    pub fn other(&self, chance: &mut StdRng) -> Self {
        match self {
            Self::Spin(bet) if chance.random_bool(0.7) => Self::Spin(bet + 1),
            Self::Pull(count) if chance.random_bool(0.7) => Self::Pull(count % 100 + 1),
            _ => Self::rotation(chance),
        }
    }

    /// A rotation to a client seed that nobody has.
    pub fn rotation(chance: &mut StdRng) -> Self {
        Self::Rotate(name(chance))
    }

    /// The end of a session that nobody has begun.
    pub fn end_of_nothing(chance: &mut StdRng) -> Self {
        Self::End(GameSessionId::new(1, chance.random()).to_string())
    }

    /// The function that does it.
    pub const fn function(&self) -> &'static str {
        match self {
            Self::Spin(_) => "spin",
            Self::Pull(_) => "gacha-pull",
            Self::Start(_) => "session-start",
            Self::End(_) => "session-end",
            Self::Claim(_) => "mission-claim",
            Self::ClaimDay => "streak-claim",
            Self::Rotate(_) => "fairness-rotate",
        }
    }

    /// Where it is asked for.
    pub fn path(&self) -> String {
        match self {
            Self::Spin(_) => "/api/games/slot/spin".to_owned(),
            Self::Pull(_) => "/api/games/gacha/pull".to_owned(),
            Self::Start(_) => "/api/games/session/start".to_owned(),
            Self::End(_) => "/api/games/session/end".to_owned(),
            Self::Claim(mission) => format!("/api/missions/{mission}/claim"),
            Self::ClaimDay => "/api/streak/claim".to_owned(),
            Self::Rotate(_) => "/api/fairness/rotate".to_owned(),
        }
    }

    /// How it is asked for.
    pub fn body(&self) -> Value {
        match self {
            Self::Spin(bet) => json!({ "bet_amount": bet }),
            Self::Pull(count) => json!({ "pull_count": count }),
            Self::Start(game) => json!({ "game_type": game }),
            Self::End(session) => json!({ "session_id": session }),
            Self::Claim(_) | Self::ClaimDay => json!({}),
            Self::Rotate(seed) => json!({ "client_seed": seed }),
        }
    }

    /// Which one the ledger tells of. A session that fell idle was ended by nobody.
    pub fn told_by(action: &Action) -> Option<Self> {
        match action {
            Action::SlotSpin(round) => Some(Self::Spin(round.bet_amount.get())),
            Action::GachaPull(round) => Some(Self::Pull(round.pulls.len())),
            Action::SessionStart { game_type, .. } => Some(Self::Start(*game_type)),
            Action::SessionEnd(ended) if ended.idle => None,
            Action::SessionEnd(ended) => Some(Self::End(ended.session_id.to_string())),
            Action::MissionClaim { mission_id, .. } => Some(Self::Claim(mission_id.clone())),
            Action::StreakClaim { .. } => Some(Self::ClaimDay),
            Action::FairnessRotate { client_seed, .. } => Some(Self::Rotate(client_seed.to_string())),
            // What the shop does, shoppers do, who are told of elsewhere.
            _ => None,
        }
    }

    /// By what an answer names the entry that it tells of: by its number, or by the session that began or ended. None, for an answer that
    /// names none.
    pub fn entry_named_by(&self, reply: &Value) -> Option<String> {
        Some(match self {
            Self::Start(_) => format!("the start of {}", reply["session_id"].as_str()?),
            Self::End(_) => format!("the end of {}", reply["session_id"].as_str()?),
            _ => format!("entry {}", reply["sequence"].as_u64()?),
        })
    }
}

/// A name that nobody has.
pub fn name(chance: &mut StdRng) -> String {
    format!("{:032x}", chance.random::<u128>())
}
