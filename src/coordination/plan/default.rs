//! The default plan: the timetable of the process that the mission comes from.

use std::time::Duration;

use super::{Calling, From, Milestone, Plan, Scope, Step, milestone};

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// One row of the timetable.
struct Row(&'static str, u64, From, &'static str, Scope, u64, &'static str);

/// Milestone, due (seconds), counted from, owner, scope, reminder before (seconds), procedure.
const ROWS: &[Row] = &[
    Row(
        milestone::CIRT_NOTIFIED,
        HOUR,
        From::Issue,
        "program-manager",
        Scope::Event,
        15 * MINUTE,
        "The program manager tells the CIRT of the data call.",
    ),
    Row(
        milestone::ALERT_READY,
        2 * HOUR,
        From::Issue,
        "cirt-watch",
        Scope::Event,
        30 * MINUTE,
        "The CIRT researches the event and enhances the advisory: how to prevent entry, restrict spread and eradicate.",
    ),
    Row(
        milestone::UNITS_IDENTIFIED,
        2 * HOUR,
        From::Issue,
        "program-manager",
        Scope::Event,
        30 * MINUTE,
        "The program manager asks the inventory which units run affected, unpatched systems.",
    ),
    Row(
        milestone::ALERT_ISSUED,
        2 * HOUR,
        From::Issue,
        "cirt-watch",
        Scope::Unit,
        15 * MINUTE,
        "The CIRT issues the alert to the contact of each affected unit.",
    ),
    Row(
        milestone::ALERT_ACKNOWLEDGED,
        30 * MINUTE,
        From::AlertIssued,
        "unit-contact",
        Scope::Unit,
        0,
        "The unit acknowledges the alert.",
    ),
    Row(
        milestone::OWNERS_NOTIFIED,
        4 * HOUR,
        From::Issue,
        "unit-contact",
        Scope::Unit,
        30 * MINUTE,
        "The unit's contact tells its own CIRT, the owners and the administrators of affected systems.",
    ),
    Row(
        milestone::PATCHES_OBTAINED,
        4 * HOUR,
        From::Issue,
        "unit-contact",
        Scope::Unit,
        30 * MINUTE,
        "The unit's contact reviews the profiles of affected systems and fetches the authenticated patches.",
    ),
    Row(
        milestone::CORRECTED,
        12 * HOUR,
        From::Issue,
        "administrator",
        Scope::System,
        2 * HOUR,
        "The implementer tests the patch on a testbed, installs it and tells the unit's contact.",
    ),
    Row(
        milestone::UNIT_COMPLETED,
        16 * HOUR,
        From::Issue,
        "unit-contact",
        Scope::Unit,
        2 * HOUR,
        "The unit's contact brings the profiles up to date and reports completion to the CIRT.",
    ),
    Row(
        milestone::VALIDATED,
        20 * HOUR,
        From::Issue,
        "cirt-watch",
        Scope::Unit,
        2 * HOUR,
        "The CIRT scans as necessary and resolves discrepancies with the unit's contact.",
    ),
    Row(
        milestone::MANAGER_INFORMED,
        20 * HOUR,
        From::Issue,
        "cirt-watch",
        Scope::Event,
        HOUR,
        "The CIRT tells the program manager that corrective actions are complete and the inventory is up to date.",
    ),
    Row(
        milestone::CONFIRMED,
        24 * HOUR,
        From::Issue,
        "program-manager",
        Scope::Event,
        2 * HOUR,
        "The program manager confirms the inventory and reports to the CIO and the authority.",
    ),
];

impl Default for Plan {
    fn default() -> Self {
        let steps = ROWS.iter().map(|Row(name, after, of, owner, scope, remind, procedure)| Step {
            milestone: Milestone::known(name),
            after: Duration::from_secs(*after),
            of: *of,
            owner: (*owner).to_owned(),
            scope: *scope,
            remind: Duration::from_secs(*remind),
            procedure: (*procedure).to_owned(),
        });
        Self {
            name: "default".to_owned(),
            calling: Calling { answer_within: Duration::from_secs(10 * MINUTE), quiet: Duration::from_secs(HOUR) },
            steps: steps.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_the_default_plan() {
        let sample = include_str!("../../../config/plan.toml");
        assert_eq!(super::super::parse(sample), Ok(Plan::default()));
    }

    #[test]
    fn the_default_plan_names_each_milestone_once_and_with_its_scope() {
        let plan = Plan::default();
        let of_plan: Vec<_> = plan.steps.iter().map(|step| (step.milestone.as_str(), step.scope)).collect();
        assert_eq!(of_plan, milestone::KNOWN);
        assert!(plan.steps.iter().all(|step| step.remind < step.after));
    }
}
