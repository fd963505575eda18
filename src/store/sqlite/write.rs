//! Writing: one connection, one transaction for everything that waits.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::Place;
use super::read::key_bounds;
use super::rows::Bound;
use super::statements::Statements;
use crate::store::StoreError;
use crate::store::batch::{Batch, Change, Precondition};
use crate::store::queue::Engine;
use crate::store::table::{ColumnKind, Row, Table, Value};

/// The writing connection.
pub(super) struct Writer {
    connection: Connection,
    place: Place,
    statements: Arc<Statements>,
}

/// Why a group was given up.
enum Abandoned {
    /// The batch asks for something that cannot be: the table is unknown.
    Refused(StoreError),
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Abandoned {
    fn from(why: rusqlite::Error) -> Self {
        Self::Failed(why)
    }
}

impl From<StoreError> for Abandoned {
    fn from(why: StoreError) -> Self {
        Self::Refused(why)
    }
}

impl Writer {
    pub(super) fn new(connection: Connection, place: Place, statements: Arc<Statements>) -> Self {
        Self { connection, place, statements }
    }

    /// All of the group in one transaction. A batch whose preconditions fail is left out; any other failure undoes the
    /// whole group.
    fn transact(&self, group: &[Batch]) -> Result<Vec<Result<(), StoreError>>, Abandoned> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
        let mut results = Vec::with_capacity(group.len());
        for batch in group {
            // Checked before its first change, so a batch that is refused has nothing to undo.
            let result = self.check(batch)?;
            if result.is_ok() {
                self.apply(batch)?;
            }
            results.push(result);
        }
        self.connection.prepare_cached("COMMIT")?.execute(())?;
        Ok(results)
    }

    fn check(&self, batch: &Batch) -> Result<Result<(), StoreError>, Abandoned> {
        for precondition in &batch.preconditions {
            let (table, holds, expected) = match precondition {
                Precondition::Absent { table, key } => {
                    let found = self.number(&self.statements.table(table)?.revision, table, key)?;
                    (table, found.is_none(), "no row of that key".to_owned())
                }
                // Whoever decides here has the whole store in hand.
                Precondition::Revision { table, key, revision } | Precondition::Free { table, key, revision } => {
                    let found = self.number(&self.statements.table(table)?.revision, table, key)?;
                    (table, found == Some(*revision), format!("revision {revision}"))
                }
                Precondition::Head { table, prefix, head } => {
                    let found = self.number(&self.statements.table(table)?.head, table, prefix)?;
                    (table, found.unwrap_or(0) == *head, format!("number {head} as the last of the log"))
                }
            };
            if !holds {
                return Ok(Err(StoreError::Conflict { table: table.name, expected }));
            }
        }
        Ok(Ok(()))
    }

    fn number(&self, sql: &str, table: &'static Table, key: &[Value]) -> rusqlite::Result<Option<i64>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row(params_from_iter(key_bounds(table, key)), |row| row.get(0)).optional()
    }

    fn apply(&self, batch: &Batch) -> Result<(), Abandoned> {
        for change in &batch.changes {
            match change {
                Change::Put { table, row } => {
                    let put = &self.statements.table(table)?.put;
                    self.write_row(put, table, row, &[Value::Int(row.version)])?;
                }
                Change::Keep { table, row } => {
                    let keep = &self.statements.table(table)?.keep;
                    self.write_row(keep, table, row, &[Value::Int(row.version), Value::Int(row.revision)])?;
                }
                Change::Delete { table, key } => {
                    let mut delete = self.connection.prepare_cached(&self.statements.table(table)?.delete)?;
                    delete.execute(params_from_iter(key_bounds(table, key)))?;
                }
            }
        }
        Ok(())
    }

    /// Carries out a statement that takes a row's values, then what stands beside them.
    fn write_row(&self, sql: &str, table: &'static Table, row: &Row, beside: &[Value]) -> rusqlite::Result<usize> {
        let values = table.columns.iter().zip(&row.values).map(|(spec, value)| Bound(spec.kind, value));
        let beside = beside.iter().map(|value| Bound(ColumnKind::Int, value));
        self.connection.prepare_cached(sql)?.execute(params_from_iter(values.chain(beside)))
    }

    /// Leaves no transaction open; SQLite has ended it already after some errors.
    fn undo(&self) {
        if !self.connection.is_autocommit()
            && let Err(why) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%why, "the store could not undo a transaction");
        }
    }
}

impl Engine for Writer {
    fn write(&mut self, group: &[Batch]) -> Vec<Result<(), StoreError>> {
        match (self.transact(group), group) {
            (Ok(results), _) => results,
            (Err(why), [_]) => {
                self.undo();
                vec![Err(match why {
                    Abandoned::Refused(why) => why,
                    Abandoned::Failed(why) => self.place.error("committing", &why),
                })]
            }
            // One of them may be at fault (or too large for what room is left): each gets a transaction of its own.
            (Err(_), group) => {
                self.undo();
                group.iter().flat_map(|batch| self.write(std::slice::from_ref(batch))).collect()
            }
        }
    }
}
