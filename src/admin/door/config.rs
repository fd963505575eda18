//! What can be configured of the page: table `[admin.page]`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::admin::config::{Fault, listen};

/// Table `[admin.page]`: the operators' pages and the API over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PageConfig {
    /// Where the pages are served over TLS: an address with a port, or `off`.
    #[serde(with = "listen")]
    pub listen: Option<SocketAddr>,
    /// The certificate (PEM) with its chain that browsers see; the node's own if there is none. A relative path counts
    /// from the data directory.
    pub certificate: Option<PathBuf>,
    /// Its key (PEM).
    pub key: Option<PathBuf>,
    /// Connections at once; further ones wait. One address holds at most half of them.
    pub connections: usize,
    /// A session that is not used for so long ends.
    #[serde(with = "crate::clock::span")]
    pub idle_time: Duration,
    /// A session ends so long after the sign-in, whatever it does.
    #[serde(with = "crate::clock::span")]
    pub session_time: Duration,
    /// How long a password that `ridd operator reset` gives can be used.
    #[serde(with = "crate::clock::span")]
    pub first_sign_in: Duration,
}

impl Default for PageConfig {
    fn default() -> Self {
        Self {
            listen: None,
            certificate: None,
            key: None,
            connections: 512,
            idle_time: Duration::from_secs(30 * 60),
            session_time: Duration::from_secs(12 * 3_600),
            first_sign_in: Duration::from_secs(3 * 24 * 3_600),
        }
    }
}

impl PageConfig {
    /// All that is wrong with the values; empty if nothing is.
    pub(in crate::admin) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.connections < 2 {
            let why = format!("{} is too small: at least 2", self.connections);
            faults.push(Fault { key: "page.connections", why });
        }
        let spans = [
            ("page.idle-time", self.idle_time),
            ("page.session-time", self.session_time),
            ("page.first-sign-in", self.first_sign_in),
        ];
        for (key, span) in spans {
            if span < Duration::from_secs(1) {
                let why = format!("{} is too short: at least 1s", crate::clock::span::show(span));
                faults.push(Fault { key, why });
            }
        }
        if self.certificate.is_some() != self.key.is_some() {
            let why = "the page's certificate and its key go together: name both files, or neither".to_owned();
            faults.push(Fault { key: "page.certificate", why });
        }
        faults
    }

    /// The same with relative paths taken from the data directory.
    #[must_use]
    pub(in crate::admin) fn resolved(mut self, data: &Path) -> Self {
        self.certificate = self.certificate.map(|path| data.join(path));
        self.key = self.key.map(|path| data.join(path));
        self
    }
}
