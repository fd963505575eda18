//! How long each unit took: the measures by which the process is judged. Pure; called by `report` and by whoever shows an
//! event.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::{From, Milestone, milestone};
use super::state::{State, Unit};
use super::subject::Subject;
use crate::clock::Timestamp;
use crate::store::worded;

worded! {
    /// What is measured of a unit. All but the first are counted from E.
    pub enum Measure: "measure" {
        /// From the delivery of the alert to its acknowledgement.
        Acknowledge = "acknowledge",
        /// Until the owners of its systems knew.
        Notify = "notify",
        /// Until the last of its systems was corrected.
        Correct = "correct",
        /// Until it reported completion.
        Complete = "complete",
        /// Until its corrections were validated.
        Validate = "validate",
    }
}

/// How long one unit took. What is not reached, was waived, or does not concern it, is nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct UnitMeasures {
    /// The unit.
    pub unit: String,
    /// Milliseconds, in the order of [`Measure::ALL`].
    pub millis: Vec<Option<u64>>,
}

/// One measure over all units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Which.
    pub measure: Measure,
    /// Units that have it.
    pub units: usize,
    /// The milliseconds that the plan gives for it, if it counts from the same origin.
    #[serde(default)]
    pub planned: Option<u64>,
    /// The median in milliseconds; of an even number the mean of the middle two.
    pub median: Option<u64>,
    /// The longest in milliseconds.
    pub worst: Option<u64>,
    /// Who took longest; the first by name, if several did.
    pub worst_unit: Option<String>,
}

/// How long the units took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Measures {
    /// Each affected unit, by name.
    pub units: Vec<UnitMeasures>,
    /// Each measure over all of them.
    pub summaries: Vec<Summary>,
}

impl UnitMeasures {
    /// One of them.
    #[must_use]
    pub fn of(&self, measure: Measure) -> Option<Duration> {
        let at = Measure::ALL.iter().position(|one| *one == measure)?;
        self.millis.get(at).copied().flatten().map(Duration::from_millis)
    }
}

impl Measures {
    /// The measures of the event as it stands.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let units: Vec<UnitMeasures> = state
            .units
            .iter()
            .map(|(name, unit)| UnitMeasures { unit: name.clone(), millis: taken(state, name, unit) })
            .collect();
        let summaries =
            Measure::ALL.iter().map(|measure| summary(*measure, planned(state, *measure), &units)).collect();
        Self { units, summaries }
    }
}

fn taken(state: &State, name: &str, unit: &Unit) -> Vec<Option<u64>> {
    let met = |milestone| state.unit_mark(milestone, name).and_then(|mark| mark.met.as_ref()).map(|met| met.at);
    let since = |origin: Timestamp, at: Timestamp| u64::try_from(at.since(origin).as_millis()).unwrap_or(u64::MAX);
    let one = |measure: &Measure| {
        let at = match measure {
            Measure::Acknowledge => met(milestone::ALERT_ACKNOWLEDGED),
            Measure::Notify => met(milestone::OWNERS_NOTIFIED),
            Measure::Correct => last_corrected(state, name, unit),
            Measure::Complete => met(milestone::UNIT_COMPLETED),
            Measure::Validate => met(milestone::VALIDATED),
        };
        let origin = if *measure == Measure::Acknowledge { unit.delivered? } else { state.issued };
        at.map(|at| since(origin, at))
    };
    Measure::ALL.iter().map(one).collect()
}

/// When the last system was corrected, if all are corrected or excepted and at least one is corrected.
fn last_corrected(state: &State, name: &str, unit: &Unit) -> Option<Timestamp> {
    let mark = |system: &String| {
        let milestone = Milestone::known(milestone::CORRECTED);
        state.mark(&Subject { milestone, unit: Some(name.to_owned()), system: Some(system.clone()) })
    };
    let marks = || unit.systems.keys().filter_map(mark);
    if marks().any(|mark| mark.is_open()) {
        return None;
    }
    marks().filter_map(|mark| mark.met.as_ref()).map(|met| met.at).max()
}

