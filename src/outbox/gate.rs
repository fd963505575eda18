//! Recipients that fail: while one does, it is tried with one parcel at a time and ever less often, whatever else waits
//! for it. What is known here is lost with the process, which only means that the recipient is tried once more.

use std::collections::HashMap;
use std::time::Duration;

use super::Backoff;
use super::backoff::seed;
use crate::clock::Timestamp;

/// No recipient can ask us to leave it alone for longer.
pub(super) const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);

/// What is known of one recipient that failed at its last try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gate {
    /// How many tries have failed since the last success.
    pub(super) failures: i64,
    /// Nothing is tried before.
    pub(super) until: Timestamp,
    /// What came of the last try.
    pub(super) why: String,
}

/// All recipients that failed at their last try.
#[derive(Debug, Default)]
pub(super) struct Gates(HashMap<String, Gate>);

impl Gates {
    /// What is known of a recipient, if it failed at its last try.
    pub(super) fn of(&self, recipient: &str) -> Option<&Gate> {
        self.0.get(recipient)
    }

    /// The recipient answered: it is tried freely again.
    pub(super) fn open(&mut self, recipient: &str) {
        self.0.remove(recipient);
    }

    /// The recipient failed: the next try comes later than the one before, or when it asks for it.
    pub(super) fn shut(
        &mut self,
        recipient: &str,
        backoff: &Backoff,
        now: Timestamp,
        asked: Option<Timestamp>,
        why: &str,
    ) {
        let failures = self.0.get(recipient).map_or(0, |gate| gate.failures) + 1;
        let until = backoff
            .next_try(failures, now, seed(recipient, failures))
            .max(asked.unwrap_or(now).min(now + LONGEST_ASKED));
        self.0.insert(recipient.to_owned(), Gate { failures, until, why: why.to_owned() });
    }

    /// Someone knows better: the next try may come at once, still with one parcel.
    pub(super) fn ajar(&mut self, recipient: &str, now: Timestamp) {
        if let Some(gate) = self.0.get_mut(recipient) {
            gate.until = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_that_fails_is_tried_ever_less_often_until_it_answers() {
        let backoff = Backoff::new(Duration::from_secs(1), 2, Duration::from_secs(60), 0).unwrap();
        let now = Timestamp::from_micros(0);
        let mut gates = Gates::default();
        for expected in [1, 2, 4] {
            gates.shut("a", &backoff, now, None, "nobody listens");
            assert_eq!(gates.of("a").unwrap().until, now + Duration::from_secs(expected));
        }
        gates.shut("a", &backoff, now, Some(now + Duration::from_secs(300)), "busy");
        assert_eq!(gates.of("a").unwrap().until, now + Duration::from_secs(300));
        assert_eq!(gates.of("b"), None);
        gates.open("a");
        assert_eq!(gates.of("a"), None);
    }
}
