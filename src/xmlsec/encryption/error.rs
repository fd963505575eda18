//! Why something is not encrypted or decrypted. The words name what was found; they never tell more about a decryption
//! that failed than that it failed.

use crate::xml::Position;
use crate::xmlsec::key::KeyError;

/// Why something is not encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptionError {
    /// Something outside the profile, or against the standard.
    #[error("{position} {path}: expected {expected}, found {found}")]
    Refused {
        /// Where.
        position: Position,
        /// The element.
        path: String,
        /// What the profile has there.
        expected: String,
        /// What came instead, by its name.
        found: String,
    },
    /// More of something than is read.
    #[error("{position}: more than {limit} {what}")]
    TooMany {
        /// Where.
        position: Position,
        /// Of what.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
    /// The document has no EncryptedData.
    #[error("nothing in the document is encrypted")]
    Nothing,
    /// None of our keys is meant.
    #[error("{position}: encrypted for {recipients}; none of our keys opens it")]
    NotForUs {
        /// Where.
        position: Position,
        /// Whom it is for, as far as it says.
        recipients: String,
    },
    /// It is for one of our keys, but does not decrypt with it: it was changed, or made for another key.
    #[error("{position}: does not decrypt with any of our keys; it was damaged, or is for another key")]
    Undecryptable {
        /// Where.
        position: Position,
    },
    /// What was decrypted is not what EncryptedData says it is.
    #[error("{position}: what was decrypted is no {expected}: {why}")]
    Plaintext {
        /// Where the EncryptedData stands.
        position: Position,
        /// What it should be.
        expected: &'static str,
        /// What is wrong, with a position in what was decrypted.
        why: String,
    },
    /// The element to encrypt has no content.
    #[error("{path} has no content to encrypt")]
    Empty {
        /// Which.
        path: String,
    },
    /// There is nobody to encrypt for.
    #[error("there is no recipient to encrypt for")]
    NoRecipient,
    /// The key of a recipient cannot be encrypted for.
    #[error("the recipient {recipient}: {source}")]
    Recipient {
        /// Who.
        recipient: String,
        /// Why.
        source: KeyError,
    },
    /// The provider failed.
    #[error("{what} failed")]
    Failed {
        /// Which operation.
        what: &'static str,
    },
}
