//! One try of one parcel: claim it, load it, carry it, commit what came of it.
//!
//! Killed between any two of these steps, the store shows either the parcel waiting, or claimed by a process that is no
//! more (it is then taken back and tried again), or the outcome with everything that follows from it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tracing::{debug, info, warn};

use super::backoff::seed;
use super::gate::LONGEST_ASKED;
use super::queue::{self, Revised};
use super::{Carrier, Entered, Load, Outbox, OutboxError, Outcome, Replies};
use crate::clock::Timestamp;
use crate::store::records::{Body, Parcel, ParcelKind, ParcelState};
use crate::store::{Batch, Change, Column, Record, StoreError};

/// The pause after the store has failed, before it is asked again.
pub(super) const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What a try taught about the recipient.
#[derive(Debug)]
pub(super) enum Lesson {
    /// It answered.
    Answers,
    /// It failed, for this reason and at that time, and is to be left alone until then if it said so.
    Fails { why: String, at: Timestamp, asked: Option<Timestamp> },
    /// Nothing was learned: someone else has the parcel, or it was given up without a try.
    Nothing,
    /// Nothing was learned: another process has the parcel, or has it in hand; its lane is left alone for a moment, and
    /// others of the recipient need not wait for that.
    Elsewhere,
    /// Nothing was learned: another process has the parcel before; the queue is to be looked at again in a moment.
    Later,
    /// Our own store failed; the queue is to be looked at again after a pause.
    StoreFails,
}

/// What it takes to make a try. One per worker, shared by its tasks.
pub(super) struct Courier {
    pub(super) outbox: Arc<Outbox>,
    pub(super) carriers: HashMap<ParcelKind, Arc<dyn Carrier>>,
    pub(super) replies: Arc<dyn Replies>,
    pub(super) holder: String,
    /// Whether other processes send from the same store.
    pub(super) beside_others: bool,
}

/// Whether the change writes a parcel: what came back may make us send something on.
fn is_parcel(change: &Change) -> bool {
    matches!(change, Change::Put { table, .. } if table.name == Parcel::TABLE.name)
}

impl Courier {
    /// Makes one try of the parcel as it was read at that revision.
    pub(super) async fn attempt(&self, (parcel, revision): Revised) -> Lesson {
        let id = parcel.id.clone();
        match self.try_once(parcel, revision).await {
            Ok(lesson) => lesson,
            Err(StoreError::Conflict { .. }) => {
                debug!(parcel = %id, "the parcel has changed meanwhile; it is left to whoever changed it");
                if self.beside_others { Lesson::Elsewhere } else { Lesson::Nothing }
            }
            Err(error) => {
                warn!(parcel = %id, %error, "the store fails; the parcel is tried later");
                Lesson::StoreFails
            }
        }
    }

    async fn try_once(&self, mut parcel: Parcel, revision: i64) -> Result<Lesson, StoreError> {
        let now = self.outbox.clock.now();
        if parcel.expires <= now {
            return self.expire(parcel, revision).await;
        }
        let claim = self.outbox.config.claim;
        parcel.state = ParcelState::Claimed;
        parcel.holder = Some(self.holder.clone());
        parcel.held_until = Some(now + claim);
        parcel.attempts += 1;
        let mut batch = Batch::new();
        batch.claim(&parcel, revision);
        self.outbox.store.commit(batch).await?;
        if self.beside_others && queue::stands_behind(&*self.outbox.store, &parcel).await? {
            return self.put_back(parcel, revision + 1).await;
        }
        let Some(load) = self.load(&parcel).await? else {
            let load = Load { parcel, bytes: Bytes::new() };
            let outcome = Outcome::Refused { why: "its message is not in the store any more".into(), reply: None };
            return self.settle(&load, revision + 1, outcome).await;
        };
        let outcome = match self.carriers.get(&load.parcel.kind) {
            None => Outcome::Later { why: format!("no carrier for {} is configured", load.parcel.kind), after: None },
            Some(carrier) => {
                let limit = claim - claim / 4;
                tokio::time::timeout(limit, carrier.carry(&load)).await.unwrap_or_else(|_| Outcome::Later {
                    why: format!("no end after {limit:?}: the try was broken off"),
                    after: None,
                })
            }
        };
        self.settle(&load, revision + 1, outcome).await
    }

    /// Gives up the claim on a parcel whose turn it is not yet.
    async fn put_back(&self, mut parcel: Parcel, revision: i64) -> Result<Lesson, StoreError> {
        debug!(parcel = %parcel.id, "it is not its turn: another has the one before");
        parcel.state = ParcelState::Waiting;
        parcel.holder = None;
        parcel.held_until = None;
        parcel.attempts -= 1;
        let mut batch = Batch::new();
        batch.update(&parcel, revision);
        self.outbox.store.commit(batch).await?;
        Ok(Lesson::Later)
    }

