//! One peer and the certificates pinned for it.

use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};
use crate::store::{record, worded};

worded! {
    /// How a peer stands to us.
    pub enum Relation: "relation" {
        /// An outside agency that may issue data calls.
        Authority = "authority",
        /// The node above us.
        Parent = "parent",
        /// An operating unit below us.
        Unit = "unit",
        /// A node beside us.
        Peer = "peer",
    }
}

worded! {
    /// Whether we exchange with a peer.
    pub enum PeerState: "state of a peer" {
        /// We do.
        Active = "active",
        /// Its trust was withdrawn; it is kept for the record.
        Revoked = "revoked",
    }
}

record! {
    /// One peer.
    pub struct Peer: "peers", version 1, key(name) {
        /// Its DNS-ID.
        name: PeerName,
        /// Where its RID system listens: host and port.
        address: String,
        /// How it stands to us.
        relation: Relation,
        /// Whether we exchange with it.
        state: PeerState,
        /// What it may send and how we send to it, as JSON; absent means the defaults.
        policy: Option<String>,
        /// Networks (CIDR, separated by spaces) that are reached through it: routing of `SourceOfIncident`.
        networks: Option<String>,
        /// When it was added.
        added: Timestamp,
        /// When it was last changed.
        changed: Timestamp,
        /// Why its trust was withdrawn.
        revoked_because: Option<String>,
    }
}

impl Peer {
    /// Whether we exchange with it.
    pub fn is_active(&self) -> bool {
        self.state == PeerState::Active
    }
}

record! {
    /// One certificate that a peer may prove itself with, by its public key.
    pub struct Pin: "pins", version 1, key(peer, spki), index by_spki(spki) {
        /// The peer.
        peer: PeerName,
        /// SHA-256 of the certificate's SubjectPublicKeyInfo.
        spki: Digest,
        /// The certificate (DER) it was pinned from, if it was at hand.
        certificate: Option<Vec<u8>>,
        /// When that certificate ends.
        not_after: Option<Timestamp>,
        /// When it was pinned.
        added: Timestamp,
        /// What its key may be used for, words of `tls sign encrypt` separated by spaces; absent means everything.
        uses: Option<String>,
    }
}
