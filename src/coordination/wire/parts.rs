//! What the documents of a significant event are made of. Kept as they are in the log of the event, so a field may be added
//! only with a default.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A patch that is offered against the vulnerability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Patch {
    /// What it is called: `MS02-039`; empty if only its address is known.
    pub name: String,
    /// Where it is to be had.
    pub url: Option<String>,
    /// Its SHA-256 as hexadecimal digits, if whoever named it said so.
    pub digest: Option<String>,
    /// Where its detached signature is to be had, if it has one.
    pub signature: Option<String>,
}

/// One thing a data call asks for (IODEF Expectation).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Action {
    /// The standard's word, such as `block-port` (RFC 7970 §3.15); what `ext-action` says where it is `ext-value`.
    pub action: String,
    /// What is asked, in words.
    pub text: String,
    /// `low`, `medium` or `high`.
    pub severity: Option<String>,
    /// By when, if the document says `due=` and an RFC 3339 time in the words, or says it in our extension. Never the
    /// EndTime, past which a recipient must not act.
    pub due: Option<Timestamp>,
}

/// What a step of the alert serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Keep it from entering.
    Prevent,
    /// Keep it from spreading.
    Restrict,
    /// Remove it.
    Eradicate,
}

impl StepKind {
    /// All, in the order in which an alert lists them.
    pub const ALL: [Self; 3] = [Self::Prevent, Self::Restrict, Self::Eradicate];

    /// The word that stands before the text of such a step in a document: `Prevent`, `Restrict`, `Eradicate`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prevent => "Prevent",
            Self::Restrict => "Restrict",
            Self::Eradicate => "Eradicate",
        }
    }
}

/// One step that the alert tells units to take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Step {
    /// What it serves.
    pub kind: StepKind,
    /// What to do.
    pub text: String,
    /// The course of action agreed on before that it follows (DefinedCOA, RFC 7970 §3.15). IODEF 1.0 has no place for
    /// it but the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<String>,
}

/// An affected system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// The name of its profile (IODEF AssetID). Read from a document without AssetID: its first host name, else its first
    /// address.
    pub name: String,
    /// Its host names, if others than `name`.
    pub hosts: Vec<String>,
    /// Its IP addresses. What is no IP address is not written.
    pub addresses: Vec<String>,
    /// The CPE names of its platform.
    pub cpes: Vec<String>,
}

/// A milestone that the recipient of an alert owns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Task {
    /// The milestone: `corrected`. Where a document of another node names none, the action tells: `status-triage` asks for
    /// `owners-notified`, `upgrade-software` or `remediate-other` for `corrected`, `status-new-info` for `unit-completed`.
    pub milestone: String,
    /// When it is due; nothing, if the document does not say.
    pub due: Option<Timestamp>,
    /// Who owns it, by role, if the sender says so.
    pub owner: Option<String>,
    /// The standard's word for what is asked: `upgrade-software` (in IODEF 1.0 `remediate-other`).
    pub action: String,
    /// What is asked, in words.
    pub text: String,
}

/// A system that was corrected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Correction {
    /// The system by its profile's name; as [`Target::name`] where it was read.
    pub system: String,
    /// When, if it was said.
    pub at: Option<Timestamp>,
    /// By whom, if it was said.
    pub by: Option<String>,
}

/// A milestone that was met at the sender's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Met {
    /// The milestone.
    pub milestone: String,
    /// When.
    pub at: Option<Timestamp>,
    /// By whom.
    pub by: Option<String>,
    /// In words: on what evidence.
    pub text: Option<String>,
}

/// A system that stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exception {
    /// The system by its profile's name; as [`Target::name`] where it was read.
    pub system: String,
    /// Why.
    pub reason: String,
}
