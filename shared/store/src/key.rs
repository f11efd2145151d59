//! How things are named. The only file that knows these strings.
//!
//! | pk | sk | what |
//! |---|---|---|
//! | `PLAYER#<id>` | `PLAYER` | hot state; `revision` is its version |
//! | | `PROFILE` | names, and the sessions that were not ended; `revision` is its version |
//! | | `TX#k#<key>`, `TX#h#<hash>`, `TX#n#<id>` | ledger entry, under the player's key, the hash of a long one, or a name of ours |
//! | | `SESSION#<id>` | a login on one device |
//! | | `CONN#<id>` | an open socket |
//! | | `ITEM#<id>` | how many of an item the player has |
//! | | `GAME#<id>` | a session of a game |
//! | | `PURCHASE#<id>` | a purchase, or what is held for one; `revision` is its version |
//! | | `BOUGHT#<sku>`, `PROMO#<code>` | how many of a limited package the player has, how many purchases have a promo |
//! | | `REWARD#<id>` | a reward |
//! | | `CLAIM#<campaign>` | that the player has claimed |
//! | | `KEY#<key>` | what an operator did under a key, to whomever, and the answer |
//! | | `PROJECTED` | how far the ledger is counted into the boards; `revision` is its version |
//! | `BOARD#<game>#<metric>#<period>#<shard>` | `<player>` | a score; `number` is the score |
//! | `PLAYED#<game>#<shard>` | `TOTALS` | what everyone has played |
//! | `SITE#<folded>` | `LOGIN` | whose it is, and the password's hash |
//! | | `ATTEMPTS` | recent attempts to log in |
//! | `NICKNAME#<folded>`, `PHONE#<digits>` | `CLAIM` | whose it is |
//! | `AUDIT#<year>` | `<id>` | what an operator did |
//! | `INVITE#<code>` | `CODE` | limits and uses |
//! | `PRODUCT#<sku>`, `PROMO#<code>`, `CAMPAIGN#<id>` | `TERMS` | what operators made; `revision` is the version of its terms |
//! | `LIMITED#<sku>` | `TERMS` | the same, of a limited package, and where its stock is |
//! | `NUMBER#<number>` | `CLAIM` | which product has the number |
//! | `SALES#<year>` | `<purchase>` | whose purchase it is |
//! | `NOTICE#<hash>` | `NOTICE` | a delivery of a payment gateway, or an event that was dealt with |
//! | `SOCKET#<id>` | `SOCKET` | whose socket it is |
//! | `TICKET#<hash>` | `TICKET` | a one-time way to open a socket |
//!
//! The local index `by_number` holds the entries of a player in order, and the scores of a board. The global index `directory` holds what operators look for,
//! by name, on shelves that are small enough for one partition:
//!
//! | shelf | name | what |
//! |---|---|---|
//! | `SITE#<first letter>` | folded site id | `LOGIN` items |
//! | `NICKNAME#<first letter>` | folded nickname | `CLAIM` items |
//! | `JOINED#<year>` | player's id, hence the time | `PROFILE` items |
//! | `INVITES` | time, and the code | `CODE` items |
//! | `DUE` | time, and the id | `GAME` items that may have to be ended |
//! | `OPEN` | time, and the id | `PURCHASE` items that are not over |
//! | `PRODUCTS`, `PACKAGES`, `PROMOS`, `CAMPAIGNS` | sku, code, id | what operators made |

mod shop;

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_rules::{
    account::Invite,
    id::{AuditId, GameSessionId, PlayerId, SessionId},
    ledger::{GameType, Hash},
    name::{IdempotencyKey, InviteCode, Nickname, PhoneNumber, SiteId},
    time::Timestamp,
};

use crate::item::Item;

