//! Fenced leases: a duty that one process at a time does, such as the clock of a significant event.
//!
//! A holder that was away too long (stopped, cut off) may believe that it still holds a duty which has passed to
//! another. So [`Held::guard`] puts the lease itself among the preconditions of every batch that the duty writes: the
//! batch of a holder that is none any longer changes nothing. On one node this is a formality; several nodes that share
//! a store need it.
//!
//! A duty has two rows. The first says who holds it until when and is written at each renewal; the second, its fence, is
//! written only when the duty passes on. Batches are guarded by the second, so that a renewal spoils none.

use std::sync::Arc;
use std::time::Duration;

use super::records::Lease;
use super::{Batch, Column, Precondition, Record, Store, StoreError};
use crate::clock::Timestamp;

/// What the name of a fence's row ends with.
const FENCE: &str = " (fence)";

/// What keeps a batch from changing anything once the duty has passed to another. It stays the same while the same holder
/// renews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    duty: String,
    /// How often the row of the fence was written.
    revision: i64,
    /// The number of the holder: whoever holds the duty later has a higher one.
    pub number: i64,
}

impl Fence {
    /// Makes the batch change nothing unless the duty is still with the same holder when it is committed.
    pub fn guard(&self, batch: &mut Batch) {
        let key = vec![fence_of(&self.duty).to_value()];
        batch.preconditions.push(Precondition::Revision { table: Lease::TABLE, key, revision: self.revision });
    }
}

/// A duty that we hold, or held when we last asked.
#[derive(Debug)]
pub struct Held {
    lease: Lease,
    revision: i64,
    fence: Fence,
}

impl Held {
    /// The fencing number: whoever holds the duty later has a higher one.
    pub fn fence(&self) -> i64 {
        self.lease.fence
    }

    /// What guards the batches of the duty.
    pub fn fencing(&self) -> Fence {
        self.fence.clone()
    }

    /// Until when it is held.
    pub fn until(&self) -> Timestamp {
        self.lease.until
    }

    /// Makes the batch change nothing unless the duty is still ours when it is committed.
    pub fn guard(&self, batch: &mut Batch) {
        self.fence.guard(batch);
    }

    /// Holds the duty for `span` from `now` on; `None` if it has passed to another.
    ///
    /// # Errors
    /// If the store cannot be read or written; the duty may then be held or not.
    pub async fn renew(
        mut self,
        store: &Arc<dyn Store>,
        now: Timestamp,
        span: Duration,
    ) -> Result<Option<Self>, StoreError> {
        self.lease.until = now + span;
        let mut batch = Batch::new();
        batch.update(&self.lease, self.revision);
        self.revision += 1;
        Ok(kept(store.commit(batch).await)?.then_some(self))
    }

    /// Gives the duty back, so that another need not wait for its end. It makes no difference if it has passed already.
    ///
    /// # Errors
    /// If the store cannot be written; the lease then ends at its time.
    pub async fn release(mut self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        // Past on every clock, also on one that goes wrong.
        self.lease.until = Timestamp::default();
        let mut batch = Batch::new();
        batch.update(&self.lease, self.revision);
        kept(store.commit(batch).await).map(drop)
    }
}

/// Whether the batch is committed; no if somebody else has written the lease.
fn kept(outcome: Result<(), StoreError>) -> Result<bool, StoreError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

fn fence_of(duty: &str) -> String {
    format!("{duty}{FENCE}")
}

/// Whether that is the row of a duty, and not that of its fence.
pub fn is_duty(lease: &Lease) -> bool {
    !lease.name.ends_with(FENCE)
}

/// The row of a duty with its revision, if anybody ever held it.
pub(super) async fn look(store: &Arc<dyn Store>, name: &str) -> Result<Option<(Lease, i64)>, StoreError> {
    store.find_revised::<Lease>(vec![name.to_owned().to_value()]).await
}

/// Takes the duty, whoever holds it, unless its row is not as it was `found` any more: `None` then.
pub(super) async fn take(
    store: &Arc<dyn Store>,
    name: &str,
    holder: &str,
    until: Timestamp,
    found: Option<(Lease, i64)>,
) -> Result<Option<Held>, StoreError> {
    let number = found.as_ref().map_or(1, |(lease, _)| lease.fence + 1);
    let lease = Lease { name: name.to_owned(), holder: holder.to_owned(), fence: number, until };
    let fence = Lease { name: fence_of(name), ..lease.clone() };
    let before = look(store, &fence.name).await?.map_or(0, |(_, revision)| revision);
    let mut batch = Batch::new();
    let revision = match found {
        Some((_, revision)) => {
            batch.update(&lease, revision);
            revision + 1
        }
        None => {
            batch.insert(&lease);
            1
        }
    };
    // Only whoever takes the duty writes this, and two cannot take it from the same holder.
    batch.put(&fence);
    let taken = kept(store.commit(batch).await)?;
    let fence = Fence { duty: name.to_owned(), revision: before + 1, number };
    Ok(taken.then_some(Held { lease, revision, fence }))
}

/// Takes the duty `name` for `holder` until `span` after `now`; `None` if another holds it.
///
/// Who already holds it takes it anew, with a higher fence: a process that was started again under the same name is
/// not the one before.
///
/// # Errors
/// If the store cannot be read or written.
pub async fn acquire(
    store: &Arc<dyn Store>,
    name: &str,
    holder: &str,
    now: Timestamp,
    span: Duration,
) -> Result<Option<Held>, StoreError> {
    let found = look(store, name).await?;
    match &found {
        Some((lease, _)) if lease.until > now && lease.holder != holder => Ok(None),
        _ => take(store, name, holder, now + span, found).await,
    }
}
