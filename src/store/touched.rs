//! Touched: in which tables this node itself has committed something lately. The counterpart of [`super::tidings`], which
//! tells of other nodes.
//!
//! [`super::metered()`] counts; whoever shows the rows of a table to people listens, and reads them again. A commit costs the
//! same however many listen, for a listener who gathers for a while is not woken meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::watch;

use super::batch::{Batch, Change};

/// For each table that was ever touched, in how many batches.
pub type Counts = BTreeMap<&'static str, u64>;

/// Where a listener sees the counts, and that they have changed.
pub type Touched = watch::Receiver<Counts>;

/// Counts the batches that are durable, by table.
#[derive(Debug, Default)]
pub(super) struct Counting(watch::Sender<Counts>);

impl Counting {
    /// For one more listener.
    pub(super) fn listen(&self) -> Touched {
        self.0.subscribe()
    }

    /// A batch that changed these tables is durable.
    pub(super) fn count(&self, tables: &BTreeSet<&'static str>) {
        if tables.is_empty() {
            return;
        }
        self.0.send_modify(|counts| {
            for table in tables {
                let count = counts.entry(table).or_default();
                *count = count.wrapping_add(1);
            }
        });
    }
}

impl Batch {
    /// The names of the tables that it changes.
    pub(super) fn tables(&self) -> BTreeSet<&'static str> {
        let table = |change: &Change| match change {
            Change::Put { table, .. } | Change::Keep { table, .. } | Change::Delete { table, .. } => table.name,
        };
        self.changes.iter().map(table).collect()
    }
}
