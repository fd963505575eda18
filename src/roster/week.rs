//! Shifts: who is on watch when, by the wall clock of a time zone.
//!
//! Shifts are hours of the wall clock, so a week that is covered on the clock is covered through every change of summer
//! time: the hour that comes twice belongs to the same shift twice, the one that is left out to nobody.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time zone by its IANA name. The rules are the system's (`/usr/share/zoneinfo`, so they follow its updates); where it
/// has none, those built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The instant as the zone's clocks show it.
    fn wall(&self, at: Timestamp) -> Wall {
        // Outside of the years -9999 to 9999 there are no shifts.
        let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
        let local = instant.to_zoned(self.0.clone()).datetime();
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        Wall { date: local.date(), minute }
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        TimeZone::get(text)
            .map(Self)
            .map_err(|_| format!("{text:?} is no time zone: write an IANA name such as America/New_York or UTC"))
    }
}

/// A moment on the wall clock.
#[derive(Clone, Copy)]
struct Wall {
    date: Date,
    minute: u16,
}

/// Days of the week: `mon-fri`, `sat,sun`, `daily`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    fn has(self, day: usize) -> bool {
        self.0 & (1 << day) != 0
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0x7f {
            return f.write_str("daily");
        }
        let names: Vec<_> = NAMES.iter().enumerate().filter(|(day, _)| self.has(*day)).map(|(_, name)| *name).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} names no days: write for instance \"mon-fri\", \"sat,sun\" or \"daily\"");
        let number = |name: &str| NAMES.iter().position(|known| name.eq_ignore_ascii_case(known)).ok_or_else(wrong);
        if text == "daily" {
            return Ok(Self(0x7f));
        }
        let mut days = 0;
        for part in text.split(',').map(str::trim) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut day, last) = (number(first.trim())?, number(last.trim())?);
            days |= 1 << day;
            while day != last {
                day = (day + 1) % NAMES.len();
                days |= 1 << day;
            }
        }
        Ok(Self(days))
    }
}

/// Hours of a day on the wall clock: `08:00-16:00`, `22:00-06:00` (into the next day), `00:00-24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    from: u16,
    /// Up to, not including, this minute; not after `from` means on the next day.
    to: u16,
}

impl Hours {
    /// The whole day.
    pub const ALL: Self = Self { from: 0, to: DAY };

    fn today(self, minute: u16) -> bool {
        minute >= self.from && (minute < self.to || self.to <= self.from)
    }

    fn since_yesterday(self, minute: u16) -> bool {
        self.to <= self.from && minute < self.to
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", clock(self.from), clock(self.to))
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} names no hours: write HH:MM-HH:MM, for instance \"08:00-16:00\"");
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        let (from, to) = (minute(from).ok_or_else(wrong)?, minute(to).ok_or_else(wrong)?);
        if from == DAY { Err(wrong()) } else { Ok(Self { from, to }) }
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

macro_rules! as_text {
    ($($name:ident),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" })
            }
        }
    )+};
}

as_text!(Days, Hours, Zone);

/// One line of the weekly table of a watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Shift {
    /// The days on which the shift begins.
    pub days: Days,
    /// Its hours.
    pub hours: Hours,
    /// The persons who are on, by id, in the order in which they are called.
    pub on: Vec<String>,
}

/// What holds on some dates instead of the weekly table: holidays, exchanges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Override {
    /// The first date.
    #[schemars(with = "String", extend("format" = "date"))]
    pub from: Date,
    /// The last date.
    #[schemars(with = "String", extend("format" = "date"))]
    pub to: Date,
    /// The hours of each of these dates.
    pub hours: Hours,
    /// The persons who are on then, by id, in the order in which they are called; nobody if empty.
    pub on: Vec<String>,
}

impl Override {
    fn covers(&self, wall: Wall) -> bool {
        let among = |date: Date| self.from <= date && date <= self.to;
        (among(wall.date) && self.hours.today(wall.minute))
            || (self.hours.since_yesterday(wall.minute) && wall.date.yesterday().is_ok_and(among))
    }
}

