//! A round laid open: everything from which its outcome follows, for whoever wants to compute it again.

use std::fmt;

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
        let again = self.again(&seed.ok_or(NotProven::AnotherSeed)?, economy)?;
        if Outcome::Slot(again) == self.outcome { Ok(()) } else { Err(NotProven::AnotherOutcome) }
    }

    fn again(&self, seed: &ServerSeed, economy: &Economy) -> Result<SlotRound, NotProven> {
        if economy.version != self.odds_version {
            return Err(NotProven::AnotherEconomy(self.odds_version.clone()));
        }
        let Outcome::Slot(round) = &self.outcome;
        let again = slot::draw(&economy.slot, round.bet_amount, round.streak, &mut seed.stream(&self.draw));
        again.map_err(|_| NotProven::AnotherOutcome)
    }

    /// The same field by field, as far as it goes: for whoever wants to see what was compared, and what differs.
    pub fn review(&self, economy: &Economy) -> Review {
        let numbered = |number: u64, at: Timestamp| format!("number {number}, played at {at}");
        let told = numbered(self.sequence, self.played_at);
        let mut checks = vec![Check::new("round_id", told, numbered(self.round_id.number(), self.round_id.at()))];
        let Some(text) = &self.server_seed else { return Review { checks, open: Some(NotProven::Sealed) } };
        let seed = ServerSeed::revealed(text);
        let hash =
            seed.as_ref().map_or_else(|| "no hash: the seed has not 64 digits".to_owned(), ServerSeed::commitment);
        checks.push(Check::new("server_seed_hash", self.server_seed_hash.clone(), hash));
        let open = match seed.ok_or(NotProven::AnotherSeed).and_then(|seed| self.again(&seed, economy)) {
            Ok(again) => {
                let Outcome::Slot(round) = &self.outcome;
                checks.extend(Check::of_rounds(round, &again));
                None
            }
            Err(reason) => Some(reason),
        };
        Review { checks, open }
    }
}

/// What a transcript says of one thing, and what follows from the rest of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The field.
    pub field: &'static str,
    /// What it says.
    pub said: String,
    /// What it would have to say.
    pub computed: String,
}

impl Check {
    fn new(field: &'static str, said: String, computed: String) -> Self {
        Self { field, said, computed }
    }

    /// All that follows from the stream of a round, its stake and its streak.
    fn of_rounds(said: &SlotRound, computed: &SlotRound) -> [Self; 4] {
        let both = |field, text: fn(&SlotRound) -> String| Self::new(field, text(said), text(computed));
        [
            both("reels", |round| round.reels.join(" ")),
            both("variation", |round| round.variation.to_string()),
            both("pay_percent", |round| round.pay_percent.to_string()),
            both("win_amount", |round| round.win_amount.to_string()),
        ]
    }

    /// Whether they are the same.
    pub fn agrees(&self) -> bool {
        self.said == self.computed
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever made the file may have written anything into it, even what a terminal obeys.
        let Self { field, said, computed } = self;
        let said = said.escape_debug();
        if self.agrees() {
            write!(f, "agrees   {field:<16}  {said}")
        } else {
            write!(f, "DIFFERS  {field:<16}  {said}; computed: {computed}")
        }
    }
}

/// A transcript, compared with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// What was compared.
    pub checks: Vec<Check>,
    /// Why the rest was not.
    pub open: Option<NotProven>,
}

impl Review {
    /// Whether nothing that was compared differs.
    pub fn agrees(&self) -> bool {
        self.checks.iter().all(Check::agrees)
    }
}
