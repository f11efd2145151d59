//! Amounts. Whole numbers, never negative, never rounded, never beyond what a JSON reader keeps exactly.

use std::fmt;

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Unexpected, Visitor},
};

/// The largest amount: 2^53 − 1, the last integer that every JSON reader holds exactly.
pub const MOST: u64 = (1 << 53) - 1;

/// An amount left the range 0 to [`MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount is out of range")]
pub struct OutOfRange;

macro_rules! amounts {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub struct $name(u64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// This many.
            ///
            /// # Errors
            /// Beyond [`MOST`].
            pub const fn new(amount: u64) -> Result<Self, OutOfRange> {
                if amount <= MOST { Ok(Self(amount)) } else { Err(OutOfRange) }
            }

            /// The number itself.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// This amount after a change.
            ///
            /// # Errors
            /// Below zero or beyond [`MOST`].
            pub fn changed_by(self, delta: i64) -> Result<Self, OutOfRange> {
                self.0.checked_add_signed(delta).ok_or(OutOfRange).and_then(Self::new)
            }

            /// The change that adds this amount.
            pub const fn credit(self) -> i64 {
                self.0 as i64
            }

            /// The change that takes this amount away.
            pub const fn debit(self) -> i64 {
                -(self.0 as i64)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_u64(WholeNumber).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "integer", "minimum": 0, "maximum": MOST })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

amounts! {
    /// An amount of coins, the play currency.
    Coins;
    /// An amount of gems, the premium currency.
    Gems;
    /// An amount of real money, in the smallest unit of its currency.
    Cents;
}

/// Reads an amount and says in a client's words what it wanted instead.
struct WholeNumber;

impl Visitor<'_> for WholeNumber {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 0 to {MOST}")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        if number <= MOST { Ok(number) } else { Err(E::invalid_value(Unexpected::Unsigned(number), &self)) }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

/// What an action does to the two balances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postings {
    /// Coins gained, or lost when negative.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub coins: i64,
    /// Gems gained, or lost when negative.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gems: i64,
}

impl Postings {
    /// Nothing moves.
    pub const NONE: Self = Self { coins: 0, gems: 0 };

    /// Whether nothing moves.
    pub const fn is_nothing(&self) -> bool {
        self.coins == 0 && self.gems == 0
    }
}

/// What a player owes: the part of a refunded grant that had been spent. Whoever owes has none of it, and each credit pays the
/// debt first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Debt {
    /// Coins owed.
    #[serde(default)]
    pub coins: Coins,
    /// Gems owed.
    #[serde(default)]
    pub gems: Gems,
}

impl Debt {
    /// Whether nothing is owed.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// What is owed after a change.
    ///
    /// # Errors
    /// Below zero or beyond [`MOST`].
    pub fn changed_by(self, owed: Postings) -> Result<Self, OutOfRange> {
        Ok(Self { coins: self.coins.changed_by(owed.coins)?, gems: self.gems.changed_by(owed.gems)? })
    }
}

/// What becomes of a change: what moves the balance, and what moves the debt.
pub(crate) const fn settled(wanted: i64, owned: u64, debt: u64, may_owe: bool) -> (i64, i64) {
    let (owned, debt) = (owned as i64, debt as i64);
    if wanted >= 0 {
        let paid = if wanted < debt { wanted } else { debt };
        (wanted - paid, -paid)
    } else if may_owe && wanted < -owned {
        (-owned, -(wanted + owned))
    } else {
        (wanted, 0)
    }
}

fn is_zero(delta: &i64) -> bool {
    *delta == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_never_leaves_its_range() {
        let most = Coins::new(MOST).unwrap();
        assert_eq!(most.changed_by(1), Err(OutOfRange));
        assert_eq!(most.changed_by(most.debit()), Ok(Coins::ZERO));
        assert_eq!(Coins::ZERO.changed_by(-1), Err(OutOfRange));
        assert!(serde_json::from_str::<Gems>("9007199254740992").is_err());
        assert!(serde_json::from_str::<Gems>("-1").is_err());
        assert!(serde_json::from_str::<Gems>("1.5").is_err());
    }
}
