//! The disk of the store is full: commits fail and say so, reading goes on, and so does writing when there is room again.
//!
//! Needs a file system of its own, which only root may mount; otherwise this is left out. (The limit that a quota of
//! SQLite's sets is tried in the unit tests, for everybody.)

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use ridd::ids::MessageId;
use ridd::store::records::Body;
use ridd::store::{self, Batch, Column, Config, StoreError};

#[cfg(feature = "postgres")]
use crate::harness::postgres::{Manner, Server};
use crate::harness::skip;
use crate::store_crash::url;

/// A file system in memory, unmounted when dropped.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn of_16_mib() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(place.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            skip("a file system of its own cannot be mounted");
        }
        mounted.then(|| Self(place))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

fn body() -> Body {
    let noise = (0..20_000 / 16).flat_map(|_| uuid::Uuid::new_v4().into_bytes());
    Body { id: MessageId::fresh(), bytes: noise.collect() }
}

async fn goes_on(scheme: &str) {
    let Some(mounted) = Mounted::of_16_mib() else { return };
    let ballast = mounted.path().join("ballast");
    fs::write(&ballast, vec![1; 8 << 20]).unwrap();
    goes_on_at(scheme, &Config::at(url(scheme, mounted.path())), &ballast).await;
}

/// Fills the store, makes room, and fills on.
async fn goes_on_at(scheme: &str, config: &Config, ballast: &Path) {
    let store = store::open(config).unwrap();
    let mut written = BTreeSet::new();
    let mut failures = 0;
    while failures < 5 {
        let mut batch = Batch::new();
        let body = body();
        match store.commit(batch.put(&body).to_owned()).await {
            Ok(()) => drop(written.insert(body.id)),
            Err(StoreError::Full { .. }) => failures += 1,
            Err(other) => panic!("{other}"),
        }
        assert!(written.len() < 1_000, "8 MiB do not hold this");
    }
    assert!(!written.is_empty());
    fs::remove_file(ballast).unwrap();
    // sled may need a few tries until it is rid of what failed; then every commit must succeed.
    let mut since = 0;
    let mut tries = 0;
    while since < 20 {
        let body = body();
        let mut batch = Batch::new();
        tries += 1;
        match store.commit(batch.put(&body).to_owned()).await {
            Ok(()) => {
                since += 1;
                written.insert(body.id);
            }
            Err(why) => assert!(since == 0 && tries < 5, "{scheme}: {why} at try {tries} after {since} commits"),
        }
    }
    drop(store);
    let store = store::open(config).unwrap();
    for id in &written {
        let found = store.find::<Body>(vec![id.to_value()]).await.unwrap();
        assert!(found.is_some(), "{id} was acknowledged");
    }
}

#[tokio::test]
async fn sqlite_goes_on_after_a_full_disk() {
    goes_on("sqlite").await;
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn sled_goes_on_after_a_full_disk() {
    goes_on("sled").await;
}

/// The server's database is on the small file system, its log elsewhere: what is full is said by the server.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn postgres_goes_on_after_a_full_disk() {
    let Some(mounted) = Mounted::of_16_mib() else { return };
    let Some(server) = Server::start(Manner::default()) else { return };
    let space = mounted.path().join("space");
    fs::create_dir(&space).unwrap();
    let owned = Command::new("chown").args(["-R", "postgres"]).arg(mounted.path()).status().unwrap();
    assert!(owned.success());
    server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", space.display()));
    server.sql("postgres", "CREATE DATABASE full_disk TABLESPACE small");
    let config = Config::at(server.url("postgres", "full_disk"));
    drop(store::open(&config).unwrap());
    let ballast = mounted.path().join("ballast");
    fs::write(&ballast, vec![1; 4 << 20]).unwrap();
    goes_on_at("postgres", &config, &ballast).await;
}
