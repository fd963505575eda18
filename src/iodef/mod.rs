//! IODEF, the Incident Object Description Exchange Format: RFC 5070 (1.0) and RFC 7970 (2.0).

pub mod common;
pub mod coordination;
pub mod enumeration;
pub mod sci;
pub mod v1;
