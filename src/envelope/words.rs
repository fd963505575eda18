//! The words of RequestStatus that we act on and write: RFC 6545 §5.2.

use std::fmt;

use crate::rid;

/// AuthorizationStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationStatus {
    /// It will be done.
    Approved,
    /// It will not be done.
    Denied,
    /// Nobody has decided yet.
    Pending,
    /// `ext-value`: a word we cannot act on.
    Extension,
}

impl AuthorizationStatus {
    pub(super) fn of(value: rid::AuthorizationStatus) -> Self {
        match value {
            rid::AuthorizationStatus::Approved => Self::Approved,
            rid::AuthorizationStatus::Denied => Self::Denied,
            rid::AuthorizationStatus::Pending => Self::Pending,
            rid::AuthorizationStatus::ExtValue | rid::AuthorizationStatus::Unlisted => Self::Extension,
        }
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "Approved",
            Self::Denied => "Denied",
            Self::Pending => "Pending",
            Self::Extension => "ext-value",
        }
    }
}

impl fmt::Display for AuthorizationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Justification: the reason for a Denied or Pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Justification {
    /// The systems concerned lack the resources.
    SystemResource,
    /// The sender's enveloped signature does not verify.
    Authentication,
    /// The originator's detached signature does not verify.
    AuthenticationOrigin,
    /// It cannot be decrypted.
    Encryption,
    /// Its format is not recognised.
    UnrecognizedFormat,
    /// It cannot be processed, for legal or policy reasons.
    CannotProcess,
    /// Another reason.
    Other,
    /// `ext-value`: a word of the peer's own.
    Extension,
}

impl Justification {
    /// All of them, in the order of the standard.
    pub const ALL: [Self; 8] = [
        Self::SystemResource,
        Self::Authentication,
        Self::AuthenticationOrigin,
        Self::Encryption,
        Self::UnrecognizedFormat,
        Self::CannotProcess,
        Self::Other,
        Self::Extension,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SystemResource => "SystemResource",
            Self::Authentication => "Authentication",
            Self::AuthenticationOrigin => "AuthenticationOrigin",
            Self::Encryption => "Encryption",
            Self::UnrecognizedFormat => "UnrecognizedFormat",
            Self::CannotProcess => "CannotProcess",
            Self::Other => "Other",
            Self::Extension => "ext-value",
        }
    }

    /// The value that this word names, if it is one of the standard's.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == word)
    }
}

impl fmt::Display for Justification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
