//! The seam between `transport::server` and the exchange.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::ids::CallbackToken;
use crate::peers::Admitted;

/// One POST from a peer that was admitted.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Proof that the connection belongs to this peer.
    pub admitted: Admitted,
    /// The address the connection came from.
    pub remote: SocketAddr,
    /// The RID-Callback-Token header, if it was sent and well-formed.
    pub token: Option<CallbackToken>,
    /// The whole body.
    pub body: Bytes,
    /// When it had arrived.
    pub at: Timestamp,
}

/// What the peer is answered: RFC 6546 Table 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The RID-Callback-Token header, with 202.
    pub token: Option<CallbackToken>,
    /// A RID message, or empty.
    pub body: Bytes,
}
