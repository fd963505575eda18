//! How many parcels wait for whom, and how many were given up: kept in memory for the limit and for the metrics.
//!
//! An estimate: what is posted to a batch that is never committed is counted until the next count. The worker counts
//! anew at its start and every hour.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::telemetry::Metrics;

#[derive(Debug, Default)]
struct Figures {
    waiting: HashMap<String, usize>,
    undelivered: u64,
    dead: u64,
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

    fn show(&self, figures: &Figures) {
        self.metrics.parcels("undelivered", figures.undelivered);
        self.metrics.parcels("dead", figures.dead);
    }

    /// One more waits for the recipient, unless there are `limit` already: then how many.
    pub(super) fn add_within(&self, recipient: &str, limit: usize) -> Result<(), usize> {
        let mut figures = self.figures();
        let count = figures.waiting.get(recipient).copied().unwrap_or(0);
        if count >= limit {
            return Err(count);
        }
        figures.waiting.insert(recipient.to_owned(), count + 1);
        figures.undelivered += 1;
        self.show(&figures);
        Ok(())
    }

    /// One that had left waits again.
    pub(super) fn back(&self, recipient: &str, was_dead: bool) {
        let mut figures = self.figures();
        *figures.waiting.entry(recipient.to_owned()).or_default() += 1;
        figures.undelivered += 1;
        figures.dead = figures.dead.saturating_sub(u64::from(was_dead));
        self.show(&figures);
    }

    /// One that waited has left, one way or the other.
    pub(super) fn left(&self, recipient: &str, dead: bool) {
        let mut figures = self.figures();
        if let Some(count) = figures.waiting.get_mut(recipient) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                figures.waiting.remove(recipient);
            }
        }
        figures.undelivered = figures.undelivered.saturating_sub(1);
        figures.dead += u64::from(dead);
        self.show(&figures);
    }

    /// A dead letter was dropped.
    pub(super) fn buried(&self) {
        let mut figures = self.figures();
        figures.dead = figures.dead.saturating_sub(1);
        self.show(&figures);
    }

    /// What a count of the store has given.
    pub(super) fn set(&self, waiting: HashMap<String, usize>, dead: u64) {
        let mut figures = self.figures();
        figures.undelivered = waiting.values().map(|count| *count as u64).sum();
        (figures.waiting, figures.dead) = (waiting, dead);
        self.show(&figures);
    }

    /// How many wait for the recipient.
    #[cfg(test)]
    pub(super) fn waiting(&self, recipient: &str) -> usize {
        self.figures().waiting.get(recipient).copied().unwrap_or(0)
    }
}
