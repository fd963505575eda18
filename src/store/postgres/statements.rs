//! The SQL of every table, written once when the store is opened, and the SQL of a scan.
//!
//! What is written comes as one array for each column, so that a statement serves any number of rows.

use std::collections::HashMap;
use std::fmt::Write;

use super::layout::quoted;
use super::rows::{Kept, sql_type};
use crate::store::StoreError;
use crate::store::pack::values_fit;
use crate::store::table::{Bound, ColumnKind, ColumnSpec, Scan, Table, Value};

/// The statements of one table. A key comes as arrays of its columns, a row as arrays of all columns, version, revision.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The table itself.
    pub(super) table: &'static Table,
    /// Writes rows that must be new.
    pub(super) insert: String,
    /// Writes rows, new or anew; the revision given is added to the one that is there.
    pub(super) upsert: String,
    /// Removes the rows of keys.
    pub(super) delete: String,
    /// The revisions of the rows of keys, beside the numbers given first; locks them for a change.
    pub(super) lock: String,
    /// The same, without the rows that somebody else has locked.
    pub(super) claim: String,
    /// As `lock`, locked against changes by others only.
    pub(super) share: String,
    /// The last numbers of logs, beside the numbers given first; by all columns of the key but the last.
    pub(super) head: String,
    /// Keeps everybody else from writing to the table.
    pub(super) close: String,
    /// `SELECT` all columns, version, revision `FROM` the table.
    select: String,
    /// The row of one key.
    pub(super) row: String,
    /// The rows of keys, beside the numbers given first, which come last.
    pub(super) rows: String,
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
        self.named(table.name).ok_or(StoreError::UnknownTable { table: table.name })
    }

    /// Those of the table of that name, if there is one.
    pub(super) fn named(&self, name: &str) -> Option<&Prepared> {
        self.0.get(name)
    }
}

/// The kinds of those columns.
pub(super) fn kinds(table: &'static Table, columns: &[&str]) -> Vec<ColumnKind> {
    columns.iter().filter_map(|column| spec(table, column)).map(|spec| spec.kind).collect()
}

fn prepared(table: &'static Table) -> Prepared {
    let name = table.name;
    let columns: Vec<_> = table.columns.iter().map(|spec| spec.name).collect();
    let list = quoted(&columns);
    let mut kinds_all = kinds(table, &columns);
    kinds_all.extend([ColumnKind::Int, ColumnKind::Int]);
    let write =
        format!("INSERT INTO \"{name}\" AS t ({list}, _version, _revision) SELECT * FROM {}", arrays(&kinds_all, 1));
    let set = columns.iter().filter(|column| !table.key.contains(column));
    let set: String = set.fold(String::new(), |mut set, column| {
        let _ = write!(set, "\"{column}\" = excluded.\"{column}\", ");
        set
    });
    let (last, before) = table.key.split_last().map_or(("", table.key), |(last, before)| (*last, before));
    let numbered = |columns: &[&str]| {
        let mut all = vec![ColumnKind::Int];
        all.extend(kinds(table, columns));
        let names: String = columns.iter().map(|column| format!(", \"{column}\"")).collect();
        format!("{} AS k(i{names})", arrays(&all, 1))
    };
    let same = |columns: &[&str]| {
        let tests: Vec<_> = columns.iter().map(|column| format!("t.\"{column}\" = k.\"{column}\"")).collect();
        if tests.is_empty() { "true".to_owned() } else { tests.join(" AND ") }
    };
    let revisions =
        format!("SELECT k.i, t._revision FROM {} JOIN \"{name}\" t ON {}", numbered(table.key), same(table.key));
    let keys: String = table.key.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let select = format!("SELECT {list}, _version, _revision FROM \"{name}\"");
    let of_row = columns.iter().map(|column| format!("t.\"{column}\"")).collect::<Vec<_>>().join(", ");
    let marks: Vec<_> = table.key.iter().zip(1..).map(|(column, at)| format!("\"{column}\" = ${at}")).collect();
    Prepared {
        table,
        upsert: format!(
            "{write} ON CONFLICT ({keys}) DO UPDATE SET {set}_version = excluded._version, \
             _revision = t._revision + excluded._revision"
        ),
        insert: write,
        delete: format!(
            "DELETE FROM \"{name}\" t USING {} AS k({keys}) WHERE {}",
            arrays(&kinds(table, table.key), 1),
            same(table.key)
        ),
        lock: format!("{revisions} FOR UPDATE OF t"),
        claim: format!("{revisions} FOR UPDATE OF t SKIP LOCKED"),
        share: format!("{revisions} FOR SHARE OF t"),
        head: format!(
            "SELECT k.i, coalesce((SELECT t.\"{last}\" FROM \"{name}\" t WHERE {} ORDER BY {} LIMIT 1), 0) FROM {}",
            same(before),
            table.key.iter().map(|column| format!("t.\"{column}\" DESC")).collect::<Vec<_>>().join(", "),
            numbered(before)
        ),
        close: format!("LOCK TABLE \"{name}\" IN SHARE ROW EXCLUSIVE MODE"),
        row: format!("{select} WHERE {}", marks.join(" AND ")),
        rows: format!(
            "SELECT {of_row}, t._version, t._revision, k.i FROM {} JOIN \"{name}\" t ON {}",
            numbered(table.key),
            same(table.key)
        ),
        select,
        count: format!("SELECT count(*) FROM \"{name}\""),
    }
}

