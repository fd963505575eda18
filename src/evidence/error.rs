//! Why a file of evidence was not read: shown to the person who handed it in, who can mend the file or the scan.

use std::fmt;

use crate::evidence::Format;
use crate::xml::{Position, XmlError};

/// A file that was refused as a whole.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// It is no XML that we read.
    #[error("the evidence is refused: {0}")]
    Xml(#[source] XmlError),
    /// It is XML, but no results.
    #[error(
        "{at}: expected results of a scan, found the element {found}; what is read: TestResult, Benchmark with TestResult \
         (XCCDF 1.2), asset-report-collection (ARF 1.1), oval_results (OVAL 5), or a table (CSV) with the header \
         system,vulnerability,result"
    )]
    Unrecognised {
        /// Where.
        at: Position,
        /// The root element.
        found: String,
    },
    /// Something that the format demands, or without which its results mean nothing, is not there.
    #[error("{at}: {path}: {what} is missing")]
    Missing {
        /// Where.
        at: Position,
        /// The element, by its way from the root.
        path: String,
        /// What is missing from it, and what it would be good for.
        what: &'static str,
    },
    /// A word that the format does not know.
    #[error("{at}: {path}: {found:?} is no {what}; expected {expected}")]
    Word {
        /// Where.
        at: Position,
        /// The element, by its way from the root.
        path: String,
        /// What the word should have been.
        what: &'static str,
        /// The word.
        found: String,
        /// The words that would have been right.
        expected: &'static str,
    },
    /// It was read, and says nothing about any vulnerability.
    #[error("the {format} file is no evidence: {why}")]
    Nothing {
        /// Its format.
        format: Format,
        /// What was looked for and not found.
        why: String,
    },
    /// It holds more than we read.
    #[error("the evidence holds more than {limit} {what} (limit {key}); hand it in as several files")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The key of the limit.
        key: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Rows of a table are faulty; none was read.
    #[error("the table has {total} faults:{}", listed(.rows, .total))]
    Rows {
        /// The first of them.
        rows: Vec<RowFault>,
        /// How many there are in all.
        total: usize,
    },
}

/// What is wrong with one row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The line of the file, from 1.
    pub line: u64,
    /// The column's name; empty if the whole row is at fault.
    pub column: String,
    /// What is wrong, and what would be right.
    pub why: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column.as_str() {
            "" => write!(f, "line {}: {}", self.line, self.why),
            column => write!(f, "line {}, {column}: {}", self.line, self.why),
        }
    }
}

fn listed(rows: &[RowFault], total: &usize) -> String {
    let mut text = rows.iter().fold(String::new(), |text, row| format!("{text}\n  {row}"));
    if let more @ 1.. = total.saturating_sub(rows.len()) {
        text += &format!("\n  and {more} more");
    }
    text
}
