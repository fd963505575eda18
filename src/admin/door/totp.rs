//! One-time codes by time (RFC 6238, TOTP; RFC 4226 §5.3): six digits, SHA-1, 30 seconds, as every authenticator app
//! reads them. A code is good one step before and after its time, and once.

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

use super::fill;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;

/// Seconds of a step (RFC 6238 §4.1).
const STEP: i64 = 30;

/// Steps that a code may be early or late: clocks differ (RFC 6238 §5.2).
const DRIFT: i64 = 1;

/// RFC 4648 §6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret of 160 bits (RFC 4226 §4), in base 32.
pub(in crate::admin) fn secret() -> Result<String, Problem> {
    let mut bytes = [0; 20];
    fill(&mut bytes)?;
    Ok(written(&bytes))
}

/// The step whose code this is, around `now` and after the step `used` last.
pub(super) fn step(secret: &str, code: &str, now: Timestamp, used: Option<i64>) -> Option<i64> {
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &read(secret)?);
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let present = now.seconds().div_euclid(STEP);
    let mut found = None;
    // Every step is computed and compared in full, so that time tells nothing.
    for step in present.saturating_sub(DRIFT)..=present.saturating_add(DRIFT) {
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(digits(&key, step).as_bytes(), code.as_bytes());
        if same.is_ok() && used.is_none_or(|used| step > used) {
            found = Some(step);
        }
    }
    found
}

/// What an authenticator app reads from a code on paper or screen: the secret with its names.
pub(in crate::admin) fn address(secret: &str, node: &str, operator: &str) -> String {
    let label = crate::admin::path([format!("{node}:{operator}").as_str()]);
    let issuer = crate::admin::path([node]);
    format!("otpauth://totp/{label}?secret={secret}&issuer={issuer}")
}

/// RFC 4226 §5.3.
fn digits(key: &Key, step: i64) -> String {
    let tag = sign(key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().map_or(0, |last| last & 0xf));
    let four = tag.iter().skip(offset).take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:06}", (four & 0x7fff_ffff) % 1_000_000)
}

fn written(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(BASE32[(held << (5 - bits) & 31) as usize]));
    }
    text
}

fn read(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text.bytes() {
        let value = BASE32.iter().position(|known| *known == letter)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// The code of the present step: for tests of the door.
#[cfg(test)]
pub(in crate::admin) fn code_at(secret: &str, now: Timestamp) -> String {
    digits(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &read(secret).unwrap()), now.seconds().div_euclid(STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, Appendix B: the secret of the SHA-1 vectors; the last six of their eight digits.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = written(SECRET);
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(&secret, at(time)), code, "{time}");
            assert_eq!(step(&secret, code, at(time), None), Some(time / 30), "{time}");
        }
    }

    #[test]
    fn a_code_is_good_around_its_time_and_once() {
        let secret = secret().unwrap();
        let code = code_at(&secret, at(3_000));
        for (now, used, good) in [
            (3_000, None, true),
            (2_970, None, true),
            (3_059, None, true),
            (2_969, None, false),
            (3_060, None, false),
            (3_000, Some(99), true),
            (3_000, Some(100), false),
            (3_000, Some(101), false),
        ] {
            assert_eq!(step(&secret, &code, at(now), used).is_some(), good, "{now} {used:?}");
        }
        assert!(step(&secret, &format!(" {} {}", &code[..3], &code[3..]), at(3_000), None).is_some());
        for bad in ["", "12345", "abcdef", &format!("{code}0")] {
            assert_eq!(step(&secret, bad, at(3_000), None), None, "{bad:?}");
        }
        assert_eq!(step("no base 32!", &code, at(3_000), None), None);
    }

    #[test]
    fn secrets_are_written_in_base_32() {
        assert_eq!(written(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(read("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap(), SECRET);
        assert_eq!(secret().unwrap().len(), 32);
        let uri = address("ABC", "node.example", "Dr. Zoë");
        assert_eq!(uri, "otpauth://totp/node.example%3ADr.%20Zo%C3%AB?secret=ABC&issuer=node.example");
    }
}
