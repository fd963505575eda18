//! What can be configured of the administration: table `[admin]`.

use std::net::SocketAddr;
use std::path::PathBuf;
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
