//! `ridd`, the incident exchange daemon: IODEF (RFC 5070, RFC 7970) inside RID (RFC 6545) over HTTPS with mutual TLS
//! (RFC 6546), durably, for those who must answer a data call within hours.
//!
//! `docs/architecture.md` says what each part is for and which may use which; `tests/layering.rs` holds them to it.

pub mod admin;
pub mod cli;
pub mod clock;
pub mod config;
pub mod coordination;
pub mod daemon;
pub mod envelope;
pub mod evidence;
pub mod exchange;
pub mod ids;
pub mod inventory;
pub mod iodef;
pub mod notify;
pub mod outbox;
pub mod peers;
pub mod rid;
pub mod roster;
pub mod routing;
pub mod store;
pub mod telemetry;
pub mod transport;
pub mod xml;
pub mod xmlsec;
