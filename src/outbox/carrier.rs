//! The seam between the outbox and whoever carries a parcel (`transport::client` for RID, `notify` for people).

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::ids::CallbackToken;
use crate::store::records::{Parcel, ParcelKind};
use crate::store::{Batch, StoreError};

/// What a carrier takes along.
#[derive(Clone, Debug)]
pub struct Load {
    /// The parcel as claimed.
    pub parcel: Parcel,
    /// The bytes of its message.
    pub bytes: Bytes,
}

/// What the other side answered to what it took: for a RID message the HTTP response, for a notice a word of the channel.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status: 200 or 202; 200 for a notice.
    pub status: u16,
    /// The token of a 202.
    pub token: Option<CallbackToken>,
    /// The RID message of a 200; empty if there is none.
    pub body: Bytes,
    /// The address that answered.
    pub remote: Option<String>,
    /// What an administrator should read about the delivery, in a few words; kept with the parcel.
    pub note: Option<String>,
}

impl Reply {
    /// The channel took a notice; `note` says who took it, or why nobody did.
    pub fn noted(note: impl Into<String>) -> Self {
        Self { status: 200, token: None, body: Bytes::new(), remote: None, note: Some(note.into()) }
    }
}

/// How a try ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The other side has it.
    Delivered(Reply),
    /// It did not get there, or the other side cannot take it now.
    Later {
        /// In words an administrator can act on.
        why: String,
        /// When the other side asks us to come again, if it says.
        after: Option<Duration>,
    },
    /// The other side refuses it, and would again.
    Refused {
        /// In words an administrator can act on.
        why: String,
        /// The RID message that came along, if any: an Acknowledgement with its Justification.
        reply: Option<Reply>,
    },
}

/// Someone who carries parcels of one kind.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// The kind it carries.
    fn kind(&self) -> ParcelKind;

    /// Carries one parcel to its recipient and says how it ended. Has time limits of its own, and never panics.
    async fn carry(&self, load: &Load) -> Outcome;
}

/// Whoever reads what came back: the exchange. The worker adds the parcel's new state and commits both at once.
#[async_trait]
pub trait Replies: Send + Sync + 'static {
    /// What the reply to this parcel changes. An improper reply changes nothing, and is logged and counted. Parcels of every
    /// kind are told.
    ///
    /// # Errors
    /// If the store cannot be read; the parcel is then tried again.
    async fn enter(&self, load: &Load, reply: &Reply) -> Result<Entered, StoreError>;

    /// What follows from the parcel having been refused for good or having expired, and from the reply that came with the
    /// refusal, if one did.
    ///
    /// # Errors
    /// If the store cannot be read; the parcel is then tried again.
    async fn given_up(&self, load: &Load, reply: Option<&Reply>, why: &str) -> Result<Entered, StoreError>;
}

/// What follows from the end of a try.
#[derive(Default)]
pub struct Entered {
    /// What is to be committed with the parcel's new state.
    pub batch: Batch,
    /// What is held until that is committed; it is dropped if that fails, and the same is asked again.
    pub hold: Option<Box<dyn Hold>>,
}

impl From<Batch> for Entered {
    fn from(batch: Batch) -> Self {
        Self { batch, hold: None }
    }
}

/// Something that is held while a batch is being made and committed: a lock, what will be remembered. Dropping it without
/// telling it of the commit undoes it.
pub trait Hold: Send + Sync {
    /// The batch has its place in the line: what others put there from now on comes after it.
    fn queued(&mut self) {}

    /// The batch is committed.
    fn committed(self: Box<Self>);
}
