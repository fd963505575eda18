//! One event as it is shown at a glance: the clock, the milestones as a track with plan beside actual, the units as a grid,
//! who is being called. *Now* shows one card for each event, the event's own page one with all units. Pure.

use std::cmp::Reverse;

use crate::admin::path;
use crate::clock::Timestamp;
use crate::coordination::board::{Board, Calling, Cell, Row, Stage};
use crate::coordination::plan::{Milestone, Scope, milestone};
use crate::coordination::state::{AlertState, Standing};
use crate::store::records::EventState;

/// The columns of the grid: what each is called, and the milestone it tells of.
const COLUMNS: [(&str, &str); 7] = [
    ("alerted", milestone::ALERT_ISSUED),
    ("acknowledged", milestone::ALERT_ACKNOWLEDGED),
    ("notified", milestone::OWNERS_NOTIFIED),
    ("corrected", milestone::CORRECTED),
    ("completed", milestone::UNIT_COMPLETED),
    ("validated", milestone::VALIDATED),
    ("confirmed", milestone::CONFIRMED),
];

/// How much of an event is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Rows of the grid.
    pub(super) units: usize,
    /// Calls.
    pub(super) calls: usize,
}

/// One event at a glance.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) id: String,
    pub(super) address: String,
    pub(super) title: String,
    pub(super) drill: bool,
    pub(super) severity: Option<String>,
    pub(super) source: String,
    /// E.
    pub(super) issued: Timestamp,
    /// `E+14:05`.
    pub(super) clock: String,
    /// Whether the clock runs.
    pub(super) running: bool,
    /// How many milestones are overdue.
    pub(super) overdue: usize,
    /// The one that has been so longest.
    pub(super) worst: Option<Due>,
    /// The one that is due next.
    pub(super) next: Option<Due>,
    pub(super) stops: Vec<Stop>,
    pub(super) grid: Grid,
    pub(super) calls: Vec<CallLine>,
    /// Unanswered calls that are not shown.
    pub(super) more_calls: usize,
}

/// A milestone with a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) what: String,
    pub(super) at: Timestamp,
}

/// One milestone of the track.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) name: String,
    /// The class that the style knows: the standing.
    pub(super) class: &'static str,
    pub(super) plan: String,
    pub(super) actual: String,
}

/// The units.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) heads: Vec<&'static str>,
    pub(super) rows: Vec<Line>,
    /// How many are done in each column, of all units.
    pub(super) totals: Vec<String>,
    /// How many units there are.
    pub(super) units: usize,
    /// How many of them are not shown.
    pub(super) hidden: usize,
    /// How many of those have something overdue.
    pub(super) hidden_overdue: usize,
}

/// One unit.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) unit: String,
    pub(super) address: String,
    /// Class and words of each column.
    pub(super) cells: Vec<(&'static str, String)>,
}

/// One call that nobody has answered.
#[derive(Debug)]
pub(super) struct CallLine {
    pub(super) about: String,
    pub(super) person: String,
    pub(super) channel: String,
    pub(super) at: Option<Timestamp>,
    pub(super) fate: String,
    pub(super) tries: usize,
    pub(super) next: Option<Timestamp>,
}

/// A milestone as it is written for people: its name with spaces.
pub(super) fn spoken(milestone: &str) -> String {
    milestone.replace('-', " ")
}

/// `2:07`: hours and minutes after E; before it, `−0:05`.
pub(super) fn after(issued: Timestamp, at: Timestamp) -> String {
    let (sign, minutes) = match at < issued {
        true => ("−", issued.since(at).as_secs() / 60),
        false => ("", at.since(issued).as_secs() / 60),
    };
    format!("{sign}{}:{:02}", minutes / 60, minutes % 60)
}

/// `E+2:07`.
pub(super) fn e_time(issued: Timestamp, at: Timestamp) -> String {
    let text = after(issued, at);
    if at < issued { format!("E{text}") } else { format!("E+{text}") }
}

/// The word for a standing in a grid, where each has little room.
pub(super) const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "due",
        Standing::Met => "met",
        Standing::Late => "late",
        Standing::Missed => "overdue",
        Standing::Waived => "waived",
    }
}

