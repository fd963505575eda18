//! Tables: how a record is laid out in columns, by which key it is found and in which orders it can be listed.

use super::Record;

/// The kinds of plain values that every backend can keep and order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A signed 64-bit number; also truth values (0, 1).
    Int,
    /// An instant; a value of it is a number, microseconds since 1970. Kept like one; shown to people as a time.
    Instant,
    /// UTF-8 text.
    Text,
    /// A UUID; a value of it is its usual text in lower case. A backend may keep the 16 bytes, which order alike.
    Uuid,
    /// A SHA-256 digest; a value of it is 64 hexadecimal digits in lower case. A backend may keep the 32 bytes.
    Digest,
    /// Bytes; kept compressed. Never part of a key or an index.
    Bytes,
}

/// One value. Its order is the order of scans: nothing, then numbers, then text by bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// One column of a table.
#[derive(Debug)]
pub struct ColumnSpec {
    /// Its name, which is the record's field's name.
    pub name: &'static str,
    /// What it keeps.
    pub kind: ColumnKind,
    /// Whether [`Value::Null`] is allowed.
    pub optional: bool,
}

/// An order in which a table can be listed besides that of its key.
#[derive(Debug)]
pub struct Index {
    /// Its name, unique within the table.
    pub name: &'static str,
    /// The columns it orders by; rows that are equal in all of them stand in the order of their keys.
    pub columns: &'static [&'static str],
}

/// The layout of one kind of record.
#[derive(Debug)]
pub struct Table {
    /// Its name in the backend.
    pub name: &'static str,
    /// The version of the layout, written with every row. A column added later is optional and read as
    /// [`Value::Null`] from older rows.
    pub version: i64,
    /// The columns in order.
    pub columns: &'static [ColumnSpec],
    /// The columns that make up the key, in order.
    pub key: &'static [&'static str],
    /// The other orders.
    pub indexes: &'static [Index],
}

impl Table {
    /// The position of the column of that name. Names come from the table itself, so this always finds one.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|spec| spec.name == column)
    }
}

impl Table {
    /// The columns that rows stand in order by: those of the index if one is named and there is one, then those of the
    /// key that are not among them.
    pub(crate) fn order(&self, index: Option<&str>) -> Vec<&'static str> {
        let index = index.and_then(|name| self.indexes.iter().find(|index| index.name == name));
        let mut order = index.map_or_else(Vec::new, |index| index.columns.to_vec());
        order.extend(self.key.iter().filter(|column| !index.is_some_and(|index| index.columns.contains(column))));
        order
    }
}

/// One row: the values of all columns, with what the store keeps beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The layout version it was written with.
    pub version: i64,
    /// How many times the row of this key has been written.
    pub revision: i64,
    /// The values in the order of the table's columns; a row of an older layout may have fewer.
    pub values: Vec<Value>,
}

impl Row {
    /// The key of this row.
    pub fn key(&self, table: &Table) -> Vec<Value> {
        self.select(table, table.key)
    }

    /// The values of those columns, in that order.
    pub fn select(&self, table: &Table, columns: &[&str]) -> Vec<Value> {
        let value = |name: &&str| table.position(name).and_then(|at| self.values.get(at)).cloned();
        columns.iter().map(|name| value(name).unwrap_or(Value::Null)).collect()
    }
}

/// Where a scan begins or ends, relative to the columns of its order.
///
/// Rows are compared with a bound in as many columns as it has values: a bound may name only the first ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At the rows that begin with these values, themselves included.
    Including(Vec<Value>),
    /// Just beyond all rows that begin with these values: above them for the lower end, below them for the upper.
    Excluding(Vec<Value>),
}

/// Which rows to list, in which order.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The table.
    pub table: &'static Table,
    /// The index whose order it is, or `None` for the order of the key.
    pub index: Option<&'static str>,
    /// The first columns of the order must have these values.
    pub prefix: Vec<Value>,
    /// Where to begin, as values of the columns after the prefix (followed by the key, for an index): the lower end.
    pub from: Option<Bound>,
    /// Where to end, likewise: the upper end.
    pub to: Option<Bound>,
    /// From the upper end down.
    pub descending: bool,
    /// At most this many rows.
    pub limit: usize,
}

impl Scan {
    /// All rows of the record's table in the order of the key, at most `limit`.
    pub fn of<R: Record>(limit: usize) -> Self {
        Self { table: R::TABLE, index: None, prefix: Vec::new(), from: None, to: None, descending: false, limit }
    }

    /// In the order of that index.
    #[must_use]
    pub fn by(mut self, index: &'static str) -> Self {
        self.index = Some(index);
        self
    }

    /// Only rows whose order begins with these values.
    #[must_use]
    pub fn with(mut self, prefix: Vec<Value>) -> Self {
        self.prefix = prefix;
        self
    }

    /// From there on (the lower end).
    #[must_use]
    pub fn from(mut self, bound: Bound) -> Self {
        self.from = Some(bound);
        self
    }

    /// Up to there (the upper end).
    #[must_use]
    pub fn to(mut self, bound: Bound) -> Self {
        self.to = Some(bound);
        self
    }

    /// The last first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }
}
