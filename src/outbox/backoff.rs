//! When a parcel is tried again: a pure function of how often it was tried, the time, and a seed.

use std::time::Duration;

use crate::clock::Timestamp;

/// Why a [`Backoff`] cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBackoff {
    /// Tries would follow each other without a pause.
    #[error("first-retry = {first:?} is too short: the first pause is at least 10ms")]
    TooShort {
        /// The first pause as configured.
        first: Duration,
    },
    /// The longest pause is shorter than the first.
    #[error("longest-retry = {cap:?} is shorter than first-retry = {first:?}: make it at least as long")]
    CapBelowFirst {
        /// The first pause as configured.
        first: Duration,
        /// The longest pause as configured.
        cap: Duration,
    },
    /// The pauses would shrink, or explode.
    #[error("retry-factor = {factor}: expected 1 to 10")]
    Factor {
        /// The factor as configured.
        factor: u32,
    },
    /// The jitter would make pauses negative.
    #[error("retry-jitter-percent = {percent}: expected 0 to 90")]
    Jitter {
        /// The percentage as configured.
        percent: u32,
    },
}

/// Pauses that grow by a factor up to a cap, each moved at random by a share of itself, so that many parcels that failed
/// together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    factor: u32,
    cap: Duration,
    jitter_percent: u32,
}

impl Backoff {
    /// Checks the figures.
    ///
    /// # Errors
    /// [`BadBackoff`] names the figure that cannot be used.
    pub fn new(first: Duration, factor: u32, cap: Duration, jitter_percent: u32) -> Result<Self, BadBackoff> {
        if first < Duration::from_millis(10) {
            return Err(BadBackoff::TooShort { first });
        }
        if cap < first {
            return Err(BadBackoff::CapBelowFirst { first, cap });
        }
        if !(1..=10).contains(&factor) {
            return Err(BadBackoff::Factor { factor });
        }
        if jitter_percent > 90 {
            return Err(BadBackoff::Jitter { percent: jitter_percent });
        }
        Ok(Self { first, factor, cap, jitter_percent })
    }

    /// When to try again after `attempts` tries (1 or more), the last of which ended `now`. The same arguments give the
    /// same instant; the seed chooses the jitter.
    pub fn next_try(&self, attempts: i64, now: Timestamp, seed: u64) -> Timestamp {
        let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 64)).unwrap_or(64);
        let growth = u128::from(self.factor).saturating_pow(doublings);
        let pause = self.first.as_micros().saturating_mul(growth).min(self.cap.as_micros());
        let reach = pause * u128::from(self.jitter_percent) / 100;
        let moved = pause - reach + u128::from(scatter(seed)) % (2 * reach + 1);
        now + Duration::from_micros(u64::try_from(moved).unwrap_or(u64::MAX))
    }
}

/// A seed for the jitter of this try of this parcel.
pub(super) fn seed(id: &str, attempts: i64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ attempts.cast_unsigned();
    id.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Spreads a seed over all 64 bits.
pub(super) fn scatter(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn pauses_double_up_to_the_cap() {
        let backoff = Backoff::new(seconds(1), 2, seconds(900), 0).unwrap();
        let pauses: Vec<u64> = (1..=12).map(|n| backoff.next_try(n, START, n as u64).since(START).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(backoff.next_try(i64::MAX, START, 0).since(START), seconds(900));
        assert_eq!(backoff.next_try(i64::MIN, START, 0).since(START), seconds(1));
    }

    #[test]
    fn jitter_stays_within_its_share_and_uses_it() {
        let backoff = Backoff::new(seconds(10), 1, seconds(10), 20).unwrap();
        let pauses: Vec<Duration> = (0..2_000).map(|n| backoff.next_try(1, START, seed("a", n)).since(START)).collect();
        assert!(pauses.iter().all(|pause| (seconds(8)..=seconds(12)).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause < Duration::from_millis(8_200)));
        assert!(pauses.iter().any(|pause| *pause > Duration::from_millis(11_800)));
        assert_eq!(backoff.next_try(1, START, 7), backoff.next_try(1, START, 7));
    }

    #[test]
    fn figures_that_make_no_sense_are_refused() {
        assert!(matches!(Backoff::new(seconds(0), 2, seconds(1), 0), Err(BadBackoff::TooShort { .. })));
        assert!(matches!(Backoff::new(seconds(2), 2, seconds(1), 0), Err(BadBackoff::CapBelowFirst { .. })));
        assert!(matches!(Backoff::new(seconds(1), 0, seconds(1), 0), Err(BadBackoff::Factor { factor: 0 })));
        assert!(matches!(Backoff::new(seconds(1), 2, seconds(1), 91), Err(BadBackoff::Jitter { percent: 91 })));
    }
}
