//! PostgreSQL (15 and later): one database that several nodes share; real tables, readable by any client.
//!
//! A commit is durable as the server's `synchronous_commit` says (never less than on its own disk). One connection writes,
//! and takes everything that waits in one transaction; a pool reads; one more tells the other nodes what has changed.
//! Connections live on a runtime of their own, so that the store can be opened, used and closed from anywhere. Everything
//! ends in bounded time when the server is gone, and goes on by itself when it is back.

mod address;
pub(super) mod bare;
mod connect;
#[cfg(test)]
#[path = "../../../tests/it/harness/postgres.rs"]
pub(super) mod fixture;
mod group;
mod layout;
mod lookup;
mod notify;
mod pipeline;
mod read;
mod rows;
mod statements;
mod write;

use std::sync::{Arc, mpsc};

use async_trait::async_trait;
use tokio::runtime::Runtime;
use uuid::Uuid;

use self::connect::{Connector, Purpose};
use self::lookup::Lookups;
use self::notify::Teller;
use self::read::Readers;
use self::statements::Statements;
use self::write::{Committer, Writer};
use super::batch::Batch;
use super::config::Config;
use super::queue::Queue;
use super::table::{Row, Scan, Table, Value};
use super::{Committing, ServerState, Store, StoreError, Tidings};

/// The oldest server that will do, as `server_version_num`.
const OLDEST: i32 = 150_000;

/// Rows of processes that have not committed for so long are swept away when a process begins.
const SWEEP: &str = "DELETE FROM commits WHERE at < now() - interval '30 days'";

/// Whether the settings name a server that could be used. Asks nobody.
///
/// # Errors
/// [`StoreError::BadUrl`] says what is wrong.
pub(super) fn check(config: &Config) -> Result<(), StoreError> {
    let address = address::Address::read(&config.url)?;
    if address.tls && config.ca_file.is_none() {
        let why = "name the CAs that vouch for the server in store.ca-file (or a server on this machine with sslmode=disable)";
        return Err(StoreError::BadUrl { url: address.shown, why });
    }
    Ok(())
}

/// A store with a server.
pub(super) struct Postgres {
    queue: Queue,
    readers: Arc<Readers>,
    lookups: Arc<Lookups>,
    teller: Arc<Teller>,
    // Last: it ends when the queue has been written.
    home: Home,
}

/// The runtime that connections live on.
struct Home(Option<Runtime>);

impl Home {
    fn new(connector: &Connector) -> Result<Self, StoreError> {
        let made = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("store-postgres")
            .enable_all()
            .build();
        made.map(|runtime| Self(Some(runtime))).map_err(|why| no_runtime(connector, &why))
    }

    fn runtime(&self) -> Result<&Runtime, StoreError> {
        self.0.as_ref().ok_or(StoreError::Closed)
    }

    /// Runs it there, and waits for it.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime()?.spawn(work).await.map_err(|_| StoreError::Closed)?
    }

    /// The same for those who may block, inside of another runtime too.
    fn block<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = mpsc::sync_channel(1);
        self.runtime()?.spawn(async move {
            let _ = tell.send(work.await);
        });
        told.recv().map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn no_runtime(connector: &Connector, why: &std::io::Error) -> StoreError {
    let place = connector.shown().to_owned();
    StoreError::Backend { doing: "starting the runtime", place, why: why.to_string() }
}

impl Postgres {
    /// Connects, and lays the tables out if that is needed and allowed.
    pub(super) fn open(config: &Config, tables: &[&'static Table]) -> Result<Self, StoreError> {
        let connector = Arc::new(Connector::new(config)?);
        let home = Home::new(&connector)?;
        let (dialling, laid_out) = (Arc::clone(&connector), tables.to_vec());
        home.block(async move { prepare_with(&dialling, &laid_out, &[]).await })?;
        let statements = Arc::new(Statements::of(tables));
        let instance = Uuid::new_v4();
        let teller = Teller::new(instance, tables);
        let writing = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let writing = writing.map_err(|why| no_runtime(&connector, &why))?;
        let committer = Committer::new(Arc::clone(&connector), Arc::clone(&statements), Arc::clone(&teller), instance);
        let queue = Queue::start(config.queue, connector.shown().as_ref(), Writer::new(writing, committer))?;
        let readers = Arc::new(Readers::new(config, Arc::clone(&connector), statements)?);
        let lookups = Lookups::new(Arc::clone(&readers), tables);
        if let Some(runtime) = &home.0 {
            runtime.spawn(Arc::clone(&teller).run(connector));
        }
        Ok(Self { queue, readers, lookups, teller, home })
    }
}

/// Lays the tables out as the database's owner, and grants the daemon's role what it needs and a role of readers the views.
/// Gives the statements of the grants.
///
/// # Errors
/// As [`super::open`].
pub(super) fn prepare(
    config: &Config,
    tables: &[&'static Table],
    daemon: Option<&str>,
    readers: Option<&str>,
) -> Result<Vec<String>, StoreError> {
    let connector = Arc::new(Connector::new(config)?);
    let home = Home::new(&connector)?;
    let grants = layout::grants(tables, daemon, readers);
    let (given, tables) = (grants.clone(), tables.to_vec());
    home.block(async move { prepare_with(&connector, &tables, &given).await })?;
    Ok(grants)
}

async fn prepare_with(
    connector: &Arc<Connector>,
    tables: &[&'static Table],
    grants: &[String],
) -> Result<(), StoreError> {
    let (client, line) = connector.connect(Purpose::LayOut).await?;
    let driver = tokio::spawn(async move {
        let _ = line.await;
    });
    let failed = |why: tokio_postgres::Error| connector.error("asking for the version", &why);
    let row = client.query_one("SELECT current_setting('server_version_num')::int", &[]).await.map_err(failed)?;
    let version: i32 = row.try_get(0).map_err(failed)?;
    if version < OLDEST {
        return Err(connector.state(ServerState::Old, format!("its version is {}", version / 10_000)));
    }
    layout::ensure(&client, connector, tables).await?;
    client.batch_execute(SWEEP).await.map_err(|why| connector.error("sweeping the counters", &why))?;
    for grant in grants {
        client.batch_execute(grant).await.map_err(|why| connector.error("granting rights", &why))?;
    }
    drop(client);
    let _ = driver.await;
    Ok(())
}

#[async_trait]
impl Store for Postgres {
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.queue.commit(batch).await
    }

    async fn enqueue(&self, batch: Batch) -> Result<Committing, StoreError> {
        self.queue.enqueue(batch).await
    }

    async fn row(&self, table: &'static Table, key: Vec<Value>) -> Result<Option<Row>, StoreError> {
        self.lookups.row(self.home.runtime()?, table, key).await
    }

    async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError> {
        let readers = Arc::clone(&self.readers);
        self.home.run(async move { readers.rows(&scan).await }).await
    }

    async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        let readers = Arc::clone(&self.readers);
        self.home.run(async move { readers.count(table).await }).await
    }

    async fn facts(&self) -> Vec<(&'static str, String)> {
        let readers = Arc::clone(&self.readers);
        self.home.run(async move { Ok(readers.facts().await) }).await.unwrap_or_default()
    }

    fn tidings(&self) -> Option<Tidings> {
        Some(self.teller.tidings())
    }
}
