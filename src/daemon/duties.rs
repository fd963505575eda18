//! What the node does by the clock: alarms, figures, warnings of what runs out, and the exchange's own timers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::control::Node;
use super::systemd;
use crate::clock::{Clock, Timestamp};
use crate::coordination::Process;
use crate::exchange::Exchange;
use crate::ids::{Digest, MessageId};
use crate::inventory::Inventory;
use crate::peers::Relation;
use crate::store::lease::Fence;
use crate::store::records::Once;
use crate::store::{Batch, Record, Store};

/// How often the alarms are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often figures are brought up to date, in looks.
const MINUTE: u64 = 60;
/// How often what runs out is warned of, in looks.
const DAY: u64 = 86_400;
/// How often a failing store is tried, in looks.
const TRY_STORE: u64 = 5;
/// The exchange's timers are looked at this often at least: new ones come meanwhile.
const TIMERS: Duration = Duration::from_secs(1);
/// Whatever is due, the clock of significant events is asked this often: another node may have changed the store.
const LONGEST: Duration = Duration::from_secs(60);
/// And not more often than this.
const LEAST: Duration = Duration::from_millis(20);
/// The wall clock may drift so far from the monotonic one between two looks before we call it a step.
const STEP: Duration = Duration::from_secs(2);

/// Reads the systems into memory before anybody asks which are affected.
pub(super) async fn warm(inventory: Arc<Inventory>) {
    if let Err(error) = inventory.warm().await {
        tracing::warn!(%error, "the inventory could not be read; it is read when it is first asked");
    }
}

/// Keeps watch over the node until `stop` says true.
pub(super) async fn watch(node: Arc<Node>, store: Arc<dyn Store>, mut stop: watch::Receiver<bool>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut changed = node.directory.changed();
    let mut alarm = false;
    let mut steps = Steps::new(&*node.clock);
    let mut count: u64 = 0;
    loop {
        let looking = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            Ok(()) = changed.changed() => false,
            _ = looks.tick() => true,
        };
        if !looking {
            figures(&node);
            continue;
        }
        if count.is_multiple_of(DAY) {
            node.warn_of_expiry();
        }
        if count.is_multiple_of(MINUTE) {
            node.directory.tick();
            figures(&node);
        }
        if alarm && count.is_multiple_of(TRY_STORE) {
            try_store(&*store).await;
        }
        sound(&node, &mut alarm);
        steps.look(&node);
        count += 1;
    }
}

/// Does what the exchange has due, when it is due, while the clock is ours.
pub(super) async fn timers(
    exchange: Arc<Exchange>,
    clock: Arc<dyn Clock>,
    mut turn: watch::Receiver<Option<Fence>>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let ours = turn.borrow_and_update().is_some();
        // Each request is guarded by its own revision: a node that is late does nothing twice.
        let next = if ours { exchange.tick(clock.now()).await } else { None };
        let wait = next.map_or(TIMERS, |next| next.since(clock.now())).clamp(LEAST, TIMERS);
        tokio::select! {
            () = sleep(wait) => {}
            Ok(()) = turn.changed() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Lets the clock of significant events run while it is ours: sleeps until the next thing is due, or something new is.
pub(super) async fn process(
    process: Arc<dyn Process>,
    clock: Arc<dyn Clock>,
    mut turn: watch::Receiver<Option<Fence>>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let fence = turn.borrow_and_update().clone();
        // Asked for before the look, so that what becomes due during it is not slept through.
        let bell = process.bell().notified();
        let next = match &fence {
            Some(fence) => process.tick(clock.now(), Some(fence)).await,
            None => None,
        };
        let wait = next.map_or(LONGEST, |next| next.since(clock.now())).clamp(LEAST, LONGEST);
        tokio::select! {
            () = sleep(wait) => {}
            () = bell => {}
            Ok(()) = turn.changed() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Says once that the store fails, and once that it works again.
fn sound(node: &Node, alarm: &mut bool) {
    let failing = node.metrics.is_store_failing();
    if failing == *alarm {
        return;
    }
    *alarm = failing;
    if failing {
        tracing::error!("ALARM: the store takes no messages; peers get 5xx until it does");
        systemd::status("ALARM: the store takes no messages");
    } else {
        tracing::info!("the store takes messages again");
        systemd::status("taking messages");
    }
}

/// Writes and removes a record, so that a store that works again is known to (its metrics tell) without a message having to
/// come first.
async fn try_store(store: &dyn Store) {
    let once = Once { digest: Digest::of(b"a trial whether the store takes records"), message: MessageId::fresh() };
    let mut batch = Batch::new();
    batch.put(&once);
    batch.delete::<Once>(once.to_row().key(Once::TABLE));
    if let Err(error) = store.commit(batch).await {
        tracing::debug!(%error, "the store still fails");
    }
}

/// Brings the figures up to date that nobody else counts.
fn figures(node: &Node) {
    let now = node.clock.now();
    let mut ends: BTreeMap<&'static str, Timestamp> = BTreeMap::new();
    for one in node.directory.ends() {
        let whose = match one.whose.as_str() {
            "ours" => "ours",
            "trust" => "trust",
            "crl" => "crl",
            _ => "peers",
        };
        let first = ends.entry(whose).or_insert(one.not_after);
        *first = one.not_after.min(*first);
    }
    for (whose, end) in ends {
        node.metrics.certificate_expiry(whose, seconds(end.micros().saturating_sub(now.micros())));
    }
    let relations = [
        ("authority", Relation::Authority),
        ("parent", Relation::Parent),
        ("unit", Relation::Unit),
        ("peer", Relation::Peer),
    ];
    for (word, relation) in relations {
        node.metrics.peers(word, node.directory.with_relation(relation).len());
    }
}

/// Seconds for a metric.
pub(super) fn seconds(micros: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a metric needs no microseconds")]
    let micros = micros as f64;
    micros / 1e6
}

/// Notices when the wall clock jumps: due times and certificates are judged by it.
struct Steps {
    wall: Timestamp,
    monotonic: Instant,
}

impl Steps {
    fn new(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), monotonic: Instant::now() }
    }

    fn look(&mut self, node: &Node) {
        let now = Self::new(&*node.clock);
        if let Some(jump) = self.jump(&now) {
            node.metrics.clock_stepped();
            tracing::warn!(seconds = seconds(jump), "the clock was set; due times follow it");
            node.process.bell().notify_one();
        }
        *self = now;
    }

    /// By how many microseconds the wall clock jumped since, if it did.
    fn jump(&self, now: &Self) -> Option<i64> {
        let passed = i64::try_from(now.monotonic.duration_since(self.monotonic).as_micros()).unwrap_or(i64::MAX);
        let jump = now.wall.micros().saturating_sub(self.wall.micros()).saturating_sub(passed);
        (u128::from(jump.unsigned_abs()) > STEP.as_micros()).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_is_noticed() {
        let clock = ManualClock::at(Timestamp::from_micros(1_000_000_000));
        let before = Steps::new(&clock);
        tokio::time::advance(Duration::from_secs(60)).await;
        clock.advance(Duration::from_secs(61));
        let drifted = Steps::new(&clock);
        assert_eq!(before.jump(&drifted), None);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(drifted.jump(&Steps::new(&clock)), Some(3_600_000_000));
    }
}
