//! The names of the profile's algorithms and types (XML Encryption 1.1 §3.1, §5).

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM};

use crate::xmlsec::encryption::derive::{Digest, Wrap};
use crate::xmlsec::key::KeyKind;

/// What one EncryptedData stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataType {
    /// One element.
    Element,
    /// Everything between the tags of an element.
    Content,
}

impl DataType {
    /// Its name in the attribute `Type`.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Element => "http://www.w3.org/2001/04/xmlenc#Element",
            Self::Content => "http://www.w3.org/2001/04/xmlenc#Content",
        }
    }
}

/// How content is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContentAlgorithm {
    /// AES with a key of 128 bits in Galois/Counter Mode.
    Aes128Gcm,
    /// AES with a key of 256 bits in Galois/Counter Mode.
    #[default]
    Aes256Gcm,
}

impl ContentAlgorithm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Aes256Gcm, Self::Aes128Gcm];

    /// The short name that people use: `aes256-gcm` or `aes128-gcm`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "aes128-gcm",
            Self::Aes256Gcm => "aes256-gcm",
        }
    }

    /// The algorithm of that short name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Its name in EncryptionMethod.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        }
    }

    /// Bytes of the key.
    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm => 32,
        }
    }

    pub(super) fn aead(self) -> &'static aws_lc_rs::aead::Algorithm {
        match self {
            Self::Aes128Gcm => &AES_128_GCM,
            Self::Aes256Gcm => &AES_256_GCM,
        }
    }
}

impl fmt::Display for ContentAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes128Gcm => "AES-128-GCM",
            Self::Aes256Gcm => "AES-256-GCM",
        })
    }
}

/// RSA-OAEP with parameters of its own (XML Encryption 1.1 §5.5.2).
pub(super) const RSA_OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
/// SHA-256 (XML Encryption 1.1 §5.8.2).
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
/// SHA-384, which XML Encryption 1.1 §5.8.3 names so and RFC 9231 otherwise.
pub(super) const SHA384: [&str; 2] =
    ["http://www.w3.org/2001/04/xmlenc#sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384"];
/// MGF1 with SHA-256.
pub(super) const MGF1_SHA256: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha256";
/// ECDH-ES (XML Encryption 1.1 §5.6.4).
pub(super) const ECDH_ES: &str = "http://www.w3.org/2009/xmlenc11#ECDH-ES";
/// ConcatKDF (XML Encryption 1.1 §5.4.1).
pub(super) const CONCAT_KDF: &str = "http://www.w3.org/2009/xmlenc11#ConcatKDF";
/// The type of an EncryptedKey.
pub(super) const ENCRYPTED_KEY: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";

/// The name of a curve in NamedCurve.
pub(super) const fn curve_uri(kind: KeyKind) -> Option<&'static str> {
    match kind {
        KeyKind::P256 => Some("urn:oid:1.2.840.10045.3.1.7"),
        KeyKind::P384 => Some("urn:oid:1.3.132.0.34"),
        KeyKind::Rsa { .. } | KeyKind::Ed25519 => None,
    }
}

/// How the key of the content comes to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyMethod {
    /// Key transport by RSA-OAEP with SHA-256 and MGF1 with SHA-256.
    Transport,
    /// Key agreement by ECDH-ES, ConcatKDF and AES key wrap.
    Agreement(Agreement),
}

/// The parameters of one key agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The curve: P-256 or P-384.
    pub(super) curve: KeyKind,
    /// The originator's ephemeral public key, a point in uncompressed form.
    pub(super) originator: Vec<u8>,
    /// The hash of ConcatKDF.
    pub(super) digest: Digest,
    /// What ConcatKDF mixes in: AlgorithmID, PartyUInfo, PartyVInfo, SuppPubInfo and SuppPrivInfo in a row.
    pub(super) info: Vec<u8>,
    /// What wraps the key.
    pub(super) wrap: Wrap,
}

impl fmt::Display for KeyMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport => f.write_str("RSA-OAEP"),
            Self::Agreement(agreement) => write!(f, "ECDH-ES on {} with {}", agreement.curve, agreement.wrap),
        }
    }
}
