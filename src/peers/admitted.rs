//! Proof that a connection belongs to a peer.

use std::sync::Arc;

use crate::ids::Digest;
use crate::store::records::Peer;

/// A connection whose certificate passed path validation and revocation and is a pinned one of exactly this peer,
/// whose DNS-ID it carries. Only the admission check of this part makes one.
#[derive(Clone, Debug)]
pub struct Admitted {
    peer: Arc<Peer>,
    certificate: Digest,
}

impl Admitted {
    pub(super) fn new(peer: Arc<Peer>, certificate: Digest) -> Self {
        Self { peer, certificate }
    }

    /// The peer as it was when it was admitted.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The SHA-256 of the public key it proved itself with.
    pub fn certificate(&self) -> &Digest {
        &self.certificate
    }
}
