//! The ledger: what happened to a player, in order, each entry bound to the one before by its hash.

mod action;

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::action::{Action, Award, GameType, Sale};
use crate::{
    fairness::Draw,
    id::{EntryId, PlayerId},
    money::{Coins, Debt, Gems, Postings},
    player::Player,
    shop::offer::Effect,
    time::Timestamp,
};

/// One change of a player: written once, never altered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose ledger.
    pub player: PlayerId,
    /// The place in the ledger: 1, 2, 3 … without a gap.
    pub number: u64,
    /// When the request arrived.
    pub at: Timestamp,
    /// What was done.
    #[serde(flatten)]
    pub action: Action,
    /// What it moved.
    pub moved: Postings,
    /// Coins afterwards.
    pub coins: Coins,
    /// Gems afterwards.
    pub gems: Gems,
    /// What it added to what the player owes, or paid off when negative.
    #[serde(default, skip_serializing_if = "Postings::is_nothing")]
    pub owed: Postings,
    /// What the player owes afterwards.
    #[serde(default, skip_serializing_if = "Debt::is_nothing")]
    pub debt: Debt,
    /// The economy file that decided, for an outcome that depends on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odds: Option<String>,
    /// Where the randomness came from, for an outcome that has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
    /// The hash of the entry before.
    pub previous: Hash,
}

impl Entry {
    /// The id under which everyone refers to this entry.
    pub fn id(&self) -> EntryId {
        EntryId::of(self.player, self.number, self.at.millis().unsigned_abs())
    }

    /// SHA-256 of the entry's JSON, the previous hash included.
    ///
    /// # Errors
    /// None that an entry can cause: every field of it is representable in JSON.
    pub fn hash(&self) -> Result<Hash, serde_json::Error> {
        Ok(Hash(Sha256::digest(serde_json::to_vec(self)?).into()))
    }
}

/// A link of the chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first entry of a player is bound to.
    pub fn genesis(player: PlayerId) -> Self {
        Self::over(&[player.to_string().as_bytes()])
    }

    /// The hash of several parts; each is preceded by its length, so that moving a border changes the hash.
    pub fn over(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// A text that is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a hash")]
pub struct NotAHash;

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAHash)?;
        bytes.try_into().map(Self).map_err(|_| NotAHash)
    }
}

crate::name::text_serde!(Hash, "^[A-Za-z0-9_-]{43}$");

/// The player and the entry that one change makes together; there is no way to have only one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub(crate) player: Player,
    pub(crate) entry: Entry,
}

impl Change {
    /// The player afterwards.
    pub fn player(&self) -> &Player {
        &self.player
    }

    /// The ledger entry of the change.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Adds the answer to the change that it speaks of.
    ///
    /// # Errors
    /// None; the shape lets a rule end with it.
    pub fn decide<R, E>(self, reply: impl FnOnce(&Player, &Entry) -> R) -> Result<Decision<R>, E> {
        self.decide_with(Vec::new(), reply)
    }

    /// The same, with what else is written in the same transaction.
    ///
    /// # Errors
    /// As [`Change::decide`].
    pub fn decide_with<R, E>(
        self,
        effects: Vec<Effect>,
        reply: impl FnOnce(&Player, &Entry) -> R,
    ) -> Result<Decision<R>, E> {
        let reply = reply(&self.player, &self.entry);
        Ok(Decision { change: self, reply, effects })
    }
}

/// What a rule decided: plain data, not yet written.
#[derive(Debug, Clone)]
pub struct Decision<R> {
    /// What is to be written.
    pub change: Change,
    /// What the player is told once it is.
    pub reply: R,
    /// What else is written, or relied on, in the same transaction.
    pub effects: Vec<Effect>,
}
