//! The timetable of an event as it was planned beside what became of it: what the terminal, the web page and the report draw.
//!
//! Called by the service for `ridd event timeline` and by `report`. Pure. Everything that is needed to draw it is in it, so
//! that whoever draws it needs neither the log nor the plan.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::{Plan, Scope, Step};
use super::state::{Mark, Standing, State};
use super::subject::Subject;
use crate::clock::{Timestamp, span};
use crate::store::records::{EventRole, EventState};

/// The timetable of one event, plan beside actual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Timeline {
    /// The event.
    pub event: String,
    /// What it is about.
    pub title: String,
    /// Whether it is a drill.
    pub drill: bool,
    /// What part this node plays.
    pub role: EventRole,
    /// Where the event stands.
    pub state: EventState,
    /// E, where the scale begins.
    pub issued: Timestamp,
    /// The instant that it shows; for an event that is over, the time of its last entry.
    pub shown: Timestamp,
    /// Where the scale ends: not before the last due time, nor before the last that happened.
    pub end: Timestamp,
    /// From one tick of the scale to the next: at most eight fit.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub step: Duration,
    /// The event's own milestones first, then those of each affected unit, by name.
    pub lanes: Vec<Lane>,
}

/// The milestones of the event, or of one unit, in the order of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Lane {
    /// The unit; nothing for the event's own.
    pub unit: Option<String>,
    /// Its milestones.
    pub bars: Vec<Bar>,
}

/// One milestone: when it was due and what became of it. Where each system has a mark of its own, all of them together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Bar {
    /// The milestone.
    pub milestone: String,
    /// Who owns it: a place of the roster.
    pub owner: String,
    /// When it is due; nothing while what it counts from has not happened.
    pub due: Option<Timestamp>,
    /// When it was met: for systems, the last of them.
    pub met: Option<Timestamp>,
    /// Who met it; who waived it.
    pub by: Option<String>,
    /// On what evidence it was met; why it was waived.
    pub evidence: Option<String>,
    /// Where it stands: for systems, where the worst of them stands.
    pub standing: Standing,
    /// For systems: how many are settled, of how many.
    pub settled: Option<(usize, usize)>,
    /// Where it stands, in words: `met 12 min early`, `overdue by 2 h 05 min`, `due in 3 h`.
    pub remark: String,
}

impl Timeline {
    /// The timetable as it stands at `now`.
    #[must_use]
    pub fn of(state: &State, now: Timestamp) -> Self {
        let shown = if state.is_over() { state.changed } else { state.at(now) };
        let mut lanes = vec![Lane { unit: None, bars: bars(state, None, shown) }];
        lanes.extend(
            state.units.keys().map(|unit| Lane { unit: Some(unit.clone()), bars: bars(state, Some(unit), shown) }),
        );
        let times = lanes.iter().flat_map(|lane| &lane.bars).flat_map(|bar| [bar.due, bar.met]).flatten();
        let end = times.chain([shown]).max().unwrap_or(shown).max(state.issued + Duration::from_secs(1));
        Self {
            event: state.id.to_string(),
            title: state.title.clone(),
            drill: state.drill,
            role: state.role,
            state: state.state,
            issued: state.issued,
            shown,
            end,
            step: scale(end.since(state.issued)),
            lanes,
        }
    }

    /// All milestones of all lanes.
    pub fn bars(&self) -> impl Iterator<Item = &Bar> {
        self.lanes.iter().flat_map(|lane| &lane.bars)
    }
}

impl Bar {
    /// How long after its due time it was met, or is still open at `shown`; zero if it is in time or waived.
    #[must_use]
    pub fn late(&self, shown: Timestamp) -> Duration {
        match (self.standing, self.due) {
            (Standing::Late | Standing::Missed, Some(due)) => self.met.unwrap_or(shown).since(due),
            _ => Duration::ZERO,
        }
    }
}

/// The milestones of the event or of that unit.
fn bars(state: &State, unit: Option<&str>, shown: Timestamp) -> Vec<Bar> {
    let steps: Vec<&Step> = match unit {
        None => of_event(&state.plan).collect(),
        Some(unit) => state.steps_of(unit).collect(),
    };
    steps.into_iter().filter_map(|step| bar(state, unit, step, shown)).collect()
}

