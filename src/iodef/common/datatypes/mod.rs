//! The simple types of the schemas: which spellings each one allows.
//!
//! Called by the validator for every attribute and every element of simple content, and by drafts before they are
//! written. Promises: no allocation, time linear in the text, no panic, and the verdict of XML Schema part 2 rather than
//! that of any one tool (white space collapses where the type says so, `24:00:00` is a time, a float may be `INF`).

mod numbers;
mod times;

/// A simple type: one of XML Schema's own, or one that RFC 5070 §2 or RFC 7970 §2 derives from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Simple {
    /// `xs:string`: anything, white space kept (RFC 7970 §2.4).
    String,
    /// `xs:NMTOKEN`: name characters.
    Nmtoken,
    /// `xs:NCName`: a name without a colon.
    NcName,
    /// `xs:ID`: a name without a colon, once in a document (RFC 7970 §2.12).
    Id,
    /// `xs:IDREF`: the name of an `xs:ID` of the same document (RFC 7970 §2.13).
    IdRef,
    /// `xs:language`: a tag of BCP 47's form.
    Language,
    /// The type of `xml:lang`: `xs:language` or nothing.
    XmlLang,
    /// The type of `xml:space`: `default` or `preserve`.
    XmlSpace,
    /// `xs:anyURI` (RFC 7970 §2.11). XML Schema 1.0 leaves its syntax unchecked.
    AnyUri,
    /// `xs:boolean` (RFC 6545 §4.2).
    Boolean,
    /// `xs:integer`, of any size (RFC 7970 §2.1).
    Integer,
    /// `xs:decimal` (RFC 7970 §2.2).
    Decimal,
    /// `xs:float` (RFC 7970 §2.2).
    Float,
    /// `xs:float` above zero: `PositiveFloatType`.
    PositiveFloat,
    /// `xs:double`.
    Double,
    /// `xs:dateTime` (RFC 7970 §2.8).
    DateTime,
    /// `xs:base64Binary` (RFC 7970 §2.5.1).
    Base64Binary,
    /// `xs:hexBinary` (RFC 7970 §2.5.2).
    HexBinary,
    /// `PortlistType`: ports and ranges of ports, no white space (RFC 7970 §2.10).
    Portlist,
    /// `TimezoneType`: `Z` or an offset from UTC, no white space (RFC 7970 §2.9).
    Timezone,
}

impl Simple {
    /// What XML Schema or the schemas of the standards call the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "xs:string",
            Self::Nmtoken => "xs:NMTOKEN",
            Self::NcName => "xs:NCName",
            Self::Id => "xs:ID",
            Self::IdRef => "xs:IDREF",
            Self::Language => "xs:language",
            Self::XmlLang => "xml:lang",
            Self::XmlSpace => "xml:space",
            Self::AnyUri => "xs:anyURI",
            Self::Boolean => "xs:boolean",
            Self::Integer => "xs:integer",
            Self::Decimal => "xs:decimal",
            Self::Float => "xs:float",
            Self::PositiveFloat => "PositiveFloatType",
            Self::Double => "xs:double",
            Self::DateTime => "xs:dateTime",
            Self::Base64Binary => "xs:base64Binary",
            Self::HexBinary => "xs:hexBinary",
            Self::Portlist => "PortlistType",
            Self::Timezone => "TimezoneType",
        }
    }

    /// Whether white space around a value counts as no part of it (`whiteSpace="collapse"`).
    pub const fn collapses(self) -> bool {
        !matches!(self, Self::String | Self::Portlist | Self::Timezone)
    }

    /// Whether a value is written with digits of which there may be too many: see [`digits`].
    pub const fn is_number(self) -> bool {
        match self {
            Self::Integer | Self::Decimal | Self::Float | Self::PositiveFloat | Self::Double | Self::Portlist => true,
            // A year has as many digits as one likes, and so has a fraction of a second.
            Self::DateTime => true,
            _ => false,
        }
    }

    /// What a person should write, for error messages.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::String => "any text",
            Self::Nmtoken => "letters, digits, '-', '.', '_' or ':' without white space (xs:NMTOKEN)",
            Self::NcName => "a name that begins with a letter or '_' and has no colon (xs:NCName)",
            Self::Id => "a name that begins with a letter or '_' and has no colon (xs:ID)",
            Self::IdRef => "the name of an xs:ID of this document (xs:IDREF)",
            Self::Language => "a language tag such as en or de-CH (xs:language)",
            Self::XmlLang => "a language tag such as en or de-CH, or nothing (xml:lang)",
            Self::XmlSpace => "default or preserve (xml:space)",
            Self::AnyUri => "a URI (xs:anyURI)",
            Self::Boolean => "true, false, 1 or 0 (xs:boolean)",
            Self::Integer => "a whole number (xs:integer)",
            Self::Decimal => "a decimal number without exponent (xs:decimal)",
            Self::Float => "a number, INF, -INF or NaN (xs:float)",
            Self::PositiveFloat => "a number above 0 (PositiveFloatType)",
            Self::Double => "a number, INF, -INF or NaN (xs:double)",
            Self::DateTime => "a date and time such as 2003-01-25T05:30:00Z (xs:dateTime)",
            Self::Base64Binary => "base64 in groups of four (xs:base64Binary)",
            Self::HexBinary => "pairs of hexadecimal digits (xs:hexBinary)",
            Self::Portlist => "ports and ranges such as 80,1024-2048 without white space (PortlistType)",
            Self::Timezone => "Z or an offset such as +01:00 without white space (TimezoneType)",
        }
    }
}

