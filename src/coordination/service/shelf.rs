//! The events in hand: their states, folded from their logs and remembered, each under a lock of its own.
//!
//! Whoever wants to change an event takes it off the shelf and holds it until the batch is committed; what it will be is
//! put back only then. A step that is dropped puts nothing back: the event is read anew the next time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

use crate::coordination::ProcessError;
use crate::coordination::chain::Head;
use crate::coordination::entry::Entry;
use crate::coordination::state::{Stamp, State};
use crate::ids::EventId;
use crate::store::records::LogEntry;
use crate::store::{Bound, Column, Scan, Store};

/// How many records of a log are read at once.
const PAGE: usize = 1_000;

/// An event as it stands in the store.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Its state.
    pub(super) state: Arc<State>,
    /// Where its log ends.
    pub(super) head: Head,
}

/// The place of one event on the shelf; empty if it is not remembered.
type Place = Arc<Lock<Option<Kept>>>;

/// An event that was taken off the shelf.
pub(super) type Taken = OwnedMutexGuard<Option<Kept>>;

/// All events that were looked at lately.
pub(super) struct Shelf {
    store: Arc<dyn Store>,
    places: Mutex<HashMap<EventId, Place>>,
    /// How many events are remembered.
    room: usize,
}

impl Shelf {
    pub(super) fn new(store: Arc<dyn Store>, room: usize) -> Self {
        Self { store, places: Mutex::default(), room }
    }

    fn place(&self, id: &EventId) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(id) {
            return Arc::clone(place);
        }
        if places.len() >= self.room {
            // Whatever nobody has in hand can be read again.
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(places.entry(id.clone()).or_default())
    }

    /// The event, locked until the guard is dropped; its place is empty if there is no such event.
    pub(super) async fn take(&self, id: &EventId) -> Result<Taken, ProcessError> {
        let mut taken = self.place(id).lock_owned().await;
        if taken.is_none() {
            *taken = self.read(id).await?;
        }
        Ok(taken)
    }

    /// The event as it stands, for looking only.
    pub(super) async fn look(&self, id: &EventId) -> Result<Option<Arc<State>>, ProcessError> {
        let taken = self.take(id).await?;
        Ok(taken.as_ref().map(|kept| Arc::clone(&kept.state)))
    }

    /// Folds the log of the event, and checks its chain on the way.
    async fn read(&self, id: &EventId) -> Result<Option<Kept>, ProcessError> {
        let mut head = Head::default();
        let mut state: Option<State> = None;
        let mut scan = Scan::of::<LogEntry>(PAGE).with(vec![id.to_value()]);
        loop {
            let records: Vec<LogEntry> = self.store.list(scan.clone()).await?;
            let Some(last) = records.last() else { break };
            scan = scan.from(Bound::Excluding(vec![last.number.to_value()]));
            for record in &records {
                let wrong = |why: String| ProcessError::Log { event: id.to_string(), why };
                head.follow(record).map_err(|broken| wrong(broken.to_string()))?;
                let entry = Entry::read(record).map_err(|unreadable| wrong(unreadable.to_string()))?;
                let stamp = Stamp { number: record.number, at: record.at, actor: record.actor.clone() };
                match (&mut state, &entry) {
                    (Some(state), entry) => state.apply(&stamp, entry),
                    (None, Entry::Opened(opening)) => state = Some(State::opened(id.clone(), &stamp, opening)),
                    (None, _) => return Err(wrong("it does not begin with the opening of the event".to_owned())),
                }
            }
            if records.len() < PAGE {
                break;
            }
        }
        Ok(state.map(|state| Kept { state: Arc::new(state), head }))
    }
}
