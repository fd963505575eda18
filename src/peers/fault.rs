//! What can go wrong with the node's own files, the list of peers and edits of it.

use std::path::PathBuf;

use super::certificate::Unreadable;
use super::policy::PolicyError;
use crate::ids::{Digest, PeerName};
use crate::store::StoreError;

/// One thing that is wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", file.display())]
pub struct Fault {
    /// The file or directory.
    pub file: PathBuf,
    /// What is wrong, and what to do.
    pub why: String,
}

/// Why the directory of peers was not opened or not changed. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    /// Files are missing, unreadable or do not fit together.
    #[error("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults {
        /// All of them.
        faults: Vec<Fault>,
    },
    /// TLS cannot be set up with what was loaded.
    #[error("TLS cannot be set up: {why}")]
    Tls {
        /// TLS's own words.
        why: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no peer of that name.
    #[error("there is no peer {name}; `ridd peer list` shows those there are")]
    NoSuchPeer {
        /// The name.
        name: PeerName,
    },
    /// The peer is revoked.
    #[error("the peer {name} is revoked; remove it and add it anew to trust it again")]
    PeerRevoked {
        /// The name.
        name: PeerName,
    },
    /// There is already a peer of that name.
    #[error("there is already a peer {name}; change it with `ridd peer change` or remove it first")]
    Exists {
        /// The name.
        name: PeerName,
    },
    /// A peer cannot have our own name.
    #[error("{name} is our own name; a peer is another node")]
    OwnName {
        /// The name.
        name: PeerName,
    },
    /// The address is none.
    #[error("{address:?} is no address: write HOST:PORT, for instance rid.example.org:4590")]
    BadAddress {
        /// The address as given.
        address: String,
    },
    /// A network is none.
    #[error("{network:?} is no network: write it as CIDR, for instance 192.0.2.0/24")]
    BadNetwork {
        /// The network as given.
        network: String,
    },
    /// The policy is none.
    #[error(transparent)]
    BadPolicy(#[from] PolicyError),
    /// The certificate to pin cannot be read.
    #[error("the certificate to pin is {0}")]
    BadCertificate(#[from] Unreadable),
    /// The certificate to pin does not name the peer.
    #[error("the certificate to pin does not carry the DNS-ID {name}: it carries {names}")]
    WrongName {
        /// The peer.
        name: PeerName,
        /// Its DNS-IDs.
        names: String,
    },
    /// The certificate to pin carries a wildcard.
    #[error("the certificate to pin carries the wildcard {wildcard:?}, which must not name a RID system")]
    Wildcard {
        /// The name.
        wildcard: String,
    },
    /// The certificate to pin is a CA's.
    #[error("the certificate to pin is a CA's; pin the node's own certificate")]
    CaPinned,
    /// The key is pinned for another peer already.
    #[error("the key sha256:{spki} is pinned for {other} already; one key proves one peer only")]
    PinnedElsewhere {
        /// The key's digest.
        spki: Digest,
        /// The other peer.
        other: PeerName,
    },
    /// The key is not pinned for that peer.
    #[error("the key sha256:{spki} is not pinned for {name}")]
    NotPinned {
        /// The key's digest.
        spki: Digest,
        /// The peer.
        name: PeerName,
    },
    /// Nothing can be encrypted for the peer.
    #[error(
        "nothing can be encrypted for {name}: {why}; pin its certificate with `ridd peer pin {name} --certificate FILE --for \
         encrypt`"
    )]
    NoRecipient {
        /// The peer.
        name: PeerName,
        /// What is wrong with the certificates there are.
        why: String,
    },
    /// Another edit came in between.
    #[error("the peer {name} was changed by someone else at the same time; look again and repeat")]
    ChangedMeanwhile {
        /// The peer.
        name: PeerName,
    },
    /// The task that read the files ended early.
    #[error("reading the files was broken off; try again")]
    BrokenOff,
}
