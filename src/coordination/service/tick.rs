//! The clock of significant events: what is due is done, event by event, each in a batch of its own.

use super::act::is_conflict;
use super::{Coordination, TRIES};
use crate::clock::Timestamp;
use crate::coordination::decide::{BY_ITSELF, Command};
use crate::coordination::process::{ProcessError, Step};
use crate::ids::EventId;
use crate::store::lease::Fence;
use crate::store::records::{Event, EventState, Lease};
use crate::store::{Batch, Bound, Column, Record, Scan, StoreError, give_way};

/// How many rows are read at once when the agenda is read.
const PAGE: usize = 1_000;
/// What failed, or is still due although nothing could be done, is looked at again after this.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);
/// What is due by the microsecond of the next tick need not wait for it.
const LEAST: std::time::Duration = std::time::Duration::from_millis(10);

impl Coordination {
    /// Does what is due, and says when the next thing is. Nothing is done unless the clock is still ours by that fence.
    pub(super) async fn look_at_the_clock(&self, now: Timestamp, fence: Option<&Fence>) -> Option<Timestamp> {
        if let Err(error) = self.read_agenda(fence).await {
            tracing::error!(%error, "cannot read which events are due; trying again");
            return Some(now + AGAIN);
        }
        for event in self.listeners.agenda.due(now) {
            let Err(error) = self.tick_one(&event, now, fence).await else { continue };
            if has_passed(&error) {
                tracing::warn!(%event, "the clock has passed to another node: what is due is its to do");
                return None;
            }
            tracing::error!(%event, %error, "what is due cannot be done; trying again");
            self.listeners.agenda.again(&event, Some(now + AGAIN));
        }
        self.listeners.agenda.next().map(|next| next.max(now + LEAST))
    }

    /// The first time, and whenever the clock has become ours, reads from the store which events are to be looked at, and
    /// what is overdue in them.
    async fn read_agenda(&self, fence: Option<&Fence>) -> Result<(), ProcessError> {
        let turn = fence.map_or(0, |fence| fence.number);
        let mut read = self.agenda_read.lock().await;
        if *read == Some(turn) {
            return Ok(());
        }
        self.note_rows().await?;
        *read = Some(turn);
        Ok(())
    }

    /// Notes all events that are not over as their rows show them: those of them that have changed.
    pub(super) async fn note_rows(&self) -> Result<Vec<EventId>, ProcessError> {
        let mut changed = Vec::new();
        for state in [EventState::Held, EventState::Open] {
            let mut scan = Scan::of::<Event>(PAGE).by("by_state").with(vec![state.to_value()]);
            loop {
                let rows = self.store.list::<Event>(scan.clone()).await?;
                changed.extend(rows.iter().filter(|row| self.note_row(row)).map(|row| row.id.clone()));
                let Some(last) = rows.last().filter(|_| rows.len() == PAGE) else { break };
                scan = scan.from(Bound::Excluding(vec![last.id.to_value()]));
            }
        }
        self.listeners.figures.show_all();
        Ok(changed)
    }

    /// Notes the event as its row shows it; whether that is news.
    pub(super) fn note_row(&self, row: &Event) -> bool {
        self.listeners.agenda.note(&row.id, row.head, row.due);
        self.listeners.figures.note(row)
    }

    async fn tick_one(&self, event: &EventId, now: Timestamp, fence: Option<&Fence>) -> Result<(), ProcessError> {
        for attempt in 0..TRIES {
            let mut step = Step::new();
            let mut batch = Batch::new();
            let acted = match self.act(&mut step, &mut batch, event, (BY_ITSELF, Command::Tick), now).await {
                Err(ProcessError::NoSuchEvent { .. }) => {
                    self.listeners.agenda.again(event, None);
                    return Ok(());
                }
                acted => acted?,
            };
            if !matches!(&acted, Ok(made) if !made.is_empty()) {
                // Nothing came of it, by whatever the state says now; it must not be asked again at once.
                let state = self.hold(&mut step, event).await?.state();
                let next = state.and_then(|state| crate::coordination::due::next_due(&state));
                self.listeners.agenda.again(event, next.map(|next| next.max(now + AGAIN)));
                return Ok(());
            }
            if let Some(fence) = fence {
                fence.guard(&mut batch);
            }
            match self.commit(step, batch).await {
                Err(error) if is_conflict(&error) && !has_passed(&error) => give_way(&*self.store, attempt).await,
                outcome => return outcome,
            }
        }
        Err(ProcessError::Contended { event: event.to_string(), tries: TRIES })
    }
}

/// Whether the batch failed because the clock is not ours any more.
fn has_passed(error: &ProcessError) -> bool {
    matches!(error, ProcessError::Store(StoreError::Conflict { table, .. }) if *table == Lease::TABLE.name)
}
