//! Who has been called about one thing, and what became of it.

use crate::clock::Timestamp;
use crate::ids::MessageId;
use crate::store::records::ParcelKind;
use crate::store::worded;

worded! {
    /// What became of one notice.
    pub enum TryFate: "fate of a notice" {
        /// It is in the outbox.
        Waiting = "waiting",
        /// The channel took it.
        Delivered = "delivered",
        /// The channel did not take it.
        Failed = "failed",
        /// The person answered it.
        Answered = "answered",
    }
}

/// One notice to one person.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Try {
    /// The notice.
    pub notice: MessageId,
    /// The person.
    pub person: String,
    /// On which channel.
    pub channel: ParcelKind,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub fate: TryFate,
}

/// Who has been called about one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Call {
    /// The notices in the order of calling, of all rounds.
    pub tries: Vec<Try>,
    /// Who answered, and when.
    pub answered: Option<(Timestamp, String)>,
    /// When everybody had been called without an answer; the next round comes after the quiet time.
    pub exhausted: Option<Timestamp>,
    /// Where this round begins in `tries`.
    pub round: usize,
    /// Whether nobody needs to be called any more: what it was about is settled.
    pub settled: bool,
}

impl Call {
    /// Whether somebody is still to be reached.
    pub fn is_open(&self) -> bool {
        self.answered.is_none() && !self.settled
    }

    /// The notices of this round.
    pub fn this_round(&self) -> &[Try] {
        self.tries.get(self.round..).unwrap_or_default()
    }
}
