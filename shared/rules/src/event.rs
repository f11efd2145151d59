//! What the world outside is told: an event for each entry of a ledger, for each login, and for each deed of an operator, made from
//! that item of the table and from nothing else.

mod data;
mod probe;
mod read;
pub mod row;
mod topic;

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::data::{
    AdminChanged, BalanceAdjusted, FairnessRotated, GachaPulled, HoldCreated, HoldReleased, LoggedIn, MissionClaimed,
    PurchaseFailed, PurchaseRefunded, PurchaseTold, RewardTold, RoundPlayed, SessionEnded, SessionStarted, SignedUp,
    StreakClaimed, Wallet,
};
pub use self::{
    probe::{Probe, ProbeData, ProbeType},
    read::Unreadable,
    topic::Topic,
};
use crate::{
    account::Session,
    admin::AuditEntry,
    id::{AuditId, EntryId, PlayerId, SessionId},
    ledger::Entry,
    time::Timestamp,
};

/// An event. The same entry makes the same event, to the byte, whenever and by whomever it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Which one, of whom, when.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// What happened.
    #[serde(flatten)]
    pub news: News,
}

/// What all events have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// Which event: the id of its ledger entry, of the login or of the entry in the audit. An event that comes again has the same id.
    pub event_id: EventId,
    /// Which version of its type's schema it follows.
    pub schema_version: u32,
    /// To whom it happened; the operator, of what an operator did.
    pub player_id: PlayerId,
    /// The place in the player's ledger: 1, 2, 3 … without a gap. 0 for what stands in no ledger.
    pub sequence: u64,
    /// When the request arrived that caused it.
    pub occurred_at: Timestamp,
}

/// The id of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EventId {
    /// A ledger entry's.
    Entry(EntryId),
    /// A login's.
    Login(SessionId),
    /// That of an entry in the audit.
    Deed(AuditId),
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(id) => id.fmt(f),
            Self::Login(id) => id.fmt(f),
            Self::Deed(id) => id.fmt(f),
        }
    }
}

/// A type of events.
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// The version of its schema.
    pub version: u32,
    data: fn(&mut SchemaGenerator) -> Schema,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $name:literal, $version:literal;)*) => {
        /// What happened.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum News {
            $($(#[$doc])* #[serde(rename = $name)] $variant($data),)*
        }

        impl News {
            /// The type's name.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// The version of the type's schema.
            pub const fn version(&self) -> u32 {
                match self {
                    $(Self::$variant(_) => $version,)*
                }
            }
        }

        /// Every type of events.
        pub const KINDS: &[Kind] = &[
            $(Kind { name: $name, version: $version, data: |generator| generator.subschema_for::<$data>() },)*
        ];
    };
}

kinds! {
    /// A player came to be.
    SignedUp(SignedUp) = "player.signed_up", 1;
    /// A player logged in on some device.
    LoggedIn(LoggedIn) = "player.logged_in", 1;
    /// The slot machine was spun once.
    RoundPlayed(RoundPlayed) = "round.played", 1;
    /// The gacha was pulled, once or several times.
    GachaPulled(GachaPulled) = "gacha.pulled", 1;
    /// A session of a game began.
    SessionStarted(SessionStarted) = "session.started", 1;
    /// A session of a game ended.
    SessionEnded(SessionEnded) = "session.ended", 1;
    /// A completed mission paid.
    MissionClaimed(MissionClaimed) = "mission.claimed", 1;
    /// A day of the streak paid.
    StreakClaimed(StreakClaimed) = "streak.claimed", 1;
    /// Some of a limited package are held for a buyer.
    HoldCreated(HoldCreated) = "hold.created", 1;
    /// What was held is free again.
    HoldReleased(HoldReleased) = "hold.released", 1;
    /// A payment began.
    PurchaseStarted(PurchaseTold) = "purchase.started", 1;
    /// Something was bought, paid for and granted.
    PurchaseCompleted(PurchaseTold) = "purchase.completed", 1;
    /// A purchase came to nothing.
    PurchaseFailed(PurchaseFailed) = "purchase.failed", 1;
    /// A purchase was taken back.
    PurchaseRefunded(PurchaseRefunded) = "purchase.refunded", 1;
    /// An operator gave a reward.
    RewardGranted(RewardTold) = "reward.granted", 1;
    /// The player claimed the reward of a campaign.
    CampaignClaimed(RewardTold) = "campaign.claimed", 1;
    /// An operator corrected the balance.
    BalanceAdjusted(BalanceAdjusted) = "balance.adjusted", 1;
    /// The player got another server seed.
    FairnessRotated(FairnessRotated) = "fairness.rotated", 1;
    /// An operator changed something.
    AdminChanged(AdminChanged) = "admin.changed", 1;
}

impl Event {
    /// The event of an entry.
    pub fn of(entry: &Entry) -> Self {
        Self::new(EventId::Entry(entry.id()), entry.player, entry.number, entry.at, News::of(entry))
    }

    /// The event of a login, from what is kept of it when it begins.
    pub fn of_login(player: PlayerId, session: &Session) -> Self {
        let news = News::LoggedIn(LoggedIn { session_id: session.id, ends_at: session.ends_at });
        Self::new(EventId::Login(session.id), player, 0, session.created_at, news)
    }

    /// The event of what an operator did.
    pub fn of_deed(deed: &AuditEntry) -> Self {
        Self::new(EventId::Deed(deed.id), deed.actor, 0, deed.at, News::AdminChanged(AdminChanged::of(deed)))
    }

    fn new(event_id: EventId, player_id: PlayerId, sequence: u64, occurred_at: Timestamp, news: News) -> Self {
        let envelope = Envelope { event_id, schema_version: news.version(), player_id, sequence, occurred_at };
        Self { envelope, news }
    }
}

/// The JSON Schema of all events, and of probes: one of `$defs` for each type, by its name.
pub fn schemas() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut generator = settings.into_generator();
    let mut kinds: Map<String, Value> =
        KINDS.iter().map(|kind| (kind.name.to_owned(), kind.schema(&mut generator))).collect();
    kinds.insert(Probe::NAME.to_owned(), generator.subschema_for::<Probe>().to_value());
    let references: Vec<_> = kinds.keys().map(|name| json!({ "$ref": format!("#/$defs/{name}") })).collect();
    let mut definitions = generator.take_definitions(true);
    definitions.extend(kinds);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of Croupier",
        "oneOf": references,
        "$defs": definitions,
    })
}

impl Kind {
    fn schema(&self, generator: &mut SchemaGenerator) -> Value {
        let mut schema = Envelope::json_schema(generator).to_value();
        schema["description"] = format!("`{}`, version {}.", self.name, self.version).into();
        let properties = &mut schema["properties"];
        properties["type"] = json!({ "const": self.name, "description": "What happened." });
        properties["schema_version"]["const"] = self.version.into();
        properties["data"] = (self.data)(generator).to_value();
        if let Some(required) = schema["required"].as_array_mut() {
            required.extend(["type".into(), "data".into()]);
        }
        schema
    }
}
