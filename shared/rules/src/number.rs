//! Whole numbers with limits.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// A whole number from `LEAST` to `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Between<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Between<LEAST, MOST> {
    /// The smallest.
    pub const LEAST: Self = Self(LEAST);

    /// This number, if it lies within the limits.
    pub const fn new(number: u32) -> Option<Self> {
        if LEAST <= number && number <= MOST { Some(Self(number)) } else { None }
    }

    /// The number itself.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<'de, const LEAST: u32, const MOST: u32> Deserialize<'de> for Between<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || D::Error::custom(format_args!("must be a whole number from {LEAST} to {MOST}"));
        u32::deserialize(deserializer).ok().and_then(Self::new).ok_or_else(wrong)
    }
}

impl<const LEAST: u32, const MOST: u32> JsonSchema for Between<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("From{LEAST}To{MOST}").into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

/// A whole number from `-MOST` to `MOST`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Within<const MOST: u32>(i64);

impl<const MOST: u32> Within<MOST> {
    /// This number, if it lies within the limits.
    pub const fn new(number: i64) -> Option<Self> {
        if number.unsigned_abs() <= MOST as u64 { Some(Self(number)) } else { None }
    }

    /// The number itself.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl<'de, const MOST: u32> Deserialize<'de> for Within<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || D::Error::custom(format_args!("must be a whole number from -{MOST} to {MOST}"));
        i64::deserialize(deserializer).ok().and_then(Self::new).ok_or_else(wrong)
    }
}

impl<const MOST: u32> JsonSchema for Within<MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Within{MOST}").into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": -i64::from(MOST), "maximum": MOST })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_limits() {
        type Dozen = Between<1, 12>;
        assert_eq!(serde_json::from_str::<Dozen>("12").unwrap().get(), 12);
        for wrong in ["0", "13", "-1", "1.5", "\"x\"", "null", "99999999999"] {
            assert!(serde_json::from_str::<Dozen>(wrong).is_err(), "{wrong}");
        }
        type Shift = Within<12>;
        assert_eq!(serde_json::from_str::<Shift>("-12").unwrap().get(), -12);
        for wrong in ["13", "-13", "1.5", "null", "-9223372036854775808"] {
            assert!(serde_json::from_str::<Shift>(wrong).is_err(), "{wrong}");
        }
    }
}
