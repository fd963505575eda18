//! The store: what the node promises to remember.
//!
//! The promise, held by every backend and proved by one battery of tests:
//! a [`Batch`] changes everything it names or nothing; it changes nothing if one of its preconditions fails; it is on
//! the disk (fsync) when [`Store::commit`] returns; batches are seen in the order in which they were committed.
//!
//! Records are declared once, in [`records`], as tables of named, plain columns with their keys and indexes; a backend
//! knows only rows, so that a new record needs no new backend code. A SQL backend keeps each table as a real one that
//! an administrator can query.

mod batch;
#[cfg(test)]
#[expect(unreachable_pub, reason = "record! declares public structs")]
mod battery;
mod check;
mod column;
mod config;
mod contention;
mod copy;
mod directory;
mod duty;
mod error;
mod hexed;
pub mod lease;
mod metered;
mod pack;
#[cfg(test)]
pub(crate) mod pair;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
pub mod records;
#[cfg(feature = "sled")]
mod sled;
mod sqlite;
mod table;
mod tidings;
mod touched;
mod transfer;

pub use batch::{Batch, Change, Precondition};
pub use check::check;
pub use column::{Column, Record};
pub(crate) use column::{read_column, record, text_columns, worded};
pub(crate) use config::disk_use;
pub use config::{Config, open, prepare};
pub use contention::give_way;
pub use copy::{backup, restore};
pub use duty::{Duty, Holding};
pub use error::{ServerState, StoreError};
pub use metered::metered;
pub(crate) use pack::packed_size;
#[cfg(feature = "postgres")]
pub(crate) use postgres::bare::{Bare, database_size};
pub use table::{Bound, ColumnKind, ColumnSpec, Index, Row, Scan, Table, Value};
pub use tidings::{Tiding, Tidings};
pub use touched::{Counts, Touched};
pub use transfer::{Moved, Progress, TransferError, transfer, unfinished};

use std::path::Path;
use std::pin::Pin;

use async_trait::async_trait;

/// What becomes of a batch that is in the line: as [`Store::commit`].
pub type Committing = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// A durable store of records. Cheap calls: an implementation holds its own handles and may be shared by all tasks.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Carries out the batch, all or nothing, durably.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] names the first precondition that failed; nothing has changed then.
    /// [`StoreError::Undecided`]: a server was lost while it committed, and the batch may be found committed later.
    /// Any other error: the batch may be taken as not committed, and a later batch may be tried.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// Puts the batch into the line of those to be committed, and gives what becomes of it. Whatever is put into the line
    /// later is committed later; nothing is durable before the outcome says so.
    ///
    /// # Errors
    /// If it cannot be put into the line; nothing has changed then.
    async fn enqueue(&self, batch: Batch) -> Result<Committing, StoreError> {
        let outcome = self.commit(batch).await;
        Ok(Box::pin(async move { outcome }))
    }

    /// The row of that key, if there is one.
    ///
    /// # Errors
    /// If the backend cannot read.
    async fn row(&self, table: &'static Table, key: Vec<Value>) -> Result<Option<Row>, StoreError>;

    /// The rows that the scan names, in its order.
    ///
    /// # Errors
    /// If the backend cannot read.
    async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError>;

    /// How many rows the table has; may be a little behind commits that are under way.
    ///
    /// # Errors
    /// If the backend cannot read.
    async fn count(&self, table: &'static Table) -> Result<u64, StoreError>;

    /// What an operator should know of the backend: `("engine", "sqlite 3.50")`, size on disk, and the like.
    async fn facts(&self) -> Vec<(&'static str, String)>;

    /// What the backend itself finds wrong with its files, one sentence each. Reads all of them.
    ///
    /// # Errors
    /// If the backend cannot read at all.
    async fn engine_faults(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// Copies the store into the directory `to`, which must not be there yet, as it is at one moment, while it is in use:
    /// every commit that was acknowledged before the call is in the copy, and none by half.
    ///
    /// # Errors
    /// If `to` is there already, or what the disk says; [`StoreError::NoDirectory`] if the backend has no files of its own.
    async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let _ = to;
        Err(StoreError::NoDirectory { doing: "copying its files" })
    }

    /// What other nodes change from now on; `None` if the store is this node's alone.
    fn tidings(&self) -> Option<Tidings> {
        None
    }

    /// Which tables this node changes from now on; `None` if nobody counts ([`metered()`] does).
    fn touched(&self) -> Option<Touched> {
        None
    }
}

/// Typed reading over any [`Store`].
impl dyn Store {
    /// The record of that key, if there is one.
    ///
    /// # Errors
    /// If the backend cannot read, or the row is damaged.
    pub async fn find<R: Record>(&self, key: Vec<Value>) -> Result<Option<R>, StoreError> {
        self.row(R::TABLE, key).await?.map(R::from_row).transpose()
    }

    /// The record of that key with its revision, for a later [`Precondition::Revision`].
    ///
    /// # Errors
    /// If the backend cannot read, or the row is damaged.
    pub async fn find_revised<R: Record>(&self, key: Vec<Value>) -> Result<Option<(R, i64)>, StoreError> {
        let Some(row) = self.row(R::TABLE, key).await? else { return Ok(None) };
        let revision = row.revision;
        Ok(Some((R::from_row(row)?, revision)))
    }

    /// The records that the scan names, in its order.
    ///
    /// # Errors
    /// If the backend cannot read, or a row is damaged.
    pub async fn list<R: Record>(&self, scan: Scan) -> Result<Vec<R>, StoreError> {
        self.rows(scan).await?.into_iter().map(R::from_row).collect()
    }
}
