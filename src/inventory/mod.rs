//! The inventory: which systems there are, which unit runs them, what they are, and which of them a data call concerns.
//!
//! The coordination asks it for the affected systems of each unit and marks them as corrected; staff fill it through
//! the admin API. Nothing is half imported: a file with faults changes nothing, and what is imported is one batch.
//! [`Inventory`] keeps a parsed copy of the store in memory: who writes its records goes through it.

mod affected;
mod config;
pub mod cpe;
mod error;
mod file;
mod import;
mod profile;
mod service;
mod snapshot;
mod walk;

pub use affected::{Affected, AffectedSystem};
pub use config::{Config, Fault};
pub use cpe::Certainty;
pub use error::{FieldFault, InventoryError, LineFault};
pub use file::Format;
pub use import::ImportReport;
pub use profile::{Profile, SystemChange, entries, vulnerability};
pub use service::{Filter, Inventory};
pub use snapshot::Pending;
