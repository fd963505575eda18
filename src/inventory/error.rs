//! Why the inventory did not do what it was asked.

use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// One fault of a file, at its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("line {line}: {column}: {why}")]
pub struct LineFault {
    /// The line of the file, from 1, on which the system begins.
    pub line: u64,
    /// The column, or key in JSON.
    pub column: String,
    /// What is wrong and what would be right.
    pub why: String,
}

/// One fault of what a system shall be changed to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct FieldFault {
    /// The field.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub why: String,
}

/// Why the inventory did not do what it was asked. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The store failed, or something changed the same systems meanwhile.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such system.
    #[error("there is no system {name} in the inventory; to add it, name the unit that runs it")]
    NoSuchSystem {
        /// The name.
        name: String,
    },
    /// What a system shall be changed to is not right.
    #[error("system {name}: {}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Fields {
        /// The system.
        name: String,
        /// All that is wrong.
        faults: Vec<FieldFault>,
    },
    /// The file to be imported has faults.
    #[error("the file has {total} faults, the first of them: {}", faults.first().map(ToString::to_string).unwrap_or_default())]
    File {
        /// The faults in the order of the lines, as many as `inventory.faults` allows.
        faults: Vec<LineFault>,
        /// How many there are.
        total: usize,
    },
    /// The file is too large.
    #[error("the file has {bytes} bytes, more than inventory.import-bytes = {most}: split it, or raise the limit")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// There would be too many systems.
    #[error("there would be {systems} systems, more than inventory.systems = {most}: remove some, or raise the limit")]
    TooMany {
        /// How many there would be.
        systems: usize,
        /// The limit.
        most: usize,
    },
    /// What was being worked out broke off.
    #[error("the inventory's work broke off; the node's log says why")]
    BrokeOff,
}
