//! What each entry changes. No entry is ever refused here: what may happen is decided before it is written.

use std::sync::Arc;
use std::time::Duration;

use super::calls::{Try, TryFate};
use super::mark::{Mark, Met, Waived};
use super::timetable::Timetable;
use super::unit::{AlertState, Unit};
use super::{Stamp, State};
use crate::clock::Timestamp;
use crate::coordination::entry::{Affected, Entry, Finding, Issued, Opening};
use crate::coordination::notice_id;
use crate::coordination::plan::{From, Milestone, Scope, milestone};
use crate::coordination::subject::{About, Reason, Subject};
use crate::coordination::wire;
use crate::ids::EventId;
use crate::store::records::{EventRole, EventState};

/// The state after an event was opened.
pub(super) fn open(id: EventId, stamp: &Stamp, opening: &Opening) -> State {
    let mut state = State {
        id,
        role: opening.role,
        state: if opening.held { EventState::Held } else { EventState::Open },
        drill: opening.drill,
        title: opening.title.clone(),
        own: opening.own.clone(),
        issued: opening.issued,
        issued_is: opening.issued_is,
        opened: stamp.at,
        source: opening.source.clone(),
        call: Arc::new(opening.call.clone()),
        advisories: Arc::default(),
        parts: Arc::new(opening.parts.clone()),
        approved: None,
        plan: Arc::new(opening.plan.clone()),
        policy: opening.policy,
        units: std::collections::BTreeMap::new(),
        informed: Arc::default(),
        marks: Timetable::default(),
        calls: Arc::default(),
        notices: Arc::default(),
        instance: 0,
        told: std::collections::BTreeMap::new(),
        news: stamp.number,
        reported: 0,
        progressed: 0,
        head: stamp.number,
        changed: stamp.at,
    };
    set_event_marks(&mut state);
    state
}

/// Takes the next entry.
pub(super) fn apply(state: &mut State, stamp: &Stamp, entry: &Entry) {
    state.head = stamp.number;
    state.changed = state.changed.max(stamp.at);
    if changes_status(entry) {
        state.news = stamp.number;
    }
    match entry {
        Entry::Opened(_) | Entry::Repeated { .. } | Entry::ReportRefused { .. } | Entry::Noted { .. } => {}
        Entry::Released => {
            state.state = EventState::Open;
            settle(state, &Milestone::known("opening"), None);
        }
        Entry::IssueConfirmed { issued } => confirm_issue(state, *issued),
        Entry::Updated { source, call } => join(state, source.as_ref(), call),
        Entry::AdvisoryJoined { message, .. } => Arc::make_mut(&mut state.advisories).push(message.clone()),
        Entry::UnitsIdentified { affected, .. } => identify(state, stamp, affected),
        Entry::AlertEdited { parts } => {
            state.parts = Arc::new(parts.clone());
            state.approved = None;
        }
        Entry::AlertApproved => {
            state.approved = Some((stamp.at, stamp.actor.clone()));
            meet(state, Subject::event(Milestone::known(milestone::ALERT_READY)), stamp, None, None);
        }
        Entry::Informed { unit } => Arc::make_mut(&mut state.informed).push(unit.clone()),
        Entry::Met { subject, when, evidence } => {
            meet(state, subject.clone(), stamp, *when, evidence.clone());
            state.progressed = stamp.number;
        }
        Entry::Missed { subject } => state.marks.change(subject, |mark| {
            mark.missed = Some(stamp.at);
            mark.remind = None;
        }),
        Entry::Waived { subject, why } => {
            waive(state, stamp, subject, why);
            settle(state, &subject.milestone, subject.unit.as_ref());
        }
        Entry::Confirmed { remark } => {
            meet(state, Subject::event(Milestone::known(milestone::CONFIRMED)), stamp, None, remark.clone());
        }
        Entry::StatusSent { to } => drop(state.told.insert(to.clone(), stamp.number)),
        Entry::ProgressSent | Entry::CompletionSent => state.reported = stamp.number,
        Entry::Closed { .. } => end(state, EventState::Closed),
        Entry::Cancelled { .. } => end(state, EventState::Cancelled),
        Entry::Reopened { .. } => {
            state.state = EventState::Open;
            reopen(state, &Subject::event(Milestone::known(milestone::CONFIRMED)));
        }
        Entry::Called { .. }
        | Entry::NobodyAnswered { .. }
        | Entry::NoticeDelivered { .. }
        | Entry::NoticeFailed { .. }
        | Entry::NoticeAnswered { .. } => call(state, stamp, entry),
        _ => unit(state, stamp, entry),
    }
}

