//! The envelope: a RID message and its peer, opened and sealed in the one right order.
//!
//! Called by `exchange`, the only part that reads or writes RID messages. [`Envelopes::open`] recognises a message fully
//! under limits before anyone acts on it and hands back an [`Opened`], which nothing else can make; [`Envelopes::seal`]
//! turns a [`Draft`] into the bytes that leave. What stands between the bytes and their meaning (XML Signature and
//! Encryption, RFC 6545 §9.1) has one order: on the way in the sender's signature is judged, then the document decrypted,
//! then the originators' signatures judged, then the message read; on the way out it is written, the originator signs,
//! the document is encrypted, the sender signs.

mod config;
mod content;
mod facts;
mod keyring;
mod opened;
mod proof;
mod read;
mod seal;
mod sealed;
mod secrecy;
mod splice;
#[cfg(test)]
pub(crate) mod testing;
mod words;

pub use crate::rid::{Accept, IncidentId, Reading, Source as IncidentSource, Standard};
pub use crate::xml::Limits;
pub use config::Config;
pub use content::{Content, Gist, MsgDestination, Payload, RequestStatus, Source};
pub use facts::{Confidence, Facts, SystemFacts};
pub use keyring::Keyring;
pub use opened::{Fault, Opened, Unopened};
pub use proof::{Proof, Proven};
pub use sealed::{Draft, SealError, Sealed};
pub use splice::{Attached, Carried, Outbound, PathEntry, document, merge};
pub use words::{AuthorizationStatus, Justification};

use std::sync::Arc;

/// All that opening and sealing needs. One per node.
pub struct Envelopes {
    keyring: Arc<dyn Keyring>,
    reading: Reading,
    config: Config,
}

impl Envelopes {
    /// With these keys, read so, under these limits.
    pub fn new(keyring: Arc<dyn Keyring>, reading: Reading, config: Config) -> Self {
        Self { keyring, reading, config }
    }

    /// How messages are read.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }
}
