//! A significant event as it is shown: the state of the process, laid out by milestone, unit and call.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::coordination::due;
use crate::coordination::entry::{Finding, Issued, Issuing};
use crate::coordination::plan::{Milestone, Scope, Step};
use crate::coordination::state::{AlertState, Call, Mark, Standing, State, SystemState, TryFate, Unit};
use crate::coordination::subject::{About, Reason, Subject};
use crate::ids::{EventId, IncidentName, PeerName};
use crate::store::records::{Event, EventRole, EventState, ParcelKind};

/// One event as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventView {
    /// Our name for it.
    pub id: EventId,
    /// Where it stands.
    pub state: EventState,
    /// What part we play.
    pub role: EventRole,
    /// Whether it is a drill.
    pub drill: bool,
    /// What it is about.
    pub title: String,
    /// The severity that the data call states.
    pub severity: Option<String>,
    /// The peer whose call or alert opened it; nothing if it was entered by hand.
    pub source: Option<PeerName>,
    /// E.
    pub issued: Timestamp,
    /// When it was opened here.
    pub opened: Timestamp,
    /// When its last entry was written.
    pub changed: Timestamp,
    /// When the clock has to look at it next.
    pub due: Option<Timestamp>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let Event { id, state, role, drill, title, severity, source, issued, opened, changed, due, .. } = event;
        Self { id, state, role, drill, title, severity, source, issued, opened, changed, due }
    }
}

/// A milestone as it stands: of the event or of a unit. What is a milestone of each system is one line for the unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MarkView {
    /// The milestone.
    pub milestone: Milestone,
    /// Who owns it: a place of the roster.
    pub owner: String,
    /// When it is due; of several systems, the last time.
    pub due: Timestamp,
    /// Where it stands; of several systems, the worst.
    pub standing: Standing,
    /// When it was met or waived.
    pub at: Option<Timestamp>,
    /// By whom.
    pub by: Option<String>,
    /// On what evidence, or why.
    pub text: Option<String>,
}

/// An affected system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "EventSystemView")]
pub struct SystemView {
    /// The system.
    pub system: String,
    /// When it was reported corrected.
    pub corrected: Option<Timestamp>,
    /// On what evidence.
    pub evidence: Option<String>,
    /// Why it stays as it is.
    pub excepted: Option<String>,
    /// What the last scan says of it.
    pub finding: Option<Finding>,
    /// In the scan's words.
    pub said: Option<String>,
}

/// An affected unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UnitView {
    /// The unit.
    pub unit: String,
    /// Whether these are our own systems.
    pub own: bool,
    /// What became of its alert.
    pub alert: AlertState,
    /// Whether systems were added since its alert was sent.
    pub stale: bool,
    /// How many systems are affected.
    pub affected: usize,
    /// How many of them are corrected.
    pub corrected: usize,
    /// How many stay as they are.
    pub excepted: usize,
    /// When it reported completion.
    pub completed: Option<Timestamp>,
    /// When its corrections were validated.
    pub validated: Option<Timestamp>,
    /// Who signed it off without a scan.
    pub signed_off: Option<String>,
    /// How often it was asked to look again.
    pub discrepancies: u32,
    /// Its milestones in the order of the plan.
    pub milestones: Vec<MarkView>,
    /// Its systems by name.
    pub systems: Vec<SystemView>,
}

/// Who is being called about something, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CallView {
    /// What for, in a line.
    pub about: String,
    /// Why.
    pub reason: Reason,
    /// About which unit.
    pub unit: Option<String>,
    /// Whether somebody is still to be reached.
    pub open: bool,
    /// Who was called last.
    pub person: Option<String>,
    /// On which channel.
    pub channel: Option<ParcelKind>,
    /// When.
    pub at: Option<Timestamp>,
    /// What became of that notice.
    pub fate: Option<TryFate>,
    /// How many notices were sent.
    pub tries: usize,
    /// When somebody answered.
    pub answered: Option<Timestamp>,
    /// Who.
    pub answered_by: Option<String>,
    /// When the next one is called, if nobody answers.
    pub next: Option<Timestamp>,
}

/// One event with everything that staff need to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventDetail {
    /// The event.
    #[serde(flatten)]
    pub event: EventView,
    /// The time on the node's clock.
    pub now: Timestamp,
    /// How sure E is.
    pub issued_is: Issued,
    /// What the authority calls the incident.
    pub incident: IncidentName,
    /// The vulnerabilities.
    pub vulnerabilities: Vec<String>,
    /// The name of its plan.
    pub plan: String,
    /// Who lets alerts go out.
    pub issuing: Issuing,
    /// When the alert was approved.
    pub approved: Option<Timestamp>,
    /// By whom.
    pub approved_by: Option<String>,
    /// The milestones of the event in the order of the plan.
    pub milestones: Vec<MarkView>,
    /// The affected units.
    pub units: Vec<UnitView>,
    /// Units without affected systems that were informed.
    pub informed: Vec<String>,
    /// Who is being called, or was.
    pub calls: Vec<CallView>,
}

