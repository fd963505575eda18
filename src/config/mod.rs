//! The configuration: composes every part's own `Config` under one table each, read from one TOML file.
//!
//! Called by `cli` and `daemon`. A [`Config`] that [`Config::load`] returns is complete and checked; a file with faults
//! gives all of them at once, each with its line and key, and never half a configuration. What each key means stands
//! in the parts' types and in `config/ridd.toml`, which a test compares with them.

mod check;
mod fault;
mod node;
mod read;

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    admin, coordination, envelope, exchange, inventory, notify, outbox, peers, routing, store, telemetry, transport,
    xml,
};

pub use fault::{Fault, Faults};
pub use node::Node;

/// The reference file: every key with its default and its meaning.
pub const REFERENCE: &str = include_str!("../../config/ridd.toml");

/// Everything that can be configured, with the defaults where the file is silent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Which of several machines this is.
    pub node: Node,
    /// Where the node listens, and what a connection may cost.
    pub transport: transport::Config,
    /// The node's own certificate, and whom it trusts.
    pub peers: peers::Config,
    /// Where messages and everything else are kept.
    pub store: store::Config,
    /// How messages are received and answered.
    pub exchange: exchange::Config,
    /// What goes on to whom.
    pub routing: routing::Config,
    /// How parcels are tried and when they are given up.
    pub outbox: outbox::Config,
    /// How people are told.
    pub notify: notify::Config,
    /// How significant events are coordinated.
    pub coordination: coordination::Config,
    /// How much of anything one document may carry.
    pub xml: xml::Config,
    /// How much signature and encryption one message may carry.
    pub envelope: envelope::Config,
    /// How much the inventory takes.
    pub inventory: inventory::Config,
    /// What is logged, and how.
    pub telemetry: telemetry::Config,
    /// The admin socket and the listener for metrics and health.
    pub admin: admin::Config,
}

impl Config {
    /// Reads and checks the file. Relative paths stay as they are: see [`Config::resolved`].
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

    /// The same with every relative path taken from the data directory.
    #[must_use]
    pub fn resolved(mut self, data: &Path) -> Self {
        self.peers = self.peers.resolved(data);
        self.store = self.store.resolved(data);
        self.admin = self.admin.resolved(data);
        self.notify = self.notify.resolved(data);
        self.coordination = self.coordination.resolved(data);
        self
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
