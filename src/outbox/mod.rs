//! The outbox: the single way out. A parcel is written in the batch that explains it, waits for its time, is claimed by
//! a worker, given to its carrier, and leaves with an outcome that is committed in one batch.
//!
//! What it promises:
//! - A parcel whose batch was committed is tried until the other side has it, refuses it, or it expires; a restart or a
//!   kill at any moment loses none. A try that was under way when the process died is made again: sending is idempotent
//!   (RFC 6546 §3), so the other side files it once.
//! - Parcels of one lane (recipient and incident) are delivered in the order they were made, one after the other.
//! - A recipient that fails, hangs or is slow delays no other recipient.
//! - Nobody waits without a reason that [`Outbox::show`] can put into words.
//! - All of this holds, too, where several nodes send from one store (ADR 17).
//!
//! Who calls it: whoever decides that something must leave adds it with [`Outbox::post`] to the batch of that decision
//! and calls [`Outbox::wake`] once the batch is committed; the daemon runs one [`Worker`]; the administrator's
//! interface lists, retries and cancels.

mod backoff;
mod carrier;
mod config;
mod counts;
mod courier;
mod crew;
mod desk;
mod error;
mod gate;
#[cfg(test)]
mod memory;
mod notice;
mod post;
mod queue;
mod sweep;
#[cfg(test)]
mod trials;
mod withdraw;
mod worker;

pub use backoff::{Backoff, BadBackoff};
pub use carrier::{Carrier, Entered, Hold, Load, Outcome, Replies, Reply};
pub use config::{BadConfig, Config};
pub use crew::Crew;
pub use desk::{Entry, Filter};
pub use error::OutboxError;
pub use notice::{BadNotice, NoticeText};
pub use post::{NewParcel, Outbox};
pub use withdraw::Withdrawn;
pub use worker::Worker;

pub use crate::store::records::{Parcel, ParcelKind};
