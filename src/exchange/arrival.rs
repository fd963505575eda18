//! The seam between `transport::server` and the exchange: what arrives, what is answered, and who answers.

use std::net::SocketAddr;

use async_trait::async_trait;
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

/// Whoever takes what arrives: the exchange, or a stand-in for it.
#[async_trait]
pub trait Receiver: Send + Sync + 'static {
    /// Takes one message and says what the peer is answered; whatever it answers 2xx is durable by then. It runs to its
    /// end even if the peer goes away meanwhile, and never panics.
    async fn receive(&self, arrival: Arrival) -> Answer;
}
