//! Instants as people write them on the command line, and how far away they are.

use std::str::FromStr;
use std::time::Duration;

use crate::clock::{Clock, SystemClock, Timestamp, span};

/// An instant: RFC 3339, or counted back from now: `30m ago`, `-30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text, SystemClock.now()).map(Self)
    }
}

fn read(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    let back = text.strip_suffix("ago").map(str::trim_end).or_else(|| text.strip_prefix('-'));
    let found = match back {
        Some(back) => span::parse(back).ok().map(|back| now - back),
        None => Timestamp::parse(text),
    };
    let expected = "write a time such as 2003-01-25T05:30:00Z, or 30m ago";
    found.ok_or_else(|| format!("{text:?} is no instant: {expected}"))
}

/// A span in its two largest units, without spaces: `2d3h`, `3h05m`, `42m`, `12s`.
pub(super) fn short(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, _, _) => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours}h"),
    }
}

/// How far the instant is away: `3h05m left`, `12m over`.
pub(super) fn away(due: Timestamp, now: Timestamp) -> String {
    if due >= now { format!("{} left", short(due.since(now))) } else { format!("{} over", short(now.since(due))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_absolute_or_counted_back() {
        let now = Timestamp::parse("2003-01-25T06:00:00Z").unwrap();
        for (text, expected) in [
            ("2003-01-25T05:30:00Z", "2003-01-25T05:30:00Z"),
            ("2003-01-25T06:30:00+01:00", "2003-01-25T05:30:00Z"),
            ("30m ago", "2003-01-25T05:30:00Z"),
            ("-30m", "2003-01-25T05:30:00Z"),
            ("now", "2003-01-25T06:00:00Z"),
        ] {
            assert_eq!(read(text, now).map(|at| at.to_string()).as_deref(), Ok(expected), "{text}");
        }
        for bad in ["", "30m", "yesterday", "ago", "- ago", "5:30"] {
            assert!(read(bad, now).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_due_is_left_or_over() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!(away(at(11_100), at(0)), "3h05m left");
        assert_eq!(away(at(0), at(42)), "42s over");
        assert_eq!(away(at(0), at(183_600)), "2d3h over");
        assert_eq!(away(at(60), at(0)), "1m left");
    }
}
