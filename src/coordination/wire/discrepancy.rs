//! The discrepancy: systems that a scan found unpatched, for the unit to look into.

use super::alert::investigation;
use super::frame::{self, Frame};
use super::marks::Marked;
use super::references::vulnerabilities;
use super::{Discrepancy, Finding, Sender, WireError};
use crate::iodef::outline::{EventData, Expectation, Outline, System, SystemDetail};
use crate::peers::IodefVersion;

/// What stands before what was found on a system.
const FOUND: &str = "Found: ";

/// The discrepancy as a document.
///
/// # Errors
/// See [`WireError`].
pub fn write_discrepancy(
    discrepancy: &Discrepancy,
    sender: &Sender,
    version: IodefVersion,
) -> Result<Vec<u8>, WireError> {
    let frame = Frame {
        incident: &discrepancy.incident,
        alternatives: &discrepancy.alternatives,
        purpose: "mitigation",
        status: "in-progress",
        issued: discrepancy.issued,
        written: discrepancy.written,
        restriction: discrepancy.restriction.as_deref(),
        lang: None,
        drill: discrepancy.drill,
    };
    let title = match discrepancy.findings.len() {
        1 => "One system was reported corrected and found unpatched".to_owned(),
        number => format!("{number} systems were reported corrected and found unpatched"),
    };
    let mut outline = frame.outline(&title, sender);
    outline.references = discrepancy.vulnerabilities.iter().map(|name| frame::vulnerability(name)).collect();
    let text = Marked::new(&discrepancy.why).mark("due", discrepancy.due).end();
    outline.events.push(EventData {
        descriptions: vec!["Systems found unpatched".to_owned()],
        systems: discrepancy.findings.iter().map(found).collect(),
        expectations: vec![Expectation {
            action: "investigate".to_owned(),
            severity: Some("high".to_owned()),
            descriptions: vec![text],
            courses: Vec::new(),
        }],
        milestones: Vec::new(),
    });
    frame::encode(&outline, "discrepancy", version)
}

fn found(finding: &Finding) -> System {
    let reason = Some(&finding.why).filter(|why| !why.is_empty());
    System {
        descriptions: reason.iter().map(|why| format!("{FOUND}{why}")).collect(),
        detail: Some(SystemDetail {
            state: "unpatched".to_owned(),
            reason: reason.cloned(),
            ..SystemDetail::default()
        }),
        ..frame::system(&finding.system)
    }
}

/// What a discrepancy says.
#[must_use]
pub fn read_discrepancy(outline: &Outline) -> Discrepancy {
    let expectations = outline.events.iter().flat_map(|event| &event.expectations);
    let asked = expectations.filter(|one| one.action == "investigate").map(investigation).next();
    let (why, due) = asked.unwrap_or_default();
    let findings = outline
        .events
        .iter()
        .flat_map(frame::targets)
        .map(|system| Finding { system: frame::target(system), why: why_of(system) });
    Discrepancy {
        incident: outline.id.clone(),
        alternatives: frame::alternatives(outline),
        issued: frame::issued(outline),
        written: frame::time(outline.written.as_ref()),
        findings: findings.collect(),
        vulnerabilities: vulnerabilities(outline),
        why,
        due,
        restriction: outline.restriction.clone(),
        drill: frame::drill(outline),
    }
}

fn why_of(system: &System) -> String {
    let said = system.detail.as_ref().and_then(|detail| detail.reason.clone());
    said.unwrap_or_else(|| {
        let texts: Vec<_> = system.descriptions.iter().map(|text| text.strip_prefix(FOUND).unwrap_or(text)).collect();
        texts.join(" ")
    })
}