/// Checks the spelling of a value: `text` is the attribute's value or the element's joined text, white space included.
///
/// What needs the whole document (is an `xs:ID` unique, does an `xs:IDREF` resolve) and limits on length ([`digits`])
/// are the caller's.
///
/// # Errors
/// What was expected, [`Simple::expected`].
#[inline]
pub fn check(simple: Simple, text: &str) -> Result<(), &'static str> {
    let value = if simple.collapses() { trim(text) } else { text };
    let right = match simple {
        Simple::String | Simple::AnyUri => true,
        Simple::Nmtoken => !value.is_empty() && value.chars().all(is_name_char),
        Simple::NcName | Simple::Id | Simple::IdRef => is_nc_name(value),
        Simple::Language => is_language(value),
        Simple::XmlLang => value.is_empty() || is_language(value),
        Simple::XmlSpace => matches!(value, "default" | "preserve"),
        Simple::Boolean => matches!(value, "true" | "false" | "1" | "0"),
        Simple::Integer => numbers::is_integer(value),
        Simple::Decimal => numbers::is_decimal(value),
        Simple::Float | Simple::Double => numbers::is_float(value),
        Simple::PositiveFloat => numbers::is_positive_float(value),
        Simple::DateTime => times::is_date_time(value),
        Simple::Base64Binary => is_base64(value),
        Simple::HexBinary => value.len().is_multiple_of(2) && value.bytes().all(|byte| byte.is_ascii_hexdigit()),
        Simple::Portlist => numbers::is_portlist(value),
        Simple::Timezone => times::is_timezone(value),
    };
    if right { Ok(()) } else { Err(simple.expected()) }
}

/// How many digits the longest number in `text` has; the validator holds it against its limit.
pub fn digits(text: &str) -> usize {
    numbers::longest(text)
}

/// Cuts off what XML calls white space, and only that.
#[inline]
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Whether XML calls the character white space.
pub const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn is_language(value: &str) -> bool {
    value.split('-').enumerate().all(|(place, part)| {
        let right = |byte: u8| if place == 0 { byte.is_ascii_alphabetic() } else { byte.is_ascii_alphanumeric() };
        (1..=8).contains(&part.len()) && part.bytes().all(right)
    })
}

fn is_nc_name(value: &str) -> bool {
    let mut chars = value.chars();
    chars.next().is_some_and(|first| first != ':' && is_name_start(first)) && chars.all(|c| c != ':' && is_name_char(c))
}

