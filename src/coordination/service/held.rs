//! An event that one step holds: locked, with what it will be once the batch is committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;

use super::agenda::Agenda;
use super::boards::News;
use super::figures::Figures;
use super::shelf::{Kept, Place, Taken};
use crate::coordination::state::State;
use crate::coordination::{Letter, Postman};
use crate::ids::{EventId, MessageId};
use crate::inventory::Pending;
use crate::outbox::{Outbox, Withdrawn};
use crate::store::records::{Event, Notice, NoticeState};
use crate::telemetry::Metrics;

/// Whoever must learn that a batch was committed.
pub(super) struct Listeners {
    pub(super) agenda: Agenda,
    pub(super) news: News,
    pub(super) figures: Figures,
    pub(super) metrics: Arc<Metrics>,
    pub(super) postman: Arc<dyn Postman>,
    pub(super) outbox: Arc<Outbox>,
}

/// One event in the hands of a step. Dropped before it was told of the commit, it leaves nothing behind.
pub(in crate::coordination) struct Held {
    pub(super) id: EventId,
    /// As it will be; nothing if there is no such event yet.
    pub(super) kept: Option<Kept>,
    /// As lists will show it; nothing if it is not changed.
    pub(super) row: Option<Event>,
    /// Whether entries were made in this step.
    pub(super) changed: bool,
    /// What leaves with the batch.
    pub(super) letters: Vec<Letter>,
    /// The notices that this step has made: they are not in the store yet.
    pub(super) notices: BTreeMap<MessageId, Notice>,
    /// Whether notices are in the outbox.
    pub(super) called: bool,
    pub(super) withdrawn: Vec<Withdrawn>,
    pub(super) pending: Vec<Pending>,
    place: Arc<Place>,
    /// The lock of the event; given back when the batch has its place in the line.
    ahead: Option<OwnedMutexGuard<Option<Kept>>>,
    listeners: Arc<Listeners>,
    committed: bool,
}

impl Held {
    pub(super) fn new(id: EventId, taken: Taken, listeners: Arc<Listeners>) -> Self {
        Self {
            id,
            kept: taken.ahead.clone(),
            row: None,
            changed: false,
            letters: Vec::new(),
            notices: BTreeMap::new(),
            called: false,
            withdrawn: Vec::new(),
            pending: Vec::new(),
            place: taken.place,
            ahead: Some(taken.ahead),
            listeners,
            committed: false,
        }
    }

    /// The state as it will be.
    pub(super) fn state(&self) -> Option<Arc<State>> {
        self.kept.as_ref().map(|kept| Arc::clone(&kept.state))
    }

    /// The batch is in the line: the next step may build on it.
    pub(in crate::coordination) fn queued(&mut self) {
        let Some(mut ahead) = self.ahead.take() else { return };
        if self.changed {
            ahead.clone_from(&self.kept);
        }
    }

    /// The batch is committed: what will be is now.
    pub(in crate::coordination) fn committed(mut self) {
        self.queued();
        self.committed = true;
        if !self.changed {
            return;
        }
        if let Some(kept) = self.kept.take() {
            self.place.committed(kept);
            self.listeners.news.tell(&self.id);
        }
        if let Some(row) = self.row.take() {
            self.listeners.agenda.note(&row.id, row.head, row.due);
            self.listeners.figures.note(&row);
        }
        for notice in self.notices.values() {
            let fate = if notice.state == NoticeState::Waiting { "made" } else { notice.state.as_str() };
            self.listeners.metrics.notice_is(notice.channel.as_str(), fate);
        }
        self.listeners.postman.posted(&self.letters);
        for withdrawn in &self.withdrawn {
            self.listeners.outbox.withdrawn(withdrawn);
        }
        if self.called {
            self.listeners.outbox.wake();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.changed || self.committed {
            return;
        }
        self.listeners.postman.dropped(&self.letters);
        if self.ahead.is_none() {
            // It was in the line, and what others have built on it fails with it. Nobody knows whether it was committed
            // all the same: the log does.
            self.place.spoiled();
        }
    }
}
