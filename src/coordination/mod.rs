//! The process of a significant event: what is decided, what is written to others, and when.
//!
//! The exchange gives what arrives, and what became of what was sent, to the [`Process`]; what the process has to say to
//! other nodes leaves through the [`Postman`], which the exchange implements; the daemon lets its clock run.
//!
//! `wire` writes and reads the documents of the process. It is called by the service, and by whoever shows what a document
//! of the process says.

mod postman;
mod process;
pub mod wire;

pub use postman::{Letter, NotPosted, Postman};
pub use process::{Arrived, Idle, Process, ProcessError, Ruling, Standing, Step, Taken};
