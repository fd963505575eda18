//! Public keys: which kinds are used, and the bytes that say which key it is.

use std::fmt;

use aws_lc_rs::rsa::PublicEncryptingKey;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::xmlsec::key::KeyError;

/// The kinds of keys that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA, with the length of its modulus in bits: 2048 to 8192.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
    /// On the curve P-256.
    P256,
    /// On the curve P-384.
    P384,
    /// Ed25519, which signs and never encrypts.
    Ed25519,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA of {bits} bits"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

/// One public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kind: KeyKind,
    info: Vec<u8>,
    key: Vec<u8>,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (DER, RFC 5280 §4.1.2.7).
    ///
    /// # Errors
    /// It is none, or of a kind or size that is not used.
    pub fn read(info: &[u8]) -> Result<Self, KeyError> {
        const WHAT: &str = "public key";
        let malformed = |why: String| KeyError::Malformed { what: WHAT, why };
        let (rest, read) = SubjectPublicKeyInfo::from_der(info).map_err(|error| malformed(error.to_string()))?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} bytes follow it", rest.len())));
        }
        let parameters = || read.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
        let key = read.subject_public_key.data.to_vec();
        let kind = match read.algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.1" => {
                let bits = read.parsed().map_or(0, |key| key.key_size());
                let provider = PublicEncryptingKey::from_der(info);
                let usable = provider.map_err(|_| KeyError::Kind { found: format!("RSA of {bits} bits") })?;
                KeyKind::Rsa { bits: usable.key_size_bits() }
            }
            "1.2.840.10045.2.1" => match parameters().map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => KeyKind::P256,
                Some("1.3.132.0.34") => KeyKind::P384,
                Some(other) => return Err(KeyError::Kind { found: format!("the curve {other}") }),
                None => return Err(KeyError::Kind { found: "a curve without a name".to_owned() }),
            },
            "1.3.101.112" => KeyKind::Ed25519,
            other => return Err(KeyError::Kind { found: format!("the algorithm {other}") }),
        };
        Ok(Self { kind, info: info.to_vec(), key })
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The SubjectPublicKeyInfo (DER) it was read from.
    #[must_use]
    pub fn info(&self) -> &[u8] {
        &self.info
    }

    /// The key itself: the point of an elliptic curve, an RSAPublicKey (DER).
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }
}