/// The partition key's attribute.
pub const PK: &str = "pk";
/// The sort key's attribute.
pub const SK: &str = "sk";
/// The attribute by which the local index sorts; ledger entries have it, and the scores of boards.
pub const NUMBER: &str = "number";
/// The local index that holds a player's entries in order.
pub const BY_NUMBER: &str = "by_number";
/// The attribute by which the directory is divided; only what operators look for has it.
pub const SHELF: &str = "shelf";
/// The attribute by which a shelf of the directory is ordered.
pub const NAME: &str = "name";
/// The global index in which operators look for players and invites.
pub const DIRECTORY: &str = "directory";
/// The attribute that tells when an item may be swept away, in Unix seconds.
pub const EXPIRES: &str = "expires";
const ENTRY_PREFIX: &str = "TX#";
const SESSION_PREFIX: &str = "SESSION#";
const PLAYER_PREFIX: &str = "PLAYER#";
const AUDIT_PREFIX: &str = "AUDIT#";
/// New ledger entries.
pub const ENTRIES: Beginning = Beginning { attribute: SK, prefix: ENTRY_PREFIX };
/// New logins.
pub const LOGINS: Beginning = Beginning { attribute: SK, prefix: SESSION_PREFIX };
/// What operators do.
pub const DEEDS: Beginning = Beginning { attribute: PK, prefix: AUDIT_PREFIX };
const CONNECTION_PREFIX: &str = "CONN#";
const ITEM_PREFIX: &str = "ITEM#";
const GAME_PREFIX: &str = "GAME#";
/// The length of a hash as text.
const LONGEST_KEY: usize = 43;
/// Into how many parts a board is divided, so that none is written to more often than a partition bears.
pub const SHARDS: u64 = 32;
/// Into how many parts the totals of everyone are divided: transactions that write one item at once cancel each other.
pub const PLAYED_PARTS: u64 = 512;

/// What the keys of some items begin with: whoever reads the table's stream knows them by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// Which half of the key it is.
    pub attribute: &'static str,
    /// What that half begins with.
    pub prefix: &'static str,
}

impl Beginning {
    /// Whether a key, told half by half, begins so.
    pub fn begins<'k>(&self, half: impl Fn(&str) -> Option<&'k str>) -> bool {
        half(self.attribute).is_some_and(|half| half.starts_with(self.prefix))
    }
}

/// The place of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pk: String,
    sk: String,
    place: Option<Place>,
}

/// A place in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub shelf: String,
    pub name: String,
}

impl Place {
    /// Among the logins, by site id.
    pub fn site(folded: String) -> Self {
        Self { shelf: format!("SITE#{}", first_letter(&folded)), name: folded }
    }

    /// Among the claims on nicknames.
    pub fn nickname(folded: String) -> Self {
        Self { shelf: format!("NICKNAME#{}", first_letter(&folded)), name: folded }
    }

    /// The shelf of all players who joined in a year.
    pub fn joined(year: i16) -> String {
        format!("JOINED#{year}")
    }

    /// What has to be looked at in time.
    pub const DUE: &str = "DUE";
    /// Purchases that are not over.
    pub const OPEN: &str = "OPEN";
    /// The shelf of all invites.
    pub const INVITES: &str = "INVITES";
}

/// A key as it is kept: itself, or its hash when that is shorter.
fn short(key: &IdempotencyKey) -> String {
    if key.as_str().len() <= LONGEST_KEY {
        format!("k#{key}")
    } else {
        format!("h#{}", Hash::over(&[key.as_str().as_bytes()]))
    }
}

fn first_letter(text: &str) -> String {
    text.chars().take(1).collect()
}

impl Key {
    fn new(pk: impl fmt::Display, sk: impl fmt::Display) -> Self {
        Self { pk: pk.to_string(), sk: sk.to_string(), place: None }
    }

    fn at(self, place: Place) -> Self {
        Self { place: Some(place), ..self }
    }

    fn of_player(id: PlayerId, sk: impl fmt::Display) -> Self {
        Self::new(format_args!("{PLAYER_PREFIX}{id}"), sk)
    }

    /// A player's hot state.
    pub fn player(id: PlayerId) -> Self {
        Self::of_player(id, "PLAYER")
    }

    /// A player's names and sessions.
    pub fn profile(id: PlayerId) -> Self {
        let place = Place { shelf: Place::joined(id.at().year()), name: id.to_string() };
        Self::of_player(id, "PROFILE").at(place)
    }

    /// A ledger entry under the key that the player gave. A key longer than its hash stands for it: each byte is kept with every
    /// entry, and an entry beyond a kilobyte costs half as much again.
    pub fn keyed_entry(id: PlayerId, key: &IdempotencyKey) -> Self {
        Self::of_player(id, format_args!("{ENTRY_PREFIX}{}", short(key)))
    }

    /// What an operator did under a key.
    pub fn operated(operator: PlayerId, key: &IdempotencyKey) -> Self {
        Self::of_player(operator, format_args!("KEY#{}", short(key)))
    }

    /// A ledger entry under a name that nobody else gives.
    pub fn own_entry(id: PlayerId, name: impl fmt::Display) -> Self {
        Self::of_player(id, format_args!("{ENTRY_PREFIX}n#{name}"))
    }

