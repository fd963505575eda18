//! The daemon: puts the parts together and runs them as one node until it is told to stop.
//!
//! `ridd serve` calls [`run`]. It promises: the ready line is written when everything listens, not before; a node that
//! cannot start in full does not start; after a signal no new message is taken, those under way are finished, and
//! everything acknowledged is on the disk. A panic ends the process (ADR 3).

mod control;
mod data;
mod duties;
mod error;
mod files;
mod hearing;
mod node;
mod officers;
mod ready;
mod staff;
mod systemd;
mod tasks;
mod together;
#[cfg(test)]
mod trials;

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Config;
use crate::telemetry::logging;

pub use error::DaemonError;

/// For `ridd bench`, which may see the daemon but not its transport.
pub use crate::transport::yardstick;

/// After the end, tasks that still run in other threads get this long.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// What a node starts with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The settings, with absolute paths.
    pub config: Config,
    /// The file they were read from, to be read again at a reload; none if the defaults hold.
    pub file: Option<PathBuf>,
    /// The data directory. Made, with certificates of its own, if the node starts there for the first time.
    pub data: PathBuf,
}

/// Runs a node until SIGTERM or SIGINT.
///
/// # Errors
/// Why it could not start, or which part failed.
pub fn run(start: Start) -> Result<(), DaemonError> {
    let logging = logging::init(&start.config.telemetry)?;
    let open_files = files::raise();
    data::prepare(&start)?;
    // Recovery after a crash can take a while; nothing else could be done meanwhile.
    let store = crate::store::open(&start.config.store)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(DaemonError::Runtime)?;
    let ended = runtime.block_on(node::serve(start, store, logging, open_files));
    runtime.shutdown_timeout(LAST_BREATH);
    ended
}
