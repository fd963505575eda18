//! Why a key cannot be used. The words say what was found and what to do; they never repeat any of a key.

use std::path::PathBuf;

use crate::xmlsec::algorithm::SignatureAlgorithm;
use crate::xmlsec::key::KeyKind;

/// Why a key, a passphrase or a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is far larger than any key.
    #[error("{} is longer than {limit} bytes, so it is no key file", path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
        /// How many bytes are read at most.
        limit: u64,
    },
    /// Something in a file is wrong.
    #[error("{}: {source}", path.display())]
    In {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: Box<Self>,
    },
    /// There is no private key in the PEM text.
    #[error("found {found}, expected a private key in PEM form (-----BEGIN PRIVATE KEY-----)")]
    NoKey {
        /// The sections that are there.
        found: String,
    },
    /// There is more than one private key.
    #[error("found {count} private keys; put the one to use in a file of its own")]
    SeveralKeys {
        /// How many.
        count: usize,
    },
    /// A section of PEM text is damaged.
    #[error("the PEM section {label} is damaged: {why}")]
    Pem {
        /// Its label.
        label: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The key is encrypted and no passphrase was given.
    #[error("the key is encrypted; say where its passphrase is")]
    PassphraseNeeded,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the key, or the key is damaged")]
    Passphrase,
    /// A passphrase that is empty, or too long to be one.
    #[error("the passphrase has {length} bytes, expected 1 to {limit} on the first line")]
    PassphraseLength {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The key is encrypted in a way that is not read.
    #[error(
        "the key is encrypted with {found}, expected PBES2 with PBKDF2 (HMAC SHA-256, SHA-384 or SHA-512) and AES-CBC; \
         `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256` writes that"
    )]
    Encryption {
        /// How.
        found: String,
    },
    /// The key, or the certificate's key, is of a kind that is not used.
    #[error("found a key of {found}, expected RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519")]
    Kind {
        /// What it is.
        found: String,
    },
    /// The bytes are not what they should be.
    #[error("not a readable {what}: {why}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A certificate that was issued for another key.
    #[error("the certificate of {subject} is for another key than the private one")]
    Certificate {
        /// Whom the certificate names.
        subject: String,
    },
    /// A certificate that does not allow encryption.
    #[error("the certificate is for {found}, and encryption needs one for {wanted} (RFC 5280 section 4.2.1.3)")]
    Usage {
        /// What it is for.
        found: String,
        /// What it would have to be for.
        wanted: &'static str,
    },
    /// The key cannot make such a signature.
    #[error("a key of {kind} makes no signature {algorithm}")]
    Algorithm {
        /// The kind of key.
        kind: KeyKind,
        /// What was asked for.
        algorithm: SignatureAlgorithm,
    },
    /// The key is of no use for encryption, or not for this way of it.
    #[error("a key of {kind} does not do {what}")]
    Use {
        /// The kind of key.
        kind: KeyKind,
        /// What was asked for.
        what: &'static str,
    },
    /// The operation failed. Nothing more is said: how decryption fails must not help who tries it.
    #[error("{what} failed")]
    Failed {
        /// Which operation.
        what: &'static str,
    },
}
