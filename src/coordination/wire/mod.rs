//! The documents of a significant event, out and in: plain values to IODEF of either version, and back (design of the
//! process on the wire; RFC 7970 §§3.13–3.15, RFC 5070 §§3.11–3.13, RFC 6545 §6).
//!
//! Called by the service of coordination. All of it is pure. What is written says its meaning in IODEF's own classes, so that
//! a node that is not `ridd` can read it and answer; our extension only adds detail. What is read may come from any node:
//! nothing is demanded of it beyond a valid document, and what it does not say is empty.
//!
//! A document is read in two steps: [`Outline::parse`] or [`Outline::of`] gives its Incidents, and `read_*` what one of
//! them says. Which of them to ask is for the caller to know, by who sent it and in what message.
//!
//! [`Outline::parse`]: crate::iodef::outline::Outline::parse
//! [`Outline::of`]: crate::iodef::outline::Outline::of

mod alert;
mod call;
mod discrepancy;
mod frame;
mod marks;
mod parts;
mod references;
mod status;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod trials;
mod types;
mod work;

pub use alert::{is_discrepancy, read_alert, write_alert};
pub use call::{is_data_call, read_call};
pub use discrepancy::{read_discrepancy, write_discrepancy};
pub use parts::{Action, Correction, Exception, Met, Patch, Step, StepKind, Target, Task};
pub use status::{read_status, write_status};
pub use types::{
    Alert, AlertParts, Call, Completion, Discrepancy, Finding, MilestoneLine, Progress, Sender, Status, UnitLine,
};
pub use work::{Work, read_work, write_completion, write_progress};

use crate::iodef::common::class::EncodeError;

/// Why a document of a significant event cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A document says when it was written.
    #[error("the {document} does not say when it was written: set `written`")]
    Undated {
        /// Which document.
        document: &'static str,
    },
    /// It would not be valid.
    #[error("the {document} would be no valid IODEF document: {source}")]
    Unfit {
        /// Which document.
        document: &'static str,
        /// What is wrong, and where.
        source: Box<EncodeError>,
    },
}
