//! Peers: who may connect, what each may do, and the certificates and keys that prove it.
//!
//! [`Directory`] is the whole of it for a running node: it reads the node's files and the list of peers, gives TLS its
//! configurations, admits connections and takes edits. [`right`] is the table of who may send what. The decision and
//! its reasons are in ADR 2.

mod admission;
mod admitted;
mod anchors;
mod certificate;
mod changes;
mod config;
mod credentials;
mod directory;
mod edit;
mod expiry;
mod fault;
mod files;
pub mod issue;
mod keys;
mod policy;
mod refusal;
mod rights;
#[cfg(test)]
mod samples;
mod signers;
#[cfg(test)]
pub(crate) mod testing;
mod tls;
mod uses;
mod verdict;
mod visitors;

pub use admitted::Admitted;
pub use anchors::Anchors;
pub use certificate::{CrlFacts, Facts, RevokedEntry, Unreadable};
pub use changes::Changes;
pub use config::Config;
pub use directory::Directory;
pub use edit::{NewPeer, NewPin, PeerChange, PinBy};
pub use expiry::Expiring;
pub use fault::{Fault, PeersError};
pub use issue::{Bootstrapped, IssueError, Layout, bootstrap};
pub use keys::Keys;
pub use policy::{Encryption, IodefVersion, Policy, PolicyError, Signatures};
pub use refusal::Refusal;
pub use rights::{Justification, MsgType, Right, Ruling, right};
pub use signers::{Originators, SignersOf};
pub use uses::PinUse;
pub use visitors::PageIdentity;

pub use crate::store::records::{Peer, PeerState, Pin, Relation};