impl EventDetail {
    /// The event at that time, with the units that `sees` lets through.
    pub(in crate::admin) fn new(state: &State, now: Timestamp, sees: impl Fn(&str) -> bool) -> Self {
        let event = EventView {
            id: state.id.clone(),
            state: state.state,
            role: state.role,
            drill: state.drill,
            title: state.title.clone(),
            severity: state.call.severity.clone(),
            source: state.source.as_ref().map(|source| source.peer.clone()),
            issued: state.issued,
            opened: state.opened,
            changed: state.changed,
            due: due::next_due(state),
        };
        let of_event = state.plan.steps.iter().filter(|step| step.scope == Scope::Event);
        let milestone = |step: &Step| {
            let subject = Subject { milestone: step.milestone.clone(), unit: None, system: None };
            Some(mark_view(step, state.mark(&subject)?))
        };
        Self {
            event,
            now,
            issued_is: state.issued_is,
            incident: state.call.incident.incident.clone(),
            vulnerabilities: state.vulnerabilities().to_vec(),
            plan: state.plan.name.clone(),
            issuing: state.policy.issuing,
            approved: state.approved.as_ref().map(|(at, _)| *at),
            approved_by: state.approved.as_ref().map(|(_, by)| by.clone()),
            milestones: of_event.filter_map(milestone).collect(),
            units: state
                .units
                .iter()
                .filter(|(name, _)| sees(name))
                .map(|(name, unit)| unit_view(state, (name, unit)))
                .collect(),
            informed: state.informed.iter().filter(|unit| sees(unit)).cloned().collect(),
            calls: calls(state, sees),
        }
    }

    /// Who is being called, or was, about anything.
    pub(in crate::admin) fn calls(state: &State) -> Vec<CallView> {
        calls(state, |_| true)
    }
}

fn mark_view(step: &Step, mark: &Mark) -> MarkView {
    let (at, by, text) = match (&mark.met, &mark.waived) {
        (Some(met), _) => (Some(met.at), Some(met.by.clone()), met.evidence.clone()),
        (None, Some(waived)) => (Some(waived.at), Some(waived.by.clone()), Some(waived.why.clone())),
        (None, None) => (None, None, None),
    };
    let (milestone, owner) = (step.milestone.clone(), step.owner.clone());
    MarkView { milestone, owner, due: mark.due, standing: mark.standing(), at, by, text }
}

/// How bad a standing is for the unit whose systems stand so.
fn worse(standing: Standing) -> u8 {
    match standing {
        Standing::Waived => 0,
        Standing::Met => 1,
        Standing::Late => 2,
        Standing::Open => 3,
        Standing::Missed => 4,
    }
}

/// The marks of all systems of a unit as one.
fn together(step: &Step, state: &State, unit: &str, systems: &Unit) -> Option<MarkView> {
    let marks = systems.systems.keys().filter_map(|system| {
        let (unit, system) = (Some(unit.to_owned()), Some(system.clone()));
        state.mark(&Subject { milestone: step.milestone.clone(), unit, system })
    });
    let marks: Vec<MarkView> = marks.map(|mark| mark_view(step, mark)).collect();
    let worst = marks.iter().max_by_key(|mark| worse(mark.standing))?.standing;
    let due = marks.iter().map(|mark| mark.due).max()?;
    let settled = worse(worst) < worse(Standing::Open);
    let last = marks.into_iter().max_by_key(|mark| mark.at)?;
    let (at, by) = if settled { (last.at, last.by) } else { (None, None) };
    Some(MarkView { due, standing: worst, at, by, text: None, milestone: last.milestone, owner: last.owner })
}

fn unit_view(state: &State, (name, unit): (&String, &Unit)) -> UnitView {
    let milestone = |step: &Step| match step.scope {
        Scope::Event => None,
        Scope::System => together(step, state, name, unit),
        Scope::Unit => {
            let subject = Subject { milestone: step.milestone.clone(), unit: Some(name.clone()), system: None };
            Some(mark_view(step, state.mark(&subject)?))
        }
    };
    UnitView {
        unit: name.clone(),
        own: *name == state.own,
        alert: unit.alert,
        stale: unit.stale,
        affected: unit.systems.len(),
        corrected: unit.corrected(),
        excepted: unit.excepted(),
        completed: unit.completed,
        validated: unit.validated,
        signed_off: unit.signed_off.clone(),
        discrepancies: unit.discrepancies,
        milestones: state.plan.steps.iter().filter_map(milestone).collect(),
        systems: unit.systems.iter().map(system_view).collect(),
    }
}

fn system_view((name, system): (&String, &SystemState)) -> SystemView {
    let corrected = system.corrected.as_ref();
    SystemView {
        system: name.clone(),
        corrected: corrected.map(|(at, _)| *at),
        evidence: corrected.and_then(|(_, evidence)| evidence.clone()),
        excepted: system.excepted.clone(),
        finding: system.finding.as_ref().map(|(finding, _)| *finding),
        said: system.finding.as_ref().and_then(|(_, said)| said.clone()),
    }
}

/// Those who are being called first, then the rest in the order of their last notice.
fn calls(state: &State, sees: impl Fn(&str) -> bool) -> Vec<CallView> {
    let seen = state.calls.iter().filter(|(about, _)| about.unit.as_deref().is_none_or(&sees));
    let mut calls: Vec<CallView> = seen.map(|(about, call)| call_view(state, about, call)).collect();
    calls.sort_by_key(|call| (!call.open, call.at));
    calls
}

fn call_view(state: &State, about: &About, call: &Call) -> CallView {
    let last = call.tries.last();
    CallView {
        about: about.to_string(),
        reason: about.reason,
        unit: about.unit.clone(),
        open: call.is_open(),
        person: last.map(|last| last.person.clone()),
        channel: last.map(|last| last.channel),
        at: last.map(|last| last.at),
        fate: last.map(|last| last.fate),
        tries: call.tries.len(),
        answered: call.answered.as_ref().map(|(at, _)| *at),
        answered_by: call.answered.as_ref().map(|(_, by)| by.clone()),
        next: if state.is_over() { None } else { due::next_try(call, &state.plan.calling) },
    }
}
