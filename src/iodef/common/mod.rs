//! What the versions of IODEF share: data types and the machinery of class tables. Used by `iodef` and `rid`.

pub mod datatypes;
