//! Peers: who may connect, what each may do, and the certificates and keys that prove it.

mod admitted;

pub use admitted::Admitted;

pub use crate::store::records::{Peer, Relation};
