//! When the clock next has to look at an event. Called by the service, which writes the time beside the event, and by
//! `decide`, so that both agree on when the next person is called.

use super::plan::Calling;
use super::state::{Call, State, TryFate};
use super::subject::Reason;
use crate::clock::Timestamp;

/// The next instant at which something is due by time alone; nothing, if the event only waits for others.
pub fn next_due(state: &State) -> Option<Timestamp> {
    if state.is_over() {
        return None;
    }
    let reminder = if state.is_open() { state.marks.next_reminder() } else { None };
    let calls = state
        .calls
        .iter()
        .map(|(about, call)| if about.reason == Reason::Reminder { None } else { next_try(call, &state.plan.calling) });
    calls.chain([state.marks.next_due(), reminder]).flatten().min()
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
