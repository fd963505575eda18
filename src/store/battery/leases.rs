//! Leases: one holder at a time, fenced.

use std::time::Duration;

use super::{Bench, TABLES, find, thing};
use crate::clock::Timestamp;
use crate::store::records::Lease;
use crate::store::{Batch, Record, StoreError, lease};

const SPAN: Duration = Duration::from_secs(30);
const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

fn open(bench: &Bench) -> std::sync::Arc<dyn crate::store::Store> {
    bench.open_with(&[TABLES, &[Lease::TABLE]].concat()).unwrap()
}

pub(super) async fn a_duty_has_one_holder(bench: Bench) {
    let store = open(&bench);
    let held = lease::acquire(&store, "clock", "a", NOW, SPAN).await.unwrap().unwrap();
    assert_eq!((held.fence(), held.until()), (1, NOW + SPAN));
    let later = NOW + SPAN - Duration::from_secs(1);
    assert!(lease::acquire(&store, "clock", "b", later, SPAN).await.unwrap().is_none());
    let other = lease::acquire(&store, "another clock", "b", NOW, SPAN).await.unwrap();
    assert_eq!(other.unwrap().fence(), 1);
    let held = held.renew(&store, later, SPAN).await.unwrap().unwrap();
    assert!(lease::acquire(&store, "clock", "b", NOW + SPAN, SPAN).await.unwrap().is_none(), "it was renewed");
    held.release(&store).await.unwrap();
    let next = lease::acquire(&store, "clock", "b", later, SPAN).await.unwrap().unwrap();
    assert_eq!(next.fence(), 2);
}

pub(super) async fn who_lost_a_duty_changes_nothing(bench: Bench) {
    let store = open(&bench);
    let slow = lease::acquire(&store, "clock", "a", NOW, SPAN).await.unwrap().unwrap();
    let mut batch = Batch::new();
    slow.guard(&mut batch);
    store.commit(batch.clone()).await.unwrap();
    let next = lease::acquire(&store, "clock", "b", NOW + SPAN, SPAN).await.unwrap().unwrap();
    assert!(next.fence() > slow.fence());
    batch.put(&thing("late", None, 1));
    assert!(matches!(store.commit(batch).await, Err(StoreError::Conflict { table: "leases", .. })));
    assert_eq!(find(&store, "late").await, None);
    assert!(slow.renew(&store, NOW + SPAN, SPAN).await.unwrap().is_none());
    let mut batch = Batch::new();
    next.guard(&mut batch);
    store.commit(batch).await.unwrap();
}

pub(super) async fn a_holder_started_again_fences_its_former_self(bench: Bench) {
    let store = open(&bench);
    let before = lease::acquire(&store, "clock", "a", NOW, SPAN).await.unwrap().unwrap();
    let after = lease::acquire(&store, "clock", "a", NOW, SPAN).await.unwrap().unwrap();
    assert!(after.fence() > before.fence());
    assert!(before.renew(&store, NOW, SPAN).await.unwrap().is_none());
}
