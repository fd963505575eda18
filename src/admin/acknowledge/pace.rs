//! How fast links may be guessed: wrong ones are counted by address and in all, minute by minute. The code in a link cannot
//! be found by guessing; this keeps those who try from costing more than a look.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Config;
use crate::clock::Timestamp;

/// The window in which wrong links are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// The wrong links of this minute.
#[derive(Debug)]
pub(super) struct Pace {
    per_address: usize,
    in_all: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    since: Timestamp,
    all: usize,
    /// Never more than `in_all`: beyond that nobody is added.
    of: HashMap<IpAddr, usize>,
}

impl Pace {
    pub(super) fn new(config: &Config) -> Self {
        Self { per_address: config.wrong_per_address, in_all: config.wrong, counts: Mutex::default() }
    }

    /// The counts of the minute of `now`, and how long it still lasts.
    fn counts(&self, now: Timestamp) -> (MutexGuard<'_, Counts>, Duration) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(counts.since) >= WINDOW || counts.since > now {
            *counts = Counts { since: now, ..Counts::default() };
        }
        let left = WINDOW.saturating_sub(now.since(counts.since));
        (counts, left)
    }

    /// Whether the address may ask.
    ///
    /// # Errors
    /// How long it must wait.
    pub(super) fn allow(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let (counts, left) = self.counts(now);
        let wrong = counts.of.get(&network(address)).copied().unwrap_or(0);
        if wrong < self.per_address { Ok(()) } else { Err(left) }
    }

    /// The address came with a link that leads nowhere; whether this is the last one it may try in this minute.
    ///
    /// # Errors
    /// How long it must wait, if there were too many of all.
    pub(super) fn wrong(&self, address: IpAddr, now: Timestamp) -> Result<bool, Duration> {
        let (mut counts, left) = self.counts(now);
        if counts.all >= self.in_all {
            return Err(left);
        }
        counts.all += 1;
        let wrong = counts.of.entry(network(address)).or_default();
        *wrong += 1;
        Ok(*wrong == self.per_address)
    }
}

/// Whoever has one address of an IPv6 network of 64 bits has them all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() >> 64 << 64;
            Ipv6Addr::from_bits(bits).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn an_address_is_refused_until_its_minute_is_over_and_others_are_not() {
        let pace = Pace::new(&Config { wrong_per_address: 2, wrong: 3, ..Config::default() });
        let [one, same, other]: [IpAddr; 3] =
            ["2001:db8::1", "2001:db8::ffff", "192.0.2.1"].map(|address| address.parse().unwrap());
        assert_eq!(pace.wrong(one, at(1_000)), Ok(false));
        assert_eq!(pace.wrong(same, at(1_010)), Ok(true));
        assert_eq!(pace.allow(one, at(1_020)), Err(Duration::from_secs(40)));
        assert_eq!(pace.allow(other, at(1_020)), Ok(()));
        assert_eq!(pace.wrong(other, at(1_020)), Ok(false));
        assert_eq!(pace.wrong(other, at(1_030)), Err(Duration::from_secs(30)));
        assert_eq!(pace.allow(other, at(1_030)), Ok(()), "whoever has the right link still gets there");
        assert_eq!(pace.allow(one, at(1_060)), Ok(()));
        assert_eq!(pace.wrong(one, at(900)), Ok(false), "a clock that is set back begins a new minute");
    }
}
