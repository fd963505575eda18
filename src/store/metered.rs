//! A store whose commits are counted and timed: whoever commits, the metrics know how long it took or why it failed, and
//! whether the store takes anything at all; and whoever listens knows which tables they changed. Made once by `daemon` around the store that it opened.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::touched::Counting;
use super::{Batch, Committing, Row, Scan, Store, StoreError, Table, Tidings, Touched, Value};
use crate::telemetry::Metrics;

/// The same store, with every commit counted.
pub fn metered(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Arc<dyn Store> {
    Arc::new(Metered { store, metrics, counting: Arc::default() })
}

struct Metered {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    counting: Arc<Counting>,
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
        let (begun, tables) = (Instant::now(), batch.tables());
        let outcome = self.store.commit(batch).await;
        tell(&self.metrics, begun, &outcome);
        if outcome.is_ok() {
            self.counting.count(&tables);
        }
        outcome
    }

    async fn enqueue(&self, batch: Batch) -> Result<Committing, StoreError> {
        let (begun, tables) = (Instant::now(), batch.tables());
        let (metrics, counting) = (Arc::clone(&self.metrics), Arc::clone(&self.counting));
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
            if outcome.is_ok() {
                counting.count(&tables);
            }
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

    fn touched(&self) -> Option<Touched> {
        Some(self.counting.listen())
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

    #[tokio::test]
    async fn whoever_listens_knows_which_tables_were_changed() {
        let place = tempfile::tempdir().unwrap();
        let config = Config::at(format!("sqlite:{}", place.path().join("store").display()));
        let plain = open(&config).unwrap();
        assert!(plain.touched().is_none());
        let store = metered(plain, Metrics::new());
        let mut touched = store.touched().unwrap();
        let once = || Once { digest: Digest::of(b"x"), message: MessageId::fresh() };
        let mut batch = Batch::new();
        batch.insert(&once());
        store.enqueue(batch.clone()).await.unwrap().await.unwrap();
        assert!(touched.has_changed().unwrap());
        assert_eq!(*touched.borrow_and_update(), [("once", 1)].into());
        assert!(matches!(store.commit(batch).await, Err(StoreError::Conflict { .. })));
        assert!(!touched.has_changed().unwrap(), "nothing was changed");
        let mut batch = Batch::new();
        batch.put(&once()).put(&Once { digest: Digest::of(b"y"), ..once() });
        store.commit(batch).await.unwrap();
        assert_eq!(*touched.borrow_and_update(), [("once", 2)].into());
    }
}
