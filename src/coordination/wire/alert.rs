//! The action alert: to a unit, and read by a unit.
//!
//! Due times never stand in EndTime: a recipient that is late must not act any more then (RFC 7970 §3.15), and late patching is
//! wanted. They stand as a mark in the Expectation's words and in our extension.

use std::collections::BTreeSet;

use super::call::action;
use super::frame::{self, Frame};
use super::marks::{self, Marked, mark, words};
use super::references::{patch, patches, vulnerabilities};
use super::{Action, Alert, AlertParts, Sender, Step, StepKind, Task, WireError};
use crate::iodef::outline::{EventData, Expectation, MilestoneDetail, Outline};
use crate::peers::IodefVersion;

/// What stands before the name of a software in words.
const SOFTWARE: &str = "Software concerned: ";

/// What is asked of a unit by which action, where nothing else is said: the milestone, and the standard's words.
const ASKED: [(&str, &str, &str); 5] = [
    ("alert-acknowledged", "status-triage", "Acknowledge this alert"),
    ("owners-notified", "status-triage", "Notify the owners and administrators of the systems, and report it"),
    ("patches-obtained", "status-triage", "Review the system profiles, obtain authenticated patches, and report it"),
    ("corrected", "upgrade-software", "Correct every system listed, and report each"),
    ("unit-completed", "status-new-info", "Report completion, and the reason for each system that stays as it is"),
];

/// The alert as a document.
///
/// # Errors
/// See [`WireError`].
pub fn write_alert(alert: &Alert, sender: &Sender, version: IodefVersion) -> Result<Vec<u8>, WireError> {
    let parts = &alert.parts;
    let frame = Frame {
        incident: &alert.incident,
        alternatives: &alert.alternatives,
        purpose: "mitigation",
        status: "new",
        issued: alert.issued,
        written: alert.written,
        restriction: parts.restriction.as_deref(),
        lang: parts.lang.as_deref(),
        drill: parts.drill,
    };
    let mut outline = frame.outline(&parts.title, sender);
    outline.descriptions.extend(parts.descriptions.iter().cloned());
    outline.descriptions.extend(parts.software.iter().map(|name| format!("{SOFTWARE}{name}")));
    let plain = parts.steps.iter().filter(|step| step.course.is_none());
    outline.descriptions.extend(plain.map(told));
    outline.severity.clone_from(&parts.severity);
    outline.references = parts.vulnerabilities.iter().map(|name| frame::vulnerability(name)).collect();
    outline.references.extend(parts.patches.iter().map(patch));
    outline.vulnerabilities.clone_from(&parts.vulnerabilities);
    outline.platforms.clone_from(&parts.platforms);
    let courses = parts.steps.iter().filter_map(|step| Some((step, step.course.as_ref()?)));
    let courses = courses.map(|(step, course)| Expectation {
        action: "defined-coa".to_owned(),
        severity: None,
        descriptions: vec![told(step)],
        courses: vec![course.clone()],
    });
    let actions = parts.actions.iter().map(|action| Expectation {
        action: action.action.clone(),
        severity: action.severity.clone(),
        descriptions: vec![Marked::new(&action.text).mark("due", action.due).end()],
        courses: Vec::new(),
    });
    outline.events.push(EventData {
        descriptions: vec![affected(alert)],
        systems: alert.systems.iter().map(frame::system).collect(),
        expectations: courses.chain(actions).chain(alert.tasks.iter().map(asked)).collect(),
        milestones: alert.tasks.iter().map(detail).collect(),
    });
    frame::encode(&outline, "alert", version)
}

fn affected(alert: &Alert) -> String {
    match alert.systems.len() {
        0 => "Systems of yours may be affected".to_owned(),
        1 => "The affected system".to_owned(),
        number => format!("The {number} affected systems"),
    }
}

fn told(step: &Step) -> String {
    format!("{}: {}", step.kind.word(), step.text)
}

fn asked(task: &Task) -> Expectation {
    let known = ASKED.iter().find(|(milestone, ..)| *milestone == task.milestone);
    let (_, action, text) = known.copied().unwrap_or(("", "status-new-info", "Report when this is done"));
    let text = if task.text.is_empty() { text } else { &task.text };
    let text = Marked::new(text).mark("milestone", Some(&task.milestone)).mark("due", task.due);
    Expectation {
        action: if task.action.is_empty() { action.to_owned() } else { task.action.clone() },
        severity: None,
        descriptions: vec![text.mark("owner", task.owner.as_ref()).end()],
        courses: Vec::new(),
    }
}

fn detail(task: &Task) -> MilestoneDetail {
    MilestoneDetail {
        name: task.milestone.clone(),
        due: task.due.map(|due| due.to_string()),
        owner: task.owner.clone(),
        ..MilestoneDetail::default()
    }
}

