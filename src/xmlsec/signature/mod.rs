//! XML Signature within the profile: RFC 6545 §9.1, §9.3.2.
//!
//! [`verify()`] judges every signature of a message and says who signed what; `sign` makes one and splices it in without
//! changing another byte. Where signatures stand is told by the caller ([`Places`]), whose keys count by
//! [`Trust`](crate::xmlsec::Trust).
//!
//! What is read: one SignedInfo, one SignatureValue, at most one KeyInfo; references to the whole message
//! (enveloped-signature) or to one element, by observable-id or by a path; no Object, no Manifest, nothing external.

mod config;
mod error;
mod read;
mod sign;
mod verify;

pub use config::{Config, Name, Places};
pub use error::{SignError, SignatureError};
pub use sign::{Splice, sign_elements, sign_whole};
pub use verify::{Covered, Found, Judged, Verified, find, verify};

#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod sign_tests;
#[cfg(test)]
mod tests;
