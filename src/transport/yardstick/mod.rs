//! The yardstick of `ridd bench`: a node that does nothing over the same HTTP and TLS, a client that loads either, peers that
//! only answer, and a browser at the page.
//!
//! Used by the bench command only. Both sides prove themselves with certificates as real nodes do, without resumption,
//! so that what differs between the two nodes is the work between request and answer.

mod load;
mod nothing;
mod stub;
mod visit;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::server::{NoServerSessionStorage, WantsServerCert, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

pub use load::{Connection, Figures, Load, drive};
pub use nothing::DoNothing;
pub use stub::{Answer, Identity, Stub};
pub use visit::{Visit, Visitor};

/// Why the yardstick cannot be laid on.
#[derive(Debug, thiserror::Error)]
pub enum YardstickError {
    /// A PEM file cannot be read.
    #[error("cannot read {path}: {why}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The certificates do not fit together.
    #[error("the certificates cannot be used: {why}")]
    Certificates {
        /// What is wrong with them.
        why: String,
    },
    /// A connection failed.
    #[error("{doing} {address} failed: {source}")]
    Connection {
        /// What was being done.
        doing: &'static str,
        /// With whom.
        address: std::net::SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The other side did not answer as it should.
    #[error("message {message} was answered with {found}; expected 200")]
    Answer {
        /// The number of the message.
        message: u64,
        /// What came.
        found: String,
    },
}

/// The files that one side proves itself with and judges the other by.
#[derive(Clone, Debug)]
pub struct Papers {
    /// The certificate chain, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// The CA that both sides trust, PEM.
    pub ca: PathBuf,
}

impl Papers {
    /// What the client speaks.
    ///
    /// # Errors
    /// If a file cannot be read or used.
    pub fn client(&self) -> Result<Arc<ClientConfig>, YardstickError> {
        let (chain, key, roots) = self.read()?;
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unfit)?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(unfit)?;
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// What the node that does nothing speaks.
    ///
    /// # Errors
    /// If a file cannot be read or used.
    pub fn server(&self) -> Result<Arc<ServerConfig>, YardstickError> {
        let (chain, key, roots) = self.read()?;
        Ok(server(judging(roots)?.with_single_cert(chain, key).map_err(unfit)?))
    }

    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, RootCertStore), YardstickError> {
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unreadable(&self.key, &error))?;
        Ok((certificates(&self.certificate)?, key, roots(&self.ca)?))
    }
}

/// A server that takes only clients whose certificates lead to one of the roots.
fn judging(roots: RootCertStore) -> Result<ConfigBuilder<ServerConfig, WantsServerCert>, YardstickError> {
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().map_err(unfit)?;
    let config = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13, &TLS12]);
    Ok(config.map_err(unfit)?.with_client_cert_verifier(clients))
}

/// The same without resumption, as nodes have it.
fn server(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

fn roots(ca: &Path) -> Result<RootCertStore, YardstickError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(unfit)?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, YardstickError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(|error| unreadable(path, &error))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn unreadable(path: &Path, error: &rustls_pki_types::pem::Error) -> YardstickError {
    YardstickError::Pem { path: path.to_owned(), why: error.to_string() }
}

fn unfit(error: impl std::fmt::Display) -> YardstickError {
    YardstickError::Certificates { why: error.to_string() }
}
