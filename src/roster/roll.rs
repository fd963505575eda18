//! The roster itself: all persons, found by id and by place.

use std::collections::{BTreeSet, HashMap};

use super::check;
use super::fault::Fault;
use super::person::Person;
use super::place::Place;
use super::read::{self, Faults};

/// All persons and teams, in the order of the file. What has been read is checked: everyone that is mentioned is there, and
/// nobody is above himself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    persons: Vec<Person>,
    by_id: HashMap<String, usize>,
}

/// A text that is a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The roster.
    pub roster: Roster,
    /// What should be looked at, in the order of the lines; it does not stand in the way.
    pub warnings: Vec<Fault>,
}

impl Roster {
    /// Reads the text of a `roster.toml`.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of its lines.
    pub fn parse(text: &str) -> Result<Parsed, Vec<Fault>> {
        let (mut faults, mut warnings) = (Faults::new(text), Faults::new(text));
        let drafts = read::persons(text, &mut faults);
        // A text that is no TOML has one fault, and not also nobody in it.
        if faults.faults.is_empty() || !drafts.is_empty() {
            check::all(&drafts, &mut faults, &mut warnings);
        }
        let faults = faults.sorted();
        if !faults.is_empty() {
            return Err(faults);
        }
        let roster = Self::of(drafts.into_iter().map(|draft| draft.person).collect());
        Ok(Parsed { roster, warnings: warnings.sorted() })
    }

    /// The roster of these persons, which have been checked.
    pub(super) fn of(persons: Vec<Person>) -> Self {
        let by_id = persons.iter().enumerate().map(|(at, person)| (person.id.clone(), at)).collect();
        Self { persons, by_id }
    }

    /// The person of that id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.persons.get(*self.by_id.get(id)?)
    }

    /// Everybody, in the order of the file.
    pub fn persons(&self) -> &[Person] {
        &self.persons
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.persons.is_empty()
    }

    /// The units that it names.
    pub fn units(&self) -> BTreeSet<&str> {
        self.persons.iter().filter_map(|person| person.unit.as_deref()).collect()
    }

    /// Who has that place in that unit (`None`: in this node itself), in the order of the file. A place that is filled once
    /// for all units is the department's where the unit has nobody there.
    pub fn at(&self, place: Place, unit: Option<&str>) -> Vec<&Person> {
        let of = |unit: Option<&str>| -> Vec<&Person> {
            let same = |person: &&Person| match (person.unit.as_deref(), unit) {
                (Some(theirs), Some(unit)) => theirs.eq_ignore_ascii_case(unit),
                (theirs, unit) => theirs == unit,
            };
            self.persons.iter().filter(|person| person.place == place).filter(same).collect()
        };
        let found = of(unit);
        if found.is_empty() && unit.is_some() && place.is_shared() { of(None) } else { found }
    }
}
