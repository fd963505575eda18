//! Reading names: from formatted strings (NISTIR 7695 §6.2, unbinding) and from URIs of CPE 2.2 (§6.1, unbinding).

use super::value::{Slack, Text, Value};
use super::{ATTRIBUTES, BadName, COUNT, LONGEST, Name};

/// One character of a value: as it is, or a wildcard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plain(u8),
    Many,
    One,
}

/// The name that the text is, in either binding, if it can be read again as it is written.
pub(super) fn name(text: &str) -> Result<Name, BadName> {
    if text.len() > LONGEST {
        return Err(BadName::TooLong { bytes: text.len() });
    }
    let name = read(text)?;
    // A URI does not quote what a formatted string must: written, it is up to twice as long, and has all components.
    if text.len() > LONGEST / 2 - 32 {
        let bytes = name.to_string().len();
        if bytes > LONGEST {
            return Err(BadName::TooLong { bytes });
        }
    }
    Ok(name)
}

fn read(text: &str) -> Result<Name, BadName> {
    // Names compare without regard to case (NISTIR 7696, attribute comparison), so they are kept in lower case.
    let lower = text.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("cpe:2.3:") {
        return formatted(rest, text);
    }
    match lower.strip_prefix("cpe:/") {
        Some(rest) => uri(rest, text),
        None => Err(BadName::Scheme { name: text.to_owned() }),
    }
}

fn formatted(rest: &str, name: &str) -> Result<Name, BadName> {
    let parts = unquoted_colons(rest);
    if parts.len() != COUNT {
        return Err(BadName::Components { name: name.to_owned(), found: parts.len(), expected: "11 after cpe:2.3" });
    }
    collect(name, |at| {
        let part = parts.get(at).copied().unwrap_or_default();
        (
            part,
            match part {
                "*" => Ok(Value::Any),
                "-" => Ok(Value::Na),
                part => quoted(part).and_then(|signs| value(&signs)),
            },
        )
    })
}

/// Splits at the colons that no backslash stands before.
fn unquoted_colons(text: &str) -> Vec<&str> {
    let (mut parts, mut quoted, mut begin) = (Vec::new(), false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if quoted => quoted = false,
            b'\\' => quoted = true,
            b':' => {
                parts.push(text.get(begin..at).unwrap_or_default());
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(begin..).unwrap_or_default());
    parts
}

/// A value of a formatted string.
fn quoted(text: &str) -> Result<Vec<Sign>, &'static str> {
    let mut signs = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        signs.push(match byte {
            b'\\' => match bytes.next() {
                Some(quoted) if quoted.is_ascii_punctuation() && quoted != b'_' => Sign::Plain(quoted),
                Some(_) => return Err("only punctuation is quoted: leave the backslash out"),
                None => return Err("nothing follows the backslash: a backslash itself is written \\\\"),
            },
            b'*' => Sign::Many,
            b'?' => Sign::One,
            b'_' | b'.' | b'-' => Sign::Plain(byte),
            byte if byte.is_ascii_alphanumeric() => Sign::Plain(byte),
            byte if byte.is_ascii_punctuation() => return Err("punctuation other than _ . - is quoted by a backslash"),
            _ => return Err("only printable ASCII can stand in a name: a blank is written _"),
        });
    }
    Ok(signs)
}

fn uri(rest: &str, name: &str) -> Result<Name, BadName> {
    let parts: Vec<&str> = rest.split(':').collect();
    if parts.len() > 7 {
        return Err(BadName::Components {
            name: name.to_owned(),
            found: parts.len(),
            expected: "at most 7 after cpe:/",
        });
    }
    // The edition may carry those attributes that CPE 2.2 had no place for (NISTIR 7695 §6.1, packing).
    let packed: Vec<&str> = match parts.get(5) {
        Some(edition) if edition.starts_with('~') => edition.split('~').skip(1).collect(),
        _ => Vec::new(),
    };
    if !packed.is_empty() && packed.len() != 5 {
        let value = parts.get(5).copied().unwrap_or_default().to_owned();
        let why = "a packed edition has five tildes, each before one value";
        return Err(BadName::Attribute { name: name.to_owned(), attribute: "edition", value, why });
    }
    collect(name, |at| {
        let part = match (at, packed.is_empty()) {
            (5, false) => packed.first(),
            (7.., false) => packed.get(at - 6),
            (7.., true) => None,
            _ => parts.get(at),
        };
        let part = part.copied().unwrap_or_default();
        (
            part,
            match part {
                "" => Ok(Value::Any),
                "-" => Ok(Value::Na),
                part => decoded(part).and_then(|signs| value(&signs)),
            },
        )
    })
}

