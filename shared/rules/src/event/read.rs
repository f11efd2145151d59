//! Events as they come in, whichever version wrote them.

use serde::Deserialize;
use serde_json::Value;

use super::{Event, KINDS, Probe};

/// Why a text is no event that can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No JSON.
    #[error("it is not JSON: {0}")]
    NoJson(String),
    /// It does not say what it is.
    #[error("it does not say of which type and version it is: {0}")]
    NoLabel(String),
    /// Of a type that is not among those known here.
    #[error("the type {0:?} is unknown")]
    UnknownType(String),
    /// Of a version that is not among those known here.
    #[error("{name} comes in version {version}, and only {known} is known")]
    UnknownVersion {
        /// The type.
        name: String,
        /// The version in which it comes.
        version: u32,
        /// The newest one that is known.
        known: u32,
    },
    /// Something else than its type and version promise.
    #[error("it is no {name} of version {version}: {why}")]
    Malformed {
        /// The type.
        name: String,
        /// The version.
        version: u32,
        /// What is wrong.
        why: String,
    },
}

/// What is looked at before anything else.
#[derive(Deserialize)]
struct Label {
    #[serde(rename = "type")]
    name: String,
    schema_version: u32,
}

impl Event {
    /// Reads an event; nothing, of a [`Probe`]. Fields that are not known are left out.
    ///
    /// # Errors
    /// Why no try will ever read it with what is known now.
    pub fn read(text: &str) -> Result<Option<Self>, Unreadable> {
        let value: Value = serde_json::from_str(text).map_err(|error| Unreadable::NoJson(error.to_string()))?;
        let label = Label::deserialize(&value).map_err(|error| Unreadable::NoLabel(error.to_string()))?;
        let Label { name, schema_version: version } = label;
        let known = KINDS.iter().map(|kind| (kind.name, kind.version)).chain([(Probe::NAME, Probe::VERSION)]);
        let mut versions = known.filter(|(known, _)| *known == name).map(|(_, version)| version);
        let Some(known) = versions.clone().max() else { return Err(Unreadable::UnknownType(name)) };
        if !versions.any(|known| known == version) {
            return Err(Unreadable::UnknownVersion { name, version, known });
        }
        if name == Probe::NAME {
            return Ok(None);
        }
        let event = serde_json::from_value(value).map(Some);
        event.map_err(|error| Unreadable::Malformed { name, version, why: error.to_string() })
    }
}
