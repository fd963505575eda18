//! The configuration: composes every part's own `Config` under one table each, read from one TOML file.
//!
//! Called by `cli` and `daemon`. A [`Config`] that [`Config::load`] returns is complete and checked; a file with faults
//! gives all of them at once, each with its line and key, and never half a configuration. What each key means stands
//! in the parts' types and in `config/ridd.toml`, which a test compares with them.

mod check;
mod fault;
mod read;

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::admin;

pub use fault::{Fault, Faults};

/// The reference file: every key with its default and its meaning.
pub const REFERENCE: &str = include_str!("../../config/ridd.toml");

/// Everything that can be configured, with the defaults where the file is silent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The admin socket and the listener for metrics and health.
    pub admin: admin::Config,
}

impl Config {
    /// Reads and checks the file. Relative paths stay as they are: see [`Config::resolve`].
    ///
    /// # Errors
    /// All faults of the file at once.
    pub fn load(path: &Path) -> Result<Self, Faults> {
        let place = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => read::config(&text, &place),
            Err(error) => Err(Faults::of_file(place, format!("cannot read the configuration: {error}"))),
        }
    }

    /// Makes every relative path count from the data directory.
    pub fn resolve(&mut self, data: &Path) {
        for path in [&mut self.admin.socket] {
            *path = data.join(&*path);
        }
    }

    /// The whole configuration as TOML, every key named.
    ///
    /// # Errors
    /// If a part's configuration cannot be written as TOML, which a test rules out for the defaults.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}

#[cfg(test)]
mod tests;
