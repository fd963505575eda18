//! This process among those that share its store: its name, the sign of life that it gives, who else lives, and who runs the
//! clock of significant events.
//!
//! All of it is leases in the store (`leases`). A node alone on its store holds the clock, too, by a lease that it renews now
//! and then; it gives no sign of life, for nobody looks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::admin::api::status::{Neighbour, Sharing};
use crate::clock::{Clock, Timestamp};
use crate::ids::ParcelId;
use crate::outbox::{Crew, Outbox};
use crate::store::lease::{Fence, is_duty};
use crate::store::records::Lease;
use crate::store::{Bound, Column, Duty, Holding, Record, Scan, Store, StoreError};
use crate::telemetry::Metrics;

/// The duty that only one process has at a time.
const CLOCK: &str = "the clock of significant events";
/// On a shared store: how long its lease lasts, how often it is renewed, and how often others look whether it was.
const SPAN: Duration = Duration::from_secs(3);
const RENEW: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(500);
/// On a store of our own, where nobody waits for its end.
const SPAN_ALONE: Duration = Duration::from_secs(3_600);
const RENEW_ALONE: Duration = Duration::from_secs(1_200);
/// Before the name of each process, for its sign of life.
const PRESENCE: &str = "node ";
/// For how long a sign of life counts, and how often one is given.
const ALIVE: Duration = Duration::from_secs(10);
const BEAT: Duration = Duration::from_secs(3);
/// More processes than this on one store are not looked at.
const MOST: usize = 1_000;
/// Who was silent for so long is not named any more.
const FORGOTTEN: Duration = Duration::from_secs(86_400);

/// Another process on the same store.
#[derive(Clone, Debug)]
struct Other {
    /// Its name as holder.
    holder: String,
    /// How often its sign of life was written, and since when nothing new was.
    revision: i64,
    seen: Instant,
    /// How often something new was seen of it.
    beats: u32,
    /// Until when it says to be alive, by its own clock.
    until: Timestamp,
    alive: bool,
    /// Whether it was alive at any time since we look.
    was_alive: bool,
}