/// `unnest($1::uuid[], …)`.
fn arrays(kinds: &[ColumnKind], first: usize) -> String {
    let marks: Vec<_> = kinds.iter().zip(first..).map(|(kind, at)| format!("${at}::{}[]", sql_type(*kind))).collect();
    format!("unnest({})", marks.join(", "))
}

fn spec(table: &'static Table, column: &str) -> Option<&'static ColumnSpec> {
    table.position(column).and_then(|at| table.columns.get(at))
}

/// The columns with the direction that makes missing values the least; needed only where a value can be missing, and an
/// index over a column where none can is of more use without.
pub(super) fn ordered(table: &'static Table, columns: &[&str], descending: bool) -> String {
    let by = |column: &&str| {
        let optional = spec(table, column).is_some_and(|spec| spec.optional);
        let direction = match (descending, optional) {
            (false, false) => "",
            (false, true) => " NULLS FIRST",
            (true, false) => " DESC",
            (true, true) => " DESC NULLS LAST",
        };
        format!("\"{column}\"{direction}")
    };
    columns.iter().map(by).collect::<Vec<_>>().join(", ")
}

/// One scan as SQL, with the values of its marks.
pub(super) struct Query<'s> {
    pub(super) sql: String,
    pub(super) values: Vec<Kept<'s>>,
}

/// Writes a scan as SQL.
///
/// # Errors
/// [`StoreError::UnknownOrder`] if there is no such index or it has fewer columns than the scan names.
pub(super) fn query<'s>(prepared: &Prepared, scan: &'s Scan) -> Result<Query<'s>, StoreError> {
    let table = scan.table;
    let unknown = || StoreError::UnknownOrder { table: table.name, index: scan.index.unwrap_or("key") };
    if scan.index.is_some_and(|name| !table.indexes.iter().any(|index| index.name == name)) {
        return Err(unknown());
    }
    let order = table.order(scan.index);
    let specs: Vec<_> = order.iter().filter_map(|column| spec(table, column)).collect();
    let (fixed, free) = specs.split_at_checked(scan.prefix.len()).ok_or_else(unknown)?;
    values_fit(table, &order, &scan.prefix)?;
    let mut query = Query { sql: format!("{} WHERE true", prepared.select), values: Vec::new() };
    for (spec, value) in fixed.iter().zip(&scan.prefix) {
        query.sql.push_str(" AND ");
        query.same(spec, value);
    }
    for (bound, lower) in [(&scan.from, true), (&scan.to, false)] {
        let Some(bound) = bound else { continue };
        let (Bound::Including(values) | Bound::Excluding(values)) = bound;
        let bounded = free.get(..values.len()).ok_or_else(unknown)?;
        values_fit(table, order.get(scan.prefix.len()..).unwrap_or(&[]), values)?;
        if !values.is_empty() {
            query.sql.push_str(" AND ");
            query.bound(bounded, values, lower, matches!(bound, Bound::Including(_)));
        }
    }
    // The fixed columns too: that a column is NULL does not tell the planner that it is the same in all rows.
    let _ = write!(query.sql, " ORDER BY {} LIMIT ", ordered(table, &order, scan.descending));
    query.mark(Kept::Int(i64::try_from(scan.limit).unwrap_or(i64::MAX)));
    Ok(query)
}