/// A component of a URI. Characters that should be percent-encoded but are not are taken as they are: names of CPE 2.2
/// were often written so, and a data call is better understood than refused.
fn decoded(text: &str) -> Result<Vec<Sign>, &'static str> {
    let mut signs = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        signs.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let code = digit(bytes.next()).zip(digit(bytes.next())).map(|(high, low)| high * 16 + low);
                match code.and_then(|code| u8::try_from(code).ok()) {
                    Some(1) => Sign::One,
                    Some(2) => Sign::Many,
                    Some(code) if code.is_ascii_graphic() => Sign::Plain(code.to_ascii_lowercase()),
                    _ => return Err("a percent sign begins the code of a printable character, or %01 or %02"),
                }
            }
            b'*' | b'?' | b'\\' => {
                return Err("in a URI a wildcard is written %02 or %01, other punctuation by its code");
            }
            byte if byte.is_ascii_graphic() => Sign::Plain(byte),
            _ => return Err("only printable ASCII can stand in a name: a blank is written _"),
        });
    }
    Ok(signs)
}

/// The value that the signs make (NISTIR 7695 §5.3.2).
fn value(signs: &[Sign]) -> Result<Value, &'static str> {
    let plain = |sign: &Sign| matches!(sign, Sign::Plain(_));
    let Some(first) = signs.iter().position(plain) else {
        return Err("a value has at least one character that is no wildcard; any value is written *");
    };
    let last = signs.iter().rposition(plain).unwrap_or(first);
    let mut body = String::with_capacity(signs.len());
    for sign in signs.get(first..=last).unwrap_or_default() {
        match sign {
            Sign::Plain(byte) => body.push(char::from(*byte)),
            Sign::Many | Sign::One => {
                return Err("wildcards stand at the beginning and the end of a value only: quote it");
            }
        }
    }
    let before = slack(signs.get(..first).unwrap_or_default())?;
    let after = slack(signs.get(last + 1..).unwrap_or_default())?;
    if body == "-" && (before, after) == (Some(0), Some(0)) {
        return Err("a quoted hyphen alone is no value; not applicable is written -");
    }
    Ok(Value::Text(Text { before, body, after }))
}

fn slack(signs: &[Sign]) -> Result<Slack, &'static str> {
    match signs {
        [Sign::Many] => Ok(None),
        signs if signs.iter().all(|sign| *sign == Sign::One) => Ok(Some(signs.len())),
        _ => Err("one * or several ? stand at an end of a value, not both"),
    }
}

/// Reads each attribute by its place, and checks what only some of them may be.
fn collect<'t>(name: &str, read: impl Fn(usize) -> (&'t str, Result<Value, &'static str>)) -> Result<Name, BadName> {
    let mut values: [Value; COUNT] = std::array::from_fn(|_| Value::Any);
    for (at, (attribute, place)) in ATTRIBUTES.into_iter().zip(&mut values).enumerate() {
        let (text, value) = read(at);
        let fault = |why| BadName::Attribute { name: name.to_owned(), attribute, value: text.to_owned(), why };
        let value = value.map_err(fault)?;
        match attribute {
            "part" if !is_part(&value) => {
                return Err(fault("expected a (application), o (operating system) or h (hardware)"));
            }
            "language" if !is_language(&value) => {
                return Err(fault("expected a language tag such as en or en-us (RFC 5646)"));
            }
            _ => *place = value,
        }
    }
    Ok(Name { values })
}

fn is_part(value: &Value) -> bool {
    match value {
        Value::Any | Value::Na => true,
        Value::Text(text) => {
            text.before == Some(0) && text.after == Some(0) && matches!(text.body.as_str(), "a" | "o" | "h")
        }
    }
}

/// A language with at most a region (NISTIR 7695 §5.3, language).
fn is_language(value: &Value) -> bool {
    let Value::Text(text) = value else { return true };
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (language, region) = text.body.split_once('-').unwrap_or((&text.body, "us"));
    let region = match region.len() {
        2 => letters(region),
        3 => region.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    };
    text.before == Some(0) && text.after == Some(0) && (2..=3).contains(&language.len()) && letters(language) && region
}
