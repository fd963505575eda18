//! What is wrong between the persons of a roster: mentions of nobody, circles, nobody at the top, watches with gaps.

use std::collections::{HashMap, HashSet};

use super::person::Person;
use super::place::Place;
use super::read::{Draft, Faults, Mention};
use super::week;

/// Adds to `faults` what makes the roster unusable, and to `warnings` what should be looked at.
pub(super) fn all(drafts: &[Draft], faults: &mut Faults<'_>, warnings: &mut Faults<'_>) {
    let mut known: HashMap<&str, &Draft> = HashMap::new();
    for draft in drafts.iter().filter(|draft| !draft.person.id.is_empty()) {
        if known.insert(&draft.person.id, draft).is_some() {
            faults.add(draft.at, &*draft.person.id, "this id stands here twice: an id names one person");
        }
    }
    for draft in drafts {
        for mention in &draft.mentions {
            if let Some(wrong) = wrong_mention(&known, draft, mention) {
                faults.add(mention.at, format!("{}.{}", draft.person.id, mention.key), wrong);
            }
        }
        if let Some(warning) = unreachable(&draft.person) {
            warnings.add(draft.at, &*draft.person.id, warning);
        }
        gaps(draft, warnings);
    }
    circles(drafts, &known, faults);
    circling_deputies(drafts, &known, warnings);
    if !drafts.iter().any(|draft| is_top(&draft.person)) {
        let message = "nobody is at the top: a department's roster has a program-manager, an operating unit's own a \
                       unit-contact without unit";
        faults.add(0, "place", message);
    }
}

/// Whom everything may come to in the end.
fn is_top(person: &Person) -> bool {
    person.unit.is_none() && matches!(person.place, Place::ProgramManager | Place::UnitContact)
}

fn wrong_mention(known: &HashMap<&str, &Draft>, draft: &Draft, mention: &Mention) -> Option<String> {
    let Mention { key, id, .. } = mention;
    let Some(found) = known.get(id.as_str()) else {
        return Some(format!("there is no person {id:?} in this roster"));
    };
    let is_self = *id == draft.person.id;
    match *key {
        "on" if !is_self && found.person.is_watch() => {
            Some(format!("{id} has shifts of its own: name the persons who are on"))
        }
        "above" | "deputies" if is_self => Some(format!("{id} cannot be called in its own place: name somebody else")),
        _ => None,
    }
}

fn unreachable(person: &Person) -> Option<&'static str> {
    let nobody = person.channels.is_empty() && !person.is_watch();
    nobody.then_some("cannot be called: it has no channels and no shifts; its deputies are called at once")
}

fn gaps(draft: &Draft, warnings: &mut Faults<'_>) {
    let person = &draft.person;
    // Who has only dates on which somebody stands in is called on its own channels otherwise.
    if person.shifts.is_empty() {
        return;
    }
    let gaps = week::gaps(&person.shifts);
    if gaps.is_empty() {
        return;
    }
    let instead = match (person.channels.is_empty(), person.deputies.is_empty()) {
        (false, _) => "its own channels are used then",
        (true, false) => "its deputies are called then",
        (true, true) => "whoever is above is called then",
    };
    let message = format!("nobody is on shift {} ({}): {instead}", gaps.join(", "), person.zone);
    warnings.add(draft.at, format!("{}.shifts", person.id), message);
}

/// Each circle of `above` once, told at one of those in it.
fn circles(drafts: &[Draft], known: &HashMap<&str, &Draft>, faults: &mut Faults<'_>) {
    let mut done: HashSet<&str> = HashSet::new();
    for draft in drafts {
        let mut way: Vec<&str> = Vec::new();
        let mut here = Some(draft);
        while let Some(draft) = here {
            let id = draft.person.id.as_str();
            if let Some(begin) = way.iter().position(|seen| *seen == id) {
                let circle = way.split_off(begin);
                // Whoever is above himself has been told so already.
                if circle.len() > 1 {
                    let message = format!("goes round in a circle ({}, {id}): nobody is at its end", circle.join(", "));
                    faults.add(draft.at, format!("{id}.above"), message);
                }
                done.extend(circle);
                break;
            }
            if done.contains(id) {
                break;
            }
            way.push(id);
            here = draft.person.above.as_deref().and_then(|above| known.get(above)).copied();
        }
        done.extend(way);
    }
}

/// Deputies of each other are usual and called once each; that their circle adds nobody is worth a word.
fn circling_deputies(drafts: &[Draft], known: &HashMap<&str, &Draft>, warnings: &mut Faults<'_>) {
    for draft in drafts {
        let id = draft.person.id.as_str();
        for deputy in draft.person.deputies.iter().filter_map(|deputy| known.get(deputy.as_str())) {
            let back = deputy.person.deputies.iter().any(|one| one == id);
            // Once for the two.
            if back && id < deputy.person.id.as_str() {
                let message = format!(
                    "{id} and {} are each other's deputies: after both, whoever is above is called",
                    deputy.person.id
                );
                warnings.add(draft.at, format!("{id}.deputies"), message);
            }
        }
    }
}
