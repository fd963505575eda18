//! The marks of an event, kept so that a copy costs next to nothing and nobody has to look at marks that nothing happens to.
//!
//! The fold changes them, `decide` and `due` ask what is due, and whoever shows an event reads them. A copy shares the marks
//! of every unit with the original; a change copies those of one unit. What is due next is counted along, so that asking for
//! it does not take a look at each mark.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::mark::Mark;
use crate::clock::Timestamp;
use crate::coordination::plan::Milestone;
use crate::coordination::subject::Subject;

/// Every mark of the timetable that has a due time so far: those of the event, and those of each affected unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timetable {
    event: Arc<Part>,
    units: BTreeMap<String, Arc<Part>>,
}

/// The marks of the event itself, or of one unit with its systems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Part {
    marks: BTreeMap<Subject, Mark>,
    /// When open marks that are not missed yet are due: how many at each instant.
    due: Instants,
    /// When owners of open marks are to be reminded: how many at each instant.
    reminders: Instants,
    /// How many open marks are missed.
    missed: usize,
}

/// Instants, and how many marks wait for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Instants(BTreeMap<Timestamp, usize>);

impl Instants {
    fn add(&mut self, at: Option<Timestamp>) {
        if let Some(at) = at {
            *self.0.entry(at).or_default() += 1;
        }
    }

    fn take(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        let Some(count) = self.0.get_mut(&at) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.0.remove(&at);
        }
    }

    fn first(&self) -> Option<Timestamp> {
        self.0.first_key_value().map(|(at, _)| *at)
    }

    fn are_due(&self, now: Timestamp) -> bool {
        self.first().is_some_and(|first| first <= now)
    }
}

/// What a mark waits for: being due, and being reminded of.
fn waits(mark: &Mark) -> (Option<Timestamp>, Option<Timestamp>) {
    if !mark.is_open() {
        return (None, None);
    }
    (mark.missed.is_none().then_some(mark.due), mark.remind)
}

impl Part {
    fn count(&mut self, mark: &Mark) {
        let (due, remind) = waits(mark);
        self.due.add(due);
        self.reminders.add(remind);
        self.missed += usize::from(mark.is_open() && mark.missed.is_some());
    }

    fn change(&mut self, subject: &Subject, change: impl FnOnce(&mut Mark)) {
        let Some(mark) = self.marks.get_mut(subject) else { return };
        let (due, remind) = waits(mark);
        self.due.take(due);
        self.reminders.take(remind);
        self.missed -= usize::from(mark.is_open() && mark.missed.is_some());
        change(mark);
        let mark = mark.clone();
        self.count(&mark);
    }

    /// The marks of a milestone: its own, and those of the systems.
    fn of<'a>(
        &'a self,
        milestone: &Milestone,
        unit: Option<&String>,
    ) -> impl Iterator<Item = (&'a Subject, &'a Mark)> + use<'a> {
        let first = Subject { milestone: milestone.clone(), unit: unit.cloned(), system: None };
        let milestone = milestone.clone();
        self.marks.range(first..).take_while(move |(subject, _)| subject.milestone == milestone)
    }
}

impl Timetable {
    /// The mark of that subject.
    pub fn get(&self, subject: &Subject) -> Option<&Mark> {
        self.part(subject.unit.as_deref())?.marks.get(subject)
    }

    /// All marks: those of the event first, then each unit's.
    pub fn iter(&self) -> impl Iterator<Item = (&Subject, &Mark)> {
        self.parts().flat_map(|part| &part.marks)
    }

    /// The marks of that unit and its systems; of the event, without a unit.
    pub fn of_unit(&self, unit: Option<&str>) -> impl Iterator<Item = (&Subject, &Mark)> {
        self.part(unit).into_iter().flat_map(|part| &part.marks)
    }

    /// Whether this milestone of this unit, or of one of its systems, is still open.
    pub fn is_open(&self, milestone: &Milestone, unit: Option<&String>) -> bool {
        let part = self.part(unit.map(String::as_str));
        part.is_some_and(|part| part.of(milestone, unit).any(|(_, mark)| mark.is_open()))
    }

