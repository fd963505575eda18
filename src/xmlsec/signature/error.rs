//! Why a signature does not count, or could not be made. The words go to people and to logs; none repeats content.

use crate::xml::XmlError;
use crate::xmlsec::c14n::C14nError;
use crate::xmlsec::key::KeyError;
use crate::xmlsec::xpath::PathError;

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It stands where messages have no place for one.
    #[error("a Signature at {path} is outside the profile: it stands in {place} only")]
    Misplaced {
        /// Where it stands.
        path: String,
        /// Where it may stand.
        place: String,
    },
    /// There is more of something than is read.
    #[error("{found} {what}, at most {limit} are read")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many, as far as was counted.
        found: usize,
        /// How many are read.
        limit: usize,
    },
    /// Something is not in the profile.
    #[error("{what} {name:?} is outside the profile: expected {expected}")]
    Outside {
        /// What it is: a signature algorithm, a transform, ….
        what: &'static str,
        /// Its name.
        name: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// The Signature lacks something or holds what it must not.
    #[error("{element}: expected {expected}, found {found}")]
    Form {
        /// Which element is at fault.
        element: String,
        /// What would have been right.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// Nobody who is trusted could have made it.
    #[error("no trusted key: {why}")]
    NoKey {
        /// Why not.
        why: String,
    },
    /// No trusted key made the signature value over this SignedInfo.
    #[error("the signature value fits no trusted key (tried: {tried})")]
    Value {
        /// The signers whose keys were tried.
        tried: String,
    },
    /// The path of a reference is refused or leads to no single element.
    #[error(transparent)]
    Path(#[from] PathError),
    /// What a reference names has no canonical form in the profile.
    #[error(transparent)]
    C14n(#[from] C14nError),
    /// An identifier that names nothing.
    #[error("no element has the observable-id {id:?}")]
    NoSuchId {
        /// The identifier.
        id: String,
    },
    /// An identifier that names several elements.
    #[error("the identifier {id:?} stands on more than one element: none of them is proved")]
    SameId {
        /// The identifier.
        id: String,
    },
    /// Content that is encrypted where a reference leads.
    #[error("no element has the observable-id {id:?} while parts of the message are encrypted: decrypt them first")]
    Encrypted {
        /// The identifier.
        id: String,
    },
    /// The signature lies in what it signs and does not except itself.
    #[error("the Signature lies inside {element}, which it signs without the enveloped-signature transform")]
    Enclosed {
        /// What it signs.
        element: String,
    },
    /// What was signed is not what is there.
    #[error("{what} was changed after it was signed: the digest does not fit")]
    Changed {
        /// The whole message, or an element's path.
        what: String,
    },
}

impl SignatureError {
    /// Whether it may count once encrypted parts are decrypted: nothing was found to be wrong with it.
    #[must_use]
    pub const fn waits_for_decryption(&self) -> bool {
        matches!(self, Self::Encrypted { .. } | Self::Path(PathError::Encrypted { .. }))
    }
}

/// Why no signature could be made.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The message cannot be read.
    #[error("the message to sign: {source}")]
    Xml {
        /// Why.
        #[from]
        source: XmlError,
    },
    /// The position is not between two elements' tags, or what stands around it is not balanced.
    #[error("no signature can stand at byte {at} of the message")]
    Place {
        /// The position.
        at: usize,
    },
    /// There is nothing to sign.
    #[error("there is no element to sign")]
    Nothing,
    /// There are more elements than one signature names.
    #[error("{found} elements to sign, one signature names at most {limit}: make several")]
    Many {
        /// How many.
        found: usize,
        /// How many one signature names.
        limit: usize,
    },
    /// An element that no path can name from where the signature stands.
    #[error("no path leads from the signature to {path}")]
    Path {
        /// The element.
        path: String,
    },
    /// The key refuses.
    #[error("the signing key: {source}")]
    Key {
        /// Why.
        #[from]
        source: KeyError,
    },
    /// The key makes none of the signatures that are asked for.
    #[error("the key makes no signature by {wanted}")]
    Algorithm {
        /// The name of the algorithm.
        wanted: &'static str,
    },
}
