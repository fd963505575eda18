//! When the clock has to look at which event. Read from the store at the start; kept in memory, so that thousands of open
//! milestones cost nothing while none is due.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::ids::EventId;

/// The events with something due.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    pages: Mutex<Pages>,
    /// Rung when something is due earlier than all that was due before.
    pub(super) bell: Notify,
}

#[derive(Debug, Default)]
struct Pages {
    due: BTreeSet<(Timestamp, EventId)>,
    of: HashMap<EventId, (i64, Option<Timestamp>)>,
}

impl Agenda {
    /// Notes when the clock has to look at the event next, as its log says up to `head`; nothing: it need not. What is
    /// known of a longer log stays.
    pub(super) fn note(&self, id: &EventId, head: i64, due: Option<Timestamp>) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.of.get(id).is_some_and(|(known, _)| *known > head) {
            return;
        }
        let first = pages.due.first().map(|(at, _)| *at);
        if let Some((_, Some(was))) = pages.of.remove(id) {
            pages.due.remove(&(was, id.clone()));
        }
        pages.of.insert(id.clone(), (head, due));
        let Some(due) = due else { return };
        pages.due.insert((due, id.clone()));
        if first.is_none_or(|first| due < first) {
            self.bell.notify_one();
        }
    }

    /// Has the event looked at again at that time, whatever its log says.
    pub(super) fn again(&self, id: &EventId, at: Option<Timestamp>) {
        let head = self.pages.lock().unwrap_or_else(PoisonError::into_inner).of.get(id).map_or(0, |(head, _)| *head);
        self.note(id, head, at);
    }

    /// The events that are due at `now`, the longest overdue first.
    pub(super) fn due(&self, now: Timestamp) -> Vec<EventId> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.due.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| id.clone()).collect()
    }

    /// When the first event is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.due.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> EventId {
        text.parse().unwrap()
    }

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn what_is_due_comes_in_order_and_a_later_word_counts() {
        let agenda = Agenda::default();
        assert_eq!((agenda.next(), agenda.due(at(100))), (None, Vec::new()));
        agenda.note(&id("A"), 1, Some(at(30)));
        agenda.note(&id("B"), 1, Some(at(20)));
        agenda.note(&id("C"), 1, Some(at(90)));
        assert_eq!((agenda.next(), agenda.due(at(30))), (Some(at(20)), vec![id("B"), id("A")]));
        agenda.note(&id("B"), 1, Some(at(95)));
        agenda.note(&id("A"), 2, None);
        agenda.note(&id("A"), 1, Some(at(1)));
        assert_eq!((agenda.next(), agenda.due(at(100))), (Some(at(90)), vec![id("C"), id("B")]));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_earlier_than_all_rings() {
        let agenda = Agenda::default();
        let rung =
            async || tokio::time::timeout(std::time::Duration::from_millis(1), agenda.bell.notified()).await.is_ok();
        agenda.note(&id("A"), 1, Some(at(30)));
        assert!(rung().await);
        agenda.note(&id("B"), 1, Some(at(40)));
        assert!(!rung().await);
        agenda.note(&id("B"), 1, Some(at(10)));
        assert!(rung().await);
    }
}
