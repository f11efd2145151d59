//! The game's own days and weeks: a day begins where the operator says, a week on Monday.

use std::fmt;

use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Where the game's day begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Minutes from midnight UTC to the beginning of the day.
    offset_minutes: i32,
}

/// A day of the game, counted from the first of 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct GameDay(i32);

/// A week of the game, from Monday; counted from the first of 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct GameWeek(i32);

const MINUTES_OF_A_DAY: i64 = 24 * 60;
/// 1970 began on a Thursday: three days after a Monday.
const DAYS_BEFORE_THURSDAY: i32 = 3;

impl Calendar {
    /// A day that begins so many minutes after midnight UTC; `None` for more than a day in either direction.
    pub fn beginning_at(offset_minutes: i32) -> Option<Self> {
        (i64::from(offset_minutes.unsigned_abs()) < MINUTES_OF_A_DAY).then_some(Self { offset_minutes })
    }

    /// The day of a moment.
    pub fn day(self, at: Timestamp) -> GameDay {
        let minutes = at.seconds().div_euclid(60) - i64::from(self.offset_minutes);
        GameDay(i32::try_from(minutes.div_euclid(MINUTES_OF_A_DAY)).unwrap_or(i32::MAX))
    }

    /// The first moment of a day.
    pub fn begin(self, day: GameDay) -> Timestamp {
        let minutes = i64::from(day.0) * MINUTES_OF_A_DAY + i64::from(self.offset_minutes);
        Timestamp::from_millis(minutes * 60_000)
    }
}

impl GameDay {
    /// How many days after another one; negative before it.
    pub const fn days_after(self, earlier: Self) -> i32 {
        self.0.saturating_sub(earlier.0)
    }

    /// So many days later.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Its week.
    pub const fn week(self) -> GameWeek {
        GameWeek((self.0.saturating_add(DAYS_BEFORE_THURSDAY)).div_euclid(7))
    }

    fn date(self) -> Date {
        date(1970, 1, 1).saturating_add(jiff::Span::new().try_days(self.0).unwrap_or_default())
    }
}

impl GameWeek {
    /// Its Monday.
    pub const fn monday(self) -> GameDay {
        GameDay(self.0.saturating_mul(7).saturating_sub(DAYS_BEFORE_THURSDAY))
    }
}

impl fmt::Display for GameDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

impl fmt::Display for GameWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.monday().date().iso_week_date();
        write!(f, "{}-W{:02}", week.year(), week.week())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_where_the_operator_says() {
        let utc = Calendar::default();
        assert_eq!(utc.day(at("2026-11-22T23:59:59.999Z")).to_string(), "2026-11-22");
        assert_eq!(utc.day(at("2026-11-23T00:00:00Z")).to_string(), "2026-11-23");
        let tokyo = Calendar::beginning_at(-9 * 60).unwrap();
        assert_eq!(tokyo.day(at("2026-11-22T14:59:59Z")).to_string(), "2026-11-22");
        assert_eq!(tokyo.day(at("2026-11-22T15:00:00Z")).to_string(), "2026-11-23");
        let late = Calendar::beginning_at(4 * 60).unwrap();
        assert_eq!(late.day(at("2026-11-22T03:59:59Z")).to_string(), "2026-11-21");
        for calendar in [utc, tokyo, late] {
            let day = calendar.day(at("2026-11-22T12:00:00Z"));
            assert_eq!(calendar.day(calendar.begin(day)), day);
            assert_eq!(calendar.begin(day.plus(1)).since(calendar.begin(day)).as_secs(), 86_400);
        }
        assert!(Calendar::beginning_at(24 * 60).is_none());
    }

    #[test]
    fn a_week_begins_on_monday() {
        let day = |text: &str| Calendar::default().day(at(&format!("{text}T12:00:00Z")));
        assert_eq!(day("2026-11-22").week().to_string(), "2026-W47", "a Sunday");
        assert_eq!(day("2026-11-23").week().to_string(), "2026-W48", "a Monday");
        assert_eq!(day("2027-01-01").week().to_string(), "2026-W53");
        assert_eq!(day("1969-12-31").week(), day("1970-01-01").week());
        assert_eq!(day("2026-11-29").week().monday(), day("2026-11-23"));
    }
}