/// What an alert says, ours or that of another node. Due times are those of our extension, else those in the words, never
/// EndTime.
#[must_use]
pub fn read_alert(outline: &Outline) -> Alert {
    let mut descriptions = Vec::new();
    let mut software = Vec::new();
    let mut steps = Vec::new();
    for text in frame::further(outline) {
        if let Some(step) = step(text, None) {
            steps.push(step);
        } else if let Some(name) = text.strip_prefix(SOFTWARE) {
            frame::add(name, &mut software);
        } else {
            descriptions.push(text.clone());
        }
    }
    let (mut actions, mut tasks) = (Vec::new(), Vec::new());
    let details: Vec<_> = outline.events.iter().flat_map(|event| &event.milestones).collect();
    let expectations = || outline.events.iter().flat_map(|event| &event.expectations);
    let named = !details.is_empty() || expectations().any(|one| milestone(one).is_some());
    let mut taken = BTreeSet::new();
    for expectation in expectations().filter(|one| one.action != "nothing") {
        let course = expectation.courses.first().or_else(|| expectation.descriptions.get(1));
        let told = expectation.descriptions.first().and_then(|text| step(text, course));
        let said = milestone(expectation).or_else(|| (!named).then(|| implied(&expectation.action)).flatten());
        match (told, said) {
            (Some(step), _) => steps.push(step),
            (None, Some(milestone)) if taken.insert(milestone.to_owned()) => {
                tasks.push(task(expectation, milestone, &details))
            }
            (None, _) => actions.push(action(expectation)),
        }
    }
    let mut platforms = outline.platforms.clone();
    let targets = || outline.events.iter().flat_map(frame::targets);
    if platforms.is_empty() {
        targets().flat_map(|system| &system.cpes).for_each(|name| frame::add(name, &mut platforms));
    }
    Alert {
        incident: outline.id.clone(),
        alternatives: frame::alternatives(outline),
        issued: frame::issued(outline),
        written: frame::time(outline.written.as_ref()),
        parts: AlertParts {
            title: frame::title(outline).unwrap_or_default(),
            descriptions,
            severity: outline.severity.clone(),
            vulnerabilities: vulnerabilities(outline),
            platforms,
            software,
            steps,
            actions,
            patches: patches(outline),
            restriction: outline.restriction.clone(),
            lang: outline.lang.clone(),
            drill: frame::drill(outline),
        },
        systems: targets().map(frame::target).collect(),
        tasks,
    }
}

/// The milestone that an Expectation's words name.
fn milestone(expectation: &Expectation) -> Option<&str> {
    expectation.descriptions.iter().find_map(|text| mark(text, "milestone"))
}

/// What an action asks for where no milestone is named.
fn implied(action: &str) -> Option<&'static str> {
    match action {
        "status-triage" => Some("owners-notified"),
        "upgrade-software" | "remediate-other" => Some("corrected"),
        "status-new-info" => Some("unit-completed"),
        _ => None,
    }
}

fn task(expectation: &Expectation, milestone: &str, details: &[&MilestoneDetail]) -> Task {
    let detail = details.iter().find(|detail| detail.name == milestone);
    let Action { action, text, due, .. } = action(expectation);
    let owner = expectation.descriptions.iter().find_map(|text| mark(text, "owner"));
    Task {
        milestone: milestone.to_owned(),
        due: detail.and_then(|detail| frame::time(detail.due.as_ref())).or(due),
        owner: detail.and_then(|detail| detail.owner.clone()).or_else(|| owner.map(str::to_owned)),
        action,
        text,
    }
}

/// The step that a description tells, if it begins with the word for one.
fn step(text: &str, course: Option<&String>) -> Option<Step> {
    StepKind::ALL.into_iter().find_map(|kind| {
        let text = text.strip_prefix(kind.word())?.strip_prefix(": ")?;
        Some(Step { kind, text: text.to_owned(), course: course.cloned() })
    })
}

/// Whether a document that a node above sent asks to look into systems again, and is no alert: it has an Expectation
/// `investigate` and names no milestone but those of its own repair.
#[must_use]
pub fn is_discrepancy(outline: &Outline) -> bool {
    let expectations = || outline.events.iter().flat_map(|event| &event.expectations);
    let asks = |word: &str| expectations().any(|one| one.action == word);
    let marked = outline.events.iter().flat_map(|event| &event.systems);
    let mut states = marked.filter_map(|system| system.detail.as_ref()).map(|detail| detail.state.as_str());
    let repairs = ["upgrade-software", "remediate-other", "status-new-info"];
    asks("investigate")
        && (states.any(|state| state == "unpatched") || !repairs.into_iter().any(asks))
        && !expectations().any(|one| milestone(one).is_some())
}

/// The words of an Expectation that asks to investigate, without marks, and by when.
pub(super) fn investigation(expectation: &Expectation) -> (String, Option<crate::clock::Timestamp>) {
    let text: Vec<_> = expectation.descriptions.iter().map(|text| words(text)).collect();
    (text.join(" "), expectation.descriptions.iter().find_map(|text| marks::time(text, "due")))
}
