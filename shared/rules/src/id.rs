//! Identifiers: a prefix that says whose id it is, and a ULID.

use std::{fmt, str::FromStr};

use ulid::Ulid;

use crate::time::Timestamp;

/// A string that is not an id of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0} id")]
pub struct NotAnId(&'static str);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// Makes an id from a time in Unix milliseconds and 80 random bits; higher bits are ignored.
            pub const fn new(at_ms: u64, random: u128) -> Self {
                Self(Ulid::from_parts(at_ms, random & RANDOM))
            }

            /// An id that comes after all that are made at this time or before.
            pub fn after(at: Timestamp) -> Self {
                Self::new(at.millis().max(0).unsigned_abs().saturating_add(1), 0)
            }

            /// When it was made.
            pub fn at(self) -> Timestamp {
                Timestamp::from_millis(i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(self.0.array_to_str(&mut [0; ulid::ULID_LEN]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let not_an_id = NotAnId(stringify!($name));
                let ulid = text.strip_prefix($prefix).ok_or(not_an_id)?;
                let id = Self(Ulid::from_string(ulid).map_err(|_| not_an_id)?);
                // One id has one spelling, or two spellings would be two keys.
                if id.0.array_to_str(&mut [0; ulid::ULID_LEN]) == ulid { Ok(id) } else { Err(not_an_id) }
            }
        }

        crate::name::text_serde!($name, concat!("^", $prefix, "[0-9A-HJKMNP-TV-Z]{26}$"));
    )*};
}

const RANDOM: u128 = (1 << Ulid::RAND_BITS) - 1;

ids! {
    /// A player.
    PlayerId = "ply_";
    /// A login on one device.
    SessionId = "ses_";
    /// A request or a socket, where no gateway names it; and what a request did, where its sender does not.
    RequestId = "req_";
    /// An entry of a player's ledger; the id of a round is the id of its entry.
    EntryId = "ent_";
    /// What an operator did.
    AuditId = "aud_";
    /// A player's time at one game.
    GameSessionId = "gms_";
    /// Something bought, or held for a buyer.
    PurchaseId = "pur_";
    /// A reward that was given.
    RewardId = "rwd_";
    /// A reward that players claim themselves.
    CampaignId = "cmp_";
}

impl PlayerId {
    /// In which of so many parts of all players this one is, each as likely as any other.
    pub const fn shard(self, parts: u64) -> u64 {
        (self.0.random() % parts as u128) as u64
    }
}

impl EntryId {
    const NUMBER_BITS: u32 = 48;
    const NUMBER: u128 = (1 << Self::NUMBER_BITS) - 1;

    /// The id of a player's entry: its time, its number, and 32 bits of the player, so that an id is enough to
    /// find the entry again and the ids of two players hardly ever meet.
    pub const fn of(player: PlayerId, number: u64, at_ms: u64) -> Self {
        Self::new(at_ms, (player.0.random() << Self::NUMBER_BITS) | (number as u128 & Self::NUMBER))
    }

    /// The number of the entry in its player's ledger.
    pub const fn number(self) -> u64 {
        (self.0.random() & Self::NUMBER) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_has_one_spelling() {
        let id = PlayerId::new(1_700_000_000_000, 42);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().to_lowercase().parse::<PlayerId>().is_err());
        assert!("ses_01HF7YAT00000000000000001A".parse::<PlayerId>().is_err());
        assert!("ply_81HF7YAT00000000000000001A".parse::<PlayerId>().is_err());
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        assert_eq!(AuditId::new(1_800_000_000_000, 7).at(), Timestamp::from_millis(1_800_000_000_000));
    }

    #[test]
    fn an_entry_id_tells_its_number() {
        let player = PlayerId::new(1, u128::MAX);
        assert_eq!(EntryId::of(player, 77, 5).number(), 77);
        assert_ne!(EntryId::of(player, 77, 5), EntryId::of(PlayerId::new(1, 3), 77, 5));
    }
}
