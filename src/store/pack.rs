//! What a backend is given: batches whose rows fit their tables, with bytes compressed.
//!
//! Both happen in the task that commits, so that the one committing thread only writes. Bytes are kept as they are or
//! as a zstd frame; a frame begins with zstd's magic number, and so nothing else may.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use super::StoreError;
use super::batch::{Batch, Change, Precondition};
use super::table::{ColumnKind, Row, Table, Value};

/// zstd's level: 1 costs some 15 µs for 4 KB; higher ones cost much more and gain little on XML this short.
const LEVEL: i32 = 1;
/// Shorter bytes are kept as they are.
const SMALL: usize = 128;
/// How every zstd frame begins (RFC 8878 §3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// Batches with more bytes than this are compressed on a thread that may block.
const LARGE: usize = 256 * 1024;
/// No value is longer than this once it is unpacked: far above any message limit, it only stops a damaged frame.
const MOST: usize = 1 << 30;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Checks that all rows and keys fit their tables, and compresses their bytes.
///
/// # Errors
/// [`StoreError::Damaged`] names the column that does not fit.
pub(super) async fn pack(mut batch: Batch) -> Result<Batch, StoreError> {
    fits(&batch)?;
    let bytes: usize = batch.changes.iter().map(bytes_of).sum();
    if bytes <= LARGE {
        compress(&mut batch);
        return Ok(batch);
    }
    let compressed = tokio::task::spawn_blocking(move || {
        compress(&mut batch);
        batch
    });
    compressed.await.map_err(|_| StoreError::Closed)
}

fn bytes_of(change: &Change) -> usize {
    let (Change::Put { row, .. } | Change::Keep { row, .. }) = change else { return 0 };
    let length = |value: &Value| if let Value::Bytes(bytes) = value { bytes.len() } else { 0 };
    row.values.iter().map(length).sum()
}

fn compress(batch: &mut Batch) {
    for change in &mut batch.changes {
        let (Change::Put { row, .. } | Change::Keep { row, .. }) = change else { continue };
        for value in &mut row.values {
            if let Value::Bytes(bytes) = value
                && let Some(packed) = packed(bytes)
            {
                *bytes = packed;
            }
        }
    }
}

/// The bytes as a frame, if they must or should be kept as one.
fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let looks_packed = bytes.starts_with(&MAGIC);
    if bytes.len() < SMALL && !looks_packed {
        return None;
    }
    let frame = COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(compressor()?),
        };
        compressor.compress(bytes).ok()
    })?;
    (looks_packed || frame.len() < bytes.len()).then_some(frame)
}

/// How many bytes the backends keep for these: what a bench compares disk use with.
pub(crate) fn packed_size(bytes: &[u8]) -> u64 {
    packed(bytes).map_or(bytes.len(), |frame| frame.len()) as u64
}

fn compressor() -> Option<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL).ok()?;
    compressor.include_checksum(true).ok()?;
    Some(compressor)
}

/// The bytes that were packed; `None` if they are damaged.
pub(super) fn unpack(kept: Vec<u8>) -> Option<Vec<u8>> {
    if !kept.starts_with(&MAGIC) {
        return Some(kept);
    }
    let size = Decompressor::upper_bound(&kept).filter(|size| *size <= MOST)?;
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new().ok()?),
        };
        decompressor.decompress(&kept, size).ok()
    })
}

/// Whether the batch fits the tables it names. A backend relies on it.
fn fits(batch: &Batch) -> Result<(), StoreError> {
    for precondition in &batch.preconditions {
        match precondition {
            Precondition::Absent { table, key }
            | Precondition::Revision { table, key, .. }
            | Precondition::Free { table, key, .. } => key_fits(table, key)?,
            Precondition::Head { table, prefix, .. } => values_fit(table, table.key, prefix)?,
        }
    }
    for change in &batch.changes {
        match change {
            Change::Put { table, row } | Change::Keep { table, row } => row_fits(table, row)?,
            Change::Delete { table, key } => key_fits(table, key)?,
        }
    }
    Ok(())
}

fn row_fits(table: &'static Table, row: &Row) -> Result<(), StoreError> {
    if row.values.len() != table.columns.len() {
        let found = format!("{} values for {} columns", row.values.len(), table.columns.len());
        let column = table.columns.last().map_or("", |spec| spec.name);
        return Err(StoreError::Damaged { table: table.name, column, expected: "one value for each column", found });
    }
    for (spec, value) in table.columns.iter().zip(&row.values) {
        if !(fits_kind(spec.kind, value) || (spec.optional && *value == Value::Null)) {
            return Err(misfit(table, spec.name, spec.kind, value));
        }
    }
    Ok(())
}

/// Whether these are the values of a whole key.
pub(super) fn key_fits(table: &'static Table, key: &[Value]) -> Result<(), StoreError> {
    if key.len() != table.key.len() {
        let found = format!("{} values for {} columns", key.len(), table.key.len());
        let column = table.key.last().copied().unwrap_or("");
        return Err(StoreError::Damaged { table: table.name, column, expected: "a whole key", found });
    }
    values_fit(table, table.key, key)
}

/// Whether these are values of the first of the columns.
pub(super) fn values_fit(table: &'static Table, columns: &[&'static str], values: &[Value]) -> Result<(), StoreError> {
    for (column, value) in columns.iter().zip(values) {
        let Some(spec) = table.position(column).and_then(|at| table.columns.get(at)) else { continue };
        if !(fits_kind(spec.kind, value) || *value == Value::Null) {
            return Err(misfit(table, spec.name, spec.kind, value));
        }
    }
    Ok(())
}

fn fits_kind(kind: ColumnKind, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Int(_) => matches!(kind, ColumnKind::Int | ColumnKind::Instant),
        Value::Text(_) => matches!(kind, ColumnKind::Text | ColumnKind::Uuid | ColumnKind::Digest),
        Value::Bytes(_) => kind == ColumnKind::Bytes,
    }
}

fn misfit(table: &'static Table, column: &'static str, kind: ColumnKind, value: &Value) -> StoreError {
    let expected = match kind {
        ColumnKind::Int => "a number",
        ColumnKind::Instant => "microseconds since 1970",
        ColumnKind::Text => "a text",
        ColumnKind::Uuid => "a UUID",
        ColumnKind::Digest => "a digest",
        ColumnKind::Bytes => "bytes",
    };
    let found = match value {
        Value::Null => "nothing",
        Value::Int(_) => "a number",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
    };
    StoreError::Damaged { table: table.name, column, expected, found: found.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(bytes: &[u8]) -> Vec<u8> {
        packed(bytes).unwrap_or_else(|| bytes.to_vec())
    }

    #[test]
    fn bytes_come_back_whatever_they_look_like() {
        let noise: Vec<u8> = (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let framed = kept(&b"<a/>".repeat(500));
        for bytes in [&b""[..], b"x", &MAGIC, &framed, &noise, &b"<Report/>".repeat(400)] {
            assert_eq!(unpack(kept(bytes)).as_deref(), Some(bytes));
        }
        assert!(framed.len() < 100, "{}", framed.len());
    }

    #[test]
    fn a_damaged_frame_is_noticed() {
        let mut frame = kept(&b"<Report/>".repeat(400));
        let length = frame.len();
        assert_eq!(unpack(frame[..length - 3].to_vec()), None);
        frame[length / 2] ^= 0xFF;
        assert_eq!(unpack(frame), None);
    }
}
