//! What every trial stands on: nodes that are the built binary, other sides that are scripted, certificates, waiting.
//!
//! No fixed port, no log scraping to find out whether something has happened, no sleep instead of a condition.

pub(crate) mod cable;
pub(crate) mod daemon;
pub(crate) mod mailbox;
pub(crate) mod peer;
pub(crate) mod pki;
pub(crate) mod postgres;
pub(crate) mod report;
pub(crate) mod wait;

use std::path::PathBuf;

/// The folder that is shared beside the repository, or `None` with a word on standard error. Where nothing may be left
/// out (`RIDD_TEST_NO_SKIP`), its absence fails the test.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    skip(&format!("../shared/{folder} is not there"));
    None
}

/// Says that a trial is left out and why.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "must not be skipped: {why}");
    eprintln!("skipped: {why}");
}
