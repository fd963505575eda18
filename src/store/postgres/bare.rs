//! Bare inserts of the rows of batches: what `ridd bench store` measures the store against. The same rows, through the same
//! client and the same statements, so many batches in one transaction; nothing is looked at, kept in line or told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::ToSql;

use super::connect::{Connector, Purpose};
use super::pipeline::{Step, chunks, rows, together};
use super::statements::Statements;
use crate::store::batch::{Batch, Change};
use crate::store::config::Config;
use crate::store::pack::pack;
use crate::store::records::TABLES;
use crate::store::table::{Row, Table};
use crate::store::{Store, StoreError};

/// The rows of one table, each with its revision.
type OfTable<'r> = (&'static Table, Vec<(&'r Row, i64)>);

/// A connection that only inserts.
pub(crate) struct Bare {
    connector: Arc<Connector>,
    client: ClientWrapper,
    statements: Statements,
}

impl Bare {
    /// Connects. The tables must be there: open the store first.
    ///
    /// # Errors
    /// As [`crate::store::open`].
    pub(crate) async fn connect(config: &Config) -> Result<Self, StoreError> {
        let connector = Arc::new(Connector::new(config)?);
        let (client, line) = connector.connect(Purpose::Write).await?;
        let driver = tokio::spawn(async move {
            let _ = line.await;
        });
        Ok(Self { connector, client: ClientWrapper::new(client, driver), statements: Statements::of(TABLES) })
    }

    /// Inserts the rows of all batches, so many batches in one transaction. How long it took, without the compression of
    /// bytes, which is done before.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) async fn insert(&self, batches: Vec<Batch>, at_once: usize) -> Result<Duration, StoreError> {
        let mut packed = Vec::with_capacity(batches.len());
        for batch in batches {
            packed.push(pack(batch).await?);
        }
        let begun = Instant::now();
        for group in packed.chunks(at_once) {
            self.transact(group).await.map_err(|why| self.connector.error("inserting", &why))?;
        }
        Ok(begun.elapsed())
    }

    async fn transact(&self, group: &[Batch]) -> Result<(), tokio_postgres::Error> {
        let mut tables: BTreeMap<&'static str, OfTable<'_>> = BTreeMap::new();
        for change in group.iter().flat_map(|batch| &batch.changes) {
            let Change::Put { table, row } = change else { continue };
            tables.entry(table.name).or_insert_with(|| (table, Vec::new())).1.push((row, 1));
        }
        let mut asked = Vec::new();
        for (name, (table, list)) in &tables {
            let Some(prepared) = self.statements.named(name) else { continue };
            for chunk in chunks(list) {
                asked.push((self.client.prepare_cached(&prepared.insert).await?, rows(table, chunk)));
            }
        }
        let mut steps: Vec<Step<'_, ()>> = vec![Box::pin(self.client.batch_execute("BEGIN"))];
        for (statement, values) in &asked {
            steps.push(Box::pin(async move {
                let values: Vec<_> = values.iter().map(|values| values as &(dyn ToSql + Sync)).collect();
                self.client.execute(statement, &values).await.map(drop)
            }));
        }
        steps.push(Box::pin(self.client.batch_execute("COMMIT")));
        together(steps).await.into_iter().collect()
    }
}

/// The bytes that the database takes, if the store says so.
pub(crate) async fn database_size(store: &dyn Store) -> Option<u64> {
    let facts = store.facts().await;
    facts.iter().find(|(name, _)| *name == "bytes on disk").and_then(|(_, value)| value.parse().ok())
}
