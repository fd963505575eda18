//! Fenced leases: a duty that one process at a time does, such as the clock of a significant event.
//!
//! A holder that was away too long (stopped, cut off) may believe that it still holds a duty which has passed to
//! another. So [`Held::guard`] puts the lease itself among the preconditions of every batch that the duty writes: the
//! batch of a holder that is none any longer changes nothing. On one node this is a formality; several nodes that share
//! a store need it.

use std::sync::Arc;
use std::time::Duration;

use super::records::Lease;
use super::{Batch, Precondition, Record, Store, StoreError, Value};
use crate::clock::Timestamp;

/// A duty that we hold, or held when we last asked.
#[derive(Debug)]
pub struct Held {
    lease: Lease,
    revision: i64,
}

impl Held {
    /// The fencing number: whoever holds the duty later has a higher one.
    pub fn fence(&self) -> i64 {
        self.lease.fence
    }

    /// Until when it is held.
    pub fn until(&self) -> Timestamp {
        self.lease.until
    }

    /// Makes the batch change nothing unless the duty is still ours when it is committed.
    pub fn guard(&self, batch: &mut Batch) {
        let key = vec![Value::Text(self.lease.name.clone())];
        batch.preconditions.push(Precondition::Revision { table: Lease::TABLE, key, revision: self.revision });
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
        self.write(store).await
    }

    /// Gives the duty back, so that another need not wait for its end. It makes no difference if it has passed already.
    ///
    /// # Errors
    /// If the store cannot be written; the lease then ends at its time.
    pub async fn release(mut self, store: &Arc<dyn Store>, now: Timestamp) -> Result<(), StoreError> {
        self.lease.until = now;
        self.write(store).await.map(drop)
    }

    async fn write(self, store: &Arc<dyn Store>) -> Result<Option<Self>, StoreError> {
        let mut batch = Batch::new();
        batch.update(&self.lease, self.revision);
        match store.commit(batch).await {
            Ok(()) => Ok(Some(Self { lease: self.lease, revision: self.revision + 1 })),
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }
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
    let found = store.find_revised::<Lease>(vec![Value::Text(name.to_owned())]).await?;
    let fence = match &found {
        Some((lease, _)) if lease.until > now && lease.holder != holder => return Ok(None),
        Some((lease, _)) => lease.fence + 1,
        None => 1,
    };
    let lease = Lease { name: name.to_owned(), holder: holder.to_owned(), fence, until: now + span };
    let Some((_, revision)) = found else {
        let mut batch = Batch::new();
        batch.insert(&lease);
        return match store.commit(batch).await {
            Ok(()) => Ok(Some(Held { lease, revision: 1 })),
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(other) => Err(other),
        };
    };
    Held { lease, revision }.write(store).await
}
