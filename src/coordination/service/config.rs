//! What an administrator can set about the coordination of significant events.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::span;
use crate::coordination::entry::{Issuing, Policy};
use crate::coordination::plan::{Plan, parse};
use crate::coordination::wire::Sender;
use crate::evidence;

/// Settings of the coordination: the table `[coordination]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// What a data call from an authority does.
    pub opening: CallRule,
    /// Who lets the alerts of the department go out.
    pub issuing: Issuing,
    /// Whether units without affected systems get a Report for information.
    pub inform_unaffected: bool,
    /// At a unit: whether each change is reported to the node above by itself.
    pub report_progress: bool,
    /// The file with the timetable; absent: the default one.
    pub plan: Option<PathBuf>,
    /// How long the code of a notice is taken.
    #[serde(with = "span")]
    pub code_valid: Duration,
    /// How many events may be open at once; a data call that would be one more is denied.
    pub open_events: usize,
    /// How many vulnerabilities of one message are noted.
    pub vulnerabilities_per_message: usize,
    /// How many events are kept in memory.
    pub events_in_memory: usize,
    /// Who writes: the Contact of our documents. Without a name, the node's own.
    pub sender: Sender,
    /// How much one scan result may hold.
    pub evidence: evidence::Config,
}

/// What a data call from an authority does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallRule {
    /// It opens a significant event.
    #[default]
    Open,
    /// A person must confirm it first.
    Hold,
    /// It opens none, and neither does an alert: what `[routing]` says holds for them as for everything else.
    Never,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            opening: CallRule::Open,
            issuing: Issuing::Person,
            inform_unaffected: false,
            report_progress: true,
            plan: None,
            code_valid: Duration::from_secs(2 * 86_400),
            open_events: 1_000,
            vulnerabilities_per_message: 1_000,
            events_in_memory: 256,
            sender: Sender::default(),
            evidence: evidence::Config::default(),
        }
    }
}

/// What is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    /// A figure outside its range.
    #[error("coordination.{key} = {found}: write {expected}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The figure as configured.
        found: usize,
        /// What it may be.
        expected: &'static str,
    },
    /// A span that is no time at all.
    #[error("coordination.{key} = \"0s\": write a span of time, for instance 1h")]
    NoTime {
        /// The key.
        key: &'static str,
    },
}

/// A plan file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("coordination.plan: {}: {}", path.display(), faults.join("; "))]
pub struct BadPlan {
    /// The file.
    pub path: PathBuf,
    /// All that is wrong with it, with the lines.
    pub faults: Vec<String>,
}

impl Config {
    /// All faults of these settings; none if they can be used. The plan's own faults its file tells.
    pub fn faults(&self) -> Vec<BadConfig> {
        let mut faults = Vec::new();
        let figures = [
            ("open-events", self.open_events, 1..=100_000, "1 to 100000"),
            ("vulnerabilities-per-message", self.vulnerabilities_per_message, 1..=100_000, "1 to 100000"),
            ("events-in-memory", self.events_in_memory, 1..=100_000, "1 to 100000"),
        ];
        for (key, found, range, expected) in figures {
            if !range.contains(&found) {
                faults.push(BadConfig::OutOfRange { key, found, expected });
            }
        }
        if self.code_valid.is_zero() {
            faults.push(BadConfig::NoTime { key: "code-valid" });
        }
        faults
    }

    /// The same with relative paths taken from the data directory.
    #[must_use]
    pub fn resolved(mut self, data: &Path) -> Self {
        if let Some(plan) = &mut self.plan {
            *plan = data.join(&plan);
        }
        self
    }

    /// The timetable: of the file that is named, else the default one.
    ///
    /// # Errors
    /// All that is wrong with the file.
    pub fn read_plan(&self) -> Result<Plan, BadPlan> {
        let Some(path) = &self.plan else { return Ok(Plan::default()) };
        let bad = |faults: Vec<String>| BadPlan { path: path.clone(), faults };
        let text = fs::read_to_string(path).map_err(|error| bad(vec![error.to_string()]))?;
        parse(&text).map_err(|faults| bad(faults.iter().map(ToString::to_string).collect()))
    }

    /// Whether this node opens events by what others send.
    pub(super) fn opens(&self) -> bool {
        self.opening != CallRule::Never
    }

    /// Whether data calls wait for a person.
    pub(super) fn holds(&self) -> bool {
        self.opening == CallRule::Hold
    }

    /// What an event that is opened now keeps.
    pub(super) fn policy(&self) -> Policy {
        Policy {
            issuing: self.issuing,
            inform_unaffected: self.inform_unaffected,
            report_progress: self.report_progress,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_file_is_read_or_all_its_faults_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { plan: Some(PathBuf::from("plan.toml")), ..Config::default() }.resolved(directory.path());
        let write = |text: &str| fs::write(directory.path().join("plan.toml"), text).unwrap();
        assert!(config.read_plan().unwrap_err().to_string().contains("plan.toml"));
        write("name = \"short\"\n[[step]]\nmilestone = \"corrected\"\nafter = \"2m\"\n");
        assert_eq!(config.read_plan().unwrap().name, "short");
        write("name = \"short\"\n[[step]]\nmilestone = \"corrected\"\nafter = \"-2m\"\n");
        assert!(config.read_plan().unwrap_err().to_string().contains("line 4"));
        assert_eq!(Config::default().read_plan(), Ok(Plan::default()));
    }

    #[test]
    fn the_defaults_have_no_fault_and_all_faults_are_told() {
        assert_eq!(Config::default().faults(), []);
        let wrong = Config { open_events: 0, code_valid: Duration::ZERO, ..Config::default() };
        assert_eq!(wrong.faults().len(), 2);
        let json = serde_json::to_value(Config::default()).unwrap();
        assert_eq!((json["code-valid"].as_str(), json["opening"].as_str()), (Some("2d"), Some("open")));
    }
}
