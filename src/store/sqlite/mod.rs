//! SQLite, the default engine: one file, real tables, readable by any SQLite tool while the node runs.
//!
//! Write-ahead log with `synchronous=FULL`: a commit has been synced when it returns. One thread writes, and takes
//! everything that waits in one transaction; readers have connections of their own and are never in its way.

#[cfg(test)]
pub(super) mod fixture;
mod layout;
mod read;
mod rows;
mod statements;
mod write;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use self::read::Readers;
use self::statements::Statements;
use self::write::Writer;
use super::batch::Batch;
use super::config::Config;
use super::copy;
use super::directory::{self, Directory};
use super::queue::Queue;
use super::table::{Row, Scan, Table, Value};
use super::{Committing, Store, StoreError};

/// The file, in the store's directory.
pub(super) const FILE: &str = "ridd.db";
/// How many frames the write-ahead log gathers before they are moved into the file. More make the log longer and the
/// pauses rarer and longer.
const CHECKPOINT_PAGES: u32 = 1000;

/// A store in one SQLite file.
#[derive(Debug)]
pub(super) struct Sqlite {
    queue: Queue,
    readers: Arc<Readers>,
    statements: Arc<Statements>,
    config: Config,
    // Last: the directory is given up when everything above is closed.
    directory: Directory,
}

impl Sqlite {
    /// Opens the file in that directory, or makes it, with these tables.
    pub(super) fn open(config: &Config, path: &Path, tables: &[&'static Table]) -> Result<Self, StoreError> {
        let directory = Directory::claim(path)?;
        let file = path.join(FILE);
        if !file.exists() {
            make(&file)?;
        }
        let place = Place(file);
        let mut connection = place.connect(config)?;
        // Half of the memory for writing, half for all readers together.
        place.tried("setting up", tune(&connection, config, config.cache_mib.div_ceil(2)))?;
        layout::lay_out(&mut connection, &place, tables)?;
        // Also if the file was there: a process before us may have died between making it and this.
        directory.sync()?;
        let statements = Arc::new(Statements::of(tables));
        let writer = Writer::new(connection, place.clone(), Arc::clone(&statements));
        Ok(Self {
            queue: Queue::start(config.queue, path, writer)?,
            readers: Arc::new(Readers::new(config.clone(), place)),
            statements,
            config: config.clone(),
            directory,
        })
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.queue.commit(batch).await
    }

    async fn enqueue(&self, batch: Batch) -> Result<Committing, StoreError> {
        self.queue.enqueue(batch).await
    }

    async fn row(&self, table: &'static Table, key: Vec<Value>) -> Result<Option<Row>, StoreError> {
        self.readers.here(|connection, place| read::row(connection, place, &self.statements, table, &key)).await
    }

    async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError> {
        let statements = Arc::clone(&self.statements);
        self.readers.run(move |connection, place| read::rows(connection, place, &statements, &scan)).await
    }

    async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        let statements = Arc::clone(&self.statements);
        self.readers.run(move |connection, place| read::count(connection, place, &statements, table)).await
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let (config, to) = (self.config.clone(), to.to_owned());
        let copied = tokio::task::spawn_blocking(move || copy::backup(&config, &to));
        copied.await.map_err(|_| StoreError::Closed)?
    }

    async fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![
            ("engine", format!("sqlite {}", rusqlite::version())),
            ("place", self.directory.path().display().to_string()),
            ("bytes on disk", directory::size_of(self.directory.path()).to_string()),
        ];
        let asked =
            self.readers.run(|connection, place| place.tried("asking for facts", read::facts(connection, place)));
        match asked.await {
            Ok(more) => facts.extend(more),
            Err(why) => facts.push(("fault", why.to_string())),
        }
        facts
    }

    async fn engine_faults(&self) -> Result<Vec<String>, StoreError> {
        self.readers.run(|connection, place| place.tried("checking the file", read::faults(connection))).await
    }
}

/// Copies the store in `from` into the directory `to` as it is at one moment, while it is in use too. What writes to it
/// meanwhile does not hold the copy up, and is not held up.
pub(super) fn backup(config: &Config, from: &Path, to: &Path) -> Result<(), StoreError> {
    let connection = Place(from.join(FILE)).connect(config)?;
    let place = Place(to.join(FILE));
    let name = place.0.to_str().ok_or_else(|| {
        let why = std::io::Error::other("SQLite takes only UTF-8 as the name of a backup");
        StoreError::from_io("making the backup", to, &why)
    })?;
    place.tried("making the backup", connection.execute("VACUUM INTO ?", [name]))?;
    let synced = fs::File::open(&place.0).and_then(|file| file.sync_all());
    synced.map_err(|why| StoreError::from_io("syncing the backup", to, &why))
}

/// Where the file is, for connecting and for errors.
#[derive(Clone, Debug)]
struct Place(PathBuf);

