//! What a mark of the timetable stands for, and what a person is called about.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::plan::Milestone;
use crate::store::worded;

/// One mark of the timetable: a milestone of the event, of a unit, or of a system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The milestone.
    pub milestone: Milestone,
    /// The unit, unless the milestone is the event's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The system, if the milestone is a system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

impl Subject {
    /// A milestone of the event.
    pub fn event(milestone: Milestone) -> Self {
        Self { milestone, unit: None, system: None }
    }

    /// A milestone of a unit.
    pub fn unit(milestone: Milestone, unit: &str) -> Self {
        Self { milestone, unit: Some(unit.to_owned()), system: None }
    }

    /// A milestone of a system of a unit.
    pub fn system(milestone: Milestone, unit: &str, system: &str) -> Self {
        Self { milestone, unit: Some(unit.to_owned()), system: Some(system.to_owned()) }
    }
}

/// `corrected rid.unit.example sql1.unit.example`: how a subject is written for people.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.milestone)?;
        for part in [&self.unit, &self.system].into_iter().flatten() {
            write!(f, " {part}")?;
        }
        Ok(())
    }
}

worded! {
    /// Why a person is called.
    pub enum Reason: "reason of a call" {
        /// The process asks for the person: to know, to decide, to act.
        Asked = "asked",
        /// A milestone will be due soon.
        Reminder = "reminder",
        /// A milestone is overdue.
        Overdue = "overdue",
        /// Something went wrong: an alert was denied or cannot be delivered, a scan failed.
        Trouble = "trouble",
    }
}

/// What a person is called about. Nobody is called twice for the same thing within the quiet time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct About {
    /// Why.
    pub reason: Reason,
    /// The milestone that it is about.
    pub milestone: Milestone,
    /// The unit that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The person of the roster that it is for, where not everybody in a place will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// `overdue unit-completed rid.unit.example`: how it is written for people.
impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.reason, self.milestone)?;
        for part in [&self.unit, &self.person].into_iter().flatten() {
            write!(f, " {part}")?;
        }
        Ok(())
    }
}
