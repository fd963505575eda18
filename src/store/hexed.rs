//! UUIDs and digests as the few bytes they stand for. For the backends, which keep them so.

use super::table::ColumnKind;

const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// What each lower-case digit is worth; [`NONE`] for all other bytes.
const WORTH: [u8; 256] = {
    let mut worth = [NONE; 256];
    let mut at = 0;
    while at < DIGITS.len() {
        worth[DIGITS[at] as usize] = at as u8;
        at += 1;
    }
    worth
};
/// No digit.
const NONE: u8 = 0xFF;

/// The bytes that a UUID or digest stands for. A text that is none is kept as it is, and is never equal to one.
pub(super) fn short(kind: ColumnKind, text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    let mut bytes = Vec::with_capacity(32);
    match (kind, text.len()) {
        (ColumnKind::Uuid, 36) => {
            let mut from = 0;
            for hyphen in HYPHENS {
                read(text.get(from..hyphen)?, &mut bytes)?;
                if text.get(hyphen) != Some(&b'-') {
                    return None;
                }
                from = hyphen + 1;
            }
            read(text.get(from..)?, &mut bytes)?;
        }
        (ColumnKind::Digest, 64) => read(text, &mut bytes)?,
        _ => return None,
    }
    Some(bytes)
}

/// Appends what the digits stand for; there is an even number of them.
fn read(digits: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    for [high, low] in pairs {
        let (high, low) = (WORTH[usize::from(*high)], WORTH[usize::from(*low)]);
        if high == NONE || low == NONE {
            return None;
        }
        bytes.push(high << 4 | low);
    }
    Some(())
}

/// The text that [`short`] made bytes of, whichever kind it was.
#[cfg(feature = "sled")]
pub(super) fn spelled(bytes: &[u8]) -> Option<String> {
    long(if bytes.len() == 16 { ColumnKind::Uuid } else { ColumnKind::Digest }, bytes)
}

/// The text that [`short`] made bytes of.
pub(super) fn long(kind: ColumnKind, bytes: &[u8]) -> Option<String> {
    let hyphens: &[usize] = match (kind, bytes.len()) {
        (ColumnKind::Uuid, 16) => &HYPHENS,
        (ColumnKind::Digest, 32) => &[],
        _ => return None,
    };
    let mut text = String::with_capacity(64);
    for byte in bytes {
        if hyphens.contains(&text.len()) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(*DIGITS.get(usize::from(nibble))?));
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Digest, MessageId};

    #[test]
    fn ids_and_digests_are_kept_short_and_come_back() {
        for (kind, text, length) in [
            (ColumnKind::Uuid, MessageId::fresh().to_string(), 16),
            (ColumnKind::Digest, Digest::of(b"x").to_string(), 32),
        ] {
            let bytes = short(kind, &text).unwrap();
            assert_eq!(bytes.len(), length);
            assert_eq!(long(kind, &bytes), Some(text));
        }
    }

    #[test]
    fn what_is_no_id_stays_text() {
        let id = MessageId::fresh().to_string();
        for text in ["", "x", &id.to_uppercase(), &id.replace('-', "0"), &"g".repeat(36)] {
            assert_eq!(short(ColumnKind::Uuid, text), None, "{text}");
        }
        assert_eq!(short(ColumnKind::Text, &id), None);
    }
}
