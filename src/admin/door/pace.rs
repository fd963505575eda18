//! How fast somebody may guess: after some failures each further try must wait, longer and longer, by name and by address.
//! Nobody is locked out for good, and whoever gets in once is held up no more by what others try with that name.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// Names and addresses remembered at most.
const KEYS: usize = 10_000;

/// Characters of a name that tell it from others here: a stranger is not to fill the memory with long ones.
const NAME: usize = 64;

/// After so long without a failure all is forgotten.
const FORGET: Duration = Duration::from_secs(3_600);

/// Whose failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// Tries with this name, from wherever.
    Name(String),
    /// Tries with this name from an address from which it has signed in before.
    Known(String, IpAddr),
    /// Tries from this address, with whatever name.
    Address(IpAddr),
}

impl Key {
    /// Failures without any wait, and the longest wait.
    fn measure(&self) -> (u32, Duration) {
        match self {
            // Guessers elsewhere hold a name up for as long as they go on: not for long, then.
            Self::Name(_) => (5, Duration::from_secs(30)),
            Self::Known(..) => (5, Duration::from_secs(300)),
            Self::Address(_) => (10, Duration::from_secs(300)),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
    until: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    failures: HashMap<Key, Failures>,
    known: HashSet<(String, IpAddr)>,
}

/// The failures of late.
#[derive(Debug, Default)]
pub(super) struct Pace {
    state: Mutex<State>,
}

impl Pace {
    /// A try: it counts as failed until [`Pace::succeeded`], so that tries made at the same time count, too.
    ///
    /// # Errors
    /// How long the next try must wait.
    pub(super) fn attempt(&self, name: &str, from: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(&state, name, from);
        let waits = keys.iter().filter_map(|key| state.failures.get(key)).map(|failures| failures.until.since(now));
        let wait = waits.max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait);
        }
        for key in keys {
            let (free, most) = key.measure();
            let before = state.failures.get(&key).filter(|before| now.since(before.last) < FORGET);
            let count = before.map_or(0, |before| before.count).saturating_add(1);
            let exponent = count.saturating_sub(free).min(20);
            let wait = if count > free { Duration::from_secs(1 << (exponent - 1)).min(most) } else { Duration::ZERO };
            make_room(&mut state.failures, now);
            state.failures.insert(key, Failures { count, last: now, until: now + wait });
        }
        Ok(())
    }

    /// The try was a success.
    pub(super) fn succeeded(&self, name: &str, from: IpAddr) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(&state, name, from) {
            state.failures.remove(&key);
        }
        if state.known.len() >= KEYS {
            state.known.clear();
        }
        state.known.insert((folded(name), network(from)));
    }
}

fn keys(state: &State, name: &str, from: IpAddr) -> [Key; 2] {
    let from = network(from);
    let name = folded(name);
    let named = if state.known.contains(&(name.clone(), from)) { Key::Known(name, from) } else { Key::Name(name) };
    [named, Key::Address(from)]
}

fn folded(name: &str) -> String {
    name.chars().take(NAME).flat_map(char::to_lowercase).collect()
}

/// Who has one IPv6 address has the 2^64 beside it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn make_room(failures: &mut HashMap<Key, Failures>, now: Timestamp) {
    if failures.len() < KEYS {
        return;
    }
    failures.retain(|_, failures| now.since(failures.last) < FORGET);
    if failures.len() >= KEYS {
        // Somebody tries name after name: those that wait must go on waiting, the others may begin anew.
        failures.retain(|_, failures| failures.until > now);
    }
    if failures.len() >= KEYS {
        // All wait: the one that waits shortest gives way.
        let shortest = failures.iter().min_by_key(|(_, failures)| failures.until).map(|(key, _)| key.clone());
        shortest.map(|key| failures.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_long_name_takes_no_room_and_many_take_no_more() {
        let (pace, from) = (Pace::default(), IpAddr::from([192, 0, 2, 1]));
        pace.attempt(&"Ä".repeat(8_000), from, Timestamp::default()).unwrap();
        let state = pace.state.lock().unwrap();
        let Some(Key::Name(name)) = state.failures.keys().find(|key| matches!(key, Key::Name(_))) else { panic!() };
        assert_eq!(*name, "ä".repeat(NAME));
        drop(state);
        let mut failures = HashMap::new();
        let waits = |count| Failures { count, last: at(0), until: at(i64::from(count) + 1) };
        for count in 0..KEYS as u32 {
            failures.insert(Key::Name(count.to_string()), waits(count));
        }
        make_room(&mut failures, at(0));
        assert_eq!(failures.len(), KEYS - 1);
        assert!(!failures.contains_key(&Key::Name("0".to_owned())), "it waited shortest");
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn there(number: u8) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 3, number))
    }

    #[test]
    fn guessing_becomes_slower_and_never_stops() {
        let pace = Pace::default();
        let mut waits = Vec::new();
        let mut now = at(0);
        for _ in 0..30 {
            while let Err(wait) = pace.attempt("ann", HERE, now) {
                waits.push(wait.as_secs());
                now = now + wait;
            }
        }
        assert_eq!(waits[..6], [1, 2, 4, 8, 16, 30], "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= 300), "{waits:?}");
        pace.succeeded("ann", HERE);
        pace.attempt("ann", HERE, now).unwrap();
    }

    #[test]
    fn a_name_is_paced_from_everywhere_but_for_whoever_is_known_there() {
        let pace = Pace::default();
        pace.attempt("ann", HERE, at(0)).unwrap();
        pace.succeeded("ann", HERE);
        for number in 0..6 {
            pace.attempt("ann", there(number), at(1)).unwrap();
        }
        assert!(pace.attempt("ANN", there(7), at(1)).is_err(), "whatever the case of letters");
        pace.attempt("bob", there(7), at(1)).unwrap();
        pace.attempt("ann", HERE, at(1)).unwrap();
    }

    #[test]
    fn tries_at_the_same_time_count() {
        let pace = Pace::default();
        let tries = (0..100).filter(|_| pace.attempt("ann", HERE, at(5)).is_ok()).count();
        assert_eq!(tries, 6);
    }

    #[test]
    fn an_address_is_paced_with_whatever_name() {
        let pace = Pace::default();
        let tries = (0..100).filter(|number| pace.attempt(&format!("name {number}"), HERE, at(5)).is_ok()).count();
        assert_eq!(tries, 11);
        let [one, other] = ["2001:db8::1", "2001:db8::2"].map(|text| network(text.parse().unwrap()));
        assert_eq!(one, other);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let pace = Pace::default();
        for number in 0..30_000_u32 {
            let _ = pace.attempt(&number.to_string(), IpAddr::V4(number.into()), at(9));
        }
        assert!(pace.state.lock().unwrap().failures.len() <= KEYS + 1);
    }
}
