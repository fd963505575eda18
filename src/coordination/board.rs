//! An event at a glance, as it hangs on the wall: for each step of the plan and for each unit what is due when, and when it was
//! done. Where each system has a mark of its own, all systems of a unit are one cell.
//!
//! The service makes it and keeps it until the event changes, so that whoever looks at many large events does not walk all
//! their systems each time. Pure, and the same at any time: where a cell stands at an instant, [`Cell::standing`] says.

use std::collections::HashMap;

use super::due::next_try;
use super::plan::{From, Milestone, Scope, milestone};
use super::state::{AlertState, Call, Mark, Standing, State};
use super::subject::{About, Reason, Subject};
use crate::clock::Timestamp;
use crate::ids::{EventId, PeerName};
use crate::store::records::{EventRole, EventState};

/// So many calls are told; those that were made last.
const CALLS: usize = 20;

/// One event at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// Our name for it.
    pub id: EventId,
    /// Where it stands.
    pub state: EventState,
    /// What part we play.
    pub role: EventRole,
    /// Whether it is a drill.
    pub drill: bool,
    /// What it is about.
    pub title: String,
    /// The severity that the call states.
    pub severity: Option<String>,
    /// Whose call or alert opened it; nothing if it was entered by hand.
    pub source: Option<PeerName>,
    /// E.
    pub issued: Timestamp,
    /// The number of its last entry.
    pub head: i64,
    /// When that was written.
    pub changed: Timestamp,
    /// The steps of the plan in its order.
    pub stages: Vec<Stage>,
    /// The affected units by name.
    pub units: Vec<Row>,
    /// Who is being called and has not answered; the last calls first.
    pub calling: Vec<Calling>,
    /// How many calls are unanswered in all.
    pub unanswered: usize,
}

/// One step of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What is to be reached.
    pub milestone: Milestone,
    /// Who owns it.
    pub owner: String,
    /// Whose milestone it is.
    pub scope: Scope,
    /// When it is due by the plan; nothing if that counts from the delivery of an alert.
    pub due: Option<Timestamp>,
    /// How it stands, if it is the event's.
    pub cell: Option<Cell>,
}

/// One affected unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The unit.
    pub unit: String,
    /// Whether these are our own systems, which get no alert.
    pub own: bool,
    /// What became of its alert.
    pub alert: AlertState,
    /// How many of its systems are affected.
    pub systems: usize,
    /// How many of them are corrected.
    pub corrected: usize,
    /// How many stay as they are.
    pub excepted: usize,
    /// A cell for each of the stages; nothing where it has no due time, or is no milestone of this unit.
    pub cells: Vec<Option<Cell>>,
}

/// One milestone of the event or of a unit; of a unit's systems, all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// When it is due: of several, the first that is open; if none is, the last.
    pub due: Timestamp,
    /// When it was met: of several, the last that was.
    pub met: Option<Timestamp>,
    /// How many are neither met nor waived.
    pub open: usize,
    /// Of how many.
    pub of: usize,
    /// Whether any was met after its time.
    late: bool,
    /// Whether the clock has seen one open past its time.
    missed: bool,
}

/// A call that nobody has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calling {
    /// What about.
    pub about: About,
    /// Who was called.
    pub call: Call,
    /// When the next person is called, if nobody answers.
    pub next: Option<Timestamp>,
}

impl Cell {
    fn of(mark: &Mark) -> Self {
        let late = mark.standing() == Standing::Late;
        let open = usize::from(mark.is_open());
        let missed = mark.is_open() && mark.missed.is_some();
        Self { due: mark.due, met: mark.met.as_ref().map(|met| met.at), open, of: 1, late, missed }
    }

    /// Both as one.
    fn and(self, other: Self) -> Self {
        let due = match (self.open > 0, other.open > 0) {
            (true, true) => self.due.min(other.due),
            (true, false) => self.due,
            (false, true) => other.due,
            (false, false) => self.due.max(other.due),
        };
        Self {
            due,
            met: self.met.max(other.met),
            open: self.open + other.open,
            of: self.of + other.of,
            late: self.late || other.late,
            missed: self.missed || other.missed,
        }
    }

