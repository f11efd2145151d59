//! A round laid open: everything from which its outcome follows, for whoever wants to compute it again.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    economy::Economy,
    fairness::{Draw, MasterKey, ServerSeed},
    gacha::{self, GachaRound, Pull, Pulls},
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
    /// Some pulls of the gacha.
    Gacha(GachaRound),
}

/// A field of an outcome, and how it reads.
type Field = (&'static str, fn(&Outcome) -> String);

impl Outcome {
    fn slot(&self, text: fn(&SlotRound) -> String) -> String {
        if let Self::Slot(round) = self { text(round) } else { String::new() }
    }

    fn gacha(&self, text: fn(&GachaRound) -> String) -> String {
        if let Self::Gacha(round) = self { text(round) } else { String::new() }
    }
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
            Action::GachaPull(round) => Outcome::Gacha(round.clone()),
            _ => return None,
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
        if again == self.outcome { Ok(()) } else { Err(NotProven::AnotherOutcome) }
    }

    fn again(&self, seed: &ServerSeed, economy: &Economy) -> Result<Outcome, NotProven> {
        if economy.version != self.odds_version {
            return Err(NotProven::AnotherEconomy(self.odds_version.clone()));
        }
        let mut stream = seed.stream(&self.draw);
        let again = match &self.outcome {
            Outcome::Slot(round) => {
                slot::draw(&economy.slot, round.bet_amount, round.streak, &mut stream).map(Outcome::Slot).ok()
            }
            Outcome::Gacha(round) => {
                let pulls = u32::try_from(round.pulls.len()).ok().and_then(Pulls::new);
                let drawn = pulls.and_then(|pulls| gacha::draw(&economy.gacha, pulls, round.pity, &mut stream).ok());
                drawn.map(Outcome::Gacha)
            }
        };
        again.ok_or(NotProven::AnotherOutcome)
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
                checks.extend(Check::of_outcomes(&self.outcome, &again));
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

    /// All that follows from the stream of a round, and from what was asked for.
    fn of_outcomes(said: &Outcome, computed: &Outcome) -> Vec<Self> {
        let fields: &[Field] = match said {
            Outcome::Slot(_) => &[
                ("reels", |outcome| outcome.slot(|round| round.reels.join(" "))),
                ("variation", |outcome| outcome.slot(|round| round.variation.to_string())),
                ("pay_percent", |outcome| outcome.slot(|round| round.pay_percent.to_string())),
                ("win_amount", |outcome| outcome.slot(|round| round.win_amount.to_string())),
            ],
            Outcome::Gacha(_) => &[
                ("cost", |outcome| outcome.gacha(|round| round.cost.to_string())),
                ("pulls", |outcome| outcome.gacha(|round| round.pulls.iter().map(Pull::to_string).collect())),
            ],
        };
        fields.iter().map(|(field, text)| Self::new(field, text(said), text(computed))).collect()
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
