//! The report after action: what was planned, what happened, what was late, who was reached how, and how long each unit took,
//! with the documented procedure beside each step.
//!
//! Called by the service for `ridd event report`. Pure: the same log at the same time gives the same report, byte for byte.
//! [`Report`] holds the facts (they are its JSON too); [`Report::markdown`] and [`Report::html`] write them. Texts of others
//! are escaped in both. No address at which a person is called is in it, so that it can be handed on.

mod called;
mod content;
mod html;
mod markdown;
mod plots;
#[cfg(test)]
pub(crate) mod sample;
mod svg;
mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decide::Made;
use super::entry::Issued;
use super::measures::Measures;
use super::plan::{From, Scope};
use super::state::{Standing, State};
use super::timeline::Timeline;
use crate::clock::{Timestamp, span};

pub use called::{Called, Tried};
pub use words::sentence;

/// One step of the plan as it is documented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Procedure {
    /// The milestone it leads to.
    pub milestone: String,
    /// When it is due: `E+2 h`, or `30 min after the alert`.
    pub due: String,
    /// Who owns it: a place of the roster.
    pub owner: String,
    /// Whose milestone it is.
    pub scope: Scope,
    /// What is to be done.
    pub text: String,
}

/// A milestone that was not met in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Late {
    /// The milestone.
    pub milestone: String,
    /// The unit; nothing for the event's own.
    pub unit: Option<String>,
    /// When it was due.
    pub due: Timestamp,
    /// When it was met; nothing if it was not.
    pub met: Option<Timestamp>,
    /// By how much it was late, or is so far: milliseconds.
    pub by: u64,
    /// The calls about it, as numbers into [`Report::calls`], from 1.
    pub calls: Vec<usize>,
}

/// What became of one unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct UnitLine {
    /// The unit.
    pub unit: String,
    /// Its affected systems.
    pub systems: usize,
    /// Those that are corrected.
    pub corrected: usize,
    /// Those that stay as they are, each with the reason.
    pub exceptions: Vec<(String, String)>,
    /// How often it was asked to look again.
    pub discrepancies: u32,
    /// How its corrections were proved: in words.
    pub proof: String,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Happened {
    /// Its number.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What kind of entry it is.
    pub kind: String,
    /// What.
    pub text: String,
}

/// Everything that the report says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// When it was written.
    pub written: Timestamp,
    /// By whom the event was opened: the peer and its incident; nothing if it was entered by hand.
    pub source: Option<String>,
    /// The severity that the call states.
    pub severity: Option<String>,
    /// What it is about.
    pub vulnerabilities: Vec<String>,
    /// When it was opened here.
    pub opened: Timestamp,
    /// How sure E is.
    pub issued_is: Issued,
    /// The name of the plan.
    pub plan: String,
    /// Its steps.
    pub procedures: Vec<Procedure>,
    /// Plan beside actual.
    pub timeline: Timeline,
    /// How long each unit took.
    pub measures: Measures,
    /// What was not met in time: the event's own, then by unit.
    pub late: Vec<Late>,
    /// Who was called about what, in the order of the first call.
    pub calls: Vec<Called>,
    /// What became of each unit.
    pub units: Vec<UnitLine>,
    /// The whole log.
    pub log: Vec<Happened>,
}

impl Report {
    /// The report on an event as it stands at `now`, with its whole log.
    #[must_use]
    pub fn of(state: &State, log: &[Made], now: Timestamp) -> Self {
        let timeline = Timeline::of(state, now);
        let calls = called::called(&state.id, log);
        Self {
            written: now,
            source: state.source.as_ref().map(|source| format!("{} ({})", source.peer, source.incident.incident)),
            severity: state.call.severity.clone(),
            vulnerabilities: state.vulnerabilities().to_vec(),
            opened: state.opened,
            issued_is: state.issued_is,
            plan: state.plan.name.clone(),
            procedures: procedures(state),
            measures: Measures::of(state),
            late: late(&timeline, &calls),
            units: units(state),
            log: log.iter().map(happened).collect(),
            timeline,
            calls,
        }
    }

    /// What a page of its own shows of it: in short, the drawing of the timeline, what was late, the measures with their
    /// plots. HTML for a page that has the styles of `style.css`; every text in it is escaped.
    #[must_use]
    pub fn extract(&self) -> String {
        html::extract(self, &content::extract(self))
    }

    /// The report as Markdown (CommonMark with tables).
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::write(&content::blocks(self))
    }

    /// The report as one HTML file: it needs no other, and runs nothing.
    #[must_use]
    pub fn html(&self) -> String {
        html::write(self, &content::blocks(self))
    }
}