impl Card {
    /// The event at that instant, with the units that `sees` lets through.
    pub(super) fn of(board: &Board, now: Timestamp, room: Room, sees: impl Fn(&str) -> bool) -> Self {
        let shown = board.shown(now);
        let units: Vec<&Row> = board.units.iter().filter(|row| sees(&row.unit)).collect();
        let look = Look { board, units, shown };
        let open = look.open();
        let calls = board.calling.iter().filter(|one| one.about.unit.as_deref().is_none_or(&sees));
        let calls: Vec<CallLine> = calls.take(room.calls).map(call_line).collect();
        Self {
            id: board.id.to_string(),
            address: address([board.id.to_string().as_str()]),
            title: board.title.clone(),
            drill: board.drill,
            severity: board.severity.clone(),
            source: board.source.as_ref().map_or_else(|| "entered by hand".to_owned(), ToString::to_string),
            issued: board.issued,
            clock: e_time(board.issued, shown),
            running: matches!(board.state, EventState::Held | EventState::Open),
            overdue: open.overdue,
            worst: open.worst.map(|first| look.due(first)),
            next: open.next.map(|first| look.due(first)),
            stops: (0..board.stages.len()).filter_map(|stage| look.stop(stage)).collect(),
            grid: look.grid(room.units),
            more_calls: if calls.is_empty() { 0 } else { board.unanswered.saturating_sub(calls.len()) },
            calls,
        }
    }

    /// By which the events with the most to do come first.
    pub(super) fn urgency(&self) -> (bool, Option<Timestamp>, Option<Timestamp>) {
        (self.worst.is_none(), self.worst.as_ref().map(|due| due.at), self.next.as_ref().map(|due| due.at))
    }
}

/// The address below `/events`.
pub(super) fn address<'a>(segments: impl IntoIterator<Item = &'a str>) -> String {
    format!("/events/{}", path(segments))
}

fn call_line(Calling { about, call, next }: &Calling) -> CallLine {
    let last = call.tries.last();
    CallLine {
        about: about.to_string(),
        person: last.map_or_else(|| "nobody in the roster".to_owned(), |last| last.person.clone()),
        channel: last.map(|last| last.channel.to_string()).unwrap_or_default(),
        at: last.map(|last| last.at),
        fate: last.map(|last| last.fate.to_string()).unwrap_or_default(),
        tries: call.tries.len(),
        next: *next,
    }
}

/// One event at one instant.
struct Look<'a> {
    board: &'a Board,
    units: Vec<&'a Row>,
    shown: Timestamp,
}

