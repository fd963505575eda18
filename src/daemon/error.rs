//! Why a node does not start, or ends before it is told to.

use std::io;
use std::path::PathBuf;

use crate::admin::BindError;
use crate::coordination::BadPlan;
use crate::ids::BadId;
use crate::notify;
use crate::outbox::BadConfig;
use crate::peers::{IssueError, PeersError};
use crate::roster::RosterError;
use crate::store::StoreError;
use crate::telemetry::logging::LoggingError;
use crate::transport::ListenError;

/// Why a node does not start, or ends before it is told to. Each says what to do next in its own words.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Logging cannot be set up.
    #[error(transparent)]
    Logging(#[from] LoggingError),
    /// The system gives no threads.
    #[error("cannot start the runtime: {0}; see the limits on processes and memory")]
    Runtime(#[source] io::Error),
    /// The data directory cannot be made.
    #[error("cannot make the data directory {}: {source}; choose another with --data", path.display())]
    Data {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The host's name cannot name a RID system.
    #[error("this host's name cannot name the node: {0}; name it with `ridd init --name`")]
    Name(#[from] BadId),
    /// The first certificates cannot be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store is an unfinished copy.
    #[error(
        "the store is an unfinished copy of {from}; finish it with `ridd store copy --from {from} --to …`, or empty the store"
    )]
    Unfinished {
        /// The store that is copied.
        from: String,
    },
    /// Certificates, CAs or revocation lists cannot be used.
    #[error(transparent)]
    Peers(#[from] PeersError),
    /// The outbox cannot be used as configured.
    #[error(transparent)]
    Outbox(#[from] BadConfig),
    /// The roster cannot be read.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The channels to people cannot be used as configured.
    #[error(transparent)]
    Notify(#[from] notify::Fault),
    /// The timetable of significant events cannot be read.
    #[error(transparent)]
    Plan(#[from] BadPlan),
    /// The RID port cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The admin socket or listener cannot be had.
    #[error(transparent)]
    Admin(#[from] BindError),
    /// Signals cannot be listened for.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
    /// A part ended though nobody told it to.
    #[error("{part} ended unexpectedly; the log says why")]
    Ended {
        /// The part.
        part: &'static str,
    },
}
