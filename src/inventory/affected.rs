//! Which systems a data call concerns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cpe::{Certainty, Name};
use super::profile::vulnerability;
use super::snapshot::Snapshot;

/// Systems with a name that cannot be read, listed at most.
const LISTED: usize = 100;

/// One system that a data call concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AffectedSystem {
    /// Its name.
    pub name: String,
    /// The CPE name of it that the call means.
    pub cpe: String,
    /// Whether that is sure, or what is known of the system leaves it open.
    pub certainty: Certainty,
}

/// What a data call concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Affected {
    /// By unit, the systems by name on which something is left to do.
    pub units: BTreeMap<String, Vec<AffectedSystem>>,
    /// What could not be compared, one sentence each: names of the call, and systems whose name cannot be read.
    pub unreadable: Vec<String>,
    /// How many systems have no CPE name, so that nobody can say.
    pub unnamed: u64,
    /// How many systems the call means that are patched, or excepted, against all that it names.
    pub closed: u64,
    /// How many systems were looked at.
    pub systems: u64,
}

impl Affected {
    /// How many systems something is left to do on.
    #[must_use]
    pub fn count(&self) -> usize {
        self.units.values().map(Vec::len).sum()
    }
}

/// The systems that one of the platforms means, without those on which nothing is left to do for any of the
/// vulnerabilities; if none is named, all.
pub(super) fn affected(snapshot: &Snapshot, platforms: &[String], vulnerabilities: &[String]) -> Affected {
    let mut found = Affected { systems: snapshot.systems.len() as u64, ..Affected::default() };
    let mut calls = Vec::new();
    for platform in platforms {
        match platform.trim().parse::<Name>() {
            Ok(name) => calls.push(name),
            Err(error) => found.unreadable.push(error.to_string()),
        }
    }
    // Many systems share few names: each is compared once.
    let verdict = |name: &Option<Name>| calls.iter().filter_map(|call| call.means(name.as_ref()?)).max();
    let verdicts: Vec<Option<Certainty>> = snapshot.parsed.iter().map(verdict).collect();
    // None: no system is patched against one of them, so nothing is closed.
    let needed: Option<Vec<u32>> =
        vulnerabilities.iter().map(|name| snapshot.vulnerabilities.find(&vulnerability(name))).collect();
    let needed = needed.filter(|needed| !needed.is_empty());
    let mut unreadable = 0;
    for (name, held) in &snapshot.systems {
        found.unnamed += u64::from(held.names.is_empty());
        for number in &held.names {
            if snapshot.parsed.get(*number as usize).is_some_and(Option::is_none) {
                unreadable += 1;
                if unreadable <= LISTED {
                    found.unreadable.push(format!("system {name}: {:?} is no CPE name", snapshot.names.word(*number)));
                }
            }
        }
        let best = held.names.iter().filter_map(|number| Some((verdicts.get(*number as usize).copied()??, *number)));
        // Of equals the first, as it stands in the profile.
        let Some((certainty, number)) = best.reduce(|best, next| if next.0 > best.0 { next } else { best }) else {
            continue;
        };
        if needed.as_ref().is_some_and(|needed| needed.iter().all(|one| held.closed.contains(one))) {
            found.closed += 1;
            continue;
        }
        let system = AffectedSystem { name: name.clone(), cpe: snapshot.names.word(number).to_owned(), certainty };
        match found.units.get_mut(snapshot.units.word(held.unit)) {
            Some(systems) => systems.push(system),
            None => drop(found.units.insert(snapshot.units.word(held.unit).to_owned(), vec![system])),
        }
    }
    if unreadable > LISTED {
        found.unreadable.push(format!("and {} more names of systems", unreadable - LISTED));
    }
    found
}
