//! Names of things: peers, messages, parcels, incidents, digests, callback tokens. Each is checked once, when made.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Why a text is not the name it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: {why}")]
pub struct BadId {
    /// The kind of name that was expected.
    pub what: &'static str,
    /// The text that came.
    pub text: String,
    /// What is wrong with it, and what would be right.
    pub why: &'static str,
}

/// Serde, `Display` and `FromStr` for a name that is kept as checked text.
macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A peer's name: its DNS-ID (RFC 6125 §6.4), in lower case, without a trailing dot and without wildcards
/// (RFC 6546 §3 forbids them).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
pub struct PeerName(#[schemars(regex(pattern = r"^[A-Za-z0-9_.-]{1,253}$"))] String);
text_id!(PeerName);

impl FromStr for PeerName {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = |why| BadId { what: "peer name", text: text.to_owned(), why };
        if text.is_empty() || text.len() > 253 {
            return Err(bad("a DNS name has 1 to 253 characters"));
        }
        if text.contains('*') {
            return Err(bad("wildcards must not name a RID system (RFC 6546 section 3)"));
        }
        for label in text.split('.') {
            let body = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if label.is_empty() || label.len() > 63 || !body || label.starts_with('-') || label.ends_with('-') {
                return Err(bad("each label has 1 to 63 letters, digits and inner hyphens"));
            }
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// A name made of a time-ordered random number (UUID version 7).
macro_rules! numbered_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
        pub struct $name(#[schemars(extend("format" = "uuid"))] String);
        text_id!($name);

        impl $name {
            /// A new one, later in order than those made before it on this node.
            pub fn fresh() -> Self {
                Self(Uuid::now_v7().hyphenated().to_string())
            }

            /// The one that belongs to this text: always the same (UUID version 8, of the text's SHA-256).
            pub fn derived(from: &str) -> Self {
                let hash = digest::digest(&digest::SHA256, from.as_bytes());
                let mut bytes = [0; 16];
                for (byte, of_hash) in bytes.iter_mut().zip(hash.as_ref()) {
                    *byte = *of_hash;
                }
                Self(uuid::Builder::from_custom_bytes(bytes).into_uuid().hyphenated().to_string())
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                match Uuid::try_parse(text) {
                    Ok(uuid) => Ok(Self(uuid.hyphenated().to_string())),
                    Err(_) => Err(BadId { what: $what, text: text.to_owned(), why: "expected 32 hexadecimal digits in groups of 8-4-4-4-12" }),
                }
            }
        }
    };
}

numbered_id!(
    /// Our own name for one message, received or sent.
    MessageId,
    "message id"
);
numbered_id!(
    /// Our own name for one parcel in the outbox.
    ParcelId,
    "parcel id"
);

/// Our own name for a significant event, short enough to be said on the telephone: `SE-2003-01-25-1`. It is also the
/// content of the IncidentID in what we send about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
pub struct EventId(#[schemars(regex(pattern = r"^[A-Za-z0-9_.-]{1,64}$"))] String);
text_id!(EventId);

impl FromStr for EventId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if text.is_empty() || text.len() > 64 || !text.bytes().all(fits) {
            let why = "expected 1 to 64 letters, digits, hyphens, points and underscores";
            return Err(BadId { what: "name of a significant event", text: text.to_owned(), why });
        }
        Ok(Self(text.to_owned()))
    }
}

/// What an IODEF IncidentID names without its instance: the CSIRT that numbered it and its number (RFC 5070 §3.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IncidentName {
    /// The CSIRT that gave the number: IncidentID's `name`.
    pub name: String,
    /// The number: IncidentID's content.
    pub id: String,
}

impl fmt::Display for IncidentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.name, self.id)
    }
}

/// `NAME#ID`, cut at the last `#`: how people write an incident on the command line.
impl FromStr for IncidentName {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        match text.rsplit_once('#') {
            Some((name, id)) if !name.is_empty() && !id.is_empty() => {
                Ok(Self { name: name.to_owned(), id: id.to_owned() })
            }
            _ => Err(BadId {
                what: "incident",
                text: text.to_owned(),
                why: "write NAME#ID, for instance cert.example.org#189493",
            }),
        }
    }
}

/// What a RID-Callback-Token carries: 1 to 255 visible ASCII characters (RFC 6546 §3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
pub struct CallbackToken(#[schemars(regex(pattern = r"^[!-~]{1,255}$"))] String);
text_id!(CallbackToken);

impl CallbackToken {
    /// A token that nobody can guess.
    pub fn fresh() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }
}

impl FromStr for CallbackToken {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId {
                what: "RID-Callback-Token",
                text: text.chars().take(300).collect(),
                why: "expected 1 to 255 visible ASCII characters (RFC 6546 section 3)",
            })
        }
    }
}

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
pub struct Digest(#[schemars(regex(pattern = r"^(sha256:)?[0-9A-Fa-f]{64}$"))] String);
text_id!(Digest);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts([bytes])
    }

    /// The digest of the parts one after the other.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part);
        }
        let mut text = String::with_capacity(64);
        for byte in context.finish().as_ref() {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        Self(text)
    }
}

impl FromStr for Digest {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let text = text.strip_prefix("sha256:").unwrap_or(text);
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(BadId { what: "SHA-256 digest", text: text.to_owned(), why: "expected 64 hexadecimal digits" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peer_names_are_dns_names_without_wildcards() {
        assert_eq!("CERT.example.ORG".parse::<PeerName>().unwrap().as_str(), "cert.example.org");
        for bad in ["", "*.example.org", "a..b", "example.org.", "-a.org", "a b", "ä.org", "a/b"] {
            assert!(bad.parse::<PeerName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn digests_are_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").as_str(), empty);
        assert_eq!(Digest::of_parts([&b"a"[..], b"b"]), Digest::of(b"ab"));
        assert_eq!(format!("sha256:{empty}").parse::<Digest>().unwrap().as_str(), empty);
    }

    #[test]
    fn callback_tokens_are_1_to_255_vchar() {
        assert!("a".repeat(255).parse::<CallbackToken>().is_ok());
        for bad in ["", "a b", "a\u{7f}", &"a".repeat(256)] {
            assert!(bad.parse::<CallbackToken>().is_err(), "{bad}");
        }
    }

    #[test]
    fn incidents_are_cut_at_the_last_hash() {
        let incident: IncidentName = "cert#a#12".parse().unwrap();
        assert_eq!((incident.name.as_str(), incident.id.as_str()), ("cert#a", "12"));
        assert!("cert.example.org".parse::<IncidentName>().is_err());
    }
}
