//! Who is at the other end of a connection to the door: an address, and perhaps a certificate.

use std::net::SocketAddr;

use rustls_pki_types::CertificateDer;

use crate::ids::Digest;
use crate::peers::Directory;

/// One connection's other end.
pub(super) struct Visitor {
    pub(super) remote: SocketAddr,
    /// What was shown in the handshake, the visitor's own first; empty if nothing was.
    pub(super) chain: Vec<CertificateDer<'static>>,
}

impl Visitor {
    /// The key of the certificate, if our CAs vouch for it now: a revocation holds on connections that are open, too.
    pub(super) fn key(&self, directory: &Directory) -> Option<Digest> {
        if self.chain.is_empty() {
            return None;
        }
        match directory.vouch(&self.chain) {
            Ok(key) => Some(key),
            Err(refusal) => {
                tracing::debug!(remote = %self.remote, %refusal, "a visitor's certificate is worth nothing");
                None
            }
        }
    }
}
