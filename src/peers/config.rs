//! Where the node's own certificate, the CAs it trusts and their revocation lists lie, and how strict admission is.
//! `config/` composes this under `[peers]` and resolves the paths; [`super::Directory`] reads it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::PeerName;

/// `[peers]`. Paths are relative to the data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Our own DNS-ID; needed only if our certificate carries several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<PeerName>,
    /// Our certificate with its intermediate CAs behind it, PEM.
    pub certificate: PathBuf,
    /// Our private key, PEM (PKCS#8, PKCS#1 or SEC1); nobody else should be able to read it.
    pub key: PathBuf,
    /// The file with the passphrase of private keys that are encrypted (PKCS#8), on its first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase_file: Option<PathBuf>,
    /// The certificate of the key that signs our messages, with its intermediate CAs behind it, PEM. If absent, `certificate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_certificate: Option<PathBuf>,
    /// The key that signs our messages, PEM. If absent, `key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<PathBuf>,
    /// The certificate that others encrypt with for us, PEM. If absent, `certificate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_certificate: Option<PathBuf>,
    /// The key that opens what is encrypted for us, PEM. If absent, `key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<PathBuf>,
    /// Former keys, PEM: they open what is still encrypted for them.
    pub old_encryption_keys: Vec<PathBuf>,
    /// A directory of CA certificates (`*.pem`); a peer's certificate must come from one of them.
    pub trust: PathBuf,
    /// A directory of certificate revocation lists (`*.pem`).
    pub crl: PathBuf,
    /// Refuse certificates of a CA for which there is no revocation list. A list that is there is always heeded, and
    /// one past its next update always refuses.
    pub require_crl: bool,
    /// How long before its end a certificate or a revocation list is warned of.
    #[serde(with = "crate::clock::span")]
    pub expiry_warning: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: None,
            certificate: "pki/node.pem".into(),
            key: "pki/node.key".into(),
            passphrase_file: None,
            signing_certificate: None,
            signing_key: None,
            encryption_certificate: None,
            encryption_key: None,
            old_encryption_keys: Vec::new(),
            trust: "pki/trust".into(),
            crl: "pki/crl".into(),
            require_crl: false,
            expiry_warning: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

impl Config {
    /// The same with every relative path taken from the data directory.
    #[must_use]
    pub fn resolved(mut self, data: &Path) -> Self {
        let always = [&mut self.certificate, &mut self.key, &mut self.trust, &mut self.crl];
        let perhaps = [
            &mut self.passphrase_file,
            &mut self.signing_certificate,
            &mut self.signing_key,
            &mut self.encryption_certificate,
            &mut self.encryption_key,
        ];
        for path in always.into_iter().chain(perhaps.into_iter().flatten()).chain(&mut self.old_encryption_keys) {
            *path = data.join(&path);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_start_at_the_data_directory() {
        let config = Config {
            key: "/etc/ridd/node.key".into(),
            signing_key: Some("pki/sign.key".into()),
            old_encryption_keys: vec!["pki/node.former.key".into()],
            ..Config::default()
        };
        let config = config.resolved(Path::new("/srv/ridd"));
        assert_eq!(config.signing_key.as_deref(), Some(Path::new("/srv/ridd/pki/sign.key")));
        assert_eq!(config.old_encryption_keys, [Path::new("/srv/ridd/pki/node.former.key")]);
        assert_eq!(config.certificate, Path::new("/srv/ridd/pki/node.pem"));
        assert_eq!(config.key, Path::new("/etc/ridd/node.key"));
    }
}
