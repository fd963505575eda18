//! From a shared secret to the key of the content: ConcatKDF (XML Encryption 1.1 §5.4.1, NIST SP 800-56A §5.8.1) and AES
//! key wrap (§5.7, RFC 3394). The primitives are the provider's.

use std::fmt;

use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap as _};
use zeroize::Zeroizing;

use crate::xmlsec::encryption::EncryptionError;

/// The hashes of ConcatKDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    /// SHA-256.
    Sha256,
    /// SHA-384, which is read but not written.
    Sha384,
}

/// AES key wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrap {
    /// With a key of 128 bits.
    Aes128,
    /// With a key of 256 bits.
    Aes256,
}

impl Wrap {
    pub(super) const ALL: [Self; 2] = [Self::Aes128, Self::Aes256];

    /// Its name in EncryptionMethod.
    pub(super) const fn uri(self) -> &'static str {
        match self {
            Self::Aes128 => "http://www.w3.org/2001/04/xmlenc#kw-aes128",
            Self::Aes256 => "http://www.w3.org/2001/04/xmlenc#kw-aes256",
        }
    }

    const fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }

    fn kek(self, digest: Digest, secret: &[u8], info: &[u8]) -> Result<AesKek, EncryptionError> {
        let id = match digest {
            Digest::Sha256 => SskdfDigestAlgorithmId::Sha256,
            Digest::Sha384 => SskdfDigestAlgorithmId::Sha384,
        };
        let failed = EncryptionError::Failed { what: "ConcatKDF" };
        let Some(algorithm) = get_sskdf_digest_algorithm(id) else { return Err(failed) };
        let mut key = Zeroizing::new(vec![0; self.key_length()]);
        let cipher = match self {
            Self::Aes128 => &AES_128,
            Self::Aes256 => &AES_256,
        };
        sskdf_digest(algorithm, secret, info, &mut key).and_then(|()| AesKek::new(cipher, &key)).map_err(|_| failed)
    }

    /// Wraps a key with what the shared secret gives.
    pub(super) fn wrap(
        self,
        digest: Digest,
        secret: &[u8],
        info: &[u8],
        key: &[u8],
    ) -> Result<Vec<u8>, EncryptionError> {
        let mut wrapped = vec![0; key.len() + 8];
        let kek = self.kek(digest, secret, info)?;
        kek.wrap(key, &mut wrapped).map_err(|_| EncryptionError::Failed { what: "AES key wrap" })?;
        Ok(wrapped)
    }

    /// Unwraps a key with what the shared secret gives; none if it was wrapped with something else.
    pub(super) fn unwrap(
        self,
        digest: Digest,
        secret: &[u8],
        info: &[u8],
        wrapped: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, EncryptionError> {
        let mut key = Zeroizing::new(vec![0; wrapped.len()]);
        let length = self.kek(digest, secret, info)?.unwrap(wrapped, &mut key).map(|key| key.len());
        Ok(length.ok().map(|length| {
            key.truncate(length);
            key
        }))
    }
}

impl fmt::Display for Wrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes128 => "AES-128 key wrap",
            Self::Aes256 => "AES-256 key wrap",
        })
    }
}
