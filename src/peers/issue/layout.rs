//! Where the files of a data directory lie.

use std::path::{Path, PathBuf};

use crate::peers::Config;

/// The places below one data directory.
#[derive(Clone, Debug)]
pub struct Layout {
    data: PathBuf,
    peers: Config,
}

impl Layout {
    /// Those below `data` when nothing else is configured.
    pub fn of(data: impl Into<PathBuf>) -> Self {
        let data = data.into();
        let peers = Config::default().resolved(&data);
        Self { data, peers }
    }

    /// Those below `data` with that configuration, its paths resolved.
    pub fn configured(data: impl Into<PathBuf>, peers: Config) -> Self {
        Self { data: data.into(), peers }
    }

    /// The configuration of this part.
    pub fn peers(&self) -> &Config {
        &self.peers
    }

    /// The data directory itself.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The node's configuration.
    pub fn configuration(&self) -> PathBuf {
        self.data.join("ridd.toml")
    }

    /// The directory of keys and certificates.
    pub fn pki(&self) -> PathBuf {
        self.data.join("pki")
    }

    /// Our own CA's certificate.
    pub fn ca(&self) -> PathBuf {
        self.pki().join("ca.pem")
    }

    /// Our own CA's key.
    pub fn ca_key(&self) -> PathBuf {
        self.pki().join("ca.key")
    }

    /// Our node's certificate.
    pub fn node(&self) -> PathBuf {
        self.peers.certificate.clone()
    }

    /// Our node's key.
    pub fn node_key(&self) -> PathBuf {
        self.peers.key.clone()
    }

    /// Our node's next certificate, while peers still have to pin it.
    pub fn next(&self) -> PathBuf {
        self.peers.certificate.with_extension("next.pem")
    }

    /// Our node's next key.
    pub fn next_key(&self) -> PathBuf {
        self.peers.key.with_extension("next.key")
    }

    /// The certificate before the present one.
    pub fn former(&self) -> PathBuf {
        self.peers.certificate.with_extension("former.pem")
    }

    /// The key before the present one.
    pub fn former_key(&self) -> PathBuf {
        self.peers.key.with_extension("former.key")
    }

    /// The directory of trusted CAs.
    pub fn trust(&self) -> PathBuf {
        self.peers.trust.clone()
    }

    /// The directory of revocation lists.
    pub fn crl(&self) -> PathBuf {
        self.peers.crl.clone()
    }

    /// The revocation list of our own CA.
    pub fn own_crl(&self) -> PathBuf {
        self.crl().join("own.pem")
    }
}
