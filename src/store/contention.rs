//! Giving way: a batch that lost to another node is made again after a moment, so that whoever is at work on the same records
//! comes to an end first. Among the tasks of one process the line of the store does that.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::Store;

/// The first pause at most, and the longest.
const FIRST: Duration = Duration::from_millis(4);
const LONGEST: Duration = Duration::from_millis(256);

/// Waits a moment, longer with each attempt that failed (0 or more), where other nodes write to the store; else not at all.
pub async fn give_way(store: &dyn Store, attempt: usize) {
    if store.tidings().is_some() {
        tokio::time::sleep(pause(attempt)).await;
    }
}

/// Anything up to twice as long as the time before, so that two who met do not meet again.
fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt).unwrap_or(u32::MAX).min(16);
    let most = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(RandomState::new().hash_one(attempt) % micros.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_bounded_and_differ() {
        let longest = |attempt| (0..200).map(|_| pause(attempt)).max().unwrap();
        assert!(longest(0) < FIRST && longest(3) > FIRST && longest(3) < FIRST * 8);
        assert!(longest(60) < LONGEST && longest(60) > LONGEST / 2);
    }
}
