//! Copies everything from one store to another, whatever their engines. Called by `ridd store copy`, with the nodes stopped.
//!
//! Rows are written in the order of their keys, with version and revision as they were; each batch also says in the
//! destination how far the copy is ([`Copying`]), so that one that was broken off goes on where it stopped. At the end both
//! stores are read once more: each table must have the same number of rows and the same digest. Only then the mark goes,
//! and until then no node starts on the destination.

use std::sync::Arc;

use super::batch::{Batch, Change};
use super::records::{Copying, TABLES};
use super::table::{Bound, ColumnKind, Row, Scan, Table, Value};
use super::{Committing, Record, Store, StoreError};
use crate::clock::Timestamp;
use crate::ids::Digest;

/// Rows read at a time; of tables with bytes, fewer, for each may be as large as a message.
const PAGE: usize = 500;
const PAGE_OF_BYTES: usize = 32;
/// A batch is written when it has so many rows or bytes.
const BATCH_ROWS: usize = 2000;
const BATCH_BYTES: usize = 4 << 20;

/// Why a copy was not made.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The source cannot be read.
    #[error("reading from {source_url}: {why}")]
    Reading {
        /// The store that is copied.
        source_url: String,
        /// What its backend says.
        #[source]
        why: StoreError,
    },
    /// The destination cannot be read or written.
    #[error("writing the copy: {0}; what is there already stays, and the same command goes on with it")]
    Writing(#[source] StoreError),
    /// The destination is in use.
    #[error("the destination holds records already ({rows} in {table}); copy into an empty store")]
    NotEmpty {
        /// A table that is not empty.
        table: &'static str,
        /// How many rows it has.
        rows: u64,
    },
    /// The destination is being filled from elsewhere.
    #[error("the destination holds an unfinished copy of {found}; go on with that one, or empty the destination first")]
    OtherSource {
        /// Where that copy comes from.
        found: String,
    },
    /// Copy and source are not the same.
    #[error(
        "{table} is not the same in both: {there} rows with the digest {source_digest} in the source, {here} with {copy_digest} \
         in the copy. The source has changed since the copy was begun: stop all nodes on it, empty the destination and copy anew"
    )]
    Differs {
        /// The first table that differs.
        table: &'static str,
        /// How many rows the source has.
        there: u64,
        /// How many rows the copy has.
        here: u64,
        /// Over the source's rows.
        source_digest: Digest,
        /// Over the copy's rows.
        copy_digest: Digest,
    },
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The table that is copied or compared.
    pub table: &'static str,
    /// The rows of it that are done.
    pub rows: u64,
    /// The rows that it has.
    pub of: u64,
    /// Whether it is compared already.
    pub comparing: bool,
}

/// One table that was copied and found to be the same in both.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// The table.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256, row by row in the order of the key, each over the digest before it and the row.
    pub digest: Digest,
}

/// The source of which this store is an unfinished copy, if it is one.
///
/// # Errors
/// If the store cannot be read.
pub async fn unfinished(store: &Arc<dyn Store>) -> Result<Option<String>, StoreError> {
    Ok(store.list::<Copying>(Scan::of::<Copying>(1)).await?.pop().map(|copying| copying.source))
}

