//! The boards of events that were looked at lately, and the news that an event has changed: for whoever shows many events to
//! many people.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

use super::Coordination;
use super::refused::OrderError;
use crate::coordination::board::Board;
use crate::ids::EventId;

/// So much news waits for somebody who is slow; who misses some is told so.
const WAITING: usize = 256;

/// Boards by event.
#[derive(Debug, Default)]
pub(super) struct Boards(Mutex<HashMap<EventId, Arc<Board>>>);

impl Boards {
    fn known(&self, event: &EventId, head: i64) -> Option<Arc<Board>> {
        let boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        boards.get(event).filter(|board| board.head >= head).cloned()
    }

    /// Keeps it, `room` at most: which of the others goes does not matter, it can be made again.
    fn keep(&self, board: &Arc<Board>, room: usize) {
        let mut boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if boards.len() >= room && !boards.contains_key(&board.id) {
            let gone = boards.keys().next().cloned();
            gone.map(|gone| boards.remove(&gone));
        }
        boards.insert(board.id.clone(), Arc::clone(board));
    }
}

/// Tells whoever listens that events have changed.
#[derive(Debug)]
pub(super) struct News(broadcast::Sender<EventId>);

impl Default for News {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl News {
    fn listen(&self, most: usize) -> Option<broadcast::Receiver<EventId>> {
        (self.0.receiver_count() < most).then(|| self.0.subscribe())
    }

    /// The change of this event is durable. It does not matter whether anybody listens.
    pub(super) fn tell(&self, event: &EventId) {
        if self.0.receiver_count() > 0 {
            drop(self.0.send(event.clone()));
        }
    }
}

impl Coordination {
    /// The event at a glance, at least as its log says up to the entry `head`, which the event's row names.
    ///
    /// # Errors
    /// As [`Coordination::state`].
    pub async fn board(&self, event: &EventId, head: i64) -> Result<Arc<Board>, OrderError> {
        if let Some(board) = self.boards.known(event, head) {
            return Ok(board);
        }
        let board = Arc::new(Board::of(&*self.state(event).await?));
        self.boards.keep(&board, self.config.events_in_memory);
        Ok(board)
    }

    /// The names of events that change, each once the change is durable, or was heard of if another node made it; nothing, if
    /// so many listen already.
    pub fn news(&self, most: usize) -> Option<broadcast::Receiver<EventId>> {
        self.listeners.news.listen(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::report::sample;

    #[test]
    fn a_board_is_kept_until_the_log_is_longer() {
        let boards = Boards::default();
        let (state, _) = sample::event(sample::AT_14_HOURS);
        let board = Arc::new(Board::of(&state));
        boards.keep(&board, 1);
        assert_eq!(boards.known(&board.id, board.head), Some(Arc::clone(&board)));
        assert_eq!(boards.known(&board.id, board.head + 1), None);
        let other = Arc::new(Board { id: "SE-2003-01-25-2".parse().unwrap(), ..Board::of(&state) });
        boards.keep(&other, 1);
        assert_eq!((boards.known(&board.id, 0), boards.known(&other.id, 0)), (None, Some(Arc::clone(&other))));
    }

    #[tokio::test]
    async fn news_reach_whoever_listens_and_nobody_else() {
        let news = News::default();
        let event: EventId = "SE-2003-01-25-1".parse().unwrap();
        news.tell(&event);
        let mut listener = news.listen(1).unwrap();
        assert!(news.listen(1).is_none());
        news.tell(&event);
        assert_eq!(listener.recv().await, Ok(event));
        assert!(listener.try_recv().is_err());
    }
}
