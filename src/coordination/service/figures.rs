//! How many events are held and open, what is overdue in them and who has not answered: kept up to date with every commit,
//! so that nobody has to walk through the events to know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ids::EventId;
use crate::store::records::{Event, EventState};
use crate::telemetry::Metrics;

/// What one event, or all of one kind, add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    held: u64,
    open: u64,
    overdue: u64,
    unanswered: u64,
}

impl Sum {
    fn of(row: &Event) -> Self {
        let count = |figure: Option<i64>| figure.and_then(|figure| u64::try_from(figure).ok()).unwrap_or(0);
        let (overdue, unanswered) = (count(row.overdue), count(row.unanswered));
        match row.state {
            EventState::Held => Self { held: 1, open: 0, overdue, unanswered },
            EventState::Open => Self { held: 0, open: 1, overdue, unanswered },
            EventState::Closed | EventState::Cancelled => Self::default(),
        }
    }

    fn exchange(&mut self, old: Self, new: Self) {
        let change = |figure: &mut u64, old: u64, new: u64| *figure = (*figure + new).saturating_sub(old);
        change(&mut self.held, old.held, new.held);
        change(&mut self.open, old.open, new.open);
        change(&mut self.overdue, old.overdue, new.overdue);
        change(&mut self.unanswered, old.unanswered, new.unanswered);
    }
}

/// The figures of all events that were seen.
pub(super) struct Figures {
    metrics: Arc<Metrics>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    of: HashMap<EventId, (i64, Sum)>,
    drills: Sum,
    earnest: Sum,
}

impl Figures {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, known: Mutex::default() }
    }

    /// Takes the event as its row shows it; whether that is news. What is known of a longer log stays.
    pub(super) fn note(&self, row: &Event) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (head, old) = known.of.get(&row.id).copied().unwrap_or_default();
        if head > row.head {
            return false;
        }
        let new = Sum::of(row);
        known.of.insert(row.id.clone(), (row.head, new));
        let all = if row.drill { &mut known.drills } else { &mut known.earnest };
        all.exchange(old, new);
        self.show(row.drill, *all);
        row.head > head
    }

    /// Those that are not over, as far as is known here.
    pub(super) fn running(&self) -> Vec<EventId> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.of.iter().filter(|(_, (_, sum))| sum.held + sum.open > 0).map(|(id, _)| id.clone()).collect()
    }

    /// Shows the figures of all, drills and not, although none may have been seen.
    pub(super) fn show_all(&self) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.show(true, known.drills);
        self.show(false, known.earnest);
    }

    fn show(&self, drill: bool, all: Sum) {
        self.metrics.events(EventState::Held.as_str(), drill, all.held);
        self.metrics.events(EventState::Open.as_str(), drill, all.open);
        self.metrics.milestones_overdue(drill, all.overdue);
        self.metrics.notices_unanswered(drill, all.unanswered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::store::records::EventRole;

    fn row(id: &str, state: EventState, head: i64, overdue: Option<i64>) -> Event {
        Event {
            id: id.parse().unwrap(),
            state,
            role: EventRole::Department,
            drill: false,
            title: "Worm".to_owned(),
            severity: None,
            source: None,
            issued: Timestamp::default(),
            opened: Timestamp::default(),
            changed: Timestamp::default(),
            head,
            watched: false,
            due: None,
            overdue,
            unanswered: Some(2),
        }
    }

    #[test]
    fn figures_follow_each_event_to_its_end() {
        let figures = Figures::new(Metrics::new());
        let shown = |figures: &Figures| {
            let known = figures.known.lock().unwrap();
            let Sum { held, open, overdue, unanswered } = known.earnest;
            [held, open, overdue, unanswered]
        };
        figures.note(&row("A", EventState::Held, 1, None));
        figures.note(&row("B", EventState::Open, 7, Some(3)));
        assert_eq!(shown(&figures), [1, 1, 3, 4]);
        figures.note(&row("A", EventState::Open, 2, Some(1)));
        figures.note(&row("A", EventState::Held, 1, None));
        assert_eq!(shown(&figures), [0, 2, 4, 4]);
        figures.note(&row("B", EventState::Closed, 8, Some(3)));
        assert_eq!(shown(&figures), [0, 1, 1, 2]);
        figures.note(&Event { drill: true, ..row("C", EventState::Open, 1, Some(9)) });
        assert_eq!(shown(&figures), [0, 1, 1, 2]);
        let text = figures.metrics.render();
        assert!(text.contains("ridd_milestones_overdue{drill=\"true\"} 9"), "{text}");
    }
}
