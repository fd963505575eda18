//! Who is called: for everything that wants a person, the next one who has not been tried, until somebody answers.
//!
//! Which people there are, and in which order, the roster says ([`Ladders`]); when the next is tried, the plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{BY_ITSELF, Draft};
use crate::clock::Timestamp;
use crate::coordination::due;
use crate::coordination::entry::{Entry, Issued};
use crate::coordination::plan::{Milestone, milestone};
use crate::coordination::state::{AlertState, Call, Mark, State};
use crate::coordination::subject::{About, Reason, Subject};
use crate::store::records::{EventRole, EventState, ParcelKind};

/// The watch of the CIRT, as the roster names places.
const WATCH: &str = "cirt-watch";
/// The program manager.
const MANAGER: &str = "program-manager";
/// The chief information officer, who gets the status once the event is confirmed.
const CIO: &str = "cio";
/// What the CIO is called about: no milestone of the timetable, so nobody is late with it.
pub(in crate::coordination) const STATUS: &str = "status-given";
/// A unit's significant event contact.
const CONTACT: &str = "unit-contact";
/// Places that a unit fills: for another node's unit only its contact can be called from here.
pub(in crate::coordination) const OF_UNITS: [&str; 4] = [CONTACT, "unit-cirt", "owner", "administrator"];

/// One way to reach a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The person, by the name of the roster.
    pub person: String,
    /// The channel.
    pub channel: ParcelKind,
    /// The address on it.
    pub address: String,
}

/// Who is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// Whoever fills this place, of a unit or of the department.
    Place {
        /// The place, as the roster names it.
        place: String,
        /// The unit.
        unit: Option<String>,
    },
    /// This person, and who stands above.
    Person(String),
}

/// Whoever knows the people: the roster and the inventory as they are now.
pub trait Ladders {
    /// Whom to try in which order at that time: each channel of each person, then the next person, then up the hierarchy.
    fn ladder(&self, whom: &Whom, at: Timestamp) -> Vec<Rung>;

    /// The owner and the administrators of one of our own systems.
    fn people_of(&self, system: &str) -> Vec<String>;
}

impl Draft {
    /// Calls whoever is to be called at this time.
    pub(super) fn call_people(&mut self, ladders: &dyn Ladders) {
        for (about, whom) in self.wanted(ladders) {
            self.call(about, &whom, ladders);
        }
    }

    /// Calls the next person about this, if it is time to.
    fn call(&mut self, about: About, whom: &Whom, ladders: &dyn Ladders) {
        let now = self.now();
        let call = self.state.calls.get(&about);
        if call.is_some_and(|call| due::next_try(call, &self.state.plan.calling).is_none_or(|at| at > now)) {
            return;
        }
        let mut tried: Vec<(&str, ParcelKind)> = Vec::new();
        if let Some(call) = call.filter(|call| call.exhausted.is_none()) {
            tried.extend(call.this_round().iter().map(|one| (one.person.as_str(), one.channel)));
        }
        let next =
            ladders.ladder(whom, now).into_iter().find(|rung| !tried.contains(&(rung.person.as_str(), rung.channel)));
        match next {
            Some(Rung { person, channel, address }) => {
                self.push_by(BY_ITSELF, Entry::Called { about, person, channel, address });
            }
            None => self.push_by(BY_ITSELF, Entry::NobodyAnswered { about }),
        }
    }

    /// Everything that wants a person now, with whom it wants.
    fn wanted(&self, ladders: &dyn Ladders) -> Vec<(About, Whom)> {
        let state = &self.state;
        let mut wanted = Wanted { state, now: self.now(), list: Vec::new() };
        match state.state {
            EventState::Held => wanted.ask("opening", None, WATCH),
            EventState::Open => {
                wanted.of_the_event(ladders);
                wanted.of_units();
                wanted.of_our_systems(ladders);
                wanted.reminders();
                wanted.overdue();
            }
            EventState::Closed | EventState::Cancelled => {}
        }
        if state.issued_is == Issued::Doubted && !state.is_over() {
            wanted.ask("issue", None, WATCH);
        }
        let open = |about: &About| state.calls.get(about).is_none_or(Call::is_open);
        wanted.list.into_iter().filter(|(about, _)| open(about)).collect()
    }
}

/// What wants a person, in the making.
struct Wanted<'a> {
    state: &'a State,
    now: Timestamp,
    list: Vec<(About, Whom)>,
}