    /// When the next open mark is due that has not been missed.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.parts().filter_map(|part| part.due.first()).min()
    }

    /// When the next owner is to be reminded.
    pub fn next_reminder(&self) -> Option<Timestamp> {
        self.parts().filter_map(|part| part.reminders.first()).min()
    }

    /// The open marks that are due and have not been missed yet.
    pub fn due_by(&self, now: Timestamp) -> impl Iterator<Item = &Subject> {
        let parts = self.parts().filter(move |part| part.due.are_due(now));
        let due = move |mark: &Mark| waits(mark).0.is_some_and(|due| due <= now);
        parts.flat_map(|part| &part.marks).filter(move |(_, mark)| due(mark)).map(|(subject, _)| subject)
    }

    /// The open marks whose owners are to be reminded now.
    pub fn reminders_by(&self, now: Timestamp) -> impl Iterator<Item = &Subject> {
        let parts = self.parts().filter(move |part| part.reminders.are_due(now));
        let due = move |mark: &Mark| waits(mark).1.is_some_and(|remind| remind <= now);
        parts.flat_map(|part| &part.marks).filter(move |(_, mark)| due(mark)).map(|(subject, _)| subject)
    }

    /// The open marks that were missed, and since when.
    pub fn missed(&self) -> impl Iterator<Item = (&Subject, Timestamp)> {
        let parts = self.parts().filter(|part| part.missed > 0).flat_map(|part| &part.marks);
        parts.filter(|(_, mark)| mark.is_open()).filter_map(|(subject, mark)| mark.missed.map(|at| (subject, at)))
    }

    /// Adds the mark, unless there is one of that subject.
    pub(super) fn add(&mut self, subject: Subject, mark: Mark) {
        let part = match &subject.unit {
            None => &mut self.event,
            Some(unit) => self.units.entry(unit.clone()).or_default(),
        };
        if part.marks.contains_key(&subject) {
            return;
        }
        let part = Arc::make_mut(part);
        part.count(&mark);
        part.marks.insert(subject, mark);
    }

    /// Changes the mark of that subject, if there is one.
    pub(super) fn change(&mut self, subject: &Subject, change: impl FnOnce(&mut Mark)) {
        if let Some(part) = self.part_mut(subject.unit.as_deref())
            && part.marks.contains_key(subject)
        {
            Arc::make_mut(part).change(subject, change);
        }
    }

    /// Changes every mark.
    pub(super) fn change_all(&mut self, mut change: impl FnMut(&Subject, &mut Mark)) {
        for part in std::iter::once(&mut self.event).chain(self.units.values_mut()) {
            let part = Arc::make_mut(part);
            let mut marks = std::mem::take(part).marks;
            for (subject, mark) in &mut marks {
                change(subject, mark);
                part.count(mark);
            }
            part.marks = marks;
        }
    }

    /// Nobody is reminded of this milestone of this unit any more.
    pub(super) fn reminded(&mut self, milestone: &Milestone, unit: Option<&String>) {
        let Some(part) = self.part_mut(unit.map(String::as_str)) else { return };
        let of = part.of(milestone, unit).filter(|(_, mark)| mark.remind.is_some());
        let subjects: Vec<Subject> = of.map(|(subject, _)| subject.clone()).collect();
        if !subjects.is_empty() {
            let part = Arc::make_mut(part);
            subjects.iter().for_each(|subject| part.change(subject, |mark| mark.remind = None));
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.event).chain(self.units.values()).map(AsRef::as_ref)
    }

    fn part(&self, unit: Option<&str>) -> Option<&Part> {
        match unit {
            None => Some(&self.event),
            Some(unit) => self.units.get(unit).map(AsRef::as_ref),
        }
    }

    fn part_mut(&mut self, unit: Option<&str>) -> Option<&mut Arc<Part>> {
        match unit {
            None => Some(&mut self.event),
            Some(unit) => self.units.get_mut(unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::coordination::plan::milestone;
    use crate::coordination::state::Met;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn met(mark: &mut Mark) {
        mark.met = Some(Met { at: at(1), by: "ann".to_owned(), evidence: None });
    }

    /// Two marks of the event due at 10 and 20, and of each unit one at 30 (reminded at 25) and a system's at 40.
    fn timetable() -> Timetable {
        let mut marks = Timetable::default();
        let known = Milestone::known;
        marks.add(Subject::event(known(milestone::CIRT_NOTIFIED)), Mark::due(at(10), Duration::ZERO));
        marks.add(Subject::event(known(milestone::ALERT_READY)), Mark::due(at(20), Duration::ZERO));
        for unit in ["north", "south"] {
            let subject = Subject::unit(known(milestone::UNIT_COMPLETED), unit);
            marks.add(subject, Mark::due(at(30), Duration::from_secs(5)));
            marks.add(Subject::system(known(milestone::CORRECTED), unit, "sql1"), Mark::due(at(40), Duration::ZERO));
        }
        marks
    }

    #[test]
    fn what_is_due_is_what_a_look_at_each_mark_would_find() {
        let mut marks = timetable();
        let all: Vec<Subject> = marks.iter().map(|(subject, _)| subject.clone()).collect();
        assert_eq!(all.len(), 6);
        for subject in &all {
            for step in 0..4 {
                marks.change(subject, |mark| match step {
                    0 => mark.missed = Some(at(50)),
                    1 => met(mark),
                    2 => mark.met = None,
                    _ => mark.remind = None,
                });
                let open = || marks.iter().filter(|(_, mark)| mark.is_open());
                let due = open().filter(|(_, mark)| mark.missed.is_none()).map(|(_, mark)| mark.due).min();
                assert_eq!(marks.next_due(), due);
                assert_eq!(marks.next_reminder(), open().filter_map(|(_, mark)| mark.remind).min());
                assert_eq!(marks.missed().count(), open().filter(|(_, mark)| mark.missed.is_some()).count());
                let by = |now| open().filter(|(_, mark)| mark.missed.is_none() && mark.due <= now).count();
                for now in [at(9), at(10), at(30), at(40)] {
                    assert_eq!(marks.due_by(now).count(), by(now));
                }
            }
        }
        assert_eq!((marks.next_due(), marks.next_reminder(), marks.missed().count()), (None, None, 6));
    }

    #[test]
    fn a_copy_shares_what_did_not_change() {
        let before = timetable();
        let mut after = before.clone();
        after.change(&Subject::unit(Milestone::known(milestone::UNIT_COMPLETED), "north"), met);
        assert!(Arc::ptr_eq(&before.event, &after.event));
        assert!(Arc::ptr_eq(&before.units["south"], &after.units["south"]));
        assert_ne!(before.units["north"], after.units["north"]);
        assert_eq!(before, timetable());
    }

    #[test]
    fn times_can_be_moved_all_at_once() {
        let mut marks = timetable();
        marks.change_all(|_, mark| mark.due = mark.due + Duration::from_secs(100));
        assert_eq!((marks.next_due(), marks.next_reminder()), (Some(at(110)), Some(at(25))));
        assert_eq!(marks.due_by(at(109)).count(), 0);
    }

    #[test]
    fn whoever_was_reminded_is_not_again() {
        let mut marks = timetable();
        let completed = Milestone::known(milestone::UNIT_COMPLETED);
        marks.reminded(&completed, Some(&"north".to_owned()));
        assert_eq!(
            marks.reminders_by(at(25)).map(|subject| subject.unit.as_deref()).collect::<Vec<_>>(),
            [Some("south")]
        );
        assert!(marks.is_open(&completed, Some(&"north".to_owned())));
        marks.reminded(&completed, Some(&"nobody".to_owned()));
        assert!(!marks.is_open(&completed, Some(&"nobody".to_owned())));
    }

    #[test]
    fn a_mark_that_is_there_stays() {
        let mut marks = timetable();
        let subject = Subject::event(Milestone::known(milestone::ALERT_READY));
        marks.add(subject.clone(), Mark::due(at(5), Duration::ZERO));
        assert_eq!(marks.get(&subject).map(|mark| mark.due), Some(at(20)));
    }
}