impl Look<'_> {
    /// What is still open, of the event and of all units. Nothing is put into words here: there are thousands of cells.
    fn open(&self) -> Open {
        let mut open = Open::default();
        for (at, stage) in self.board.stages.iter().enumerate() {
            open.take(stage.cell.as_ref(), self.shown, (at, None));
            for (row, unit) in self.units.iter().enumerate() {
                open.take(unit.cells.get(at).and_then(Option::as_ref), self.shown, (at, Some(row)));
            }
        }
        open
    }

    fn due(&self, (at, (stage, row)): First) -> Due {
        let milestone = self.board.stages.get(stage).map(|stage| spoken(stage.milestone.as_str())).unwrap_or_default();
        let what = match row.and_then(|row| self.units.get(row)) {
            Some(unit) => format!("{milestone} of {}", unit.unit),
            None => milestone,
        };
        Due { what, at }
    }

    /// One milestone of the track; those of units together.
    fn stop(&self, at: usize) -> Option<Stop> {
        let stage = self.board.stages.get(at)?;
        let issued = self.board.issued;
        let plan = match stage.due {
            Some(due) => e_time(issued, due),
            None => "after the alert".to_owned(),
        };
        let name = spoken(stage.milestone.as_str());
        let (class, actual) = match &stage.cell {
            Some(cell) => (cell.standing(self.shown).as_str(), told(issued, cell, self.shown)),
            None => self.of_units(at, stage),
        };
        Some(Stop { name, class, plan, actual })
    }

    fn of_units(&self, at: usize, stage: &Stage) -> (&'static str, String) {
        if stage.scope == Scope::Event {
            return ("none", "–".to_owned());
        }
        let concerned: Vec<&&Row> = self.units.iter().filter(|row| !(row.own && is_alert(&stage.milestone))).collect();
        if concerned.is_empty() {
            return ("none", "no unit".to_owned());
        }
        let cells: Vec<Option<&Cell>> =
            concerned.iter().map(|row| row.cells.get(at).and_then(Option::as_ref)).collect();
        let all: Vec<Standing> =
            cells.iter().map(|cell| cell.map_or(Standing::Open, |cell| cell.standing(self.shown))).collect();
        let worst = [Standing::Missed, Standing::Open, Standing::Late, Standing::Met, Standing::Waived];
        let worst = worst.into_iter().find(|one| all.contains(one)).unwrap_or(Standing::Open);
        let (done, of) = match stage.scope {
            Scope::System => {
                let sum = |of: fn(&Cell) -> usize| cells.iter().flatten().map(|cell| of(cell)).sum::<usize>();
                (sum(|cell| cell.of - cell.open), sum(|cell| cell.of))
            }
            _ => (all.iter().filter(|one| !matches!(one, Standing::Missed | Standing::Open)).count(), all.len()),
        };
        let overdue = all.iter().filter(|one| **one == Standing::Missed).count();
        let last = cells.iter().flatten().filter_map(|cell| cell.met).max();
        let actual = match (overdue, last.filter(|_| done == of)) {
            (0, Some(last)) => format!("{} {}", word(worst), after(self.board.issued, last)),
            (0, None) => format!("{done} of {of}"),
            (overdue, _) if stage.scope == Scope::System => {
                format!("{done} of {of}, {} overdue", super::count::count(overdue, "unit"))
            }
            (overdue, _) => format!("{done} of {of}, {overdue} overdue"),
        };
        (worst.as_str(), actual)
    }

    fn grid(&self, most: usize) -> Grid {
        let columns: Vec<(&'static str, usize)> =
            COLUMNS.iter().filter_map(|(head, milestone)| Some((*head, self.board.stage(milestone)?))).collect();
        let mut ranked: Vec<(Rank, &Row)> = self.units.iter().map(|row| (self.rank(row), *row)).collect();
        ranked.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.unit.cmp(&b.unit)));
        let hidden = ranked.iter().skip(most);
        let hidden_overdue = hidden.filter(|(rank, _)| rank.0 == Trouble::Overdue).count();
        let line = |(_, row): &(Rank, &Row)| Line {
            unit: row.unit.clone(),
            address: address([self.board.id.to_string().as_str(), "units", &row.unit]),
            cells: columns.iter().map(|(_, stage)| self.cell(row, *stage)).collect(),
        };
        Grid {
            heads: columns.iter().map(|(head, _)| *head).collect(),
            totals: columns.iter().map(|(_, stage)| self.total(*stage)).collect(),
            units: self.units.len(),
            hidden: ranked.len().saturating_sub(most),
            hidden_overdue,
            rows: ranked.iter().take(most).map(line).collect(),
        }
    }

    fn cell(&self, row: &Row, at: usize) -> (&'static str, String) {
        let Some(stage) = self.board.stages.get(at) else { return ("none", "–".to_owned()) };
        if row.own && is_alert(&stage.milestone) {
            return ("none", "own".to_owned());
        }
        let cell = stage.cell.as_ref().or_else(|| row.cells.get(at)?.as_ref());
        let open = cell.is_none_or(|cell| cell.open > 0);
        // What became of the alert says more than that something is due.
        if open && is_alert(&stage.milestone) {
            let first = stage.milestone == *milestone::ALERT_ISSUED;
            match (row.alert, first) {
                (AlertState::Failed, true) => return ("missed", "failed".to_owned()),
                (AlertState::Denied, false) => return ("missed", "denied".to_owned()),
                (AlertState::Sent, true) if cell.is_none_or(|cell| cell.standing(self.shown) == Standing::Open) => {
                    return ("open", "sent".to_owned());
                }
                (AlertState::Pending, false) if cell.is_none_or(|cell| cell.standing(self.shown) == Standing::Open) => {
                    return ("open", "pending".to_owned());
                }
                _ => {}
            }
        }
        let Some(cell) = cell else { return ("none", "–".to_owned()) };
        let standing = cell.standing(self.shown);
        let told = told(self.board.issued, cell, self.shown);
        match stage.scope {
            Scope::System => (standing.as_str(), format!("{}/{} {told}", row.corrected, row.systems)),
            Scope::Event | Scope::Unit => (standing.as_str(), told),
        }
    }

    /// `198 of 200`.
    fn total(&self, at: usize) -> String {
        let Some(stage) = self.board.stages.get(at) else { return String::new() };
        if stage.scope == Scope::System {
            let sum = |of: fn(&Row) -> usize| self.units.iter().map(|row| of(row)).sum::<usize>();
            return format!("{} of {}", sum(|row| row.corrected), sum(|row| row.systems));
        }
        if stage.scope == Scope::Event {
            return String::new();
        }
        let concerned = self.units.iter().filter(|row| !(row.own && is_alert(&stage.milestone)));
        let cells: Vec<_> = concerned.map(|row| row.cells.get(at).and_then(Option::as_ref)).collect();
        let done = cells.iter().flatten().filter(|cell| cell.open == 0).count();
        format!("{done} of {}", cells.len())
    }

    fn rank(&self, row: &Row) -> Rank {
        let missed = row.cells.iter().flatten().filter(|cell| cell.standing(self.shown) == Standing::Missed);
        let first = missed.clone().map(|cell| cell.due).min();
        let open = row.cells.iter().flatten().any(|cell| cell.open > 0);
        let trouble = match (missed.count(), row.alert) {
            (1.., _) => Trouble::Overdue,
            (_, AlertState::Failed | AlertState::Denied) => Trouble::Refused,
            (_, AlertState::Sent | AlertState::Delivered | AlertState::Pending) if !row.own => Trouble::Unanswered,
            _ if open => Trouble::Open,
            _ => Trouble::None,
        };
        (trouble, first, Reverse(row.systems.saturating_sub(row.corrected + row.excepted)))
    }
}

