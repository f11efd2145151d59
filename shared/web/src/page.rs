//! Lists in pages.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use croupier_rules::ledger::Hash;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::error::{Code, Failure};

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// Asks for the next page; null at the end.
    pub next_cursor: Option<Cursor>,
}

const MOST: u8 = 100;

/// How many items a page has at the most.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Limit(u8);

impl Limit {
    /// The number itself.
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || D::Error::custom(format_args!("must be a whole number from 1 to {MOST}"));
        let limit = u8::deserialize(deserializer).map_err(|_| wrong())?;
        if (1..=MOST).contains(&limit) { Ok(Self(limit)) } else { Err(wrong()) }
    }
}

impl JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": 20 })
    }
}

/// Where a page ended. Opaque to clients, and of no use for another list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor of a place in a list.
    pub fn write(scope: &str, place: u64) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(format!("{place}.{}", Mark(scope))))
    }

    /// The place, if the cursor is one of this list.
    ///
    /// # Errors
    /// [`Code::CursorInvalid`].
    pub fn read(&self, scope: &str) -> Result<u64, Failure> {
        let text = BASE64_URL_SAFE_NO_PAD.decode(&self.0).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let place = text.as_deref().and_then(|text| {
            let (place, mark) = text.split_once('.')?;
            place.parse().ok().filter(|_| mark == Mark(scope).to_string())
        });
        place.ok_or_else(|| Failure::of(Code::CursorInvalid))
    }
}

struct Mark<'a>(&'a str);

impl fmt::Display for Mark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.8}", Hash::over(&[self.0.as_bytes()]).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list() {
        let cursor = Cursor::write("history", 42);
        assert_eq!(cursor.read("history").ok(), Some(42));
        assert!(cursor.read("sessions").is_err());
        for invented in ["", "42", "NDI", "\u{7f}"] {
            assert_eq!(Cursor(invented.to_owned()).read("history").err().map(|f| f.code), Some(Code::CursorInvalid));
        }
    }

    #[test]
    fn a_limit_is_from_1_to_100() {
        assert!(serde_json::from_str::<Limit>("100").is_ok());
        for wrong in ["0", "101", "-1", "1.5", "\"x\""] {
            assert!(serde_json::from_str::<Limit>(wrong).is_err(), "{wrong}");
        }
    }
}