impl<'s> Query<'s> {
    /// Writes the mark of a value.
    fn mark(&mut self, value: Kept<'s>) {
        self.values.push(value);
        let _ = write!(self.sql, "${}", self.values.len());
    }

    /// Adds the test whether the column has that value. A text that is no UUID stands in no column of UUIDs.
    fn same(&mut self, spec: &ColumnSpec, value: &'s Value) {
        match Kept::of(spec.kind, value) {
            None => self.sql.push_str("false"),
            Some(Kept::Null) => {
                let _ = write!(self.sql, "\"{}\" IS NULL", spec.name);
            }
            Some(kept) => {
                let _ = write!(self.sql, "\"{}\" = ", spec.name);
                self.mark(kept);
            }
        }
    }

    /// Adds the test whether a row is on the right side of a bound. SQL compares nothing with NULL, so where a value can
    /// be missing the order is spelled out, column by column.
    fn bound(&mut self, specs: &[&ColumnSpec], values: &'s [Value], lower: bool, including: bool) {
        let sign = if lower { ">" } else { "<" };
        let kept: Vec<_> = specs.iter().zip(values).map(|(spec, value)| Kept::of(spec.kind, value)).collect();
        let plain = |kept: &Option<Kept<'_>>| kept.as_ref().is_some_and(|kept| *kept != Kept::Null);
        if kept.iter().all(plain) && !specs.iter().any(|spec| spec.optional) {
            let names: Vec<_> = specs.iter().map(|spec| spec.name).collect();
            let _ = write!(self.sql, "({}) {sign}{} (", quoted(&names), if including { "=" } else { "" });
            for (at, value) in kept.into_iter().flatten().enumerate() {
                self.sql.push_str(if at > 0 { ", " } else { "" });
                self.mark(value);
            }
            self.sql.push(')');
            return;
        }
        self.sql.push('(');
        for (at, (spec, value)) in specs.iter().zip(values).enumerate() {
            self.first(specs, values, at);
            self.beyond(spec, value, lower);
            self.sql.push_str(" OR ");
        }
        if including {
            self.first(specs, values, specs.len());
            self.sql.push_str("true)");
        } else {
            self.sql.push_str("false)");
        }
        // The same once more in a form that the index can begin at.
        if let (Some(spec), Some(Some(kept))) = (specs.first(), kept.into_iter().next())
            && kept != Kept::Null
            && (lower || !spec.optional)
        {
            let _ = write!(self.sql, " AND \"{}\" {sign}= ", spec.name);
            self.mark(kept);
        }
    }

    /// `a = $1 AND …` for the first `count` columns.
    fn first(&mut self, specs: &[&ColumnSpec], values: &'s [Value], count: usize) {
        for (spec, value) in specs.iter().zip(values).take(count) {
            self.same(spec, value);
            self.sql.push_str(" AND ");
        }
    }

    /// Whether the column is above the value, or below it. A text that is no UUID is below every UUID.
    fn beyond(&mut self, spec: &ColumnSpec, value: &'s Value, lower: bool) {
        let name = spec.name;
        let _ = match (Kept::of(spec.kind, value), lower) {
            (None | Some(Kept::Null), true) => write!(self.sql, "\"{name}\" IS NOT NULL"),
            (Some(Kept::Null), false) => write!(self.sql, "false"),
            (None, false) => write!(self.sql, "\"{name}\" IS NULL"),
            (Some(kept), true) => {
                let _ = write!(self.sql, "\"{name}\" > ");
                self.mark(kept);
                return;
            }
            (Some(kept), false) => {
                let _ = write!(self.sql, "(\"{name}\" < ");
                self.mark(kept);
                write!(self.sql, " OR \"{name}\" IS NULL)")
            }
        };
    }
}
