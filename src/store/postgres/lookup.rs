//! Rows by their keys. What is asked for while an answer is on its way is asked for together as soon as it is there, as with
//! commits: one statement for many rows of a table, and nobody waits for others who are not there yet.
//!
//! A statement is sent after everything in it was asked for, so each sees what was committed before. The asking is a task of
//! the store's own: a caller that goes away harms nobody. Whoever waits behind a statement that the server did not carry out
//! is told so too, and does not wait once more for the same.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::read::Readers;
use super::rows::Kept;
use super::statements;
use crate::store::StoreError;
use crate::store::pack::key_fits;
use crate::store::table::{ColumnKind, Row, Table, Value};

/// The most rows asked for in one statement.
const TOGETHER: usize = 256;

type Told = Result<Option<Row>, StoreError>;

/// Somebody who waits for a row.
struct Ask {
    key: Vec<Value>,
    tell: oneshot::Sender<Told>,
}

/// Those who wait for rows of one table.
#[derive(Default)]
struct Line {
    waiting: Vec<Ask>,
    /// Whether a task serves the line.
    served: bool,
}

/// The lines of all tables.
pub(super) struct Lookups {
    readers: Arc<Readers>,
    lines: HashMap<&'static str, Mutex<Line>>,
}

impl Lookups {
    pub(super) fn new(readers: Arc<Readers>, tables: &[&'static Table]) -> Arc<Self> {
        let lines = tables.iter().map(|table| (table.name, Mutex::default())).collect();
        Arc::new(Self { readers, lines })
    }

    /// The row of that key.
    pub(super) async fn row(self: &Arc<Self>, home: &Runtime, table: &'static Table, key: Vec<Value>) -> Told {
        drop(self.line(table)?);
        key_fits(table, &key)?;
        let kinds = statements::kinds(table, table.key);
        // A text that is no UUID stands in no column of UUIDs.
        if kinds.iter().zip(&key).any(|(kind, value)| Kept::of(*kind, value).is_none()) {
            return Ok(None);
        }
        let (tell, told) = oneshot::channel();
        let ask = Ask { key, tell };
        if bulky(table) {
            let all = Arc::clone(self);
            home.spawn(async move { all.answer(table, vec![ask]).await });
        } else if self.join(table, ask)? {
            let serving = Serving { all: Arc::clone(self), table, over: false };
            home.spawn(serving.serve());
        }
        told.await.map_err(|_| StoreError::Closed)?
    }

    fn line(&self, table: &'static Table) -> Result<MutexGuard<'_, Line>, StoreError> {
        let line = self.lines.get(table.name).ok_or(StoreError::UnknownTable { table: table.name })?;
        // Whoever panicked left a line that can be served.
        Ok(line.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has somebody wait; whether the line must be served from now on.
    fn join(&self, table: &'static Table, ask: Ask) -> Result<bool, StoreError> {
        let mut line = self.line(table)?;
        line.waiting.push(ask);
        Ok(!mem::replace(&mut line.served, true))
    }

    /// Asks for these, and tells each what was found; whether the server has answered.
    async fn answer(&self, table: &'static Table, asks: Vec<Ask>) -> Result<(), StoreError> {
        let keys: Vec<_> = asks.iter().map(|ask| &ask.key).collect();
        match self.readers.find(table, &keys).await {
            Ok(found) => {
                for (ask, found) in asks.into_iter().zip(found) {
                    // Whoever does not wait any longer need not be told.
                    let _ = ask.tell.send(found);
                }
                Ok(())
            }
            Err(why) => {
                tell_all(asks, &why);
                Err(why)
            }
        }
    }
}

/// Whether rows of the table are there to keep bytes: many of them at once would be a lot.
fn bulky(table: &Table) -> bool {
    table.columns.iter().any(|spec| spec.kind == ColumnKind::Bytes && !spec.optional)
}

fn tell_all(asks: Vec<Ask>, why: &StoreError) {
    for ask in asks {
        let _ = ask.tell.send(Err(why.again()));
    }
}

/// The serving of one line. However it ends, the next who comes finds a line that is not served.
struct Serving {
    all: Arc<Lookups>,
    table: &'static Table,
    over: bool,
}

impl Serving {
    async fn serve(mut self) {
        while let Some(asks) = self.next() {
            if let Err(why @ StoreError::Server { .. }) = self.all.answer(self.table, asks).await {
                let behind = self.all.line(self.table).map(|mut line| mem::take(&mut line.waiting));
                tell_all(behind.unwrap_or_default(), &why);
            }
        }
    }

    /// Those who are asked for next; `None` ends the serving.
    fn next(&mut self) -> Option<Vec<Ask>> {
        let mut line = self.all.line(self.table).ok()?;
        if line.waiting.is_empty() {
            line.served = false;
            self.over = true;
            return None;
        }
        let count = line.waiting.len().min(TOGETHER);
        let rest = line.waiting.split_off(count);
        Some(mem::replace(&mut line.waiting, rest))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.over
            && let Ok(mut line) = self.all.line(self.table)
        {
            *line = Line::default();
        }
    }
}
