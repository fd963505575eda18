//! What an entry leads to outside the log: letters to other nodes, notices to people, patches in the inventory. The service
//! carries it out in the batch of the entry, so that nothing leaves without its entry and no entry without what follows.

use super::decide::Made;
use super::entry::Entry;
use super::notice_id;
use super::state::{State, TryFate};
use super::subject::About;
use crate::ids::{MessageId, PeerName};
use crate::store::records::{EventRole, ParcelKind, PatchState};

/// One thing that follows from an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The alert to a unit: an InvestigationRequest with this instance of our incident.
    Alert {
        /// The unit.
        unit: String,
        /// The instance.
        instance: i64,
    },
    /// A Report for information to a unit without affected systems.
    Inform {
        /// The unit.
        unit: String,
    },
    /// A Request to look at systems again.
    Discrepancy {
        /// The unit.
        unit: String,
        /// The instance.
        instance: i64,
        /// The systems.
        systems: Vec<String>,
        /// What is wrong.
        why: String,
    },
    /// At a unit: a Report of progress to the node above.
    Progress,
    /// At a unit: the Result to the node above.
    Completion,
    /// The status of the event: a Result if the call was a Request that is still open, else a Report.
    Status {
        /// To whom.
        to: PeerName,
        /// Whether it is the last word, so that a Request may be answered with its Result.
        last: bool,
    },
    /// A notice to a person.
    Notice {
        /// Its name.
        id: MessageId,
        /// What for.
        about: About,
        /// The person.
        person: String,
        /// The channel.
        channel: ParcelKind,
        /// The address.
        address: String,
    },
    /// A notice is in other hands or answered: its row says so, and the code of its call is spent.
    Settled {
        /// The notice.
        id: MessageId,
        /// What became of it.
        fate: TryFate,
        /// Why, or who answered.
        why: Option<String>,
    },
    /// A notice that is still in the outbox is not wanted any more.
    Withdraw {
        /// The notice.
        id: MessageId,
    },
    /// A system of ours or of a unit below stands so to the event's vulnerabilities.
    Patch {
        /// The system.
        system: String,
        /// How it stands.
        state: PatchState,
        /// On what evidence, or why.
        evidence: Option<String>,
    },
}

/// What follows from the entry. `before` is the state it was decided on, `after` the state with all entries of its batch.
pub fn follow(before: Option<&State>, after: &State, made: &Made) -> Vec<Effect> {
    match &made.entry {
        Entry::AlertSent { unit, instance } if *unit != after.own => {
            vec![Effect::Alert { unit: unit.clone(), instance: *instance }]
        }
        Entry::Informed { unit } => vec![Effect::Inform { unit: unit.clone() }],
        Entry::DiscrepancySent { unit, instance, systems, why } => {
            let mut effects = unpatched(systems, why);
            if *unit != after.own {
                let (unit, systems, why) = (unit.clone(), systems.clone(), why.clone());
                effects.push(Effect::Discrepancy { unit, instance: *instance, systems, why });
            }
            effects
        }
        Entry::DiscrepancyTaken { systems, why, .. } => unpatched(systems, why),
        Entry::ProgressSent => vec![Effect::Progress],
        Entry::CompletionSent => vec![Effect::Completion],
        Entry::StatusSent { to } => vec![Effect::Status { to: to.clone(), last: is_last_word(after) }],
        Entry::Called { about, person, channel, address } => vec![Effect::Notice {
            id: notice_id(&after.id, made.stamp.number),
            about: about.clone(),
            person: person.clone(),
            channel: *channel,
            address: address.clone(),
        }],
        Entry::NoticeDelivered { notice } => vec![settled(notice, TryFate::Delivered, None)],
        Entry::NoticeFailed { notice, why } => vec![settled(notice, TryFate::Failed, Some(why))],
        Entry::NoticeAnswered { notice, by } => {
            let mut effects = vec![settled(notice, TryFate::Answered, Some(by))];
            effects.extend(others_waiting(after, notice));
            effects
        }
        Entry::Corrected { systems, evidence, .. } => systems
            .iter()
            .map(|system| Effect::Patch {
                system: system.clone(),
                state: PatchState::Patched,
                evidence: evidence.clone(),
            })
            .collect(),
        Entry::Excepted { system, why, .. } => {
            vec![Effect::Patch { system: system.clone(), state: PatchState::Excepted, evidence: Some(why.clone()) }]
        }
        Entry::Closed { .. } | Entry::Cancelled { .. } => before.map(all_waiting).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn settled(notice: &MessageId, fate: TryFate, why: Option<&String>) -> Effect {
    Effect::Settled { id: notice.clone(), fate, why: why.cloned() }
}

fn unpatched(systems: &[String], why: &str) -> Vec<Effect> {
    let patch = |system: &String| Effect::Patch {
        system: system.clone(),
        state: PatchState::Unpatched,
        evidence: Some(why.to_owned()),
    };
    systems.iter().map(patch).collect()
}

/// Other notices of the same call that are still in the outbox.
fn others_waiting(state: &State, notice: &MessageId) -> Vec<Effect> {
    let Some(call) = state.notices.get(notice).and_then(|about| state.calls.get(about)) else { return Vec::new() };
    let waiting = call.tries.iter().filter(|one| one.fate == TryFate::Waiting && one.notice != *notice);
    waiting.map(|one| Effect::Withdraw { id: one.notice.clone() }).collect()
}

fn all_waiting(state: &State) -> Vec<Effect> {
    // The CIO hears of the confirmation also when the event is closed at once.
    let calls = state.calls.iter().filter(|(about, _)| about.milestone != *super::decide::STATUS);
    let tries = calls.flat_map(|(_, call)| &call.tries);
    let waiting = tries.filter(|one| one.fate == TryFate::Waiting);
    waiting.map(|one| Effect::Withdraw { id: one.notice.clone() }).collect()
}

fn is_last_word(state: &State) -> bool {
    let confirmed = state.event_mark(super::plan::milestone::CONFIRMED).is_some_and(|mark| mark.met.is_some());
    state.role == EventRole::Department && (confirmed || state.is_over())
}
