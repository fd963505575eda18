//! XML Signature and XML Encryption as RID needs them (RFC 6545 §9): a closed profile, not a general library. Everything
//! outside the profile is refused by its name.
//!
//! Called by `envelope`, which seals and opens messages, and by the command line for hand work. All primitives come from
//! the provider that TLS uses.

pub mod algorithm;
pub mod key;