    /// Where it stands at that instant: what is still to be done first, then the worst of what is done.
    #[must_use]
    pub fn standing(&self, at: Timestamp) -> Standing {
        match (self.open > 0, self.met) {
            (true, _) if self.missed || self.due < at => Standing::Missed,
            (true, _) => Standing::Open,
            (false, Some(_)) if self.late => Standing::Late,
            (false, Some(_)) => Standing::Met,
            (false, None) => Standing::Waived,
        }
    }
}

impl Board {
    /// The event as it stands.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let stage = |step: &super::plan::Step| Stage {
            milestone: step.milestone.clone(),
            owner: step.owner.clone(),
            scope: step.scope,
            due: (step.of == From::Issue).then(|| state.issued + step.after),
            cell: None,
        };
        let row = |(name, unit): (&String, &std::sync::Arc<super::state::Unit>)| Row {
            unit: name.clone(),
            own: *name == state.own,
            alert: unit.alert,
            systems: unit.systems.len(),
            corrected: unit.corrected(),
            excepted: unit.excepted(),
            cells: vec![None; state.plan.steps.len()],
        };
        // A reminder wants no answer.
        let waits = |about: &About, call: &Call| call.is_open() && about.reason != Reason::Reminder;
        let open = state.calls.iter().filter(|(about, call)| waits(about, call) && !state.is_over());
        let mut calling: Vec<(&About, &Call)> = open.collect();
        let unanswered = calling.len();
        calling.sort_by_key(|(_, call)| std::cmp::Reverse(call.tries.last().map(|last| last.at)));
        calling.truncate(CALLS);
        let mut board = Self {
            id: state.id.clone(),
            state: state.state,
            role: state.role,
            drill: state.drill,
            title: state.title.clone(),
            severity: state.call.severity.clone(),
            source: state.source.as_ref().map(|source| source.peer.clone()),
            issued: state.issued,
            head: state.head,
            changed: state.changed,
            stages: state.plan.steps.iter().map(stage).collect(),
            units: state.units.iter().map(row).collect(),
            calling: calling.into_iter().map(|(about, call)| calling_of(state, about, call)).collect(),
            unanswered,
        };
        board.fill(state);
        board
    }

    /// Puts every mark into its cell, in one walk: an event has tens of thousands.
    fn fill(&mut self, state: &State) {
        let stages: HashMap<&Milestone, usize> = state.plan.steps.iter().map(|step| &step.milestone).zip(0..).collect();
        let rows: HashMap<&String, usize> = state.units.keys().zip(0..).collect();
        for (subject, mark) in state.marks.iter() {
            let Some(stage) = stages.get(&subject.milestone) else { continue };
            let Some(place) = self.place(&rows, *stage, subject) else { continue };
            let cell = Cell::of(mark);
            *place = Some(place.map_or(cell, |there| there.and(cell)));
        }
    }

    fn place(&mut self, rows: &HashMap<&String, usize>, stage: usize, subject: &Subject) -> Option<&mut Option<Cell>> {
        match &subject.unit {
            None => self.stages.get_mut(stage).map(|stage| &mut stage.cell),
            Some(unit) => self.units.get_mut(*rows.get(unit)?)?.cells.get_mut(stage),
        }
    }

    /// The instant that it shows: now, but never before its last entry; of an event that is over, the time of that.
    #[must_use]
    pub fn shown(&self, now: Timestamp) -> Timestamp {
        match self.state {
            EventState::Closed | EventState::Cancelled => self.changed,
            EventState::Held | EventState::Open => now.max(self.changed),
        }
    }

    /// The cells of one stage: the event's own, or those of the units.
    pub fn cells(&self, stage: usize) -> impl Iterator<Item = &Cell> {
        let own = self.stages.get(stage).and_then(|stage| stage.cell.as_ref());
        own.into_iter().chain(self.units.iter().filter_map(move |row| row.cells.get(stage)?.as_ref()))
    }

    /// Which of the stages leads to this milestone.
    #[must_use]
    pub fn stage(&self, milestone: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.milestone == *milestone)
    }

    /// When the program manager confirmed, or is to.
    #[must_use]
    pub fn confirmed(&self) -> Option<Cell> {
        self.stages.get(self.stage(milestone::CONFIRMED)?)?.cell
    }
}