/// What the plan gives for it: milliseconds.
fn planned(state: &State, measure: Measure) -> Option<u64> {
    let (milestone, origin) = match measure {
        Measure::Acknowledge => (milestone::ALERT_ACKNOWLEDGED, From::AlertIssued),
        Measure::Notify => (milestone::OWNERS_NOTIFIED, From::Issue),
        Measure::Correct => (milestone::CORRECTED, From::Issue),
        Measure::Complete => (milestone::UNIT_COMPLETED, From::Issue),
        Measure::Validate => (milestone::VALIDATED, From::Issue),
    };
    let step = state.plan.step(milestone).filter(|step| step.of == origin)?;
    Some(u64::try_from(step.after.as_millis()).unwrap_or(u64::MAX))
}

fn summary(measure: Measure, planned: Option<u64>, units: &[UnitMeasures]) -> Summary {
    let mut all: Vec<(Duration, &str)> =
        units.iter().filter_map(|unit| Some((unit.of(measure)?, unit.unit.as_str()))).collect();
    // The longest last, and of those that took equally long the first by name.
    all.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(one.1)));
    let millis = |of: Duration| u64::try_from(of.as_millis()).unwrap_or(u64::MAX);
    let at = |place: usize| all.get(place).map(|(taken, _)| *taken);
    let median = match all.len() {
        0 => None,
        odd if odd % 2 == 1 => at(odd / 2),
        even => at(even / 2 - 1).zip(at(even / 2)).map(|(low, high)| (low + high) / 2),
    };
    Summary {
        measure,
        units: all.len(),
        planned,
        median: median.map(millis),
        worst: all.last().map(|(taken, _)| millis(*taken)),
        worst_unit: all.last().map(|(_, unit)| (*unit).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::report::sample;

    const MINUTE: u64 = 60_000;

    #[test]
    fn each_unit_is_measured_from_e_and_its_acknowledgement_from_the_alert() {
        let (state, _) = sample::whole();
        let measures = Measures::of(&state);
        let of = |unit: &str| measures.units.iter().find(|one| one.unit == unit).unwrap();
        let minutes = |unit: &str| of(unit).millis.iter().map(|one| one.map(|one| one / MINUTE)).collect::<Vec<_>>();
        assert_eq!(minutes(sample::NORTH), [Some(15), Some(180), Some(540), Some(600), Some(1_080)]);
        assert_eq!(minutes(sample::SOUTH), [Some(50), Some(270), Some(1_150), Some(1_160), Some(1_380)]);
        // What a discrepancy reopened counts when it was done for good. The west's validation was waived, and one of its two systems stays as it is.
        assert_eq!(minutes(sample::WEST)[2..], [Some(900), Some(930), None]);
        assert_eq!(of(sample::NORTH).of(Measure::Notify), Some(Duration::from_secs(3 * 3_600)));
    }

    #[test]
    fn median_and_worst_are_over_the_units_that_got_there() {
        let (state, _) = sample::whole();
        let measures = Measures::of(&state);
        let of = |measure| measures.summaries.iter().find(|one| one.measure == measure).unwrap();
        let correct = of(Measure::Correct);
        assert_eq!((correct.units, correct.median, correct.worst), (3, Some(900 * MINUTE), Some(1_150 * MINUTE)));
        assert_eq!(correct.worst_unit.as_deref(), Some(sample::SOUTH));
        let validate = of(Measure::Validate);
        assert_eq!((validate.units, validate.median), (2, Some((1_080 + 1_380) / 2 * MINUTE)));
    }

    #[test]
    fn what_is_not_reached_is_not_measured() {
        let (state, _) = sample::event(sample::AT_14_HOURS);
        let measures = Measures::of(&state);
        let south = measures.units.iter().find(|one| one.unit == sample::SOUTH).unwrap();
        assert_eq!(south.of(Measure::Correct), None, "one system is still open");
        assert_eq!(measures.summaries.last().map(|last| (last.units, last.median, last.worst)), Some((0, None, None)));
    }
}
