//! The process of a significant event, from the data call to the confirmation: what is decided, what is written to others,
//! who is called, and when.
//!
//! Whatever happens becomes a [`Command`](decide::Command); [`decide`](decide::decide) makes [`Entry`](entry::Entry)s of it,
//! [`State`](state::State) folds them, and [`follow`](follow::follow) says what each leads to. All that is pure. Only
//! `service` reads the store and writes to it: entries and everything that follows from them in one batch.
//!
//! The exchange gives what arrives, and what became of what was sent, to the [`Process`]; what the process has to say to
//! other nodes leaves through the [`Postman`], which the exchange implements; the daemon lets its clock run.
//!
//! `wire` writes and reads the documents of the process. It is called by the service, and by whoever shows what a document
//! of the process says.

pub mod board;
pub mod chain;
pub mod decide;
pub mod due;
pub mod entry;
pub mod follow;
pub mod letters;
pub mod measures;
pub mod notices;
pub mod opening;
pub mod plan;
mod postman;
mod process;
pub mod report;
mod service;
pub mod state;
pub mod subject;
pub mod timeline;
pub mod wire;

use crate::ids::{EventId, MessageId};

pub use postman::{Letter, NotPosted, Postman};
pub use process::{Arrived, Idle, Process, ProcessError, Ruling, Standing, Step, Taken};
pub use service::{
    Answered, BadConfig, BadPlan, ByHand, CallRule, Config, Coordination, CoordinationParts, Entered, Linked, Logged,
    OrderError,
};

/// The name of the notice that an entry of the log leads to: the same each time, so that no notice is sent twice under
/// different names.
pub fn notice_id(event: &EventId, number: i64) -> MessageId {
    MessageId::derived(&format!("notice {event} {number}"))
}
