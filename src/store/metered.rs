//! A store whose commits are counted and timed: whoever commits, the metrics know how long it took or why it failed, and
//! whether the store takes anything at all. Made once by `daemon` around the store that it opened.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::{Batch, Committing, Row, Scan, Store, StoreError, Table, Tidings, Value};
use crate::telemetry::Metrics;

/// The same store, with every commit counted.
pub fn metered(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Arc<dyn Store> {
    Arc::new(Metered { store, metrics })
}

struct Metered {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

/// Counts what became of a batch that was handed over at that instant.
fn tell(metrics: &Metrics, begun: Instant, outcome: &Result<(), StoreError>) {
    match outcome {
        Ok(()) => metrics.committed(begun.elapsed()),
        Err(StoreError::Conflict { .. }) => metrics.store_fault("conflict", false),
        Err(StoreError::Full { .. }) => metrics.store_fault("full", true),
        Err(StoreError::Server { state, .. }) => metrics.store_fault(state.as_str(), true),
        Err(StoreError::Undecided { .. }) => metrics.store_fault("undecided", true),
        Err(_) => metrics.store_fault("broken", true),
    }
}

#[async_trait]
impl Store for Metered {
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let begun = Instant::now();
        let outcome = self.store.commit(batch).await;
        tell(&self.metrics, begun, &outcome);
        outcome
    }

    async fn enqueue(&self, batch: Batch) -> Result<Committing, StoreError> {
        let (begun, metrics) = (Instant::now(), Arc::clone(&self.metrics));
        let committing = match self.store.enqueue(batch).await {
            Ok(committing) => committing,
            Err(error) => {
                let refused = Err(error);
                tell(&metrics, begun, &refused);
                return refused.map(|()| Box::pin(async { Ok(()) }) as Committing);
            }
        };
        Ok(Box::pin(async move {
            let outcome = committing.await;
            tell(&metrics, begun, &outcome);
            outcome
        }))
    }

    async fn row(&self, table: &'static Table, key: Vec<Value>) -> Result<Option<Row>, StoreError> {
        self.store.row(table, key).await
    }

    async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError> {
        self.store.rows(scan).await
    }

    async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        self.store.count(table).await
    }

    async fn facts(&self) -> Vec<(&'static str, String)> {
        self.store.facts().await
    }

    async fn engine_faults(&self) -> Result<Vec<String>, StoreError> {
        self.store.engine_faults().await
    }

    fn tidings(&self) -> Option<Tidings> {
        self.store.tidings()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Digest, MessageId};
    use crate::store::records::Once;
    use crate::store::{Config, open};

    #[tokio::test]
    async fn every_commit_is_counted_and_a_conflict_is_no_alarm() {
        let place = tempfile::tempdir().unwrap();
        let metrics = Metrics::new();
        let config = Config::at(format!("sqlite:{}", place.path().join("store").display()));
        let store = metered(open(&config).unwrap(), Arc::clone(&metrics));
        let batch = || {
            let mut batch = Batch::new();
            batch.insert(&Once { digest: Digest::of(b"x"), message: MessageId::fresh() });
            batch
        };
        store.enqueue(batch()).await.unwrap().await.unwrap();
        assert!(matches!(store.commit(batch()).await, Err(StoreError::Conflict { .. })));
        let text = metrics.render();
        assert!(text.contains("ridd_store_commit_seconds_count 1"), "{text}");
        assert!(text.contains("ridd_store_faults_total{reason=\"conflict\"} 1"), "{text}");
        assert!(!metrics.is_store_failing());
    }
}
