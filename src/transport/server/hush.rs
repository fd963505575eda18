//! Keeps the log readable when somebody knocks all day: so many lines in a while, then a count.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets `most` lines through in each `window`.
#[derive(Debug)]
pub(super) struct Hush {
    most: u32,
    window: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    began: Instant,
    said: u32,
    unsaid: u64,
}

impl Hush {
    pub(super) fn new(most: u32, window: Duration) -> Self {
        Self { most, window, state: Mutex::new(State { began: Instant::now(), said: 0, unsaid: 0 }) }
    }

    /// Whether a line may be written now; with it, how many were not since the last one.
    pub(super) fn may_speak(&self) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.began.elapsed() >= self.window {
            (state.began, state.said) = (Instant::now(), 0);
        }
        if state.said < self.most {
            state.said += 1;
            Some(std::mem::take(&mut state.unsaid))
        } else {
            state.unsaid += 1;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_not_said_is_counted() {
        let hush = Hush::new(2, Duration::from_secs(10));
        assert_eq!(
            [hush.may_speak(), hush.may_speak(), hush.may_speak(), hush.may_speak()],
            [Some(0), Some(0), None, None]
        );
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!([hush.may_speak(), hush.may_speak()], [Some(2), Some(0)]);
    }
}