fn calling_of(state: &State, about: &About, call: &Call) -> Calling {
    Calling { about: about.clone(), call: call.clone(), next: next_try(call, &state.plan.calling) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::report::sample;

    fn cell(board: &Board, unit: &str, milestone: &str) -> Option<Cell> {
        let row = board.units.iter().find(|row| row.unit == unit).unwrap();
        row.cells[board.stage(milestone).unwrap()]
    }

    #[test]
    fn systems_of_a_unit_are_one_cell() {
        let (state, _) = sample::event(sample::AT_14_HOURS);
        let board = Board::of(&state);
        let south = cell(&board, sample::SOUTH, "corrected").unwrap();
        assert_eq!((south.open, south.of, south.met), (1, 2, Some(sample::at(660))));
        assert_eq!(south.standing(sample::at(700)), Standing::Missed, "the clock has seen it");
        let north = cell(&board, sample::NORTH, "corrected").unwrap();
        assert_eq!((north.standing(sample::at(840)), north.met), (Standing::Met, Some(sample::at(540))));
        assert_eq!(cell(&board, sample::WEST, "alert-acknowledged"), None, "it counts from the delivery");
        assert_eq!(
            board.units.iter().map(|row| (row.systems, row.corrected)).collect::<Vec<_>>(),
            [(2, 2), (2, 1), (2, 0)]
        );
    }

    #[test]
    fn a_board_does_not_age_but_its_cells_do() {
        let (state, _) = sample::event(130);
        let board = Board::of(&state);
        let confirmed = board.confirmed().unwrap();
        assert_eq!(confirmed.standing(sample::at(24 * 60)), Standing::Open);
        assert_eq!(confirmed.standing(sample::at(24 * 60 + 1)), Standing::Missed);
        assert_eq!(board.shown(sample::at(9)), sample::at(130));
        let ready = board.stages[board.stage("alert-ready").unwrap()].cell.unwrap();
        assert_eq!((ready.standing(sample::at(999)), ready.due), (Standing::Late, sample::at(120)));
    }

    #[test]
    fn it_agrees_with_the_timeline() {
        use crate::coordination::timeline::Timeline;
        for minute in [0, 61, 133, 300, 840, 1_105, u64::MAX] {
            let (state, _) = sample::event(minute);
            let now = sample::at(minute.min(2_000));
            let (board, timeline) = (Board::of(&state), Timeline::of(&state, now));
            assert_eq!(board.shown(now), timeline.shown);
            for lane in &timeline.lanes {
                for bar in &lane.bars {
                    let found = match &lane.unit {
                        None => board.stages[board.stage(&bar.milestone).unwrap()].cell,
                        Some(unit) => cell(&board, unit, &bar.milestone),
                    };
                    let standing = found.map_or(Standing::Open, |cell| cell.standing(timeline.shown));
                    assert_eq!(standing, bar.standing, "{minute}: {:?} {}", lane.unit, bar.milestone);
                }
            }
        }
    }

    #[test]
    fn calls_without_an_answer_are_told_the_last_first() {
        let (state, _) = sample::event(sample::AT_14_HOURS);
        let board = Board::of(&state);
        let told: Vec<String> = board.calling.iter().map(|calling| calling.about.to_string()).collect();
        assert_eq!(told, ["overdue corrected rid.south.example", "trouble alert-issued rid.west.example"]);
        let (over, _) = sample::whole();
        assert_eq!((Board::of(&over).calling.len(), Board::of(&over).unanswered), (0, 0));
    }
}
