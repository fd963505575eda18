//! Proof that a connection belongs to a peer.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use super::admission::Role;
use crate::clock::Timestamp;
use crate::ids::Digest;
use crate::store::records::Peer;

/// A connection whose certificate passed path validation and revocation and is a pinned one of exactly this peer,
/// whose DNS-ID it carries. Only the admission check of this part makes one.
#[derive(Clone, Debug)]
pub struct Admitted {
    pub(super) peer: Arc<Peer>,
    pub(super) certificate: Digest,
    pub(super) role: Role,
    /// Kept so that a changed revocation list or CA can be asked about it again.
    pub(super) chain: Arc<[CertificateDer<'static>]>,
    pub(super) until: Timestamp,
}

impl Admitted {
    /// The peer as it was when it was admitted.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The SHA-256 of the public key it proved itself with.
    pub fn certificate(&self) -> &Digest {
        &self.certificate
    }

    /// When the first certificate of its chain ends: the connection must end then, too.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// The certificates it showed, its own first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// For tests of other parts: as if `peer` had proved itself.
    #[cfg(test)]
    pub(crate) fn assumed(peer: Peer) -> Self {
        Self {
            certificate: Digest::of(peer.name.as_str().as_bytes()),
            peer: Arc::new(peer),
            role: Role::Caller,
            chain: Arc::new([]),
            until: Timestamp::from_micros(i64::MAX),
        }
    }
}
