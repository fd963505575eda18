//! Reading: a pool of connections with limits of number and time. Statements are prepared once for each connection.

use std::pin::Pin;
use std::sync::Arc;

use deadpool_postgres::{Connect, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::Severity;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row as Found};

use super::connect::{Connector, Purpose};
use super::pipeline;
use super::rows::{self, Kept, damaged};
use super::statements::{self, Statements};
use crate::store::config::Config;
use crate::store::table::{Row, Scan, Table, Value};
use crate::store::{ServerState, StoreError};

/// No values for a statement.
const NONE: &[i64] = &[];

/// Makes the pool's connections.
struct Dialler(Arc<Connector>);

type Dialled<'d> = Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + 'd>>;

impl Connect for Dialler {
    fn connect(&self, _: &tokio_postgres::Config) -> Dialled<'_> {
        Box::pin(async {
            // Made anew each time: the password may have changed.
            let settings = self.0.settings(Purpose::Read);
            let (client, line) = self.0.dial(&settings).await?;
            let driver = tokio::spawn(async move {
                if let Err(why) = line.await {
                    tracing::debug!(%why, "a reading connection ended");
                }
            });
            Ok((client, driver))
        })
    }
}

/// Whether the server ended the connection with that.
fn is_fatal(why: &tokio_postgres::Error) -> bool {
    let severity = why.as_db_error().and_then(|said| said.parsed_severity());
    matches!(severity, Some(Severity::Fatal | Severity::Panic))
}

/// The reading connections.
pub(super) struct Readers {
    pool: Pool,
    connector: Arc<Connector>,
    statements: Arc<Statements>,
}

impl Readers {
    pub(super) fn new(
        config: &Config,
        connector: Arc<Connector>,
        statements: Arc<Statements>,
    ) -> Result<Self, StoreError> {
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(tokio_postgres::Config::new(), Dialler(Arc::clone(&connector)), how);
        let pool = Pool::builder(manager)
            .max_size(config.connections)
            .wait_timeout(Some(config.wait_timeout))
            .create_timeout(Some(config.connect_timeout))
            .recycle_timeout(Some(config.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build();
        let pool = pool.map_err(|why| StoreError::Backend {
            doing: "making the pool of connections",
            place: connector.shown().to_owned(),
            why: why.to_string(),
        })?;
        Ok(Self { pool, connector, statements })
    }

    /// How many connections there are, and how many of them nobody uses.
    pub(super) fn status(&self) -> String {
        let status = self.pool.status();
        format!("{} of {}, {} free", status.size, status.max_size, status.available)
    }

    async fn connection(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|why| match why {
            PoolError::Backend(why) => self.connector.error("connecting", &why),
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
                let why = "all connections that may read were in use for too long".to_owned();
                self.connector.state(ServerState::Busy, why)
            }
            PoolError::Timeout(_) => self.connector.silent("it did not take a connection in time"),
            PoolError::Closed => StoreError::Closed,
            other => self.connector.silent(&other.to_string()),
        })
    }

