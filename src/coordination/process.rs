//! The seam between the exchange and the process of a significant event: what arrives, what became of what was sent, what
//! is asked, and the clock.
//!
//! The exchange calls it while it makes a batch, and tells the [`Step`] once that batch is committed. What a step holds (the
//! lock of an event, the state as it will be) it holds until then; dropped without having been told, it was for nothing,
//! and the same call can be made again.

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;

use super::service::Held;
use crate::clock::Timestamp;
use crate::envelope::{IncidentId, Justification, Opened};
use crate::ids::IncidentName;
use crate::inventory::InventoryError;
use crate::outbox::{Hold, Load, Reply};
use crate::peers::{MsgType, Peer};
use crate::store::lease::Fence;
use crate::store::records::{Message, Request};
use crate::store::{Batch, StoreError};

/// Why the process could not take part in a step; the batch is to be dropped.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log of an event cannot be followed.
    #[error("the log of {event} cannot be followed: {why}; run `ridd audit verify`")]
    Log {
        /// The event.
        event: String,
        /// What is wrong, and with which entry.
        why: String,
    },
    /// There is no such event.
    #[error("there is no event {event}: see `ridd event list`")]
    NoSuchEvent {
        /// The event as given.
        event: String,
    },
    /// Others kept changing the same records.
    #[error("the records of {event} were changed by others {tries} times in a row: try again")]
    Contended {
        /// The event.
        event: String,
        /// How often it was tried.
        tries: usize,
    },
    /// The inventory failed.
    #[error("the inventory cannot be asked: {why}")]
    Inventory {
        /// Why.
        why: String,
    },
}

impl From<InventoryError> for ProcessError {
    fn from(error: InventoryError) -> Self {
        match error {
            InventoryError::Store(error) => Self::Store(error),
            other => Self::Inventory { why: other.to_string() },
        }
    }
}

/// Who lets the process act on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling<'a> {
    /// The rights of the peer.
    Rights,
    /// An operator, by approving the message that was held.
    Approved {
        /// The operator.
        by: &'a str,
    },
    /// An operator has denied it.
    Denied {
        /// The operator.
        by: &'a str,
    },
}

/// A message that arrived and may be acted on.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// Its record as far as it is made: it is filed under this id.
    pub message: &'a Message,
    /// The peer it came from, with its relation.
    pub peer: &'a Peer,
    /// Its type.
    pub msg_type: MsgType,
    /// What it names, by RIDPolicy or by its document.
    pub incident: Option<&'a IncidentId>,
    /// All that it says; its document is in there.
    pub opened: &'a Opened,
    /// The Request or Query of ours that it answers, as it was before.
    pub asked: Option<&'a Request>,
    /// Who lets us act on it.
    pub ruling: Ruling<'a>,
    /// When it had arrived, or was decided.
    pub at: Timestamp,
}

/// What the process makes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It belongs to no significant event: the exchange goes on by its own rules.
    Nothing,
    /// It is part of one. It is not relayed.
    Accepted,
    /// It opens one, if a person says so: a Request is answered Pending until then.
    Held {
        /// For staff.
        why: String,
    },
    /// It is refused.
    Denied {
        /// For the sender.
        justification: Justification,
        /// For staff.
        why: String,
    },
}

/// Where a significant event stands, as a document for a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The IODEF document.
    pub document: Bytes,
    /// Its restriction.
    pub restriction: Option<String>,
}

/// What one step holds until its batch is committed or dropped.
#[derive(Default)]
pub struct Step {
    /// The events that the step changes, or may change.
    pub(super) events: Vec<Held>,
    holds: Vec<Box<dyn Hold>>,
}

impl Step {
    /// A step that holds nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps this until the batch is committed or dropped.
    pub fn keep(&mut self, hold: Box<dyn Hold>) {
        self.holds.push(hold);
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty() && self.events.is_empty()
    }

    /// The batch is in the line of the store: others may build on what it will change.
    pub fn queued(&mut self) {
        self.events.iter_mut().for_each(Held::queued);
        self.holds.iter_mut().for_each(|hold| hold.queued());
    }

    /// The batch is committed.
    pub fn committed(self) {
        for held in self.events {
            held.committed();
        }
        for hold in self.holds {
            hold.committed();
        }
    }
}

impl Hold for Step {
    fn queued(&mut self) {
        Self::queued(self);
    }

    fn committed(self: Box<Self>) {
        Self::committed(*self);
    }
}

/// The process of significant events, as the exchange and the daemon see it.
///
/// The calls of one step share its [`Step`] and its batch; a later call sees what an earlier one has done.
#[async_trait]
pub trait Process: Send + Sync + 'static {
    /// A message arrived that may be acted on. Adds what follows from it to the batch.
    ///
    /// # Errors
    /// If the process cannot take part; the batch is to be dropped then.
    async fn arrived(&self, step: &mut Step, batch: &mut Batch, arrived: &Arrived<'_>) -> Result<Taken, ProcessError>;

    /// The other side has taken a parcel: a message of ours, or a notice.
    ///
    /// # Errors
    /// If the process cannot take part; the batch is to be dropped then.
    async fn delivered(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        load: &Load,
        reply: &Reply,
    ) -> Result<(), ProcessError>;

    /// A parcel was refused for good, or has expired.
    ///
    /// # Errors
    /// If the process cannot take part; the batch is to be dropped then.
    async fn given_up(&self, step: &mut Step, batch: &mut Batch, load: &Load, why: &str) -> Result<(), ProcessError>;

    /// Where a significant event stands, in answer to a Query of that peer; nothing if the incident belongs to none, or the
    /// peer has no part in it.
    ///
    /// # Errors
    /// If the process cannot say.
    async fn query(&self, asker: &Peer, incident: &IncidentName) -> Result<Option<Standing>, ProcessError>;

    /// Does what is due at `now`, and says when the next thing is due. What fails is logged and is due again. With a fence,
    /// nothing is done any more once the clock has passed to another node.
    async fn tick(&self, now: Timestamp, fence: Option<&Fence>) -> Option<Timestamp>;

    /// Rung when something new is due, or something due earlier.
    fn bell(&self) -> &Notify;
}

/// A process that takes part in nothing: for nodes and tests without significant events.
#[derive(Debug, Default)]
pub struct Idle(Notify);

#[async_trait]
impl Process for Idle {
    async fn arrived(&self, _: &mut Step, _: &mut Batch, _: &Arrived<'_>) -> Result<Taken, ProcessError> {
        Ok(Taken::Nothing)
    }

    async fn delivered(&self, _: &mut Step, _: &mut Batch, _: &Load, _: &Reply) -> Result<(), ProcessError> {
        Ok(())
    }

    async fn given_up(&self, _: &mut Step, _: &mut Batch, _: &Load, _: &str) -> Result<(), ProcessError> {
        Ok(())
    }

    async fn query(&self, _: &Peer, _: &IncidentName) -> Result<Option<Standing>, ProcessError> {
        Ok(None)
    }

    async fn tick(&self, _: Timestamp, _: Option<&Fence>) -> Option<Timestamp> {
        None
    }

    fn bell(&self) -> &Notify {
        &self.0
    }
}
