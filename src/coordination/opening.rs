//! What opens an event: a data call at a department, an alert at a unit, made ready as an [`Opening`].
//!
//! Called by the service, which knows the peers and the inventory; everything here is pure.

use std::collections::BTreeMap;
use std::time::Duration;

use super::decide::OF_UNITS;
use super::entry::{Affected, Issued, Issuing, Opening, Policy, Source};
use super::plan::{From, Milestone, Plan, Scope, Step, milestone};
use super::wire::{Alert, AlertParts, Call};
use crate::clock::Timestamp;
use crate::store::records::EventRole;

/// A call that is older than this when it comes is asked about (the design's wire profile).
const OLD: Duration = Duration::from_secs(3_600);

/// The opening that a data call leads to. `stated` is E where a person says so.
pub fn of_call(
    own: &str,
    call: Call,
    source: Option<Source>,
    (received, stated): (Timestamp, Option<Timestamp>),
    plan: Plan,
    (policy, held): (Policy, bool),
) -> Opening {
    let (issued, issued_is) = match (stated, call.issued) {
        (Some(stated), _) => (stated, Issued::Confirmed),
        // A clock that begins in the future would let the first hours pass unseen.
        (None, Some(issued)) if issued > received => (received, Issued::Doubted),
        (None, Some(issued)) if received.since(issued) > OLD => (issued, Issued::Doubted),
        (None, Some(issued)) => (issued, Issued::Stated),
        (None, None) => (received, Issued::Doubted),
    };
    Opening {
        role: EventRole::Department,
        title: call.title.clone().unwrap_or_else(|| call.incident.incident.to_string()),
        issued,
        issued_is,
        drill: call.drill,
        held,
        source,
        own: own.to_owned(),
        parts: AlertParts::of(&call),
        call,
        plan,
        policy,
    }
}

/// The opening that an alert of the node above leads to: its timetable is the one that the alert states.
pub fn of_alert(own: &str, alert: &Alert, source: Source, received: Timestamp, plan: &Plan, policy: Policy) -> Opening {
    let issued = alert.issued.or(alert.written).unwrap_or(received).min(received);
    let parts = &alert.parts;
    let title = if parts.title.is_empty() { alert.incident.incident.to_string() } else { parts.title.clone() };
    let call = Call {
        incident: alert.incident.clone(),
        alternatives: alert.alternatives.clone(),
        issued: alert.issued,
        title: Some(title.clone()),
        descriptions: parts.descriptions.clone(),
        severity: parts.severity.clone(),
        vulnerabilities: parts.vulnerabilities.clone(),
        platforms: parts.platforms.clone(),
        software: parts.software.clone(),
        actions: parts.actions.clone(),
        patches: parts.patches.clone(),
        restriction: parts.restriction.clone(),
        lang: parts.lang.clone(),
        drill: parts.drill,
    };
    Opening {
        role: EventRole::Unit,
        title,
        issued,
        issued_is: Issued::Stated,
        drill: parts.drill,
        held: false,
        source: Some(source),
        own: own.to_owned(),
        call,
        parts: parts.clone(),
        plan: units_plan(plan, alert, issued),
        // What the node above has approved needs no second approval to go on to our own units.
        policy: Policy { issuing: Issuing::Automatic, ..policy },
    }
}

/// Steps that are ours whatever the node above asks for: by them our own people learn of the alert.
const TELLING: [&str; 2] = [milestone::OWNERS_NOTIFIED, milestone::PATCHES_OBTAINED];

/// Our plan with the due times that the alert states; steps that it does not ask for are left out, but for those by which
/// our people are told, and unless it asks for none.
fn units_plan(plan: &Plan, alert: &Alert, issued: Timestamp) -> Plan {
    let of_units = |step: &&Step| OF_UNITS.contains(&step.owner.as_str()) && step.scope != Scope::Event;
    let mut steps: Vec<Step> = plan.steps.iter().filter(of_units).cloned().collect();
    let asked: BTreeMap<Milestone, Option<Timestamp>> =
        alert.tasks.iter().filter_map(|task| Some((task.milestone.parse().ok()?, task.due))).collect();
    if !asked.is_empty() {
        steps.retain(|step| {
            let ours = step.of == From::AlertIssued || TELLING.contains(&step.milestone.as_str());
            ours || asked.contains_key(&step.milestone)
        });
    }
    for (milestone, due) in asked {
        let known = steps.iter_mut().find(|step| step.milestone == milestone);
        match (known, due) {
            (Some(step), _) if step.of == From::AlertIssued => {}
            (Some(step), Some(due)) => {
                step.after = due.since(issued);
                if step.remind >= step.after {
                    step.remind = Duration::ZERO;
                }
            }
            (Some(_), None) => {}
            (None, Some(due)) if milestone::KNOWN.iter().all(|(name, _)| milestone != **name) => steps.push(Step {
                milestone,
                after: due.since(issued),
                of: From::Issue,
                owner: "unit-contact".to_owned(),
                scope: Scope::Unit,
                remind: Duration::ZERO,
                procedure: "Asked for by the node above.".to_owned(),
            }),
            (None, _) => {}
        }
    }
    Plan { name: format!("{}, with the times of the alert", plan.name), calling: plan.calling.clone(), steps }
}

