//! Why the channels cannot be set up as configured.

use std::path::PathBuf;

use super::config::BadConfig;

/// Why the channels cannot be set up as configured.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The settings contradict themselves.
    #[error(transparent)]
    Config(#[from] BadConfig),
    /// A file that a key names cannot be read.
    #[error("notify.{key} = {}: {source}; make it readable for this user", path.display())]
    File {
        /// The key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A secret lies open.
    #[error("notify.{key} = {}: can be read by others (mode {mode:o}); make it 0600", path.display())]
    Open {
        /// The key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file has not the content that its key says.
    #[error("notify.{key} = {}: {why}", path.display())]
    Content {
        /// The key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What was expected.
        why: &'static str,
    },
    /// The system has no CAs.
    #[error("notify.{key}: this system has no usable CAs; install them (ca-certificates) or name a file")]
    NoRoots {
        /// The key with which a file can be named.
        key: &'static str,
    },
    /// TLS cannot be set up.
    #[error("notify: TLS cannot be set up: {source}")]
    Tls {
        /// What the library says.
        source: rustls::Error,
    },
    /// The mail library refuses the settings.
    #[error("notify.email: {why}")]
    Mail {
        /// What it says.
        why: String,
    },
}
