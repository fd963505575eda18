//! How many parcels wait for whom, and how many were given up: kept in memory for the limit and for the metrics.
//!
//! An estimate: what is posted to a batch that is never committed is counted until the next count. The worker counts
//! anew at its start and every hour.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::records::ParcelKind;
use crate::telemetry::Metrics;

#[derive(Debug, Default)]
struct Figures {
    waiting: HashMap<String, usize>,
    carriers: HashMap<ParcelKind, Carried>,
}

/// How many parcels of one carrier have not left, and how many were given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) undelivered: u64,
    pub(super) dead: u64,
}

/// The counts, shown as metrics at every change.
pub(super) struct Counts {
    figures: Mutex<Figures>,
    metrics: Arc<Metrics>,
}

impl Counts {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { figures: Mutex::default(), metrics }
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what stands for one carrier, and shows it.
    fn change(&self, figures: &mut Figures, kind: ParcelKind, change: impl FnOnce(&mut Carried)) {
        let carried = figures.carriers.entry(kind).or_default();
        change(carried);
        self.show(kind, *carried);
    }

    fn show(&self, kind: ParcelKind, carried: Carried) {
        self.metrics.parcels(kind.as_str(), "undelivered", carried.undelivered);
        self.metrics.parcels(kind.as_str(), "dead", carried.dead);
    }

    /// One more waits for the recipient, unless there are `limit` already: then how many.
    pub(super) fn add_within(&self, kind: ParcelKind, recipient: &str, limit: usize) -> Result<(), usize> {
        let mut figures = self.figures();
        let count = figures.waiting.get(recipient).copied().unwrap_or(0);
        if count >= limit {
            return Err(count);
        }
        figures.waiting.insert(recipient.to_owned(), count + 1);
        self.change(&mut figures, kind, |carried| carried.undelivered += 1);
        Ok(())
    }

    /// One that had left waits again.
    pub(super) fn back(&self, kind: ParcelKind, recipient: &str, was_dead: bool) {
        let mut figures = self.figures();
        *figures.waiting.entry(recipient.to_owned()).or_default() += 1;
        self.change(&mut figures, kind, |carried| {
            carried.undelivered += 1;
            carried.dead = carried.dead.saturating_sub(u64::from(was_dead));
        });
    }

    /// One that waited has left, one way or the other.
    pub(super) fn left(&self, kind: ParcelKind, recipient: &str, dead: bool) {
        let mut figures = self.figures();
        if let Some(count) = figures.waiting.get_mut(recipient) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                figures.waiting.remove(recipient);
            }
        }
        self.change(&mut figures, kind, |carried| {
            carried.undelivered = carried.undelivered.saturating_sub(1);
            carried.dead += u64::from(dead);
        });
    }

    /// A dead letter was dropped.
    pub(super) fn buried(&self, kind: ParcelKind) {
        let mut figures = self.figures();
        self.change(&mut figures, kind, |carried| carried.dead = carried.dead.saturating_sub(1));
    }

    /// What a count of the store has given.
    pub(super) fn set(&self, waiting: HashMap<String, usize>, carriers: HashMap<ParcelKind, Carried>) {
        let mut figures = self.figures();
        (figures.waiting, figures.carriers) = (waiting, carriers);
        // Every carrier is shown, so that nobody has to guess whether none is nothing.
        for kind in ParcelKind::ALL {
            self.show(*kind, figures.carriers.get(kind).copied().unwrap_or_default());
        }
    }

    /// How many wait for the recipient.
    #[cfg(test)]
    pub(super) fn waiting(&self, recipient: &str) -> usize {
        self.figures().waiting.get(recipient).copied().unwrap_or(0)
    }
}
