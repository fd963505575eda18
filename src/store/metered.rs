//! A store whose commits are counted and timed: whoever commits, the metrics know how long it took or why it failed, and
//! whether the store takes anything at all, and why not; and whoever listens knows which tables they changed. Made once by
//! `daemon` around the store that it opened.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;

use super::touched::Counting;
use super::{Batch, Committing, Row, Scan, ServerState, Store, StoreError, Table, Tidings, Touched, Value};
use crate::telemetry::Metrics;

/// The same store, with every commit counted.
pub fn metered(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Arc<dyn Store> {
    let watch = Watch { metrics, counting: Counting::default(), failing: Mutex::default() };
    Arc::new(Metered { store, watch: Arc::new(watch) })
}

struct Metered {
    store: Arc<dyn Store>,
    watch: Arc<Watch>,
}

/// Who is told what became of the batches.
struct Watch {
    metrics: Arc<Metrics>,
    counting: Counting,
    /// Why the store takes no messages, while it does not.
    failing: Mutex<Option<String>>,
}

impl Watch {
    /// What became of a batch that was handed over at that instant and changes these tables.
    fn tell(&self, begun: Instant, tables: &BTreeSet<&'static str>, outcome: &Result<(), StoreError>) {
        let reason = match outcome {
            Ok(()) => {
                if self.metrics.is_store_failing() {
                    *self.failing() = None;
                }
                self.metrics.committed(begun.elapsed());
                self.counting.count(tables);
                return;
            }
            Err(StoreError::Conflict { .. }) => return self.metrics.store_fault("conflict", false),
            Err(StoreError::Full { .. }) => "full",
            Err(StoreError::Server { state, .. }) => state.as_str(),
            Err(StoreError::Undecided { .. }) => "undecided",
            Err(_) => "broken",
        };
        *self.failing() = outcome.as_ref().err().map(StoreError::to_string);
        self.metrics.store_fault(reason, true);
    }

    /// What became of a read. While a server cannot even be read nothing comes so far as to be committed; that it is busy
    /// for one does not mean that it is for all.
    fn read<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error @ StoreError::Server { state, .. }) = &outcome {
            let failing = *state != ServerState::Busy;
            if failing {
                *self.failing() = Some(error.to_string());
            }
            self.metrics.store_fault(state.as_str(), failing);
        }
        outcome
    }

    fn failing(&self) -> MutexGuard<'_, Option<String>> {
        // A text is set or taken whole, whatever happened elsewhere.
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Metered {
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let (begun, tables) = (Instant::now(), batch.tables());
        let outcome = self.store.commit(batch).await;
        self.watch.tell(begun, &tables, &outcome);
        outcome
    }

    async fn enqueue(&self, batch: Batch) -> Result<Committing, StoreError> {
        let (begun, tables, watch) = (Instant::now(), batch.tables(), Arc::clone(&self.watch));
        let committing = match self.store.enqueue(batch).await {
            Ok(committing) => committing,
            Err(error) => {
                let refused = Err(error);
                watch.tell(begun, &tables, &refused);
                return refused.map(|()| Box::pin(async { Ok(()) }) as Committing);
            }
        };
        Ok(Box::pin(async move {
            let outcome = committing.await;
            watch.tell(begun, &tables, &outcome);
            outcome
        }))
    }

    async fn row(&self, table: &'static Table, key: Vec<Value>) -> Result<Option<Row>, StoreError> {
        self.watch.read(self.store.row(table, key).await)
    }

    async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError> {
        self.watch.read(self.store.rows(scan).await)
    }

    async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        self.watch.read(self.store.count(table).await)
    }

    async fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = self.store.facts().await;
        if let Some(why) = self.watch.failing().clone() {
            facts.push(("takes no messages", why));
        }
        facts
    }

    async fn engine_faults(&self) -> Result<Vec<String>, StoreError> {
        self.store.engine_faults().await
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        self.store.backup(to).await
    }

    fn tidings(&self) -> Option<Tidings> {
        self.store.tidings()
    }

    fn touched(&self) -> Option<Touched> {
        Some(self.watch.counting.listen())
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
        assert!(!store.facts().await.iter().any(|(name, _)| *name == "takes no messages"));
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

    #[tokio::test]
    async fn why_it_takes_no_messages_is_among_the_facts_until_it_does() {
        let watch = Watch { metrics: Metrics::new(), counting: Counting::default(), failing: Mutex::default() };
        let full = || Err(StoreError::Full { place: "there".to_owned() });
        let tell = |outcome| watch.tell(Instant::now(), &BTreeSet::new(), &outcome);
        tell(full());
        let conflict = StoreError::Conflict { table: "once", expected: "no row of that key".to_owned() };
        tell(Err(conflict));
        assert!(watch.failing().as_deref().is_some_and(|why| why.contains("no room left")));
        tell(Ok(()));
        assert_eq!(*watch.failing(), None);
        let server = |state| Err(StoreError::Server { place: String::new(), state, why: String::new() });
        assert!(watch.read::<i32>(server(ServerState::Busy)).is_err() && !watch.metrics.is_store_failing());
        assert!(watch.read::<i32>(server(ServerState::Unreachable)).is_err() && watch.metrics.is_store_failing());
        tell(Ok(()));
        assert!(!watch.metrics.is_store_failing());
    }
}
