//! How many Requests of each peer wait for a person: counted in memory, so that a flood is denied without reading.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::ids::PeerName;

/// The counts; absent until the store was read once.
#[derive(Debug, Default)]
pub(super) struct Undecided(Mutex<Option<HashMap<PeerName, usize>>>);

impl Undecided {
    /// The count of a peer; nothing if the store has not been read yet.
    pub(super) fn of(&self, peer: &PeerName) -> Option<usize> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.as_ref().map(|counts| counts.get(peer).copied().unwrap_or(0))
    }

    /// Begins with what the store says.
    pub(super) fn begin(&self, peers: impl IntoIterator<Item = PeerName>) {
        let mut counts = HashMap::new();
        for peer in peers {
            *counts.entry(peer).or_insert(0) += 1;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(counts);
    }

    /// Forgets all counts: they are read again when they are next needed.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// One more waits.
    pub(super) fn more(&self, peer: &PeerName) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = counts.as_mut() {
            *counts.entry(peer.clone()).or_insert(0) += 1;
        }
    }

    /// One waits no longer.
    pub(super) fn less(&self, peer: &PeerName) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.as_mut().and_then(|counts| counts.get_mut(peer)) {
            *count = count.saturating_sub(1);
        }
    }

    /// How many wait in all.
    pub(super) fn all(&self) -> usize {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.as_ref().map_or(0, |counts| counts.values().sum())
    }
}
