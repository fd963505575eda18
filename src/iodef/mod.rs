//! IODEF, the Incident Object Description Exchange Format: RFC 5070 (1.0) and RFC 7970 (2.0), with the standards that
//! extend it. Called by `rid`, which carries it, and by whoever reads or writes documents.

use std::sync::LazyLock;

use crate::iodef::common::class::{Grammar, Schema};

pub mod common;
pub mod coordination;
pub mod cpe;
pub mod enumeration;
pub mod outline;
pub mod sci;
pub mod signature;
pub mod summary;
#[cfg(test)]
mod tests;
pub mod v1;
pub mod v2;

/// The schemas that are known where no RID message is around.
pub static SCHEMAS: [&Schema; 6] =
    [&v1::SCHEMA, &v2::SCHEMA, &sci::SCHEMA, &enumeration::SCHEMA, &coordination::SCHEMA, &signature::SCHEMA];

/// They, made ready.
pub fn grammar() -> &'static Grammar {
    static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::of(&SCHEMAS));
    &GRAMMAR
}
