//! The exchange itself: what it holds, and how its batches are committed.

use std::sync::Arc;

use super::post::Post;
use crate::clock::Clock;
use crate::coordination::{Process, Step};
use crate::routing;
use crate::store::{Batch, Record, Scan, Store, StoreError};
use crate::telemetry::Metrics;

/// How often a batch is made again when others changed the same records meanwhile.
pub(super) const TRIES: usize = 16;

/// What an exchange is made of.
pub struct ExchangeParts {
    /// What writes our messages.
    pub post: Arc<Post>,
    /// Who takes up what belongs to a significant event.
    pub process: Arc<dyn Process>,
    /// The table `[routing]`.
    pub routing: routing::Config,
    /// Who tells the time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The single way in. One per node; shared by reference.
pub struct Exchange {
    pub(super) store: Arc<dyn Store>,
    pub(super) post: Arc<Post>,
    pub(super) process: Arc<dyn Process>,
    pub(super) routing: routing::Config,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
}

impl Exchange {
    /// An exchange over these parts. It reads nothing before the first message.
    pub fn new(parts: ExchangeParts) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(&parts.post.store),
            post: parts.post,
            process: parts.process,
            routing: parts.routing,
            clock: parts.clock,
            metrics: parts.metrics,
        })
    }

    /// Commits a batch of our own.
    pub(super) async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.commit_step(batch, Step::new()).await
    }

    /// The same for a batch that the process of significant events has a part in.
    pub(super) async fn commit_step(&self, batch: Batch, mut step: Step) -> Result<(), StoreError> {
        let outcome = match self.store.enqueue(batch).await {
            Ok(committing) => {
                step.queued();
                committing.await
            }
            Err(error) => Err(error),
        };
        if outcome.is_ok() {
            step.committed();
        }
        outcome
    }

    /// The records of a scan, each with its revision.
    pub(super) async fn revised<R: Record>(&self, scan: Scan) -> Result<Vec<(R, i64)>, StoreError> {
        let rows = self.store.rows(scan).await?;
        rows.into_iter()
            .map(|row| {
                let revision = row.revision;
                Ok((R::from_row(row)?, revision))
            })
            .collect()
    }
}
