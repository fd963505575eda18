//! IODEF, the Incident Object Description Exchange Format: RFC 5070 (1.0) and RFC 7970 (2.0).

pub mod common;
