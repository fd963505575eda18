//! Keys of the tree, such that their bytes stand in the order of the values.
//!
//! `TABLE 0 r KEY` is a row, `TABLE 0 c KEY number` what did not fit in it, `TABLE 0 i INDEX 0 COLUMNS KEY` an entry of
//! an index, `0 …` a layout. No value's bytes are the beginning of another's, and each value begins with a small
//! number, so everything that begins with some values stands between them and them followed by 255.

use std::ops::Range;

use crate::store::table::{ColumnKind, Index, Row, Scan, Table, Value};
use crate::store::{Bound, StoreError, hexed};

const NULL: u8 = 1;
const INT: u8 = 2;
const TEXT: u8 = 3;
const SHORT: u8 = 4;
/// Beyond everything that can follow a value.
const BEYOND: u8 = 255;

fn start(table: &Table, kind: u8) -> Vec<u8> {
    let mut key = Vec::with_capacity(96);
    key.extend(table.name.as_bytes());
    key.extend([0, kind]);
    key
}

/// Where the rows of the table begin.
pub(super) fn rows(table: &Table) -> Vec<u8> {
    start(table, b'r')
}

/// The row of that key.
pub(super) fn row(table: &Table, key: &[Value]) -> Vec<u8> {
    with(rows(table), table, table.key, key)
}

/// The rest of the row whose first record has that key.
pub(super) fn rest_of(table: &Table, row: &[u8], number: u32) -> Vec<u8> {
    let mut key = start(table, b'c');
    key.extend(row.get(key.len()..).unwrap_or(&[]));
    key.extend(number.to_be_bytes());
    key
}

/// Where all entries of all indexes of the table begin.
pub(super) fn entries(table: &Table) -> Vec<u8> {
    start(table, b'i')
}

/// Where the entries of the index begin.
pub(super) fn index(table: &Table, index: &Index) -> Vec<u8> {
    let mut key = entries(table);
    key.extend(index.name.as_bytes());
    key.push(0);
    key
}

/// The entry of that row in the index.
pub(super) fn entry(table: &Table, of: &Index, row: &Row) -> Vec<u8> {
    let columns = table.order(Some(of.name));
    with(index(table, of), table, &columns, &row.select(table, &columns))
}

/// The end of everything that begins with `key`.
pub(super) fn beyond(mut key: Vec<u8>) -> Vec<u8> {
    key.push(BEYOND);
    key
}

fn kind(table: &Table, column: &str) -> ColumnKind {
    table.position(column).and_then(|at| table.columns.get(at)).map_or(ColumnKind::Text, |spec| spec.kind)
}

/// `key` followed by the values of the columns.
fn with(mut key: Vec<u8>, table: &Table, columns: &[&str], values: &[Value]) -> Vec<u8> {
    for (column, value) in columns.iter().zip(values) {
        match value {
            Value::Null => key.push(NULL),
            Value::Int(number) => {
                key.push(INT);
                // The sign turned round, negative numbers come before the others.
                key.extend((number ^ i64::MIN).to_be_bytes());
            }
            Value::Text(text) => match hexed::short(kind(table, column), text) {
                Some(bytes) => {
                    key.push(SHORT);
                    key.extend(bytes);
                }
                None => push_text(&mut key, text.as_bytes()),
            },
            Value::Bytes(bytes) => push_text(&mut key, bytes),
        }
    }
    key
}

/// 0 becomes 0 255, and 0 1 ends it.
fn push_text(key: &mut Vec<u8>, text: &[u8]) {
    key.push(TEXT);
    for byte in text {
        key.push(*byte);
        if *byte == 0 {
            key.push(255);
        }
    }
    key.extend([0, 1]);
}

/// The rows of a scan, or the entries of its index.
///
/// # Errors
/// [`StoreError::UnknownOrder`] if there is no such index or it has fewer columns than the scan names.
pub(super) fn range(scan: &Scan) -> Result<Range<Vec<u8>>, StoreError> {
    let table = scan.table;
    let unknown = || StoreError::UnknownOrder { table: table.name, index: scan.index.unwrap_or("key") };
    let of = match scan.index {
        None => None,
        Some(name) => Some(table.indexes.iter().find(|index| index.name == name).ok_or_else(unknown)?),
    };
    let columns = table.order(scan.index);
    let (fixed, free) = columns.split_at_checked(scan.prefix.len()).ok_or_else(unknown)?;
    crate::store::pack::values_fit(table, fixed, &scan.prefix)?;
    let start = of.map_or_else(|| rows(table), |of| index(table, of));
    let start = with(start, table, fixed, &scan.prefix);
    let bound = |bound: &Bound| {
        let (Bound::Including(values) | Bound::Excluding(values)) = bound;
        if values.len() > free.len() {
            return Err(unknown());
        }
        crate::store::pack::values_fit(table, free, values)?;
        Ok(with(start.clone(), table, free, values))
    };
    let from = match &scan.from {
        None => start.clone(),
        Some(at @ Bound::Including(_)) => bound(at)?,
        Some(at @ Bound::Excluding(_)) => beyond(bound(at)?),
    };
    let to = match &scan.to {
        None => beyond(start.clone()),
        Some(at @ Bound::Including(_)) => beyond(bound(at)?),
        Some(at @ Bound::Excluding(_)) => bound(at)?,
    };
    Ok(from..to)
}
