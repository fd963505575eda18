//! The documents of a significant event, out and in: plain values to IODEF of either version, and back (design of the
//! process on the wire; RFC 7970 §§3.13–3.15, RFC 5070 §§3.11–3.13, RFC 6545 §6).
//!
//! Called by the service of coordination. All of it is pure. What is written says its meaning in IODEF's own classes, so that
//! a node that
//! is not `ridd` can read it and answer; our extension only adds detail. What is read may come from any node: nothing is
//! demanded of it beyond a valid document, and what it does not say is empty.

mod parts;
mod types;

pub use parts::{Action, Correction, Exception, Met, Patch, Step, StepKind, Target, Task};
pub use types::{
    Alert, AlertParts, Call, Completion, Discrepancy, Finding, MilestoneLine, Progress, Sender, Status, UnitLine,
};