    /// Asks, within the limits of time. A connection that was lost while nobody used it is replaced once.
    pub(super) async fn ask(
        &self,
        doing: &'static str,
        sql: &str,
        values: &[impl ToSql + Sync],
    ) -> Result<Vec<Found>, StoreError> {
        let mut again = true;
        loop {
            let connection = self.connection().await?;
            let asked = async {
                let statement = connection.prepare_cached(sql).await?;
                let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
                connection.query(&statement, &values).await
            };
            // The server keeps the limit itself; this one is for a server that is gone.
            let limit = self.connector.patience() + self.connector.patience() / 2;
            match timeout(limit, asked).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(why)) if again && (connection.is_closed() || is_fatal(&why)) => {
                    // Whatever ended it has hardly spared the others that nobody used.
                    drop(Object::take(connection));
                    self.pool.retain(|_, _| false);
                    again = false;
                }
                Ok(Err(why)) => return Err(self.connector.error(doing, &why)),
                Err(_) => {
                    // Whatever it still answers is of no use to the next; and the others stood as long.
                    drop(Object::take(connection));
                    self.pool.retain(|_, _| false);
                    return Err(self.connector.silent("it did not answer in time"));
                }
            }
        }
    }

    /// The rows of those keys, each of which its columns can hold; one result for each key, in the same order.
    ///
    /// # Errors
    /// If the server does not answer; that one row is damaged is said in its place.
    pub(super) async fn find(
        &self,
        table: &'static Table,
        keys: &[&Vec<Value>],
    ) -> Result<Vec<Result<Option<Row>, StoreError>>, StoreError> {
        let prepared = self.statements.table(table)?;
        if let [key] = keys {
            let kinds = statements::kinds(table, table.key);
            let values: Vec<_> = kinds.iter().zip(*key).filter_map(|(kind, value)| Kept::of(*kind, value)).collect();
            let found = self.ask("reading a row", &prepared.row, &values).await?;
            return Ok(vec![found.first().map(|row| rows::read(table, row)).transpose()]);
        }
        let found = self.ask("reading rows by their keys", &prepared.rows, &pipeline::keys(table, keys, true)).await?;
        let mut results: Vec<_> = keys.iter().map(|_| Ok(None)).collect();
        for row in found {
            // Beside what is read of every row.
            let at: i64 = row.try_get(table.columns.len() + 2).map_err(|why| self.connector.error("reading", &why))?;
            if let Some(result) = usize::try_from(at).ok().and_then(|at| results.get_mut(at)) {
                *result = rows::read(table, &row).map(Some);
            }
        }
        Ok(results)
    }

    /// The rows of a scan.
    pub(super) async fn rows(&self, scan: &Scan) -> Result<Vec<Row>, StoreError> {
        let query = statements::query(self.statements.table(scan.table)?, scan)?;
        let rows = self.ask("reading rows", &query.sql, &query.values).await?;
        rows.iter().map(|row| rows::read(scan.table, row)).collect()
    }

    /// How many rows there are.
    pub(super) async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        let sql = &self.statements.table(table)?.count;
        let rows = self.ask("counting rows", sql, NONE).await?;
        let count = rows.first().map(|row| row.try_get::<_, i64>(0)).transpose();
        let count = count.map_err(|why| damaged(table, "count", "a number", &why.to_string()))?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// What an operator should know; what cannot be found out is left out, and the reason is among it.
    pub(super) async fn facts(&self) -> Vec<(&'static str, String)> {
        const ONE: &str = "SELECT current_setting('server_version'), current_database()::text, current_user::text, \
            pg_database_size(current_database())::text, current_setting('synchronous_commit'), current_setting('fsync'), \
            coalesce((SELECT max(version)::text FROM layout), 'none')";
        const STANDBYS: &str = "SELECT application_name, coalesce(state, 'not visible'), coalesce(sync_state, ''), \
            coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::text, 'not visible') FROM pg_stat_replication";
        const WRITERS: &str = "SELECT count(*)::text FROM commits WHERE at > now() - interval '1 minute'";
        let mut facts = vec![("place", self.connector.shown().to_owned()), ("reading connections", self.status())];
        let asked = async {
            let found = self.ask("asking for facts", ONE, NONE).await?;
            let names = ["engine", "database", "user", "bytes on disk", "synchronous_commit", "fsync", "layout"];
            for (at, name) in names.into_iter().enumerate() {
                let value = found.first().and_then(|row| row.try_get::<_, String>(at).ok()).unwrap_or_default();
                facts.push((name, if name == "engine" { format!("postgres {value}") } else { value }));
            }
            for row in self.ask("asking for writers", WRITERS, NONE).await? {
                facts.push(("nodes that wrote within a minute", row.try_get(0).unwrap_or_default()));
            }
            let standbys = self.ask("asking for standbys", STANDBYS, NONE).await?;
            let standbys = standbys.iter().map(|row| {
                let text = |at| row.try_get::<_, String>(at).unwrap_or_default();
                format!("{}: {} {}, {} bytes behind", text(0), text(1), text(2), text(3))
            });
            facts.push(("standbys", standbys.collect::<Vec<_>>().join("; ")));
            Ok::<_, StoreError>(())
        };
        match asked.await {
            Ok(()) => facts.push(("state", "reachable".to_owned())),
            Err(why) => {
                let state = if let StoreError::Server { state, .. } = &why { state.as_str() } else { "failed" };
                if !facts.iter().any(|(name, _)| *name == "engine") {
                    facts.insert(0, ("engine", "postgres".to_owned()));
                }
                facts.push(("state", state.to_owned()));
                facts.push(("fault", why.to_string()));
            }
        }
        facts
    }
}
