//! What other nodes change in a store that is shared, told to every part that remembers something of it.
//!
//! It promises that each part learns of a change soon after its commit, and of changes that were missed when the store says
//! that something may have been. What a part decides by what it remembers, it puts among the preconditions of its batch all
//! the same (ADR 17).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::coordination::Coordination;
use crate::exchange::Exchange;
use crate::ids::EventId;
use crate::inventory::Inventory;
use crate::outbox::Outbox;
use crate::peers::Directory;
use crate::roster::Rosters;
use crate::store::records::{Contact, Event, Parcel, Patch, Peer, Pin, Request, System};
use crate::store::{Record, Table, Tiding, Tidings};

/// How long more is waited for after the first tiding: what one batch changes is told together.
const GATHER: Duration = Duration::from_millis(10);
/// How long to wait after something could not be read.
const AGAIN: Duration = Duration::from_secs(1);
/// Requests of peers that wait are not counted anew more often than this.
const REQUESTS: Duration = Duration::from_secs(5);

/// Whoever remembers something of the store.
pub(super) struct Ears {
    pub(super) directory: Arc<Directory>,
    pub(super) rosters: Arc<Rosters>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) coordination: Arc<Coordination>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) outbox: Arc<Outbox>,
}

/// Tells what is heard, until `stop` says true.
pub(super) async fn listen(ears: Ears, mut tidings: Tidings, mut stop: watch::Receiver<bool>) {
    // What was changed between the reading of each part and now is told by nobody else.
    let mut heard = Heard { anything: true, ..Heard::default() };
    let mut counted = None;
    loop {
        heard = ears.tell(heard, &mut counted).await;
        if !heard.is_empty() {
            tokio::select! {
                () = sleep(AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
        if heard.is_empty() {
            tokio::select! {
                told = tidings.recv() => match told {
                    Ok(tiding) => heard.add(tiding),
                    Err(RecvError::Lagged(_)) => heard.add(Tiding::Anything),
                    Err(RecvError::Closed) => {
                        tracing::error!("the store does not tell any more what other nodes change");
                        return;
                    }
                },
                _ = stop.wait_for(|stop| *stop) => return,
            }
            sleep(GATHER).await;
        }
        loop {
            match tidings.try_recv() {
                Ok(tiding) => heard.add(tiding),
                Err(TryRecvError::Lagged(_)) => heard.add(Tiding::Anything),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
    }
}

/// What was heard and is not told yet.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    anything: bool,
    /// The keys by table; none: more than can be named.
    tables: BTreeMap<&'static str, Option<BTreeSet<String>>>,
}

/// How much of a table was changed.
#[derive(Debug, PartialEq, Eq)]
enum Extent {
    Nothing,
    Rows(BTreeSet<String>),
    All,
}

impl Heard {
    fn add(&mut self, tiding: Tiding) {
        match tiding {
            Tiding::Anything => self.anything = true,
            Tiding::Table { table } => drop(self.tables.insert(table, None)),
            Tiding::Row { table, key } => {
                if let Some(keys) = self.tables.entry(table).or_insert_with(|| Some(BTreeSet::new())) {
                    keys.insert(key);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        !self.anything && self.tables.is_empty()
    }

    fn of(&self, tables: &[&Table]) -> Extent {
        if self.anything {
            return Extent::All;
        }
        let mut rows = BTreeSet::new();
        for table in tables {
            match self.tables.get(table.name) {
                Some(Some(keys)) => rows.extend(keys.iter().cloned()),
                Some(None) => return Extent::All,
                None => {}
            }
        }
        if rows.is_empty() { Extent::Nothing } else { Extent::Rows(rows) }
    }

    fn has(&self, tables: &[&Table]) -> bool {
        self.of(tables) != Extent::Nothing
    }
}

impl Ears {
    /// Tells each part what concerns it; what must be told again, because the store could not be read. `counted` is when
    /// waiting requests were last forgotten.
    async fn tell(&self, heard: Heard, counted: &mut Option<Instant>) -> Heard {
        let mut again = Heard::default();
        let mut missed = |tables: &[&Table], error: &dyn std::fmt::Display| {
            tracing::warn!(%error, "what another node has changed cannot be read; trying again");
            tables.iter().for_each(|table| again.add(Tiding::Table { table: table.name }));
        };
        let peers = [Peer::TABLE, Pin::TABLE];
        if heard.has(&peers) {
            match self.directory.heard().await {
                Ok(changes) => changes.iter().for_each(|line| tracing::info!("changed at another node: {line}")),
                Err(error) => missed(&peers, &error),
            }
        }
        if heard.has(&[Contact::TABLE])
            && let Err(error) = self.rosters.heard().await
        {
            missed(&[Contact::TABLE], &error);
        }
        match heard.of(&[System::TABLE, Patch::TABLE]) {
            Extent::Nothing => {}
            Extent::Rows(systems) => self.inventory.heard(Some(systems.into_iter().collect())),
            Extent::All => self.inventory.heard(None),
        }
        let told = match heard.of(&[Event::TABLE]) {
            Extent::Nothing => Ok(()),
            Extent::Rows(events) => {
                let events: Vec<EventId> = events.iter().filter_map(|event| event.parse().ok()).collect();
                self.coordination.heard(events).await
            }
            Extent::All => self.coordination.heard_of_all().await,
        };
        if let Err(error) = told {
            missed(&[Event::TABLE], &error);
        }
        if heard.has(&[Parcel::TABLE]) {
            self.outbox.wake();
        }
        if heard.has(&[Request::TABLE]) && counted.is_none_or(|last| last.elapsed() >= REQUESTS) {
            *counted = Some(Instant::now());
            self.exchange.heard_of_requests();
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: &'static Table, key: &str) -> Tiding {
        Tiding::Row { table: table.name, key: key.to_owned() }
    }

    #[test]
    fn what_is_heard_is_kept_by_table_until_it_is_more_than_can_be_named() {
        let mut heard = Heard::default();
        assert!(heard.is_empty());
        heard.add(row(Event::TABLE, "SE-1"));
        heard.add(row(System::TABLE, "sql1"));
        heard.add(row(Patch::TABLE, "sql2"));
        let rows = |keys: &[&str]| Extent::Rows(keys.iter().map(|key| (*key).to_owned()).collect());
        assert_eq!(heard.of(&[System::TABLE, Patch::TABLE]), rows(&["sql1", "sql2"]));
        assert_eq!((heard.of(&[Event::TABLE]), heard.of(&[Peer::TABLE])), (rows(&["SE-1"]), Extent::Nothing));
        heard.add(Tiding::Table { table: Patch::TABLE.name });
        heard.add(row(Patch::TABLE, "sql3"));
        assert_eq!(heard.of(&[System::TABLE, Patch::TABLE]), Extent::All);
        heard.add(Tiding::Anything);
        assert_eq!(heard.of(&[Peer::TABLE]), Extent::All);
    }
}
