//! Lists in pages.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use croupier_rules::{ledger::Hash, number::Between};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Failure};

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// Asks for the next page; null at the end.
    pub next_cursor: Option<Cursor>,
}

/// How many items a page has at the most.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Limit(Between<1, 100>);

impl Limit {
    const USUAL: Option<Between<1, 100>> = Between::new(20);

    /// The number itself.
    pub const fn get(self) -> usize {
        self.0.get() as usize
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(Self::USUAL.unwrap_or(Between::LEAST))
    }
}

/// Where a page ended. Opaque to clients, and of no use for another list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor of a place in a list.
    pub fn write(scope: &str, place: impl fmt::Display) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(format!("{place}.{}", Mark(scope))))
    }

    /// The place, if the cursor is one of this list.
    ///
    /// # Errors
    /// [`Code::CursorInvalid`].
    pub fn read<T: FromStr>(&self, scope: &str) -> Result<T, Failure> {
        let text = BASE64_URL_SAFE_NO_PAD.decode(&self.0).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let place = text.as_deref().and_then(|text| {
            let (place, mark) = text.rsplit_once('.')?;
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
        assert!(cursor.read::<u64>("sessions").is_err());
        for invented in ["", "42", "NDI", "\u{7f}"] {
            assert_eq!(
                Cursor(invented.to_owned()).read::<u64>("history").err().map(|f| f.code),
                Some(Code::CursorInvalid)
            );
        }
    }
}