/// Whether a status says something else after the entry. What meets a milestone does in any case ([`meet`]).
fn changes_status(entry: &Entry) -> bool {
    !matches!(
        entry,
        Entry::Repeated { .. }
            | Entry::AdvisoryJoined { .. }
            | Entry::AlertEdited { .. }
            | Entry::Informed { .. }
            | Entry::ReportRefused { .. }
            | Entry::CompletionLacking { .. }
            | Entry::ProgressSent
            | Entry::CompletionSent
            | Entry::StatusSent { .. }
            | Entry::Called { .. }
            | Entry::NobodyAnswered { .. }
            | Entry::NoticeDelivered { .. }
            | Entry::NoticeFailed { .. }
            | Entry::NoticeAnswered { .. }
            | Entry::Noted { .. }
    )
}

/// Entries about one unit.
fn unit(state: &mut State, stamp: &Stamp, entry: &Entry) {
    match entry {
        Entry::AlertSent { unit, instance } => {
            state.instance = state.instance.max(*instance);
            let own = *unit == state.own;
            if let Some(found) = unit_of(state, unit) {
                found.instance = *instance;
                found.stale = false;
                found.alert = if own { AlertState::Acknowledged } else { AlertState::Sent };
            }
        }
        Entry::AlertDelivered { unit } => delivered(state, stamp, unit),
        Entry::AlertFailed { unit, .. } => alert(state, unit, AlertState::Failed),
        Entry::AlertPending { unit } => alert(state, unit, AlertState::Pending),
        Entry::AlertDenied { unit, .. } => alert(state, unit, AlertState::Denied),
        Entry::AlertAcknowledged { unit } => {
            delivered(state, stamp, unit);
            alert(state, unit, AlertState::Acknowledged);
            meet(state, unit_subject(milestone::ALERT_ACKNOWLEDGED, unit), stamp, None, None);
        }
        Entry::Corrected { unit, systems, when, evidence } => {
            corrected(state, stamp, unit, systems, (*when, evidence.as_ref()));
        }
        Entry::Excepted { unit, system, why } => {
            if let Some(found) = system_of(state, unit, system) {
                found.excepted = Some(why.clone());
            }
            waive(state, stamp, &system_subject(unit, system), why);
            state.progressed = stamp.number;
            settle(state, &Milestone::known(milestone::CORRECTED), Some(unit));
        }
        Entry::Completed { unit } => {
            if let Some(found) = unit_of(state, unit) {
                found.completed = Some(stamp.at);
            }
            // Whoever has completed has been notified and has had the patches, whether or not that was said before.
            for milestone in [milestone::OWNERS_NOTIFIED, milestone::PATCHES_OBTAINED] {
                if state.unit_mark(milestone, unit).is_some_and(Mark::is_open) {
                    meet(state, unit_subject(milestone, unit), stamp, None, Some("completed".to_owned()));
                }
            }
            meet(state, unit_subject(milestone::UNIT_COMPLETED, unit), stamp, None, None);
        }
        Entry::Scanned { unit, findings, .. } => {
            for (system, finding, why) in findings {
                // What an earlier scan has found stands where this one did not look.
                if let Some(found) = system_of(state, unit, system)
                    && (*finding != Finding::NotScanned || found.finding.is_none())
                {
                    found.finding = Some((*finding, why.clone()));
                }
            }
        }
        Entry::SignedOff { unit, evidence } => {
            if let Some(found) = unit_of(state, unit) {
                found.signed_off = Some(format!("{}: {evidence}", stamp.actor));
            }
        }
        Entry::Validated { unit } => {
            if let Some(found) = unit_of(state, unit) {
                found.validated = Some(stamp.at);
            }
            meet(state, unit_subject(milestone::VALIDATED, unit), stamp, None, None);
        }
        Entry::CompletionLacking { .. } => {}
        Entry::DiscrepancySent { unit, instance, systems, .. } => {
            state.instance = state.instance.max(*instance);
            discrepancy(state, unit, systems);
            if let Some(found) = unit_of(state, unit) {
                found.instance = *instance;
            }
        }
        Entry::DiscrepancyTaken { source, systems, .. } => {
            state.source = Some(source.clone());
            let units: Vec<String> = state.units.keys().cloned().collect();
            for unit in units {
                let of_unit: Vec<String> =
                    systems.iter().filter(|name| system_of(state, &unit, name).is_some()).cloned().collect();
                if !of_unit.is_empty() {
                    discrepancy(state, &unit, &of_unit);
                }
            }
        }
        _ => {}
    }
}

