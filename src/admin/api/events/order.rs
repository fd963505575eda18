//! What staff may order about a significant event: who may give each order, and which command it is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::Call;
use crate::admin::auth::{Act, Coordinate, Limits, Manage, Permitted, ReportCorrected, ReportUnit};
use crate::admin::officers::Officers;
use crate::admin::problem::{Code, Problem};
use crate::clock::Timestamp;
use crate::coordination::decide::Command;
use crate::coordination::plan::Milestone;
use crate::coordination::state::State;
use crate::coordination::subject::Subject;
use crate::coordination::wire::{AlertParts, Patch, Step, StepKind};
use crate::ids::{EventId, PeerName};
use crate::store::records::{Role, System};
use crate::store::{Column, Store};

/// Changes of the draft of an alert; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertEdit {
    /// The whole draft, on which the others are put.
    pub parts: Option<AlertParts>,
    /// What it is about, in a line.
    pub title: Option<String>,
    /// How to keep it from entering, all steps.
    pub prevent: Option<Vec<String>>,
    /// How to keep it from spreading, all steps.
    pub restrict: Option<Vec<String>>,
    /// How to remove it, all steps.
    pub eradicate: Option<Vec<String>>,
    /// All patches.
    pub patches: Option<Vec<Patch>>,
}

impl AlertEdit {
    fn on(self, mut parts: AlertParts) -> AlertParts {
        parts = self.parts.unwrap_or(parts);
        parts.title = self.title.unwrap_or(parts.title);
        parts.patches = self.patches.unwrap_or(parts.patches);
        for (kind, texts) in [
            (StepKind::Prevent, self.prevent),
            (StepKind::Restrict, self.restrict),
            (StepKind::Eradicate, self.eradicate),
        ] {
            let Some(texts) = texts else { continue };
            parts.steps.retain(|step| step.kind != kind);
            parts.steps.extend(texts.into_iter().map(|text| Step { kind, text, course: None }));
        }
        parts.steps.sort_by_key(|step| step.kind);
        parts
    }
}

/// An order about one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "order", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of the commands, which say what they mean")]
pub enum EventOrder {
    /// An event that is held is opened.
    Release,
    /// E is this.
    Issued { time: Timestamp },
    /// The inventory is asked again, also for platforms that the call does not name by CPE.
    Identify {
        #[serde(default)]
        cpes: Vec<String>,
    },
    /// A milestone is met.
    Met {
        milestone: Milestone,
        unit: Option<PeerName>,
        system: Option<String>,
        when: Option<Timestamp>,
        evidence: Option<String>,
    },
    /// A milestone need not be met.
    Waive { milestone: Milestone, unit: Option<PeerName>, system: Option<String>, why: String },
    /// The draft of the alert is changed.
    Edit { edit: Box<AlertEdit> },
    /// The draft is ready.
    Approve,
    /// It goes out to every affected unit that has not got it.
    Issue,
    /// Units without affected systems are informed.
    Inform { units: Vec<PeerName> },
    /// Systems are corrected.
    Corrected { systems: Vec<String>, when: Option<Timestamp>, evidence: Option<String> },
    /// A system stays as it is.
    Except { system: String, why: String },
    /// Progress is reported to the node above now.
    Progress,
    /// Corrective action is complete: of a unit; or of our own systems and all below.
    Complete { unit: Option<PeerName> },
    /// A scan of a unit is read: the text of its result.
    Scan { unit: PeerName, result: String },
    /// A unit is signed off without a scan.
    SignOff { unit: PeerName, evidence: String },
    /// The program manager confirms.
    Confirm { remark: Option<String>, despite: Option<String> },
    /// The status is sent to a peer now; nobody named: to whose call opened it.
    Status { to: Option<PeerName> },
    /// A remark or a correction.
    Note { text: String },
    /// It is closed.
    Close { why: Option<String> },
    /// It is opened again.
    Reopen { why: String },
    /// It is called off.
    Cancel { why: String },
}

impl EventOrder {
    /// In the words of the command line.
    fn words(&self) -> &'static str {
        match self {
            Self::Release => "event release",
            Self::Issued { .. } => "event issued",
            Self::Identify { .. } => "event identify",
            Self::Met { .. } => "event met",
            Self::Waive { .. } => "event waive",
            Self::Edit { .. } => "alert edit",
            Self::Approve => "alert approve",
            Self::Issue => "alert issue",
            Self::Inform { .. } => "alert inform",
            Self::Corrected { .. } => "system corrected",
            Self::Except { .. } => "system except",
            Self::Progress => "event progress",
            Self::Complete { .. } => "event complete",
            Self::Scan { .. } | Self::SignOff { .. } => "event validate",
            Self::Confirm { .. } => "event confirm",
            Self::Status { .. } => "event status",
            Self::Note { .. } => "event note",
            Self::Close { .. } => "event close",
            Self::Reopen { .. } => "event reopen",
            Self::Cancel { .. } => "event cancel",
        }
    }
}