impl Wanted<'_> {
    fn want(&mut self, reason: Reason, milestone: &Milestone, unit: Option<&str>, whom: Whom) {
        let about = About { reason, milestone: milestone.clone(), unit: unit.map(str::to_owned), person: None };
        self.list.push((about, whom));
    }

    fn ask(&mut self, milestone: &'static str, unit: Option<&str>, place: &str) {
        let whom = Whom::Place { place: place.to_owned(), unit: unit.map(str::to_owned) };
        self.want(Reason::Asked, &Milestone::known(milestone), unit, whom);
    }

    fn trouble(&mut self, milestone: &'static str, unit: &str) {
        let whom = Whom::Place { place: CONTACT.to_owned(), unit: Some(unit.to_owned()) };
        self.want(Reason::Trouble, &Milestone::known(milestone), Some(unit), whom);
    }

    /// The CIRT hears of the call; the program manager hears when all is validated, or shortly before it must be.
    fn of_the_event(&mut self, ladders: &dyn Ladders) {
        if self.state.role != EventRole::Department {
            return;
        }
        if self.state.event_mark(milestone::CIRT_NOTIFIED).is_some_and(Mark::is_open) {
            self.ask(milestone::CIRT_NOTIFIED, None, WATCH);
        }
        if self.state.event_mark(milestone::CONFIRMED).is_some_and(|mark| mark.met.is_some()) {
            // Where the roster has no CIO nobody is looked for in vain.
            let cio = Whom::Place { place: CIO.to_owned(), unit: None };
            if !ladders.ladder(&cio, self.now).is_empty() {
                self.ask(STATUS, None, CIO);
            }
        }
        let Some(mark) = self.state.event_mark(milestone::MANAGER_INFORMED) else { return };
        let identified = self.state.event_mark(milestone::UNITS_IDENTIFIED).is_none_or(|mark| mark.met.is_some());
        let nearly = mark.missed.is_some() || mark.remind.is_some_and(|at| at <= self.now);
        let asked = About {
            reason: Reason::Asked,
            milestone: Milestone::known(milestone::MANAGER_INFORMED),
            unit: None,
            person: None,
        };
        let begun = self.state.calls.contains_key(&asked);
        if mark.is_open() && (begun || nearly || identified && self.state.all_validated()) {
            self.ask(milestone::MANAGER_INFORMED, None, MANAGER);
        }
    }

    /// A unit that denies, or whose node cannot be reached, is called by other means.
    fn of_units(&mut self) {
        for (name, unit) in self.state.units.iter().filter(|(name, _)| **name != self.state.own) {
            match unit.alert {
                AlertState::Denied => self.trouble(milestone::ALERT_ACKNOWLEDGED, name),
                AlertState::Failed => self.trouble(milestone::ALERT_ISSUED, name),
                _ => {}
            }
        }
    }

    /// Owners, administrators and the contact of our own affected systems.
    fn of_our_systems(&mut self, ladders: &dyn Ladders) {
        let own = self.state.own.as_str();
        let Some(unit) = self.state.units.get(own).filter(|unit| unit.alert == AlertState::Acknowledged) else {
            return;
        };
        if self.state.unit_mark(milestone::PATCHES_OBTAINED, own).is_some_and(Mark::is_open) {
            self.ask(milestone::PATCHES_OBTAINED, Some(own), CONTACT);
        }
        if self.state.unit_mark(milestone::OWNERS_NOTIFIED, own).is_some_and(Mark::is_open) {
            let people: BTreeSet<String> = unit.systems.keys().flat_map(|system| ladders.people_of(system)).collect();
            if people.is_empty() {
                self.ask(milestone::OWNERS_NOTIFIED, Some(own), CONTACT);
            }
            let milestone = Milestone::known(milestone::OWNERS_NOTIFIED);
            for person in people {
                let about = About {
                    reason: Reason::Asked,
                    milestone: milestone.clone(),
                    unit: Some(own.to_owned()),
                    person: Some(person.clone()),
                };
                self.list.push((about, Whom::Person(person)));
            }
        }
        if unit.discrepancies > 0 && unit.completed.is_none() {
            self.trouble(milestone::CORRECTED, own);
        }
    }

    /// Owners in our own house are reminded once before a milestone is due.
    fn reminders(&mut self) {
        let mut due: BTreeSet<(&Milestone, Option<&str>)> = BTreeSet::new();
        for subject in self.state.marks.reminders_by(self.now) {
            if subject.milestone != *milestone::MANAGER_INFORMED {
                due.insert((&subject.milestone, subject.unit.as_deref()));
            }
        }
        // One notice each: whoever lets it go by hears of it again when it is overdue.
        for (milestone, unit) in due {
            let Some(whom) = self.owner(milestone, unit) else { continue };
            let about = About {
                reason: Reason::Reminder,
                milestone: milestone.clone(),
                unit: unit.map(str::to_owned),
                person: None,
            };
            self.list.push((about, whom));
        }
    }

    /// For each owner what was missed first, unless an answer since covers it: a notice names everything that is overdue.
    fn overdue(&mut self) {
        let mut first: BTreeMap<Whom, (Timestamp, &Subject)> = BTreeMap::new();
        for (subject, at) in self.state.marks.missed() {
            if subject.milestone == *milestone::MANAGER_INFORMED {
                continue;
            }
            let Some(whom) = self.owner(&subject.milestone, subject.unit.as_deref()) else { continue };
            let covered = self.answered(&whom).is_some_and(|answered| answered >= at);
            if covered {
                continue;
            }
            let one = first.entry(whom).or_insert((at, subject));
            if at < one.0 {
                *one = (at, subject);
            }
        }
        for (whom, (_, subject)) in first {
            self.want(Reason::Overdue, &subject.milestone, subject.unit.as_deref(), whom);
        }
    }

    /// When somebody last answered for this owner that something is overdue.
    fn answered(&self, whom: &Whom) -> Option<Timestamp> {
        let overdue = self.state.calls.iter().filter(|(about, _)| about.reason == Reason::Overdue);
        let same =
            overdue.filter(|(about, _)| self.owner(&about.milestone, about.unit.as_deref()).as_ref() == Some(whom));
        same.filter_map(|(_, call)| call.answered.as_ref().map(|(at, _)| *at)).max()
    }

    /// Who owns this milestone, as far as we can call them.
    fn owner(&self, milestone: &Milestone, unit: Option<&str>) -> Option<Whom> {
        let step = self.state.plan.step(milestone.as_str())?;
        let of_unit = OF_UNITS.contains(&step.owner.as_str());
        let foreign = unit.is_some_and(|unit| unit != self.state.own);
        let place = if of_unit && foreign { CONTACT } else { &step.owner };
        Some(Whom::Place { place: place.to_owned(), unit: unit.filter(|_| of_unit).map(str::to_owned) })
    }
}
