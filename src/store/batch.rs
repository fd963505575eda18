//! One step's changes, with what must hold for them.

use super::Record;
use super::table::{Row, Table, Value};

/// What must hold when the batch is committed.
#[derive(Clone, Debug)]
pub enum Precondition {
    /// No row has this key.
    Absent {
        /// The table of the key.
        table: &'static Table,
        /// The whole key.
        key: Vec<Value>,
    },
    /// The row of this key has been written exactly this many times.
    Revision {
        /// The table of the key.
        table: &'static Table,
        /// The whole key.
        key: Vec<Value>,
        /// The revision as read.
        revision: i64,
    },
    /// The same, and nobody else has the row in hand: where another node is about to change it, the batch fails at once
    /// instead of waiting for what comes of that.
    Free {
        /// The table of the key.
        table: &'static Table,
        /// The whole key.
        key: Vec<Value>,
        /// The revision as read.
        revision: i64,
    },
    /// The last row of a log has this number: the log's key is the prefix and a number that counts from 1.
    Head {
        /// The table of the log; its key's last column is the number.
        table: &'static Table,
        /// The key without its last column.
        prefix: Vec<Value>,
        /// The number of the last row; 0 for an empty log.
        head: i64,
    },
}

/// One change of one row.
#[derive(Clone, Debug)]
pub enum Change {
    /// Writes the row, new or anew; its revision becomes one more than it was (a new row's is 1).
    Put {
        /// The table of the row.
        table: &'static Table,
        /// Its values in the order of the table's columns; the revision in it is ignored.
        row: Row,
    },
    /// Writes the row as another store has it: its version and its revision are those in it. For copies alone.
    Keep {
        /// The table of the row.
        table: &'static Table,
        /// Its values in the order of the table's columns.
        row: Row,
    },
    /// Removes the row if it is there.
    Delete {
        /// The table of the row.
        table: &'static Table,
        /// The whole key.
        key: Vec<Value>,
    },
}

/// Changes that happen together or not at all. A later change of the same row sees the earlier one.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// All of these must hold before the first change.
    pub preconditions: Vec<Precondition>,
    /// Carried out in this order.
    pub changes: Vec<Change>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes the record.
    pub fn put<R: Record>(&mut self, record: &R) -> &mut Self {
        self.changes.push(Change::Put { table: R::TABLE, row: record.to_row() });
        self
    }

    /// Writes the record, which must not be there yet.
    pub fn insert<R: Record>(&mut self, record: &R) -> &mut Self {
        let row = record.to_row();
        self.preconditions.push(Precondition::Absent { table: R::TABLE, key: row.key(R::TABLE) });
        self.changes.push(Change::Put { table: R::TABLE, row });
        self
    }

    /// Writes the record, which must still be as it was when it had `revision`.
    pub fn update<R: Record>(&mut self, record: &R, revision: i64) -> &mut Self {
        let row = record.to_row();
        self.preconditions.push(Precondition::Revision { table: R::TABLE, key: row.key(R::TABLE), revision });
        self.changes.push(Change::Put { table: R::TABLE, row });
        self
    }

    /// As [`Self::update`], for who need not have this record rather than another: it counts as changed, too, while
    /// another node has it in hand.
    pub fn claim<R: Record>(&mut self, record: &R, revision: i64) -> &mut Self {
        let row = record.to_row();
        self.preconditions.push(Precondition::Free { table: R::TABLE, key: row.key(R::TABLE), revision });
        self.changes.push(Change::Put { table: R::TABLE, row });
        self
    }

    /// Removes the record of that key.
    pub fn delete<R: Record>(&mut self, key: Vec<Value>) -> &mut Self {
        self.changes.push(Change::Delete { table: R::TABLE, key });
        self
    }

    /// Adds all of `other` after what is here.
    pub fn append(&mut self, mut other: Self) -> &mut Self {
        self.preconditions.append(&mut other.preconditions);
        self.changes.append(&mut other.changes);
        self
    }

    /// Whether there is nothing to do and nothing to check.
    pub fn is_empty(&self) -> bool {
        self.preconditions.is_empty() && self.changes.is_empty()
    }
}
