//! The people as `decide` wants them: the roster as it is now, and the owners and administrators of our own systems.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Coordination;
use crate::clock::Timestamp;
use crate::coordination::ProcessError;
use crate::coordination::decide::{Ladders, Rung, Whom};
use crate::coordination::entry::Affected;
use crate::coordination::plan::milestone;
use crate::coordination::state::{Mark, State};
use crate::roster::{Place, Roster};
use crate::store::Column;
use crate::store::records::System;

/// The roster, and who answers for which of our own affected systems.
#[derive(Default)]
pub(super) struct People {
    roster: Arc<Roster>,
    own: String,
    of_systems: BTreeMap<String, Vec<String>>,
}

impl People {
    /// Of these systems, those that the person owns or administers.
    pub(super) fn systems_of(&self, person: &str) -> Vec<&str> {
        let of = self.of_systems.iter().filter(|(_, people)| people.iter().any(|one| one == person));
        of.map(|(system, _)| system.as_str()).collect()
    }
}

impl Ladders for People {
    fn ladder(&self, whom: &Whom, at: Timestamp) -> Vec<Rung> {
        let rungs = match whom {
            Whom::Person(person) if self.roster.person(person).is_some() => self.roster.ladder_of(person, at),
            // The inventory names somebody whom the roster does not know: the unit's contact knows who that is.
            Whom::Person(_) => self.roster.ladder(Place::UnitContact, None, at),
            Whom::Place { place, unit } => {
                // Whoever owns a step that the roster has no place for is called through the watch.
                let place = place.parse::<Place>().unwrap_or(Place::CirtWatch);
                let unit = unit.as_deref().filter(|unit| *unit != self.own);
                self.roster.ladder(place, unit, at)
            }
        };
        rungs
            .into_iter()
            .map(|rung| Rung { person: rung.person, channel: rung.channel, address: rung.address })
            .collect()
    }

    fn people_of(&self, system: &str) -> Vec<String> {
        self.of_systems.get(system).cloned().unwrap_or_default()
    }
}

impl Coordination {
    /// The roster as it is now; nobody of any system.
    pub(super) fn people_now(&self) -> People {
        let own = self.listeners.postman.own_name().to_string();
        People { roster: self.rosters.current(), own, of_systems: BTreeMap::new() }
    }

    /// The roster, with whoever is to be told about our own affected systems, if they are not told yet. `more` is what is
    /// about to be added.
    pub(super) async fn people(&self, state: &State, more: Option<&Affected>) -> Result<People, ProcessError> {
        let mut people = self.people_now();
        let told = state.unit_mark(milestone::OWNERS_NOTIFIED, &state.own).is_some_and(|mark: &Mark| !mark.is_open());
        if told && more.is_none() {
            return Ok(people);
        }
        let known = state.units.get(&state.own).map(|unit| unit.systems.keys());
        let more = more.and_then(|more| more.get(&state.own)).into_iter().flatten().map(|target| &target.name);
        let systems: BTreeSet<String> = known.into_iter().flatten().chain(more).cloned().collect();
        for name in systems {
            if let Some(system) = self.store.find::<System>(vec![name.clone().to_value()]).await? {
                people.of_systems.insert(name, persons(&system));
            }
        }
        Ok(people)
    }
}

/// The owner and the administrators, each once.
fn persons(system: &System) -> Vec<String> {
    let administrators = system.administrators.as_deref().unwrap_or_default().lines();
    let mut persons: Vec<String> = Vec::new();
    for person in system.owner.as_deref().into_iter().chain(administrators).map(str::trim) {
        if !person.is_empty() && !persons.iter().any(|one| one == person) {
            persons.push(person.to_owned());
        }
    }
    persons
}
