//! The options that every command takes.

use std::env;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::config::Config;

/// The options that every command takes: where the node's files are, and how to reach it.
#[derive(Debug, clap::Args)]
pub(crate) struct Globals {
    /// The node's data directory [default: $STATE_DIRECTORY, else $XDG_STATE_HOME/ridd, else ~/.local/state/ridd]
    #[arg(long, global = true, env = "RIDD_DATA", value_name = "DIR", help_heading = "Global options")]
    pub(crate) data: Option<PathBuf>,

    /// The configuration file [default: ridd.toml in the data directory, if there is one]
    #[arg(long, global = true, env = "RIDD_CONFIG", value_name = "FILE", help_heading = "Global options")]
    pub(crate) config: Option<PathBuf>,

    /// The node's admin socket [default: as configured, else admin.sock in the data directory]
    #[arg(long, global = true, env = "RIDD_SOCKET", value_name = "PATH", help_heading = "Global options")]
    pub(crate) socket: Option<PathBuf>,

    /// Write JSON instead of tables and sentences
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
}

impl Globals {
    /// The data directory: as given, else systemd's `STATE_DIRECTORY`, else the user's own place for such things.
    pub(crate) fn data(&self) -> PathBuf {
        let own = || {
            let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".local/state"));
            state.or_else(home).map_or_else(|| PathBuf::from("ridd-data"), |state| state.join("ridd"))
        };
        let systemd = || {
            let listed = env::var_os("STATE_DIRECTORY")?;
            // systemd separates several directories by colons; the first is ours.
            listed.to_str()?.split(':').next().filter(|first| !first.is_empty()).map(PathBuf::from)
        };
        self.data.clone().or_else(systemd).unwrap_or_else(own)
    }

    /// The configuration file: as given, else the data directory's own if there is one.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| Some(self.data().join("ridd.toml")).filter(|path| path.exists()))
    }

    /// The configuration in effect, its paths made absolute from the data directory.
    ///
    /// # Errors
    /// All faults of the file.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        let config = match self.config() {
            Some(file) => Config::load(&file).map_err(Failure::input)?,
            None => Config::default(),
        };
        let data = self.data();
        Ok(config.resolved(&std::path::absolute(&data).unwrap_or(data)))
    }

    /// The admin socket: as given, else as configured. A configuration with faults does not keep us from asking a
    /// running node; its socket is then looked for at the usual place.
    pub(crate) fn socket(&self) -> PathBuf {
        self.socket.clone().unwrap_or_else(|| {
            self.load().map_or_else(|_| self.data().join("admin.sock"), |config| config.admin.socket)
        })
    }
}
