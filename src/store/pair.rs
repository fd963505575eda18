//! Two nodes on one store, for trials of everything above it: each half hears of what the other commits, as the nodes on a
//! shared server do, and never of its own. Not for use outside tests.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::{
    Batch, Change, Committing, Precondition, Record as _, Row, Scan, Store, StoreError, Table, Tiding, Tidings, Value,
    records,
};

/// So many tidings wait for whoever is slow.
const WAITING: usize = 4_096;

/// One node's view of the store.
pub(crate) struct Half {
    store: Arc<dyn Store>,
    /// What is told to this half.
    heard: broadcast::Sender<Tiding>,
    /// What is told to the other.
    tells: broadcast::Sender<Tiding>,
    /// How many batches of this half failed because the other was first.
    lost: Arc<AtomicUsize>,
    /// While set, nothing that this half commits is told.
    mute: AtomicBool,
    /// The row that a third node has in hand.
    in_hand: Mutex<Option<Value>>,
}

/// The two views of that store.
pub(crate) fn pair(store: Arc<dyn Store>) -> (Arc<Half>, Arc<Half>) {
    let (one, other) = (broadcast::Sender::new(WAITING), broadcast::Sender::new(WAITING));
    let half = |heard: &broadcast::Sender<Tiding>, tells: &broadcast::Sender<Tiding>| {
        let (store, heard, tells) = (Arc::clone(&store), heard.clone(), tells.clone());
        Arc::new(Half {
            store,
            heard,
            tells,
            lost: Arc::default(),
            mute: AtomicBool::new(false),
            in_hand: Mutex::default(),
        })
    };
    (half(&one, &other), half(&other, &one))
}

impl Half {
    /// How many batches of this half failed because others had changed what they built on.
    pub(crate) fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }

    /// From now on a third node has the row of that key in hand; or none.
    pub(crate) fn in_hand(&self, key: Option<Value>) {
        *self.in_hand.lock().unwrap() = key;
    }

    /// The conflict of a batch that wants such a row free.
    fn held(&self, batch: &Batch) -> Result<(), StoreError> {
        let in_hand = self.in_hand.lock().unwrap();
        for precondition in &batch.preconditions {
            if let Precondition::Free { table, key, .. } = precondition
                && key.first() == in_hand.as_ref()
            {
                return Err(StoreError::Conflict { table: table.name, expected: "a free row".to_owned() });
            }
        }
        Ok(())
    }

    /// Lets the other half hear of nothing any more, as if the line between them were cut; or again.
    pub(crate) fn mute(&self, mute: bool) {
        self.mute.store(mute, Ordering::SeqCst);
    }
}

/// What a batch changes, as it is told.
fn told(batch: &Batch) -> Vec<Tiding> {
    let mut rows = BTreeSet::new();
    for change in &batch.changes {
        let (table, key): (&'static Table, Vec<Value>) = match change {
            Change::Put { table, row } | Change::Keep { table, row } => (table, row.key(table)),
            Change::Delete { table, key } => (table, key.clone()),
        };
        let key = match key.into_iter().next() {
            Some(Value::Text(text)) => text,
            Some(Value::Int(number)) => number.to_string(),
            _ => String::new(),
        };
        rows.insert((table.name, key));
    }
    rows.into_iter().map(|(table, key)| Tiding::Row { table, key }).collect()
}

/// The outcome, counted and told.
fn end(half: &Half, news: Vec<Tiding>, outcome: &Result<(), StoreError>) {
    tell(&half.tells, &half.lost, half.mute.load(Ordering::SeqCst), news, outcome);
}

fn tell(
    tells: &broadcast::Sender<Tiding>,
    lost: &AtomicUsize,
    mute: bool,
    news: Vec<Tiding>,
    outcome: &Result<(), StoreError>,
) {
    match outcome {
        Ok(()) if !mute => news.into_iter().for_each(|tiding| drop(tells.send(tiding))),
        Err(StoreError::Conflict { .. }) => drop(lost.fetch_add(1, Ordering::SeqCst)),
        _ => {}
    }
}

#[async_trait]
impl Store for Half {
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let news = told(&batch);
        let outcome = match self.held(&batch) {
            Ok(()) => self.store.commit(batch).await,
            held => held,
        };
        end(self, news, &outcome);
        outcome
    }

    async fn enqueue(&self, batch: Batch) -> Result<Committing, StoreError> {
        let news = told(&batch);
        let committing = self.store.enqueue(batch).await?;
        let (tells, lost) = (self.tells.clone(), Arc::clone(&self.lost));
        let mute = self.mute.load(Ordering::SeqCst);
        Ok(Box::pin(async move {
            let outcome = committing.await;
            tell(&tells, &lost, mute, news, &outcome);
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

    fn tidings(&self) -> Option<Tidings> {
        Some(self.heard.subscribe())
    }
}

#[tokio::test]
async fn each_half_hears_of_the_other_and_not_of_itself() {
    let place = tempfile::tempdir().unwrap();
    let config = super::Config::at(format!("sqlite:{}", place.path().join("store").display()));
    let (one, other) = pair(super::open(&config).unwrap());
    let (mut at_one, mut at_other) = (one.tidings().unwrap(), other.tidings().unwrap());
    let once = records::Once { digest: crate::ids::Digest::of(b"x"), message: crate::ids::MessageId::fresh() };
    let mut batch = Batch::new();
    batch.insert(&once);
    one.enqueue(batch.clone()).await.unwrap().await.unwrap();
    let told = Tiding::Row { table: records::Once::TABLE.name, key: once.digest.to_string() };
    assert_eq!(at_other.try_recv(), Ok(told));
    assert!(at_one.try_recv().is_err());
    assert!(other.commit(batch).await.is_err());
    assert_eq!((one.lost(), other.lost()), (0, 1));
}