fn call(state: &mut State, stamp: &Stamp, entry: &Entry) {
    match entry {
        Entry::Called { about, person, channel, .. } => {
            let notice = notice_id(&state.id, stamp.number);
            Arc::make_mut(&mut state.notices).insert(notice.clone(), about.clone());
            reminded(state, about);
            let call = Arc::make_mut(&mut state.calls).entry(about.clone()).or_default();
            if call.exhausted.take().is_some() {
                call.round = call.tries.len();
            }
            call.tries.push(Try {
                notice,
                person: person.clone(),
                channel: *channel,
                at: stamp.at,
                fate: TryFate::Waiting,
            });
        }
        Entry::NobodyAnswered { about } => {
            reminded(state, about);
            Arc::make_mut(&mut state.calls).entry(about.clone()).or_default().exhausted = Some(stamp.at);
        }
        Entry::NoticeDelivered { notice } => fate(state, notice, TryFate::Delivered),
        Entry::NoticeFailed { notice, .. } => fate(state, notice, TryFate::Failed),
        Entry::NoticeAnswered { notice, by } => {
            fate(state, notice, TryFate::Answered);
            let Some(about) = state.notices.get(notice).cloned() else { return };
            if let Some(call) = Arc::make_mut(&mut state.calls).get_mut(&about) {
                call.answered = Some((stamp.at, by.clone()));
            }
            answered(state, stamp, &about, by);
        }
        _ => {}
    }
}

/// One reminder each, whether or not anybody was there to get it.
fn reminded(state: &mut State, about: &About) {
    if is_reminder(about) {
        state.marks.reminded(&about.milestone, about.unit.as_ref());
    }
}

/// The program manager is not reminded but told: that is what the milestone is about.
fn is_reminder(about: &About) -> bool {
    let told = about.milestone == *milestone::MANAGER_INFORMED;
    about.reason == if told { Reason::Asked } else { Reason::Reminder }
}

/// Some milestones are met by an answer alone.
fn answered(state: &mut State, stamp: &Stamp, about: &About, by: &str) {
    if about.reason != Reason::Asked && about.reason != Reason::Overdue {
        return;
    }
    let evidence = Some(format!("answered by {by}"));
    if about.milestone == *milestone::CIRT_NOTIFIED || about.milestone == *milestone::MANAGER_INFORMED {
        meet(state, Subject::event(about.milestone.clone()), stamp, None, evidence);
    } else if about.milestone == *milestone::OWNERS_NOTIFIED
        && let Some(unit) = about.unit.clone()
        && unit == state.own
        && about.reason == Reason::Asked
    {
        let asked =
            |one: &About| one.reason == Reason::Asked && one.milestone == about.milestone && one.unit == about.unit;
        let all = state.calls.iter().filter(|(one, _)| asked(one)).all(|(_, call)| call.answered.is_some());
        if all {
            meet(state, unit_subject(milestone::OWNERS_NOTIFIED, &unit), stamp, None, evidence);
            state.progressed = stamp.number;
        }
    }
}

fn fate(state: &mut State, notice: &crate::ids::MessageId, fate: TryFate) {
    let Some(about) = state.notices.get(notice) else { return };
    let Some(call) = Arc::make_mut(&mut state.calls).get_mut(about) else { return };
    if let Some(found) = call.tries.iter_mut().find(|one| one.notice == *notice)
        && found.fate != TryFate::Answered
    {
        found.fate = fate;
    }
}

fn set_event_marks(state: &mut State) {
    for step in state.plan.steps.iter().filter(|step| step.scope == Scope::Event) {
        let mark = Mark::due(state.issued + step.after, step.remind);
        state.marks.add(Subject::event(step.milestone.clone()), mark);
    }
}

/// Marks whose origin is E, or the delivery of the alert to the unit, that are not there yet.
fn set_unit_marks(state: &mut State, unit: &str) {
    let Some(found) = state.units.get(unit) else { return };
    let mut marks = Vec::new();
    for step in state.steps_of(unit) {
        let origin = match step.of {
            From::Issue => Some(state.issued),
            From::AlertIssued => found.delivered,
        };
        let Some(origin) = origin else { continue };
        // Another node reminds its own people.
        let remind = if unit == state.own || !is_units(&step.owner) { step.remind } else { Duration::ZERO };
        let remind = if was_reminded(state, &step.milestone, unit) { Duration::ZERO } else { remind };
        let mark = Mark::due(origin + step.after, remind);
        match step.scope {
            Scope::System => marks.extend(
                found.systems.keys().map(|name| (Subject::system(step.milestone.clone(), unit, name), mark.clone())),
            ),
            _ => marks.push((Subject::unit(step.milestone.clone(), unit), mark)),
        }
    }
    for (subject, mark) in marks {
        state.marks.add(subject, mark);
    }
}