/// What this process knows of itself and the others.
pub(super) struct Together {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// The name of this machine.
    name: String,
    /// The name of this process: that of the machine and what no other process has.
    holder: String,
    shared: bool,
    /// Who holds the clock, as far as is known.
    holds: Mutex<Option<String>>,
    others: Mutex<BTreeMap<String, Other>>,
    /// Another living process that goes by our name.
    namesake: Mutex<Option<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Together {
    /// The process on the machine of that name.
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>, name: String) -> Arc<Self> {
        let shared = store.tidings().is_some();
        let holder = format!("{name}/{}", ParcelId::fresh());
        let (holds, others, namesake) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { store, clock, metrics, name, holder, shared, holds, others, namesake })
    }

    /// The workers that send from the store, if there can be others.
    pub(super) fn crew(&self) -> Option<Arc<Crew>> {
        self.shared.then(|| Crew::new(self.holder.clone()))
    }

    fn duty(&self, name: &str, span: Duration) -> Duty {
        let duty = Duty::new(Arc::clone(&self.store), Arc::clone(&self.clock), name, self.holder.clone(), span);
        if self.shared { duty } else { duty.alone() }
    }

    /// Keeps the clock of significant events, or takes it when its holder is silent, until `stop` says true; then it is given
    /// back. `turn` says under which fence it is ours.
    pub(super) async fn keep_clock(
        self: Arc<Self>,
        turn: watch::Sender<Option<Fence>>,
        mut stop: watch::Receiver<bool>,
    ) {
        let (span, renew) = if self.shared { (SPAN, RENEW) } else { (SPAN_ALONE, RENEW_ALONE) };
        let mut duty = self.duty(CLOCK, span);
        let mut sure = Instant::now();
        loop {
            let begun = Instant::now();
            let wait = match duty.keep().await {
                Ok(holding) => {
                    sure = begun;
                    self.holds_clock(&holding, &turn);
                    if matches!(holding, Holding::Ours(_)) { renew } else { LOOK }
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot ask who holds the clock of significant events");
                    // Another may have taken it by now. Its fence keeps us from doing what is its to do; this from trying.
                    if sure.elapsed() >= span {
                        self.holds_clock(&Holding::Nobody, &turn);
                    }
                    LOOK
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        turn.send_replace(None);
        self.metrics.clock_held(false);
        if let Err(error) = duty.release().await {
            tracing::warn!(%error, "the clock of significant events is not given back; it passes on when its lease ends");
        }
    }

    /// Notes who holds the clock, and lets it run or stops it.
    fn holds_clock(&self, holding: &Holding, turn: &watch::Sender<Option<Fence>>) {
        let (fence, holder) = match holding {
            Holding::Ours(fence) => (Some(fence.clone()), Some(self.holder.clone())),
            Holding::Theirs(lease) => (None, Some(lease.holder.clone())),
            Holding::Nobody => (None, None),
        };
        *locked(&self.holds) = holder;
        self.metrics.clock_held(fence.is_some());
        let had = turn.borrow().clone();
        if had == fence {
            return;
        }
        match (&fence, self.shared) {
            (Some(fence), true) => {
                tracing::info!(fence = fence.number, "this node runs the clock of significant events")
            }
            (None, true) => tracing::warn!("another node runs the clock of significant events, or none does"),
            _ => {}
        }
        turn.send_replace(fence);
    }

    /// Gives signs of life and looks for those of others, until `stop` says true. What the process of the same name before
    /// this one had claimed in the outbox is taken back as soon as it is known to be dead.
    pub(super) async fn be_present(
        self: Arc<Self>,
        crew: Arc<Crew>,
        outbox: Arc<Outbox>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut duty = self.duty(&format!("{PRESENCE}{}", self.name), ALIVE);
        let mut present = false;
        loop {
            match duty.keep().await {
                Ok(Holding::Ours(_)) => {
                    *locked(&self.namesake) = None;
                    if !present {
                        present = take_back(&outbox, duty.former()).await;
                    }
                }
                Ok(Holding::Theirs(lease)) => self.meets_namesake(lease),
                Ok(Holding::Nobody) => {}
                Err(error) => tracing::debug!(%error, "cannot give a sign of life"),
            }
            match self.look_around().await {
                Ok(alive) => crew.meet(alive),
                Err(error) => tracing::debug!(%error, "cannot look who else is alive"),
            }
            tokio::select! {
                () = sleep(BEAT) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        if let Err(error) = duty.release().await {
            tracing::debug!(%error, "the others are not told that this node has stopped");
        }
    }

    /// The sign of life under our name is another's: of a living process, or the last one of our former self.
    fn meets_namesake(&self, lease: Lease) {
        let others = locked(&self.others);
        let lives = others.get(&self.name).is_some_and(|one| one.holder == lease.holder && one.alive && one.beats > 0);
        let mut namesake = locked(&self.namesake);
        if lives && namesake.as_ref() != Some(&lease.holder) {
            tracing::error!(other = %lease.holder, "another process on this store has our name: set node.name");
            *namesake = Some(lease.holder);
        }
    }

    /// Reads the signs of life: the names of the other processes that are alive.
    async fn look_around(&self) -> Result<Vec<String>, StoreError> {
        let (from, to) = (PRESENCE.to_owned(), format!("{}!", PRESENCE.trim_end()));
        let scan = Scan::of::<Lease>(MOST)
            .from(Bound::Including(vec![from.to_value()]))
            .to(Bound::Excluding(vec![to.to_value()]));
        let rows = self.store.rows(scan).await?;
        let now = self.clock.now();
        let mut others = locked(&self.others);
        for row in rows {
            let revision = row.revision;
            let lease = Lease::from_row(row)?;
            let Some(name) = lease.name.strip_prefix(PRESENCE).filter(|_| is_duty(&lease)) else { continue };
            if lease.holder == self.holder {
                others.remove(name);
            } else {
                let known = others.remove(name);
                others.insert(name.to_owned(), Other::seen(&lease, revision, known, now));
            }
        }
        // Of one that had stopped before we came nobody need know.
        let recently = |other: &Other| other.was_alive && other.seen.elapsed() < FORGOTTEN;
        others.retain(|_, other| other.alive || recently(other) || other.until + FORGOTTEN > now);
        Ok(others.values().filter(|other| other.alive).map(|other| other.holder.clone()).collect())
    }

    /// For `ridd status`: nothing, if the store is ours alone.
    pub(super) fn sharing(&self) -> Option<Sharing> {
        if !self.shared {
            return None;
        }
        let neighbour = |(name, other): (&String, &Other)| Neighbour {
            name: name.clone(),
            alive: other.alive,
            until: (other.until != Timestamp::default()).then_some(other.until),
        };
        let others = locked(&self.others).iter().map(neighbour).collect();
        let clock = locked(&self.holds).as_deref().map(|holder| machine(holder).to_owned());
        Some(Sharing { instance: self.name.clone(), clock, others })
    }

    /// What should be acted on.
    pub(super) fn warnings(&self) -> Vec<String> {
        let namesake = locked(&self.namesake).clone();
        namesake
            .map(|other| format!("another process on this store has our name ({other}): set node.name"))
            .into_iter()
            .collect()
    }
}

impl Other {
    /// As its lease shows it now, beside what was known of it.
    fn seen(lease: &Lease, revision: i64, known: Option<Self>, now: Timestamp) -> Self {
        let released = lease.until == Timestamp::default();
        let was_alive = known.as_ref().is_some_and(|known| known.was_alive || known.alive);
        let (seen, alive, beats) = match known.filter(|known| known.holder == lease.holder) {
            Some(known) if known.revision == revision => {
                (known.seen, known.alive && known.seen.elapsed() < ALIVE, known.beats)
            }
            Some(known) => (Instant::now(), true, known.beats.saturating_add(1)),
            // For the first time: by its own word, until it turns out to be silent.
            None => (Instant::now(), lease.until > now, 0),
        };
        Self {
            holder: lease.holder.clone(),
            revision,
            seen,
            beats,
            until: lease.until,
            alive: alive && !released,
            was_alive,
        }
    }
}

/// The machine of a process.
fn machine(holder: &str) -> &str {
    holder.split_once('/').map_or(holder, |(name, _)| name)
}

/// Takes back what that process had claimed; whether that is done.
async fn take_back(outbox: &Outbox, former: Option<&Lease>) -> bool {
    let Some(former) = former else { return true };
    match outbox.take_back(&former.holder).await {
        Ok(0) => true,
        Ok(count) => {
            tracing::info!(count, "parcels that were being sent when this node last ended are sent again");
            true
        }
        Err(error) => {
            tracing::warn!(%error, "what this node was sending when it last ended is not taken back yet");
            false
        }
    }
}
