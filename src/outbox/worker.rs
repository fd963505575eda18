//! The worker: sleeps until something is due or someone rings, and keeps as many parcels under way as the limits allow.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::courier::{Courier, Lesson, STORE_PAUSE};
use super::crew::{Crew, PATIENCE, Part};
use super::{Carrier, Outbox, Replies, queue, sweep};
use crate::clock::Timestamp;
use crate::ids::ParcelId;
use crate::store::StoreError;
use crate::store::records::{ParcelKind, ParcelState};

/// However far away the next instant is, the queue is looked at this often: the clock may have been set, or another node
/// may have posted into a store that is shared.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// However often someone rings, the whole queue is not looked at more often than this.
const GATHER: Duration = Duration::from_millis(5);
/// Among how many lanes the one that has waited longest is chosen, when a recipient that failed is tried again.
const CHOICE: usize = 64;
/// How often what is old is removed.
const SWEEP: Duration = Duration::from_secs(3_600);
/// How often what waits is counted where others post into the store, too.
const RECOUNT: Duration = Duration::from_secs(60);
/// How often claims of others are looked at: whoever has only such is not seen otherwise.
const CLAIMS: Duration = Duration::from_secs(10);

/// Sends what is in the outbox. One per process.
pub struct Worker {
    courier: Courier,
    crew: Option<Arc<Crew>>,
}

impl Worker {
    /// A worker that gives parcels to these carriers and what comes back to `replies`.
    pub fn new(outbox: Arc<Outbox>, carriers: Vec<Arc<dyn Carrier>>, replies: Arc<dyn Replies>) -> Self {
        let carriers = carriers.into_iter().map(|carrier| (carrier.kind(), carrier)).collect();
        let holder = ParcelId::fresh().to_string();
        Self { courier: Courier { outbox, carriers, replies, holder, beside_others: false }, crew: None }
    }

    /// For a store that several nodes share: claims of other processes are left alone until they run out, instead of
    /// being taken back at the start, and each recipient is left to the process that goes first to it.
    #[must_use]
    pub fn beside_others(mut self, crew: Arc<Crew>) -> Self {
        crew.own().clone_into(&mut self.courier.holder);
        self.courier.beside_others = true;
        self.crew = Some(crew);
        self
    }

    /// Works until `stop` becomes true (or its sender is gone), then lets what is under way end. What the caller does not
    /// wait for is made again after the next start.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut round = Round::new(Arc::new(self.courier), self.crew);
        while let Err(error) = round.begin().await {
            error!(%error, "the outbox cannot be read; trying again");
            tokio::select! {
                () = tokio::time::sleep(STORE_PAUSE) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
        loop {
            round.start_what_is_due().await;
            let wake = round.sleeps_until();
            let bell = round.courier.outbox.bell.notified();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(ended) = round.tasks.join_next_with_id() => round.ended(ended),
                () = bell => round.rung = true,
                () = tokio::time::sleep_until(wake) => round.woke(),
            }
            while let Some(ended) = round.tasks.try_join_next_with_id() {
                round.ended(ended);
            }
        }
        info!(under_way = round.tasks.len(), "the outbox stops; what is under way may end");
        while let Some(ended) = round.tasks.join_next_with_id().await {
            round.ended(ended);
        }
    }
}

/// What one task is trying.
struct Trying {
    recipient: String,
    lane: String,
    kind: ParcelKind,
    created: Timestamp,
}

/// Takes the older of the two instants for that carrier.
fn older(oldest: &mut HashMap<ParcelKind, Timestamp>, kind: ParcelKind, created: Timestamp) {
    let since = oldest.entry(kind).or_insert(created);
    *since = created.min(*since);
}

/// What one worker knows while it runs. The store is the truth; this is only about when to look at it.
struct Round {
    courier: Arc<Courier>,
    /// Who else sends from the store; nothing if nobody can.
    crew: Option<Arc<Crew>>,
    tasks: JoinSet<Lesson>,
    /// What each task is trying.
    under_way: HashMap<Id, Trying>,
    /// The lanes of each recipient that have a parcel under way.
    busy: HashMap<String, HashSet<String>>,
    /// The lanes of each recipient that others were faster at, and until when each is left to them.
    elsewhere: HashMap<String, Vec<(String, Timestamp)>>,
    /// Recipients with claims that no task is at work on any more; only minded where there are no others.
    left_behind: HashSet<String>,
    /// Whose queue is to be looked at as soon as there is room, in the order of asking.
    ready: VecDeque<String>,
    /// When a queue is to be looked at again.
    agenda: BTreeMap<String, Timestamp>,
    /// Someone rang since all queues were looked at.
    rung: bool,
    /// When all queues were last looked at.
    gathered: Option<Instant>,
    /// When to look at all queues, to sweep, to count and to look at claims, at the latest.
    look: Instant,
    sweep: Instant,
    recount: Instant,
    claims: Instant,
}

