//! Why an order of staff was not carried out.

use crate::clock::Timestamp;
use crate::coordination::decide::Refusal;
use crate::coordination::process::ProcessError;
use crate::coordination::wire::WireError;
use crate::evidence::EvidenceError;
use crate::iodef::outline::OutlineError;
use crate::store::StoreError;

/// Why an order was not carried out. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The process does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The process cannot be followed, or the store failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The file is no document that can open an event.
    #[error("the file opens no event: {0}")]
    Document(#[from] OutlineError),
    /// The evidence cannot be read.
    #[error("the evidence cannot be read: {0}")]
    Evidence(#[from] EvidenceError),
    /// The evidence has a time that is none.
    #[error("the evidence cannot be read: {rule}: {found:?} is no time; expected such as 2003-01-26T08:00:00Z")]
    NoTime {
        /// The check.
        rule: String,
        /// The time as written.
        found: String,
    },
    /// The scan proves nothing about the corrections.
    #[error(
        "the scan is older than the correction and does not count: it looked at {system} at {scanned}, and {system} was \
         corrected at {corrected}; scan again and hand in that"
    )]
    OldScan {
        /// The first of the systems.
        system: String,
        /// When it was scanned, as the file writes it.
        scanned: String,
        /// When it was corrected, as reported.
        corrected: Timestamp,
    },
    /// A document cannot be written.
    #[error("the document cannot be written: {0}")]
    Unwritten(#[from] WireError),
    /// A platform is no CPE name.
    #[error("{name:?} is no CPE name: {why}")]
    NoPlatform {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The code is none of ours, or its time is over.
    #[error("there is no such code, or its time is over: read it again from the notice, or ask for a new one")]
    NoSuchCode,
    /// Too many wrong codes came.
    #[error("too many wrong codes: try again in a minute")]
    TooManyCodes,
    /// The code was used before.
    #[error("the notice was answered at {at}: {by}")]
    Answered {
        /// When.
        at: Timestamp,
        /// By whom.
        by: String,
    },
    /// The code acknowledges, and reports nothing.
    #[error("this code only acknowledges: it reports no system corrected")]
    NothingToCorrect,
    /// There is no such person.
    #[error("there is no person {person} in the roster: see `ridd roster list`")]
    NoSuchPerson {
        /// The person as given.
        person: String,
    },
    /// The person cannot be reached.
    #[error("the roster has no channel for {person}: add one and import it again")]
    NoChannel {
        /// The person.
        person: String,
    },
    /// A test notice cannot be sent.
    #[error("the notice cannot be sent: {why}")]
    NotSent {
        /// Why.
        why: String,
    },
}

impl From<StoreError> for OrderError {
    fn from(error: StoreError) -> Self {
        Self::Process(error.into())
    }
}
