//! A round laid open: everything from which its outcome follows, for whoever wants to compute it again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    economy::Economy,
    fairness::{Draw, MasterKey, ServerSeed},
    id::EntryId,
    ledger::{Action, Entry},
    slot::{self, SlotRound},
    time::Timestamp,
};

/// A round laid open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transcript {
    /// The round.
    pub round_id: EntryId,
    /// Its number in the player's ledger.
    pub sequence: u64,
    /// When it was played.
    pub played_at: Timestamp,
    /// The economy file that decided.
    pub odds_version: String,
    /// SHA-256 of the server seed, as it was shown before the round.
    pub server_seed_hash: String,
    /// The server seed; null until the player rotates it.
    pub server_seed: Option<String>,
    /// Where the randomness came from.
    #[serde(flatten)]
    pub draw: Draw,
    /// What was played, and how it ended.
    pub outcome: Outcome,
}

/// How a round ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "game_type", rename_all = "snake_case")]
pub enum Outcome {
    /// A spin.
    Slot(SlotRound),
}

/// Why a transcript does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// The server seed is still secret.
    #[error("the server seed is not revealed yet: rotate it first")]
    Sealed,
    /// The server seed is not the one that was promised.
    #[error("the server seed does not have the hash that was shown beforehand")]
    AnotherSeed,
    /// The odds at hand are not the ones that decided.
    #[error("the round was decided by economy {0}, which is not at hand")]
    AnotherEconomy(String),
    /// Computed again, the round ends differently.
    #[error("computed again, the round ends differently")]
    AnotherOutcome,
}

impl Transcript {
    /// The transcript of an entry, if it is a round. The server seed of the epoch in force stays secret.
    pub fn of(entry: &Entry, epoch_in_force: u32, master: &MasterKey) -> Option<Self> {
        let outcome = match &entry.action {
            Action::SlotSpin(round) => Outcome::Slot(round.clone()),
            Action::Signup { .. } | Action::FairnessRotate { .. } => return None,
        };
        let draw = entry.draw.clone()?;
        let seed = master.server_seed(entry.player, draw.epoch);
        Some(Self {
            round_id: entry.id(),
            sequence: entry.number,
            played_at: entry.at,
            odds_version: entry.odds.clone()?,
            server_seed_hash: seed.commitment(),
            server_seed: (draw.epoch < epoch_in_force).then(|| seed.reveal()),
            draw,
            outcome,
        })
    }

    /// Computes the round again from what the transcript says and compares.
    ///
    /// # Errors
    /// Why it does not hold.
    pub fn verify(&self, economy: &Economy) -> Result<(), NotProven> {
        let seed = self.server_seed.as_deref().ok_or(NotProven::Sealed)?;
        let seed = ServerSeed::revealed(seed).filter(|seed| seed.commitment() == self.server_seed_hash);
        let seed = seed.ok_or(NotProven::AnotherSeed)?;
        if economy.version != self.odds_version {
            return Err(NotProven::AnotherEconomy(self.odds_version.clone()));
        }
        let Outcome::Slot(round) = &self.outcome;
        let again = slot::draw(&economy.slot, round.bet_amount, round.streak, &mut seed.stream(&self.draw));
        if again.as_ref() == Ok(round) { Ok(()) } else { Err(NotProven::AnotherOutcome) }
    }
}
