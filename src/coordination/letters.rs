//! The letters of an event: what each effect says to another node, from the state as it is.
//!
//! Called by the service, which gives them to the [`Postman`](super::Postman) in the batch of the entry they follow from.

use bytes::Bytes;

use super::Letter;
use super::entry::Source;
use super::follow::Effect;
use super::plan::{From, Scope, Step, milestone};
use super::state::{Mark, Standing, State, Unit};
use super::wire::{self, Sender, WireError};
use crate::clock::Timestamp;
use crate::ids::{IncidentName, PeerName};
use crate::iodef::summary::IncidentId;
use crate::peers::{IodefVersion, MsgType};
use crate::store::records::EventState;

/// The restriction of what we write (the design's default).
const RESTRICTION: &str = "need-to-know";

/// The letter that an effect leads to, in the version of IODEF that its reader wants; nothing, if the effect is no letter or
/// there is nobody to write to.
///
/// # Errors
/// If the document cannot be written.
pub fn letter(
    state: &State,
    effect: &Effect,
    to: &PeerName,
    version: IodefVersion,
    sender: &Sender,
    now: Timestamp,
) -> Result<Option<Letter>, WireError> {
    let letter = match effect {
        Effect::Alert { unit, instance } => {
            let Some(found) = state.units.get(unit) else { return Ok(None) };
            let incident = ours(state, Some(*instance));
            let alert = alert(state, incident.clone(), unit, found, now);
            new(to, MsgType::InvestigationRequest, incident, wire::write_alert(&alert, sender, version)?)
        }
        Effect::Inform { .. } => {
            let incident = ours(state, None);
            let alert = wire::Alert { tasks: Vec::new(), ..alert(state, incident.clone(), "", &Unit::new(), now) };
            new(to, MsgType::Report, incident, wire::write_alert(&alert, sender, version)?)
        }
        Effect::Discrepancy { unit, instance, systems, why } => {
            let incident = ours(state, Some(*instance));
            let document = discrepancy(state, incident.clone(), unit, (systems, why), now);
            new(to, MsgType::InvestigationRequest, incident, wire::write_discrepancy(&document, sender, version)?)
        }
        Effect::Progress | Effect::Completion => {
            let Some(source) = &state.source else { return Ok(None) };
            let work = work(state, source, now);
            if *effect == Effect::Progress {
                new(to, MsgType::Report, source.incident.clone(), wire::write_progress(&work, sender, version)?)
            } else {
                let completion = wire::Completion { work, all: false };
                let document = wire::write_completion(&completion, sender, version)?;
                answering(new(to, MsgType::Result, source.incident.clone(), document), source)
            }
        }
        Effect::Status { last, .. } => {
            let source = state.source.as_ref().filter(|source| source.peer == *to);
            let incident = source.map_or_else(|| ours(state, None), |source| source.incident.clone());
            let document = wire::write_status(&status(state, &incident, now), sender, version)?;
            match source.filter(|source| *last && source.request) {
                Some(source) => answering(new(to, MsgType::Result, incident, document), source),
                None => new(to, MsgType::Report, incident, document),
            }
        }
        Effect::Notice { .. } | Effect::Settled { .. } | Effect::Withdraw { .. } | Effect::Patch { .. } => {
            return Ok(None);
        }
    };
    Ok(Some(letter))
}

fn new(to: &PeerName, msg_type: MsgType, incident: IncidentId, document: Vec<u8>) -> Letter {
    Letter {
        to: to.clone(),
        msg_type,
        incident,
        restriction: Some(RESTRICTION.to_owned()),
        document: Some(Bytes::from(document)),
        status: None,
        source: None,
        answers: None,
        parent: None,
    }
}

/// A Result ends the Request that it answers; what came as a Report has none.
fn answering(letter: Letter, source: &Source) -> Letter {
    let msg_type = if source.request { letter.msg_type } else { MsgType::Report };
    Letter { msg_type, answers: source.request.then(|| source.message.clone()), ..letter }
}

/// Our own name for the incident, and the instance of a Request of ours.
fn ours(state: &State, instance: Option<i64>) -> IncidentId {
    IncidentId {
        incident: IncidentName { name: state.own.clone(), id: state.id.to_string() },
        instance: instance.map(|number| number.to_string()),
    }
}

/// What others call the same incident: whoever called us first.
fn alternatives(state: &State) -> Vec<IncidentName> {
    let mut names: Vec<IncidentName> = state.source.iter().map(|source| source.incident.incident.clone()).collect();
    for name in std::iter::once(&state.call.incident.incident).chain(&state.call.alternatives) {
        let ours = name.name == state.own && name.id == state.id.as_str();
        if !(names.contains(name) || name.name.is_empty() || ours) {
            names.push(name.clone());
        }
    }
    names
}

/// The alert to one unit, also to be shown before it goes out.
pub fn alert(state: &State, incident: IncidentId, unit: &str, of: &Unit, now: Timestamp) -> wire::Alert {
    wire::Alert {
        incident,
        alternatives: alternatives(state),
        issued: Some(state.issued),
        written: Some(now),
        parts: wire::AlertParts { drill: state.drill, ..state.parts.as_ref().clone() },
        systems: of
            .systems
            .values()
            .filter(|system| !system.is_settled())
            .map(|system| system.target.clone())
            .collect(),
        tasks: state.steps_of(unit).filter(|step| is_units(step)).map(|step| task(state, step, now)).collect(),
    }
}

/// The steps that a unit owns, and that it can meet.
fn is_units(step: &Step) -> bool {
    super::decide::OF_UNITS.contains(&step.owner.as_str()) && step.milestone != *milestone::ALERT_ISSUED
}