/// Who is on at that instant, in the order of calling: by the first override that covers it, else by all shifts that do.
pub(super) fn on<'a>(zone: &Zone, shifts: &'a [Shift], overrides: &'a [Override], at: Timestamp) -> Vec<&'a str> {
    if shifts.is_empty() && overrides.is_empty() {
        return Vec::new();
    }
    let wall = zone.wall(at);
    if let Some(change) = overrides.iter().find(|change| change.covers(wall)) {
        return change.on.iter().map(String::as_str).collect();
    }
    let today = usize::from(wall.date.weekday().since(Weekday::Monday).unsigned_abs());
    let yesterday = (today + 6) % 7;
    let covers = |shift: &&Shift| {
        (shift.days.has(today) && shift.hours.today(wall.minute))
            || (shift.days.has(yesterday) && shift.hours.since_yesterday(wall.minute))
    };
    shifts.iter().filter(covers).flat_map(|shift| shift.on.iter().map(String::as_str)).collect()
}

/// The hours of the week in which the weekly table has nobody on, in words: `sat 16:00 to mon 08:00`.
pub(super) fn gaps(shifts: &[Shift]) -> Vec<String> {
    const WEEK: usize = 7 * DAY as usize;
    let mut covered = vec![false; WEEK];
    for shift in shifts.iter().filter(|shift| !shift.on.is_empty()) {
        let (from, to) = (usize::from(shift.hours.from), usize::from(shift.hours.to));
        let length = if to <= from { to + usize::from(DAY) - from } else { to - from };
        for day in (0..7).filter(|day| shift.days.has(*day)) {
            let begin = day * usize::from(DAY) + from;
            for minute in begin..begin + length {
                if let Some(slot) = covered.get_mut(minute % WEEK) {
                    *slot = true;
                }
            }
        }
    }
    if !covered.contains(&true) {
        return vec!["at no hour of the week".to_owned()];
    }
    let is_covered = |minute: usize| covered.get(minute % WEEK).copied().unwrap_or(false);
    let name = |minute: usize| {
        let minute = minute % WEEK;
        let of_day = u16::try_from(minute % usize::from(DAY)).unwrap_or(0);
        format!("{} {}", NAMES.get(minute / usize::from(DAY)).unwrap_or(&""), clock(of_day))
    };
    let begins = (0..WEEK).filter(|minute| !is_covered(*minute) && is_covered(minute + WEEK - 1));
    begins
        .map(|begin| {
            let length = (0..WEEK).take_while(|past| !is_covered(begin + past)).count();
            format!("{} to {}", name(begin), name(begin + length))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(days: &str, hours: &str, on: &str) -> Shift {
        Shift { days: days.parse().unwrap(), hours: hours.parse().unwrap(), on: vec![on.to_owned()] }
    }

    fn who(zone: &str, shifts: &[Shift], overrides: &[Override], at: &str) -> String {
        on(&zone.parse().unwrap(), shifts, overrides, Timestamp::parse(at).unwrap()).join(" ")
    }

    #[test]
    fn days_and_hours_read_back_as_written() {
        for (text, written) in [("mon-fri", "mon,tue,wed,thu,fri"), ("sat-mon", "mon,sat,sun"), ("daily", "daily")] {
            let days: Days = text.parse().unwrap();
            assert_eq!(days.to_string(), written);
            assert_eq!(days.to_string().parse(), Ok(days));
        }
        for text in ["00:00-24:00", "22:00-06:00", "08:30-16:00"] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
        }
        for text in ["", "monday", "mon-", "mon;tue"] {
            assert!(text.parse::<Days>().is_err(), "{text}");
        }
        for text in ["", "8-16", "08:00", "08:00-25:00", "24:00-08:00", "08:60-09:00", "08:00-+9:00"] {
            assert!(text.parse::<Hours>().is_err(), "{text}");
        }
        assert!("Mars/Olympus".parse::<Zone>().is_err());
    }

    #[test]
    fn a_shift_changes_at_local_midnight_in_winter_and_summer() {
        let shifts = [shift("mon", "00:00-24:00", "monday"), shift("tue", "00:00-24:00", "tuesday")];
        let zone = "America/New_York";
        // 12 January 2026 and 13 July 2026 are Mondays; midnight is five, then four hours behind UTC.
        assert_eq!(who(zone, &shifts, &[], "2026-01-13T04:59:59Z"), "monday");
        assert_eq!(who(zone, &shifts, &[], "2026-01-13T05:00:00Z"), "tuesday");
        assert_eq!(who(zone, &shifts, &[], "2026-07-14T03:59:59Z"), "monday");
        assert_eq!(who(zone, &shifts, &[], "2026-07-14T04:00:00Z"), "tuesday");
        assert_eq!(who(zone, &shifts, &[], "2026-07-15T04:00:00Z"), "");
    }

    #[test]
    fn the_nights_of_the_clock_change_are_covered() {
        let shifts = [shift("daily", "06:00-01:30", "day"), shift("daily", "01:30-06:00", "night")];
        let zone = "Europe/Berlin";
        // Sunday 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
        assert_eq!(who(zone, &shifts, &[], "2026-03-29T00:29:59Z"), "day");
        assert_eq!(who(zone, &shifts, &[], "2026-03-29T00:30:00Z"), "night");
        assert_eq!(who(zone, &shifts, &[], "2026-03-29T03:59:59Z"), "night");
        assert_eq!(who(zone, &shifts, &[], "2026-03-29T04:00:00Z"), "day");
        // Sunday 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC; the hour from 02:00 comes twice.
        for at in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T04:59:59Z"] {
            assert_eq!(who(zone, &shifts, &[], at), "night", "{at}");
        }
        assert_eq!(who(zone, &shifts, &[], "2026-10-25T05:00:00Z"), "day");
        assert_eq!(gaps(&shifts), Vec::<String>::new());
    }

    #[test]
    fn a_shift_of_sunday_night_ends_on_monday() {
        let shifts = [shift("sun", "22:00-06:00", "night")];
        assert_eq!(who("UTC", &shifts, &[], "2026-01-11T21:59:00Z"), "");
        assert_eq!(who("UTC", &shifts, &[], "2026-01-11T22:00:00Z"), "night");
        assert_eq!(who("UTC", &shifts, &[], "2026-01-12T05:59:00Z"), "night");
        assert_eq!(who("UTC", &shifts, &[], "2026-01-12T06:00:00Z"), "");
        assert_eq!(who("UTC", &shifts, &[], "2026-01-11T05:00:00Z"), "");
    }

    #[test]
    fn an_override_replaces_the_table_on_its_dates() {
        let shifts = [shift("daily", "00:00-24:00", "usual")];
        let date = |text: &str| text.parse().unwrap();
        let change = |hours: &str, on: &[&str]| Override {
            from: date("2026-12-24"),
            to: date("2026-12-26"),
            hours: hours.parse().unwrap(),
            on: on.iter().map(|id| (*id).to_owned()).collect(),
        };
        let whole = [change("00:00-24:00", &["holiday"])];
        assert_eq!(who("UTC", &shifts, &whole, "2026-12-23T23:59:59Z"), "usual");
        assert_eq!(who("UTC", &shifts, &whole, "2026-12-24T00:00:00Z"), "holiday");
        assert_eq!(who("UTC", &shifts, &whole, "2026-12-26T23:59:59Z"), "holiday");
        assert_eq!(who("UTC", &shifts, &whole, "2026-12-27T00:00:00Z"), "usual");
        let night = [change("22:00-02:00", &["holiday"])];
        assert_eq!(who("UTC", &shifts, &night, "2026-12-24T01:00:00Z"), "usual");
        assert_eq!(who("UTC", &shifts, &night, "2026-12-27T01:00:00Z"), "holiday");
        assert_eq!(who("UTC", &shifts, &[change("00:00-24:00", &[])], "2026-12-25T12:00:00Z"), "");
    }

    #[test]
    fn gaps_are_named_by_their_hours() {
        let office = [shift("mon-fri", "08:00-16:00", "a")];
        let found = gaps(&office);
        assert_eq!(found.len(), 5);
        assert!(found.contains(&"mon 16:00 to tue 08:00".to_owned()), "{found:?}");
        assert!(found.contains(&"fri 16:00 to mon 08:00".to_owned()), "{found:?}");
        assert_eq!(gaps(&[]), ["at no hour of the week"]);
        let nobody = Shift { on: Vec::new(), ..shift("daily", "00:00-24:00", "") };
        assert_eq!(gaps(&[nobody]), ["at no hour of the week"]);
        assert_eq!(gaps(&[shift("daily", "00:00-23:59", "a")]).len(), 7);
    }
}
