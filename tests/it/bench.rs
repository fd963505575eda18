//! `ridd bench` and the node that it starts: whatever ends the one ends the other.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::daemon::RIDD;
use crate::harness::wait::until;

/// The processes that serve with a data directory below that one.
fn nodes(below: &Path) -> Vec<u32> {
    let below = below.to_str().unwrap();
    let process = |entry: fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        // One that has ended meanwhile, or is nobody's any more, has no command line.
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let words: Vec<_> = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
        let serves = words.iter().any(|word| word == "serve") && words.iter().any(|word| word.starts_with(below));
        serves.then_some(id)
    };
    fs::read_dir("/proc").unwrap().filter_map(Result::ok).filter_map(process).collect()
}

/// Ends the child whatever comes of the trial.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn a_measurement_that_is_broken_off_leaves_no_node_and_no_file_behind() {
    let alert: &[&str] = &["alert", "--units", "2", "--rounds", "100"];
    for (what, signal) in [(alert, "-TERM"), (&["clock", "--units", "2", "--milestones", "100"], "-INT")] {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(RIDD);
        command.arg("bench").args(what).arg("--dir").arg(dir.path());
        let mut bench = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let started = async || (!nodes(dir.path()).is_empty()).then_some(());
        until(|| "the bench starts its node".to_owned(), started).await;

        let id = bench.0.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let status = until(|| "the bench ends".to_owned(), async || bench.0.try_wait().unwrap()).await;
        assert!(!status.success());
        assert_eq!(nodes(dir.path()), [0; 0], "{}", what[0]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{}", what[0]);
    }
}
