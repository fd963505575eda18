//! The status of the whole event: to the authority, and in answer to a Query.

use super::frame::{self, Frame};
use super::marks::{self, Marked, mark};
use super::{MilestoneLine, Sender, Status, UnitLine, WireError};
use crate::clock::Timestamp;
use crate::iodef::outline::{HistoryItem, MilestoneDetail, Outline};
use crate::peers::IodefVersion;

/// The status as a document.
///
/// # Errors
/// See [`WireError`].
pub fn write_status(status: &Status, sender: &Sender, version: IodefVersion) -> Result<Vec<u8>, WireError> {
    let frame = Frame {
        incident: &status.incident,
        alternatives: &status.alternatives,
        purpose: "reporting",
        status: &status.status,
        issued: status.issued,
        written: status.written,
        restriction: status.restriction.as_deref(),
        lang: None,
        drill: status.drill,
    };
    let mut outline = frame.outline(&status.title, sender);
    outline.severity.clone_from(&status.severity);
    outline.descriptions.push(Marked::new(&summary(status)).mark("status", Some(&status.status)).end());
    outline.descriptions.extend(status.units.iter().map(unit));
    outline.descriptions.extend(status.note.clone());
    let (open, done): (Vec<_>, Vec<_>) = status.milestones.iter().partition(|line| line.state == "open");
    outline.history = done.into_iter().map(|line| item(line, status.written)).collect();
    outline.milestones = open.into_iter().map(detail).collect();
    frame::encode(&outline, "status", version)
}

fn summary(status: &Status) -> String {
    let sum = |count: fn(&UnitLine) -> u64| status.units.iter().map(count).fold(0, u64::saturating_add);
    format!(
        "{} units: of {} affected systems {} are corrected and {} stay as they are for a reason.",
        status.units.len(),
        sum(|unit| unit.affected),
        sum(|unit| unit.corrected),
        sum(|unit| unit.excepted),
    )
}

fn unit(unit: &UnitLine) -> String {
    Marked::new("Unit.")
        .mark("unit", Some(&unit.unit))
        .mark("state", Some(&unit.state))
        .mark("affected", Some(unit.affected))
        .mark("corrected", Some(unit.corrected))
        .mark("excepted", Some(unit.excepted))
        .end()
}

/// What was done: for a missed milestone, nothing at the time it was due.
fn item(line: &MilestoneLine, written: Option<Timestamp>) -> HistoryItem {
    let at = line.at.or(line.due).or(written);
    let words = match line.state.as_str() {
        "met" => "A milestone was met.",
        "missed" => "A milestone was missed.",
        "waived" => "A milestone was waived.",
        _ => "A milestone.",
    };
    let marked = Marked::new(words)
        .mark("milestone", Some(&line.milestone))
        .mark("unit", line.unit.as_ref())
        .mark("state", Some(&line.state))
        .mark("due", line.due)
        .end();
    HistoryItem {
        action: "status-new-info".to_owned(),
        at: at.map(|at| at.to_string()).unwrap_or_default(),
        by: line.by.clone(),
        descriptions: std::iter::once(marked).chain(line.text.clone()).collect(),
        milestone: Some(detail(line)),
    }
}

fn detail(line: &MilestoneLine) -> MilestoneDetail {
    MilestoneDetail {
        name: line.milestone.clone(),
        due: line.due.map(|due| due.to_string()),
        owner: None,
        state: Some(line.state.clone()),
        met_at: line.at.map(|at| at.to_string()),
        by: line.by.clone(),
        unit: line.unit.clone(),
    }
}

/// What a status says.
#[must_use]
pub fn read_status(outline: &Outline) -> Status {
    let lines = || frame::further(outline);
    let said = lines().find_map(|text| mark(text, "status").filter(|_| mark(text, "unit").is_none()));
    let note: Vec<_> =
        lines().filter(|text| mark(text, "status").is_none() && mark(text, "unit").is_none()).cloned().collect();
    let open = outline.milestones.iter().map(|detail| MilestoneLine { text: None, ..line(Some(detail), None) });
    let told = |item: &&HistoryItem| {
        item.milestone.is_some() || item.descriptions.iter().any(|text| mark(text, "milestone").is_some())
    };
    let events = outline.history.iter().filter(told).map(|item| {
        let marked = item.descriptions.iter().find(|text| mark(text, "milestone").is_some());
        let texts: Vec<_> = item.descriptions.iter().filter(|text| Some(*text) != marked).cloned().collect();
        let read = line(item.milestone.as_ref(), marked);
        let happened = read.at.or_else(|| {
            // Without our extension nothing but the item's time tells when; that of a missed one is when it was due.
            item.milestone.is_none().then(|| Timestamp::parse(&item.at)).flatten().filter(|at| Some(*at) != read.due)
        });
        MilestoneLine {
            at: happened,
            by: item.by.clone().or(read.by),
            text: (!texts.is_empty()).then(|| texts.join("\n")),
            ..read
        }
    });
    Status {
        incident: outline.id.clone(),
        alternatives: frame::alternatives(outline),
        issued: frame::issued(outline),
        written: frame::time(outline.written.as_ref()),
        status: outline.status.clone().or_else(|| said.map(str::to_owned)).unwrap_or_default(),
        title: frame::title(outline).unwrap_or_default(),
        severity: outline.severity.clone(),
        milestones: events.chain(open).collect(),
        units: lines().filter_map(|text| unit_line(text)).collect(),
        note: (!note.is_empty()).then(|| note.join("\n")),
        restriction: outline.restriction.clone(),
        drill: frame::drill(outline),
    }
}

/// A milestone, by our extension where it speaks and by the marks where it does not.
fn line(detail: Option<&MilestoneDetail>, marked: Option<&String>) -> MilestoneLine {
    let said = |key: &str| marked.and_then(|text| mark(text, key)).map(str::to_owned);
    let told = |pick: fn(&MilestoneDetail) -> Option<&String>| detail.and_then(pick).cloned();
    MilestoneLine {
        milestone: detail.map(|detail| detail.name.clone()).or_else(|| said("milestone")).unwrap_or_default(),
        unit: told(|detail| detail.unit.as_ref()).or_else(|| said("unit")),
        state: told(|detail| detail.state.as_ref()).or_else(|| said("state")).unwrap_or_else(|| "open".to_owned()),
        due: detail
            .and_then(|detail| frame::time(detail.due.as_ref()))
            .or_else(|| marked.and_then(|text| marks::time(text, "due"))),
        at: detail.and_then(|detail| frame::time(detail.met_at.as_ref())),
        by: told(|detail| detail.by.as_ref()),
        text: None,
    }
}

fn unit_line(text: &str) -> Option<UnitLine> {
    let number = |key: &str| mark(text, key).and_then(|number| number.parse().ok()).unwrap_or(0);
    Some(UnitLine {
        unit: mark(text, "unit")?.to_owned(),
        state: mark(text, "state").unwrap_or_default().to_owned(),
        affected: number("affected"),
        corrected: number("corrected"),
        excepted: number("excepted"),
    })
}
