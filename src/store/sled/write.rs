//! Writing: one sled batch for everything that waits, then one sync.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use sled::IVec;

use super::{Kept, Opened, keys, read, rows};
use crate::store::StoreError;
use crate::store::batch::{Batch, Change, Precondition};
use crate::store::queue::Engine;
use crate::store::table::{Row, Table, Value};

/// The committing side.
pub(super) struct Writer(pub(super) Arc<Kept>);

/// What is to be written: a value, or that the key goes.
type Changes = BTreeMap<Vec<u8>, Option<IVec>>;

/// The tree as it will be when the group is written.
struct Ahead<'o> {
    kept: &'o Kept,
    opened: &'o Opened,
    /// The batches of the group that came before.
    group: &'o Changes,
    /// This batch.
    own: Changes,
}

impl Ahead<'_> {
    fn record(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        match self.own.get(key).or_else(|| self.group.get(key)) {
            Some(changed) => Ok(changed.clone()),
            None => self.opened.db.get(key).map_err(|why| self.kept.error("reading a row", why)),
        }
    }

    fn row(&self, table: &'static Table, key: &[u8]) -> Result<Option<(Row, u32)>, StoreError> {
        let Some(record) = self.record(key)? else { return Ok(None) };
        let others = rows::first(&record).map_or(0, |(others, _)| others);
        let mut parts = |number| self.record(&keys::rest_of(table, key, number));
        Ok(Some((read::assembled(&self.opened.layouts, table, &record, &mut parts)?, others)))
    }

    fn revision(&self, table: &'static Table, key: &[Value]) -> Result<Option<i64>, StoreError> {
        self.opened.layouts.newest(table)?;
        let Some(record) = self.record(&keys::row(table, key))? else { return Ok(None) };
        rows::revision(&record).map(Some).ok_or_else(|| read::broken(table))
    }

    /// The last number of a log. Preconditions are checked before this batch changes anything.
    fn head(&self, table: &'static Table, prefix: &[Value]) -> Result<i64, StoreError> {
        self.opened.layouts.newest(table)?;
        let start = keys::row(table, prefix);
        let range = start.clone()..keys::beyond(start);
        let live = self.group.range(range.clone()).rev().find(|(_, change)| change.is_some());
        let mut last = live.map(|(key, _)| key.clone());
        for key in self.opened.db.range(range).keys().rev() {
            let key = key.map_err(|why| self.kept.error("reading a log", why))?;
            if last.as_deref().is_some_and(|last| last > &*key) {
                break;
            }
            if !matches!(self.group.get(&*key), Some(None)) {
                last = Some(key.to_vec());
                break;
            }
        }
        let Some(last) = last else { return Ok(0) };
        let row = self.row(table, &last)?;
        let number = row.and_then(|(row, _)| row.key(table).pop());
        Ok(if let Some(Value::Int(number)) = number { number } else { 0 })
    }

    fn check(&self, batch: &Batch) -> Result<(), StoreError> {
        for precondition in &batch.preconditions {
            let (table, holds, expected) = match precondition {
                Precondition::Absent { table, key } => {
                    (table, self.revision(table, key)?.is_none(), "no row of that key".to_owned())
                }
                // Whoever decides here has the whole store in hand.
                Precondition::Revision { table, key, revision } | Precondition::Free { table, key, revision } => {
                    (table, self.revision(table, key)? == Some(*revision), format!("revision {revision}"))
                }
                Precondition::Head { table, prefix, head } => {
                    (table, self.head(table, prefix)? == *head, format!("number {head} as the last of the log"))
                }
            };
            if !holds {
                return Err(StoreError::Conflict { table: table.name, expected });
            }
        }
        Ok(())
    }

    /// Writes the row with the revision that comes after the one it had, or with that one.
    fn put(&mut self, table: &'static Table, row: &Row, revision: Option<i64>) -> Result<(), StoreError> {
        let layout = self.opened.layouts.newest(table)?;
        let key = row.key(table);
        let had = self.remove(table, &key)?;
        let place = keys::row(table, &key);
        for index in table.indexes {
            self.own.insert(keys::entry(table, index, row), Some(IVec::from(&place[..])));
        }
        let bytes = rows::encode(table, layout, revision.unwrap_or(had + 1), row);
        let (first, others) = rows::cut(&bytes);
        for (number, part) in (0..).zip(others) {
            self.own.insert(keys::rest_of(table, &place, number), Some(part.into()));
        }
        self.own.insert(place, Some(first.into()));
        Ok(())
    }

    /// Takes the row with all that belongs to it away; the revision it had, or 0.
    fn remove(&mut self, table: &'static Table, key: &[Value]) -> Result<i64, StoreError> {
        self.opened.layouts.newest(table)?;
        let place = keys::row(table, key);
        let Some((old, others)) = self.row(table, &place)? else { return Ok(0) };
        for index in table.indexes {
            self.own.insert(keys::entry(table, index, &old), None);
        }
        for number in 0..others {
            self.own.insert(keys::rest_of(table, &place, number), None);
        }
        self.own.insert(place, None);
        Ok(old.revision)
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), StoreError> {
        for change in &batch.changes {
            match change {
                Change::Put { table, row } => self.put(table, row, None)?,
                Change::Keep { table, row } => self.put(table, row, Some(row.revision))?,
                Change::Delete { table, key } => drop(self.remove(table, key)?),
            }
        }
        Ok(())
    }
}

impl Writer {
    /// Checks and prepares each batch, then writes those that passed at once.
    fn transact(&self, group: &[Batch]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let kept = &*self.0;
        let mut open = kept.open.write().unwrap_or_else(PoisonError::into_inner);
        let written = open.as_ref().ok_or_else(|| kept.shut()).and_then(|opened| write(kept, opened, group));
        if written.is_err() {
            // Whatever sled holds in memory now is not what is on the disk: nobody reads it, and it is opened anew.
            *open = None;
        }
        written
    }
}

/// What [`Writer::transact`] does, while it has the store to itself.
fn write(kept: &Kept, opened: &Opened, group: &[Batch]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    let mut changes = Changes::new();
    let mut results = Vec::with_capacity(group.len());
    for batch in group {
        let mut ahead = Ahead { kept, opened, group: &changes, own: Changes::new() };
        let result = ahead.check(batch).and_then(|()| ahead.apply(batch));
        let own = ahead.own;
        if result.is_ok() {
            changes.extend(own);
        }
        results.push(result);
    }
    if changes.is_empty() {
        return Ok(results);
    }
    kept.changed.note(changes.keys());
    let mut writes = sled::Batch::default();
    for (key, change) in changes {
        match change {
            Some(value) => writes.insert(key, value),
            None => writes.remove(key),
        }
    }
    opened.db.apply_batch(writes).map_err(|why| kept.error("committing", why))?;
    opened.disk.flush(&opened.db)?;
    Ok(results)
}

impl Engine for Writer {
    fn write(&mut self, group: &[Batch]) -> Vec<Result<(), StoreError>> {
        let shut = self.0.open.read().unwrap_or_else(PoisonError::into_inner).is_none();
        let written = if shut { self.0.open_again() } else { Ok(()) }.and_then(|()| self.transact(group));
        match written {
            Ok(results) => results,
            Err(why) => {
                tracing::error!(%why, "the store failed to write");
                group.iter().map(|_| Err(why.again())).collect()
            }
        }
    }
}
