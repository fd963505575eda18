//! The seam to whoever knows keys: which of them a signature may have been made with. Implemented by the caller over the
//! peer's pinned certificates or the configured CAs (full path validation and revocation are done there).

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::ParsedPublicKey;

use crate::xmlsec::SignatureAlgorithm;

/// What a message says of the key it was signed with. It brings no key: it merely chooses among trusted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyHint {
    /// The certificates in KeyInfo (DER, not judged), in order; usually the signer's first.
    pub certificates: Vec<Vec<u8>>,
}

/// A key that may be believed, and whose it is. Copies share what was made of the key when it was first used: whoever keeps
/// one and gives out copies saves reading it again for each signature.
#[derive(Clone)]
pub struct TrustedKey {
    signer: String,
    key: Arc<Key>,
}

struct Key {
    spki: Vec<u8>,
    /// Made ready for the algorithm it was first used with; a key is rarely used with two.
    ready: OnceLock<(SignatureAlgorithm, Option<ParsedPublicKey>)>,
}

impl TrustedKey {
    /// The key with that SubjectPublicKeyInfo (DER), and whom a signature with it names, in the words of whoever trusts it.
    #[must_use]
    pub fn new(signer: impl Into<String>, spki: impl Into<Vec<u8>>) -> Self {
        Self { signer: signer.into(), key: Arc::new(Key { spki: spki.into(), ready: OnceLock::new() }) }
    }

    /// Whose it is.
    #[must_use]
    pub fn signer(&self) -> &str {
        &self.signer
    }

    /// Its SubjectPublicKeyInfo (DER).
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.key.spki
    }

    /// Whether the signature over `bytes` was made with it. A key of another kind or a shorter one never fits.
    pub(super) fn verifies(&self, algorithm: SignatureAlgorithm, bytes: &[u8], value: &[u8]) -> bool {
        let parse = || ParsedPublicKey::new(algorithm.primitive(), &self.key.spki).ok();
        let fits = |key: &Option<ParsedPublicKey>| key.as_ref().is_some_and(|key| key.verify_sig(bytes, value).is_ok());
        let (first, ready) = self.key.ready.get_or_init(|| (algorithm, parse()));
        if *first == algorithm { fits(ready) } else { fits(&parse()) }
    }
}

impl PartialEq for TrustedKey {
    fn eq(&self, other: &Self) -> bool {
        self.signer == other.signer && self.key.spki == other.key.spki
    }
}

impl Eq for TrustedKey {}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedKey({})", self.signer)
    }
}

/// The answer to a hint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// The keys to try, the likeliest first. Only the first few are tried.
    pub keys: Vec<TrustedKey>,
    /// Why what the hint named is not among them, if it named something: for people to read.
    pub refused: Vec<String>,
}

/// Whoever knows which keys to believe.
pub trait Trust {
    /// The keys with which a signature that comes with this hint may have been made.
    fn candidates(&self, hint: &KeyHint) -> Candidates;
}

/// Keys that are believed as they are, whatever a message says: those of certificates that are pinned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinned {
    /// The keys.
    pub keys: Vec<TrustedKey>,
}

impl Trust for Pinned {
    fn candidates(&self, hint: &KeyHint) -> Candidates {
        // The first certificate is the signer's own; where it is pinned, its key is the one to try first.
        let mut keys = self.keys.clone();
        if let Some(own) = hint.certificates.first() {
            keys.sort_by_key(|key| memchr::memmem::find(own, key.spki()).is_none());
        }
        Candidates { keys, refused: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xmlsec::key::{Decrypter as _, FileKey, Signer as _};

    #[test]
    fn a_key_fits_its_own_signatures_by_any_algorithm_in_any_order() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/certs/keys/rsa-2048.pem");
        let key = FileKey::open(std::path::Path::new(file), None).unwrap();
        let trusted = TrustedKey::new("us", key.public_key().info());
        for algorithm in key.algorithms().iter().chain(key.algorithms()) {
            let value = key.sign(*algorithm, b"text").unwrap();
            assert!(trusted.verifies(*algorithm, b"text", &value), "{algorithm}");
            assert!(!trusted.verifies(*algorithm, b"test", &value), "{algorithm}");
            assert!(!trusted.verifies(SignatureAlgorithm::EcdsaSha256, b"text", &value));
        }
    }

    /// A key of 1,024 bits, and a signature with it that openssl made and believes.
    const SHORT_KEY: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCcD31xdNYzqKyp+KPV/5jt9o6pkTe/AtaVM0ggCz5FGhP92FKcr84CjilwsEFU\
        9ZCisrUibRj0Vq2Gckxd6XfklgbKY8tvWeTJY5A/KiL8YExWjacoia53Zo4k65Xwr1BzYIlQZHipfU2ftmcwm5YkMUS8VuMhJ7p1\
        3kdGGMi4hwIDAQAB";
    const SHORT_VALUE: &str = "W1DjNWvm6Qk+HS5/dpRcvuvHhFlznMxhXkMV+zgVGfpFcNbqch5EkTlphI//irhyXL3m8mbZl5IAo0oKptpXPc56WtUmvH1bQ0nm\
        /tKw2+NBkXg4n4S0Qsd2oDOFmsUiUvaKII3WJ5aom2pcjOEOcdb8qk3sHUbVLvF5jnen6Rg=";

    #[test]
    fn a_short_key_is_not_believed() {
        let decoded = |text| crate::xmlsec::base64::decode(text).unwrap();
        let (key, value) = (decoded(SHORT_KEY), decoded(SHORT_VALUE));
        assert_eq!((key.len(), value.len()), (162, 128));
        assert!(!TrustedKey::new("us", key).verifies(SignatureAlgorithm::RsaSha256, b"text", &value));
    }
}
