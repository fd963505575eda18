//! A full disk: 5xx to the peer, an alarm, nothing half done, and recovery by itself when there is room.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer;
use crate::harness::pki::Pki;
use crate::harness::{report, skip, wait};

/// A small file system of its own; gone with the value. Used by the trials of a server on a full disk too.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    pub(crate) fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "none"]).arg(at).status();
        status.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }

    /// Writes until nothing more goes in.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filler")).unwrap();
        let block = vec![0u8; 4096];
        while file.write_all(&block).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

async fn fills_up_and_recovers(engine: &str) {
    let dir = tempfile::tempdir().unwrap();
    let data = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&data.path().join("store")) else {
        return skip("a tmpfs cannot be mounted here");
    };
    let pki = Pki::make(dir.path(), "Disk CA");
    let papers = pki.issue("peer.example");
    let setup = Setup::named("node.example").on(engine);
    let node = Daemon::start_in(data, setup, pki.issue("node.example"), &pki.ca());
    node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
    let mut stream = peer::connect(node.rid, Some(&papers)).await.unwrap();
    let mut post = async |number: &str| {
        if let Ok(answer) = peer::post(&mut stream, &report::report(number), None).await {
            return answer.status();
        }
        stream = peer::connect(node.rid, Some(&papers)).await.unwrap();
        peer::post(&mut stream, &report::report(number), None).await.unwrap().status()
    };
    assert_eq!(post("room-0").await, 200);
    disk.fill();
    let mut acknowledged = vec!["room-0".to_owned()];
    let mut refused = None;
    for n in 0..5_000 {
        let number = format!("full-{n}");
        match post(&number).await {
            200 => acknowledged.push(number),
            status => {
                refused = Some((number, status));
                break;
            }
        }
    }
    let (first, status) = refused.expect("the disk is full some time");
    assert!((500..600).contains(&status), "{status}");
    wait::until(|| "the alarm".to_owned(), async || (node.metric("ridd_store_failing") > 0.0).then_some(())).await;
    assert!(node.log().to_lowercase().contains("no room left"), "{}", node.log());
    fs::remove_file(filler(&disk)).unwrap();
    wait::until(|| "room again".to_owned(), async || (post(&first).await == 200).then_some(())).await;
    acknowledged.push(first);
    assert_eq!(node.metric("ridd_store_failing"), 0.0, "the alarm is over");
    let list = node.ask("messages?limit=1000").await;
    let has = |number: &str| {
        let messages = list["messages"].as_array().unwrap();
        messages.iter().filter(|message| message["incident"]["id"] == number && message["direction"] == "in").count()
    };
    for number in acknowledged.iter().rev().take(900) {
        assert_eq!(has(number), 1, "{number}");
    }
}

/// The file that fills it.
pub(crate) fn filler(disk: &SmallDisk) -> PathBuf {
    disk.0.join("filler")
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_fills_up_and_recovers() {
    fills_up_and_recovers("sqlite").await;
}

#[cfg(feature = "sled")]
#[tokio::test(flavor = "multi_thread")]
async fn sled_fills_up_and_recovers() {
    fills_up_and_recovers("sled").await;
}