    /// A login on one device.
    pub fn session(player: PlayerId, id: SessionId) -> Self {
        Self::of_player(player, format_args!("{SESSION_PREFIX}{id}"))
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

    /// Whose partition it is, if it is a player's.
    pub fn owner(pk: &str) -> Option<PlayerId> {
        pk.strip_prefix(PLAYER_PREFIX)?.parse().ok()
    }

    /// Whose socket it is.
    pub fn socket(id: &str) -> Self {
        Self::new(format_args!("SOCKET#{id}"), "SOCKET")
    }

    /// Who logs in with a site id: the claim on the name is the login itself.
    pub fn login(site: &SiteId) -> Self {
        let folded = site.folded();
        Self::new(format_args!("SITE#{folded}"), "LOGIN").at(Place::site(folded))
    }

    /// The recent attempts to log in with a site id.
    pub fn attempts(site: &SiteId) -> Self {
        Self::new(format_args!("SITE#{}", site.folded()), "ATTEMPTS")
    }

    /// Whose nickname it is.
    pub fn nickname(name: &Nickname) -> Self {
        let folded = name.folded();
        Self::new(format_args!("NICKNAME#{folded}"), "CLAIM").at(Place::nickname(folded))
    }

    /// Whose phone number it is.
    pub fn phone(number: &PhoneNumber) -> Self {
        Self::new(format_args!("PHONE#{}", number.folded()), "CLAIM")
    }

    /// An invite.
    pub fn invite(code: &InviteCode) -> Self {
        Self::new(format_args!("INVITE#{code}"), "CODE")
    }

    /// An invite that is about to be made, with its place in the list.
    pub fn new_invite(Invite { code, created_at, .. }: &Invite) -> Self {
        let made = created_at.map(|at| at.to_string()).unwrap_or_default();
        Self::invite(code).at(Place { shelf: Place::INVITES.to_owned(), name: format!("{made}#{code}") })
    }

    /// What an operator did.
    pub fn audit(id: AuditId) -> Self {
        Self::new(Self::audit_of(id.at().year()), id)
    }

    /// The partition of what operators did in a year.
    pub fn audit_of(year: i16) -> String {
        format!("{AUDIT_PREFIX}{year}")
    }

    /// How many of an item a player has.
    pub fn possession(player: PlayerId, id: &str) -> Self {
        Self::of_player(player, format_args!("{ITEM_PREFIX}{id}"))
    }

    /// The partition of a player, and what the sort keys of the player's items begin with.
    pub fn possessions(player: PlayerId) -> (String, &'static str) {
        (Self::player(player).pk, ITEM_PREFIX)
    }

    /// A session of a game.
    pub fn game_session(player: PlayerId, id: GameSessionId) -> Self {
        Self::of_player(player, format_args!("{GAME_PREFIX}{id}"))
    }

    /// A session of a game that has to be looked at in time.
    pub fn due_game_session(player: PlayerId, id: GameSessionId, due: Timestamp) -> Self {
        Self::game_session(player, id).at(Place { shelf: Place::DUE.to_owned(), name: format!("{due}#{id}") })
    }

    /// The partition of a player, and what the sort keys of the player's sessions of games begin with.
    pub fn game_sessions(player: PlayerId) -> (String, &'static str) {
        (Self::player(player).pk, GAME_PREFIX)
    }

    /// How far a player's ledger is counted into the boards.
    pub fn projected(player: PlayerId) -> Self {
        Self::of_player(player, "PROJECTED")
    }

    /// A player's score on a board.
    pub fn score(board: &str, player: PlayerId) -> Self {
        Self::new(Self::board(board, player.shard(SHARDS)), player)
    }

    /// The partition of a part of a board.
    pub fn board(board: &str, shard: u64) -> String {
        format!("BOARD#{board}#{shard}")
    }

    /// What a part of all players has played of a game.
    pub fn played(game: GameType, shard: u64) -> Self {
        Self::new(format_args!("PLAYED#{}#{shard}", game.name()), "TOTALS")
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

    /// The key of an item that an index told of.
    pub(crate) fn of_item(item: &Item) -> Option<Self> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        Some(Self::new(text(PK)?, text(SK)?))
    }

    /// The attributes by which the item is found: its key, and its place in the directory.
    pub(crate) fn attributes(&self) -> Item {
        let mut item = self.item();
        if let Some(Place { shelf, name }) = &self.place {
            item.insert(SHELF.to_owned(), AttributeValue::S(shelf.clone()));
            item.insert(NAME.to_owned(), AttributeValue::S(name.clone()));
        }
        item
    }

    /// Whether this is the key of the item.
    pub(crate) fn names(&self, item: &Item) -> bool {
        let is = |name: &str, value: &String| matches!(item.get(name), Some(AttributeValue::S(text)) if text == value);
        is(PK, &self.pk) && is(SK, &self.sk)
    }
}
