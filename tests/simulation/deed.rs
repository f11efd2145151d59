//! What a player can ask for under a key, and how it looks in the ledger.

use croupier_rules::ledger::Action;
use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};

/// Something that is done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Spin(u64),
    Rotate(String),
}

impl Deed {
    /// Another one, which is no repeat of this one.
    pub fn other(&self, chance: &mut StdRng) -> Self {
        match self {
            Self::Spin(bet) if chance.random_bool(0.7) => Self::Spin(bet + 1),
            _ => Self::rotation(chance),
        }
    }

    /// A rotation to a client seed that nobody has.
    pub fn rotation(chance: &mut StdRng) -> Self {
        Self::Rotate(name(chance))
    }

    /// Where it is asked for.
    pub fn path(&self) -> &'static str {
        match self {
            Self::Spin(_) => "/api/games/slot/spin",
            Self::Rotate(_) => "/api/fairness/rotate",
        }
    }

    /// How it is asked for.
    pub fn body(&self) -> Value {
        match self {
            Self::Spin(bet) => json!({ "bet_amount": bet }),
            Self::Rotate(seed) => json!({ "client_seed": seed }),
        }
    }

    /// Which one the ledger tells of.
    pub fn told_by(action: &Action) -> Option<Self> {
        match action {
            Action::SlotSpin(round) => Some(Self::Spin(round.bet_amount.get())),
            Action::FairnessRotate { client_seed, .. } => Some(Self::Rotate(client_seed.to_string())),
            _ => None,
        }
    }
}

/// A name that nobody has.
pub fn name(chance: &mut StdRng) -> String {
    format!("{:032x}", chance.random::<u128>())
}