/// `E+1 h 02 min`: how long after E.
fn after_e(issued: Timestamp, at: Timestamp) -> String {
    if at < issued {
        format!("E−{}", span::words(issued.since(at)))
    } else {
        format!("E+{}", span::words(at.since(issued)))
    }
}

fn procedures(state: &State) -> Vec<Procedure> {
    let steps = state.plan.steps.iter().map(|step| Procedure {
        milestone: step.milestone.to_string(),
        due: match step.of {
            From::Issue => format!("E+{}", span::words(step.after)),
            From::AlertIssued => format!("{} after the alert", span::words(step.after)),
        },
        owner: step.owner.clone(),
        scope: step.scope,
        text: step.procedure.clone(),
    });
    steps.collect()
}

fn late(timeline: &Timeline, calls: &[Called]) -> Vec<Late> {
    let mut late = Vec::new();
    for lane in &timeline.lanes {
        for bar in lane.bars.iter().filter(|bar| matches!(bar.standing, Standing::Late | Standing::Missed)) {
            let Some(due) = bar.due else { continue };
            let same = |call: &Called| call.about.milestone == *bar.milestone.as_str() && call.about.unit == lane.unit;
            late.push(Late {
                milestone: bar.milestone.clone(),
                unit: lane.unit.clone(),
                due,
                met: bar.met,
                by: u64::try_from(bar.late(timeline.shown).as_millis()).unwrap_or(u64::MAX),
                calls: calls.iter().zip(1..).filter(|(call, _)| same(call)).map(|(_, number)| number).collect(),
            });
        }
    }
    late
}

fn units(state: &State) -> Vec<UnitLine> {
    let lines = state.units.iter().map(|(name, unit)| {
        let waived = state.unit_mark(super::plan::milestone::VALIDATED, name).and_then(|mark| mark.waived.as_ref());
        let proof = match (&unit.signed_off, unit.validated, waived) {
            (Some(by), Some(_), _) => format!("signed off by {by}"),
            (None, Some(_), _) => "passed by scans".to_owned(),
            (_, None, Some(waived)) => format!("waived by {}: {}", waived.by, waived.why),
            (_, None, None) => "not validated".to_owned(),
        };
        let excepted = unit.systems.iter().filter(|(_, system)| system.corrected.is_none());
        UnitLine {
            unit: name.clone(),
            systems: unit.systems.len(),
            corrected: unit.corrected(),
            exceptions: excepted.filter_map(|(name, system)| Some((name.clone(), system.excepted.clone()?))).collect(),
            discrepancies: unit.discrepancies,
            proof,
        }
    });
    lines.collect()
}

fn happened(made: &Made) -> Happened {
    Happened {
        number: made.stamp.number,
        at: made.stamp.at,
        actor: made.stamp.actor.clone(),
        kind: made.entry.kind().to_owned(),
        text: sentence(&made.entry),
    }
}

fn millis(millis: u64) -> String {
    span::words(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn golden(name: &str, text: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/report").join(name);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{name}: BLESS=1 writes it anew");
    }

    fn written(until: u64) -> Report {
        let (state, log) = sample::event(until);
        Report::of(&state, &log, sample::at(until.min(24 * 60)))
    }

    #[test]
    fn the_report_is_as_agreed() {
        for (until, name) in [(u64::MAX, "closed"), (sample::AT_14_HOURS, "running")] {
            let report = written(until);
            golden(&format!("{name}.md"), &report.markdown());
            golden(&format!("{name}.html"), &report.html());
            golden(&format!("{name}.json"), &(serde_json::to_string_pretty(&report).unwrap() + "\n"));
        }
    }

    #[test]
    fn what_was_late_names_the_calls_about_it() {
        let report = written(u64::MAX);
        let late = |milestone: &str, unit: Option<&str>| {
            report.late.iter().find(|late| late.milestone == milestone && late.unit.as_deref() == unit).unwrap()
        };
        let corrected = late("corrected", Some(sample::SOUTH));
        let call = &report.calls[corrected.calls[0] - 1];
        assert_eq!((call.tries.len(), call.outcome.as_str()), (2, "nobody answered"));
        assert_eq!(millis(corrected.by), "7 h 10 min");
        assert!(late("alert-ready", None).calls.is_empty());
        assert!(report.late.iter().all(|late| late.milestone != "units-identified"));
    }

    #[test]
    fn the_report_survives_its_json_and_keeps_addresses_to_itself() {
        let report = written(u64::MAX);
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
        for text in [json, report.markdown(), report.html()] {
            assert!(!text.contains("555"), "an address is in it");
        }
    }
}
