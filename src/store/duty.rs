//! Keeping a duty, by a lease that is renewed for as long as the process lives: whoever asks [`Duty::keep`] often enough
//! holds the duty, or takes it over soon after its holder has died.
//!
//! Whether a holder is dead is judged by its silence, not by the clocks of two machines: a lease that nobody has written
//! for a whole span, measured here, has run out. So a wrong clock makes nobody lose a duty and nobody keep one.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::lease::{self, Fence, Held};
use super::records::Lease;
use super::{Store, StoreError};
use crate::clock::{Clock, Timestamp};

/// Who was silent for so long by any clock is dead, and need not be watched for a span first.
const LONG_DEAD: Duration = Duration::from_secs(15 * 60);

/// Who holds a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// We do, under this fence.
    Ours(Fence),
    /// Another does, or did when we last looked.
    Theirs(Lease),
    /// Nobody does, or somebody took it at this moment.
    Nobody,
}

/// One duty as one process sees it.
pub struct Duty {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    name: String,
    holder: String,
    span: Duration,
    alone: bool,
    held: Option<Held>,
    /// The revision at which the lease of another was seen, and since when.
    seen: Option<(i64, Instant)>,
    /// Who held it before us.
    former: Option<Lease>,
}

impl Duty {
    /// The duty of that name for `holder`, which must be the name of this process alone. A lease lasts for `span`.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        name: impl Into<String>,
        holder: impl Into<String>,
        span: Duration,
    ) -> Self {
        let (name, holder) = (name.into(), holder.into());
        Self { store, clock, name, holder, span, alone: false, held: None, seen: None, former: None }
    }

    /// For a store that no other process can have open: whoever held the duty before is dead.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// Renews the duty if it is ours, or takes it if its holder is silent or gave it back. To be called at least three
    /// times in a span.
    ///
    /// # Errors
    /// If the store cannot be read or written; nobody knows then who holds it.
    pub async fn keep(&mut self) -> Result<Holding, StoreError> {
        let now = self.clock.now();
        if let Some(held) = self.held.take()
            && let Some(held) = held.renew(&self.store, now, self.span).await?
        {
            return Ok(Holding::Ours(self.held.insert(held).fencing()));
        }
        let found = lease::look(&self.store, &self.name).await?;
        if let Some((lease, revision)) = &found
            && !self.may_take(lease, *revision, now)
        {
            return Ok(Holding::Theirs(lease.clone()));
        }
        let former = found.as_ref().map(|(lease, _)| lease.clone());
        let taken = lease::take(&self.store, &self.name, &self.holder, now + self.span, found).await?;
        let Some(held) = taken else { return Ok(Holding::Nobody) };
        self.seen = None;
        self.former = former.filter(|former| former.holder != self.holder);
        Ok(Holding::Ours(self.held.insert(held).fencing()))
    }

    /// Whether the duty is ours for the taking.
    fn may_take(&mut self, lease: &Lease, revision: i64, now: Timestamp) -> bool {
        let given_back = lease.until == Timestamp::default();
        if self.alone || given_back || lease.holder == self.holder || lease.until + LONG_DEAD < now {
            return true;
        }
        match self.seen {
            Some((seen, since)) if seen == revision => since.elapsed() >= self.span,
            _ => {
                self.seen = Some((revision, Instant::now()));
                false
            }
        }
    }

    /// Who held the duty when we took it.
    pub fn former(&self) -> Option<&Lease> {
        self.former.as_ref()
    }

    /// Gives the duty back if it is ours.
    ///
    /// # Errors
    /// If the store cannot be written; it then passes on when the lease runs out.
    pub async fn release(&mut self) -> Result<(), StoreError> {
        match self.held.take() {
            Some(held) => held.release(&self.store).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Batch, Config, open};
    use super::*;
    use crate::clock::ManualClock;

    const SPAN: Duration = Duration::from_millis(60);

    fn nodes() -> (tempfile::TempDir, Arc<ManualClock>, [Duty; 2]) {
        let place = tempfile::tempdir().unwrap();
        let store = open(&Config::at(format!("sqlite:{}", place.path().join("store").display()))).unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_000_000_000_000)));
        let duty = |holder: &str| {
            let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
            Duty::new(Arc::clone(&store), clock, "clock", holder, SPAN)
        };
        let duties = [duty("a"), duty("b")];
        (place, clock, duties)
    }

    fn fence(holding: &Holding) -> Fence {
        match holding {
            Holding::Ours(fence) => fence.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Asks until the duty is its own; how long that took.
    async fn takes_over(duty: &mut Duty) -> (Fence, Duration) {
        let begun = Instant::now();
        loop {
            if let Holding::Ours(fence) = duty.keep().await.unwrap() {
                return (fence, begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    #[tokio::test]
    async fn who_is_silent_for_a_span_loses_the_duty_and_whatever_it_still_writes() {
        let (_place, _clock, [mut one, mut other]) = nodes();
        let first = fence(&one.keep().await.unwrap());
        assert!(matches!(other.keep().await.unwrap(), Holding::Theirs(lease) if lease.holder == "a"));
        // Renewed, it stays, and what was made before the renewal still counts.
        assert_eq!(fence(&one.keep().await.unwrap()), first);
        let (second, took) = takes_over(&mut other).await;
        assert!(took >= SPAN, "{took:?}");
        assert!(second.number > first.number);
        assert_eq!(other.former().map(|lease| lease.holder.as_str()), Some("a"));
        let guarded = |fence: &Fence| {
            let mut batch = Batch::new();
            fence.guard(&mut batch);
            batch
        };
        let late = one.store.commit(guarded(&first)).await;
        assert!(matches!(late, Err(StoreError::Conflict { table: "leases", .. })), "{late:?}");
        one.store.commit(guarded(&second)).await.unwrap();
        assert!(matches!(one.keep().await.unwrap(), Holding::Theirs(lease) if lease.holder == "b"));
    }

    #[tokio::test]
    async fn a_duty_that_is_given_back_passes_at_once() {
        let (_place, _clock, [mut one, mut other]) = nodes();
        one.keep().await.unwrap();
        one.release().await.unwrap();
        other.keep().await.map(|holding| fence(&holding)).unwrap();
        assert!(matches!(one.keep().await.unwrap(), Holding::Theirs(_)));
    }

    /// A node whose clock is a minute ahead takes nothing from one that lives, and one whose clock is behind waits no longer.
    #[tokio::test]
    async fn wrong_clocks_neither_take_a_duty_nor_keep_it() {
        let (_place, clock, [mut one, mut other]) = nodes();
        let first = fence(&one.keep().await.unwrap());
        clock.advance(Duration::from_secs(60));
        assert!(matches!(other.keep().await.unwrap(), Holding::Theirs(_)));
        clock.set(Timestamp::from_micros(1_000_000_000_000));
        assert_eq!(fence(&one.keep().await.unwrap()), first);
        clock.set(Timestamp::from_micros(1_000_000));
        let (_, took) = takes_over(&mut other).await;
        assert!(took < SPAN * 20, "{took:?}");
    }
}