impl Round {
    fn new(courier: Arc<Courier>, crew: Option<Arc<Crew>>) -> Self {
        let now = Instant::now();
        // One process alone learns nothing new by these.
        let (recount, claims) = if crew.is_some() { (RECOUNT, CLAIMS) } else { (SWEEP, LONGEST_SLEEP) };
        Self {
            courier,
            crew,
            left_behind: HashSet::new(),
            recount: now + recount,
            claims: now + claims,
            tasks: JoinSet::new(),
            under_way: HashMap::new(),
            busy: HashMap::new(),
            elsewhere: HashMap::new(),
            ready: VecDeque::new(),
            agenda: BTreeMap::new(),
            rung: true,
            gathered: None,
            look: now + LONGEST_SLEEP,
            sweep: now + SWEEP,
        }
    }

    /// Counts what waits and, if this process is the only one, takes back what a dead one had claimed.
    async fn begin(&self) -> Result<(), StoreError> {
        let outbox = &self.courier.outbox;
        if self.crew.is_none() {
            let count = sweep::take_back(outbox, None).await?;
            if count > 0 {
                info!(count, "parcels that were being sent when the process ended are sent again");
            }
        }
        sweep::recount(outbox).await
    }

    /// Starts as many tries as the limits and the queues allow.
    async fn start_what_is_due(&mut self) {
        if let Err(error) = self.look_around().await {
            warn!(%error, "the outbox cannot be read; trying again");
            self.rung = true;
            self.gathered = Some(Instant::now() + STORE_PAUSE);
            return;
        }
        while self.room() > 0 {
            let Some(recipient) = self.ready.pop_front() else { return };
            if let Err(error) = self.serve(&recipient).await {
                warn!(%error, to = %recipient, "the outbox cannot be read; trying again");
                self.agenda.insert(recipient, self.courier.outbox.clock.now() + STORE_PAUSE);
            }
        }
    }

    fn room(&self) -> usize {
        self.courier.outbox.config.concurrency.saturating_sub(self.tasks.len())
    }

    /// Queues up everyone who may have something to send, if someone rang.
    async fn look_around(&mut self) -> Result<(), StoreError> {
        let now = Instant::now();
        if !self.rung || self.gathered.is_some_and(|last| now < last + GATHER) {
            return Ok(());
        }
        let mut oldest: HashMap<ParcelKind, Timestamp> = HashMap::new();
        for trying in self.under_way.values() {
            older(&mut oldest, trying.kind, trying.created);
        }
        // What is claimed here is known; claims that others left behind can wait until somebody looks.
        let claims = now >= self.claims;
        let states = [ParcelState::Waiting, ParcelState::Claimed];
        for state in states.into_iter().filter(|state| claims || *state == ParcelState::Waiting) {
            self.gather(state, &mut oldest).await?;
        }
        if claims {
            self.claims = now + if self.crew.is_some() { CLAIMS } else { LONGEST_SLEEP };
        }
        let outbox = &self.courier.outbox;
        let at = outbox.clock.now();
        for kind in ParcelKind::ALL {
            let age = oldest.get(kind).map_or(Duration::ZERO, |oldest| at.since(*oldest));
            outbox.metrics.oldest_parcel(kind.as_str(), age);
        }
        self.rung = false;
        self.gathered = Some(now);
        self.look = now + LONGEST_SLEEP;
        Ok(())
    }

    /// Queues up everyone who has a parcel in that state.
    async fn gather(
        &mut self,
        state: ParcelState,
        oldest: &mut HashMap<ParcelKind, Timestamp>,
    ) -> Result<(), StoreError> {
        let store = Arc::clone(&self.courier.outbox.store);
        let mut last: Option<String> = None;
        while let Some(parcel) = queue::oldest_after(&*store, state, last.as_deref()).await? {
            older(oldest, parcel.kind, parcel.created);
            if state == ParcelState::Claimed && self.crew.is_none() {
                self.left_behind.insert(parcel.recipient.clone());
            }
            self.ask_for(parcel.recipient.clone());
            last = Some(parcel.recipient);
        }
        Ok(())
    }

    /// How we stand to that recipient.
    fn part_in(&self, recipient: &str) -> Part {
        match &self.crew {
            None if self.left_behind.contains(recipient) => Part::Recovering,
            None => Part::Alone,
            Some(crew) if crew.goes_first(recipient) => Part::First,
            Some(_) => Part::Second,
        }
    }

    fn ask_for(&mut self, recipient: String) {
        if !self.ready.contains(&recipient) {
            self.ready.push_back(recipient);
        }
    }

