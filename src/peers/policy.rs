//! What one peer may send and how we send to it, where that differs from what its relation says.
//!
//! Kept in the peer's record as JSON. A policy that is absent is the default one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rights::{MsgType, Ruling};
use crate::store::records::Peer;
use crate::store::worded;
use crate::xmlsec::SignatureAlgorithm;
use crate::xmlsec::encryption::ContentAlgorithm;

/// The version of IODEF that a peer takes; both are always read from it. It rules the documents that we put together
/// (answers to its Queries). What is relayed or sent is its author's and stays as it is, with a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum IodefVersion {
    /// IODEF 1.0 (RFC 5070).
    #[serde(rename = "1.0")]
    V1,
    /// IODEF 2.0 (RFC 7970), and 1.0.
    #[default]
    #[serde(rename = "2.0")]
    V2,
}

impl IodefVersion {
    /// `1.0` or `2.0`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

impl std::fmt::Display for IodefVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for IodefVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "1.0" => Ok(Self::V1),
            "2.0" => Ok(Self::V2),
            _ => Err(format!("{text:?} is no version of IODEF: expected 1.0 or 2.0")),
        }
    }
}

worded! {
    /// What becomes of a peer's messages that bring no signature of their sender over the whole message. A signature that
    /// does not hold is refused in any case but the last.
    pub enum Signatures: "rule for signatures" {
        /// They are refused.
        Required = "required",
        /// They are taken as the TLS peer's.
        WhenPresent = "when-present",
        /// Signatures are not looked at.
        Off = "off",
    }
}

worded! {
    /// Which of our messages to a peer are encrypted.
    pub enum Encryption: "rule for encryption" {
        /// Those whose restriction asks for it (RFC 6545 §9.1).
        ByRestriction = "by-restriction",
        /// All that carry a document, but for public ones, which must travel in clear text.
        Always = "always",
        /// None.
        Never = "never",
    }
}

/// How a peer is treated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// What becomes of its messages by type, where the table of its relation is not what is wanted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub messages: BTreeMap<MsgType, Ruling>,
    /// The version of IODEF that it takes.
    pub iodef: IodefVersion,
    /// The port that callbacks to it go to, at the address its request came from (RFC 6546 §3: 4590 unless configured).
    pub callback_port: u16,
    /// Whether its messages must be signed.
    pub signatures: Signatures,
    /// Which messages to it are encrypted.
    pub encryption: Encryption,
    /// Whether the restriction `green` asks for encryption.
    pub encrypt_green: bool,
    /// The signature algorithms that are taken from it and used towards it, the preferred one first; empty: all of the
    /// profile.
    #[serde(with = "names::signature")]
    #[schemars(with = "Vec<String>")]
    pub signature_algorithms: Vec<SignatureAlgorithm>,
    /// The same for encryption; the first is used for sending. Empty: all, and AES-256-GCM for sending.
    #[serde(with = "names::encryption")]
    #[schemars(with = "Vec<String>")]
    pub encryption_algorithms: Vec<ContentAlgorithm>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            messages: BTreeMap::new(),
            iodef: IodefVersion::V2,
            callback_port: 4590,
            signatures: Signatures::Required,
            encryption: Encryption::ByRestriction,
            encrypt_green: false,
            signature_algorithms: Vec::new(),
            encryption_algorithms: Vec::new(),
        }
    }
}

/// Algorithms by their short names. Whatever is wrong with a list is told at once.
mod names {
    /// The algorithms of that list.
    pub(super) fn read<T: Copy + PartialEq>(
        listed: &[impl AsRef<str>],
        what: &str,
        known: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<Vec<T>, String> {
        let mut read = Vec::with_capacity(listed.len());
        let mut faults = Vec::new();
        for word in listed.iter().map(AsRef::as_ref) {
            match known.iter().copied().find(|one| name(*one) == word) {
                Some(one) if read.contains(&one) => faults.push(format!("{word:?} stands there twice")),
                Some(one) => read.push(one),
                None => faults.push(format!("{word:?} is no {what} algorithm of the profile")),
            }
        }
        if faults.is_empty() {
            return Ok(read);
        }
        let all = known.iter().copied().map(name).collect::<Vec<_>>().join(", ");
        Err(format!("{}: expected some of {all}", faults.join(", ")))
    }

    macro_rules! by_name {
        ($module:ident, $algorithm:ty, $what:literal) => {
            pub(super) mod $module {
                use serde::{Deserialize, Deserializer, Serializer};

                pub(in super::super) fn read(listed: &[impl AsRef<str>]) -> Result<Vec<$algorithm>, String> {
                    super::read(listed, $what, &<$algorithm>::ALL, <$algorithm>::name)
                }

                pub(in super::super) fn serialize<S: Serializer>(
                    list: &[$algorithm],
                    to: S,
                ) -> Result<S::Ok, S::Error> {
                    to.collect_seq(list.iter().map(|one| one.name()))
                }

                pub(in super::super) fn deserialize<'de, D>(from: D) -> Result<Vec<$algorithm>, D::Error>
                where
                    D: Deserializer<'de>,
                {
                    read(&Vec::<String>::deserialize(from)?).map_err(serde::de::Error::custom)
                }
            }
        };
    }
    by_name!(signature, crate::xmlsec::SignatureAlgorithm, "signature");
    by_name!(encryption, crate::xmlsec::encryption::ContentAlgorithm, "encryption");
}

/// Why a policy is none.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is no JSON object of the fields we know.
    #[error("the policy cannot be read: {source}; it is a JSON object such as {{\"iodef\":\"1.0\"}}")]
    Unreadable {
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A port is none.
    #[error("the policy's callback-port is 0: expected 1 to 65535")]
    NoPort,
}

impl Policy {
    /// Reads the policy of a peer's record.
    ///
    /// # Errors
    /// If the text is none.
    pub fn read(json: Option<&str>) -> Result<Self, PolicyError> {
        let Some(json) = json else { return Ok(Self::default()) };
        let policy: Self = serde_json::from_str(json).map_err(|source| PolicyError::Unreadable { source })?;
        policy.check()?;
        Ok(policy)
    }

