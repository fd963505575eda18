//! The inventory: which systems there are, which unit runs them, what they are, and which of them a data call concerns.
//!
//! The coordination asks it for the affected systems of each unit and marks them as corrected; staff fill it through
//! the admin API. Nothing is half imported: a file with faults changes nothing, and what is imported is one batch.

pub mod cpe;
