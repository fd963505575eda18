//! The entries of a significant event's log: everything that can happen to it, in the order in which it happened.
//!
//! Entries are facts in the past tense: they are never changed, a correction is a new entry. `decide` makes them, `state`
//! folds them, `follow` says what each leads to. Who caused an entry and when stands beside it in its record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::subject::{About, Subject};
use super::wire::{AlertParts, Call, Target};
use crate::clock::Timestamp;
use crate::ids::{Digest, EventId, MessageId, PeerName};
use crate::iodef::summary::IncidentId;
use crate::store::records::{EventRole, LogEntry, ParcelKind};
use crate::store::worded;

/// The version of the form in which entries are written. An entry of an older form is still read.
pub const FORM: u32 = 1;

/// An entry as it stands in its record.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    pub(super) form: u32,
    #[serde(flatten)]
    pub(super) entry: &'a Entry,
}

/// The peer and the message by which a call, an alert or a report came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Source {
    /// The peer.
    pub peer: PeerName,
    /// The message.
    pub message: MessageId,
    /// Its incident, with the instance that answers repeat.
    pub incident: IncidentId,
    /// Whether it is a Request, which is answered with a Result.
    pub request: bool,
}

worded! {
    /// How sure E is.
    pub enum Issued: "certainty of E" {
        /// As the call states it.
        Stated = "stated",
        /// A person entered or confirmed it.
        Confirmed = "confirmed",
        /// The call states a time in the future or long past: the clock runs, and an officer is asked.
        Doubted = "doubted",
    }
}

worded! {
    /// Who lets alerts go out.
    pub enum Issuing: "way of issuing alerts" {
        /// The CIRT's officer approves and issues.
        Person = "person",
        /// They are approved and issued as soon as the affected units are known.
        Automatic = "automatic",
    }
}

/// What the department decided beforehand; an event keeps what held when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    /// Who lets alerts go out.
    pub issuing: Issuing,
    /// Whether units without affected systems get a Report for information.
    pub inform_unaffected: bool,
    /// At a unit: whether each change is reported to the node above by itself.
    pub report_progress: bool,
}

/// What opens an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Opening {
    /// What part we play.
    pub role: EventRole,
    /// What it is about.
    pub title: String,
    /// E.
    pub issued: Timestamp,
    /// How sure E is.
    pub issued_is: Issued,
    /// Whether it is a drill.
    pub drill: bool,
    /// Whether a person must confirm the opening first.
    pub held: bool,
    /// The message by which the call or the alert came; nothing if a person entered it.
    pub source: Option<Source>,
    /// Our name, under which own systems stand in the inventory.
    pub own: String,
    /// The call, or what the alert says of it.
    pub call: Call,
    /// What the node above already prepared, at a unit.
    pub parts: AlertParts,
    /// The timetable.
    pub plan: Plan,
    /// What was decided beforehand.
    pub policy: Policy,
}

/// Affected systems as the inventory or the alert describes them, by unit.
pub type Affected = BTreeMap<String, Vec<Target>>;