    /// Starts what may leave to one recipient, and notes when to look at its queue again.
    async fn serve(&mut self, recipient: &str) -> Result<(), StoreError> {
        let outbox = Arc::clone(&self.courier.outbox);
        let now = outbox.clock.now();
        self.agenda.remove(recipient);
        let gate = {
            let gates = outbox.gates.lock().unwrap_or_else(PoisonError::into_inner);
            gates.of(recipient).map(|gate| gate.until)
        };
        let at_once = match gate {
            Some(until) if until > now => {
                self.agenda.insert(recipient.to_owned(), until);
                return Ok(());
            }
            Some(_) => 1,
            None => outbox.config.concurrency_per_recipient,
        };
        let nothing = HashSet::new();
        let busy = self.busy.get(recipient).unwrap_or(&nothing);
        let slots = at_once.saturating_sub(busy.len()).min(self.room());
        if slots == 0 {
            return Ok(());
        }
        let choice = if gate.is_some() { CHOICE } else { slots };
        let part = self.part_in(recipient);
        let elsewhere = self.elsewhere.remove(recipient).unwrap_or_default();
        let elsewhere: Vec<_> = elsewhere.into_iter().filter(|(_, until)| *until > now).collect();
        let closed = busy.iter().chain(elsewhere.iter().map(|(lane, _)| lane)).cloned().collect();
        let mut turn = queue::turn(&*outbox.store, recipient, closed, choice, (part, now)).await?;
        if let Some(until) = elsewhere.iter().map(|(_, until)| *until).min() {
            turn.look_again(until);
            self.elsewhere.insert(recipient.to_owned(), elsewhere);
        }
        if !turn.claimed {
            self.left_behind.remove(recipient);
        }
        if let Some(next) = turn.next {
            self.agenda.insert(recipient.to_owned(), next);
        }
        // One that is refused again and again must not keep its recipient from being tried with another.
        turn.due.sort_by_key(|(parcel, _)| parcel.due);
        turn.due.truncate(slots);
        for (parcel, revision) in turn.due {
            let (lane, kind, created) = (parcel.lane.clone(), parcel.kind, parcel.created);
            let trying = Trying { recipient: recipient.to_owned(), lane: lane.clone(), kind, created };
            self.busy.entry(recipient.to_owned()).or_default().insert(lane);
            let courier = Arc::clone(&self.courier);
            let handle = self.tasks.spawn(async move { courier.attempt((parcel, revision)).await });
            self.under_way.insert(handle.id(), trying);
        }
        Ok(())
    }

    /// Learns from a try that has ended.
    fn ended(&mut self, ended: Result<(Id, Lesson), JoinError>) {
        let (task, lesson) = match ended {
            Ok((task, lesson)) => (task, Some(lesson)),
            Err(error) => {
                error!(%error, "a carrier failed without an outcome; the parcel is tried again when its claim runs out");
                (error.id(), None)
            }
        };
        let Some(Trying { recipient, lane, .. }) = self.under_way.remove(&task) else { return };
        if self.crew.is_none() && matches!(lesson, None | Some(Lesson::StoreFails)) {
            self.left_behind.insert(recipient.clone());
        }
        if let Some(lanes) = self.busy.get_mut(&recipient) {
            lanes.remove(&lane);
            if lanes.is_empty() {
                self.busy.remove(&recipient);
            }
        }
        let outbox = Arc::clone(&self.courier.outbox);
        let now = outbox.clock.now();
        let mut gates = outbox.gates.lock().unwrap_or_else(PoisonError::into_inner);
        match lesson.unwrap_or(Lesson::Nothing) {
            Lesson::Answers => gates.open(&recipient),
            Lesson::Fails { why, at, asked } => gates.shut(&recipient, &outbox.backoff, at, asked, &why),
            Lesson::Nothing => {}
            Lesson::Elsewhere => {
                self.elsewhere.entry(recipient.clone()).or_default().push((lane, now + PATIENCE / 4));
            }
            Lesson::StoreFails => {
                self.agenda.insert(recipient, now + STORE_PAUSE);
                return;
            }
            Lesson::Later => {
                self.agenda.insert(recipient, now + PATIENCE / 4);
                return;
            }
        }
        drop(gates);
        self.ask_for(recipient);
    }

    /// The first instant at which there is something to do even if nothing happens.
    fn sleeps_until(&self) -> Instant {
        let now = Instant::now();
        let mut wake = self.look.min(self.sweep).min(self.recount);
        if self.crew.is_some() {
            wake = wake.min(self.claims);
        }
        if self.rung {
            wake = wake.min(self.gathered.map_or(now, |last| last + GATHER));
        }
        if let Some(next) = self.agenda.values().min() {
            wake = wake.min(now + next.since(self.courier.outbox.clock.now()));
        }
        wake
    }

    /// Queues up whoever's time has come.
    fn woke(&mut self) {
        let now = self.courier.outbox.clock.now();
        let due: Vec<String> = self.agenda.iter().filter(|(_, at)| **at <= now).map(|(name, _)| name.clone()).collect();
        for recipient in due {
            self.agenda.remove(&recipient);
            self.ask_for(recipient);
        }
        let now = Instant::now();
        if now >= self.look || (self.crew.is_some() && now >= self.claims) {
            self.rung = true;
        }
        if now >= self.sweep || now >= self.recount {
            let everything = now >= self.sweep;
            self.recount = now + if self.crew.is_some() { RECOUNT } else { SWEEP };
            if everything {
                self.sweep = now + SWEEP;
            }
            let outbox = Arc::clone(&self.courier.outbox);
            self.tasks.spawn(async move {
                if everything {
                    sweep::remove_all_old(&outbox).await;
                }
                sweep::count(&outbox).await;
                Lesson::Nothing
            });
        }
    }
}
