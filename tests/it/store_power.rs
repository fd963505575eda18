//! The power is cut while the store commits.
//!
//! A child commits numbered messages under strace, which records every write and every sync of its files. From that the
//! disk is built as a power cut at any moment could have left it (see [`recorded`]), the store is opened there, and
//! everything that was acknowledged before the cut must be in it, whole.
//!
//! This proves that the engines ask for the syncs they need, in the right order, on file systems that keep to POSIX and
//! change directories in order. It does not prove that a disk does what it says when asked to sync.

mod recorded;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use recorded::Recording;

use crate::harness::skip;
use crate::store_crash::{committing, inspect, random, url};

const CALLS: &str = "openat,mkdir,rename,renameat,renameat2,unlink,unlinkat,write,writev,pwrite64,pwritev,ftruncate,\
                     fallocate,fsync,fdatasync,sync_file_range";

/// What the child did until it had committed `last` messages, or `None` if there is no strace.
fn recording(scheme: &str, last: i64, tasks: u64) -> Option<Recording> {
    if Command::new("strace").arg("--version").stdout(Stdio::null()).status().is_err() {
        skip("strace is not installed, the power cut cannot be recorded");
        return None;
    }
    let place = tempfile::tempdir().unwrap();
    let below: PathBuf = fs::canonicalize(place.path()).unwrap();
    let child = committing(&url(scheme, &below), 1, last, tasks);
    let trace = below.join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-xx", "-s", "10000000", "-e", &format!("trace={CALLS}"), "-o"]).arg(&trace);
    strace.arg(child.get_program()).args(child.get_args());
    strace.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ended = strace.stdin(Stdio::null()).stdout(Stdio::piped()).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let recording = Recording::read(&fs::read_to_string(&trace).unwrap(), &below);
    assert_eq!(recording.acknowledged().count(), usize::try_from(last).unwrap());
    Some(recording)
}

/// What was acknowledged before that line.
fn before(recording: &Recording, cut: usize) -> BTreeSet<i64> {
    recording.acknowledged().filter(|(line, _)| *line < cut).map(|(_, number)| number).collect()
}

async fn survives(scheme: &str) {
    let Some(recording) = recording(scheme, 40, 4) else { return };
    // The worst moment: something has just been acknowledged, and all that is not certain is lost.
    let just_acknowledged = recording.acknowledged().map(|(line, _)| (line + 1, false));
    let lines = u64::try_from(recording.lines()).unwrap();
    let anywhere = (0..40).map(|_| (usize::try_from(random(lines)).unwrap(), true));
    for (cut, lucky) in just_acknowledged.chain(anywhere) {
        let acknowledged = before(&recording, cut);
        // sled cannot open what it had not finished making: a new node is then set up again, nothing is lost.
        if scheme == "sled" && acknowledged.is_empty() {
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        recording.disk(cut, place.path(), &mut || if lucky { random(3) } else { 0 });
        eprintln!("{scheme}: power cut before line {cut} of {lines}, {} acknowledged", acknowledged.len());
        inspect(&url(scheme, place.path()), &acknowledged).await;
    }
}

#[tokio::test]
async fn sqlite_survives_a_power_cut() {
    survives("sqlite").await;
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn sled_survives_a_power_cut() {
    survives("sled").await;
}

/// With one task each commit stands alone: between one acknowledgement and the next there is a sync.
fn syncs_before_each_acknowledgement(scheme: &str) {
    let Some(recording) = recording(scheme, 20, 1) else { return };
    let mut last = 0;
    for (line, number) in recording.acknowledged() {
        assert!(recording.syncs(last, line) >= 1, "{scheme} acknowledged {number} without a sync");
        last = line;
    }
}

#[test]
fn sqlite_syncs_before_each_acknowledgement() {
    syncs_before_each_acknowledgement("sqlite");
}

#[cfg(feature = "sled")]
#[test]
fn sled_syncs_before_each_acknowledgement() {
    syncs_before_each_acknowledgement("sled");
}

/// The trial itself can fail: the same recording, with the syncs left out, loses what was acknowledged.
#[test]
fn a_store_that_does_not_sync_is_found_out() {
    let Some(recording) = recording("sqlite", 20, 1) else { return };
    let cut = recording.acknowledged().last().unwrap().0 + 1;
    let acknowledged = before(&recording, cut);
    let recording = recording.without_syncs();
    let place = tempfile::tempdir().unwrap();
    recording.disk(cut, place.path(), &mut || 0);
    let place: &Path = place.path();
    let looked = std::panic::catch_unwind(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(inspect(&url("sqlite", place), &acknowledged))
    });
    let why = looked.expect_err("what was never synced must be lost");
    let why = why.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(why.starts_with("acknowledged and lost"), "{why}");
}
