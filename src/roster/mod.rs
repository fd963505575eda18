//! The roster: the hierarchical call list. Who is called now, on which channel, in which order, and who is next.
//!
//! [`Roster::parse`] reads a `roster.toml` (`config/roster.toml` is the sample) or says all that is wrong with it;
//! [`Roster::ladder`] and [`Roster::ladder_of`] are pure functions of the roster and an instant. The daemon holds a
//! [`Rosters`]; the administration imports through it, and coordination asks it whom to call. Nothing is ever half
//! imported.

mod address;
mod check;
mod fault;
mod keep;
mod ladder;
mod person;
mod place;
mod read;
mod roll;
#[cfg(test)]
mod tests;
mod week;

pub use fault::{Fault, RosterError};
pub use keep::{Imported, Rosters};
pub use ladder::Rung;
pub use person::{Channel, Person};
pub use place::Place;
pub use roll::{Parsed, Roster};
pub use week::{Days, Hours, Override, Shift, Zone};

pub use crate::store::records::ParcelKind;

/// A commented roster to begin with.
pub const SAMPLE: &str = include_str!("../../config/roster.toml");