/// The right that an order of that name takes: what it is called, and who has it. The order `met` for a unit takes that of
/// [`ReportUnit`] alone.
pub(in crate::admin) fn right(order: &str) -> Option<(&'static str, &'static [Role])> {
    const fn of<A: Act>() -> (&'static str, &'static [Role]) {
        (A::NAME, A::ROLES)
    }
    Some(match order {
        "waive" | "confirm" | "close" | "reopen" | "cancel" => of::<Manage>(),
        "progress" | "complete" | "except" => of::<ReportUnit>(),
        "corrected" => of::<ReportCorrected>(),
        "release" | "issued" | "identify" | "met" | "edit" | "approve" | "issue" | "inform" | "scan" | "sign-off"
        | "status" | "note" => of::<Coordinate>(),
        _ => return None,
    })
}

/// Carries the order out if the operator may give it; the event as it stands then.
pub(in crate::admin) async fn carry_out(
    call: &Call<'_>,
    event: &EventId,
    order: EventOrder,
) -> Result<Arc<State>, Problem> {
    match &order {
        EventOrder::Waive { .. }
        | EventOrder::Confirm { .. }
        | EventOrder::Close { .. }
        | EventOrder::Reopen { .. }
        | EventOrder::Cancel { .. } => permitted(call, &call.permit::<Manage>()?, event, order).await,
        EventOrder::Progress | EventOrder::Complete { .. } | EventOrder::Except { .. } => {
            permitted(call, &call.permit::<ReportUnit>()?, event, order).await
        }
        EventOrder::Met { unit: Some(_), system: None, .. } => {
            permitted(call, &call.permit::<ReportUnit>()?, event, order).await
        }
        EventOrder::Corrected { .. } => permitted(call, &call.permit::<ReportCorrected>()?, event, order).await,
        EventOrder::Release
        | EventOrder::Issued { .. }
        | EventOrder::Identify { .. }
        | EventOrder::Met { .. }
        | EventOrder::Edit { .. }
        | EventOrder::Approve
        | EventOrder::Issue
        | EventOrder::Inform { .. }
        | EventOrder::Scan { .. }
        | EventOrder::SignOff { .. }
        | EventOrder::Status { .. }
        | EventOrder::Note { .. } => permitted(call, &call.permit::<Coordinate>()?, event, order).await,
    }
}

async fn permitted<A: Act>(
    call: &Call<'_>,
    permitted: &Permitted<A>,
    event: &EventId,
    order: EventOrder,
) -> Result<Arc<State>, Problem> {
    let officers = call.parts.officers.as_ref();
    let words = order.words();
    let operator = permitted.operator().to_string();
    call.begin(permitted, words, event.to_string()).await?;
    let limits = permitted.limits();
    let own = call.parts.directory.own_name();
    within(&order, limits, call.parts.store.as_ref(), &own).await?;
    let state = match order {
        EventOrder::Identify { cpes } => officers.identify(event, cpes, &operator).await?,
        EventOrder::Scan { unit, result } => {
            officers.scan(event, unit.as_str(), result.into_bytes().into(), &operator).await?
        }
        order => {
            let command = command(officers, event, order, limits, &own).await?;
            officers.order(event, command, &operator).await?
        }
    };
    tracing::info!(%event, operator, act = words, "significant event ordered");
    Ok(state)
}

/// Refuses what goes beyond the operator's own unit, and for an implementer beyond that person's systems. That a system is
/// of the unit is judged with the event.
async fn within(order: &EventOrder, limits: Limits<'_>, store: &dyn Store, own: &PeerName) -> Result<(), Problem> {
    let unit = match order {
        EventOrder::Met { unit, .. } | EventOrder::Complete { unit } => unit.as_ref(),
        EventOrder::Progress => Some(own),
        _ => None,
    };
    if let Some(unit) = unit.filter(|unit| !limits.cover_unit(unit.as_str())) {
        return Err(beyond(limits, unit.as_str()));
    }
    let EventOrder::Corrected { systems, .. } = order else { return Ok(()) };
    if !limits.is_personal() {
        return Ok(());
    }
    for name in systems {
        let found = store.find::<System>(vec![name.to_value()]).await?;
        if !found.is_some_and(|system| limits.cover(&system)) {
            return Err(beyond(limits, name));
        }
    }
    Ok(())
}

