//! People who come to the operators' page: TLS that asks for a certificate and takes none for an answer, and what a
//! certificate that is shown is worth. Called by `admin`; whose it is, `admin` knows.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{DigitallySignedStruct, DistinguishedName, Error as TlsError, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};

use super::certificate::{Facts, Unreadable};
use super::directory::Directory;
use super::fault::{Fault, PeersError};
use super::{Refusal, files, tls};
use crate::ids::Digest;

/// A certificate and key for the page, where it is not to show the node's own.
#[derive(Clone)]
pub struct PageIdentity(Arc<SingleCertAndKey>);

impl PageIdentity {
    /// Reads the certificate with its chain, and its key, from PEM files.
    ///
    /// # Errors
    /// [`PeersError::Faults`] with what is wrong with the files.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, PeersError> {
        let chain = files::certificates(certificate).map_err(|faults| PeersError::Faults { faults })?;
        let private = files::read_key(key, None).map_err(|fault| PeersError::Faults { faults: vec![fault] })?;
        let chain = chain.into_iter().map(|one| one.der).collect();
        let certified = CertifiedKey::from_der(chain, private, &tls::provider()).map_err(|error| {
            let why = format!("does not go with the certificate {}: {error}", certificate.display());
            PeersError::Faults { faults: vec![Fault { file: key.to_owned(), why }] }
        })?;
        Ok(Self(Arc::new(SingleCertAndKey::from(certified))))
    }
}

impl fmt::Debug for PageIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageIdentity")
    }
}

impl Directory {
    /// What the page's listener speaks now, with that certificate or the node's own; ask again for every connection.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn page_tls(&self, identity: Option<&PageIdentity>) -> Result<Arc<ServerConfig>, PeersError> {
        let snapshot = self.current();
        let identity = identity.map_or_else(|| snapshot.credentials().identity(), |own| Arc::clone(&own.0));
        let visitors = Arc::new(AnyVisitor { schemes: tls::schemes() });
        tls::server_config(visitors, identity, Arc::clone(&self.clock))
            .map(Arc::new)
            .map_err(|error| PeersError::Tls { why: error.to_string() })
    }

    /// Whether the CAs that this node trusts vouch for the certificate now, and it is not revoked: then its key (SHA-256
    /// of SPKI). The handshake has proven that the visitor has that key.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn vouch(&self, chain: &[CertificateDer<'_>]) -> Result<Digest, Refusal> {
        let Some((leaf, intermediates)) = chain.split_first() else { return Err(Refusal::NoCertificate) };
        let snapshot = self.current();
        let credentials = snapshot.credentials();
        if !credentials.any_anchor() {
            return Err(Refusal::NotTrusted);
        }
        let now = tls::unix_time(self.clock.now());
        let judged = credentials.clients().verify_client_cert(leaf, intermediates, now);
        judged.map_err(|error| Refusal::from_handshake(&error))?;
        Ok(Facts::read(leaf).map_err(|error| Refusal::Unreadable { why: error.why })?.spki)
    }

    /// The key (SHA-256 of SPKI) of a certificate in PEM form, which must not be a CA's.
    ///
    /// # Errors
    /// If it is no certificate, or a CA's.
    pub fn key_of(pem: &str) -> Result<Digest, PeersError> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| Unreadable { what: "no certificate in PEM form", why: error.to_string() })?;
        let facts = Facts::read(&der)?;
        if facts.ca { Err(PeersError::CaPinned) } else { Ok(facts.spki) }
    }
}

/// Lets every visitor through the handshake, with whatever certificate or none: what it is worth is asked when it is to
/// open a door, and who has none signs in otherwise.
struct AnyVisitor {
    schemes: Vec<SignatureScheme>,
}

impl fmt::Debug for AnyVisitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyVisitor")
    }
}

impl ClientCertVerifier for AnyVisitor {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let provider = tls::provider();
        rustls::crypto::verify_tls12_signature(message, cert, dss, &provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let provider = tls::provider();
        rustls::crypto::verify_tls13_signature(message, cert, dss, &provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Node;
    use super::*;

    #[tokio::test]
    async fn only_what_our_cas_vouch_for_is_worth_something() {
        let (node, stranger) = (Node::new("dept.example.org").await, Node::new("other.example.org").await);
        let leaf = node.leaf(&["ann.example.org"]);
        let spki = node.directory.vouch(&leaf.chain()).unwrap();
        assert_eq!(spki, Facts::read(&leaf.der).unwrap().spki);
        assert!(matches!(node.directory.vouch(&[]), Err(Refusal::NoCertificate)));
        let strange = stranger.leaf(&["ann.example.org"]);
        assert!(matches!(node.directory.vouch(&strange.chain()), Err(Refusal::NotTrusted)));
        node.revoke(&[&leaf], 30);
        node.directory.reload().await.unwrap();
        assert!(matches!(node.directory.vouch(&leaf.chain()), Err(Refusal::Revoked)));
    }

    #[tokio::test]
    async fn the_page_may_have_a_certificate_of_its_own() {
        let node = Node::new("dept.example.org").await;
        let identity = PageIdentity::read(&node.layout.node(), &node.layout.node_key()).unwrap();
        node.directory.page_tls(Some(&identity)).unwrap();
        node.directory.page_tls(None).unwrap();
        let swapped = PageIdentity::read(&node.layout.node_key(), &node.layout.node());
        assert!(matches!(swapped, Err(PeersError::Faults { .. })));
        let ca = std::fs::read_to_string(node.layout.ca()).unwrap();
        assert!(matches!(Directory::key_of(&ca), Err(PeersError::CaPinned)));
        assert!(matches!(Directory::key_of("no certificate"), Err(PeersError::BadCertificate(_))));
    }
}
