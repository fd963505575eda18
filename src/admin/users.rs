//! The users on the other ends of the admin socket: who each is, as the kernel says, and how many connections each holds.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use tokio::net::UnixStream;

/// Connections by user.
#[derive(Debug)]
pub(super) struct Users {
    /// Asks the kernel; a test gives other answers.
    pub(super) ask: fn(&UnixStream) -> io::Result<u32>,
    held: Mutex<HashMap<u32, usize>>,
}

impl Default for Users {
    fn default() -> Self {
        Self { ask: |stream| Ok(stream.peer_cred()?.uid()), held: Mutex::default() }
    }
}

impl Users {
    /// The user who holds the other end.
    pub(super) fn of(&self, stream: &UnixStream) -> io::Result<u32> {
        (self.ask)(stream)
    }

    /// A place for one more connection of this user, who may have `most`.
    pub(super) fn seat(&self, user: u32, most: usize) -> Option<Seat<'_>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(user).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Seat { users: self, user })
    }
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub(super) struct Seat<'a> {
    users: &'a Users,
    user: u32,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut held = self.users.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_holds_so_many_connections_and_no_more() {
        let users = Users::default();
        let first = users.seat(1000, 2).unwrap();
        let second = users.seat(1000, 2).unwrap();
        assert!(users.seat(1000, 2).is_none());
        assert!(users.seat(1001, 2).is_some(), "others have their own");
        drop(first);
        assert!(users.seat(1000, 2).is_some());
        drop(second);
        assert!(users.held.lock().unwrap().is_empty());
    }
}