fn of_event(plan: &Plan) -> impl Iterator<Item = &Step> {
    plan.steps.iter().filter(|step| step.scope == Scope::Event)
}

fn bar(state: &State, unit: Option<&str>, step: &Step, shown: Timestamp) -> Option<Bar> {
    let subject = Subject { milestone: step.milestone.clone(), unit: unit.map(str::to_owned), system: None };
    let marks: Vec<&Mark> = match step.scope {
        Scope::Event | Scope::Unit => state.mark(&subject).into_iter().collect(),
        Scope::System => {
            let systems = state.units.get(unit?)?.systems.keys();
            systems.filter_map(|name| state.mark(&Subject { system: Some(name.clone()), ..subject.clone() })).collect()
        }
    };
    let due = marks.iter().map(|mark| mark.due).max();
    let last = marks.iter().filter_map(|mark| mark.met.as_ref()).max_by_key(|met| met.at);
    let standing = together(&marks, shown);
    let open = marks.iter().filter(|mark| mark.is_open()).count();
    // What is met in part has no time of its own yet.
    let met = last.filter(|_| open == 0);
    // Of several systems that were waived, each has its own reason: they stand among the exceptions.
    let waived = marks.first().filter(|_| met.is_none() && marks.len() == 1).and_then(|mark| mark.waived.as_ref());
    let settled = (step.scope == Scope::System).then(|| (marks.len() - open, marks.len()));
    let mut remark = remark(standing, due, met.map(|met| met.at), shown, state.is_over());
    if let Some((done, all)) = settled.filter(|(done, all)| done < all) {
        remark = format!("{done} of {all}, {remark}");
    }
    Some(Bar {
        milestone: step.milestone.to_string(),
        owner: step.owner.clone(),
        due,
        met: met.map(|met| met.at),
        by: met.map(|met| &met.by).or_else(|| waived.map(|waived| &waived.by)).cloned(),
        evidence: met.and_then(|met| met.evidence.as_ref()).or_else(|| waived.map(|waived| &waived.why)).cloned(),
        standing,
        settled,
        remark,
    })
}

/// Where a mark stands at that time: the clock may not have looked at it yet.
pub(super) fn standing(mark: &Mark, shown: Timestamp) -> Standing {
    match mark.standing() {
        Standing::Open if mark.due < shown => Standing::Missed,
        standing => standing,
    }
}

/// Where several marks stand together: what is still to be done first, then the worst of what is done.
fn together(marks: &[&Mark], shown: Timestamp) -> Standing {
    let all: Vec<_> = marks.iter().map(|mark| standing(mark, shown)).collect();
    let worst = [Standing::Missed, Standing::Open, Standing::Late, Standing::Met, Standing::Waived];
    worst.into_iter().find(|one| all.contains(one)).unwrap_or(Standing::Open)
}

fn remark(standing: Standing, due: Option<Timestamp>, met: Option<Timestamp>, shown: Timestamp, over: bool) -> String {
    let Some(due) = due else { return "not due yet: it counts from the alert".to_owned() };
    match (standing, met) {
        (Standing::Late, Some(met)) => format!("late by {}", span::words(met.since(due))),
        (Standing::Met, Some(met)) => match due.since(met) {
            Duration::ZERO => "met on time".to_owned(),
            early => format!("met {} early", span::words(early)),
        },
        (Standing::Waived, _) => "waived".to_owned(),
        (Standing::Missed, _) if over => "never met".to_owned(),
        (Standing::Missed, _) => format!("overdue by {}", span::words(shown.since(due))),
        (Standing::Open, _) if over => "left open".to_owned(),
        _ => format!("due in {}", span::words(due.since(shown))),
    }
}

