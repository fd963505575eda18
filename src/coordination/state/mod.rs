//! The state of a significant event: a pure fold of its log.
//!
//! Called by `decide`, `due` and `follow`, by the service, and by whoever shows an event. Nothing in it is kept anywhere
//! else: whoever has the log has the state.

mod calls;
mod figures;
mod fold;
mod mark;
mod timetable;
mod unit;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use calls::{Call, Try, TryFate};
pub use mark::{Mark, Met, Standing, Waived};
pub use timetable::Timetable;
pub use unit::{AlertState, SystemState, Unit};

use super::entry::{Entry, Issued, Opening, Policy, Source};
use super::plan::{Milestone, Plan, Scope, Step};
use super::subject::{About, Subject};
use super::wire::{self, AlertParts};
use crate::clock::Timestamp;
use crate::ids::{EventId, MessageId, PeerName};
use crate::store::records::{EventRole, EventState};

/// Who caused an entry, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its number in the log.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
}

/// A significant event as it stands. A copy shares with the original whatever does not change: each decision begins with one.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Our name for it.
    pub id: EventId,
    /// What part we play.
    pub role: EventRole,
    /// Where it stands.
    pub state: EventState,
    /// Whether it is a drill.
    pub drill: bool,
    /// What it is about.
    pub title: String,
    /// Our node's name, under which our own systems stand in the inventory.
    pub own: String,
    /// E.
    pub issued: Timestamp,
    /// How sure E is.
    pub issued_is: Issued,
    /// When it was opened here.
    pub opened: Timestamp,
    /// The message that opened it; at a unit, the newest Request of the node above, which the completion answers.
    pub source: Option<Source>,
    /// The data call with all that was joined.
    pub call: Arc<wire::Call>,
    /// Messages of authorities that name the same vulnerability.
    pub advisories: Arc<Vec<MessageId>>,
    /// The alert as it is drafted.
    pub parts: Arc<AlertParts>,
    /// Who approved it, and when; nothing while it is a draft.
    pub approved: Option<(Timestamp, String)>,
    /// The timetable.
    pub plan: Arc<Plan>,
    /// What was decided beforehand.
    pub policy: Policy,
    /// The affected units; our own systems stand under our own name.
    pub units: BTreeMap<String, Arc<Unit>>,
    /// Units without affected systems that were informed.
    pub informed: Arc<Vec<String>>,
    /// Every mark of the timetable that has a due time so far.
    pub marks: Timetable,
    /// Who has been called about what.
    pub calls: Arc<BTreeMap<About, Call>>,
    /// The thing that each notice is about.
    pub notices: Arc<BTreeMap<MessageId, About>>,
    /// The highest instance of our incident in use.
    pub instance: i64,
    /// Who got a status, and the number of the entry that sent the last one.
    pub told: BTreeMap<PeerName, i64>,
    /// The number of the last entry that changed what a status says.
    pub news: i64,
    /// At a unit: the number of the entry up to which progress has been reported.
    pub reported: i64,
    /// At a unit: the number of the last entry that is worth a progress report.
    pub progressed: i64,
    /// The number of the last entry.
    pub head: i64,
    /// When the last entry was written. Time in a log never goes back: an earlier clock counts as this.
    pub changed: Timestamp,
}

impl State {
    /// The state after an event was opened.
    pub fn opened(id: EventId, stamp: &Stamp, opening: &Opening) -> Self {
        fold::open(id, stamp, opening)
    }

    /// Takes the next entry.
    pub fn apply(&mut self, stamp: &Stamp, entry: &Entry) {
        fold::apply(self, stamp, entry);
    }

    /// The time that decisions go by: the clock's, but never before the last entry.
    pub fn at(&self, now: Timestamp) -> Timestamp {
        now.max(self.changed)
    }

    /// Whether the process runs.
    pub fn is_open(&self) -> bool {
        self.state == EventState::Open
    }

    /// Whether it is over, for good or until someone opens it again.
    pub fn is_over(&self) -> bool {
        matches!(self.state, EventState::Closed | EventState::Cancelled)
    }

    /// The mark of that subject.
    pub fn mark(&self, subject: &Subject) -> Option<&Mark> {
        self.marks.get(subject)
    }

    /// The mark of a milestone of the event.
    pub fn event_mark(&self, milestone: &'static str) -> Option<&Mark> {
        self.marks.get(&Subject::event(Milestone::known(milestone)))
    }

    /// The mark of a milestone of a unit.
    pub fn unit_mark(&self, milestone: &'static str, unit: &str) -> Option<&Mark> {
        self.marks.get(&Subject::unit(Milestone::known(milestone), unit))
    }

    /// Marks that are neither met nor waived.
    pub fn open_marks(&self) -> impl Iterator<Item = (&Subject, &Mark)> {
        self.marks.iter().filter(|(_, mark)| mark.is_open())
    }

    /// The steps of the plan that apply to this unit: our own systems need no alert.
    pub fn steps_of<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a Step> {
        let own = unit == self.own;
        self.plan.steps.iter().filter(move |step| {
            let alert =
                step.of == super::plan::From::AlertIssued || step.milestone == *super::plan::milestone::ALERT_ISSUED;
            step.scope != Scope::Event && !(own && alert)
        })
    }

    /// Whether every affected unit is validated, or need not be.
    pub fn all_validated(&self) -> bool {
        self.units
            .iter()
            .all(|(name, unit)| unit.validated.is_some() || self.is_waived(super::plan::milestone::VALIDATED, name))
    }

    fn is_waived(&self, milestone: &'static str, unit: &str) -> bool {
        self.unit_mark(milestone, unit).is_some_and(|mark| mark.waived.is_some())
    }

    /// At a unit: whether something happened that the node above has not been told.
    pub fn has_unreported_progress(&self) -> bool {
        self.role == EventRole::Unit && self.progressed > self.reported
    }

    /// The vulnerabilities of the call, each once.
    pub fn vulnerabilities(&self) -> &[String] {
        &self.call.vulnerabilities
    }
}
