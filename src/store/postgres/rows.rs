//! Values as PostgreSQL keeps them, and rows as it gives them back.
//!
//! PostgreSQL's text cannot hold the character NUL, so NUL is kept as two characters U+0001, and U+0001 as U+0001 U+0002:
//! the order of texts and their identity stay what they are.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::store::StoreError;
use crate::store::hexed::{long, short};
use crate::store::pack::unpack;
use crate::store::table::{ColumnKind, ColumnSpec, Row, Table, Value};

/// One value on its way into a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kept<'v> {
    Null,
    Int(i64),
    Text(Cow<'v, str>),
    Uuid(Uuid),
    Bytes(Cow<'v, [u8]>),
}

impl<'v> Kept<'v> {
    /// The value as a column of that kind keeps it; `None` for a text that is no UUID or digest and so stands in no row.
    pub(super) fn of(kind: ColumnKind, value: &'v Value) -> Option<Self> {
        Some(match (kind, value) {
            (_, Value::Null) => Self::Null,
            (_, Value::Int(number)) => Self::Int(*number),
            (_, Value::Bytes(bytes)) => Self::Bytes(Cow::Borrowed(bytes)),
            (ColumnKind::Uuid, Value::Text(text)) => Self::Uuid(Uuid::from_slice(&short(kind, text)?).ok()?),
            (ColumnKind::Digest, Value::Text(text)) => Self::Bytes(Cow::Owned(short(kind, text)?)),
            (_, Value::Text(text)) => Self::Text(without_nul(text)),
        })
    }
}

impl ToSql for Kept<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.as_ref().to_sql(kind, out),
            Self::Uuid(id) => id.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::UUID, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

/// What the kind is called in SQL.
pub(super) fn sql_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Int | ColumnKind::Instant => "bigint",
        ColumnKind::Text => "text",
        ColumnKind::Uuid => "uuid",
        ColumnKind::Digest | ColumnKind::Bytes => "bytea",
    }
}

fn without_nul(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte < 2) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\u{1}', "\u{1}\u{2}").replace('\0', "\u{1}\u{1}"))
}

fn with_nul(kept: &str) -> String {
    if !kept.contains('\u{1}') {
        return kept.to_owned();
    }
    let mut text = String::with_capacity(kept.len());
    let mut rest = kept.chars();
    while let Some(next) = rest.next() {
        match next {
            '\u{1}' if rest.next() == Some('\u{1}') => text.push('\0'),
            other => text.push(other),
        }
    }
    text
}

/// Reads a row of `SELECT` all columns, version, revision.
pub(super) fn read(table: &'static Table, row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(table.columns.len());
    for (at, spec) in table.columns.iter().enumerate() {
        values.push(value(table, spec, row, at)?);
    }
    let number = |at, column| match row.try_get::<_, i64>(at) {
        Ok(number) => Ok(number),
        Err(why) => Err(damaged(table, column, "a number", &why.to_string())),
    };
    let count = table.columns.len();
    Ok(Row { version: number(count, "_version")?, revision: number(count + 1, "_revision")?, values })
}

fn value(
    table: &'static Table,
    spec: &'static ColumnSpec,
    row: &tokio_postgres::Row,
    at: usize,
) -> Result<Value, StoreError> {
    let wrong = |why: tokio_postgres::Error| damaged(table, spec.name, sql_type(spec.kind), &why.to_string());
    Ok(match spec.kind {
        ColumnKind::Int | ColumnKind::Instant => {
            row.try_get::<_, Option<i64>>(at).map_err(wrong)?.map_or(Value::Null, Value::Int)
        }
        ColumnKind::Text => {
            row.try_get::<_, Option<&str>>(at).map_err(wrong)?.map_or(Value::Null, |text| Value::Text(with_nul(text)))
        }
        ColumnKind::Uuid => row
            .try_get::<_, Option<Uuid>>(at)
            .map_err(wrong)?
            .map_or(Value::Null, |id| Value::Text(id.hyphenated().to_string())),
        ColumnKind::Digest => match row.try_get::<_, Option<&[u8]>>(at).map_err(wrong)? {
            None => Value::Null,
            Some(bytes) => long(ColumnKind::Digest, bytes)
                .map(Value::Text)
                .ok_or_else(|| damaged(table, spec.name, "32 bytes", "bytes of another length"))?,
        },
        ColumnKind::Bytes => match row.try_get::<_, Option<&[u8]>>(at).map_err(wrong)? {
            None => Value::Null,
            Some(bytes) => unpack(bytes.to_vec())
                .map(Value::Bytes)
                .ok_or_else(|| damaged(table, spec.name, "bytes or a whole zstd frame", "a damaged zstd frame"))?,
        },
    })
}

/// What does not fit its column.
pub(super) fn damaged(table: &'static Table, column: &'static str, expected: &'static str, found: &str) -> StoreError {
    StoreError::Damaged { table: table.name, column, expected, found: found.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_kept_and_orders_as_it_is() {
        let texts =
            ["", "\0", "\0\0", "\0a", "\u{1}", "\u{1}\0", "\u{1}\u{1}", "\u{2}", "a", "a\0", "a\0b", "a\u{1}", "ab"];
        for pair in texts.windows(2) {
            assert!(without_nul(pair[0]) < without_nul(pair[1]), "{pair:?}");
        }
        for text in texts {
            let kept = without_nul(text);
            assert!(!kept.contains('\0'));
            assert_eq!(with_nul(&kept), text);
        }
    }
}
