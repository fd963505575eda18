//! The workers that send from one store, and which of them goes first to whom.
//!
//! Any worker may claim any parcel; the claim's revision sees to it that one does. But if all of them went for the heads of
//! the same queues, most claims would be lost races. So each recipient is dealt to one of the workers that are alive (the
//! one whose name and the recipient's hash highest together), and the others leave it alone for [`PATIENCE`]. They need not
//! agree on who is alive: whoever is wrong loses a race, or is a moment late.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::backoff::seed;
use crate::clock::Timestamp;

/// So long a parcel that is due is left to the worker that its recipient is dealt to.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// The processes that send from one store, as one of them knows them.
#[derive(Debug)]
pub struct Crew {
    own: String,
    others: RwLock<Vec<String>>,
}

impl Crew {
    /// The crew of the process of that name, which is its alone; it knows of no others yet.
    pub fn new(own: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { own: own.into(), others: RwLock::default() })
    }

    /// The name of this process: the holder of its claims.
    pub fn own(&self) -> &str {
        &self.own
    }

    /// These are the others that are alive.
    pub fn meet(&self, others: Vec<String>) {
        *self.others.write().unwrap_or_else(PoisonError::into_inner) = others;
    }

    /// Whether this process goes first to that recipient.
    pub(super) fn goes_first(&self, recipient: &str) -> bool {
        let weight = |name: &str| (super::backoff::scatter(seed(recipient, 0) ^ seed(name, 1)), name.to_owned());
        let own = weight(&self.own);
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        others.iter().all(|other| weight(other) <= own)
    }
}

/// How one worker stands to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// There is no other worker, and all claims on its parcels are our own.
    Alone,
    /// There is no other worker, but a try of ours has left a claim behind.
    Recovering,
    /// We go first.
    First,
    /// Another goes first.
    Second,
}

impl Part {
    /// Whether there may be claims that are not under way here.
    pub(super) fn has_claims(self) -> bool {
        self != Self::Alone
    }

    /// When something may be taken that is free from that time on.
    pub(super) fn from(self, free: Timestamp) -> Timestamp {
        if self == Self::Second { free + PATIENCE } else { free }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_is_dealt_to_one_and_the_dead_get_none() {
        let names = ["north/1", "south/2", "west/3"];
        let crews = names.map(|own| {
            let crew = Crew::new(own);
            crew.meet(names.iter().filter(|name| **name != own).map(|name| (*name).to_owned()).collect());
            crew
        });
        let mut dealt = [0_usize; 3];
        for number in 0..300 {
            let recipient = format!("unit{number}.example.org");
            let first: Vec<usize> = (0..3).filter(|at| crews[*at].goes_first(&recipient)).collect();
            assert_eq!(first.len(), 1, "{recipient}");
            dealt[first[0]] += 1;
        }
        assert!(dealt.iter().all(|count| *count > 60), "{dealt:?}");
        crews[0].meet(Vec::new());
        assert!((0..300).all(|number| crews[0].goes_first(&format!("unit{number}.example.org"))));
    }
}
