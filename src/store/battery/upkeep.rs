//! Checks and backups.

use std::fs;

use super::{Bench, fixture};
use crate::ids::Digest;
use crate::store::records::{Body, Message, TABLES};
use crate::store::{Batch, Config, Scan, StoreError, backup, check, open, restore};

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
