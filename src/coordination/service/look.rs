//! What staff see of events: lists, states, logs, and whether the logs are whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Coordination;
use super::refused::OrderError;
use crate::coordination::chain::{Broken, Head};
use crate::coordination::entry::Entry;
use crate::coordination::process::ProcessError;
use crate::coordination::state::State;
use crate::ids::EventId;
use crate::store::records::{Event, LogEntry, Notice};
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

/// What the chains of the logs show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Each event with the number of its entries.
    pub whole: BTreeMap<EventId, i64>,
    /// The first record that is wrong, of each log that is broken.
    pub broken: Vec<Broken>,
}

impl Coordination {
    /// The events: those that are not over, or with `all` every one, in the order of their names.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn events(&self, all: bool) -> Result<Vec<Event>, OrderError> {
        let mut rows = if all { self.all_rows().await? } else { self.open_rows().await? };
        rows.sort_unstable_by(|a, b| a.opened.cmp(&b.opened).then_with(|| a.id.cmp(&b.id)));
        Ok(rows)
    }

    async fn all_rows(&self) -> Result<Vec<Event>, StoreError> {
        let mut rows = Vec::new();
        let mut scan = Scan::of::<Event>(PAGE);
        loop {
            let page = self.store.list::<Event>(scan.clone()).await?;
            let last = page.last().filter(|_| page.len() == PAGE).map(|row| row.id.clone());
            rows.extend(page);
            let Some(last) = last else { return Ok(rows) };
            scan = scan.from(Bound::Excluding(vec![last.to_value()]));
        }
    }

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
        let mut log = Vec::new();
        for record in self.records(event).await? {
            let wrong = |why: String| ProcessError::Log { event: event.to_string(), why };
            let entry = Entry::read(&record).map_err(|error| wrong(error.to_string()))?;
            log.push(Logged { record, entry });
        }
        if log.is_empty() {
            return Err(ProcessError::NoSuchEvent { event: event.to_string() }.into());
        }
        Ok(log)
    }

    /// The notices of an event, in the order of making.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn notices(&self, event: &EventId) -> Result<Vec<Notice>, OrderError> {
        let mut notices: Vec<Notice> = Vec::new();
        let mut scan = Scan::of::<Notice>(PAGE).by("by_event").with(vec![Some(event.clone()).to_value()]);
        loop {
            let page = self.store.list::<Notice>(scan.clone()).await?;
            let last = page.last().filter(|_| page.len() == PAGE).map(|notice| notice.id.clone());
            notices.extend(page);
            let Some(last) = last else { break };
            scan = scan.from(Bound::Excluding(vec![last.to_value()]));
        }
        notices.sort_by_key(|notice| notice.created);
        Ok(notices)
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

    /// Checks the chains of these events' logs; none named: of all.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn verify(&self, only: Option<&EventId>) -> Result<Verified, OrderError> {
        let mut verified = Verified::default();
        for row in self.all_rows().await?.into_iter().filter(|row| only.is_none_or(|only| *only == row.id)) {
            let mut head = Head::default();
            let records = self.records(&row.id).await?;
            let followed = records.iter().try_for_each(|record| head.follow(record));
            let short = || Broken {
                event: row.id.clone(),
                number: head.number + 1,
                what: format!("the event has {} entries, and the log ends before", row.head),
            };
            match followed {
                Err(broken) => verified.broken.push(broken),
                Ok(()) if head.number < row.head => verified.broken.push(short()),
                Ok(()) => drop(verified.whole.insert(row.id, head.number)),
            }
        }
        Ok(verified)
    }
}
