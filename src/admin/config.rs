//! What can be configured of the administration: table `[admin]`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Table `[admin]`: the admin socket, and the listener for metrics and health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The Unix socket that `ridd` commands use; made with mode 0600. A relative path counts from the data directory.
    pub socket: PathBuf,
    /// Where `GET /metrics`, `/healthz` and `/readyz` are served in clear: an address with a port, or `off`.
    #[serde(with = "listen")]
    pub listen: Option<SocketAddr>,
    /// Bytes of the largest request that the socket takes: a document to be sent is the largest.
    pub body_limit: usize,
    /// Connections at once, to the socket and to the listener each; further ones wait.
    pub connections: usize,
    /// How long the head or the body of a request may take to arrive, and an idle connection may stay.
    #[serde(with = "crate::clock::span")]
    pub read_time: Duration,
    /// Rows of a listing at most, whatever the caller asks for.
    pub list_limit: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            socket: PathBuf::from("admin.sock"),
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 9459))),
            body_limit: 8 * 1024 * 1024,
            connections: 64,
            read_time: Duration::from_secs(30),
            list_limit: 1_000,
        }
    }
}

/// One fault of the settings: the key inside the table and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct Fault {
    /// The key inside the table.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub why: String,
}

impl Config {
    /// All that is wrong with the values; empty if nothing is.
    pub fn faults(&self) -> Vec<Fault> {
        let numbers = [
            ("body-limit", self.body_limit, 1_024),
            ("connections", self.connections, 1),
            ("list-limit", self.list_limit, 1),
        ];
        let small = numbers.into_iter().filter(|(_, value, least)| value < least);
        let mut faults: Vec<_> = small
            .map(|(key, value, least)| Fault { key, why: format!("{value} is too small: at least {least}") })
            .collect();
        if self.read_time < Duration::from_millis(10) {
            let why = format!("{} is too short: at least 10ms", crate::clock::span::show(self.read_time));
            faults.push(Fault { key: "read-time", why });
        }
        faults
    }

    /// The same with the socket's path taken from the data directory if it is relative.
    #[must_use]
    pub fn resolved(mut self, data: &Path) -> Self {
        self.socket = data.join(&self.socket);
        self
    }
}

/// An address or the word `off`.
mod listen {
    use std::net::SocketAddr;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(listen: &Option<SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
        match listen {
            Some(address) => serializer.collect_str(address),
            None => serializer.serialize_str("off"),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "off" {
            return Ok(None);
        }
        let expected = "write an address with a port, for instance 127.0.0.1:9459 or [::1]:9459, or off";
        text.parse().map(Some).map_err(|_| D::Error::custom(format!("{text:?} is no address: {expected}")))
    }
}
