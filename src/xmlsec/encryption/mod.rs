//! XML Encryption 1.1 as RID needs it (RFC 6545 §9.1): a closed profile, read and written.
//!
//! Content is encrypted with AES-128-GCM or AES-256-GCM; its key goes to each recipient either by key transport
//! (RSA-OAEP with SHA-256 and MGF1 with SHA-256) or by key agreement (ECDH-ES on P-256 or P-384, ConcatKDF, AES key wrap),
//! in one EncryptedKey each. Everything else is refused by its name: CBC, PKCS#1 v1.5, SHA-1, references to what stands
//! elsewhere.
//!
//! [`encrypt()`] puts one EncryptedData in the place of an element or of its content, [`decrypt()`] puts back what was there;
//! neither changes any other byte, and both give new bytes. Called by `envelope` and by the command line. What decrypts is
//! as trustworthy as the signature around it and no more: encryption says nothing about who wrote it.

mod algorithm;
mod children;
mod decrypt;
mod derive;
mod encrypt;
mod error;
mod hint;
mod namespaces;
mod read;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{DSIG as DS, XENC};

pub use algorithm::{ContentAlgorithm, DataType, KeyMethod};
pub use decrypt::{Decrypted, Part, decrypt};
pub use encrypt::{Recipient, encrypt};
pub use error::EncryptionError;
pub use hint::Hint;
pub use read::{EncryptedData, EncryptedKey};

/// The namespace of what XML Encryption 1.1 added.
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
/// The namespace of what XML Signature 1.1 added.
const DS11: &str = "http://www.w3.org/2009/xmldsig11#";

/// Limits on what is encrypted. A document that exceeds one is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// EncryptedData elements in one document.
    pub parts: usize,
    /// EncryptedKey elements in one EncryptedData: those whom it is for.
    pub recipients: usize,
    /// Operations with private keys for one document: each key of ours that may be meant is tried.
    pub attempts: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { parts: 16, recipients: 32, attempts: 64 }
    }
}
