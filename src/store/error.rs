//! What can go wrong in a store.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// A span in the settings is out of its range.
    #[error("store.{setting} = {}: expected a span from 100ms to 10m", crate::clock::span::show(*span))]
    BadSpan {
        /// The setting.
        setting: &'static str,
        /// Its value.
        span: Duration,
    },
    /// A file that the settings name cannot be used.
    #[error("store.{setting} = {}: {why}", path.display())]
    BadFile {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without its content.
        why: String,
    },
    /// The store lives with a server, and what was asked for is done with files.
    #[error(
        "store.url names a server, which keeps its own files: {doing} is done there, with pg_dump or pg_basebackup (see \
         PostgreSQL in docs/operations.md)"
    )]
    NoDirectory {
        /// What was asked for.
        doing: &'static str,
    },
    /// The store lives in a directory, and what was asked for is done with a server.
    #[error("store.url names a directory, which the node prepares by itself: there is nothing to do")]
    NoServer,
    /// The server does not serve us as things stand. Nothing has changed; a later batch may succeed.
    #[error("the server at {place} {state}: {why}; {}", state.remedy())]
    Server {
        /// Where the server is.
        place: String,
        /// How things stand.
        state: ServerState,
        /// The server's or the system's own words.
        why: String,
    },
    /// The line to the server was cut while a batch was being committed, and whether it was cannot be found out now. A
    /// message that is sent again is known if it was filed.
    #[error("whether the server at {place} committed is not known: {why}; it will be seen when the server is back")]
    Undecided {
        /// Where the server is.
        place: String,
        /// What cut the line.
        why: String,
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

/// Why a server does not serve us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// It does not answer, or the line to it was cut.
    Unreachable,
    /// It does not let us in: wrong user, password, database or rights.
    Refused,
    /// It does not prove its name: its certificate is expired, or no CA of ours vouches for it.
    Unproven,
    /// It may only be read: a standby, or its disk is protected.
    ReadOnly,
    /// It, or all our connections to it, are too busy: something took longer than the settings allow.
    Busy,
    /// It is older than PostgreSQL 15.
    Old,
    /// The tables are not as this program needs them, and this user may not lay them out.
    Unprepared,
}

impl ServerState {
    /// One word for lists and measures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Unproven => "unproven",
            Self::ReadOnly => "read-only",
            Self::Busy => "busy",
            Self::Old => "old",
            Self::Unprepared => "unprepared",
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Unreachable => "start it or mend the network; the node goes on by itself",
            Self::Refused => {
                "correct store.url or the file of store.password-file, or the server's pg_hba.conf and grants"
            }
            Self::Unproven => "renew the server's certificate, or name its CA in store.ca-file",
            Self::ReadOnly => "promote it, or name the primary too in store.url; the node goes on by itself",
            Self::Busy => "see what holds it up (pg_stat_activity), or raise store.connections or the timeouts",
            Self::Old => "this program needs PostgreSQL 15 or later",
            Self::Unprepared => "run `ridd store prepare` as the owner of the database",
        }
    }
}

impl fmt::Display for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "does not answer",
            Self::Refused => "does not let us in",
            Self::Unproven => "does not prove its name",
            Self::ReadOnly => "may only be read",
            Self::Busy => "is too busy",
            Self::Old => "is too old",
            Self::Unprepared => "is not prepared",
        })
    }
}

impl StoreError {
    /// The same once more, for the next of those whom one failure concerns.
    #[cfg(any(feature = "sled", feature = "postgres"))]
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Full { place } => Self::Full { place: place.clone() },
            Self::Backend { doing, place, why } => Self::Backend { doing, place: place.clone(), why: why.clone() },
            Self::Server { place, state, why } => {
                Self::Server { place: place.clone(), state: *state, why: why.clone() }
            }
            Self::Undecided { place, why } => Self::Undecided { place: place.clone(), why: why.clone() },
            Self::Closed => Self::Closed,
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