fn beyond(limits: Limits<'_>, what: &str) -> Problem {
    let message = format!("{what} is not yours to report: you may for {limits}");
    Problem::new(Code::NotPermitted, message, "the unit's contact or the CIRT may")
}

async fn command(
    officers: &dyn Officers,
    event: &EventId,
    order: EventOrder,
    limits: Limits<'_>,
    own: &PeerName,
) -> Result<Command, Problem> {
    let name = |unit: Option<PeerName>| unit.map(|unit| unit.to_string());
    let only = limits.unit().map(str::to_owned);
    Ok(match order {
        EventOrder::Release => Command::Release,
        EventOrder::Issued { time } => Command::ConfirmIssue(time),
        EventOrder::Met { milestone, unit, system, when, evidence } => {
            Command::Meet { subject: Subject { milestone, unit: name(unit), system }, when, evidence }
        }
        EventOrder::Waive { milestone, unit, system, why } => {
            Command::Waive(Subject { milestone, unit: name(unit), system }, said(why)?)
        }
        EventOrder::Edit { edit } => {
            let parts = officers.state(event).await?.parts.as_ref().clone();
            Command::EditAlert(Box::new(edit.on(parts)))
        }
        EventOrder::Approve => Command::ApproveAlert,
        EventOrder::Issue => Command::IssueAlert,
        EventOrder::Inform { units } => Command::Inform(units.iter().map(ToString::to_string).collect()),
        EventOrder::Corrected { systems, when, evidence } => Command::Correct { systems, when, evidence, only },
        EventOrder::Except { system, why } => Command::Except { system, why: said(why)?, only },
        EventOrder::Progress => Command::ReportProgress,
        // The contact of this node answers for all below it; the contact of another unit for that one.
        EventOrder::Complete { unit } => Command::Complete(name(unit).or(only).filter(|unit| unit != own.as_str())),
        EventOrder::SignOff { unit, evidence } => Command::SignOff(unit.to_string(), said(evidence)?),
        EventOrder::Confirm { remark, despite } => Command::Confirm { remark, despite },
        EventOrder::Status { to } => Command::SendStatus(match to {
            Some(to) => to,
            None => above(officers, event).await?,
        }),
        EventOrder::Note { text } => Command::Note(said(text)?),
        EventOrder::Close { why } => Command::Close(why),
        EventOrder::Reopen { why } => Command::Reopen(said(why)?),
        EventOrder::Cancel { why } => Command::Cancel(said(why)?),
        EventOrder::Identify { .. } | EventOrder::Scan { .. } => {
            return Err(Problem::new(Code::Failed, "this order is no command", ""));
        }
    })
}

async fn above(officers: &dyn Officers, event: &EventId) -> Result<PeerName, Problem> {
    let to = officers.state(event).await?.source.as_ref().map(|source| source.peer.clone());
    to.ok_or_else(|| Problem::bad_request("no peer's call opened the event", "say with --to who gets its status"))
}

/// A reason must say something: it stands in the record for ever.
fn said(text: String) -> Result<String, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::bad_request("the reason is empty", "say why: it stands in the log of the event"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_changes_what_it_names() {
        let step = |kind, text: &str| Step { kind, text: text.to_owned(), course: None };
        let before = AlertParts {
            title: "Worm".to_owned(),
            steps: vec![step(StepKind::Prevent, "block 1434"), step(StepKind::Eradicate, "patch")],
            ..AlertParts::default()
        };
        let restrict = Some(vec!["cut off".to_owned(), "filter".to_owned()]);
        let edit = AlertEdit { restrict, prevent: Some(Vec::new()), ..AlertEdit::default() };
        let after = edit.on(before.clone());
        assert_eq!(after.title, "Worm");
        let texts: Vec<_> = after.steps.iter().map(|step| step.text.as_str()).collect();
        assert_eq!(texts, ["cut off", "filter", "patch"]);
        assert_eq!(AlertEdit::default().on(before.clone()), before);
    }

    #[test]
    fn orders_are_read_strictly() {
        let read = |text: &str| serde_json::from_str::<EventOrder>(text);
        assert_eq!(read(r#"{"order":"issue"}"#).unwrap(), EventOrder::Issue);
        assert!(read(r#"{"order":"waive","milestone":"validated"}"#).is_err());
        assert!(read(r#"{"order":"note","text":"a","texts":"b"}"#).is_err());
        assert!(read(r#"{"order":"met","milestone":"No Such"}"#).is_err());
    }
}
