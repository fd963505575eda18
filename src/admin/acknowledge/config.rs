//! What can be configured of the links in notices: table `[admin.acknowledge]`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::admin::config::{Fault, listen};

/// Characters of `url` at most: a link must fit into a line of a mail.
const URL_LIMIT: usize = 200;

/// Table `[admin.acknowledge]`: the links in notices, and the listener that they lead to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where the links lead: an address with a port, or `off`. The listener serves nothing else.
    #[serde(with = "listen")]
    pub listen: Option<SocketAddr>,
    /// What the links begin with, as people reach the listener: `https://cirt.example.org`. Without it notices carry none.
    pub url: Option<String>,
    /// Whether the listener speaks TLS, with the node's certificate. Without TLS it may listen on loopback only, behind a
    /// proxy that adds `X-Forwarded-For`.
    pub tls: bool,
    /// Connections at once, a quarter of them from one address; further ones wait.
    pub connections: usize,
    /// Links that lead nowhere, from one address within a minute; whatever the address asks then is refused until the
    /// minute is over. An IPv6 network of 64 bits counts as one address.
    pub wrong_per_address: usize,
    /// The same of all addresses; beyond it wrong links are told to wait, and right ones still lead where they should.
    pub wrong: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: None, url: None, tls: true, connections: 64, wrong_per_address: 10, wrong: 300 }
    }
}

impl Config {
    /// All that is wrong with the values; empty if nothing is.
    pub(in crate::admin) fn faults(&self) -> Vec<Fault> {
        let numbers = [
            ("acknowledge.connections", self.connections),
            ("acknowledge.wrong-per-address", self.wrong_per_address),
            ("acknowledge.wrong", self.wrong),
        ];
        let zero = numbers.into_iter().filter(|(_, value)| *value == 0);
        let mut faults: Vec<_> =
            zero.map(|(key, _)| Fault { key, why: "0 is too small: at least 1".to_owned() }).collect();
        let mut add = |key, why: &str| faults.push(Fault { key, why: why.to_owned() });
        match &self.url {
            Some(url) if !is_base(url) => add(
                "acknowledge.url",
                "write https:// and a host, for instance https://cirt.example.org, and nothing behind",
            ),
            None if self.listen.is_some() => {
                add("acknowledge.listen", "no notice has a link while acknowledge.url is missing: set it, too");
            }
            _ => {}
        }
        if !self.tls && self.listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            add("acknowledge.tls", "without TLS it may listen on loopback only: write 127.0.0.1, or tls = true");
        }
        faults
    }
}

/// Whether it is `https://HOST` or `https://HOST:PORT`, with a path perhaps, and without an end that a code cannot follow.
fn is_base(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]/_~".contains(&byte);
    !rest.is_empty()
        && !rest.starts_with(['/', ':'])
        && !rest.ends_with('/')
        && url.len() <= URL_LIMIT
        && rest.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_listener_go_together_and_clear_text_stays_inside() {
        let faults = |config: &Config| config.faults().iter().map(|fault| fault.key).collect::<Vec<_>>().join(" ");
        let url = |url: &str| Some(url.to_owned());
        assert_eq!(faults(&Config::default()), "");
        let good =
            Config { listen: "0.0.0.0:4592".parse().ok(), url: url("https://cirt.example.org"), ..Config::default() };
        assert_eq!(faults(&good), "");
        assert_eq!(faults(&Config { url: None, ..good }), "acknowledge.listen");
        assert_eq!(faults(&Config { listen: None, ..good.clone() }), "", "another node may serve the links");
        assert_eq!(faults(&Config { tls: false, wrong: 0, ..good.clone() }), "acknowledge.wrong acknowledge.tls");
        assert_eq!(faults(&Config { tls: false, listen: "127.0.0.1:4592".parse().ok(), ..good.clone() }), "");
        for bad in [
            "http://cirt.example.org",
            "https://",
            "https:///x",
            "https://a.example/",
            "https://a.example/?x",
            "https://a b",
        ] {
            assert_eq!(faults(&Config { url: url(bad), ..good.clone() }), "acknowledge.url", "{bad}");
        }
    }
}
