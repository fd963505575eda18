//! Reading rows, by key and in order.

use sled::{Db, IVec};

use super::layout::Layouts;
use super::{Kept, Opened, keys, rows};
use crate::store::StoreError;
use crate::store::pack::{key_fits, unpack};
use crate::store::table::{Row, Scan, Table, Value};

/// The row of that key.
pub(super) fn row(
    kept: &Kept,
    opened: &Opened,
    table: &'static Table,
    key: &[Value],
) -> Result<Option<Row>, StoreError> {
    opened.layouts.newest(table)?;
    key_fits(table, key)?;
    let key = keys::row(table, key);
    let record = opened.db.get(&key).map_err(|why| kept.error("reading a row", why))?;
    let row = record.map(|record| whole(kept, &opened.db, &opened.layouts, table, &key, &record));
    row.map(|row| unpacked(table, row?)).transpose()
}

/// The rows of a scan.
pub(super) fn rows(kept: &Kept, opened: &Opened, scan: &Scan) -> Result<Vec<Row>, StoreError> {
    let table = scan.table;
    opened.layouts.newest(table)?;
    let range = keys::range(scan)?;
    if range.is_empty() || scan.limit == 0 {
        return Ok(Vec::new());
    }
    let mut found = opened.db.range(range);
    let mut listed = Vec::new();
    while listed.len() < scan.limit {
        let next = if scan.descending { found.next_back() } else { found.next() };
        let Some(next) = next else { break };
        let (key, record) = next.map_err(|why| kept.error("reading rows", why))?;
        let row = match scan.index {
            None => whole(kept, &opened.db, &opened.layouts, table, &key, &record)?,
            // The entry's value is the key of the row.
            Some(_) => match opened.db.get(&record).map_err(|why| kept.error("reading rows", why))? {
                Some(there) => whole(kept, &opened.db, &opened.layouts, table, &record, &there)?,
                None => return Err(damaged(table, "a row for each entry of an index", "an entry without one")),
            },
        };
        listed.push(unpacked(table, row)?);
    }
    Ok(listed)
}

/// How many rows there are: sled keeps no count, so all keys are read.
pub(super) fn count(kept: &Kept, opened: &Opened, table: &'static Table) -> Result<u64, StoreError> {
    opened.layouts.newest(table)?;
    let start = keys::rows(table);
    let mut count = 0;
    for key in opened.db.range(start.clone()..keys::beyond(start)).keys() {
        key.map_err(|why| kept.error("counting rows", why))?;
        count += 1;
    }
    Ok(count)
}

/// The row that begins with this record, its bytes still packed.
pub(super) fn whole(
    kept: &Kept,
    db: &Db,
    layouts: &Layouts,
    table: &'static Table,
    key: &[u8],
    record: &[u8],
) -> Result<Row, StoreError> {
    let mut parts = |number| {
        let key = keys::rest_of(table, key, number);
        db.get(key).map_err(|why| kept.error("reading a row", why))
    };
    assembled(layouts, table, record, &mut parts)
}

/// As [`whole`], with the other records from wherever they are.
pub(super) fn assembled(
    layouts: &Layouts,
    table: &'static Table,
    record: &[u8],
    parts: &mut dyn FnMut(u32) -> Result<Option<IVec>, StoreError>,
) -> Result<Row, StoreError> {
    let broken = || broken(table);
    let (others, head) = rows::first(record).ok_or_else(broken)?;
    let mut bytes = head.to_vec();
    for number in 0..others {
        bytes.extend(&*parts(number)?.ok_or_else(broken)?);
    }
    let decoded = rows::decode(&bytes).ok_or_else(broken)?;
    let values = layouts.arranged(table, decoded.layout, decoded.values).ok_or_else(broken)?;
    Ok(Row { version: decoded.version, revision: decoded.revision, values })
}

fn unpacked(table: &'static Table, mut row: Row) -> Result<Row, StoreError> {
    for (spec, value) in table.columns.iter().zip(&mut row.values) {
        if let Value::Bytes(bytes) = value {
            *bytes = unpack(std::mem::take(bytes)).ok_or_else(|| StoreError::Damaged {
                table: table.name,
                column: spec.name,
                expected: "bytes or a whole zstd frame",
                found: "a damaged zstd frame".to_owned(),
            })?;
        }
    }
    Ok(row)
}

/// A row that cannot be read at all.
pub(super) fn broken(table: &'static Table) -> StoreError {
    damaged(table, "a whole row", "a damaged one")
}

fn damaged(table: &'static Table, expected: &'static str, found: &str) -> StoreError {
    let column = table.key.first().copied().unwrap_or("");
    StoreError::Damaged { table: table.name, column, expected, found: found.to_owned() }
}
