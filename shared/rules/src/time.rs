//! Time as a value: the rules are told what time it is.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{fmt::temporal::DateTimePrinter, tz::TimeZone};

/// A moment in UTC, to the millisecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

/// A text or number that is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 time in UTC")]
pub struct NotATime;

impl Timestamp {
    /// The moment this many milliseconds after the start of 1970; the ends of the calendar bound it.
    pub fn from_millis(ms: i64) -> Self {
        Self(jiff::Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        }))
    }

    /// Milliseconds since the start of 1970.
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Seconds since the start of 1970.
    pub fn seconds(self) -> i64 {
        self.0.as_second()
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.to_zoned(TimeZone::UTC).year()
    }

    /// The moment this much later.
    pub fn after(self, duration: Duration) -> Self {
        Self::from_millis(self.millis().saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The moment this much earlier.
    pub fn before(self, duration: Duration) -> Self {
        Self::from_millis(self.millis().saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; nothing, when it is still to come.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.millis().saturating_sub(earlier.millis())).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&DateTimePrinter::new().precision(Some(3)).timestamp_to_string(&self.0))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let at: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Ok(Self::from_millis(at.as_millisecond()))
    }
}

crate::name::text_serde!(Timestamp, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_milliseconds_in_utc() {
        let at = Timestamp::from_millis(1_793_000_000_120);
        assert_eq!(at.to_string(), "2026-10-26T07:33:20.120Z");
        assert_eq!("2026-10-26T08:33:20.12+01:00".parse(), Ok(at));
        assert_eq!(at.after(Duration::from_secs(1)).since(at), Duration::from_secs(1));
        assert_eq!(at.since(at.after(Duration::from_secs(1))), Duration::ZERO);
    }

    #[test]
    fn a_year_begins_at_midnight_in_utc() {
        let year = |text: &str| text.parse::<Timestamp>().unwrap().year();
        assert_eq!([year("2026-12-31T23:59:59.999Z"), year("2027-01-01T00:00:00Z")], [2026, 2027]);
    }
}
