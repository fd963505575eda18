//! When the clock next has to look at an event. Called by the service, which writes the time beside the event, and by
//! `decide`, so that both agree on when the next person is called.

use super::plan::{Calling, milestone};
use super::state::{Call, Mark, State, TryFate};
use super::subject::{About, Reason, Subject};
use crate::clock::Timestamp;

/// The next instant at which something is due by time alone; nothing, if the event only waits for others.
pub fn next_due(state: &State) -> Option<Timestamp> {
    if state.is_over() {
        return None;
    }
    let marks = state.open_marks().flat_map(|(subject, mark)| {
        let due = mark.missed.is_none().then_some(mark.due);
        [due, reminder(state, subject, mark)]
    });
    let calls = state
        .calls
        .iter()
        .map(|(about, call)| if about.reason == Reason::Reminder { None } else { next_try(call, &state.plan.calling) });
    marks.chain(calls).flatten().min()
}

/// When the owner of this milestone is to be reminded; nothing, if that was done or is not wanted.
pub(super) fn reminder(state: &State, subject: &Subject, mark: &Mark) -> Option<Timestamp> {
    let at = mark.remind.filter(|_| state.is_open())?;
    // The program manager is not reminded but told: that is what the milestone is about.
    let told = subject.milestone == *milestone::MANAGER_INFORMED;
    let reason = if told { Reason::Asked } else { Reason::Reminder };
    let about = About { reason, milestone: subject.milestone.clone(), unit: subject.unit.clone(), person: None };
    (!state.calls.contains_key(&about)).then_some(at)
}

/// When the next person is called about this; nothing, if nobody needs to be.
pub fn next_try(call: &Call, calling: &Calling) -> Option<Timestamp> {
    if !call.is_open() {
        return None;
    }
    if let Some(exhausted) = call.exhausted {
        return Some(exhausted + calling.quiet);
    }
    match call.this_round().last() {
        Some(last) if last.fate == TryFate::Failed => Some(last.at),
        Some(last) => Some(last.at + calling.answer_within),
        None => None,
    }
}
