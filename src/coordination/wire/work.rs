//! Progress and completion: what a unit reports, and what is read in a unit's report, be its node `ridd` or not.

use super::frame::{self, Frame};
use super::marks::{Marked, mark, words};
use super::{Completion, Correction, Exception, Met, Progress, Sender, WireError};
use crate::clock::Timestamp;
use crate::iodef::outline::{EventData, HistoryItem, MilestoneDetail, Outline, System, SystemDetail};
use crate::iodef::summary::IncidentId;
use crate::peers::IodefVersion;

/// What stands before the reason for which a system stays as it is.
const EXCEPTION: &str = "Exception: ";

/// The titles of what we write.
const PROGRESS: &str = "Progress of corrective action";
const COMPLETION: &str = "Corrective action is complete";

/// What a unit reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// On the work so far.
    Progress(Progress),
    /// That it is done.
    Completion(Completion),
}

/// The report on the work so far, as a document: for a Report.
///
/// # Errors
/// See [`WireError`].
pub fn write_progress(progress: &Progress, sender: &Sender, version: IodefVersion) -> Result<Vec<u8>, WireError> {
    frame::encode(&outline(progress, PROGRESS, "in-progress", false, sender), "progress report", version)
}

/// The report that corrective action is complete, as a document: for a Result.
///
/// # Errors
/// See [`WireError`].
pub fn write_completion(completion: &Completion, sender: &Sender, version: IodefVersion) -> Result<Vec<u8>, WireError> {
    let outline = outline(&completion.work, COMPLETION, "resolved", completion.all, sender);
    frame::encode(&outline, "completion report", version)
}

fn outline(work: &Progress, title: &str, status: &str, all: bool, sender: &Sender) -> Outline {
    let frame = Frame {
        incident: &work.incident,
        alternatives: &[],
        purpose: "reporting",
        status,
        issued: None,
        written: work.written,
        restriction: None,
        lang: None,
        drill: work.drill,
    };
    let mut outline = frame.outline(title, sender);
    let (corrected, excepted) = (work.corrected.len(), work.exceptions.len());
    let corrected = if all { "all".to_owned() } else { corrected.to_string() };
    let line = Marked::new("Systems.").mark("status", Some(status)).mark("corrected", Some(corrected));
    outline.descriptions.push(line.mark("excepted", Some(excepted)).end());
    outline.descriptions.extend(work.note.clone());
    if !work.corrected.is_empty() {
        outline.events.push(EventData {
            descriptions: vec!["Corrected systems".to_owned()],
            systems: work.corrected.iter().map(corrected_system).collect(),
            ..EventData::default()
        });
    }
    if !work.exceptions.is_empty() {
        outline.events.push(EventData {
            descriptions: vec!["Exceptions: systems that stay as they are".to_owned()],
            systems: work.exceptions.iter().map(excepted_system).collect(),
            ..EventData::default()
        });
    }
    if all || !work.corrected.is_empty() {
        let last = work.corrected.iter().filter_map(|one| one.at).max().or(work.written);
        outline.history.push(HistoryItem {
            action: "upgrade-software".to_owned(),
            at: last.map(|at| at.to_string()).unwrap_or_default(),
            by: None,
            descriptions: vec!["The systems listed as corrected were corrected".to_owned()],
            milestone: None,
        });
    }
    outline.history.extend(work.met.iter().map(|met| met_item(met, work.written)));
    outline
}

fn corrected_system(correction: &Correction) -> System {
    System {
        detail: Some(SystemDetail {
            state: "corrected".to_owned(),
            at: correction.at.map(|at| at.to_string()),
            by: correction.by.clone(),
            reason: None,
        }),
        ..named(&correction.system)
    }
}

fn excepted_system(exception: &Exception) -> System {
    System {
        descriptions: vec![format!("{EXCEPTION}{}", exception.reason)],
        detail: Some(SystemDetail {
            state: "excepted".to_owned(),
            reason: Some(exception.reason.clone()),
            ..SystemDetail::default()
        }),
        ..named(&exception.system)
    }
}

fn named(system: &str) -> System {
    System { category: Some("target".to_owned()), asset_ids: vec![system.to_owned()], ..System::default() }
}

fn met_item(met: &Met, written: Option<Timestamp>) -> HistoryItem {
    let at = met.at.or(written).map(|at| at.to_string());
    let line = Marked::new("A milestone was met.").mark("milestone", Some(&met.milestone)).mark("state", Some("met"));
    HistoryItem {
        action: "status-new-info".to_owned(),
        at: at.clone().unwrap_or_default(),
        by: met.by.clone(),
        descriptions: std::iter::once(line.end()).chain(met.text.clone()).collect(),
        milestone: Some(MilestoneDetail {
            name: met.milestone.clone(),
            state: Some("met".to_owned()),
            met_at: at,
            by: met.by.clone(),
            ..MilestoneDetail::default()
        }),
    }
}

/// What a unit's report says. `result` tells that it came as a Result, which ends a Request (RFC 6545 §6.3) and so means completion
/// unless it says otherwise.
#[must_use]
pub fn read_work(outline: &Outline, result: bool) -> Work {
    let status = outline.status.clone().or_else(|| status_in_words(outline));
    let complete = match status.as_deref() {
        Some("resolved") => true,
        Some("in-progress") => false,
        _ => result,
    };
    let corrections = if complete || corrects(outline) { corrections(outline) } else { Vec::new() };
    let progress = Progress {
        incident: IncidentId { incident: outline.id.incident.clone(), instance: outline.id.instance.clone() },
        written: frame::time(outline.written.as_ref()),
        corrected: corrections,
        exceptions: exceptions(outline),
        met: outline.history.iter().filter_map(met).collect(),
        note: note(outline),
        drill: frame::drill(outline),
    };
    if !complete {
        return Work::Progress(progress);
    }
    let said_all = outline.descriptions.iter().any(|text| mark(text, "corrected") == Some("all"));
    let counted = outline.descriptions.iter().any(|text| mark(text, "corrected").is_some());
    let all = said_all || (!counted && progress.corrected.is_empty());
    Work::Completion(Completion { work: progress, all })
}

