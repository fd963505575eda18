//! Where the node listens and what a connection may cost: the `[transport]` table of the configuration.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::clock::span;

/// The port that IANA has assigned to RID (RFC 6546 §5).
pub const RID_PORT: u16 = 4590;

/// The `[transport]` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The addresses and ports that the node listens on; port 0 takes any free one. Default: all addresses, port 4590.
    pub listen: Vec<SocketAddr>,
    /// Addresses and networks (CIDR) of TCP balancers in front of the node. What comes from them must begin with a header of
    /// the PROXY protocol, version 2, and is taken as coming from where that says. Default: none.
    pub balancers: Vec<IpNet>,
    /// Connections of admitted peers at once. Default 2048. The system's limit on open files also holds.
    pub connections: usize,
    /// Connections of one peer at once. Default 128. Beyond it that peer's longest idle connection makes room.
    pub connections_per_peer: usize,
    /// Connections at once that have not proved yet whose they are. Default 512.
    pub unproven: usize,
    /// Of these, from one network address (IPv6: one /64). Default 64. Beyond it the oldest makes room.
    pub unproven_per_address: usize,
    /// Within this time a connection must have finished its TLS handshake. Default `10s`.
    #[serde(with = "span")]
    pub handshake_time: Duration,
    /// Within this time, from its first byte, the head of a request must have arrived; before it, a balancer's PROXY
    /// header, from the connection's beginning. Default `10s`.
    #[serde(with = "span")]
    pub header_time: Duration,
    /// Bytes in the head of one request. Default 16384; at least 8192.
    pub header_bytes: usize,
    /// Header fields in one request. Default 64.
    pub header_fields: usize,
    /// Within this time the body of a request must have arrived, and its answer must have been taken. Default `30s`.
    #[serde(with = "span")]
    pub body_time: Duration,
    /// Bytes in the body of one request, and of one answer to us. Default 4194304 (4 MiB).
    pub body_bytes: usize,
    /// Bytes of all large bodies (over 64 KiB) that are received at once. Default 268435456 (256 MiB).
    pub room_bytes: usize,
    /// After this long without a request a connection is closed. Default `5m`.
    #[serde(with = "span")]
    pub idle_time: Duration,
    /// At shutdown, requests under way get this long to finish. Default `20s`.
    #[serde(with = "span")]
    pub drain_time: Duration,
    /// Within this time a connection to a peer must stand (TCP, each address of it). Default `10s`.
    #[serde(with = "span")]
    pub connect_time: Duration,
    /// Within this time a peer must have answered what we sent. Default `45s` (RFC 6546 §3: about thirty seconds).
    #[serde(with = "span")]
    pub answer_time: Duration,
    /// Connections to one peer that are kept open for the next message. Default 4.
    pub kept_per_peer: usize,
    /// For this long. Default `1m`.
    #[serde(with = "span")]
    pub kept_time: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, RID_PORT)),
                SocketAddr::from((Ipv6Addr::UNSPECIFIED, RID_PORT)),
            ],
            balancers: Vec::new(),
            connections: 2048,
            connections_per_peer: 128,
            unproven: 512,
            unproven_per_address: 64,
            handshake_time: Duration::from_secs(10),
            header_time: Duration::from_secs(10),
            header_bytes: 16 << 10,
            header_fields: 64,
            body_time: Duration::from_secs(30),
            body_bytes: 4 << 20,
            room_bytes: 256 << 20,
            idle_time: Duration::from_secs(300),
            drain_time: Duration::from_secs(20),
            connect_time: Duration::from_secs(10),
            answer_time: Duration::from_secs(45),
            kept_per_peer: 4,
            kept_time: Duration::from_secs(60),
        }
    }
}

/// One fault of a configuration: the key and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct Fault {
    /// The key inside the table.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub why: String,
}

impl Config {
    /// Whether connections from there begin with the PROXY protocol.
    pub(super) fn is_balancer(&self, address: IpAddr) -> bool {
        self.balancers.iter().any(|network| network.contains(&address))
    }

    /// All that is wrong with the values; empty if nothing is.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.listen.is_empty() {
            faults.push(Fault { key: "listen", why: "name at least one address, as in 0.0.0.0:4590".to_owned() });
        }
        if let Some(everyone) = self.balancers.iter().find(|network| network.prefix_len() == 0) {
            let why = format!("{everyone} lets everybody say where they come from; name the balancers' own addresses");
            faults.push(Fault { key: "balancers", why });
        }
        let counts = [
            ("connections", self.connections, 1),
            ("connections-per-peer", self.connections_per_peer, 1),
            ("unproven", self.unproven, 1),
            ("unproven-per-address", self.unproven_per_address, 1),
            ("header-bytes", self.header_bytes, 8192),
            ("header-fields", self.header_fields, 16),
            ("body-bytes", self.body_bytes, 4096),
            ("room-bytes", self.room_bytes, self.body_bytes),
        ];
        for (key, value, least) in counts {
            if value < least {
                faults.push(Fault { key, why: format!("{value} is too small: at least {least}") });
            }
        }
        let spans = [
            ("handshake-time", self.handshake_time),
            ("header-time", self.header_time),
            ("body-time", self.body_time),
            ("idle-time", self.idle_time),
            ("connect-time", self.connect_time),
            ("answer-time", self.answer_time),
        ];
        for (key, value) in spans {
            if value < Duration::from_millis(10) {
                faults.push(Fault { key, why: format!("{} is too short: at least 10ms", span::show(value)) });
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(Config::default().faults(), []);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let config = Config { listen: vec![], header_bytes: 10, idle_time: Duration::ZERO, ..Config::default() };
        let keys: Vec<_> = config.faults().iter().map(|fault| fault.key).collect();
        assert_eq!(keys, ["listen", "header-bytes", "idle-time"]);
    }

    #[test]
    fn not_everybody_is_a_balancer() {
        let balancers = |text: &str| Config { balancers: vec![text.parse().unwrap()], ..Config::default() }.faults();
        assert_eq!(balancers("192.0.2.1/32"), []);
        assert_eq!([&balancers("0.0.0.0/0")[0], &balancers("::/0")[0]].map(|fault| fault.key), ["balancers"; 2]);
    }

    #[test]
    fn spans_are_written_for_people() {
        let config: Config = serde_json::from_str(r#"{"idle-time":"90s","listen":["127.0.0.1:0"]}"#).unwrap();
        assert_eq!(config.idle_time, Duration::from_secs(90));
        assert!(serde_json::to_string(&config).unwrap().contains(r#""handshake-time":"10s""#));
        assert!(serde_json::from_str::<Config>(r#"{"timeout":"90s"}"#).is_err());
    }
}
