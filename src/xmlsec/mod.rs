//! XML Signature and XML Encryption as RFC 6545 §9.1 and §9.3 need them: a closed profile, no general XML security.
//!
//! Called by `envelope`, which decides what must be signed and encrypted and for whom, and by `ridd sign`, `verify`,
//! `encrypt` and `decrypt`. What is promised:
//! - whatever stands outside the profile is refused with its name, before anything is computed from it;
//! - a signature's value is checked before any of its references is followed;
//! - the answer says what was signed, by position in the very tree that was read, so that it can be decoded from there;
//! - nothing is fetched, no key is taken from a message, and every primitive is the one TLS uses (aws-lc-rs).

pub mod algorithm;
mod base64;
pub mod c14n;
pub mod encryption;
pub mod key;
pub mod signature;
mod trust;
mod xpath;

pub use algorithm::{DigestAlgorithm, SignatureAlgorithm};
pub use trust::{Candidates, KeyHint, Pinned, Trust, TrustedKey};

/// The namespace of XML Signature, and the beginning of some of its algorithms' names.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The namespace of XML Encryption.
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
