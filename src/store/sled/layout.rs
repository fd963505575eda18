//! Remembers which columns each row was written with, and keeps the indexes as the tables of today want them.
//!
//! A row holds the number of its layout, a list of column names that is kept in the tree; so a record may gain columns
//! anywhere. If a table's indexes are not those that the tree was last opened with, they are written anew.

use std::collections::HashMap;

use sled::{Batch, Db};

use super::{Kept, keys, read};
use crate::store::StoreError;
use crate::store::table::{Row, Table, Value};

/// The version of what this folder describes; a newer one is refused.
const FORMAT: i64 = 1;
const FORMAT_KEY: &[u8] = b"\0format";
/// How many entries of an index are written at once.
const PORTION: usize = 1000;

/// The layouts that rows have been written with.
#[derive(Debug)]
pub(super) struct Layouts {
    /// By table: the number of today's layout.
    newest: HashMap<&'static str, u32>,
    /// By table and number: the names of the columns.
    known: HashMap<(&'static str, u32), Vec<String>>,
}

impl Layouts {
    /// The number that rows of the table are written with.
    ///
    /// # Errors
    /// [`StoreError::UnknownTable`] if the store was opened without it.
    pub(super) fn newest(&self, table: &'static Table) -> Result<u32, StoreError> {
        self.newest.get(table.name).copied().ok_or(StoreError::UnknownTable { table: table.name })
    }

    /// Values in the order of that layout, in the order of today's; `None` if there is no such layout or it has another
    /// number of columns.
    pub(super) fn arranged(&self, table: &'static Table, layout: u32, values: Vec<Value>) -> Option<Vec<Value>> {
        let columns = self.known.get(&(table.name, layout)).filter(|columns| columns.len() == values.len())?;
        if self.newest.get(table.name) == Some(&layout) {
            return Some(values);
        }
        let mut named: HashMap<_, _> = columns.iter().map(String::as_str).zip(values).collect();
        let value = |name: &str| named.remove(name).unwrap_or(Value::Null);
        Some(table.columns.iter().map(|spec| spec.name).map(value).collect())
    }
}

fn layout_prefix(table: &Table) -> Vec<u8> {
    [b"\0layout\0", table.name.as_bytes(), b"\0"].concat()
}

/// Brings the tree up to date. What it writes is not on the disk yet when it returns.
pub(super) fn lay_out(kept: &Kept, db: &Db, tables: &[&'static Table]) -> Result<Layouts, StoreError> {
    let failed = |why| kept.error("laying out the tables", why);
    let found = db.get(FORMAT_KEY).map_err(failed)?;
    match found.map(|bytes| <[u8; 8]>::try_from(&*bytes).map(i64::from_le_bytes)) {
        None => drop(db.insert(FORMAT_KEY, &FORMAT.to_le_bytes()).map_err(failed)?),
        Some(Ok(found)) if found <= FORMAT => {}
        Some(found) => {
            let place = kept.path.display().to_string();
            return Err(StoreError::NewerLayout { place, found: found.unwrap_or(i64::MAX), known: FORMAT });
        }
    }
    let mut layouts = Layouts { newest: HashMap::new(), known: HashMap::new() };
    for table in tables {
        know(&mut layouts, db, table).map_err(failed)?;
    }
    for table in tables {
        index_again(kept, db, &layouts, table)?;
    }
    Ok(layouts)
}

fn know(layouts: &mut Layouts, db: &Db, table: &'static Table) -> sled::Result<()> {
    let names: Vec<_> = table.columns.iter().map(|spec| spec.name).collect();
    let names = names.join(",");
    let prefix = layout_prefix(table);
    let mut next = 1;
    for kept in db.scan_prefix(&prefix) {
        let (key, columns) = kept?;
        let number = key.get(prefix.len()..).and_then(|number| number.try_into().ok());
        let number = number.map_or(0, u32::from_be_bytes);
        let columns = String::from_utf8_lossy(&columns).into_owned();
        if columns == names {
            layouts.newest.insert(table.name, number);
        }
        layouts.known.insert((table.name, number), columns.split(',').map(str::to_owned).collect());
        next = next.max(number + 1);
    }
    if !layouts.newest.contains_key(table.name) {
        db.insert([prefix, next.to_be_bytes().to_vec()].concat(), names.as_bytes())?;
        layouts.newest.insert(table.name, next);
        layouts.known.insert((table.name, next), names.split(',').map(str::to_owned).collect());
    }
    Ok(())
}

fn index_again(kept: &Kept, db: &Db, layouts: &Layouts, table: &'static Table) -> Result<(), StoreError> {
    let failed = |why| kept.error("writing indexes", why);
    let index = |index: &crate::store::Index| format!("{}({})", index.name, table.order(Some(index.name)).join(","));
    let wanted: Vec<_> = table.indexes.iter().map(index).collect();
    let wanted = wanted.join(" ");
    let key = [b"\0indexes\0", table.name.as_bytes()].concat();
    if db.get(&key).map_err(failed)?.is_some_and(|there| &*there == wanted.as_bytes()) {
        return Ok(());
    }
    // Until the last step the old list stands, so that a power cut in between only makes all this happen again.
    db.remove(&key).map_err(failed)?;
    let mut portion = Portion { db, batch: Batch::default(), length: 0 };
    for entry in db.scan_prefix(keys::entries(table)).keys() {
        let entry = entry.map_err(failed)?;
        portion.add(|batch| batch.remove(entry)).map_err(failed)?;
    }
    let mut index_row = |row: &Row| {
        for index in table.indexes {
            portion
                .add(|batch| batch.insert(keys::entry(table, index, row), keys::row(table, &row.key(table))))
                .map_err(failed)?;
        }
        Ok(())
    };
    let start = keys::rows(table);
    for record in db.range(start.clone()..keys::beyond(start)) {
        let (key, record) = record.map_err(failed)?;
        index_row(&read::whole(kept, db, layouts, table, &key, &record)?)?;
    }
    portion.write().map_err(failed)?;
    db.insert(key, wanted.as_bytes()).map_err(failed)?;
    Ok(())
}

/// Changes gathered until there are enough to write.
struct Portion<'d> {
    db: &'d Db,
    batch: Batch,
    length: usize,
}

impl Portion<'_> {
    fn add(&mut self, change: impl FnOnce(&mut Batch)) -> sled::Result<()> {
        change(&mut self.batch);
        self.length += 1;
        if self.length < PORTION { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> sled::Result<()> {
        self.length = 0;
        self.db.apply_batch(std::mem::take(&mut self.batch))
    }
}
