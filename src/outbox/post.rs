//! Putting parcels into the outbox, and the handle that everyone else holds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use super::counts::Counts;
use super::gate::Gates;
use super::{Backoff, BadConfig, Config, OutboxError, sweep};
use crate::clock::{Clock, Timestamp};
use crate::ids::{CallbackToken, IncidentName, MessageId, ParcelId, PeerName};
use crate::store::records::{Parcel, ParcelKind, ParcelState};
use crate::store::{Batch, Store, StoreError};
use crate::telemetry::Metrics;

/// What is to leave.
#[derive(Clone, Debug)]
pub struct NewParcel {
    /// Its carrier.
    pub kind: ParcelKind,
    /// Whom it goes to: a peer's name, or a person's address on the carrier.
    pub recipient: String,
    /// What it is about: what is about the same thing and goes to the same recipient is delivered in the order of
    /// making. `None`: it may overtake and be overtaken.
    pub about: Option<String>,
    /// The message whose bytes it carries; its `Body` must be in the store when the parcel is.
    pub message: Option<MessageId>,
    /// The token to send along, if it is a callback.
    pub token: Option<CallbackToken>,
    /// Where it goes instead of the peer's usual address.
    pub address: Option<String>,
    /// How long to wait before the first try.
    pub delay: Duration,
    /// After how long it is given up, if not after the configured time.
    pub expiry: Option<Duration>,
}

impl NewParcel {
    /// A RID message to a peer, at once, in order with all that goes to that peer about that incident.
    pub fn rid(peer: &PeerName, incident: Option<&IncidentName>, message: MessageId) -> Self {
        Self {
            kind: ParcelKind::Rid,
            recipient: peer.to_string(),
            about: incident.map(ToString::to_string),
            message: Some(message),
            token: None,
            address: None,
            delay: Duration::ZERO,
            expiry: None,
        }
    }

    /// As a callback: with the token, to the address that the request came from (RFC 6546 §3).
    #[must_use]
    pub fn callback(mut self, token: CallbackToken, address: Option<String>) -> Self {
        self.token = Some(token);
        self.address = address;
        self
    }
}

/// The outbox as others see it. One per store and process; shared by reference.
pub struct Outbox {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: Config,
    pub(super) metrics: Arc<Metrics>,
    pub(super) backoff: Backoff,
    /// Rung when there may be something new to send.
    pub(super) bell: Notify,
    /// How many parcels wait for whom.
    pub(super) counts: Counts,
    /// What the worker has learned about recipients that fail.
    pub(super) gates: Mutex<Gates>,
}

impl Outbox {
    /// The outbox over that store.
    ///
    /// # Errors
    /// The first fault of the settings; [`Config::faults`] tells all.
    pub fn new(
        store: Arc<dyn Store>,
        config: Config,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, BadConfig> {
        if let Some(fault) = config.faults().into_iter().next() {
            return Err(fault);
        }
        let backoff = config.backoff()?;
        Ok(Arc::new(Self {
            store,
            clock,
            backoff,
            config,
            counts: Counts::new(Arc::clone(&metrics)),
            metrics,
            bell: Notify::new(),
            gates: Mutex::default(),
        }))
    }

    /// Adds a parcel to the batch that explains it. Nothing leaves before that batch is committed; call
    /// [`Outbox::wake`] then.
    ///
    /// # Errors
    /// [`OutboxError::Full`] if too much waits for the recipient; the batch is as it was.
    pub fn post(&self, batch: &mut Batch, new: NewParcel) -> Result<ParcelId, OutboxError> {
        if let Err(waiting) = self.counts.add_within(new.kind, &new.recipient, self.config.waiting_per_recipient) {
            return Err(OutboxError::Full { recipient: new.recipient, waiting });
        }
        let now = self.clock.now();
        let parcel = new.into_parcel(now, self.config.expiry);
        let id = parcel.id.clone();
        batch.insert(&parcel);
        Ok(id)
    }

    /// Makes wait again what that holder has claimed, a process that is known to be dead: the former self of this one. How
    /// many parcels there were.
    ///
    /// # Errors
    /// If the store cannot be read or written; what is left runs out by itself.
    pub async fn take_back(&self, holder: &str) -> Result<usize, StoreError> {
        let count = sweep::take_back(self, Some(holder)).await?;
        if count > 0 {
            self.wake();
        }
        Ok(count)
    }

    /// Tells the worker that there may be something new: to be called after a batch with parcels was committed, here or by
    /// another node.
    pub fn wake(&self) {
        self.bell.notify_one();
    }
}

impl NewParcel {
    fn into_parcel(self, now: Timestamp, expiry: Duration) -> Parcel {
        let id = ParcelId::fresh();
        let lane = match &self.about {
            Some(about) => format!("{} {about}", self.recipient),
            None => format!("{} {id}", self.recipient),
        };
        Parcel {
            lane,
            id,
            kind: self.kind,
            recipient: self.recipient,
            message: self.message,
            token: self.token,
            address: self.address,
            state: ParcelState::Waiting,
            created: now,
            due: now + self.delay,
            expires: now + self.expiry.unwrap_or(expiry),
            attempts: 0,
            holder: None,
            held_until: None,
            reason: None,
        }
    }
}
