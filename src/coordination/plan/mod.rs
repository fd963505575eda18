//! The plan: the timetable of a significant event and how long people are waited for, as data.
//!
//! The default plan is the one of the process that the mission comes from, E+1 h … E+24 h; a TOML file replaces it. An
//! event keeps in its log the plan that it was opened with, so that a later change of the file changes no event that
//! runs. Called by whoever opens an event, and by `state`, which turns steps into marks with due times.

mod default;
mod file;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::span;
use crate::store::worded;

pub use file::{PlanFault, parse};

/// The milestones that the process meets by itself or that have rules of their own. A plan may add others, which a person
/// meets.
pub mod milestone {
    /// The CIRT knows of the data call.
    pub const CIRT_NOTIFIED: &str = "cirt-notified";
    /// The enhanced alert is ready to be distributed.
    pub const ALERT_READY: &str = "alert-ready";
    /// The units with affected systems are known.
    pub const UNITS_IDENTIFIED: &str = "units-identified";
    /// A unit's node has the alert.
    pub const ALERT_ISSUED: &str = "alert-issued";
    /// The unit has acknowledged it.
    pub const ALERT_ACKNOWLEDGED: &str = "alert-acknowledged";
    /// Owners and administrators of the unit's affected systems know of it.
    pub const OWNERS_NOTIFIED: &str = "owners-notified";
    /// The unit has reviewed its profiles and has the authenticated patches.
    pub const PATCHES_OBTAINED: &str = "patches-obtained";
    /// A system is corrected.
    pub const CORRECTED: &str = "corrected";
    /// The unit has reported completion.
    pub const UNIT_COMPLETED: &str = "unit-completed";
    /// The CIRT has validated the unit's corrections.
    pub const VALIDATED: &str = "validated";
    /// The program manager knows that all units are validated, or which are not.
    pub const MANAGER_INFORMED: &str = "manager-informed";
    /// The program manager has confirmed.
    pub const CONFIRMED: &str = "confirmed";

    /// All of them with what they are about, in the order of the process.
    pub const KNOWN: &[(&str, super::Scope)] = &[
        (CIRT_NOTIFIED, super::Scope::Event),
        (ALERT_READY, super::Scope::Event),
        (UNITS_IDENTIFIED, super::Scope::Event),
        (ALERT_ISSUED, super::Scope::Unit),
        (ALERT_ACKNOWLEDGED, super::Scope::Unit),
        (OWNERS_NOTIFIED, super::Scope::Unit),
        (PATCHES_OBTAINED, super::Scope::Unit),
        (CORRECTED, super::Scope::System),
        (UNIT_COMPLETED, super::Scope::Unit),
        (VALIDATED, super::Scope::Unit),
        (MANAGER_INFORMED, super::Scope::Event),
        (CONFIRMED, super::Scope::Event),
    ];
}

worded! {
    /// What a milestone is about: how many marks one step of the plan has.
    pub enum Scope: "scope of a milestone" {
        /// The event as a whole: one mark.
        Event = "event",
        /// Each affected unit: a mark for each.
        Unit = "unit",
        /// Each affected system: a mark for each.
        System = "system",
    }
}

worded! {
    /// From when a step's time is counted.
    pub enum From: "origin of a due time" {
        /// From E, the issuance of the data call.
        Issue = "issue",
        /// From the delivery of the alert to the unit.
        AlertIssued = "alert-issued",
    }
}

/// The name of a milestone: lower-case words joined by hyphens, at most 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Milestone(Cow<'static, str>);

impl Milestone {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One of [`milestone::KNOWN`].
    pub(crate) fn known(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl PartialEq<str> for Milestone {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl fmt::Display for Milestone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Milestone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if begins && text.len() <= 64 && text.bytes().all(fits) {
            let known = milestone::KNOWN.iter().map(|(name, _)| *name).find(|name| *name == text);
            return Ok(Self(known.map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed)));
        }
        Err(format!("{text:?} is no name of a milestone: expected 1 to 64 of a-z, 0-9 and -, beginning with a letter"))
    }
}

impl TryFrom<String> for Milestone {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::convert::From<Milestone> for String {
    fn from(milestone: Milestone) -> Self {
        milestone.0.into_owned()
    }
}

/// One step of the timetable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// What is to be reached.
    pub milestone: Milestone,
    /// How long after its origin it is due.
    #[serde(with = "span")]
    pub after: Duration,
    /// Its origin.
    pub of: From,
    /// Who owns it: a place of the roster, `program-manager`, `cirt-watch`, `unit-contact`, `administrator`, …
    pub owner: String,
    /// What it is about.
    pub scope: Scope,
    /// How long before it is due its owner is reminded; zero: not at all.
    #[serde(with = "span")]
    pub remind: Duration,
    /// The documented procedure: what is to be done, in a sentence.
    pub procedure: String,
}

/// How long people are waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Calling {
    /// How long a notice may stay unanswered before the next channel or person is tried.
    #[serde(with = "span")]
    pub answer_within: Duration,
    /// How long nobody gets the same notice on the same channel again, once everybody has been tried.
    #[serde(with = "span")]
    pub quiet: Duration,
}

/// A timetable and how long people are waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// Its name, as reports state it.
    pub name: String,
    /// How people are called.
    pub calling: Calling,
    /// Its steps, in the order of the process.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The step that leads to this milestone, if the plan has it.
    pub fn step(&self, milestone: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.milestone == *milestone)
    }
}
