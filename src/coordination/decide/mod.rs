//! What follows from a command: a pure function of the state, the command, the time and the roster.
//!
//! Called by the service with each message, each outcome of a parcel, each order of staff and each tick of the clock.
//! [`decide`] gives the entries for the log and the state after them, or refuses and changes nothing.

mod alert;
mod calling;
mod draft;
mod report;
mod staff;
#[cfg(test)]
mod tests;

pub use calling::{Ladders, Rung, Whom};
pub(super) use calling::{OF_UNITS, STATUS};
pub use draft::{Decision, Made};

use draft::Draft;

use super::entry::{Affected, Entry, Finding, Opening, Source};
use super::plan::milestone;
use super::state::{State, TryFate};
use super::subject::Subject;
use super::wire;
use crate::clock::Timestamp;
use crate::ids::{Digest, EventId, MessageId, PeerName};

/// The actor of what nobody ordered: it follows by itself.
pub const BY_ITSELF: &str = "ridd";

/// How a unit's node answered the alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// Approved.
    Approved,
    /// Nobody has decided yet.
    Pending,
    /// Denied, with this Justification.
    Denied(String),
}

/// Whatever can happen to a significant event.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The same call came again; from nowhere if a person entered it.
    Repeat(Option<Source>),
    /// An update of the call came.
    Update(Option<Source>, Box<wire::Call>),
    /// A message of an authority names the same vulnerability.
    Advise {
        /// The vulnerability.
        vulnerability: String,
        /// The message.
        message: MessageId,
        /// Who sent it.
        peer: PeerName,
        /// What it is about.
        title: Option<String>,
    },
    /// The inventory was asked, or the alert names systems.
    Identify {
        /// The systems by unit.
        affected: Affected,
        /// How many systems were looked at.
        of: Option<u64>,
    },
    /// A unit's node took our alert.
    Delivered(String),
    /// The alert could not be delivered to a unit.
    Undeliverable(String, String),
    /// A unit's node answered the alert.
    Acknowledge(String, Acknowledged),
    /// A unit reported progress, or with `completion` that it is done; `Some(true)` means every system.
    Report {
        /// The unit.
        unit: String,
        /// What it says.
        work: Box<wire::Progress>,
        /// Whether it reports completion, and if so whether of every system.
        completion: Option<bool>,
    },
    /// At a unit: the node above asks to look at systems again.
    Discrepancy {
        /// The Request.
        source: Source,
        /// The systems.
        systems: Vec<String>,
        /// What is wrong.
        why: String,
    },
    /// The channel took a notice.
    NoticeDelivered(MessageId),
    /// A notice could not be delivered.
    NoticeFailed(MessageId, String),
    /// A person answered a notice.
    NoticeAnswered(MessageId, String),
    /// Time has passed.
    Tick,
    /// Staff: the event that was held is opened.
    Release,
    /// Staff: E is this.
    ConfirmIssue(Timestamp),
    /// Staff: the draft of the alert is now this.
    EditAlert(Box<wire::AlertParts>),
    /// Staff: the draft is ready.
    ApproveAlert,
    /// Staff: the alert goes out to every affected unit that has not got it.
    IssueAlert,
    /// Staff: these units without affected systems are informed.
    Inform(Vec<String>),
    /// Staff: a milestone is met.
    Meet {
        /// Which.
        subject: Subject,
        /// When, if not now.
        when: Option<Timestamp>,
        /// On what evidence.
        evidence: Option<String>,
    },
    /// Staff: a milestone need not be met.
    Waive(Subject, String),
    /// Staff, implementers: these systems are corrected.
    Correct {
        /// The systems.
        systems: Vec<String>,
        /// When, if not now.
        when: Option<Timestamp>,
        /// On what evidence.
        evidence: Option<String>,
        /// The only unit whose systems the actor may report; nothing: any.
        only: Option<String>,
    },
    /// Staff: a system stays as it is.
    Except {
        /// The system.
        system: String,
        /// The reason.
        why: String,
        /// The only unit whose systems the actor may speak for; nothing: any.
        only: Option<String>,
    },
    /// Staff of a unit: progress is reported to the node above now.
    ReportProgress,
    /// Staff: corrective action is complete; of this unit, or of our own systems and all below.
    Complete(Option<String>),
    /// Staff: a scan of a unit was read.
    Scan {
        /// The unit.
        unit: String,
        /// What it was.
        scan: String,
        /// SHA-256 of the file.
        digest: Digest,
        /// What it says of each affected system.
        findings: Vec<(String, Finding, Option<String>)>,
    },
    /// Staff: a unit is signed off without a scan.
    SignOff(String, String),
    /// Staff: the program manager confirms; with `despite`, although something is open.
    Confirm {
        /// A remark.
        remark: Option<String>,
        /// Although something is open: why.
        despite: Option<String>,
    },
    /// Staff: the status is sent to this peer.
    SendStatus(PeerName),
    /// Staff: a remark or a correction.
    Note(String),
    /// Staff: the event is closed; why, if it was not confirmed.
    Close(Option<String>),
    /// Staff: the event is opened again.
    Reopen(String),
    /// Staff: the event is called off.
    Cancel(String),
}

