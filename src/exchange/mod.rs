//! The exchange: the single way in. Receives what an admitted peer sent, opens it, files it once, decides, answers.
//!
//! `transport::server` calls [`Exchange::receive`] for every POST; the outbox's worker gives back what came in HTTP
//! responses through [`Replies`](crate::outbox::Replies); the daemon calls [`Exchange::tick`]; staff act through
//! `admin`. It promises:
//! - What a 200 or 202 acknowledges is on the disk, with everything that follows from it, in one batch.
//! - The same message again is acknowledged again and filed once.
//! - Answers are those of RFC 6546 Table 1. A proper denial is 200 with an Acknowledgement; an improper message is 4xx
//!   with one; a fault of ours is 5xx, and nothing has happened then.
//! - Bodies are never logged.

mod accept;
mod answer;
mod arrival;
mod asked;
mod compose;
mod config;
mod consult;
mod criteria;
mod decide;
mod dispatch;
mod ledger;
mod neighbours;
mod once;
mod pending;
mod plan;
mod post;
mod postman;
mod query;
mod receive;
mod relay;
mod reply;
mod request;
mod service;
mod staff;
mod status;
#[cfg(test)]
mod trials;
mod undecided;

pub use arrival::{Answer, Arrival, Receiver};
pub use config::{ApprovedRequests, BadConfig, Config};
pub use decide::Decision;
pub use neighbours::Neighbours;
pub use post::{Post, PostParts};
pub use service::{Exchange, ExchangeParts};
pub use staff::{Sending, StaffError};
