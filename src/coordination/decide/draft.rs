//! A decision in the making: the entries so far, and the state after them.

use crate::clock::Timestamp;
use crate::coordination::entry::{Entry, Opening};
use crate::coordination::state::{Stamp, State};
use crate::ids::EventId;

/// One entry that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Its number, time and actor.
    pub stamp: Stamp,
    /// The entry.
    pub entry: Entry,
}

/// What was decided: the entries in their order, and the state after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The entries; none, if the command changes nothing.
    pub entries: Vec<Made>,
    /// The state after them.
    pub state: State,
}

/// A decision in the making.
pub(super) struct Draft {
    pub(super) state: State,
    actor: String,
    now: Timestamp,
    entries: Vec<Made>,
}

impl Draft {
    /// A new event.
    pub(super) fn open(id: EventId, actor: &str, opening: Opening, now: Timestamp) -> Self {
        let stamp = Stamp { number: 1, at: now, actor: actor.to_owned() };
        let state = State::opened(id, &stamp, &opening);
        let first = Made { stamp, entry: Entry::Opened(Box::new(opening)) };
        Self { state, actor: actor.to_owned(), now, entries: vec![first] }
    }

    /// An event as it stands.
    pub(super) fn of(state: &State, actor: &str, now: Timestamp) -> Self {
        Self { now: state.at(now), state: state.clone(), actor: actor.to_owned(), entries: Vec::new() }
    }

    /// The time that this decision goes by: never before the last entry.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Who gave the command.
    pub(super) fn actor(&self) -> &str {
        &self.actor
    }

    pub(super) fn entries(&self) -> &[Made] {
        &self.entries
    }

    /// An entry that the actor of the command caused.
    pub(super) fn push(&mut self, entry: Entry) {
        let actor = self.actor.clone();
        self.push_by(&actor, entry);
    }

    /// An entry that somebody else caused.
    pub(super) fn push_by(&mut self, actor: &str, entry: Entry) {
        let stamp = Stamp { number: self.state.head + 1, at: self.now, actor: actor.to_owned() };
        self.state.apply(&stamp, &entry);
        self.entries.push(Made { stamp, entry });
    }

    pub(super) fn done(self) -> Decision {
        Decision { entries: self.entries, state: self.state }
    }
}
