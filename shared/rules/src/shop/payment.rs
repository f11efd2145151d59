//! What is said between us and a payment gateway.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::name::{BadText, ChargeId};

/// What a client got from the gateway for the means of payment, which we never see. Good for one payment, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentToken(String);

impl PaymentToken {
    /// The text, for the gateway.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PaymentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentToken(…)")
    }
}

impl FromStr for PaymentToken {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        if !(1..=255).contains(&text.len()) {
            Err(BadText::Length(1, 255))
        } else if text.chars().all(|c| c.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadText::Characters("printable ASCII without spaces"))
        }
    }
}

impl Serialize for PaymentToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PaymentToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for PaymentToken {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PaymentToken".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[!-~]{1,255}$" })
    }
}

/// How a payment stands at its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeState {
    /// The gateway waits for the payer, or for a bank.
    Pending,
    /// The money is reserved and can be captured.
    Authorized,
    /// The money is ours.
    Captured,
    /// The gateway said no, for good.
    Declined,
    /// The payment was cancelled before any money moved, or all of it was given back.
    Cancelled,
}

/// A payment, as its gateway tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The gateway's name for it; none for one that came to nothing before it had a name.
    pub id: Option<ChargeId>,
    /// How it stands.
    pub state: ChargeState,
}