/// The distance between two ticks for a scale of that length.
fn scale(length: Duration) -> Duration {
    const STEPS: [u64; 22] = [
        100,
        200,
        500,
        1_000,
        2_000,
        5_000,
        10_000,
        30_000,
        60_000,
        120_000,
        300_000,
        600_000,
        1_800_000,
        3_600_000,
        7_200_000,
        14_400_000,
        43_200_000,
        86_400_000,
        172_800_000,
        604_800_000,
        1_209_600_000,
        4_838_400_000,
    ];
    let fits = |step: &Duration| length.as_millis() <= step.as_millis() * 7;
    let steps = STEPS.map(Duration::from_millis);
    // Years of overdue work still get eight ticks.
    steps
        .into_iter()
        .find(fits)
        .unwrap_or_else(|| Duration::from_millis(u64::try_from(length.as_millis() / 7).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::report::sample;

    fn bar<'a>(timeline: &'a Timeline, unit: Option<&str>, milestone: &str) -> &'a Bar {
        let lane = timeline.lanes.iter().find(|lane| lane.unit.as_deref() == unit).unwrap();
        lane.bars.iter().find(|bar| bar.milestone == milestone).unwrap()
    }

    #[test]
    fn each_milestone_says_where_it_stands() {
        let (state, _) = sample::event(sample::AT_14_HOURS);
        let timeline = Timeline::of(&state, sample::at(14 * 60));
        let said = |unit, milestone| {
            let bar = bar(&timeline, unit, milestone);
            (bar.standing, bar.remark.as_str())
        };
        assert_eq!(said(None, "cirt-notified"), (Standing::Met, "met 25 min early"));
        assert_eq!(said(None, "alert-ready"), (Standing::Late, "late by 10 min"));
        assert_eq!(said(None, "confirmed"), (Standing::Open, "due in 10 h"));
        assert_eq!(said(Some(sample::NORTH), "corrected"), (Standing::Met, "met 3 h early"));
        assert_eq!(said(Some(sample::SOUTH), "corrected"), (Standing::Missed, "1 of 2, overdue by 2 h"));
        assert_eq!(
            said(Some(sample::WEST), "alert-acknowledged"),
            (Standing::Open, "not due yet: it counts from the alert")
        );
        let corrected = bar(&timeline, Some(sample::SOUTH), "corrected");
        assert_eq!((corrected.settled, corrected.met), (Some((1, 2)), None));
        assert_eq!(corrected.late(timeline.shown), Duration::from_secs(2 * 3_600));
    }

    #[test]
    fn the_scale_holds_all_that_was_planned_and_happened() {
        let (state, _) = sample::event(sample::AT_14_HOURS);
        let timeline = Timeline::of(&state, sample::at(14 * 60));
        assert_eq!((timeline.end, timeline.step), (sample::at(24 * 60), Duration::from_secs(4 * 3_600)));
        let late = Timeline::of(&state, sample::at(48 * 60));
        assert_eq!((late.end, late.step), (sample::at(48 * 60), Duration::from_secs(12 * 3_600)));
        for (length, step) in [(0, 100), (700, 100), (701, 200), (86_400_000, 14_400_000)] {
            assert_eq!(scale(Duration::from_millis(length)).as_millis(), step, "{length}");
        }
        assert!(scale(Duration::from_secs(1 << 40)) > Duration::from_secs(1 << 36));
    }

    #[test]
    fn an_event_that_is_over_stands_still() {
        let (state, _) = sample::whole();
        let timeline = Timeline::of(&state, sample::at(99 * 60));
        assert_eq!(timeline.shown, state.changed);
        let waived = bar(&timeline, Some(sample::WEST), "validated");
        assert_eq!((waived.remark.as_str(), waived.by.as_deref()), ("waived", Some("officer")));
        assert!(waived.evidence.as_deref().is_some_and(|why| why.contains("off the network")));
        assert_eq!(bar(&timeline, None, "confirmed").remark, "met 30 min early");
    }

    #[test]
    fn it_survives_its_json() {
        let (state, _) = sample::whole();
        let timeline = Timeline::of(&state, sample::at(25 * 60));
        let json = serde_json::to_string(&timeline).unwrap();
        assert_eq!(serde_json::from_str::<Timeline>(&json).unwrap(), timeline);
    }
}
