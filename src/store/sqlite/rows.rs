//! Values as SQLite keeps them, and rows as it gives them back.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::store::StoreError;
use crate::store::hexed::{long, short};
use crate::store::pack::unpack;
use crate::store::table::{ColumnKind, ColumnSpec, Row, Table, Value};

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
