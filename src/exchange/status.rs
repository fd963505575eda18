//! The one place where what went wrong becomes an HTTP status and a Justification (RFC 6546 §3, RFC 6545 §5.2).
//!
//! Three kinds: a *denial* is a proper answer (200 with an Acknowledgement, or an outcome by callback); an *improper*
//! message is 4xx with the Acknowledgement that says so; our own *fault* is 5xx with an empty body, and the sender tries
//! again.

use crate::coordination::ProcessError;
use crate::envelope::{self, Justification, SealError, Unopened};
use crate::outbox::OutboxError;
use crate::store::StoreError;

/// Why a message was neither filed nor answered as the standard foresees.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The message is improper.
    #[error(transparent)]
    Improper(#[from] Improper),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others kept changing the same records.
    #[error("the same records were changed by others {tries} times in a row; the sender tries again")]
    Contended {
        /// How often it was tried.
        tries: usize,
    },
    /// The outbox takes no more for a recipient.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The process of a significant event cannot take part.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// What must be sent could not be written.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What is improper about a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum Improper {
    /// It cannot be opened.
    #[error(transparent)]
    Unopened(#[from] Unopened),
    /// Its type is an extension that we do not know.
    #[error("MsgType {word:?} is not one of the six of RFC 6545 section 5.1")]
    UnknownType {
        /// The type as written.
        word: String,
    },
    /// It lacks what its type needs.
    #[error("{msg_type} without {lacks} (RFC 6545 section {section})")]
    Incomplete {
        /// The type.
        msg_type: String,
        /// What it lacks.
        lacks: &'static str,
        /// The section that asks for it.
        section: &'static str,
    },
    /// It answers nothing that we have asked this peer.
    #[error("{msg_type} answers nothing that we have asked this peer: neither its token nor its incident is known")]
    AnswersNothing {
        /// The type.
        msg_type: String,
    },
    /// The peer may not send this type, and the type's 200 must be empty.
    #[error("the rights of this peer do not allow it to send {msg_type}")]
    NotPermitted {
        /// The type.
        msg_type: String,
    },
}

impl Improper {
    /// The status and the Justification that tell the sender.
    pub(super) fn answer(&self) -> (u16, Justification) {
        match self {
            Self::Unopened(unopened) => match unopened.fault {
                envelope::Fault::Malformed | envelope::Fault::Forbidden | envelope::Fault::Invalid => {
                    (400, unopened.justification)
                }
                envelope::Fault::Unproven | envelope::Fault::Undecryptable => (403, unopened.justification),
            },
            Self::UnknownType { .. } | Self::Incomplete { .. } => (400, Justification::UnrecognizedFormat),
            Self::AnswersNothing { .. } => (409, Justification::CannotProcess),
            Self::NotPermitted { .. } => (403, Justification::CannotProcess),
        }
    }

    /// One word for metrics.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Unopened(unopened) => unopened.fault.word(),
            Self::UnknownType { .. } => "unknown-type",
            Self::Incomplete { .. } => "incomplete",
            Self::AnswersNothing { .. } => "answers-nothing",
            Self::NotPermitted { .. } => "not-permitted",
        }
    }
}

/// The status for a fault of our own. 507: no room; 503: come again; 500: a person must look.
pub(super) fn of_store(error: &StoreError) -> u16 {
    match error {
        StoreError::Full { .. } => 507,
        StoreError::Conflict { .. }
        | StoreError::Backend { .. }
        | StoreError::Server { .. }
        | StoreError::Undecided { .. }
        | StoreError::Closed => 503,
        StoreError::Damaged { .. }
        | StoreError::Newer { .. }
        | StoreError::NewerLayout { .. }
        | StoreError::BadUrl { .. }
        | StoreError::BadSetting { .. }
        | StoreError::BadFile { .. }
        | StoreError::BadSpan { .. }
        | StoreError::NoDirectory { .. }
        | StoreError::NoServer
        | StoreError::Locked { .. }
        | StoreError::UnknownTable { .. }
        | StoreError::UnknownOrder { .. } => 500,
    }
}

/// The status where the process of a significant event cannot take part.
pub(super) fn of_process(error: &ProcessError) -> u16 {
    match error {
        ProcessError::Store(error) => of_store(error),
        ProcessError::Contended { .. } => 503,
        ProcessError::Log { .. } | ProcessError::NoSuchEvent { .. } | ProcessError::Inventory { .. } => 500,
    }
}

/// The status for what the outbox would not take.
pub(super) fn of_outbox(error: &OutboxError) -> u16 {
    match error {
        OutboxError::Full { .. } | OutboxError::Busy { .. } => 503,
        OutboxError::Store(error) => of_store(error),
        OutboxError::Config(_) | OutboxError::Unknown { .. } | OutboxError::WrongState { .. } => 500,
    }
}
