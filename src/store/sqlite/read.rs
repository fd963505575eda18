//! Reading: a few connections of their own. Scans run on threads that may block. The row of one key is looked up where it is
//! asked for: it takes some ten microseconds from the caches, and to hand it to another thread and back takes longer.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params_from_iter};
use tokio::sync::Semaphore;

use super::rows::{self, Bound};
use super::statements::{self, Statements};
use super::{Place, size};
use crate::store::StoreError;
use crate::store::config::Config;
use crate::store::pack::key_fits;
use crate::store::table::{Row, Scan, Table, Value};

/// The reading connections: opened when first needed, then kept.
#[derive(Debug)]
pub(super) struct Readers {
    config: Config,
    place: Place,
    turn: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(config: Config, place: Place) -> Self {
        let turn = Arc::new(Semaphore::new(config.readers));
        Self { config, place, turn, idle: Mutex::new(Vec::new()) }
    }

    /// Runs the reading on a thread that may block, as soon as it is its turn.
    pub(super) async fn run<T, F>(self: &Arc<Self>, reading: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Place) -> Result<T, StoreError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let readers = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || {
            // Kept until the reading is done, even if nobody waits for it any longer.
            let _turn = turn;
            readers.read(reading)
        });
        read.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs the reading on this thread, as soon as it is its turn: it must be a short one.
    pub(super) async fn here<T, F>(&self, reading: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Connection, &Place) -> Result<T, StoreError> + Send,
    {
        let _turn = self.turn.acquire().await.map_err(|_| StoreError::Closed)?;
        self.read(reading)
    }

    fn read<T>(&self, reading: impl FnOnce(&Connection, &Place) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let read = reading(&connection, &self.place);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        read
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let connection = self.place.connect(&self.config)?;
        self.place.tried("setting up", connection.pragma_update(None, "query_only", true))?;
        Ok(connection)
    }
}

/// The row of that key.
pub(super) fn row(
    connection: &Connection,
    place: &Place,
    statements: &Statements,
    table: &'static Table,
    key: &[Value],
) -> Result<Option<Row>, StoreError> {
    key_fits(table, key)?;
    let sql = &statements.table(table)?.row;
    let read = || {
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_row(params_from_iter(key_bounds(table, key)), |row| rows::read(table, row)).optional()
    };
    place.tried("reading a row", read())?.transpose()
}

/// The values of the key's first columns on their way into them.
pub(super) fn key_bounds<'v>(table: &'static Table, key: &'v [Value]) -> impl Iterator<Item = Bound<'v>> {
    let kind = |column: &&str| table.position(column).and_then(|at| table.columns.get(at)).map(|spec| spec.kind);
    table.key.iter().filter_map(kind).zip(key).map(|(kind, value)| Bound(kind, value))
}

/// The rows of a scan.
pub(super) fn rows(
    connection: &Connection,
    place: &Place,
    statements: &Statements,
    scan: &Scan,
) -> Result<Vec<Row>, StoreError> {
    let query = statements::query(&statements.table(scan.table)?.select, scan)?;
    let limit = Value::Int(i64::try_from(scan.limit).unwrap_or(i64::MAX));
    let values = query.values.iter().map(|(spec, value)| Bound(spec.kind, value));
    let values = values.chain([Bound(crate::store::ColumnKind::Int, &limit)]);
    let read = || {
        let mut statement = connection.prepare_cached(&query.sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| rows::read(scan.table, row))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    place.tried("reading rows", read())?.into_iter().collect()
}

/// How many rows there are.
pub(super) fn count(
    connection: &Connection,
    place: &Place,
    statements: &Statements,
    table: &'static Table,
) -> Result<u64, StoreError> {
    let sql = &statements.table(table)?.count;
    let read = || connection.prepare_cached(sql)?.query_row((), |row| row.get::<_, i64>(0));
    place.tried("counting rows", read()).map(|count| u64::try_from(count).unwrap_or(0))
}

/// What SQLite finds wrong with the file.
pub(super) fn faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map((), |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(if lines == ["ok"] { Vec::new() } else { lines })
}

/// What an operator should know.
pub(super) fn facts(connection: &Connection, place: &Place) -> rusqlite::Result<Vec<(&'static str, String)>> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let page = number("page_size")?;
    Ok(vec![
        ("bytes in use", ((number("page_count")? - number("freelist_count")?) * page).to_string()),
        ("bytes free inside", (number("freelist_count")? * page).to_string()),
        ("bytes of file and log", size(place).to_string()),
        ("layout", number("user_version")?.to_string()),
    ])
}
