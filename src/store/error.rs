//! What can go wrong in a store.

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
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
}
