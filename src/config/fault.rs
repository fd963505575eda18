//! What is wrong with a configuration file: all of it at once.

use std::fmt;

/// One fault, with the place it is at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The line, from 1; absent if the file as a whole is meant, or a default.
    pub line: Option<usize>,
    /// The key with its tables, separated by dots; empty if none can be named.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// All faults of one file, in the order of its lines. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

impl Faults {
    /// The file as a whole has this fault.
    pub(super) fn of_file(file: String, message: String) -> Self {
        Self { file, faults: vec![Fault { line: None, key: String::new(), message }] }
    }
}

/// One line a fault: `FILE:LINE: KEY: what`.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            f.write_str(&self.file)?;
            if let Some(line) = fault.line {
                write!(f, ":{line}")?;
            }
            if !fault.key.is_empty() {
                write!(f, ": {}", fault.key)?;
            }
            write!(f, ": {}", fault.message)?;
        }
        Ok(())
    }
}
