//! Which incidents are part of a significant event. Asked for nearly every message, and nearly always the answer is none:
//! that much is known without reading.
//!
//! What is remembered are hashes, one for each incident that a batch of ours was to join to an event: one too many costs a
//! reading, and none is ever missing. Where other nodes write to the store too, it is always read.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::OnceCell;

use crate::ids::EventId;
use crate::store::records::EventIncident;
use crate::store::{Batch, Bound, Column, Scan, Store, StoreError};

/// How many rows are read at once.
const PAGE: usize = 1_000;

/// The incidents of all events.
pub(super) struct Belonging {
    store: Arc<dyn Store>,
    /// Whether other nodes write to the store.
    shared: bool,
    hasher: RandomState,
    maybe: RwLock<HashSet<u64>>,
    /// Whether those are in `maybe` that were in the store when we began.
    read: OnceCell<()>,
}

impl Belonging {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        let (shared, hasher) = (store.tidings().is_some(), RandomState::new());
        Self { store, shared, hasher, maybe: RwLock::default(), read: OnceCell::new() }
    }

    /// Has the batch join the incident to an event, which it must be no part of yet.
    pub(super) fn join(&self, batch: &mut Batch, incident: &EventIncident) {
        // Before the batch is in the line, so that it is never in the store unknown.
        self.note(incident);
        batch.insert(incident);
    }

    /// The event that the incident is part of.
    pub(super) async fn event_of(&self, name: &str, id: &str) -> Result<Option<EventId>, StoreError> {
        if !self.shared {
            self.read.get_or_try_init(|| self.read()).await?;
            let maybe = self.maybe.read().unwrap_or_else(PoisonError::into_inner);
            if !maybe.contains(&self.hasher.hash_one((name, id))) {
                return Ok(None);
            }
        }
        let key = vec![name.to_owned().to_value(), id.to_owned().to_value()];
        Ok(self.store.find::<EventIncident>(key).await?.map(|found| found.event))
    }

    fn note(&self, incident: &EventIncident) {
        let hash = self.hasher.hash_one((incident.name.as_str(), incident.id.as_str()));
        self.maybe.write().unwrap_or_else(PoisonError::into_inner).insert(hash);
    }

    async fn read(&self) -> Result<(), StoreError> {
        let mut scan = Scan::of::<EventIncident>(PAGE);
        loop {
            let page: Vec<EventIncident> = self.store.list(scan.clone()).await?;
            page.iter().for_each(|incident| self.note(incident));
            let Some(last) = page.last().filter(|_| page.len() == PAGE) else { return Ok(()) };
            scan = scan.from(Bound::Excluding(vec![last.name.to_value(), last.id.to_value()]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::pair::pair;
    use crate::store::{Config, open};

    fn incident(number: usize) -> EventIncident {
        EventIncident { name: "cert".to_owned(), id: number.to_string(), event: "SE-1".parse().unwrap() }
    }

    fn store(place: &tempfile::TempDir) -> Arc<dyn Store> {
        open(&Config::at(format!("sqlite:{}", place.path().join("store").display()))).unwrap()
    }

    #[tokio::test]
    async fn an_incident_belongs_to_its_event_whoever_joined_it_and_when() {
        let place = tempfile::tempdir().unwrap();
        let store = store(&place);
        let mut batch = Batch::new();
        for number in 0..=PAGE {
            batch.insert(&incident(number));
        }
        store.commit(batch).await.unwrap();
        let belonging = Belonging::new(Arc::clone(&store));
        let event = Some("SE-1".parse().unwrap());
        for number in [0, 1, PAGE] {
            assert_eq!(belonging.event_of("cert", &number.to_string()).await.unwrap(), event, "{number}");
        }
        assert_eq!(belonging.event_of("cert", "new").await.unwrap(), None);
        let mut batch = Batch::new();
        belonging.join(&mut batch, &EventIncident { id: "new".to_owned(), ..incident(0) });
        assert_eq!(belonging.event_of("cert", "new").await.unwrap(), None, "not committed yet");
        store.commit(batch).await.unwrap();
        assert_eq!(belonging.event_of("cert", "new").await.unwrap(), event);
    }

    #[tokio::test]
    async fn what_another_node_has_joined_is_found_at_once() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = pair(store(&place));
        let belonging = Belonging::new(one);
        assert_eq!(belonging.event_of("cert", "1").await.unwrap(), None);
        let mut batch = Batch::new();
        batch.insert(&incident(1));
        other.commit(batch).await.unwrap();
        assert_eq!(belonging.event_of("cert", "1").await.unwrap(), Some("SE-1".parse().unwrap()));
    }
}
