//! What the API answers when it cannot do what was asked: `{code, message, fix}`. The only place that turns the errors
//! of the parts into HTTP answers of the admin socket.

use serde::{Deserialize, Serialize};

use crate::coordination::decide::Refusal;
use crate::ids::BadId;
use crate::outbox::OutboxError;
use crate::peers::PeersError;
use crate::roster::RosterError;
use crate::store::{StoreError, worded};

worded! {
    /// The kind of a problem: programs go by it.
    pub enum Code: "code of a problem" {
        /// The request cannot be understood.
        BadRequest = "bad-request",
        /// There is no such path in this version of the API.
        NoSuchPath = "no-such-path",
        /// The path is there, but takes other methods.
        WrongMethod = "wrong-method",
        /// The request is larger than `admin.body-limit`.
        TooLarge = "too-large",
        /// The request took longer than `admin.read-time`.
        TooSlow = "too-slow",
        /// Whoever asks has not signed in.
        NotSignedIn = "not-signed-in",
        /// This operator may not do that.
        NotPermitted = "not-permitted",
        /// There is no such peer, message, incident or parcel.
        NotFound = "not-found",
        /// It cannot be done in the present state.
        Conflict = "conflict",
        /// It was understood, but is against a rule of the node or of the standard.
        Refused = "refused",
        /// It was tried too often: after a while it may be tried again.
        TooMany = "too-many",
        /// The disk is full.
        StoreFull = "store-full",
        /// The store failed.
        StoreFailed = "store-failed",
        /// The node failed otherwise.
        Failed = "failed",
    }
}

impl Code {
    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotSignedIn => 401,
            Self::NotPermitted => 403,
            Self::NoSuchPath | Self::NotFound => 404,
            Self::WrongMethod => 405,
            Self::TooSlow => 408,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Refused => 422,
            Self::TooMany => 429,
            Self::Failed | Self::StoreFailed => 500,
            Self::StoreFull => 507,
        }
    }
}

/// Why something was not done, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, thiserror::Error)]
#[error("{message}{}{fix}", if fix.is_empty() { "" } else { "\n  " })]
pub struct Problem {
    /// The kind, for programs.
    pub code: Code,
    /// What happened, for people.
    pub message: String,
    /// What to do next, for people; may be empty if the message says it.
    pub fix: String,
}

impl Problem {
    pub(super) fn new(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, message: message.into(), fix: fix.into() }
    }

    pub(super) fn bad_request(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message, fix)
    }

    /// The kernel does not say who holds the other end of the socket.
    pub(super) fn unknown_user(error: &std::io::Error) -> Self {
        Self::new(Code::NotPermitted, format!("the system does not say who is asking: {error}"), "")
    }

    /// There is none of that kind and name; `list` is the command that shows those there are.
    pub(super) fn not_found(what: &str, name: impl std::fmt::Display, list: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} {name}"), format!("`{list}` shows those there are"))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let (code, fix) = match &error {
            StoreError::Conflict { .. } => (Code::Conflict, "something else changed it meanwhile: try again"),
            StoreError::Full { .. } => (Code::StoreFull, ""),
            StoreError::Backend { .. } => (Code::StoreFailed, "see the node's log, and `ridd status`"),
            StoreError::Damaged { .. } => (Code::StoreFailed, "restore the store from a backup"),
            // The store's own words name the fix.
            StoreError::Server { .. } => (Code::StoreFailed, "see `ridd status`"),
            StoreError::Undecided { .. } => (Code::StoreFailed, "look whether it was done before you try again"),
            StoreError::BadSetting { .. }
            | StoreError::BadFile { .. }
            | StoreError::BadSpan { .. }
            | StoreError::NoDirectory { .. }
            | StoreError::NoServer
            | StoreError::BadUrl { .. }
            | StoreError::Closed
            | StoreError::Locked { .. }
            | StoreError::Newer { .. }
            | StoreError::NewerLayout { .. }
            | StoreError::UnknownOrder { .. }
            | StoreError::UnknownTable { .. } => (Code::StoreFailed, ""),
        };
        Self::new(code, error.to_string(), fix)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::NotNow { .. } | Refusal::Already { .. } | Refusal::StillOpen { .. } => Code::Conflict,
            Refusal::NoSuchUnit { .. }
            | Refusal::NoSuchSystems { .. }
            | Refusal::NoSuchMilestone { .. }
            | Refusal::NoSuchNotice { .. } => Code::NotFound,
            Refusal::NotYours { .. } => Code::NotPermitted,
        };
        // The words of the process name the fix.
        Self::new(code, refusal.to_string(), "")
    }
}

impl From<BadId> for Problem {
    fn from(error: BadId) -> Self {
        Self::bad_request(error.to_string(), "")
    }
}

impl From<RosterError> for Problem {
    fn from(error: RosterError) -> Self {
        let code = match error {
            RosterError::Store(error) => return error.into(),
            RosterError::Faults { .. } => Code::BadRequest,
            RosterError::ChangedMeanwhile => Code::Conflict,
            RosterError::Damaged { .. } => Code::StoreFailed,
        };
        // The roster's own words name the fix.
        Self::new(code, error.to_string(), "")
    }
}

impl From<OutboxError> for Problem {
    fn from(error: OutboxError) -> Self {
        let code = match error {
            OutboxError::Store(error) => return error.into(),
            OutboxError::Unknown { .. } => Code::NotFound,
            OutboxError::Full { .. } | OutboxError::Busy { .. } | OutboxError::WrongState { .. } => Code::Conflict,
            OutboxError::Config(_) => Code::Failed,
        };
        // The outbox's own words name the fix.
        Self::new(code, error.to_string(), "")
    }
}

impl From<PeersError> for Problem {
    fn from(error: PeersError) -> Self {
        let code = match error {
            PeersError::Store(error) => return error.into(),
            PeersError::NoSuchPeer { .. } | PeersError::NotPinned { .. } => Code::NotFound,
            PeersError::PeerRevoked { .. }
            | PeersError::Exists { .. }
            | PeersError::PinnedElsewhere { .. }
            | PeersError::NoRecipient { .. }
            | PeersError::ChangedMeanwhile { .. } => Code::Conflict,
            PeersError::BadAddress { .. }
            | PeersError::BadNetwork { .. }
            | PeersError::BadPolicy(_)
            | PeersError::BadCertificate(_) => Code::BadRequest,
            PeersError::OwnName { .. }
            | PeersError::WrongName { .. }
            | PeersError::Wildcard { .. }
            | PeersError::CaPinned
            | PeersError::Faults { .. } => Code::Refused,
            PeersError::Tls { .. } | PeersError::BrokenOff => Code::Failed,
        };
        // The words of the part name the fix.
        Self::new(code, error.to_string(), "")
    }
}
