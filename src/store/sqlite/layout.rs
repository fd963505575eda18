//! Lays the tables out when the store is opened, and brings older layouts up to date.
//!
//! A table has the record's columns under their own names, and `_version` and `_revision`. UUIDs and digests are kept
//! as 16 and 32 bytes, instants as microseconds; the view `show_TABLE` gives them as text for people. A column that a record gained is added; the
//! rows that are there have NULL in it.

use std::fmt::Write;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::Place;
use crate::store::StoreError;
use crate::store::table::{ColumnKind, ColumnSpec, Index, Table};

/// The size of a page. Bodies of about 2 KB fill a page of 8 KB to four fifths, one of 4 KB often only to a half.
pub(super) const PAGE: u32 = 8192;
/// Marks the file as ours ("ridd"), for `file` and the like.
const APPLICATION: i64 = 0x7269_6464;
/// The version of what this file describes; a newer one is refused.
const LAYOUT: i64 = 1;

/// Makes or completes the tables, indexes and views.
pub(super) fn lay_out(connection: &mut Connection, place: &Place, tables: &[&'static Table]) -> Result<(), StoreError> {
    let found: i64 =
        place.tried("reading the layout", connection.pragma_query_value(None, "user_version", |row| row.get(0)))?;
    if found > LAYOUT {
        return Err(StoreError::NewerLayout { place: place.0.display().to_string(), found, known: LAYOUT });
    }
    let mut laid_out = || {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for table in tables {
            lay_out_table(&transaction, table)?;
        }
        if found < LAYOUT {
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
        }
        transaction.commit()
    };
    place.tried("laying out the tables", laid_out())
}

fn lay_out_table(transaction: &Transaction<'_>, table: &Table) -> rusqlite::Result<()> {
    let present = names(transaction, &format!("SELECT name FROM pragma_table_info('{}')", table.name))?;
    if present.is_empty() {
        transaction.execute_batch(&create(table))?;
    } else {
        for spec in table.columns.iter().filter(|spec| !present.iter().any(|name| name == spec.name)) {
            transaction.execute_batch(&format!("ALTER TABLE \"{}\" ADD COLUMN {}", table.name, column(spec, false)))?;
        }
    }
    for index in table.indexes {
        lay_out_index(transaction, table, index)?;
    }
    let view = view(table);
    let kept = names(transaction, &format!("SELECT sql FROM sqlite_schema WHERE name = 'show_{}'", table.name))?;
    if kept.first() != Some(&view) {
        transaction.execute_batch(&format!("DROP VIEW IF EXISTS \"show_{}\"; {view}", table.name))?;
    }
    Ok(())
}

fn lay_out_index(transaction: &Transaction<'_>, table: &Table, index: &Index) -> rusqlite::Result<()> {
    let name = format!("{}_{}", table.name, index.name);
    let order = table.order(Some(index.name));
    let present = names(transaction, &format!("SELECT name FROM pragma_index_info('{name}')"))?;
    if present.iter().map(String::as_str).eq(order.iter().copied()) {
        return Ok(());
    }
    let columns = quoted(&order);
    transaction.execute_batch(&format!(
        "DROP INDEX IF EXISTS \"{name}\"; CREATE INDEX \"{name}\" ON \"{}\" ({columns})",
        table.name
    ))
}

fn names(transaction: &Transaction<'_>, query: &str) -> rusqlite::Result<Vec<String>> {
    transaction.prepare(query)?.query_map((), |row| row.get(0))?.collect()
}

/// The names in quotes, with commas.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn column(spec: &ColumnSpec, needed: bool) -> String {
    let kind = match spec.kind {
        ColumnKind::Int | ColumnKind::Instant => "INTEGER",
        ColumnKind::Text => "TEXT",
        ColumnKind::Uuid | ColumnKind::Digest | ColumnKind::Bytes => "BLOB",
    };
    let null = if needed && !spec.optional { " NOT NULL" } else { "" };
    format!("\"{}\" {kind}{null}", spec.name)
}

fn create(table: &Table) -> String {
    let mut sql = format!("CREATE TABLE \"{}\" (", table.name);
    for spec in table.columns {
        let _ = write!(sql, "{}, ", column(spec, true));
    }
    let _ = write!(sql, "_version INTEGER NOT NULL, _revision INTEGER NOT NULL, PRIMARY KEY ({}))", quoted(table.key));
    // A long row is better off in a table with row numbers, where it need not be moved about to keep the key's order.
    if !table.columns.iter().any(|spec| spec.kind == ColumnKind::Bytes) {
        sql.push_str(" WITHOUT ROWID");
    }
    sql
}

/// All that makes the table, for tests that look at plans.
#[cfg(test)]
pub(super) fn sql_of(table: &Table) -> String {
    let index = |index: &Index| {
        let columns = quoted(&table.order(Some(index.name)));
        format!("; CREATE INDEX \"{0}_{1}\" ON \"{0}\" ({columns})", table.name, index.name)
    };
    create(table) + &table.indexes.iter().map(index).collect::<String>()
}

fn view(table: &Table) -> String {
    let shown = table.columns.iter().map(|spec| {
        let name = spec.name;
        match spec.kind {
            ColumnKind::Uuid => {
                let part = |from, length| format!("substr(lower(hex(\"{name}\")), {from}, {length})");
                let parts = [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)];
                format!("iif(\"{name}\" IS NULL, NULL, {}) AS \"{name}\"", parts.join(" || '-' || "))
            }
            // Rounded to milliseconds, which is all that SQLite's own dates know.
            ColumnKind::Instant => {
                format!("strftime('%Y-%m-%dT%H:%M:%fZ', \"{name}\" / 1000000.0, 'unixepoch') AS \"{name}\"")
            }
            ColumnKind::Digest => format!("iif(\"{name}\" IS NULL, NULL, lower(hex(\"{name}\"))) AS \"{name}\""),
            _ => format!("\"{name}\""),
        }
    });
    let shown: Vec<_> = shown.collect();
    format!("CREATE VIEW \"show_{0}\" AS SELECT {1}, _version, _revision FROM \"{0}\"", table.name, shown.join(", "))
}
