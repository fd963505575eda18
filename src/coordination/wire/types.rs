//! The documents of a significant event as plain values. Kept as they are in the log of the event, so a field may be added
//! only with a default.

use serde::{Deserialize, Serialize};

use super::parts::{Action, Correction, Exception, Met, Patch, Step, Target, Task};
use crate::clock::Timestamp;
use crate::ids::IncidentName;
use crate::iodef::summary::IncidentId;

/// Whoever writes a document: its Contact, which both versions demand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sender {
    /// The organization.
    pub name: String,
    /// Where mail reaches it.
    pub email: Option<String>,
    /// Where calls reach it.
    pub telephone: Option<String>,
}

/// What a data call says, or any report that names vulnerabilities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its incident.
    pub incident: IncidentId,
    /// What others call the same incident.
    #[serde(default)]
    pub alternatives: Vec<IncidentName>,
    /// E as the document has it: GenerationTime; in IODEF 1.0, ReportTime.
    pub issued: Option<Timestamp>,
    /// The first of its descriptions.
    pub title: Option<String>,
    /// The others.
    #[serde(default)]
    pub descriptions: Vec<String>,
    /// `low`, `medium` or `high`: the highest of its impacts.
    pub severity: Option<String>,
    /// The vulnerabilities it names, as written, each once.
    #[serde(default)]
    pub vulnerabilities: Vec<String>,
    /// The CPE names of the software it names.
    #[serde(default)]
    pub platforms: Vec<String>,
    /// The software it names in words: what is matched by hand where there is no CPE name.
    #[serde(default)]
    pub software: Vec<String>,
    /// What it asks for.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// The patches it names.
    #[serde(default)]
    pub patches: Vec<Patch>,
    /// Who may see it, by the standard's word; nothing counts as `private`.
    pub restriction: Option<String>,
    /// The language of its texts.
    pub lang: Option<String>,
    /// Whether it says that it is a drill.
    #[serde(default)]
    pub drill: bool,
}

/// What an alert says to every unit alike: what the staff edit and approve.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct AlertParts {
    /// What it is about, in a line.
    pub title: String,
    /// What is known.
    pub descriptions: Vec<String>,
    /// `low`, `medium` or `high`.
    pub severity: Option<String>,
    /// The vulnerabilities.
    pub vulnerabilities: Vec<String>,
    /// The CPE names of the software concerned.
    pub platforms: Vec<String>,
    /// The software in words, as the data call names it.
    pub software: Vec<String>,
    /// What to do to prevent, restrict and eradicate.
    pub steps: Vec<Step>,
    /// What the data call asks for beside that, handed on.
    pub actions: Vec<Action>,
    /// The patches.
    pub patches: Vec<Patch>,
    /// Who may see it; nothing is written as `need-to-know`.
    pub restriction: Option<String>,
    /// The language of its texts; nothing is written as `en`.
    pub lang: Option<String>,
    /// Whether it is a drill.
    pub drill: bool,
}

/// An alert to one unit; or what a unit's node reads in an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The number: the node that opened the event, the event, the instance.
    pub incident: IncidentId,
    /// What others call the same incident, the authority first.
    #[serde(default)]
    pub alternatives: Vec<IncidentName>,
    /// E; nothing, if an alert of another node does not say.
    pub issued: Option<Timestamp>,
    /// When this document was written.
    pub written: Option<Timestamp>,
    /// What it says to every unit alike.
    pub parts: AlertParts,
    /// The systems of the recipient that are affected.
    #[serde(default)]
    pub systems: Vec<Target>,
    /// The milestones that the recipient owns.
    #[serde(default)]
    pub tasks: Vec<Task>,
}

/// A unit's report on the work so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The alert's number and instance.
    pub incident: IncidentId,
    /// When this document was written.
    pub written: Option<Timestamp>,
    /// The systems that are corrected.
    #[serde(default)]
    pub corrected: Vec<Correction>,
    /// The systems that stay as they are.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// The milestones that were met at the unit.
    #[serde(default)]
    pub met: Vec<Met>,
    /// What else is to be said.
    #[serde(default)]
    pub note: Option<String>,
    /// Whether it is a drill.
    #[serde(default)]
    pub drill: bool,
}

/// A unit's report that corrective action is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// What it says of systems and milestones.
    pub work: Progress,
    /// Whether it means every system: a document of another node that lists none does. Exceptions stay excepted.
    pub all: bool,
}

/// A system that a scan found unpatched though it was reported corrected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// The system.
    pub system: Target,
    /// What was found.
    pub why: String,
}

/// What a unit is asked to look into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discrepancy {
    /// The alert's number with the next instance.
    pub incident: IncidentId,
    /// What others call the same incident.
    #[serde(default)]
    pub alternatives: Vec<IncidentName>,
    /// E.
    pub issued: Option<Timestamp>,
    /// When this document was written.
    pub written: Option<Timestamp>,
    /// The systems.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The vulnerabilities that were looked for.
    #[serde(default)]
    pub vulnerabilities: Vec<String>,
    /// What is asked, in words.
    pub why: String,
    /// By when.
    pub due: Option<Timestamp>,
    /// Who may see it; nothing is written as `need-to-know`.
    #[serde(default)]
    pub restriction: Option<String>,
    /// Whether it is a drill.
    #[serde(default)]
    pub drill: bool,
}

/// Where one milestone stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MilestoneLine {
    /// The milestone.
    pub milestone: String,
    /// The unit, for milestones that each unit has.
    pub unit: Option<String>,
    /// `open`, `met`, `missed` or `waived`.
    pub state: String,
    /// When it is due.
    pub due: Option<Timestamp>,
    /// When it was met, missed or waived.
    pub at: Option<Timestamp>,
    /// By whom.
    pub by: Option<String>,
    /// On what evidence, or why.
    pub text: Option<String>,
}

/// Where one unit stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitLine {
    /// The unit.
    pub unit: String,
    /// In a word: `alerted`, `completed`, `validated`.
    pub state: String,
    /// How many of its systems are affected.
    pub affected: u64,
    /// How many of those are corrected.
    pub corrected: u64,
    /// How many stay as they are, for a reason.
    pub excepted: u64,
}

/// Where a significant event stands: for the authority, and in answer to a Query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The number under which the reader knows it.
    pub incident: IncidentId,
    /// What others call the same incident.
    #[serde(default)]
    pub alternatives: Vec<IncidentName>,
    /// E.
    pub issued: Option<Timestamp>,
    /// When this document was written.
    pub written: Option<Timestamp>,
    /// The standard's word (RFC 7970 §3.2): `new`, `in-progress` or `resolved`.
    pub status: String,
    /// What the event is about.
    pub title: String,
    /// The severity: `low`, `medium`, `high`.
    #[serde(default)]
    pub severity: Option<String>,
    /// The milestones. Those that are open stand in our extension only, for History tells what was done or missed; read
    /// back, they come last.
    #[serde(default)]
    pub milestones: Vec<MilestoneLine>,
    /// The units.
    #[serde(default)]
    pub units: Vec<UnitLine>,
    /// What else is to be said.
    #[serde(default)]
    pub note: Option<String>,
    /// Who may see it; nothing is written as `need-to-know`.
    #[serde(default)]
    pub restriction: Option<String>,
    /// Whether it is a drill.
    #[serde(default)]
    pub drill: bool,
}
