//! How things look in the table. The only file that turns values into attributes and back.

use std::{collections::HashMap, fmt};

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_rules::{
    id::{GameSessionId, PlayerId, SessionId},
    ledger::{Entry, Hash},
    name::{Nickname, PhoneNumber, SiteId, Sku},
    session::EndedSession,
    time::Timestamp,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{StoreError, key::Key};

/// An item as the table has it.
pub type Item = HashMap<String, AttributeValue>;

/// A value under its key.
pub(crate) fn encode(key: &Key, value: &impl Serialize) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(value).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    for (name, attribute) in key.attributes() {
        // What the key says would hide what the value says.
        if item.contains_key(&name) {
            return Err(StoreError::Corrupt(format!("a value with an attribute of its key: {name}")));
        }
        item.insert(name, attribute);
    }
    Ok(item)
}

/// The value of an item.
///
/// # Errors
/// The item is not what this version writes.
pub fn decode<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// One attribute.
pub(crate) fn attribute(value: impl Serialize) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// What no action touches: a player's names, and the sessions that were not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// How often this record was written.
    pub revision: u64,
    /// The name by which the player logs in.
    pub site_id: SiteId,
    /// The name that others see.
    pub nickname: Nickname,
    /// How to reach the player.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<PhoneNumber>,
    /// When the player signed up.
    pub created_at: Timestamp,
    /// When the player last logged in.
    pub last_login_at: Timestamp,
    /// The sessions that were not ended, the oldest first.
    #[serde(default)]
    pub sessions: Vec<SessionId>,
}

/// The attribute of a [`Login`] that changes with the password.
pub(crate) const PASSWORD_HASH: &str = "password_hash";

/// Who logs in with a site id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The player whose site id it is.
    pub player: PlayerId,
    /// The Argon2id hash, with its parameters and salt.
    pub password_hash: String,
    /// Which sign-up made it, so that a repeat is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<Attempt>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("player", &self.player).finish_non_exhaustive()
    }
}

/// A request that its sender may repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The key that the sender gave.
    pub key: croupier_rules::name::IdempotencyKey,
    /// What was asked, hashed.
    pub fingerprint: Hash,
}

/// A claim on a name that only one player can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Whose it is.
    pub player: PlayerId,
}

/// A ledger entry as it is kept: the entry, what was asked, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRecord {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// What was asked under the player's key, hashed; the same key with another request is no repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Hash>,
    /// The answer, to the byte.
    pub reply: String,
}

/// A session of a game, as it is kept: while it goes on, that it may have to be ended; then, what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameRecord {
    /// Whose it is.
    pub player: PlayerId,
    /// Which one.
    pub session: GameSessionId,
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<EndedSession>,
}

/// How many of an item a player has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRecord {
    /// How many.
    pub count: u64,
}

/// What an operator did under a key: what was asked, hashed, and what was answered. The same begins every entry of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// What was asked, hashed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Hash>,
    /// The answer, to the byte.
    pub reply: String,
}

/// Which product has a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRecord {
    /// The product.
    pub sku: Sku,
}

/// A delivery of a payment gateway, or an event that was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRecord {
    /// When it may be swept away, in Unix seconds.
    pub expires: i64,
}

/// A player's score on a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreRecord {
    /// Whose it is.
    pub player: PlayerId,
    /// The score, under the name by which the local index orders.
    #[serde(rename = "number")]
    pub score: i64,
    /// When the board is over and may be swept away, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
}

/// What a part of all players has played of a game.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayedRecord {
    /// Rounds.
    pub rounds: u64,
    /// Rounds that paid anything.
    pub wins: u64,
    /// All stakes together.
    pub bet: u64,
    /// All that was paid.
    pub won: u64,
}

/// An open socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Whose it is.
    pub player: PlayerId,
    /// The gateway's name for it.
    pub connection: String,
    /// The session that opened it: with the session, it is over.
    pub session: SessionId,
    /// When its client was let in.
    pub opened_at: Timestamp,
    /// When it is certainly gone, in Unix seconds.
    pub expires: i64,
}

/// A one-time way to open a socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Whose it is.
    pub player: PlayerId,
    /// The session that asked for it: with the session, it is over.
    pub session: SessionId,
    /// Until when it works.
    pub valid_until: Timestamp,
    /// When it may be swept away, in Unix seconds.
    pub expires: i64,
}
