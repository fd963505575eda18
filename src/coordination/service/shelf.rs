//! The events in hand: their states, folded from their logs and remembered, each under a lock of its own.
//!
//! Whoever wants to change an event takes it off the shelf, and puts it back as it will be once the batch has its place in
//! the line of the store: the next step builds on that, and its batch comes after. So the steps of one event share the
//! disk's syncs instead of waiting for one each. If a batch fails, those that were built on it fail too, for each names
//! the head of the log that it follows; the event is then read anew. Whoever only looks sees what is on the disk.
//!
//! Where several nodes share the store, what is remembered may be behind: each use first compares it with the head that the
//! event's row names, and reads on from where it was. Another node can still be faster than that; the batch fails then.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

use crate::coordination::ProcessError;
use crate::coordination::chain::Head;
use crate::coordination::entry::Entry;
use crate::coordination::state::{Stamp, State};
use crate::ids::EventId;
use crate::store::records::{Event, LogEntry};
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

/// The place of one event on the shelf.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// As it will be once all is committed that is in the line; empty if it is not remembered.
    ahead: Arc<Lock<Option<Kept>>>,
    /// As it is on the disk, if that is known.
    durable: Mutex<Option<Kept>>,
    /// As it was known to be when a batch failed: the log begins like this, and may be longer.
    beginning: Mutex<Option<Kept>>,
    /// A batch has failed: what is ahead will not come.
    spoiled: AtomicBool,
}

impl Place {
    fn durable(&self) -> MutexGuard<'_, Option<Kept>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The batch is committed that made it this. Two batches can be reported in the other order; the later stays.
    pub(super) fn committed(&self, kept: Kept) {
        let mut durable = self.durable();
        if durable.as_ref().is_none_or(|known| known.head.number < kept.head.number) {
            *durable = Some(kept);
        }
    }

    /// The batch has failed, or nobody knows what became of it.
    pub(super) fn spoiled(&self) {
        if let Some(known) = self.durable().take() {
            *self.beginning() = Some(known);
        }
        self.spoiled.store(true, Ordering::SeqCst);
    }

    fn beginning(&self) -> MutexGuard<'_, Option<Kept>> {
        self.beginning.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The longest beginning of the log that is known to be on the disk.
    fn known(&self) -> Option<Kept> {
        let durable = self.durable().clone();
        durable.or_else(|| self.beginning().take())
    }
}

/// An event that was taken off the shelf.
pub(super) struct Taken {
    pub(super) place: Arc<Place>,
    pub(super) ahead: OwnedMutexGuard<Option<Kept>>,
}

/// All events that were looked at lately.
pub(super) struct Shelf {
    store: Arc<dyn Store>,
    places: Mutex<HashMap<EventId, Arc<Place>>>,
    /// How many events are remembered.
    room: usize,
    /// Whether other nodes write to the store.
    shared: bool,
}

impl Shelf {
    pub(super) fn new(store: Arc<dyn Store>, room: usize) -> Self {
        let shared = store.tidings().is_some();
        Self { store, places: Mutex::default(), room, shared }
    }

    fn place(&self, id: &EventId) -> Arc<Place> {
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
        let place = self.place(id);
        let mut ahead = Arc::clone(&place.ahead).lock_owned().await;
        if place.spoiled.swap(false, Ordering::SeqCst) {
            *ahead = None;
        }
        let behind = match &*ahead {
            None => true,
            Some(kept) => self.is_longer(id, kept).await?,
        };
        if behind {
            *ahead = self.read_on(id, place.known()).await?;
            if let Some(kept) = &*ahead {
                place.committed(kept.clone());
            }
        }
        Ok(Taken { place, ahead })
    }

    /// The event as it stands, for looking only.
    pub(super) async fn look(&self, id: &EventId) -> Result<Option<Arc<State>>, ProcessError> {
        let place = self.place(id);
        let known = place.durable().clone();
        if let Some(kept) = &known
            && !self.is_longer(id, kept).await?
        {
            return Ok(Some(Arc::clone(&kept.state)));
        }
        if let Some(kept) = self.read_on(id, place.known()).await? {
            place.committed(kept);
        }
        let found = place.durable().as_ref().map(|kept| Arc::clone(&kept.state));
        Ok(found)
    }

    /// Whether another node has made the log longer than what is remembered.
    async fn is_longer(&self, id: &EventId, kept: &Kept) -> Result<bool, ProcessError> {
        if !self.shared {
            return Ok(false);
        }
        let row = self.store.find::<Event>(vec![id.to_value()]).await?;
        Ok(row.is_some_and(|row| row.head > kept.head.number))
    }

    /// Reads the log from where it is known; the whole of it, if that does not fit.
    async fn read_on(&self, id: &EventId, known: Option<Kept>) -> Result<Option<Kept>, ProcessError> {
        if known.is_some() {
            match self.read(id, known).await {
                Err(ProcessError::Log { why, .. }) => {
                    tracing::warn!(event = %id, why, "what is remembered is not how the log begins; it is read anew");
                }
                read => return read,
            }
        }
        self.read(id, None).await
    }

    /// Folds the log of the event from what is known of it on, and checks its chain on the way.
    async fn read(&self, id: &EventId, known: Option<Kept>) -> Result<Option<Kept>, ProcessError> {
        let mut scan = Scan::of::<LogEntry>(PAGE).with(vec![id.to_value()]);
        let (mut head, mut state) = (Head::default(), None::<Arc<State>>);
        if let Some(known) = known {
            scan = scan.from(Bound::Excluding(vec![known.head.number.to_value()]));
            (head, state) = (known.head, Some(known.state));
        }
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
                    // Copied once if others hold what was known.
                    (Some(state), entry) => Arc::make_mut(state).apply(&stamp, entry),
                    (None, Entry::Opened(opening)) => {
                        state = Some(Arc::new(State::opened(id.clone(), &stamp, opening)));
                    }
                    (None, _) => return Err(wrong("it does not begin with the opening of the event".to_owned())),
                }
            }
            if records.len() < PAGE {
                break;
            }
        }
        Ok(state.map(|state| Kept { state, head }))
    }
}
