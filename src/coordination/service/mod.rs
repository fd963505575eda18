//! The service of coordination: the only room of it that reads the store and writes to it.
//!
//! The exchange calls it with what arrives and with what became of what was sent ([`Process`]), the daemon lets its clock
//! run, and `admin` gives the orders of staff. It promises:
//! - An entry of a log, and all that follows from it (messages, notices, patches), are in one batch.
//! - One event is changed by one step at a time; the state that is remembered is the one that is in the store.
//! - Whatever is not committed has not happened: the same call can be made again.

mod act;
mod agenda;
mod answers;
mod arrive;
mod belonging;
mod boards;
mod code;
mod config;
mod deliver;
mod effects;
mod figures;
mod hearing;
mod held;
mod links;
mod look;
mod opening;
mod orders;
mod people;
mod preview;
mod refused;
mod release;
mod scan;
mod shelf;
mod tick;

use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Mutex, Notify};

use agenda::Agenda;
pub use answers::Answered;
use belonging::Belonging;
pub use config::{BadConfig, BadPlan, CallRule, Config};
use figures::Figures;
pub(super) use held::Held;
use held::Listeners;
pub use links::Linked;
pub use look::Logged;
pub use orders::{ByHand, Entered};
pub use refused::OrderError;
use shelf::Shelf;

use super::plan::Plan;
use super::process::{Arrived, Process, ProcessError, Standing, Step, Taken};
use super::wire::Sender;
use super::{Postman, letters, wire};
use crate::clock::{Clock, Timestamp};
use crate::ids::IncidentName;
use crate::inventory::Inventory;
use crate::iodef::summary::IncidentId;
use crate::outbox::{Load, Outbox, Reply};
use crate::peers::Peer;
use crate::rid::Reading;
use crate::roster::Rosters;
use crate::store::lease::Fence;
use crate::store::{Batch, Store};
use crate::telemetry::Metrics;

/// How often a batch is made again when others changed the same records meanwhile.
const TRIES: usize = 16;

/// What the service is made of.
pub struct CoordinationParts {
    /// Where everything is filed.
    pub store: Arc<dyn Store>,
    /// The single way out.
    pub outbox: Arc<Outbox>,
    /// Who writes our messages.
    pub postman: Arc<dyn Postman>,
    /// The systems.
    pub inventory: Arc<Inventory>,
    /// The people.
    pub rosters: Arc<Rosters>,
    /// How documents are read, as the exchange reads the messages that carry them.
    pub reading: Reading,
    /// The table `[coordination]`.
    pub config: Config,
    /// The timetable of events that are opened from now on.
    pub plan: Plan,
    /// Who tells the time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What the links in notices begin with, `https://cirt.example.org`; nothing: they carry none.
    pub links: Option<String>,
}

/// The process of significant events on one node. One per node; shared by reference.
pub struct Coordination {
    store: Arc<dyn Store>,
    inventory: Arc<Inventory>,
    rosters: Arc<Rosters>,
    reading: Reading,
    config: Config,
    /// As the plan file was last read.
    plan: std::sync::Mutex<Plan>,
    clock: Arc<dyn Clock>,
    shelf: Shelf,
    belonging: Belonging,
    listeners: Arc<Listeners>,
    boards: boards::Boards,
    /// For which turn at the clock the agenda was read from the store, by its fence.
    agenda_read: Mutex<Option<i64>>,
    guesses: answers::Guesses,
    /// What links begin with.
    links: Option<String>,
}

impl Coordination {
    /// The process over these parts. It reads nothing before it is asked.
    pub fn new(parts: CoordinationParts) -> Arc<Self> {
        let agenda = Agenda::default();
        let news = boards::News::default();
        let (metrics, figures) = (Arc::clone(&parts.metrics), Figures::new(parts.metrics));
        let listeners = Listeners { agenda, figures, metrics, news, postman: parts.postman, outbox: parts.outbox };
        Arc::new(Self {
            shelf: Shelf::new(Arc::clone(&parts.store), parts.config.events_in_memory),
            belonging: Belonging::new(Arc::clone(&parts.store)),
            listeners: Arc::new(listeners),
            boards: boards::Boards::default(),
            agenda_read: Mutex::default(),
            guesses: answers::Guesses::default(),
            links: parts.links,
            store: parts.store,
            inventory: parts.inventory,
            rosters: parts.rosters,
            reading: parts.reading,
            config: parts.config,
            plan: std::sync::Mutex::new(parts.plan),
            clock: parts.clock,
        })
    }

    /// The timetable of events that are opened now.
    fn plan(&self) -> Plan {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes another timetable for events that are opened from now on; its name, if it is another. Events that are open
    /// keep theirs.
    pub fn follow_plan(&self, plan: Plan) -> Option<String> {
        let mut followed = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if *followed == plan {
            return None;
        }
        *followed = plan;
        Some(followed.name.clone())
    }

    /// Who writes our documents.
    fn sender(&self) -> Sender {
        let mut sender = self.config.sender.clone();
        if sender.name.is_empty() {
            sender.name = self.own();
        }
        sender
    }

    /// Commits a step of our own.
    async fn commit(&self, mut step: Step, batch: Batch) -> Result<(), ProcessError> {
        let committing = self.store.enqueue(batch).await?;
        step.queued();
        committing.await?;
        step.committed();
        Ok(())
    }
}

#[async_trait]
impl Process for Coordination {
    async fn arrived(&self, step: &mut Step, batch: &mut Batch, arrived: &Arrived<'_>) -> Result<Taken, ProcessError> {
        self.take_up(step, batch, arrived).await
    }

    async fn delivered(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        load: &Load,
        _reply: &Reply,
    ) -> Result<(), ProcessError> {
        self.parcel_ended(step, batch, load, None).await
    }

    async fn given_up(&self, step: &mut Step, batch: &mut Batch, load: &Load, why: &str) -> Result<(), ProcessError> {
        self.parcel_ended(step, batch, load, Some(why)).await
    }

    async fn query(&self, asker: &Peer, incident: &IncidentName) -> Result<Option<Standing>, ProcessError> {
        let Some(event) = self.event_of(incident).await? else { return Ok(None) };
        let Some(state) = self.shelf.look(&event).await? else { return Ok(None) };
        // Whoever called us, and no one else: the status tells of all units.
        let source = state.source.as_ref().filter(|source| source.peer == asker.name);
        let Some(source) = source else { return Ok(None) };
        let known = IncidentId { incident: incident.clone(), instance: source.incident.instance.clone() };
        let status = letters::status(&state, &known, self.clock.now());
        let version = self.listeners.postman.version(&asker.name);
        match wire::write_status(&status, &self.sender(), version) {
            Ok(document) => {
                Ok(Some(Standing { document: document.into(), restriction: Some("need-to-know".to_owned()) }))
            }
            Err(error) => Err(ProcessError::Log { event: event.to_string(), why: error.to_string() }),
        }
    }

    async fn tick(&self, now: Timestamp, fence: Option<&Fence>) -> Option<Timestamp> {
        self.look_at_the_clock(now, fence).await
    }

    fn bell(&self) -> &Notify {
        &self.listeners.agenda.bell
    }
}
