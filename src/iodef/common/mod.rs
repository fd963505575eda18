//! What the versions of IODEF share: data types, prose rules and the machinery of class tables. Used by `iodef` and `rid`.

pub mod class;
pub mod datatypes;
pub mod rule;
