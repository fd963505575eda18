//! Where the files of a data directory lie.

use std::path::{Path, PathBuf};

/// The places below one data directory.
#[derive(Clone, Debug)]
pub struct Layout {
    data: PathBuf,
}

impl Layout {
    /// Those below `data`.
    pub fn of(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into() }
    }

    /// The data directory itself.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The configuration.
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
        self.pki().join("node.pem")
    }

    /// Our node's key.
    pub fn node_key(&self) -> PathBuf {
        self.pki().join("node.key")
    }

    /// Our node's next certificate, while peers still have to pin it.
    pub fn next(&self) -> PathBuf {
        self.pki().join("node.next.pem")
    }

    /// Our node's next key.
    pub fn next_key(&self) -> PathBuf {
        self.pki().join("node.next.key")
    }

    /// The certificate before the present one.
    pub fn former(&self) -> PathBuf {
        self.pki().join("node.former.pem")
    }

    /// The key before the present one.
    pub fn former_key(&self) -> PathBuf {
        self.pki().join("node.former.key")
    }

    /// The directory of trusted CAs.
    pub fn trust(&self) -> PathBuf {
        self.pki().join("trust")
    }

    /// The directory of revocation lists.
    pub fn crl(&self) -> PathBuf {
        self.pki().join("crl")
    }

    /// The revocation list of our own CA.
    pub fn own_crl(&self) -> PathBuf {
        self.crl().join("own.pem")
    }
}