/// `NameStartChar` of XML 1.0, fifth edition, which the parser uses too.
fn is_name_start(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic() || matches!(c, ':' | '_');
    }
    matches!(c,
        '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` of XML 1.0, fifth edition.
fn is_name_char(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-' | '.');
    }
    is_name_start(c) || matches!(c, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Groups of four characters of the alphabet with white space anywhere; padding only at the end, and the bits it leaves
/// over are zero (XML Schema part 2 §3.2.16).
fn is_base64(value: &str) -> bool {
    let mut count = 0usize;
    let mut padding = 0usize;
    let mut last = 0u8;
    for byte in value.bytes() {
        let sextet = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b'=' => {
                padding += 1;
                count += 1;
                continue;
            }
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return false,
        };
        if padding > 0 {
            return false;
        }
        last = sextet;
        count += 1;
    }
    let spare = match padding {
        0 => 0,
        1 => last & 0b11,
        2 => last & 0b1111,
        _ => return false,
    };
    // A group of padding alone would leave no sextet before it, as in "==", which the count of four then refuses.
    count.is_multiple_of(4) && spare == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each value must be right, bare and, where the type collapses, between white space.
    pub(super) fn right(simple: Simple, values: &[&str]) {
        for value in values {
            assert_eq!(check(simple, value), Ok(()), "{simple:?} {value:?}");
            let spaced = format!(" \t\r\n{value}\n ");
            assert_eq!(check(simple, &spaced).is_ok(), simple.collapses() || simple == Simple::String, "{spaced:?}");
        }
    }

    pub(super) fn wrong(simple: Simple, values: &[&str]) {
        for value in values {
            assert_eq!(check(simple, value), Err(simple.expected()), "{simple:?} {value:?}");
        }
    }

    #[test]
    fn names_follow_xml() {
        right(Simple::NcName, &["a", "_", "a1", "a.b-c", "é", "a·b", "漢字"]);
        wrong(Simple::NcName, &["", "1a", "-a", ".a", ":a", "a:b", "a b", "a/b", "a@b", "a,b", "·a", "\u{a0}a"]);
        right(Simple::Id, &["x1"]);
        wrong(Simple::Id, &["-x", "1"]);
        right(Simple::Nmtoken, &["1", "-", "a:b", "a.b"]);
        wrong(Simple::Nmtoken, &["", "a b", "a,b", "a/b"]);
    }

    #[test]
    fn language_tags_have_parts_of_one_to_eight() {
        right(Simple::Language, &["en", "de-CH", "x-klingon", "abcdefgh", "en-1", "i-default"]);
        let bad = ["", "en_US", "en-", "-en", "en--US", "abcdefghi", "en-abcdefghi", "1en", "é", "e n", "*", "en,fr"];
        wrong(Simple::Language, &bad);
        right(Simple::XmlLang, &["", "en"]);
        wrong(Simple::XmlLang, &["en_US"]);
        right(Simple::XmlSpace, &["default", "preserve"]);
        wrong(Simple::XmlSpace, &["", "keep"]);
    }

    #[test]
    fn booleans_are_four_words() {
        right(Simple::Boolean, &["true", "false", "1", "0"]);
        wrong(Simple::Boolean, &["", "TRUE", "True", "yes", "no", "t", "01", "false.", "\u{a0}true"]);
    }

    #[test]
    fn uris_and_strings_are_anything() {
        right(Simple::AnyUri, &["", "http://example.com/%zz", "http://example.com:port/", "a b"]);
        right(Simple::String, &["", "a  b"]);
    }

    #[test]
    fn base64_comes_in_groups_of_four_with_canonical_ends() {
        right(Simple::Base64Binary, &["", "AAAA", "A A A A", "QQ==", "QQ\n= =", "QUI=", "ab+/"]);
        wrong(
            Simple::Base64Binary,
            &["A", "AAA", "A===", "====", "==", "AA=A", "QQ==QQ==", "QR==", "QUJ=", "AA-_", "A\u{a0}AAA"],
        );
    }

    #[test]
    fn hexadecimal_digits_come_in_pairs() {
        right(Simple::HexBinary, &["", "00", "aF09"]);
        wrong(Simple::HexBinary, &["0", "0g", "0 00", "0x00", "é"]);
    }

    #[test]
    fn only_white_space_of_xml_is_cut_off() {
        assert_eq!(trim(" \t\r\n a b \n"), "a b");
        assert_eq!(trim("\u{a0}a\u{2003}"), "\u{a0}a\u{2003}");
    }
}
