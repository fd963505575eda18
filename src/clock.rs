//! Time: instants as the store and the wire write them, and the one place that asks the system for the time.
//!
//! Every part takes `now` as an argument or holds a [`Clock`]; only [`SystemClock`] reads the machine's clock, so that
//! decisions stay pure and tests can move time by hand.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant in UTC, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
pub struct Timestamp(#[schemars(with = "String", extend("format" = "date-time"))] i64);

impl Timestamp {
    /// The instant that lies `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Reads an RFC 3339 date and time; anything finer than a microsecond is cut off. `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
        i64::try_from(parsed.unix_timestamp_nanos() / 1_000).ok().map(Self)
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// RFC 3339 in UTC, to the second, or to the microsecond if there is a fraction.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .ok()
            .and_then(|instant| instant.format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} microseconds from the epoch", self.0),
        }
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no RFC 3339 date and time")))
    }
}

/// Reads and writes a [`Duration`] in configuration: `500ms`, `30s`, `2m`, `1h`, `7d`.
pub mod span {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    /// Reads a whole number followed by `ms`, `s`, `m`, `h` or `d`.
    ///
    /// # Errors
    /// A sentence that names what was expected.
    pub fn parse(text: &str) -> Result<Duration, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let millis = UNITS.iter().find(|(name, _)| *name == unit.trim()).and_then(|(_, millis)| {
            let number: u64 = number.parse().ok()?;
            number.checked_mul(*millis)
        });
        millis.map(Duration::from_millis).ok_or_else(|| {
            format!("{text:?} is no span of time: write a whole number and ms, s, m, h or d, for instance 30s")
        })
    }

    /// Writes the span in the largest unit that divides it; less than a millisecond is cut off.
    pub fn show(span: Duration) -> String {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let unit = UNITS.iter().rev().find(|(_, size)| millis.is_multiple_of(*size) && millis > 0);
        unit.map_or_else(|| "0s".to_owned(), |(name, size)| format!("{}{name}", millis / size))
    }

    /// The span for people, in its two largest units: `3 d 2 h`, `3 h 05 min`, `42 min`, `12 s`, `350 ms`.
    pub fn words(span: Duration) -> String {
        let whole = span.as_secs();
        // The timetable speaks of hours up to E+24 h and somewhat beyond.
        let days = if whole < 2 * 86_400 { 0 } else { whole / 86_400 };
        let (hours, minutes, seconds) = (whole / 3_600 - days * 24, whole / 60 % 60, whole % 60);
        match (days, hours, minutes, seconds) {
            (0, 0, 0, 0) if span.is_zero() => "0 s".to_owned(),
            (0, 0, 0, 0) => format!("{} ms", span.as_millis()),
            (0, 0, 0, _) => format!("{seconds} s"),
            (0, 0, _, 0) => format!("{minutes} min"),
            (0, 0, _, _) => format!("{minutes} min {seconds:02} s"),
            (0, _, 0, _) => format!("{hours} h"),
            (0, _, _, _) => format!("{hours} h {minutes:02} min"),
            (_, 0, _, _) => format!("{days} d"),
            _ => format!("{days} d {hours} h"),
        }
    }

    /// For `#[serde(with = "crate::clock::span")]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&show(*span))
    }

    /// For `#[serde(with = "crate::clock::span")]`.
    ///
    /// # Errors
    /// If the text is no span, see [`parse`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Whoever tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask the system")]
    fn now(&self) -> Timestamp {
        let nanos = OffsetDateTime::now_utc().unix_timestamp_nanos();
        Timestamp(i64::try_from(nanos / 1_000).unwrap_or(i64::MAX))
    }
}

/// A clock that stands until it is moved: for tests.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn at(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the clock, also back, as whoever mends a machine's clock does.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_as_written() {
        let instant = Timestamp::parse("2003-01-25T05:30:00.25+01:00").unwrap();
        assert_eq!(instant.to_string(), "2003-01-25T04:30:00.25Z");
        assert_eq!(Timestamp::parse(&instant.to_string()), Some(instant));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in ["", "2003-01-25", "2003-02-30T00:00:00Z", "yesterday"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_told_in_two_units() {
        for (millis, text) in [
            (0, "0 s"),
            (350, "350 ms"),
            (12_999, "12 s"),
            (2_520_000, "42 min"),
            (125_000, "2 min 05 s"),
            (7_200_000, "2 h"),
            (11_100_000, "3 h 05 min"),
            (86_400_000, "24 h"),
            (169_200_000, "47 h"),
            (172_800_000, "2 d"),
            (266_400_000, "3 d 2 h"),
        ] {
            assert_eq!(span::words(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn spans_read_back_as_written() {
        for text in ["1ms", "1500ms", "30s", "2m", "36h", "7d", "0s"] {
            assert_eq!(span::show(span::parse(text).unwrap()), text);
        }
        for text in ["", "5", "s", "5 years", "-1s", "99999999999999999999s"] {
            assert!(span::parse(text).is_err(), "{text}");
        }
    }
}
