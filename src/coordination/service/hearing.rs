//! What other nodes have changed in a store that we share with them: the agenda, the figures and the open pages follow. The
//! shelf needs no telling: it compares before each use.

use std::collections::BTreeSet;

use super::Coordination;
use crate::coordination::process::ProcessError;
use crate::ids::EventId;
use crate::store::Column;
use crate::store::records::Event;

impl Coordination {
    /// Another node has changed these events.
    ///
    /// # Errors
    /// If the store cannot be read; some may have been taken note of then.
    pub async fn heard(&self, events: impl IntoIterator<Item = EventId>) -> Result<(), ProcessError> {
        for event in events {
            let Some(row) = self.store.find::<Event>(vec![event.to_value()]).await? else { continue };
            if self.note_row(&row) {
                self.listeners.news.tell(&event);
            }
        }
        Ok(())
    }

    /// Other nodes may have changed any event.
    ///
    /// # Errors
    /// If the store cannot be read; some may have been taken note of then.
    pub async fn heard_of_all(&self) -> Result<(), ProcessError> {
        let before: BTreeSet<EventId> = self.listeners.figures.running().into_iter().collect();
        for event in self.note_rows().await? {
            self.listeners.news.tell(&event);
        }
        // Those that are over now are not among the rows of those that are not.
        self.heard(before).await
    }
}
