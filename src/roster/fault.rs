//! What is wrong with a roster, and why one could not be taken or read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// One thing to say about a roster's text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Fault {
    /// The line, from 1; absent if the roster as a whole is meant, or something outside of it.
    pub line: Option<usize>,
    /// The person and the key, for instance `cirt.shifts`; empty if none can be named.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// `line 12: cirt.shifts: what`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// The faults one a line.
fn lines(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Why a roster was not imported or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The text is not a roster. Nothing has changed.
    #[error("the roster has {} and was not imported:\n{}", count(faults.len()), lines(faults))]
    Faults {
        /// All that is wrong with it, in the order of its lines.
        faults: Vec<Fault>,
    },
    /// Somebody else imported one at the same time. Nothing of this one has been taken.
    #[error("another roster was imported at the same moment: look at it (`ridd roster list`) and import again")]
    ChangedMeanwhile,
    /// A row of the store is no person.
    #[error("the roster's row {id} cannot be read ({why}): import the roster again")]
    Damaged {
        /// The person's id.
        id: String,
        /// What is wrong with it.
        why: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn count(faults: usize) -> String {
    if faults == 1 { "a fault".to_owned() } else { format!("{faults} faults") }
}
