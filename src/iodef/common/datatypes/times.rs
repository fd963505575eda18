//! Spelling of instants and offsets. Called by `check` one level up; never allocates, takes years of any length.

/// `[-]YYYY-MM-DDThh:mm:ss[.s…][zone]` (XML Schema part 2 §3.2.7): the day must exist, `24:00:00` is the next
/// midnight, there is no leap second, no year 0, and years beyond 9999 have no leading zero.
pub(super) fn is_date_time(value: &str) -> bool {
    let Some(rest) = date(value.strip_prefix('-').unwrap_or(value).as_bytes()) else { return false };
    let Some(rest) = time(rest) else { return false };
    rest.is_empty() || is_zone(rest, 14, 0)
}

/// `Z|[\+\-](0[0-9]|1[0-4]):[0-5][0-9]`: up to a minute short of fifteen hours, further than an instant's zone may be.
pub(super) fn is_timezone(value: &str) -> bool {
    is_zone(value.as_bytes(), 14, 59)
}

/// Reads a date up to and with its `T`; gives what follows.
fn date(bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    let (year, rest) = bytes.split_at(length);
    if length < 4 || (length > 4 && year.first() == Some(&b'0')) || year.iter().all(|digit| *digit == b'0') {
        return None;
    }
    let [b'-', m1, m2, b'-', d1, d2, b'T', rest @ ..] = rest else { return None };
    let (month, day) = (pair(*m1, *m2)?, pair(*d1, *d2)?);
    let longest = match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=longest).contains(&day).then_some(rest)
}

fn is_leap(year: &[u8]) -> bool {
    // The remainder by 400 decides; digit by digit, for a year may be longer than any integer.
    let remainder = year.iter().fold(0u32, |sum, digit| (sum * 10 + u32::from(digit - b'0')) % 400);
    remainder.is_multiple_of(4) && (!remainder.is_multiple_of(100) || remainder == 0)
}

/// Reads a time of day with its fraction; gives what follows.
fn time(bytes: &[u8]) -> Option<&[u8]> {
    let [h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = bytes else { return None };
    let (hour, minute, second) = (pair(*h1, *h2)?, pair(*m1, *m2)?, pair(*s1, *s2)?);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => {
            let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            if length == 0 {
                return None;
            }
            rest.split_at(length)
        }
        _ => (&[][..], rest),
    };
    let midnight = minute == 0 && second == 0 && fraction.iter().all(|digit| *digit == b'0');
    ((hour < 24 && minute < 60 && second < 60) || (hour == 24 && midnight)).then_some(rest)
}

/// `Z`, or a sign and an offset of at most `hours` with at most `minutes` in the last of them.
fn is_zone(bytes: &[u8], hours: u8, minutes: u8) -> bool {
    match bytes {
        b"Z" => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => match (pair(*h1, *h2), pair(*m1, *m2)) {
            (Some(hour), Some(minute)) => minute < 60 && (hour < hours || (hour == hours && minute <= minutes)),
            _ => false,
        },
        _ => false,
    }
}

fn pair(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

#[cfg(test)]
mod tests {
    use super::super::Simple;
    use super::super::tests::{right, wrong};

    #[test]
    fn instants_have_all_their_parts() {
        right(
            Simple::DateTime,
            &[
                "2003-01-25T05:30:00Z",
                "2003-01-25T05:30:00",
                "2003-01-25T05:30:00.25+01:00",
                "2003-01-25T05:30:00-00:00",
                "2003-01-25T24:00:00Z",
                "2003-01-25T24:00:00.000Z",
                "12003-01-25T05:30:00Z",
                "-0044-03-15T12:00:00Z",
                "2024-02-29T00:00:00+14:00",
                "2000-02-29T00:00:00-14:00",
            ],
        );
        wrong(
            Simple::DateTime,
            &[
                "",
                "now",
                "1709979072",
                "2024-03-09",
                "2024-3-9T10:11:12Z",
                "20240309T101112Z",
                "2024/03/09T10:11:12Z",
                "2024-03-09 10:11:12Z",
                "2024-03-09T10:11Z",
                "2024-03-09T10:11:12.Z",
                "2024-03-09T10:11:12 Z",
                "2024-03-09T10:11:12z",
                "2024-03-09t10:11:12Z",
                "2024-03-09T10:11:12+01",
                "2024-03-09T10:11:12+1:00",
                "2024-03-09T10:11:12+01:60",
                "2024-03-09T10:11:12+14:01",
                "2024-03-09T10:11:12+15:00",
                "+2024-03-09T10:11:12Z",
                "--2024-03-09T10:11:12Z",
                "24-03-09T10:11:12Z",
                "2024-W10-6T10:11:12Z",
            ],
        );
    }

    #[test]
    fn instants_exist() {
        wrong(
            Simple::DateTime,
            &[
                "2024-02-30T10:11:12Z",
                "2023-02-29T10:11:12Z",
                "1900-02-29T10:11:12Z",
                "2024-04-31T10:11:12Z",
                "2024-00-09T10:11:12Z",
                "2024-13-09T10:11:12Z",
                "2024-03-00T10:11:12Z",
                "2024-03-32T10:11:12Z",
                "2024-03-09T25:00:00Z",
                "2024-03-09T24:00:01Z",
                "2024-03-09T24:00:00.1Z",
                "2024-03-09T10:60:00Z",
                "2024-03-09T10:11:60Z",
                "0000-03-09T10:11:12Z",
                "00000-03-09T10:11:12Z",
                "02024-03-09T10:11:12Z",
            ],
        );
        let long = format!("{}-02-29T00:00:00Z", "4".repeat(5_000));
        right(Simple::DateTime, &[&long]);
    }

    #[test]
    fn zones_take_no_white_space() {
        right(Simple::Timezone, &["Z", "+00:00", "-00:00", "+14:59", "-12:30", "+05:45"]);
        wrong(Simple::Timezone, &["", " Z", "Z ", "z", "00:00", "+09", "+0100", "+15:00", "+14:60", "UTC", "+1:00"]);
    }
}
