//! Issuing: a private CA, node certificates with their DNS-ID, revocation lists, and the files they lie in.
//!
//! Called by the command line and, for a node that starts with an empty data directory, by the daemon. Nothing here
//! runs while messages flow. Keys are written once, readable by their owner only, and never shown.

mod authority;
mod bootstrap;
mod keyfile;
mod layout;
mod others;
mod renewal;

pub use authority::{Authority, Issued, Lifetime, Request};
pub use bootstrap::{Bootstrapped, NODE_DAYS, bootstrap, bootstrap_with};
pub use keyfile::{private_directory, replace, write_key, write_new};
pub use layout::Layout;
pub use others::{Contents, add_crl, add_trust, contents};
pub use renewal::{activate, check, discard, import, prepare, renew, request};

use std::path::PathBuf;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};

use super::certificate::{Facts, Unreadable};
use super::fault::{Fault, PeersError};
use crate::store::worded;

worded! {
    /// The kinds of key that we make; TLS 1.2 and 1.3 take all of them.
    pub enum Algorithm: "key algorithm" {
        /// ECDSA over P-256.
        EcdsaP256 = "ecdsa-p256",
        /// ECDSA over P-384.
        EcdsaP384 = "ecdsa-p384",
        /// RSA with 3072 bits.
        Rsa3072 = "rsa-3072",
        /// Ed25519; not every other implementation takes it.
        Ed25519 = "ed25519",
    }
}

impl Algorithm {
    /// The kind of key in a certificate, if it is one of ours.
    pub fn of(facts: &Facts) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.words() == facts.key)
    }

    /// How [`Facts`] says it.
    const fn words(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::Rsa3072 => "RSA 3072",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// A new key.
    fn generate(self) -> Result<KeyPair, IssueError> {
        let made = match self {
            Self::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Self::EcdsaP384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            Self::Rsa3072 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072),
            Self::Ed25519 => KeyPair::generate_for(&PKCS_ED25519),
        };
        made.map_err(|error| IssueError::Cryptography { doing: "making a key", why: error.to_string() })
    }
}

/// Why nothing was issued. Files that were there before are as they were.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// A file that would be overwritten is there.
    #[error("{} is there already and is not overwritten; move it away if it is not needed", file.display())]
    Exists {
        /// The file or directory.
        file: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{}: {doing}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// The system's word.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// What is there does not fit together.
    #[error(transparent)]
    Peers(#[from] PeersError),
    /// A certificate or revocation list is none.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A name cannot stand in a certificate.
    #[error("{name:?} cannot be a DNS-ID")]
    BadName {
        /// The name.
        name: String,
    },
    /// A lifetime ends before it begins or lies out of range.
    #[error("a lifetime of {days} days is not possible: choose 1 to 36500")]
    BadLifetime {
        /// What was asked for.
        days: u32,
    },
    /// The certificate to be revoked was issued by someone else.
    #[error(
        "the certificate was issued by {issuer}, not by our own CA; ask that CA to revoke it, or revoke the peer with `ridd peer revoke`"
    )]
    NotOurs {
        /// Its issuer.
        issuer: String,
    },
    /// A serial number is none.
    #[error("{serial:?} is no serial number: write it in hexadecimal, as `ridd cert show` does")]
    BadSerial {
        /// The text.
        serial: String,
    },
    /// The cryptographic library failed.
    #[error("{doing} failed: {why}")]
    Cryptography {
        /// What was being done.
        doing: &'static str,
        /// The library's word.
        why: String,
    },
}