    /// The parcel with its bytes, or `None` if they are gone.
    async fn load(&self, parcel: &Parcel) -> Result<Option<Load>, StoreError> {
        let bytes = match &parcel.message {
            None => Bytes::new(),
            Some(message) => match self.outbox.store.find::<Body>(vec![message.to_value()]).await? {
                Some(body) => Bytes::from(body.bytes),
                None => return Ok(None),
            },
        };
        Ok(Some(Load { parcel: parcel.clone(), bytes }))
    }

    /// Gives up a parcel whose time is over.
    async fn expire(&self, parcel: Parcel, revision: i64) -> Result<Lesson, StoreError> {
        let tries = parcel.attempts;
        let last = parcel.reason.as_deref().unwrap_or("it was never its turn");
        let why = format!("expired after {tries} tries; the last: {last}");
        let load = match self.load(&parcel).await? {
            Some(load) => load,
            None => Load { parcel, bytes: Bytes::new() },
        };
        self.settle(&load, revision, Outcome::Refused { why, reply: None }).await?;
        Ok(Lesson::Nothing)
    }

    /// Commits the outcome with what follows from it. While the store fails, this goes on trying for as long as the
    /// claim lasts; what cannot be committed by then is a try that never was, and is made again.
    async fn settle(&self, load: &Load, revision: i64, outcome: Outcome) -> Result<Lesson, StoreError> {
        loop {
            let failed = match self.settled(load, revision, &outcome).await {
                Ok(lesson) => return Ok(lesson),
                Err(error) => error,
            };
            let now = self.outbox.clock.now();
            let ours = match queue::parcel(&*self.outbox.store, &load.parcel.id).await {
                Ok((_, found)) => found == revision,
                Err(OutboxError::Unknown { .. }) => false,
                Err(_) => true,
            };
            if !ours || load.parcel.held_until.is_none_or(|until| until <= now) {
                return Err(failed);
            }
            let conflict = matches!(failed, StoreError::Conflict { .. });
            warn!(parcel = %load.parcel.id, error = %failed, "the outcome is not committed yet; trying again");
            tokio::time::sleep(if conflict { Duration::from_millis(20) } else { STORE_PAUSE }).await;
        }
    }

    /// The outcome as one batch, committed.
    async fn settled(&self, load: &Load, revision: i64, outcome: &Outcome) -> Result<Lesson, StoreError> {
        let now = self.outbox.clock.now();
        let mut parcel = load.parcel.clone();
        parcel.holder = None;
        parcel.held_until = None;
        let mut entered = Entered::default();
        let lesson = match outcome {
            Outcome::Delivered(reply) => {
                entered = self.replies.enter(load, reply).await?;
                parcel.state = ParcelState::Delivered;
                parcel.due = now;
                let status = || format!("taken by the other side with status {}", reply.status);
                parcel.reason = Some(reply.note.clone().unwrap_or_else(status));
                Lesson::Answers
            }
            Outcome::Later { why, after } => {
                let asked = after.map(|pause| now + pause.min(LONGEST_ASKED));
                let pause_ends =
                    self.outbox.backoff.next_try(parcel.attempts, now, seed(parcel.id.as_str(), parcel.attempts));
                parcel.state = ParcelState::Waiting;
                parcel.due = asked.map_or(pause_ends, |asked| asked.max(pause_ends));
                parcel.reason = Some(why.clone());
                Lesson::Fails { why: why.clone(), at: now, asked }
            }
            Outcome::Refused { why, reply } => {
                entered = self.replies.given_up(load, reply.as_ref(), why).await?;
                parcel.state = ParcelState::Dead;
                parcel.due = now;
                parcel.reason = Some(why.clone());
                Lesson::Answers
            }
        };
        let Entered { mut batch, mut hold } = entered;
        let posts = batch.changes.iter().any(is_parcel);
        batch.update(&parcel, revision);
        let committing = self.outbox.store.enqueue(batch).await?;
        if let Some(hold) = &mut hold {
            hold.queued();
        }
        committing.await?;
        if let Some(hold) = hold {
            hold.committed();
        }
        if posts {
            self.outbox.wake();
        }
        let word = match outcome {
            Outcome::Delivered(_) => "delivered",
            Outcome::Later { .. } => "later",
            Outcome::Refused { .. } => "refused",
        };
        self.outbox.metrics.tried(parcel.kind.as_str(), word);
        self.tell(&parcel);
        Ok(lesson)
    }

    /// Logs where the parcel stands now, and counts it out if it has left.
    fn tell(&self, parcel: &Parcel) {
        let Parcel { id, recipient, attempts, .. } = parcel;
        let why = parcel.reason.as_deref().unwrap_or_default();
        match parcel.state {
            ParcelState::Waiting => {
                info!(parcel = %id, to = %recipient, attempts, next = %parcel.due, why, "not delivered yet")
            }
            ParcelState::Dead => {
                warn!(parcel = %id, to = %recipient, attempts, why, "given up: moved to the dead letters")
            }
            state => debug!(parcel = %id, to = %recipient, attempts, %state, "done"),
        }
        if parcel.state != ParcelState::Waiting {
            self.outbox.counts.left(parcel.kind, recipient, parcel.state == ParcelState::Dead);
        }
    }
}
