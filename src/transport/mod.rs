//! Transport: RID over HTTP over TLS, both ways (RFC 6546).
//!
//! `server` listens, admits peers and hands their messages to the exchange; the client carries parcels of the outbox to
//! peers. Both end a connection as soon as its peer is no longer admitted. Called by `daemon` only.

mod client;
mod config;
mod server;
pub mod yardstick;

pub use client::{Client, Reached, Step, Trouble};
pub use config::{Config, Fault, RID_PORT};
pub use server::{ListenError, Server, ServerParts};
