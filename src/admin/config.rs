//! What can be configured of the administration: table `[admin]`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::acknowledge;
use super::door::PageConfig;

/// Table `[admin]`: the admin socket, and the listener for metrics and health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The Unix socket that `ridd` commands use. A relative path counts from the data directory.
    pub socket: PathBuf,
    /// Its mode, in octal digits. Whoever the mode lets connect must still be an operator.
    #[serde(with = "octal")]
    pub socket_mode: u32,
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
    /// Pages at once that are told what changes; further ones must be reloaded by hand.
    pub live_streams: usize,
    /// Acts of staff that are kept; the oldest go first.
    pub acts_kept: usize,
    /// Table `[admin.page]`: the operators' pages over TLS.
    pub page: PageConfig,
    /// The links in notices, and the listener that they lead to.
    pub acknowledge: acknowledge::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            socket: PathBuf::from("admin.sock"),
            socket_mode: 0o600,
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 9459))),
            body_limit: 8 * 1024 * 1024,
            connections: 64,
            read_time: Duration::from_secs(30),
            list_limit: 1_000,
            live_streams: 500,
            acts_kept: 100_000,
            page: PageConfig::default(),
            acknowledge: acknowledge::Config::default(),
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
            ("acts-kept", self.acts_kept, 1),
        ];
        let small = numbers.into_iter().filter(|(_, value, least)| value < least);
        let mut faults: Vec<_> = small
            .map(|(key, value, least)| Fault { key, why: format!("{value} is too small: at least {least}") })
            .collect();
        if self.read_time < Duration::from_millis(10) {
            let why = format!("{} is too short: at least 10ms", crate::clock::span::show(self.read_time));
            faults.push(Fault { key: "read-time", why });
        }
        // Read and write for the owner, who administers the node; and a socket has nothing to execute.
        if self.socket_mode & 0o600 != 0o600 || self.socket_mode & !0o666 != 0 {
            let why =
                format!("{:04o} is no mode for the socket: write \"0600\", \"0660\" or \"0666\"", self.socket_mode);
            faults.push(Fault { key: "socket-mode", why });
        }
        faults.extend(self.page.faults());
        faults.extend(self.acknowledge.faults());
        faults
    }

    /// The same with the socket's path taken from the data directory if it is relative.
    #[must_use]
    pub fn resolved(mut self, data: &Path) -> Self {
        self.socket = data.join(&self.socket);
        self.page = self.page.resolved(data);
        self
    }
}

/// A mode as people write it: octal digits.
mod octal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
    pub(super) fn serialize<S: Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{mode:04o}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let text = String::deserialize(deserializer)?;
        // from_str_radix would take a sign.
        let digits = text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        let mode = u32::from_str_radix(&text, 8).ok().filter(|_| digits);
        mode.ok_or_else(|| D::Error::custom(format!("{text:?} is no mode: write octal digits, for instance \"0660\"")))
    }
}

/// An address or the word `off`.
pub(super) mod listen {
    use std::net::SocketAddr;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::admin) fn serialize<S: Serializer>(
        listen: &Option<SocketAddr>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match listen {
            Some(address) => serializer.collect_str(address),
            None => serializer.serialize_str("off"),
        }
    }

    pub(in crate::admin) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SocketAddr>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "off" {
            return Ok(None);
        }
        let expected = "write an address with a port, for instance 127.0.0.1:9459 or [::1]:9459, or off";
        text.parse().map(Some).map_err(|_| D::Error::custom(format!("{text:?} is no address: {expected}")))
    }
}
