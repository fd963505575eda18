//! Routing: who is reached through whom, how far, and what may not travel on. Pure.
//!
//! Called by `exchange` for every message that could go further. [`decide()`] is a function of the configuration, the
//! peers and what is known of the message; it reads no clock, no store and no network. It promises that nothing is sent
//! back to where it came from except as the answer to a Request, and that loops, too many hops and the restriction of a
//! document are refused with a [`Refusal`] that says why.

mod config;
mod decide;
mod restriction;
mod source;

pub use config::{Config, Form, Rule, To, When};
pub use decide::{Destination, Hop, Neighbour, Refusal, Subject, decide};
pub use restriction::Sharing;
pub use source::towards;