fn task(state: &State, step: &Step, now: Timestamp) -> wire::Task {
    let origin = match step.of {
        From::Issue => state.issued,
        From::AlertIssued => now,
    };
    let action = match step.milestone.as_str() {
        milestone::CORRECTED => "upgrade-software",
        milestone::UNIT_COMPLETED => "status-new-info",
        _ => "status-triage",
    };
    wire::Task {
        milestone: step.milestone.to_string(),
        due: Some(origin + step.after),
        owner: Some(step.owner.clone()),
        action: action.to_owned(),
        text: step.procedure.clone(),
    }
}

fn discrepancy(
    state: &State,
    incident: IncidentId,
    unit: &str,
    (systems, why): (&[String], &str),
    now: Timestamp,
) -> wire::Discrepancy {
    let known = state.units.get(unit);
    let finding = |name: &String| {
        let system = known.and_then(|unit| unit.systems.get(name));
        let found = system.and_then(|system| system.finding.as_ref()).and_then(|(_, why)| why.clone());
        wire::Finding {
            system: system.map_or_else(
                || wire::Target { name: name.clone(), ..wire::Target::default() },
                |system| system.target.clone(),
            ),
            why: found.unwrap_or_else(|| why.to_owned()),
        }
    };
    wire::Discrepancy {
        incident,
        alternatives: alternatives(state),
        issued: Some(state.issued),
        written: Some(now),
        findings: systems.iter().map(finding).collect(),
        vulnerabilities: state.vulnerabilities().to_vec(),
        why: why.to_owned(),
        due: state.plan.step(milestone::UNIT_COMPLETED).map(|step| state.issued + step.after),
        restriction: None,
        drill: state.drill,
    }
}

/// What a unit has done, in all: a later report says everything that an earlier one said.
fn work(state: &State, source: &Source, now: Timestamp) -> wire::Progress {
    let systems = || state.units.values().flat_map(|unit| &unit.systems);
    let corrected = systems().filter_map(|(name, system)| {
        let (at, _) = system.corrected.as_ref()?;
        Some(wire::Correction { system: name.clone(), at: Some(*at), by: None })
    });
    let exceptions = systems()
        .filter(|(_, system)| system.corrected.is_none())
        .filter_map(|(name, system)| Some(wire::Exception { system: name.clone(), reason: system.excepted.clone()? }));
    let said = |step: &&Step| {
        step.scope == Scope::Unit
            && ![milestone::ALERT_ACKNOWLEDGED, milestone::VALIDATED].contains(&step.milestone.as_str())
    };
    let met = state.plan.steps.iter().filter(said).filter_map(|step| {
        let subject = super::subject::Subject::unit(step.milestone.clone(), &state.own);
        let met = state.mark(&subject)?.met.as_ref()?;
        Some(wire::Met {
            milestone: step.milestone.to_string(),
            at: Some(met.at),
            by: Some(met.by.clone()),
            text: met.evidence.clone(),
        })
    });
    wire::Progress {
        incident: source.incident.clone(),
        written: Some(now),
        corrected: corrected.collect(),
        exceptions: exceptions.collect(),
        met: met.collect(),
        note: None,
        drill: state.drill,
    }
}

/// Where the event stands, for someone who knows it by this incident.
pub fn status(state: &State, incident: &IncidentId, now: Timestamp) -> wire::Status {
    let confirmed = state.event_mark(milestone::CONFIRMED).is_some_and(|mark| mark.met.is_some());
    let word = match state.state {
        EventState::Held => "new",
        EventState::Open if confirmed => "resolved",
        EventState::Open => "in-progress",
        EventState::Closed | EventState::Cancelled => "resolved",
    };
    let mut alternatives = alternatives(state);
    alternatives.push(ours(state, None).incident);
    alternatives.retain(|name| *name != incident.incident);
    wire::Status {
        incident: incident.clone(),
        alternatives,
        issued: Some(state.issued),
        written: Some(now),
        status: word.to_owned(),
        title: state.title.clone(),
        severity: state.call.severity.clone(),
        milestones: state
            .marks
            .iter()
            .filter(|(subject, _)| subject.system.is_none())
            .map(|(subject, mark)| line(subject, mark))
            .collect(),
        units: state.units.iter().map(|(name, unit)| unit_line(name, unit)).collect(),
        note: None,
        restriction: None,
        drill: state.drill,
    }
}

fn line(subject: &super::subject::Subject, mark: &Mark) -> wire::MilestoneLine {
    let (state, at, by, text) = match (mark.standing(), &mark.met, &mark.waived) {
        (_, Some(met), _) => ("met", Some(met.at), Some(met.by.clone()), met.evidence.clone()),
        (_, None, Some(waived)) => ("waived", Some(waived.at), Some(waived.by.clone()), Some(waived.why.clone())),
        (Standing::Missed, _, _) => ("missed", mark.missed, None, None),
        _ => ("open", None, None, None),
    };
    wire::MilestoneLine {
        milestone: subject.milestone.to_string(),
        unit: subject.unit.clone(),
        state: state.to_owned(),
        due: Some(mark.due),
        at,
        by,
        text,
    }
}

fn unit_line(name: &str, unit: &Unit) -> wire::UnitLine {
    let state = match unit {
        unit if unit.validated.is_some() => "validated",
        unit if unit.completed.is_some() => "completed",
        unit if unit.delivered.is_some() => "alerted",
        unit => unit.alert.as_str(),
    };
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    wire::UnitLine {
        unit: name.to_owned(),
        state: state.to_owned(),
        affected: count(unit.systems.len()),
        corrected: count(unit.corrected()),
        excepted: count(unit.excepted()),
    }
}
