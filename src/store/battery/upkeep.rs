//! Checks and backups.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::{Bench, TABLES as THINGS, Thing, find, fixture, put, thing};
use crate::ids::Digest;
use crate::store::config::open_with;
use crate::store::records::{Body, Message, TABLES};
use crate::store::{Batch, Config, Record, Scan, Store, StoreError, backup, check, open, restore};

pub(super) async fn a_sound_store_checks_as_sound(bench: Bench) {
    let store = bench.open_with(TABLES).unwrap();
    store.commit(fixture::one_of_each()).await.unwrap();
    assert_eq!(check(&store).await.unwrap(), [""; 0]);
}

pub(super) async fn changed_and_missing_bytes_are_found(bench: Bench) {
    let store = bench.open_with(TABLES).unwrap();
    store.commit(fixture::one_of_each()).await.unwrap();
    let message = store.list::<Message>(Scan::of::<Message>(1)).await.unwrap().remove(0);
    let mut batch = Batch::new();
    batch.put(&Body { id: message.id.clone(), bytes: b"forged".to_vec() });
    store.commit(batch).await.unwrap();
    let faults = check(&store).await.unwrap();
    assert_eq!(faults, [format!("the bytes of message {} are not those it came with", message.id)]);
    let mut batch = Batch::new();
    batch.delete::<Body>(vec![crate::store::Column::to_value(&message.id)]);
    store.commit(batch).await.unwrap();
    assert_eq!(check(&store).await.unwrap(), [format!("message {} has no bytes", message.id)]);
}

pub(super) async fn a_backup_is_restored(bench: Bench) {
    let mut store = Some(bench.open_with(TABLES).unwrap());
    store.as_ref().unwrap().commit(fixture::one_of_each()).await.unwrap();
    let config = bench.config();
    let copy = bench.place.path().join("copy");
    if bench.scheme == "sled" {
        assert!(matches!(backup(&config, &copy), Err(StoreError::Locked { .. })));
        store = None;
    }
    backup(&config, &copy).unwrap();
    drop(store);
    assert!(backup(&config, &copy).is_err(), "an older backup is not written over");
    assert!(restore(&config, &copy).is_err(), "neither is a store");
    let elsewhere = Config::at(format!("{}:{}", bench.scheme, bench.place.path().join("elsewhere").display()));
    assert!(restore(&elsewhere, bench.place.path()).is_err(), "that is no backup");
    restore(&elsewhere, &copy).unwrap();
    fs::remove_dir_all(copy).unwrap();
    let store = open(&elsewhere).unwrap();
    assert_eq!(check(&store).await.unwrap(), [""; 0]);
    let message = store.list::<Message>(Scan::of::<Message>(1)).await.unwrap().remove(0);
    let body = store.list::<Body>(Scan::of::<Body>(1)).await.unwrap().remove(0);
    assert_eq!(message.digest, Digest::of(&body.bytes));
}

/// Commits until it is told to stop; tells of each that was acknowledged. Each changes rows at both ends of the table, the
/// sum of all, and takes one away in the middle.
async fn commits(store: Arc<dyn Store>, stop: Arc<AtomicBool>, tell: watch::Sender<i64>) -> i64 {
    for number in 1.. {
        let mut batch = Batch::new();
        batch.put(&thing("sum", None, number)).put(&thing(&format!("a-{number}"), None, number));
        batch.put(&thing(&format!("z-{number}"), Some("late"), number));
        batch.delete::<Thing>(vec![super::text(&format!("old-{number:05}"))]);
        store.commit(batch).await.unwrap();
        tell.send_replace(number);
        if stop.load(Ordering::SeqCst) {
            return number;
        }
    }
    0
}

pub(super) async fn a_store_in_use_is_copied_as_it_is_at_one_moment(bench: Bench) {
    let store = bench.open();
    for numbers in (1..=6_000).collect::<Vec<i64>>().chunks(1_000) {
        let things: Vec<_> = numbers.iter().map(|number| thing(&format!("old-{number:05}"), None, *number)).collect();
        put(&store, &things).await;
    }
    let (stop, (tell, mut told)) = (Arc::new(AtomicBool::new(false)), watch::channel(0));
    let working = tokio::spawn(commits(Arc::clone(&store), Arc::clone(&stop), tell));
    let before = *told.wait_for(|number| *number >= 3).await.unwrap();
    let place = bench.place.path().join("copy");
    store.backup(&place).await.unwrap();
    stop.store(true, Ordering::SeqCst);
    let after = working.await.unwrap();
    assert!(store.backup(&place).await.is_err(), "a backup is not written over");

    let copy = open_with(&Config::at(format!("{}:{}", bench.scheme, place.display())), THINGS).unwrap();
    let sum = find(&copy, "sum").await.unwrap().size;
    assert!((before..=after).contains(&sum), "{sum} is not of {before} to {after}");
    for number in 1..=after {
        let there = number <= sum;
        assert_eq!(find(&copy, &format!("a-{number}")).await.is_some(), there, "{number} of {sum}");
        assert_eq!(find(&copy, &format!("z-{number}")).await.is_some(), there, "{number} of {sum}");
        assert_eq!(find(&copy, &format!("old-{number:05}")).await.is_none(), there, "{number} of {sum}");
    }
    let by_size = copy.rows(Scan::of::<Thing>(usize::MAX).by("by_size")).await.unwrap();
    assert_eq!(by_size.len() as u64, copy.count(Thing::TABLE).await.unwrap());
    assert_eq!(by_size.len() as i64, 6_001 + sum);
}