worded! {
    /// What a scan says of one system.
    pub enum Finding: "finding of a scan" {
        /// The corrections hold.
        Pass = "pass",
        /// It is still vulnerable.
        Fail = "fail",
        /// The scan could not tell.
        Unknown = "unknown",
        /// The scan did not look at it.
        NotScanned = "not-scanned",
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Entry {
    /// The event was opened: always the first entry.
    Opened(Box<Opening>),
    /// A person confirmed the opening of an event that was held.
    Released,
    /// A person set or confirmed E.
    IssueConfirmed {
        /// E.
        issued: Timestamp,
    },
    /// The same call came again.
    Repeated {
        /// How; nothing if a person entered it.
        source: Option<Source>,
    },
    /// The authority, or another, said more: what is new was joined.
    Updated {
        /// How.
        source: Option<Source>,
        /// The call as it came.
        call: Box<Call>,
    },
    /// A message of an authority that names the same vulnerability was joined.
    AdvisoryJoined {
        /// The vulnerability.
        vulnerability: String,
        /// The message.
        message: MessageId,
        /// Who sent it.
        peer: PeerName,
        /// What it is about.
        title: Option<String>,
    },
    /// The inventory was asked (or the alert read): these systems of these units are affected. Adds to what was known.
    UnitsIdentified {
        /// The systems by unit.
        affected: Affected,
        /// How many systems were looked at, where the inventory was asked.
        of: Option<u64>,
    },
    /// The officer changed the draft of the alert.
    AlertEdited {
        /// All parts as they are now.
        parts: AlertParts,
    },
    /// The draft is ready to be distributed.
    AlertApproved,
    /// The alert to a unit is in the outbox. For our own systems no message is needed.
    AlertSent {
        /// The unit.
        unit: String,
        /// The instance of our incident that this Request uses; 0 for our own systems.
        instance: i64,
    },
    /// The unit's node took the alert.
    AlertDelivered {
        /// The unit.
        unit: String,
    },
    /// The alert could not be delivered.
    AlertFailed {
        /// The unit.
        unit: String,
        /// Why.
        why: String,
    },
    /// The unit acknowledged the alert.
    AlertAcknowledged {
        /// The unit.
        unit: String,
    },
    /// The unit's node said that nobody there has decided yet.
    AlertPending {
        /// The unit.
        unit: String,
    },
    /// The unit denied the alert.
    AlertDenied {
        /// The unit.
        unit: String,
        /// Its Justification (RFC 6545 §5.2).
        justification: String,
    },
    /// A unit without affected systems was informed.
    Informed {
        /// The unit.
        unit: String,
    },
    /// A milestone was met as a person or a unit's report says.
    Met {
        /// Which.
        subject: Subject,
        /// When it was met, as stated; otherwise the time of the entry.
        when: Option<Timestamp>,
        /// On what evidence.
        evidence: Option<String>,
    },
    /// A milestone was still open when it was due.
    Missed {
        /// Which.
        subject: Subject,
    },
    /// A person decided that a milestone need not be met.
    Waived {
        /// Which.
        subject: Subject,
        /// Why.
        why: String,
    },
    /// Systems were reported corrected.
    Corrected {
        /// The unit.
        unit: String,
        /// The systems.
        systems: Vec<String>,
        /// When, as stated; otherwise the time of the entry.
        when: Option<Timestamp>,
        /// On what evidence.
        evidence: Option<String>,
    },
    /// A system stays as it is, for a reason.
    Excepted {
        /// The unit.
        unit: String,
        /// The system.
        system: String,
        /// The reason.
        why: String,
    },
    /// A report named systems that are not the reporting unit's: nothing of it was taken.
    ReportRefused {
        /// The unit that reported.
        unit: String,
        /// The systems of others.
        systems: Vec<String>,
        /// In words, for both sides.
        why: String,
    },
    /// The unit reported completion.
    Completed {
        /// The unit.
        unit: String,
    },
    /// The unit reported completion, but these systems are neither corrected nor excepted.
    CompletionLacking {
        /// The unit.
        unit: String,
        /// The systems.
        systems: Vec<String>,
    },
    /// A scan of the unit's systems was read.
    Scanned {
        /// The unit.
        unit: String,
        /// What it was: format and tool.
        scan: String,
        /// SHA-256 of the file.
        digest: Digest,
        /// What it says of each affected system.
        findings: Vec<(String, Finding, Option<String>)>,
    },
    /// A person signed off the unit without a scan.
    SignedOff {
        /// The unit.
        unit: String,
        /// On what evidence.
        evidence: String,
    },
    /// All the unit's systems passed or are excepted.
    Validated {
        /// The unit.
        unit: String,
    },
    /// The unit was asked to look at systems again.
    DiscrepancySent {
        /// The unit.
        unit: String,
        /// The instance that this Request uses; 0 for our own systems.
        instance: i64,
        /// The systems.
        systems: Vec<String>,
        /// What is wrong with them.
        why: String,
    },
    /// At a unit: the node above asks to look at systems again.
    DiscrepancyTaken {
        /// The Request, which the next completion answers.
        source: Source,
        /// The systems.
        systems: Vec<String>,
        /// What is wrong with them.
        why: String,
    },
    /// At a unit: progress was reported to the node above.
    ProgressSent,
    /// At a unit: completion was reported to the node above.
    CompletionSent,
    /// The program manager confirmed.
    Confirmed {
        /// With this remark.
        remark: Option<String>,
    },
    /// The status of the event was sent.
    StatusSent {
        /// To whom.
        to: PeerName,
    },
    /// A person is called: the notice is in the outbox.
    Called {
        /// What for.
        about: About,
        /// The person, by the name of the roster.
        person: String,
        /// On which channel.
        channel: ParcelKind,
        /// At which address.
        address: String,
    },
    /// Everybody who could be called for this has been called, and nobody has answered.
    NobodyAnswered {
        /// What for.
        about: About,
    },
    /// The channel took a notice.
    NoticeDelivered {
        /// The notice.
        notice: MessageId,
    },
    /// A notice could not be delivered.
    NoticeFailed {
        /// The notice.
        notice: MessageId,
        /// Why.
        why: String,
    },
    /// A person answered a notice.
    NoticeAnswered {
        /// The notice.
        notice: MessageId,
        /// Who answered, and how.
        by: String,
    },
    /// A remark or a correction.
    Noted {
        /// The text.
        text: String,
    },
    /// The event was closed.
    Closed {
        /// Why, if it was not confirmed.
        why: Option<String>,
    },
    /// The event was opened again.
    Reopened {
        /// Why.
        why: String,
    },
    /// The event was called off.
    Cancelled {
        /// Why.
        why: String,
    },
}

/// A record of the log that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("entry {number} of the log of {event} cannot be read: {why}")]
pub struct Unreadable {
    /// The event.
    pub event: EventId,
    /// The number of the record.
    pub number: i64,
    /// Why.
    pub why: String,
}

impl Entry {
    /// The entry of a record.
    ///
    /// # Errors
    /// If the record is of a newer form, or is no entry.
    pub fn read(record: &LogEntry) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Form {
            form: u32,
        }
        let unreadable = |why: String| Unreadable { event: record.event.clone(), number: record.number, why };
        match serde_json::from_str::<Self>(&record.entry) {
            Ok(entry) => Ok(entry),
            Err(error) => match serde_json::from_str::<Form>(&record.entry) {
                Ok(Form { form }) if form > FORM => Err(unreadable(format!(
                    "it has form {form}, and this version knows forms up to {FORM}: run the version that wrote it"
                ))),
                _ => Err(unreadable(error.to_string())),
            },
        }
    }

    /// The word for its kind, as in its JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened(_) => "opened",
            Self::Released => "released",
            Self::IssueConfirmed { .. } => "issue-confirmed",
            Self::Repeated { .. } => "repeated",
            Self::Updated { .. } => "updated",
            Self::AdvisoryJoined { .. } => "advisory-joined",
            Self::UnitsIdentified { .. } => "units-identified",
            Self::AlertEdited { .. } => "alert-edited",
            Self::AlertApproved => "alert-approved",
            Self::AlertSent { .. } => "alert-sent",
            Self::AlertDelivered { .. } => "alert-delivered",
            Self::AlertFailed { .. } => "alert-failed",
            Self::AlertAcknowledged { .. } => "alert-acknowledged",
            Self::AlertPending { .. } => "alert-pending",
            Self::AlertDenied { .. } => "alert-denied",
            Self::Informed { .. } => "informed",
            Self::Met { .. } => "met",
            Self::Missed { .. } => "missed",
            Self::Waived { .. } => "waived",
            Self::Corrected { .. } => "corrected",
            Self::Excepted { .. } => "excepted",
            Self::ReportRefused { .. } => "report-refused",
            Self::Completed { .. } => "completed",
            Self::CompletionLacking { .. } => "completion-lacking",
            Self::Scanned { .. } => "scanned",
            Self::SignedOff { .. } => "signed-off",
            Self::Validated { .. } => "validated",
            Self::DiscrepancySent { .. } => "discrepancy-sent",
            Self::DiscrepancyTaken { .. } => "discrepancy-taken",
            Self::ProgressSent => "progress-sent",
            Self::CompletionSent => "completion-sent",
            Self::Confirmed { .. } => "confirmed",
            Self::StatusSent { .. } => "status-sent",
            Self::Called { .. } => "called",
            Self::NobodyAnswered { .. } => "nobody-answered",
            Self::NoticeDelivered { .. } => "notice-delivered",
            Self::NoticeFailed { .. } => "notice-failed",
            Self::NoticeAnswered { .. } => "notice-answered",
            Self::Noted { .. } => "noted",
            Self::Closed { .. } => "closed",
            Self::Reopened { .. } => "reopened",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}