/// IODEF 1.0 has no status: it stands in a description, as a mark or as people write it.
fn status_in_words(outline: &Outline) -> Option<String> {
    let marked = outline.descriptions.iter().find_map(|text| mark(text, "status"));
    marked.map(str::to_ascii_lowercase).or_else(|| {
        let said = |word: &str| {
            outline.descriptions.iter().any(|text| {
                let text = text.to_ascii_lowercase();
                let mut behind = text.match_indices("status").filter_map(|(at, found)| text.get(at + found.len()..));
                behind.any(|rest| rest.trim_start_matches([':', '=', ' ']).starts_with(word))
            })
        };
        ["resolved", "in-progress"].into_iter().find(|word| said(word)).map(str::to_owned)
    })
}

/// Whether a report says at all that something was corrected: that systems are listed is not enough.
fn corrects(outline: &Outline) -> bool {
    let acts = ["upgrade-software", "remediate-other", "rebuild-asset", "harden-asset"];
    outline.history.iter().any(|item| acts.contains(&item.action.as_str()))
}

/// Every system that is the matter of the report, with whether it is an exception, and why.
fn systems(outline: &Outline) -> impl Iterator<Item = (&System, Option<String>)> {
    outline.events.iter().flat_map(|event| {
        let inherited = event.descriptions.iter().find_map(|text| exception(text));
        frame::targets(event).map(move |system| (system, exception_of(system, inherited.as_deref())))
    })
}

/// Why a system is an exception: our extension says so, or its words, or those of what it stands in.
fn exception_of(system: &System, inherited: Option<&str>) -> Option<String> {
    let own = system.descriptions.iter().find_map(|text| exception(text));
    match &system.detail {
        Some(detail) if detail.state == "excepted" => {
            detail.reason.clone().or(own).or_else(|| inherited.map(str::to_owned))
        }
        Some(_) => None,
        None => own.or_else(|| inherited.map(str::to_owned)),
    }
}

/// The reason behind a word that begins with `exception`.
fn exception(text: &str) -> Option<String> {
    let start = text.get(..9).filter(|start| start.eq_ignore_ascii_case("exception"))?;
    let rest = text.get(start.len()..).unwrap_or_default();
    let reason = rest.split_once(':').map_or(rest, |(_, reason)| reason);
    Some(reason.trim().to_owned())
}

fn corrections(outline: &Outline) -> Vec<Correction> {
    let acts = outline.history.iter().filter(|item| item.action != "status-new-info" && item.milestone.is_none());
    let last = acts.filter_map(|item| Some((Timestamp::parse(&item.at)?, item))).max_by_key(|(at, _)| *at);
    let (at, by) = last.map(|(at, item)| (Some(at), item.by.clone())).unwrap_or_default();
    let mut corrections: Vec<Correction> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (system, exception) in systems(outline) {
        let state = system.detail.as_ref().map(|detail| detail.state.as_str());
        if exception.is_some() || state.is_some_and(|state| state != "corrected") {
            continue;
        }
        let name = frame::target(system).name;
        if name.is_empty() || !seen.insert(name.clone()) {
            continue;
        }
        let detail = system.detail.as_ref();
        corrections.push(Correction {
            system: name,
            at: detail.and_then(|detail| frame::time(detail.at.as_ref())).or(at),
            by: detail.and_then(|detail| detail.by.clone()).or_else(|| by.clone()),
        });
    }
    corrections
}

fn exceptions(outline: &Outline) -> Vec<Exception> {
    let excepted = systems(outline).filter_map(|(system, reason)| Some((system, reason?)));
    excepted.map(|(system, reason)| Exception { system: frame::target(system).name, reason }).collect()
}

fn met(item: &HistoryItem) -> Option<Met> {
    let detail = item.milestone.as_ref();
    let marked = item.descriptions.iter().find(|text| mark(text, "milestone").is_some());
    let state =
        detail.and_then(|detail| detail.state.as_deref()).or_else(|| marked.and_then(|text| mark(text, "state")));
    if state.is_some_and(|state| state != "met") {
        return None;
    }
    let name = detail.map(|detail| detail.name.as_str()).or_else(|| marked.and_then(|text| mark(text, "milestone")))?;
    let texts = item.descriptions.iter().filter(|text| Some(*text) != marked).map(String::as_str);
    // In a document of ours the words before the mark are always the same, and say nothing.
    let before = marked.filter(|_| detail.is_none()).map(|text| words(text));
    let texts: Vec<_> = before.into_iter().chain(texts).filter(|text| !text.is_empty()).collect();
    Some(Met {
        milestone: name.to_owned(),
        at: detail.and_then(|detail| frame::time(detail.met_at.as_ref())).or_else(|| Timestamp::parse(&item.at)),
        by: item.by.clone().or_else(|| detail.and_then(|detail| detail.by.clone())),
        text: (!texts.is_empty()).then(|| texts.join(" ")),
    })
}

/// What is said beside our titles and the line of numbers.
fn note(outline: &Outline) -> Option<String> {
    let title = frame::title(outline).filter(|title| title != PROGRESS && title != COMPLETION);
    let texts = title.into_iter().chain(frame::further(outline).cloned());
    let texts: Vec<_> = texts.filter(|text| mark(text, "status").is_none()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}
