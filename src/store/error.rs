//! What can go wrong in a store.

use std::io;
use std::path::Path;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A precondition of a batch does not hold; nothing has changed.
    #[error("{table}: {expected}, but it is not so; nothing was changed")]
    Conflict {
        /// The table that the precondition is about.
        table: &'static str,
        /// What was expected, in words.
        expected: String,
    },
    /// The disk is full, or a quota is used up. Nothing has changed; a later batch may succeed.
    #[error(
        "no room left in the store at {place}: free some disk space; the node goes on by itself when there is room"
    )]
    Full {
        /// Where the store is.
        place: String,
    },
    /// The backend failed for another reason.
    #[error("{doing} in the store at {place} failed: {why}")]
    Backend {
        /// What was being done.
        doing: &'static str,
        /// Where the store is.
        place: String,
        /// The backend's own words.
        why: String,
    },
    /// A row cannot be read as the record it should be.
    #[error("{table}: damaged record: column {column}: expected {expected}, found {found}")]
    Damaged {
        /// The table of the row.
        table: &'static str,
        /// The column that cannot be read.
        column: &'static str,
        /// What should be there.
        expected: &'static str,
        /// What is there, without its content.
        found: String,
    },
    /// The record was written by a newer version of the program.
    #[error(
        "{table}: record format {found} is newer than format {known}, the newest this program reads: run a newer ridd"
    )]
    Newer {
        /// The table of the row.
        table: &'static str,
        /// The format of the row.
        found: i64,
        /// The newest format that is known here.
        known: i64,
    },
    /// The store's address is none that this program knows.
    #[error("store.url = {url:?}: {why}")]
    BadUrl {
        /// The address as configured.
        url: String,
        /// What is wrong, and what would be right.
        why: &'static str,
    },
    /// A number in the settings is out of its range.
    #[error("store.{setting} = {value}: expected a number from {least} to {most}")]
    BadSetting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: u64,
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
    },
    /// Another process has the store open.
    #[error("the store at {place} is in use by {holder}: stop it first, or give this node a store.url of its own")]
    Locked {
        /// Where the store is.
        place: String,
        /// Who has it.
        holder: String,
    },
    /// The whole store was laid out by a newer version of the program.
    #[error("the store at {place} has layout {found}; this program reads up to {known}: run a newer ridd")]
    NewerLayout {
        /// Where the store is.
        place: String,
        /// Its layout.
        found: i64,
        /// The newest layout that is known here.
        known: i64,
    },
    /// The table is none of those that the store was opened with.
    #[error("the store was opened without table {table}: name it in store::records::TABLES")]
    UnknownTable {
        /// The table.
        table: &'static str,
    },
    /// The table cannot be listed in that order.
    #[error("{table} has no index {index}, or the scan names more columns than it orders by")]
    UnknownOrder {
        /// The table.
        table: &'static str,
        /// The index, or `key`.
        index: &'static str,
    },
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The same once more, for the next of those whom one failure concerns.
    #[cfg(feature = "sled")]
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Full { place } => Self::Full { place: place.clone() },
            Self::Backend { doing, place, why } => Self::Backend { doing, place: place.clone(), why: why.clone() },
            other => Self::Backend { doing: "committing", place: String::new(), why: other.to_string() },
        }
    }

    /// What the operating system said, as ours.
    pub(super) fn from_io(doing: &'static str, place: &Path, why: &io::Error) -> Self {
        let place = place.display().to_string();
        match why.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { place },
            _ => Self::Backend { doing, place, why: why.to_string() },
        }
    }
}
