//! sled, the second engine: a log-structured tree, in the only form that loses nothing.
//!
//! Pinned to 0.34.7, whose faults are known (`docs/adr/0001-store.md`): its own `flush` does not reach the disk, its
//! `flush_async` hangs, and long values go to files it never syncs. So one thread commits; before anyone is answered
//! it flushes and then syncs sled's file through a handle of its own ([`disk`]); rows are cut so short that no node of
//! the tree can become a file; and nobody reads what is not on the disk yet.

mod backup;
mod disk;
mod keys;
mod layout;
mod read;
mod rows;
mod write;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use sled::Db;
use tokio::sync::Semaphore;

use self::backup::Changed;
use self::disk::Disk;
use self::layout::Layouts;
use self::write::Writer;
use super::batch::Batch;
use super::config::Config;
use super::directory::{self, Directory};
use super::queue::Queue;
use super::table::{Row, Scan, Table, Value};
use super::{Committing, Store, StoreError};

/// How often, and how long apart, sled's own lock is tried.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A store in one sled tree.
#[derive(Debug)]
pub(super) struct Sled {
    queue: Queue,
    kept: Arc<Kept>,
    /// How many may read at the same time.
    turn: Arc<Semaphore>,
    // Last: the directory is given up when everything above is closed.
    directory: Directory,
}

/// What the committing thread and the readers share.
#[derive(Debug)]
struct Kept {
    /// Held for writing from the first change of a group until it is on the disk, so that nobody acts on what a power
    /// cut could still take back. `None` after a failure, until the next commit has opened it again.
    open: RwLock<Option<Opened>>,
    path: PathBuf,
    cache: u64,
    tables: Vec<&'static Table>,
    /// For a backup that is being made.
    changed: Changed,
}

/// sled itself, with what is needed beside it.
#[derive(Debug)]
struct Opened {
    db: Db,
    disk: Disk,
    layouts: Layouts,
}

impl Sled {
    /// Opens the tree in that directory, or makes it, with these tables.
    pub(super) fn open(config: &Config, path: &Path, tables: &[&'static Table]) -> Result<Self, StoreError> {
        let directory = Directory::claim(path)?;
        let cache = u64::from(config.cache_mib) * 1024 * 1024;
        let (open, changed) = (RwLock::new(None), Changed::default());
        let kept = Kept { open, path: path.to_owned(), cache, tables: tables.to_vec(), changed };
        kept.open_again()?;
        let kept = Arc::new(kept);
        let queue = Queue::start(config.queue, path, Writer(Arc::clone(&kept)))?;
        Ok(Self { queue, kept, turn: Arc::new(Semaphore::new(config.readers)), directory })
    }

    /// Runs the reading on a thread that may block.
    async fn run<T, F>(&self, reading: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Kept, &Opened) -> Result<T, StoreError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let kept = Arc::clone(&self.kept);
        let read = tokio::task::spawn_blocking(move || {
            // Kept until the reading is done, even if nobody waits for it any longer.
            let _turn = turn;
            kept.with_opened(|opened| reading(&kept, opened))
        });
        read.await.map_err(|_| StoreError::Closed)?
    }
}

impl Kept {
    /// Opens sled, at the start and after it has failed: once a write has failed it refuses all others.
    fn open_again(&self) -> Result<(), StoreError> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        // The old one must be gone before the file is opened anew.
        *open = None;
        let db = open_file(&self.path, self.cache)?;
        let disk = Disk::of(&self.path)?;
        let layouts = layout::lay_out(self, &db, &self.tables)?;
        disk.flush(&db)?;
        disk.sync_entries()?;
        *open = Some(Opened { db, disk, layouts });
        Ok(())
    }

    /// What is read while nobody commits.
    fn with_opened<T>(&self, reading: impl FnOnce(&Opened) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        reading(open.as_ref().ok_or_else(|| self.shut())?)
    }

    fn error(&self, doing: &'static str, why: sled::Error) -> StoreError {
        error(&self.path, doing, why)
    }

    /// What readers are told after a failure.
    fn shut(&self) -> StoreError {
        let why = "it failed before; the next commit opens it again".to_owned();
        StoreError::Backend { doing: "reading", place: self.path.display().to_string(), why }
    }
}

