//! The SQL of every table, written once when the store is opened, and the SQL of a scan.

use std::collections::HashMap;
use std::fmt::Write;

use super::layout::quoted;
use crate::store::StoreError;
use crate::store::pack::values_fit;
use crate::store::table::{Bound, ColumnSpec, Scan, Table, Value};

/// The statements of one table.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Writes a row: its values, then its version.
    pub(super) put: String,
    /// Writes a row as another store has it: its values, its version, its revision.
    pub(super) keep: String,
    /// Removes the row of a key.
    pub(super) delete: String,
    /// The revision of the row of a key.
    pub(super) revision: String,
    /// The last number of a log: the key without its last column.
    pub(super) head: String,
    /// `SELECT` all columns, version, revision `FROM` the table.
    pub(super) select: String,
    /// The row of a key.
    pub(super) row: String,
    /// How many rows there are.
    pub(super) count: String,
}

/// The statements of all tables.
#[derive(Debug)]
pub(super) struct Statements(HashMap<&'static str, Prepared>);

impl Statements {
    pub(super) fn of(tables: &[&'static Table]) -> Self {
        Self(tables.iter().map(|table| (table.name, prepared(table))).collect())
    }

    /// Those of one table.
    pub(super) fn table(&self, table: &'static Table) -> Result<&Prepared, StoreError> {
        self.0.get(table.name).ok_or(StoreError::UnknownTable { table: table.name })
    }
}

fn prepared(table: &Table) -> Prepared {
    let name = table.name;
    let columns: Vec<_> = table.columns.iter().map(|spec| spec.name).collect();
    let list = quoted(&columns);
    let marks = vec!["?"; columns.len() + 1].join(", ");
    let key = equal(table, table.key);
    let (last, before) = table.key.split_last().map_or(("", table.key), |(last, before)| (*last, before));
    let set = columns.iter().filter(|column| !table.key.contains(column));
    let set: String = set.fold(String::new(), |mut set, column| {
        let _ = write!(set, "\"{column}\" = excluded.\"{column}\", ");
        set
    });
    let select = format!("SELECT {list}, _version, _revision FROM \"{name}\"");
    Prepared {
        put: format!(
            "INSERT INTO \"{name}\" ({list}, _version, _revision) VALUES ({marks}, 1) ON CONFLICT ({}) \
             DO UPDATE SET {set}_version = excluded._version, _revision = _revision + 1",
            quoted(table.key)
        ),
        keep: format!(
            "INSERT INTO \"{name}\" ({list}, _version, _revision) VALUES ({marks}, ?) ON CONFLICT ({}) \
             DO UPDATE SET {set}_version = excluded._version, _revision = excluded._revision",
            quoted(table.key)
        ),
        delete: format!("DELETE FROM \"{name}\" WHERE {key}"),
        revision: format!("SELECT _revision FROM \"{name}\" WHERE {key}"),
        head: format!(
            "SELECT \"{last}\" FROM \"{name}\" WHERE {} ORDER BY {} LIMIT 1",
            equal(table, before),
            descending(table.key)
        ),
        row: format!("{select} WHERE {key}"),
        select,
        count: format!("SELECT count(*) FROM \"{name}\""),
    }
}

fn descending(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("\"{column}\" DESC")).collect::<Vec<_>>().join(", ")
}

/// `IS` finds a missing value too; where none can be missing, `=` says so to the planner.
fn equal(table: &Table, columns: &[&str]) -> String {
    let test = |column: &&str| {
        let optional = spec(table, column).is_some_and(|spec| spec.optional);
        format!("\"{column}\" {} ?", if optional { "IS" } else { "=" })
    };
    if columns.is_empty() { "1".to_owned() } else { columns.iter().map(test).collect::<Vec<_>>().join(" AND ") }
}

fn spec<'t>(table: &'t Table, column: &str) -> Option<&'t ColumnSpec> {
    table.position(column).and_then(|at| table.columns.get(at))
}

/// One scan as SQL, with the values of its marks; the last mark is the limit.
pub(super) struct Query<'s> {
    pub(super) sql: String,
    pub(super) values: Vec<(&'static ColumnSpec, &'s Value)>,
}

