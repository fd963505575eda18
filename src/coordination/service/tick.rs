//! The clock of significant events: what is due is done, event by event, each in a batch of its own.

use super::act::is_conflict;
use super::{Coordination, TRIES};
use crate::clock::Timestamp;
use crate::coordination::decide::{BY_ITSELF, Command};
use crate::coordination::process::{ProcessError, Step};
use crate::ids::EventId;
use crate::store::records::{Event, EventState};
use crate::store::{Batch, Bound, Column, Scan};

/// How many rows are read at once when the agenda is read.
const PAGE: usize = 1_000;
/// What failed, or is still due although nothing could be done, is looked at again after this.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);
/// What is due by the microsecond of the next tick need not wait for it.
const LEAST: std::time::Duration = std::time::Duration::from_millis(10);

impl Coordination {
    /// Does what is due, and says when the next thing is.
    pub(super) async fn look_at_the_clock(&self, now: Timestamp) -> Option<Timestamp> {
        if let Err(error) = self.read_agenda().await {
            tracing::error!(%error, "cannot read which events are due; trying again");
            return Some(now + AGAIN);
        }
        for event in self.listeners.agenda.due(now) {
            if let Err(error) = self.tick_one(&event, now).await {
                tracing::error!(%event, %error, "what is due cannot be done; trying again");
                self.listeners.agenda.again(&event, Some(now + AGAIN));
            }
        }
        self.listeners.agenda.next().map(|next| next.max(now + LEAST))
    }

    /// The first time, reads from the store which events the clock has to look at, and what is overdue in them.
    async fn read_agenda(&self) -> Result<(), ProcessError> {
        let mut read = self.agenda_read.lock().await;
        if *read {
            return Ok(());
        }
        for state in [EventState::Held, EventState::Open] {
            let mut scan = Scan::of::<Event>(PAGE).by("by_state").with(vec![state.to_value()]);
            loop {
                let rows = self.store.list::<Event>(scan.clone()).await?;
                for row in &rows {
                    self.listeners.agenda.note(&row.id, row.head, row.due);
                    self.listeners.figures.note(row);
                }
                let Some(last) = rows.last().filter(|_| rows.len() == PAGE) else { break };
                scan = scan.from(Bound::Excluding(vec![last.id.to_value()]));
            }
        }
        self.listeners.figures.show_all();
        *read = true;
        Ok(())
    }

    async fn tick_one(&self, event: &EventId, now: Timestamp) -> Result<(), ProcessError> {
        for _ in 0..TRIES {
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
            match self.commit(step, batch).await {
                Err(error) if is_conflict(&error) => {}
                outcome => return outcome,
            }
        }
        Err(ProcessError::Contended { event: event.to_string(), tries: TRIES })
    }
}
