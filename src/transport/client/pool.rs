//! Connections to peers that are kept open for the next message (RFC 6546 §3: persistent connections SHOULD be used).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::dial::{Line, Place};
use crate::ids::PeerName;
use crate::peers::Directory;

type Key = (PeerName, Place);

/// Free connections, by peer and place.
pub(super) struct Pool {
    per_peer: usize,
    time: Duration,
    free: Mutex<HashMap<Key, Vec<Line>>>,
}

impl Pool {
    /// Keeps so many connections to one peer, for so long.
    pub(super) fn new(per_peer: usize, time: Duration) -> Self {
        Self { per_peer, time, free: Mutex::default() }
    }

    /// The connection that became free last, if one still stands.
    pub(super) fn take(&self, peer: &PeerName, place: &Place) -> Option<Line> {
        let mut free = self.free();
        let lines = free.get_mut(&(peer.clone(), place.clone()))?;
        while let Some(line) = lines.pop() {
            if self.is_good(&line) {
                return Some(line);
            }
        }
        None
    }

    /// Keeps a connection, unless there are enough.
    pub(super) fn put(&self, peer: &PeerName, place: &Place, line: Line) {
        let mut free = self.free();
        let lines = free.entry((peer.clone(), place.clone())).or_default();
        if lines.len() < self.per_peer && !line.sender.is_closed() {
            lines.push(line);
        }
    }

    /// Closes what is broken, too old, or to a peer that is no longer admitted.
    pub(super) fn sweep(&self, directory: &Directory) {
        self.free().retain(|_, lines| {
            lines.retain(|line| self.is_good(line) && directory.still_admits(&line.admitted).is_ok());
            !lines.is_empty()
        });
    }

    /// How many connections are kept.
    pub(super) fn len(&self) -> usize {
        self.free().values().map(Vec::len).sum()
    }

    fn is_good(&self, line: &Line) -> bool {
        !line.sender.is_closed() && line.free_since.elapsed() < self.time
    }

    fn free(&self) -> MutexGuard<'_, HashMap<Key, Vec<Line>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