/// When something is due, and what: the number of the stage, and of the unit if it is one's.
type First = (Timestamp, (usize, Option<usize>));

/// What is still to be done.
#[derive(Debug, Default)]
struct Open {
    overdue: usize,
    worst: Option<First>,
    next: Option<First>,
}

impl Open {
    fn take(&mut self, cell: Option<&Cell>, shown: Timestamp, place: (usize, Option<usize>)) {
        let Some(cell) = cell else { return };
        let first = match cell.standing(shown) {
            Standing::Missed => {
                self.overdue += 1;
                &mut self.worst
            }
            Standing::Open => &mut self.next,
            Standing::Met | Standing::Late | Standing::Waived => return,
        };
        if first.is_none_or(|(at, _)| cell.due < at) {
            *first = Some((cell.due, place));
        }
    }
}

/// How much a unit needs to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Overdue,
    Refused,
    Unanswered,
    Open,
    None,
}

/// What is wrong, since when, and how many systems are left.
type Rank = (Trouble, Option<Timestamp>, Reverse<usize>);

fn is_alert(milestone: &Milestone) -> bool {
    *milestone == *milestone::ALERT_ISSUED || *milestone == *milestone::ALERT_ACKNOWLEDGED
}

/// `met 2:07`, `due 4:00`, `overdue 1:00`: how a cell stands, with its time after E.
fn told(issued: Timestamp, cell: &Cell, shown: Timestamp) -> String {
    let standing = cell.standing(shown);
    match (standing, cell.met) {
        (Standing::Met | Standing::Late, Some(met)) => format!("{} {}", word(standing), after(issued, met)),
        (Standing::Missed | Standing::Open, _) => format!("{} {}", word(standing), after(issued, cell.due)),
        _ => word(standing).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::report::sample;

    const ROOM: Room = Room { units: 10, calls: 3 };

    fn card(minute: u64, room: Room) -> Card {
        let (state, _) = sample::event(minute);
        Card::of(&Board::of(&state), sample::at(minute), room, |_| true)
    }

    fn stop<'a>(card: &'a Card, name: &str) -> &'a Stop {
        card.stops.iter().find(|stop| stop.name == name).unwrap()
    }

    fn words<'a>(card: &'a Card, unit: &str) -> Vec<&'a str> {
        let line = card.grid.rows.iter().find(|line| line.unit == unit).unwrap();
        line.cells.iter().map(|(_, words)| words.as_str()).collect()
    }

    #[test]
    fn a_card_says_what_is_overdue_and_what_is_next() {
        let card = card(sample::AT_14_HOURS, ROOM);
        assert_eq!((card.clock.as_str(), card.overdue, card.running), ("E+14:00", 5, true));
        let worst = card.worst.as_ref().unwrap();
        assert_eq!((worst.what.as_str(), worst.at), ("alert issued of rid.west.example", sample::at(120)));
        assert_eq!(card.next.as_ref().unwrap().at, sample::at(16 * 60));
        let told: Vec<&str> = card.calls.iter().map(|call| call.person.as_str()).collect();
        assert_eq!(told, ["contact-south", "watch-2"]);
    }

    #[test]
    fn the_track_has_the_plan_beside_what_became_of_it() {
        let card = card(sample::AT_14_HOURS, ROOM);
        let told = |name| {
            let Stop { class, plan, actual, .. } = stop(&card, name);
            (*class, plan.as_str(), actual.as_str())
        };
        assert_eq!(told("cirt notified"), ("met", "E+1:00", "met 0:35"));
        assert_eq!(told("alert ready"), ("late", "E+2:00", "late 2:10"));
        assert_eq!(told("alert acknowledged"), ("open", "after the alert", "2 of 3"));
        assert_eq!(told("corrected"), ("missed", "E+12:00", "3 of 6, 2 units overdue"));
        assert_eq!(told("confirmed"), ("open", "E+24:00", "due 24:00"));
    }

    #[test]
    fn units_in_trouble_come_first_and_those_left_out_are_counted() {
        let card = card(sample::AT_14_HOURS, Room { units: 1, calls: 0 });
        assert_eq!(card.grid.rows[0].unit, sample::WEST);
        assert_eq!((card.grid.units, card.grid.hidden, card.grid.hidden_overdue), (3, 2, 1));
        assert_eq!(card.grid.totals, ["2 of 3", "2 of 3", "2 of 3", "3 of 6", "1 of 3", "0 of 3", ""]);
        let failed = words(&card, sample::WEST);
        assert_eq!(failed, ["failed", "–", "overdue 4:00", "0/2 overdue 12:00", "due 16:00", "due 20:00", "due 24:00"]);
    }

    #[test]
    fn an_operator_of_one_unit_sees_no_other() {
        let (state, _) = sample::event(sample::AT_14_HOURS);
        let card = Card::of(&Board::of(&state), sample::at(sample::AT_14_HOURS), ROOM, |unit| unit == sample::NORTH);
        assert_eq!((card.grid.units, card.overdue, card.calls.len()), (1, 0, 0));
        assert_eq!(words(&card, sample::NORTH)[..4], ["late 2:12", "met 2:27", "met 3:00", "2/2 met 9:00"]);
        assert_eq!(stop(&card, "corrected").actual, "met 9:00");
    }

    #[test]
    fn an_event_that_is_over_stands_still() {
        let (state, _) = sample::whole();
        let card = Card::of(&Board::of(&state), sample::at(99_999), ROOM, |_| true);
        assert_eq!((card.clock.as_str(), card.running, card.overdue), ("E+23:31", false, 0));
        assert_eq!(stop(&card, "validated").class, "late");
        assert_eq!(words(&card, sample::WEST).last(), Some(&"met 23:30"));
    }

    #[test]
    fn times_are_told_from_e_on() {
        let (e, later) = (sample::at(60), sample::at(60 + 26 * 60 + 5));
        assert_eq!((e_time(e, later).as_str(), e_time(e, sample::at(55)).as_str()), ("E+26:05", "E−0:05"));
        assert_eq!(address(["SE-1", "units", "a/b"]), "/events/SE-1/units/a%2Fb");
    }
}