impl Place {
    fn connect(&self, config: &Config) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = self.tried("opening", Connection::open_with_flags(&self.0, flags))?;
        let set_up = || {
            connection.busy_timeout(std::time::Duration::from_secs(10))?;
            connection.set_prepared_statement_cache_capacity(256);
            let share = u64::from(config.cache_mib) * 1024 / 2 / config.readers as u64;
            connection.pragma_update(None, "cache_size", -i64::try_from(share).unwrap_or(i64::MAX))
        };
        self.tried("setting up", set_up())?;
        Ok(connection)
    }

    /// The result with SQLite's error as ours.
    fn tried<T>(&self, doing: &'static str, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|why| self.error(doing, &why))
    }

    fn error(&self, doing: &'static str, why: &rusqlite::Error) -> StoreError {
        let place = self.0.display().to_string();
        if is_full(why) {
            StoreError::Full { place }
        } else {
            StoreError::Backend { doing, place, why: why.to_string() }
        }
    }
}

/// SQLite says FULL when a write finds no room, and IOERR_SHMSIZE when its shared index cannot grow.
fn is_full(why: &rusqlite::Error) -> bool {
    let shared_index = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
    why.sqlite_error().is_some_and(|error| error.code == ErrorCode::DiskFull || error.extended_code == shared_index)
}

/// Makes the empty file, readable by its owner only.
fn make(file: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let synced = made.and_then(|made| made.sync_all());
    synced.map_err(|why| StoreError::from_io("making the file", file, &why))
}

/// What the writing connection needs besides what all have.
fn tune(connection: &Connection, config: &Config, cache_mib: u32) -> rusqlite::Result<()> {
    // Before the first table, or it has no effect.
    connection.pragma_update(None, "page_size", layout::PAGE)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    // A log that grew while a long read held it back is cut again.
    connection.pragma_update_and_check(None, "journal_size_limit", 64 * 1024 * 1024, |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", -(i64::from(cache_mib) * 1024))?;
    if config.max_size_mib > 0 {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::from(config.max_size_mib) * 1024 * 1024 / page.max(1);
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}

/// The bytes of the file and its log.
fn size(place: &Place) -> u64 {
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut log = place.0.clone().into_os_string();
    log.push("-wal");
    length(&place.0) + length(Path::new(&log))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::MessageId;
    use crate::store::Record;
    use crate::store::records::{Body, LocalOperator, Role, TABLES};

    fn body() -> Batch {
        let mut state = 7u64;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let mut batch = Batch::new();
        batch.put(&Body { id: MessageId::fresh(), bytes: std::iter::repeat_with(next).take(100_000).collect() });
        batch
    }

    #[tokio::test]
    async fn a_full_store_says_so_and_goes_on_when_there_is_room() {
        let place = tempfile::tempdir().unwrap();
        let config = Config { max_size_mib: 2, ..Config::at("sqlite:x") };
        let store = Sqlite::open(&config, place.path(), TABLES).unwrap();
        let mut written = 0;
        let full = loop {
            match store.commit(body()).await {
                Ok(()) => written += 1,
                Err(full) => break full,
            }
            assert!(written < 30, "2 MiB do not hold {written} bodies of 100 KB");
        };
        assert!(matches!(full, StoreError::Full { .. }), "{full}");
        assert!(matches!(store.commit(body()).await, Err(StoreError::Full { .. })));
        assert_eq!(store.count(Body::TABLE).await.unwrap(), written, "nothing of what failed is there");
        let all = store.rows(Scan::of::<Body>(2)).await.unwrap();
        let mut batch = Batch::new();
        for row in &all {
            batch.delete::<Body>(row.key(Body::TABLE));
        }
        store.commit(batch).await.unwrap();
        store.commit(body()).await.unwrap();
        assert_eq!(store.count(Body::TABLE).await.unwrap(), written - 1);
    }

    #[test]
    fn ids_and_instants_are_text_for_people() {
        let place = tempfile::tempdir().unwrap();
        let id = MessageId::fresh();
        let operator = LocalOperator {
            user: 7,
            name: "ann".to_owned(),
            role: Role::Viewer,
            person: None,
            unit: None,
            added: Timestamp::from_micros(1_043_472_600_123_000),
            by: "root".to_owned(),
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Sqlite::open(&Config::at("sqlite:x"), place.path(), TABLES).unwrap();
            let mut batch = Batch::new();
            batch.put(&Body { id: id.clone(), bytes: b"short".to_vec() });
            batch.put(&operator);
            store.commit(batch).await.unwrap();
        });
        let connection = Connection::open(place.path().join(FILE)).unwrap();
        let shown = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(shown("SELECT id FROM show_bodies"), id.as_str());
        assert_eq!(shown("SELECT added FROM show_operators"), "2003-01-25T05:30:00.123Z");
    }
}