    /// Reads a list of signature algorithms by their short names, for [`Self::signature_algorithms`].
    ///
    /// # Errors
    /// All that is wrong with the list.
    pub fn signature_algorithms_of(names: &[impl AsRef<str>]) -> Result<Vec<SignatureAlgorithm>, String> {
        names::signature::read(names)
    }

    /// The same for [`Self::encryption_algorithms`].
    ///
    /// # Errors
    /// All that is wrong with the list.
    pub fn encryption_algorithms_of(names: &[impl AsRef<str>]) -> Result<Vec<ContentAlgorithm>, String> {
        names::encryption::read(names)
    }

    /// Whether signatures of that kind are taken from the peer and made for it.
    pub fn allows_signature(&self, algorithm: SignatureAlgorithm) -> bool {
        self.signature_algorithms.is_empty() || self.signature_algorithms.contains(&algorithm)
    }

    /// Whether content encrypted so is taken from the peer.
    pub fn allows_encryption(&self, algorithm: ContentAlgorithm) -> bool {
        self.encryption_algorithms.is_empty() || self.encryption_algorithms.contains(&algorithm)
    }

    /// What content for the peer is encrypted with.
    pub fn content_algorithm(&self) -> ContentAlgorithm {
        self.encryption_algorithms.first().copied().unwrap_or_default()
    }

    /// The policy of a peer. One that cannot be read was checked when it was written; should it be damaged all the same, the
    /// safe defaults hold.
    pub fn of(peer: &Peer) -> Self {
        Self::read(peer.policy.as_deref()).unwrap_or_else(|error| {
            tracing::warn!(peer = %peer.name, %error, "damaged policy, the defaults hold");
            Self::default()
        })
    }

    /// Checks what its types leave open.
    ///
    /// # Errors
    /// Names what is not right.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.callback_port == 0 {
            return Err(PolicyError::NoPort);
        }
        Ok(())
    }

    /// The policy as its record keeps it; the default one is kept as nothing.
    pub fn write(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        serde_json::to_string(self).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_written_and_the_default_is_nothing() {
        assert_eq!(Policy::default().write(), None);
        assert_eq!(Policy::read(None).unwrap(), Policy::default());
        let mut policy = Policy { iodef: IodefVersion::V1, ..Policy::default() };
        policy.messages.insert(MsgType::TraceRequest, Ruling::Deny);
        policy.signatures = Signatures::WhenPresent;
        policy.encryption = Encryption::Never;
        policy.signature_algorithms = vec![SignatureAlgorithm::Ed25519, SignatureAlgorithm::PssSha384];
        policy.encryption_algorithms = vec![ContentAlgorithm::Aes128Gcm];
        let json = policy.write().unwrap();
        assert!(json.contains(r#""messages":{"TraceRequest":"deny"}"#), "{json}");
        for part in [r#""signatures":"when-present""#, r#"["ed25519","pss-sha384"]"#, r#"["aes128-gcm"]"#] {
            assert!(json.contains(part), "{json}");
        }
        assert_eq!(Policy::read(Some(&json)).unwrap(), policy);
        assert!(!policy.allows_signature(SignatureAlgorithm::RsaSha256));
        assert!(Policy::default().allows_signature(SignatureAlgorithm::RsaSha256));
        assert_eq!(policy.content_algorithm(), ContentAlgorithm::Aes128Gcm);
        assert_eq!(Policy::default().content_algorithm(), ContentAlgorithm::Aes256Gcm);
    }

    #[test]
    fn what_is_no_policy_is_refused_with_the_field() {
        for (json, part) in [
            ("{\"iodef\":\"3.0\"}", "3.0"),
            ("{\"hops\":3}", "hops"),
            ("{\"messages\":{\"Report\":\"maybe\"}}", "maybe"),
            ("{\"callback-port\":0}", "callback-port is 0"),
            ("{\"signatures\":\"maybe\"}", "required, when-present, off"),
            ("{\"encryption\":\"maybe\"}", "by-restriction, always, never"),
            ("{\"signature-algorithms\":[\"rsa-sha1\",\"hmac\"]}", "\"rsa-sha1\" is no signature algorithm"),
            ("{\"signature-algorithms\":[\"rsa-sha1\",\"hmac\"]}", "\"hmac\" is no signature algorithm"),
            ("{\"encryption-algorithms\":[\"aes256-cbc\"]}", "expected some of aes256-gcm, aes128-gcm"),
        ] {
            let error = Policy::read(Some(json)).unwrap_err().to_string();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
