//! Who is called now, who next: pure answers of the roster for one instant.
//!
//! There are no quiet hours: a significant event has its due times by night, too. Whoever must not be called at some hours is
//! taken off by shifts.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::person::Person;
use super::place::Place;
use super::roll::Roster;
use crate::clock::Timestamp;
use crate::store::records::ParcelKind;

/// One try: one person on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rung {
    /// Who is called, by id.
    pub person: String,
    /// The person's name.
    pub name: String,
    /// On which channel.
    pub channel: ParcelKind,
    /// Where on that channel.
    pub address: String,
    /// Why the person is called, in words: `unit-contact of rid.unit.example`, `deputy of ana`.
    pub why: String,
}

impl Roster {
    /// Who is called for that place of that unit (`None`: of this node itself), in order: for each person there, who is
    /// on shift, then the person's own channels, then the deputies; then the same for whoever is above, up to the
    /// program manager and the CIO. A place that nobody has goes to the next place up, and each address is tried once.
    /// Empty only if nobody of the roster can be called.
    pub fn ladder(&self, place: Place, unit: Option<&str>, at: Timestamp) -> Vec<Rung> {
        let (place, starts) = self.first_at(place, unit);
        let why = unit.map_or_else(|| place.to_string(), |unit| format!("{place} of {unit}"));
        Climb::new(self, at).climb(starts, &why)
    }

    /// The same beginning with one person; empty if there is none of that id.
    pub fn ladder_of(&self, person: &str, at: Timestamp) -> Vec<Rung> {
        Climb::new(self, at).climb(self.person(person).into_iter().collect(), "called by name")
    }

    /// Whoever has the place, or the nearest place above it that anybody has.
    fn first_at(&self, mut place: Place, unit: Option<&str>) -> (Place, Vec<&Person>) {
        loop {
            let mut found = self.at(place, unit);
            // Who takes shifts of a watch is called through it, or the ones off duty would be called, too.
            let takes_turns =
                |person: &Person, watch: &Person| watch.shifts.iter().any(|one| one.on.contains(&person.id));
            let watches: Vec<&Person> = found.iter().copied().filter(|person| person.is_watch()).collect();
            found.retain(|person| person.is_watch() || !watches.iter().any(|watch| takes_turns(person, watch)));
            match place.above() {
                Some(above) if found.is_empty() => place = above,
                _ => return (place, found),
            }
        }
    }

    /// Whoever is above: named, else by the place.
    fn above(&self, person: &Person) -> Vec<&Person> {
        if let Some(above) = person.above.as_deref().and_then(|above| self.person(above)) {
            return vec![above];
        }
        person.place.above().map_or_else(Vec::new, |place| self.first_at(place, person.unit.as_deref()).1)
    }
}

/// One way up the roster.
struct Climb<'r> {
    roster: &'r Roster,
    at: Timestamp,
    called: HashSet<(ParcelKind, &'r str)>,
    rungs: Vec<Rung>,
}

impl<'r> Climb<'r> {
    fn new(roster: &'r Roster, at: Timestamp) -> Self {
        Self { roster, at, called: HashSet::new(), rungs: Vec::new() }
    }

    fn climb(mut self, starts: Vec<&'r Person>, why: &str) -> Vec<Rung> {
        let mut climbed: HashSet<&str> = starts.iter().map(|person| person.id.as_str()).collect();
        let mut level: Vec<(&Person, String)> = starts.into_iter().map(|person| (person, why.to_owned())).collect();
        while !level.is_empty() {
            let mut next = Vec::new();
            for (person, why) in &level {
                self.reach(person, why);
                for above in self.roster.above(person) {
                    if climbed.insert(&above.id) {
                        next.push((above, format!("above {}", person.id)));
                    }
                }
            }
            level = next;
        }
        self.rungs
    }

    /// Whoever is on for the person, the person, the deputies and theirs.
    fn reach(&mut self, person: &'r Person, why: &str) {
        let mut reached = HashSet::new();
        let mut waiting = vec![(person, why.to_owned())];
        while let Some((person, why)) = waiting.pop() {
            if !reached.insert(person.id.as_str()) {
                continue;
            }
            for on in person.on_shift(self.at).into_iter().filter_map(|id| self.roster.person(id)) {
                self.call(on, &format!("on shift for {}", person.id));
            }
            self.call(person, &why);
            let deputies = person.deputies.iter().rev().filter_map(|id| self.roster.person(id));
            waiting.extend(deputies.map(|deputy| (deputy, format!("deputy of {}", person.id))));
        }
    }

    fn call(&mut self, person: &'r Person, why: &str) {
        for channel in &person.channels {
            if self.called.insert((channel.kind, &channel.address)) {
                self.rungs.push(Rung {
                    person: person.id.clone(),
                    name: person.name.clone(),
                    channel: channel.kind,
                    address: channel.address.clone(),
                    why: why.to_owned(),
                });
            }
        }
    }
}
