//! What an operator sends to see whether it arrives: it has the envelope of an event and tells of nothing that happened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    id::{PlayerId, RequestId},
    name::Description,
    time::Timestamp,
};

/// The type of a probe. No event of a player bears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProbeType {
    /// The only one.
    #[serde(rename = "admin.probe")]
    AdminProbe,
}

/// `admin.probe`, version 1: an operator looks whether what is sent arrives. A reader who does not know it ignores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// Which probe.
    pub event_id: RequestId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ProbeType,
    /// Which version of this schema it follows.
    pub schema_version: u32,
    /// The operator who sent it.
    pub player_id: PlayerId,
    /// Always 0: it stands in no ledger.
    pub sequence: u64,
    /// When it was sent.
    pub occurred_at: Timestamp,
    /// What it says.
    pub data: ProbeData,
}

/// What a probe says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeData {
    /// The operator's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Description>,
}

impl Probe {
    /// The version of its schema.
    pub const VERSION: u32 = 1;
    /// The name of its type.
    pub const NAME: &'static str = "admin.probe";

    /// A probe that this operator sends now.
    pub const fn new(id: RequestId, operator: PlayerId, now: Timestamp, note: Option<Description>) -> Self {
        Self {
            event_id: id,
            kind: ProbeType::AdminProbe,
            schema_version: Self::VERSION,
            player_id: operator,
            sequence: 0,
            occurred_at: now,
            data: ProbeData { note },
        }
    }
}
