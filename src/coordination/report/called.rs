//! Who was called about what, on which channel, and with what result. Read from the log, not from the state: a call that was
//! settled and forgotten belongs in the report too.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::clock::{Timestamp, span};
use crate::coordination::decide::Made;
use crate::coordination::entry::Entry;
use crate::coordination::notice_id;
use crate::coordination::state::TryFate;
use crate::coordination::subject::About;
use crate::ids::EventId;
use crate::store::records::ParcelKind;

/// One thing that people were called about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Called {
    /// What about.
    pub about: About,
    /// The notices, in the order of calling.
    pub tries: Vec<Tried>,
    /// What came of it, in words.
    pub outcome: String,
}

/// One notice to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Tried {
    /// When.
    pub at: Timestamp,
    /// The person.
    pub person: String,
    /// On which channel.
    pub channel: ParcelKind,
    /// What became of it.
    pub fate: TryFate,
    /// When that was known; nothing while it waits.
    pub since: Option<Timestamp>,
    /// Why it failed, or who answered.
    pub why: Option<String>,
}

/// All that people were called about, in the order of the first call.
pub(super) fn called(event: &EventId, log: &[Made]) -> Vec<Called> {
    let mut calls: Vec<Called> = Vec::new();
    let mut known: HashMap<About, usize> = HashMap::new();
    let mut notices = HashMap::new();
    for made in log {
        let at = made.stamp.at;
        let (notice, fate, why) = match &made.entry {
            Entry::Called { about, person, channel, .. } => {
                let place = *known.entry(about.clone()).or_insert_with(|| {
                    calls.push(Called { about: about.clone(), tries: Vec::new(), outcome: String::new() });
                    calls.len() - 1
                });
                let Some(call) = calls.get_mut(place) else { continue };
                notices.insert(notice_id(event, made.stamp.number), (place, call.tries.len()));
                let (person, channel) = (person.clone(), *channel);
                call.tries.push(Tried { at, person, channel, fate: TryFate::Waiting, since: None, why: None });
                continue;
            }
            Entry::NoticeDelivered { notice } => (notice, TryFate::Delivered, None),
            Entry::NoticeFailed { notice, why } => (notice, TryFate::Failed, Some(why.clone())),
            Entry::NoticeAnswered { notice, by } => (notice, TryFate::Answered, Some(by.clone())),
            _ => continue,
        };
        let found = notices.get(notice).and_then(|(place, number)| calls.get_mut(*place)?.tries.get_mut(*number));
        if let Some(tried) = found.filter(|tried| tried.fate != TryFate::Answered) {
            (tried.fate, tried.since, tried.why) = (fate, Some(at), why);
        }
    }
    for call in &mut calls {
        call.outcome = outcome(&call.tries);
    }
    calls
}

fn outcome(tries: &[Tried]) -> String {
    let answered = tries.iter().find(|tried| tried.fate == TryFate::Answered);
    let first = tries.first().map(|tried| tried.at);
    match (answered, first) {
        (Some(answered), Some(first)) => {
            let after = answered.since.map(|since| span::words(since.since(first))).unwrap_or_default();
            let by = answered.why.as_deref().unwrap_or(&answered.person);
            format!("answered by {by} after {after}")
        }
        _ => "nobody answered".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::report::sample;

    #[test]
    fn each_call_tells_its_tries_and_its_outcome() {
        let (state, log) = sample::whole();
        let calls = called(&state.id, &log);
        assert_eq!(calls.len(), 5);
        let first = &calls[0];
        assert_eq!(first.outcome, "answered by watch-2 after 34 min");
        let tries: Vec<_> =
            first.tries.iter().map(|tried| (tried.person.as_str(), tried.channel, tried.fate)).collect();
        let expected = [
            ("watch-1", ParcelKind::Pager, TryFate::Delivered),
            ("watch-1", ParcelKind::Email, TryFate::Failed),
            ("watch-2", ParcelKind::Pager, TryFate::Answered),
        ];
        assert_eq!(tries, expected);
        assert_eq!(first.tries[1].why.as_deref(), Some("550 mailbox full"));
        assert_eq!(calls[1].outcome, "nobody answered");
    }
}