/// The systems of an alert by unit: those that the inventory has under a unit below us are that unit's, all others ours.
pub fn affected_of(alert: &Alert, own: &str, unit_of: impl Fn(&str) -> Option<String>) -> Affected {
    let mut affected = Affected::new();
    for target in alert.systems.iter().filter(|target| !target.name.is_empty()) {
        let unit = unit_of(&target.name).unwrap_or_else(|| own.to_owned());
        affected.entry(unit).or_default().push(target.clone());
    }
    affected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::wire::{Target, Task};
    use crate::ids::{IncidentName, MessageId};
    use crate::iodef::summary::IncidentId;

    const OWN: &str = "rid.unit1.example";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn incident() -> IncidentId {
        let incident = IncidentName { name: "cirt.department.example".to_owned(), id: "SE-1".to_owned() };
        IncidentId { incident, instance: Some("1".to_owned()) }
    }

    fn source() -> Source {
        let peer = "cirt.department.example".parse().unwrap();
        Source { peer, message: MessageId::fresh(), incident: incident(), request: true }
    }

    fn policy() -> Policy {
        Policy { issuing: Issuing::Person, inform_unaffected: false, report_progress: true }
    }

    fn call(issued: Option<Timestamp>) -> Call {
        Call {
            incident: incident(),
            alternatives: Vec::new(),
            issued,
            title: None,
            descriptions: Vec::new(),
            severity: None,
            vulnerabilities: Vec::new(),
            platforms: Vec::new(),
            software: Vec::new(),
            actions: Vec::new(),
            patches: Vec::new(),
            restriction: None,
            lang: None,
            drill: false,
        }
    }

    fn alert(tasks: Vec<Task>) -> Alert {
        let target = |name: &str| Target { name: name.to_owned(), ..Target::default() };
        Alert {
            incident: incident(),
            alternatives: Vec::new(),
            issued: Some(at("2003-01-25T05:30:00Z")),
            written: None,
            parts: AlertParts::default(),
            systems: vec![target("sql1"), target("sql2")],
            tasks,
        }
    }

    #[test]
    fn e_is_asked_about_when_it_is_in_the_future_or_long_past() {
        let received = at("2003-01-25T06:00:00Z");
        let open = |issued: Option<&str>, stated: Option<&str>| {
            let times = (received, stated.map(at));
            let opening = of_call(OWN, call(issued.map(at)), None, times, Plan::default(), (policy(), false));
            (opening.issued, opening.issued_is)
        };
        assert_eq!(open(Some("2003-01-25T05:30:00Z"), None), (at("2003-01-25T05:30:00Z"), Issued::Stated));
        assert_eq!(open(Some("2003-01-25T04:30:00Z"), None), (at("2003-01-25T04:30:00Z"), Issued::Doubted));
        assert_eq!(open(Some("2003-01-25T06:00:01Z"), None), (received, Issued::Doubted));
        assert_eq!(open(None, None), (received, Issued::Doubted));
        assert_eq!(open(None, Some("2003-01-24T00:00:00Z")), (at("2003-01-24T00:00:00Z"), Issued::Confirmed));
    }

    #[test]
    fn a_units_timetable_is_the_one_of_the_alert() {
        let task = |milestone: &str, due: &str| Task {
            milestone: milestone.to_owned(),
            due: Some(at(due)),
            ..Task::default()
        };
        let tasks = vec![
            task("corrected", "2003-01-25T11:30:00Z"),
            task("press-told", "2003-01-25T07:30:00Z"),
            task("validated", "2003-01-25T07:30:00Z"),
        ];
        let opening = of_alert(OWN, &alert(tasks), source(), at("2003-01-25T06:00:00Z"), &Plan::default(), policy());
        let steps: Vec<_> =
            opening.plan.steps.iter().map(|step| (step.milestone.as_str(), step.after.as_secs() / 60)).collect();
        let ours = [("alert-acknowledged", 30), ("owners-notified", 240), ("patches-obtained", 240)];
        assert_eq!(steps, [&ours[..], &[("corrected", 360), ("press-told", 120)]].concat());
        assert_eq!(opening.issued, at("2003-01-25T05:30:00Z"));
        assert_eq!(opening.policy.issuing, Issuing::Automatic);
    }

    #[test]
    fn an_alert_that_asks_for_nothing_in_particular_gets_the_whole_timetable() {
        let opening =
            of_alert(OWN, &alert(Vec::new()), source(), at("2003-01-25T06:00:00Z"), &Plan::default(), policy());
        let steps: Vec<_> = opening.plan.steps.iter().map(|step| step.milestone.as_str()).collect();
        assert_eq!(steps, ["alert-acknowledged", "owners-notified", "patches-obtained", "corrected", "unit-completed"]);
    }

    #[test]
    fn systems_that_nobody_below_runs_are_ours() {
        let below = |name: &str| (name == "sql2").then(|| "rid.sub.example".to_owned());
        let affected = affected_of(&alert(Vec::new()), OWN, below);
        let names: Vec<_> = affected.iter().map(|(unit, systems)| (unit.as_str(), systems[0].name.as_str())).collect();
        assert_eq!(names, [("rid.sub.example", "sql2"), (OWN, "sql1")]);
    }
}
