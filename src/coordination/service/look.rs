//! What staff see of an event: its state and its log. Lists, notices and the check of the chains `admin` reads from the store
//! itself.

use std::sync::Arc;

use super::Coordination;
use super::refused::OrderError;
use crate::coordination::entry::Entry;
use crate::coordination::process::ProcessError;
use crate::coordination::state::State;
use crate::ids::EventId;
use crate::store::records::LogEntry;
use crate::store::{Bound, Column, Scan, StoreError};

/// How many rows are read at once.
const PAGE: usize = 1_000;

/// One entry of a log as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Its record.
    pub record: LogEntry,
    /// What it says.
    pub entry: Entry,
}

fn read(record: LogEntry) -> Result<Logged, ProcessError> {
    let wrong = |why: String| ProcessError::Log { event: record.event.to_string(), why };
    let entry = Entry::read(&record).map_err(|error| wrong(error.to_string()))?;
    Ok(Logged { record, entry })
}

impl Coordination {
    /// An event as it stands.
    ///
    /// # Errors
    /// If there is none of that name.
    pub async fn state(&self, event: &EventId) -> Result<Arc<State>, OrderError> {
        let found = self.shelf.look(event).await?;
        found.ok_or_else(|| ProcessError::NoSuchEvent { event: event.to_string() }.into())
    }

    /// The log of an event.
    ///
    /// # Errors
    /// If there is none of that name, or it cannot be read.
    pub async fn log(&self, event: &EventId) -> Result<Vec<Logged>, OrderError> {
        let log = self.records(event).await?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if log.is_empty() {
            return Err(ProcessError::NoSuchEvent { event: event.to_string() }.into());
        }
        Ok(log)
    }

    /// The last entries of the log of an event whose number is below `below`, `most` of them, the newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn latest(&self, event: &EventId, below: i64, most: usize) -> Result<Vec<Logged>, OrderError> {
        let scan = Scan::of::<LogEntry>(most).with(vec![event.to_value()]).descending();
        let records = self.store.list::<LogEntry>(scan.to(Bound::Excluding(vec![below.to_value()]))).await?;
        Ok(records.into_iter().map(read).collect::<Result<_, _>>()?)
    }

    async fn records(&self, event: &EventId) -> Result<Vec<LogEntry>, StoreError> {
        let mut records: Vec<LogEntry> = Vec::new();
        let mut scan = Scan::of::<LogEntry>(PAGE).with(vec![event.to_value()]);
        loop {
            let page = self.store.list::<LogEntry>(scan.clone()).await?;
            let last = page.last().filter(|_| page.len() == PAGE).map(|record| record.number);
            records.extend(page);
            let Some(last) = last else { return Ok(records) };
            scan = scan.from(Bound::Excluding(vec![last.to_value()]));
        }
    }
}
