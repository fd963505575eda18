//! What a document says of itself before its root: byte order mark, encoding, version. Called by the scan only; what is
//! no UTF-8 or no XML 1.0 is refused before anything else is looked at.

use memchr::memmem;

use crate::xml::scan::refuse;
use crate::xml::{Fault, XmlError};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// UTF-16 and UTF-32 by mark or by the zero bytes of `<`: refused, and called malformed if they are not even that.
pub(super) fn other_encoding(bytes: &[u8]) -> Option<XmlError> {
    let (name, well_formed) = match bytes {
        [0, 0, 0xfe, 0xff, ..] | [0xff, 0xfe, 0, 0, ..] | [0, 0, 0, b'<', ..] | [b'<', 0, 0, 0, ..] => {
            ("UTF-32", bytes.len().is_multiple_of(4))
        }
        [0xfe, 0xff, ..] | [0, b'<', ..] => ("UTF-16", utf16(bytes, u16::from_be_bytes)),
        [0xff, 0xfe, ..] | [b'<', 0, ..] => ("UTF-16", utf16(bytes, u16::from_le_bytes)),
        _ => return None,
    };
    let fault = if well_formed { Fault::Forbidden } else { Fault::Malformed };
    Some(refuse(bytes, fault, 0, "UTF-8 (RFC 6545 section 5.5)", name))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty() && char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).all(|unit| unit.is_ok())
}

/// Checks what the XML declaration says, if there is one. (The order of its parts is left to the parser.)
pub(super) fn declaration(bytes: &[u8]) -> Result<(), XmlError> {
    let start = start_of(bytes);
    let Some(rest) = bytes.get(start..).and_then(|rest| rest.strip_prefix(b"<?xml")) else { return Ok(()) };
    if !rest.first().is_some_and(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let head = rest.get(..memmem::find(rest, b"?>").unwrap_or(0)).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let mut head = head.trim_ascii();
    while !head.is_empty() {
        let Some((name, value, rest)) = pseudo_attribute(head) else {
            let expected = "version, encoding and standalone, each with a value in quotes";
            return Err(refuse(bytes, Fault::Malformed, start + 5, expected, "something else in the XML declaration"));
        };
        if let Some((fault, expected)) = declared(name, value) {
            return Err(refuse(bytes, fault, start + 5, expected, format!("{name} {value:?}")));
        }
        head = rest.trim_ascii_start();
    }
    Ok(())
}

/// Whether what the declaration says of itself is refused, and what would not be.
fn declared(name: &str, value: &str) -> Option<(Fault, &'static str)> {
    match (name, value) {
        ("version", "1.0") | ("standalone", "yes" | "no") => None,
        ("version", other) => {
            // A processor of 1.0 may read 1.x; anything else is no version at all.
            let minor =
                other.strip_prefix("1.").is_some_and(|x| !x.is_empty() && x.bytes().all(|b| b.is_ascii_digit()));
            Some((if minor { Fault::Forbidden } else { Fault::Malformed }, "XML version 1.0"))
        }
        ("encoding", name) if name.eq_ignore_ascii_case("utf-8") => None,
        ("encoding", name) => {
            let fault = if is_known_charset(name) { Fault::Forbidden } else { Fault::Malformed };
            Some((fault, "encoding UTF-8 (RFC 6545 section 5.5)"))
        }
        _ => Some((Fault::Malformed, "only version, encoding and standalone yes or no in the XML declaration")),
    }
}

/// Cuts one `name="value"` off the front; gives both and what follows.
fn pseudo_attribute(head: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = head.split_once('=')?;
    let rest = rest.trim_ascii_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, rest) = rest.get(1..)?.split_once(quote)?;
    Some((name.trim_ascii_end(), value, rest))
}

/// Where the document begins: behind the byte order mark.
pub(super) fn start_of(bytes: &[u8]) -> usize {
    if bytes.starts_with(BOM) { BOM.len() } else { 0 }
}

/// Whether bytes that are UTF-8 could honestly be declared so: then the document is well-formed, but not for us.
/// The UTF-16 and UTF-32 families cannot be: their bytes would have been caught before.
fn is_known_charset(name: &str) -> bool {
    const FAMILIES: [&str; 16] = [
        "utf8",
        "us-ascii",
        "ascii",
        "iso-8859-",
        "iso_8859-",
        "iso8859-",
        "latin",
        "windows-",
        "cp",
        "ibm",
        "koi8-",
        "euc-",
        "shift_jis",
        "gb",
        "big5",
        "iso-2022-",
    ];
    let name = name.to_ascii_lowercase();
    FAMILIES.iter().any(|family| name.starts_with(family))
}
