//! Values as SQLite keeps them, and rows as it gives them back.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::store::StoreError;
use crate::store::pack::unpack;
use crate::store::table::{ColumnKind, ColumnSpec, Row, Table, Value};

const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// One value on its way into a column.
pub(super) struct Bound<'v>(pub(super) ColumnKind, pub(super) &'v Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.1 {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Text(text) => match short(self.0, text) {
                Some(bytes) => ToSqlOutput::Owned(rusqlite::types::Value::Blob(bytes)),
                None => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            },
        })
    }
}

/// The bytes that a UUID or digest stands for. A text that is none is kept as it is, and is never equal to one.
fn short(kind: ColumnKind, text: &str) -> Option<Vec<u8>> {
    let hyphens: &[usize] = match (kind, text.len()) {
        (ColumnKind::Uuid, 36) => &HYPHENS,
        (ColumnKind::Digest, 64) => &[],
        _ => return None,
    };
    let mut bytes = Vec::with_capacity(32);
    let mut high = None;
    for (at, digit) in text.bytes().enumerate() {
        if hyphens.contains(&at) {
            if digit != b'-' {
                return None;
            }
            continue;
        }
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        match high.take() {
            None => high = Some(value << 4),
            Some(high) => bytes.push(high | value),
        }
    }
    Some(bytes)
}

/// The text that [`short`] made bytes of.
fn long(kind: ColumnKind, bytes: &[u8]) -> Option<String> {
    let hyphens: &[usize] = match (kind, bytes.len()) {
        (ColumnKind::Uuid, 16) => &HYPHENS,
        (ColumnKind::Digest, 32) => &[],
        _ => return None,
    };
    let mut text = String::with_capacity(64);
    for byte in bytes {
        if hyphens.contains(&text.len()) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(*DIGITS.get(usize::from(nibble))?));
        }
    }
    Some(text)
}

/// Reads a row of `SELECT` all columns, version, revision.
pub(super) fn read(table: &'static Table, row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<Row, StoreError>> {
    let mut values = Vec::with_capacity(table.columns.len());
    for (at, spec) in table.columns.iter().enumerate() {
        match value(table, spec, row.get_ref(at)?) {
            Ok(value) => values.push(value),
            Err(damaged) => return Ok(Err(damaged)),
        }
    }
    let count = table.columns.len();
    Ok(Ok(Row { version: row.get(count)?, revision: row.get(count + 1)?, values }))
}

fn value(table: &'static Table, spec: &'static ColumnSpec, kept: ValueRef<'_>) -> Result<Value, StoreError> {
    let damaged = |expected, found: &str| StoreError::Damaged {
        table: table.name,
        column: spec.name,
        expected,
        found: found.to_owned(),
    };
    match (spec.kind, kept) {
        (_, ValueRef::Null) => Ok(Value::Null),
        (_, ValueRef::Integer(number)) => Ok(Value::Int(number)),
        (_, ValueRef::Text(text)) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(damaged("UTF-8 text", "other bytes")),
        },
        (ColumnKind::Bytes, ValueRef::Blob(bytes)) => unpack(bytes.to_vec())
            .map(Value::Bytes)
            .ok_or_else(|| damaged("bytes or a whole zstd frame", "a damaged zstd frame")),
        (kind, ValueRef::Blob(bytes)) => {
            long(kind, bytes).map(Value::Text).ok_or_else(|| damaged("16 or 32 bytes", "bytes of another length"))
        }
        (_, ValueRef::Real(_)) => Err(damaged("a whole number", "a number with a fraction")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Digest, MessageId};

    #[test]
    fn ids_and_digests_are_kept_short_and_come_back() {
        for (kind, text, length) in [
            (ColumnKind::Uuid, MessageId::fresh().to_string(), 16),
            (ColumnKind::Digest, Digest::of(b"x").to_string(), 32),
        ] {
            let bytes = short(kind, &text).unwrap();
            assert_eq!(bytes.len(), length);
            assert_eq!(long(kind, &bytes), Some(text));
        }
    }

    #[test]
    fn what_is_no_id_stays_text() {
        let id = MessageId::fresh().to_string();
        for text in ["", "x", &id.to_uppercase(), &id.replace('-', "0"), &"g".repeat(36)] {
            assert_eq!(short(ColumnKind::Uuid, text), None, "{text}");
        }
        assert_eq!(short(ColumnKind::Text, &id), None);
    }
}