fn was_reminded(state: &State, milestone: &Milestone, unit: &str) -> bool {
    let about = |reason| About { reason, milestone: milestone.clone(), unit: Some(unit.to_owned()), person: None };
    !state.calls.is_empty() && state.calls.contains_key(&about(Reason::Reminder))
}

fn confirm_issue(state: &mut State, issued: Timestamp) {
    let was = state.issued;
    state.issued = issued;
    state.issued_is = Issued::Confirmed;
    settle(state, &Milestone::known("issue"), None);
    let moved = |at: Timestamp| {
        Timestamp::from_micros(at.micros().saturating_add(issued.micros()).saturating_sub(was.micros()))
    };
    let (plan, changed) = (&state.plan, state.changed);
    state.marks.change_all(|subject, mark| {
        let of_issue = plan.step(subject.milestone.as_str()).is_none_or(|step| step.of == From::Issue);
        if of_issue {
            mark.due = moved(mark.due);
            mark.remind = mark.remind.map(moved);
            if mark.is_open() && mark.missed.is_some() && mark.due > changed {
                mark.missed = None;
            }
        }
    });
}

/// What an update says that was not known.
fn join(state: &mut State, source: Option<&crate::coordination::entry::Source>, call: &wire::Call) {
    fn add<T: PartialEq + Clone>(known: &mut Vec<T>, new: &[T]) {
        for one in new {
            if !known.contains(one) {
                known.push(one.clone());
            }
        }
    }
    let known = Arc::make_mut(&mut state.call);
    add(&mut known.alternatives, &call.alternatives);
    if call.incident.incident != known.incident.incident {
        add(&mut known.alternatives, std::slice::from_ref(&call.incident.incident));
    }
    add(&mut known.descriptions, &call.descriptions);
    add(&mut known.vulnerabilities, &call.vulnerabilities);
    add(&mut known.platforms, &call.platforms);
    add(&mut known.software, &call.software);
    add(&mut known.actions, &call.actions);
    add(&mut known.patches, &call.patches);
    if call.severity.is_some() {
        known.severity.clone_from(&call.severity);
    }
    let parts = Arc::make_mut(&mut state.parts);
    add(&mut parts.descriptions, &call.descriptions);
    add(&mut parts.vulnerabilities, &call.vulnerabilities);
    add(&mut parts.platforms, &call.platforms);
    add(&mut parts.software, &call.software);
    add(&mut parts.actions, &call.actions);
    add(&mut parts.patches, &call.patches);
    parts.severity.clone_from(&known.severity);
    // At a unit the newest Request of the node above is the one that the completion answers.
    if state.role == EventRole::Unit
        && let Some(source) = source
    {
        state.source = Some(source.clone());
    }
}

fn identify(state: &mut State, stamp: &Stamp, affected: &Affected) {
    for (name, systems) in affected {
        let unit = Arc::make_mut(state.units.entry(name.clone()).or_insert_with(|| Arc::new(Unit::new())));
        for target in systems {
            if !unit.systems.contains_key(&target.name) {
                unit.stale = unit.alert != AlertState::Unsent;
                unit.validated = None;
                unit.completed = None;
            }
            unit.systems.entry(target.name.clone()).or_default().target = target.clone();
        }
        set_unit_marks(state, name);
    }
    meet(state, Subject::event(Milestone::known(milestone::UNITS_IDENTIFIED)), stamp, None, None);
}

fn delivered(state: &mut State, stamp: &Stamp, unit: &str) {
    let Some(found) = unit_of(state, unit) else { return };
    if matches!(found.alert, AlertState::Unsent | AlertState::Sent | AlertState::Failed) {
        found.alert = AlertState::Delivered;
    }
    if found.delivered.is_none() {
        found.delivered = Some(stamp.at);
        set_unit_marks(state, unit);
    }
    if state.unit_mark(milestone::ALERT_ISSUED, unit).is_some_and(Mark::is_open) {
        meet(state, unit_subject(milestone::ALERT_ISSUED, unit), stamp, None, None);
    }
}

fn alert(state: &mut State, unit: &str, alert: AlertState) {
    if let Some(found) = unit_of(state, unit) {
        found.alert = alert;
    }
}