/// Writes a scan as SQL.
///
/// # Errors
/// [`StoreError::UnknownOrder`] if there is no such index or it has fewer columns than the scan names.
pub(super) fn query<'s>(select: &str, scan: &'s Scan) -> Result<Query<'s>, StoreError> {
    let table = scan.table;
    let unknown = || StoreError::UnknownOrder { table: table.name, index: scan.index.unwrap_or("key") };
    if scan.index.is_some_and(|name| !table.indexes.iter().any(|index| index.name == name)) {
        return Err(unknown());
    }
    let order = table.order(scan.index);
    let specs: Vec<_> = order.iter().filter_map(|column| spec(table, column)).collect();
    let (fixed, free) = specs.split_at_checked(scan.prefix.len()).ok_or_else(unknown)?;
    values_fit(table, &order, &scan.prefix)?;
    let mut tests = Query { sql: format!("{select} WHERE {}", equal(table, &names(fixed))), values: Vec::new() };
    tests.values.extend(fixed.iter().copied().zip(&scan.prefix));
    for (bound, lower) in [(&scan.from, true), (&scan.to, false)] {
        let Some(bound) = bound else { continue };
        let (Bound::Including(values) | Bound::Excluding(values)) = bound;
        let bounded = free.get(..values.len()).ok_or_else(unknown)?;
        values_fit(table, order.get(scan.prefix.len()..).unwrap_or(&[]), values)?;
        if !values.is_empty() {
            tests.sql.push_str(" AND ");
            tests.bound(bounded, values, lower, matches!(bound, Bound::Including(_)));
        }
    }
    if !free.is_empty() {
        let by = if scan.descending { descending(&names(free)) } else { quoted(&names(free)) };
        let _ = write!(tests.sql, " ORDER BY {by}");
    }
    tests.sql.push_str(" LIMIT ?");
    Ok(tests)
}

fn names(specs: &[&'static ColumnSpec]) -> Vec<&'static str> {
    specs.iter().map(|spec| spec.name).collect()
}

impl<'s> Query<'s> {
    /// Adds the test whether a row is on the right side of a bound. SQL compares nothing with NULL, so where a value
    /// can be missing the order is spelled out, column by column.
    fn bound(&mut self, specs: &[&'static ColumnSpec], values: &'s [Value], lower: bool, including: bool) {
        let missing = specs.iter().any(|spec| spec.optional) || values.contains(&Value::Null);
        let sign = if lower { ">" } else { "<" };
        if !missing {
            let equal = if including { "=" } else { "" };
            let marks = vec!["?"; specs.len()].join(", ");
            let _ = write!(self.sql, "({}) {sign}{equal} ({marks})", quoted(&names(specs)));
            self.values.extend(specs.iter().copied().zip(values));
            return;
        }
        self.sql.push('(');
        for (at, (spec, value)) in specs.iter().zip(values).enumerate() {
            self.same(specs, values, at);
            match (value, lower) {
                (Value::Null, true) => {
                    let _ = write!(self.sql, "\"{}\" IS NOT NULL OR ", spec.name);
                }
                (Value::Null, false) => self.sql.push_str("0 OR "),
                (value, true) => {
                    let _ = write!(self.sql, "\"{}\" > ? OR ", spec.name);
                    self.values.push((spec, value));
                }
                (value, false) => {
                    let _ = write!(self.sql, "(\"{0}\" < ? OR \"{0}\" IS NULL) OR ", spec.name);
                    self.values.push((spec, value));
                }
            }
        }
        self.same(specs, values, if including { specs.len() } else { 0 });
        self.sql.push_str(if including { "1)" } else { "0)" });
        // The same once more in a form that the index can begin at.
        if let (true, Some(spec), Some(value)) = (lower, specs.first(), values.first())
            && *value != Value::Null
        {
            let _ = write!(self.sql, " AND \"{}\" >= ?", spec.name);
            self.values.push((spec, value));
        }
    }

    /// `a IS ? AND …` for the first `count` columns.
    fn same(&mut self, specs: &[&'static ColumnSpec], values: &'s [Value], count: usize) {
        for (spec, value) in specs.iter().zip(values).take(count) {
            let _ = write!(self.sql, "\"{}\" IS ? AND ", spec.name);
            self.values.push((spec, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Record;
    use crate::store::records::Message;

    #[test]
    fn a_scan_uses_the_index_from_end_to_end() {
        let bound = |number| Bound::Including(vec![Value::Int(number)]);
        let by_peer = Scan::of::<Message>(10).by("by_peer").with(vec![Value::Text("a".to_owned())]).from(bound(3));
        let by_peer = by_peer.to(bound(9)).descending();
        let by_incident =
            Scan::of::<Message>(10).by("by_incident").with(vec![Value::Null, Value::Text("7".to_owned())]);
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let sql = super::super::layout::sql_of(Message::TABLE);
        connection.execute_batch(&sql).unwrap();
        for (scan, index) in [(by_peer, "messages_by_peer"), (by_incident, "messages_by_incident")] {
            let query = query("SELECT id FROM messages", &scan).unwrap();
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql)).unwrap();
            let marks = plan.parameter_count();
            let steps = plan.query_map(rusqlite::params_from_iter(vec![1; marks]), |row| row.get::<_, String>(3));
            let steps: Vec<_> = steps.unwrap().map(Result::unwrap).collect();
            assert_eq!(steps.len(), 1, "no sorting: {steps:?}");
            assert!(steps[0].contains(&format!("INDEX {index} (")), "{steps:?}");
        }
    }
}