/// Copies all records of `from` to `to`, which must be empty or an unfinished copy of the same store, and proves that they
/// are the same. `source` names `from` without secrets; `tell` hears how far it is, after every page.
///
/// # Errors
/// As [`TransferError`] says. What was copied stays, and the same call goes on with it.
pub async fn transfer(
    from: &Arc<dyn Store>,
    to: &Arc<dyn Store>,
    source: &str,
    now: Timestamp,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Moved>, TransferError> {
    let reading = |why| TransferError::Reading { source_url: source.to_owned(), why };
    let mut filling =
        Filling { to, mark: begun(to, source, now).await?, batch: Batch::new(), bytes: 0, under_way: None };
    for table in tables() {
        let of = from.count(table).await.map_err(reading)?;
        filling.fill(from, table, of, tell).await.map_err(|fault| fault.told(source))?;
    }
    let mark = filling.mark;
    let mut moved = Vec::new();
    for table in tables() {
        let of = from.count(table).await.map_err(reading)?;
        let shown = |rows| tell(Progress { table: table.name, rows, of, comparing: true });
        let (there, here) = tokio::join!(digest(from, table, &shown), digest(to, table, &|_| ()));
        let (there, here) = (there.map_err(reading)?, here.map_err(TransferError::Writing)?);
        if there != here {
            let (source_digest, copy_digest) = (there.digest, here.digest);
            return Err(TransferError::Differs {
                table: table.name,
                there: there.rows,
                here: here.rows,
                source_digest,
                copy_digest,
            });
        }
        moved.push(there);
    }
    let mut done = Batch::new();
    done.delete::<Copying>(vec![Value::Text(mark.source)]);
    to.commit(done).await.map_err(TransferError::Writing)?;
    Ok(moved)
}

/// What is copied: everything but the mark of copying itself.
fn tables() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().copied().filter(|table| table.name != Copying::TABLE.name)
}

/// The mark in the destination, made if there is nothing in it.
async fn begun(to: &Arc<dyn Store>, source: &str, now: Timestamp) -> Result<Copying, TransferError> {
    let failed = TransferError::Writing;
    let found = to.list::<Copying>(Scan::of::<Copying>(1)).await.map_err(failed)?.pop();
    if let Some(found) = found {
        let same = found.source == source;
        return if same { Ok(found) } else { Err(TransferError::OtherSource { found: found.source }) };
    }
    for table in tables() {
        match to.count(table).await.map_err(failed)? {
            0 => {}
            rows => return Err(TransferError::NotEmpty { table: table.name, rows }),
        }
    }
    let mark = Copying { source: source.to_owned(), begun: now, rows: 0 };
    let mut batch = Batch::new();
    batch.insert(&mark);
    to.commit(batch).await.map_err(failed)?;
    Ok(mark)
}

/// Which side failed.
enum Fault {
    Reading(StoreError),
    Writing(StoreError),
}

impl Fault {
    fn told(self, source: &str) -> TransferError {
        match self {
            Self::Reading(why) => TransferError::Reading { source_url: source.to_owned(), why },
            Self::Writing(why) => TransferError::Writing(why),
        }
    }
}

/// The destination while it is filled.
struct Filling<'t> {
    to: &'t Arc<dyn Store>,
    mark: Copying,
    batch: Batch,
    bytes: usize,
    /// The batch before, which is written while the next one is read. Never more than one: a later batch must not be
    /// there without those before it, for the last key says where to go on.
    under_way: Option<Committing>,
}

impl Filling<'_> {
    /// Copies the rows of a table that come after the last one of it that is there.
    async fn fill(
        &mut self,
        from: &Arc<dyn Store>,
        table: &'static Table,
        of: u64,
        tell: &(dyn Fn(Progress) + Sync),
    ) -> Result<(), Fault> {
        let mut done = self.to.count(table).await.map_err(Fault::Writing)?;
        let last = Scan { descending: true, limit: 1, ..page(table, None) };
        let last = self.to.rows(last).await.map_err(Fault::Writing)?.pop();
        let mut from_key = last.map(|row| row.key(table));
        loop {
            let rows = from.rows(page(table, from_key.take())).await.map_err(Fault::Reading)?;
            let Some(end) = rows.last() else { break };
            from_key = Some(end.key(table));
            done += rows.len() as u64;
            for row in rows {
                self.add(table, row);
            }
            if self.batch.changes.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
                self.write().await.map_err(Fault::Writing)?;
            }
            tell(Progress { table: table.name, rows: done, of, comparing: false });
        }
        self.write().await.map_err(Fault::Writing)?;
        self.written().await.map_err(Fault::Writing)
    }

    fn add(&mut self, table: &'static Table, mut row: Row) {
        self.bytes += row.values.iter().map(size).sum::<usize>();
        // What an older layout did not have yet is missing.
        row.values.resize(table.columns.len(), Value::Null);
        self.batch.changes.push(Change::Keep { table, row });
    }

    /// Hands over what has been gathered.
    async fn write(&mut self) -> Result<(), StoreError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.written().await?;
        let mut batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        self.mark.rows = self.mark.rows.saturating_add(i64::try_from(batch.changes.len()).unwrap_or(i64::MAX));
        batch.put(&self.mark);
        self.under_way = Some(self.to.enqueue(batch).await?);
        Ok(())
    }

    /// Waits until what was handed over is on the disk.
    async fn written(&mut self) -> Result<(), StoreError> {
        match self.under_way.take() {
            Some(committing) => committing.await,
            None => Ok(()),
        }
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Null => 1,
        Value::Int(_) => 8,
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
    }
}

