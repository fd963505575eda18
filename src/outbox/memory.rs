//! A store in memory for this part's trials under tokio's paused clock, which a store with threads of its own would let
//! run on. It can be told to fail. Not for use outside tests.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::store::{Batch, Bound, Change, Precondition, Row, Scan, Store, StoreError, Table, Value};

type Rows = BTreeMap<(&'static str, Vec<Value>), Row>;

/// Rows by table and key.
#[derive(Default)]
pub(super) struct Memory {
    rows: Mutex<Rows>,
    /// While set, every commit fails.
    pub(super) full: AtomicBool,
}

fn holds(rows: &Rows, precondition: &Precondition) -> Result<(), StoreError> {
    let (table, holds, expected) = match precondition {
        Precondition::Absent { table, key } => (table, !rows.contains_key(&(table.name, key.clone())), "absent"),
        Precondition::Revision { table, key, revision } | Precondition::Free { table, key, revision } => {
            let found = rows.get(&(table.name, key.clone())).map_or(0, |row| row.revision);
            (table, found == *revision, "unchanged")
        }
        Precondition::Head { table, .. } => (table, false, "a head: not kept here"),
    };
    if holds { Ok(()) } else { Err(StoreError::Conflict { table: table.name, expected: expected.to_owned() }) }
}

/// Whether the order's values lie within the scan's bounds.
fn within(scan: &Scan, order: &[Value]) -> bool {
    let Some(rest) = order.strip_prefix(&scan.prefix[..]) else { return false };
    let above = match &scan.from {
        None => true,
        Some(Bound::Including(from)) => rest >= &from[..],
        Some(Bound::Excluding(from)) => rest > &from[..] && !rest.starts_with(from),
    };
    let below = match &scan.to {
        None => true,
        Some(Bound::Including(to)) => rest <= &to[..] || rest.starts_with(to),
        Some(Bound::Excluding(to)) => rest < &to[..] && !rest.starts_with(to),
    };
    above && below
}

#[async_trait]
impl Store for Memory {
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(StoreError::Full { place: "memory".to_owned() });
        }
        let mut rows = self.rows.lock().unwrap();
        for precondition in &batch.preconditions {
            holds(&rows, precondition)?;
        }
        for change in batch.changes {
            match change {
                Change::Put { table, mut row } => {
                    let key = (table.name, row.key(table));
                    row.revision = rows.get(&key).map_or(0, |row| row.revision) + 1;
                    rows.insert(key, row);
                }
                Change::Keep { table, row } => {
                    rows.insert((table.name, row.key(table)), row);
                }
                Change::Delete { table, key } => {
                    rows.remove(&(table.name, key));
                }
            }
        }
        Ok(())
    }

    async fn row(&self, table: &'static Table, key: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows.lock().unwrap().get(&(table.name, key)).cloned())
    }

    async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError> {
        let index = scan.index.map(|name| scan.table.indexes.iter().find(|index| index.name == name).unwrap());
        let order_of = |row: &Row| {
            let mut order = index.map_or_else(Vec::new, |index| row.select(scan.table, index.columns));
            order.extend(row.key(scan.table));
            order
        };
        let rows = self.rows.lock().unwrap();
        let of_table = rows.iter().filter(|((table, _), _)| *table == scan.table.name);
        let mut found: Vec<(Vec<Value>, Row)> =
            of_table.map(|(_, row)| (order_of(row), row.clone())).filter(|(order, _)| within(&scan, order)).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        if scan.descending {
            found.reverse();
        }
        found.truncate(scan.limit);
        Ok(found.into_iter().map(|(_, row)| row).collect())
    }

    async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        Ok(self.rows.lock().unwrap().keys().filter(|(name, _)| *name == table.name).count() as u64)
    }

    async fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}