/// Why a command was not carried out. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The event is not in a state in which this can be done.
    #[error("the event is {state}: {what}")]
    NotNow {
        /// Its state.
        state: &'static str,
        /// What cannot be done, and what to do first.
        what: String,
    },
    /// There is no such unit among the affected.
    #[error("{unit} is no affected unit of this event: see `ridd event show`")]
    NoSuchUnit {
        /// The unit as given.
        unit: String,
    },
    /// There are no such systems among the affected.
    #[error("not among the affected systems of this event: {}; see `ridd event show`", systems.join(", "))]
    NoSuchSystems {
        /// The systems as given.
        systems: Vec<String>,
    },
    /// The systems are another unit's.
    #[error("{unit} may not report for systems of others: {}", systems.join(", "))]
    NotYours {
        /// The unit that the actor answers for.
        unit: String,
        /// The systems of others.
        systems: Vec<String>,
    },
    /// There is no such milestone.
    #[error("{subject} is no milestone of this event: see `ridd event show`")]
    NoSuchMilestone {
        /// As given.
        subject: Subject,
    },
    /// It is settled already.
    #[error("{what}")]
    Already {
        /// What, since when, by whom.
        what: String,
    },
    /// Something must be done first.
    #[error("{what}: {}", open.join(", "))]
    StillOpen {
        /// What cannot be done and what to do.
        what: String,
        /// What is open.
        open: Vec<String>,
    },
    /// There is no such notice.
    #[error("there is no notice {notice} in this event")]
    NoSuchNotice {
        /// The notice.
        notice: MessageId,
    },
}

/// Opens an event: its first entries, and the state after them.
pub fn open(id: EventId, actor: &str, opening: Opening, now: Timestamp, ladders: &dyn Ladders) -> Decision {
    let mut draft = Draft::open(id, actor, opening, now);
    draft.consequences(ladders);
    draft.done()
}

/// What follows from the command at that time.
///
/// # Errors
/// Why the command is not carried out.
pub fn decide(
    state: &State,
    actor: &str,
    command: Command,
    now: Timestamp,
    ladders: &dyn Ladders,
) -> Result<Decision, Refusal> {
    let mut draft = Draft::of(state, actor, now);
    draft.carry_out(command)?;
    draft.consequences(ladders);
    Ok(draft.done())
}

impl Draft {
    fn carry_out(&mut self, command: Command) -> Result<(), Refusal> {
        match command {
            Command::Repeat(source) => {
                self.push(Entry::Repeated { source });
                Ok(())
            }
            Command::Update(source, call) => {
                self.push(Entry::Updated { source, call });
                Ok(())
            }
            Command::Advise { vulnerability, message, peer, title } => {
                if !self.state.advisories.contains(&message) {
                    self.push(Entry::AdvisoryJoined { vulnerability, message, peer, title });
                }
                Ok(())
            }
            Command::Identify { affected, of } => self.identify(affected, of),
            Command::Delivered(unit) => self.delivered(unit),
            Command::Undeliverable(unit, why) => self.undeliverable(unit, why),
            Command::Acknowledge(unit, answer) => self.acknowledge(unit, answer),
            Command::Report { unit, work, completion } => self.report(&unit, &work, completion),
            Command::Discrepancy { source, systems, why } => {
                self.push(Entry::DiscrepancyTaken { source, systems, why });
                Ok(())
            }
            Command::NoticeDelivered(notice) => self.of_notice(&notice.clone(), Entry::NoticeDelivered { notice }),
            Command::NoticeFailed(notice, why) => self.of_notice(&notice.clone(), Entry::NoticeFailed { notice, why }),
            Command::NoticeAnswered(notice, by) => {
                if self.is_answered(&notice) {
                    return Err(Refusal::Already { what: "the notice was answered".to_owned() });
                }
                self.of_notice(&notice.clone(), Entry::NoticeAnswered { notice, by })
            }
            Command::Tick => {
                self.tick();
                Ok(())
            }
            staff => self.staff(staff),
        }
    }

    fn of_notice(&mut self, notice: &MessageId, entry: Entry) -> Result<(), Refusal> {
        if !self.state.notices.contains_key(notice) {
            return Err(Refusal::NoSuchNotice { notice: notice.clone() });
        }
        self.push(entry);
        Ok(())
    }

    /// Whether the person answered that very notice.
    fn is_answered(&self, notice: &MessageId) -> bool {
        let call = self.state.notices.get(notice).and_then(|about| self.state.calls.get(about));
        let tries = call.map(|call| call.tries.as_slice()).unwrap_or_default();
        tries.iter().any(|one| one.notice == *notice && one.fate == TryFate::Answered)
    }

    /// Marks that are past due are missed, once.
    fn tick(&mut self) {
        if self.state.is_over() {
            return;
        }
        let now = self.now();
        let missed: Vec<Subject> = self.state.marks.due_by(now).cloned().collect();
        for subject in missed {
            self.push_by(BY_ITSELF, Entry::Missed { subject });
        }
    }

    /// What follows by itself from the state, until nothing more follows.
    fn consequences(&mut self, ladders: &dyn Ladders) {
        if self.state.is_over() {
            return;
        }
        if self.state.is_open() {
            self.approve_by_policy();
            self.issue_by_policy();
            self.validate();
        }
        self.call_people(ladders);
        if self.state.is_open() && self.state.policy.report_progress {
            self.tell_the_node_above();
        }
    }

    fn tell_the_node_above(&mut self) {
        let completed = self.entries().iter().any(|made| matches!(made.entry, Entry::CompletionSent));
        if self.state.has_unreported_progress() && self.state.source.is_some() && !completed {
            self.push_by(BY_ITSELF, Entry::ProgressSent);
        }
    }

    /// Units whose corrections hold are validated.
    fn validate(&mut self) {
        if self.state.role != crate::store::records::EventRole::Department {
            return;
        }
        let holding: Vec<String> = self
            .state
            .units
            .iter()
            .filter(|(_, unit)| unit.validated.is_none() && unit.holds())
            .map(|(name, _)| name.clone())
            .collect();
        for unit in holding {
            self.push_by(BY_ITSELF, Entry::Validated { unit });
        }
    }

    fn is_waived(&self, unit: &str) -> bool {
        self.state.unit_mark(milestone::VALIDATED, unit).is_some_and(|mark| mark.waived.is_some())
    }
}