/// The next rows of a table, after that key.
fn page(table: &'static Table, after: Option<Vec<Value>>) -> Scan {
    let heavy = table.columns.iter().any(|spec| spec.kind == ColumnKind::Bytes);
    let limit = if heavy { PAGE_OF_BYTES } else { PAGE };
    let from = after.map(Bound::Excluding);
    Scan { table, index: None, prefix: Vec::new(), from, to: None, descending: false, limit }
}

/// Reads a whole table.
async fn digest(
    store: &Arc<dyn Store>,
    table: &'static Table,
    tell: &(dyn Fn(u64) + Sync),
) -> Result<Moved, StoreError> {
    let mut moved = Moved { table: table.name, rows: 0, digest: Digest::of(table.name.as_bytes()) };
    let mut after = None;
    let mut bytes = Vec::new();
    loop {
        let rows = store.rows(page(table, after.take())).await?;
        let Some(last) = rows.last() else { return Ok(moved) };
        after = Some(last.key(table));
        moved.rows += rows.len() as u64;
        for row in &rows {
            bytes.clear();
            encode(table, row, &mut bytes);
            moved.digest = Digest::of_parts([moved.digest.as_str().as_bytes(), &bytes]);
        }
        tell(moved.rows);
    }
}

/// A row as bytes that no other row has: each value with its kind and length.
fn encode(table: &Table, row: &Row, bytes: &mut Vec<u8>) {
    let mut put = |kind: u8, content: &[u8]| {
        bytes.push(kind);
        bytes.extend((content.len() as u64).to_be_bytes());
        bytes.extend(content);
    };
    put(b'v', &row.version.to_be_bytes());
    put(b'r', &row.revision.to_be_bytes());
    for at in 0..table.columns.len() {
        match row.values.get(at).unwrap_or(&Value::Null) {
            Value::Null => put(b'n', &[]),
            Value::Int(number) => put(b'i', &number.to_be_bytes()),
            Value::Text(text) => put(b't', text.as_bytes()),
            Value::Bytes(content) => put(b'b', content),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::store::battery::fixture;
    use crate::store::records::{Once, Peer};
    use crate::store::{Config, Tidings, check, open};

    const NOW: Timestamp = Timestamp::from_micros(1_043_468_940_000_000);

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn open(&self, engine: &str, name: &str) -> Arc<dyn Store> {
            open(&Config::at(format!("{engine}:{}", self.0.path().join(name).display()))).unwrap()
        }
    }

    /// One of each record, some of them written twice, and enough rows for several pages and batches.
    async fn filled(store: &Arc<dyn Store>) {
        for _ in 0..2 {
            store.commit(fixture::one_of_each()).await.unwrap();
        }
        let mut batch = Batch::new();
        for n in 0..5_000_u32 {
            batch.put(&Once { digest: Digest::of(&n.to_be_bytes()), message: crate::ids::MessageId::fresh() });
        }
        store.commit(batch).await.unwrap();
    }

    async fn copied(from: &Arc<dyn Store>, to: &Arc<dyn Store>) -> Result<Vec<Moved>, TransferError> {
        transfer(from, to, "there", NOW, &|_| ()).await
    }

    async fn all(store: &Arc<dyn Store>) -> Vec<Vec<Row>> {
        let mut all = Vec::new();
        for table in TABLES {
            let scan = Scan { limit: usize::MAX >> 1, ..page(table, None) };
            all.push(store.rows(scan).await.unwrap());
        }
        all
    }

    /// A store that takes so many batches and no more.
    struct Breaks(Arc<dyn Store>, AtomicUsize);

    #[async_trait]
    impl Store for Breaks {
        async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
            let left = self.1.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if left.is_err() { Err(StoreError::Closed) } else { self.0.commit(batch).await }
        }

        async fn row(&self, table: &'static Table, key: Vec<Value>) -> Result<Option<Row>, StoreError> {
            self.0.row(table, key).await
        }

        async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError> {
            self.0.rows(scan).await
        }

        async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
            self.0.count(table).await
        }

        async fn facts(&self) -> Vec<(&'static str, String)> {
            Vec::new()
        }

        fn tidings(&self) -> Option<Tidings> {
            None
        }
    }

    #[cfg(feature = "sled")]
    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_is_the_same_row_by_row_and_back_again() {
        let place = Place::new();
        let [first, second, third] = [("sqlite", "a"), ("sled", "b"), ("sqlite", "c")].map(|(e, n)| place.open(e, n));
        filled(&first).await;
        let there = copied(&first, &second).await.unwrap();
        let back = copied(&second, &third).await.unwrap();
        assert_eq!(there, back);
        assert_eq!(there.iter().find(|moved| moved.table == "once").map(|moved| moved.rows), Some(5_001));
        assert_eq!(all(&first).await, all(&third).await);
        assert_eq!(check(&second).await.unwrap(), [""; 0]);
        assert_eq!(unfinished(&second).await.unwrap(), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_that_was_broken_off_goes_on_wherever_that_was() {
        let place = Place::new();
        let source = place.open("sqlite", "source");
        filled(&source).await;
        let whole = copied(&source, &place.open("sqlite", "whole")).await.unwrap();
        for most in [1, 2, 5, 6, 7, 9] {
            let copy = place.open("sqlite", &format!("copy-{most}"));
            let breaks: Arc<dyn Store> = Arc::new(Breaks(Arc::clone(&copy), AtomicUsize::new(most)));
            assert!(matches!(copied(&source, &breaks).await, Err(TransferError::Writing(_))), "after {most}");
            assert_eq!(unfinished(&copy).await.unwrap().as_deref(), Some("there"));
            let other = transfer(&source, &copy, "elsewhere", NOW, &|_| ()).await;
            assert!(matches!(other, Err(TransferError::OtherSource { .. })), "{other:?}");
            assert_eq!(copied(&source, &copy).await.unwrap(), whole, "after {most}");
            assert_eq!(all(&source).await, all(&copy).await, "after {most}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_source_that_changed_meanwhile_is_noticed_and_a_store_in_use_is_not_written_over() {
        let place = Place::new();
        let (source, copy) = (place.open("sqlite", "source"), place.open("sqlite", "copy"));
        filled(&source).await;
        let breaks: Arc<dyn Store> = Arc::new(Breaks(Arc::clone(&copy), AtomicUsize::new(6)));
        copied(&source, &breaks).await.unwrap_err();
        // A row before the place where the copy goes on.
        let once = source.list::<Once>(Scan::of::<Once>(1)).await.unwrap().remove(0);
        let mut batch = Batch::new();
        batch.put(&once);
        source.commit(batch).await.unwrap();
        let differs = copied(&source, &copy).await.unwrap_err();
        assert!(
            matches!(differs, TransferError::Differs { table: "once", there: 5_001, here: 5_001, .. }),
            "{differs}"
        );
        assert!(unfinished(&copy).await.unwrap().is_some(), "no node starts on it");
        let used = copied(&copy, &source).await.unwrap_err();
        assert!(matches!(used, TransferError::NotEmpty { .. }), "{used}");
        assert!(source.count(Peer::TABLE).await.unwrap() > 0);
    }
}