/// sled itself, in that directory, with so many bytes of cache.
fn open_file(path: &Path, cache: u64) -> Result<Db, StoreError> {
    let config = || sled::Config::new().path(path).cache_capacity(cache).flush_every_ms(None);
    let mut patience = LOCK_TRIES;
    loop {
        match config().mode(sled::Mode::HighThroughput).open() {
            Ok(db) => return Ok(db),
            // After a failure, threads of the sled before hold its lock for a moment. No other process can have
            // it: that one would have our own lock.
            Err(sled::Error::Io(why)) if patience > 0 && why.to_string().contains("could not acquire lock") => {
                patience -= 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(why) => return Err(error(path, "opening", why)),
        }
    }
}

fn error(path: &Path, doing: &'static str, why: sled::Error) -> StoreError {
    match why {
        sled::Error::Io(why) => StoreError::from_io(doing, path, &why),
        why => StoreError::Backend { doing, place: path.display().to_string(), why: why.to_string() },
    }
}

/// Says that nobody waits any longer, when it is dropped.
struct Giving(Arc<AtomicBool>);

impl Drop for Giving {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Store for Sled {
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.queue.commit(batch).await
    }

    async fn enqueue(&self, batch: Batch) -> Result<Committing, StoreError> {
        self.queue.enqueue(batch).await
    }

    async fn row(&self, table: &'static Table, key: Vec<Value>) -> Result<Option<Row>, StoreError> {
        self.run(move |kept, opened| read::row(kept, opened, table, &key)).await
    }

    async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError> {
        self.run(move |kept, opened| read::rows(kept, opened, &scan)).await
    }

    async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        self.run(move |kept, opened| read::count(kept, opened, table)).await
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let given_up = Giving(Arc::default());
        let (kept, to, flag) = (Arc::clone(&self.kept), to.to_owned(), Arc::clone(&given_up.0));
        let copied = tokio::task::spawn_blocking(move || backup::backup(&kept, &to, &flag));
        copied.await.map_err(|_| StoreError::Closed)?
    }

    async fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![
            ("engine", "sled 0.34.7".to_owned()),
            ("place", self.directory.path().display().to_string()),
            ("bytes on disk", directory::size_of(self.directory.path()).to_string()),
        ];
        match self.run(|_, opened| Ok(opened.disk.syncs())).await {
            Ok(syncs) => facts.push(("syncs since opening", syncs.to_string())),
            Err(why) => facts.push(("fault", why.to_string())),
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MessageId;
    use crate::store::records::{Body, TABLES};

    fn opened(place: &Path) -> Sled {
        Sled::open(&Config::at("sled:x"), place, TABLES).unwrap()
    }

    async fn commit(store: &Sled, bodies: &[Body]) {
        let mut batch = Batch::new();
        for body in bodies {
            batch.put(body);
        }
        store.commit(batch).await.unwrap();
    }

    fn noise(length: usize) -> Body {
        let mut state = 7u64;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        Body { id: MessageId::fresh(), bytes: std::iter::repeat_with(next).take(length).collect() }
    }

    #[tokio::test]
    async fn every_commit_syncs_before_it_is_acknowledged() {
        let place = tempfile::tempdir().unwrap();
        let store = opened(place.path());
        let syncs = || store.kept.open.read().unwrap().as_ref().unwrap().disk.syncs();
        let before = syncs();
        for number in 1..=20 {
            commit(&store, &[noise(100)]).await;
            assert_eq!(syncs(), before + number);
        }
    }

    #[tokio::test]
    async fn no_value_becomes_a_file_of_its_own() {
        let place = tempfile::tempdir().unwrap();
        let store = opened(place.path());
        let bodies: Vec<_> = (0..60).map(|number| noise(1_500 * number)).collect();
        for four in bodies.chunks(4) {
            commit(&store, four).await;
        }
        commit(&store, &[noise(3_000_000)]).await;
        for four in bodies.chunks(4) {
            commit(&store, four).await;
        }
        let blobs = std::fs::read_dir(place.path().join("blobs")).unwrap().count();
        assert_eq!(blobs, 0);
    }
}
