//! How things are named. The only file that knows these strings.
//!
//! | pk | sk | what |
//! |---|---|---|
//! | `PLAYER#<id>` | `PLAYER` | hot state; `revision` is its version |
//! | | `PROFILE` | names, and the sessions that were not ended; `revision` is its version |
//! | | `TX#k#<key>`, `TX#n#<id>` | ledger entry, under the player's key or one of ours |
//! | | `SESSION#<id>` | a login on one device |
//! | | `CONN#<id>` | an open socket |
//! | `SITE#<folded>` | `LOGIN` | whose it is, and the password's hash |
//! | | `ATTEMPTS` | recent attempts to log in |
//! | `NICKNAME#<folded>`, `PHONE#<digits>` | `CLAIM` | whose it is |
//! | `INVITE#<code>` | `CODE` | limits and uses |
//! | `SOCKET#<id>` | `SOCKET` | whose socket it is |
//! | `TICKET#<hash>` | `TICKET` | a one-time way to open a socket |
//!
//! The local index `by_number` holds the entries of a player in order.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_rules::{
    id::{PlayerId, SessionId},
    name::{IdempotencyKey, InviteCode, Nickname, PhoneNumber, SiteId},
};

use crate::item::Item;

/// The partition key's attribute.
pub const PK: &str = "pk";
/// The sort key's attribute.
pub const SK: &str = "sk";
/// The attribute by which the local index sorts; only ledger entries have it.
pub const NUMBER: &str = "number";
/// The local index that holds a player's entries in order.
pub const BY_NUMBER: &str = "by_number";
/// The attribute that tells when an item may be swept away, in Unix seconds.
pub const EXPIRES: &str = "expires";
/// What the sort keys of ledger entries begin with.
pub const ENTRY_PREFIX: &str = "TX#";
const CONNECTION_PREFIX: &str = "CONN#";

/// The place of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    fn new(pk: impl fmt::Display, sk: impl fmt::Display) -> Self {
        Self { pk: pk.to_string(), sk: sk.to_string() }
    }

    fn of_player(id: PlayerId, sk: impl fmt::Display) -> Self {
        Self::new(format_args!("PLAYER#{id}"), sk)
    }

    /// A player's hot state.
    pub fn player(id: PlayerId) -> Self {
        Self::of_player(id, "PLAYER")
    }

    /// A player's names and sessions.
    pub fn profile(id: PlayerId) -> Self {
        Self::of_player(id, "PROFILE")
    }

    /// A ledger entry under the key that the player gave.
    pub fn keyed_entry(id: PlayerId, key: &IdempotencyKey) -> Self {
        Self::of_player(id, format_args!("{ENTRY_PREFIX}k#{key}"))
    }

    /// A ledger entry under a name that nobody else gives.
    pub fn own_entry(id: PlayerId, name: impl fmt::Display) -> Self {
        Self::of_player(id, format_args!("{ENTRY_PREFIX}n#{name}"))
    }

    /// A login on one device.
    pub fn session(player: PlayerId, id: SessionId) -> Self {
        Self::of_player(player, format_args!("SESSION#{id}"))
    }

    /// An open socket of a player.
    pub fn connection(player: PlayerId, id: &str) -> Self {
        Self::of_player(player, format_args!("{CONNECTION_PREFIX}{id}"))
    }

    /// The partition of a player, and what the sort keys of the player's sockets begin with.
    pub fn connections(player: PlayerId) -> (String, &'static str) {
        (Self::player(player).pk, CONNECTION_PREFIX)
    }

    /// The partition of a player.
    pub fn ledger(player: PlayerId) -> String {
        Self::player(player).pk
    }

    /// Whose socket it is.
    pub fn socket(id: &str) -> Self {
        Self::new(format_args!("SOCKET#{id}"), "SOCKET")
    }

    /// Who logs in with a site id: the claim on the name is the login itself.
    pub fn login(site: &SiteId) -> Self {
        Self::new(format_args!("SITE#{}", site.folded()), "LOGIN")
    }

    /// The recent attempts to log in with a site id.
    pub fn attempts(site: &SiteId) -> Self {
        Self::new(format_args!("SITE#{}", site.folded()), "ATTEMPTS")
    }

    /// Whose nickname it is.
    pub fn nickname(name: &Nickname) -> Self {
        Self::new(format_args!("NICKNAME#{}", name.folded()), "CLAIM")
    }

    /// Whose phone number it is.
    pub fn phone(number: &PhoneNumber) -> Self {
        Self::new(format_args!("PHONE#{}", number.folded()), "CLAIM")
    }

    /// An invite.
    pub fn invite(code: &InviteCode) -> Self {
        Self::new(format_args!("INVITE#{code}"), "CODE")
    }

    /// A one-time way to open a socket, under the hash of the ticket.
    pub fn ticket(hash: impl fmt::Display) -> Self {
        Self::new(format_args!("TICKET#{hash}"), "TICKET")
    }

    /// The key as the table takes it.
    pub(crate) fn item(&self) -> Item {
        Item::from([
            (PK.to_owned(), AttributeValue::S(self.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }

    /// Whether this is the key of the item.
    pub(crate) fn names(&self, item: &Item) -> bool {
        let is = |name: &str, value: &String| matches!(item.get(name), Some(AttributeValue::S(text)) if text == value);
        is(PK, &self.pk) && is(SK, &self.sk)
    }
}
