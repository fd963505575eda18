//! UUIDs and digests as the few bytes they stand for. For the backends, which keep them so.

use super::table::ColumnKind;

const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The bytes that a UUID or digest stands for. A text that is none is kept as it is, and is never equal to one.
pub(super) fn short(kind: ColumnKind, text: &str) -> Option<Vec<u8>> {
    let hyphens: &[usize] = match (kind, text.len()) {
        (ColumnKind::Uuid, 36) => &HYPHENS,
        (ColumnKind::Digest, 64) => &[],
        _ => return None,
    };
    let mut bytes = Vec::with_capacity(32);
    let mut high = None;
    for (at, digit) in text.bytes().enumerate() {
        if hyphens.contains(&at) {
            if digit != b'-' {
                return None;
            }
            continue;
        }
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        match high.take() {
            None => high = Some(value << 4),
            Some(high) => bytes.push(high | value),
        }
    }
    Some(bytes)
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