fn corrected(
    state: &mut State,
    stamp: &Stamp,
    unit: &str,
    systems: &[String],
    (when, evidence): (Option<Timestamp>, Option<&String>),
) {
    let mut news = false;
    for system in systems {
        let Some(found) = system_of(state, unit, system) else { continue };
        if found.corrected.is_some() {
            continue;
        }
        found.corrected = Some((when.unwrap_or(stamp.at).min(stamp.at), evidence.cloned()));
        if matches!(found.finding, Some((Finding::Fail, _))) {
            found.finding = None;
        }
        news = true;
        meet(state, system_subject(unit, system), stamp, when, evidence.cloned());
    }
    if news {
        state.progressed = stamp.number;
    }
}

/// Systems that were taken for corrected are not: they are open again, and so is the unit.
fn discrepancy(state: &mut State, unit: &str, systems: &[String]) {
    for system in systems {
        if let Some(found) = system_of(state, unit, system) {
            found.corrected = None;
        }
        reopen(state, &system_subject(unit, system));
    }
    if let Some(found) = unit_of(state, unit) {
        found.completed = None;
        found.validated = None;
        found.signed_off = None;
        found.discrepancies += 1;
    }
    // A new discrepancy is a new matter to call about.
    let reason = Reason::Trouble;
    let milestone = Milestone::known(milestone::CORRECTED);
    Arc::make_mut(&mut state.calls).remove(&About { reason, milestone, unit: Some(unit.to_owned()), person: None });
    reopen(state, &unit_subject(milestone::UNIT_COMPLETED, unit));
    reopen(state, &unit_subject(milestone::VALIDATED, unit));
}

fn reopen(state: &mut State, subject: &Subject) {
    state.marks.change(subject, |mark| mark.met = None);
}

fn waive(state: &mut State, stamp: &Stamp, subject: &Subject, why: &str) {
    let waived = Waived { at: stamp.at, by: stamp.actor.clone(), why: why.to_owned() };
    state.marks.change(subject, |mark| mark.waived = Some(waived));
}

fn unit_of<'a>(state: &'a mut State, unit: &str) -> Option<&'a mut Unit> {
    state.units.get_mut(unit).map(Arc::make_mut)
}

fn system_of<'a>(state: &'a mut State, unit: &str, system: &str) -> Option<&'a mut super::SystemState> {
    unit_of(state, unit)?.systems.get_mut(system)
}

fn meet(state: &mut State, subject: Subject, stamp: &Stamp, when: Option<Timestamp>, evidence: Option<String>) {
    if state.marks.get(&subject).is_none_or(|mark| mark.met.is_some()) {
        return;
    }
    state.news = stamp.number;
    // Nobody can have met it in the future.
    let at = when.unwrap_or(stamp.at).min(stamp.at);
    state.marks.change(&subject, |mark| mark.met = Some(Met { at, by: stamp.actor.clone(), evidence }));
    settle(state, &subject.milestone, subject.unit.as_ref());
}

/// Nobody is called any more about this milestone of this unit, if it is settled.
fn settle(state: &mut State, milestone: &Milestone, unit: Option<&String>) {
    if state.calls.is_empty() || state.marks.is_open(milestone, unit) {
        return;
    }
    for reason in Reason::ALL {
        let first = About { reason: *reason, milestone: milestone.clone(), unit: unit.cloned(), person: None };
        let of_this =
            |about: &About| about.reason == *reason && about.milestone == *milestone && about.unit.as_ref() == unit;
        let unsettled =
            state.calls.range(&first..).take_while(|(about, _)| of_this(about)).any(|(_, call)| !call.settled);
        if unsettled {
            let calls = Arc::make_mut(&mut state.calls).range_mut(first..);
            calls.take_while(|(about, _)| of_this(about)).for_each(|(_, call)| call.settled = true);
        }
    }
}

fn end(state: &mut State, end: EventState) {
    state.state = end;
    Arc::make_mut(&mut state.calls).values_mut().for_each(|call| call.settled = true);
}

/// Whether this place of the roster is filled by units.
fn is_units(place: &str) -> bool {
    crate::coordination::decide::OF_UNITS.contains(&place)
}

fn unit_subject(milestone: &'static str, unit: &str) -> Subject {
    Subject::unit(Milestone::known(milestone), unit)
}

fn system_subject(unit: &str, system: &str) -> Subject {
    Subject::system(Milestone::known(milestone::CORRECTED), unit, system)
}
