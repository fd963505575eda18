//! The TLS configurations: 1.2 and 1.3 only, both sides with certificates, nothing that outlives a revocation.
//!
//! Session resumption, tickets and early data are off on purpose: a resumed session skips the certificate check, and so
//! would let a peer in that was removed or revoked since (RFC 6546 §3 wants each certificate validated in full).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, DigitallySignedStruct, Error as TlsError, ServerConfig, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::admission::{Role, Snapshot};
use crate::clock::{Clock, Timestamp};
use crate::ids::PeerName;

/// HTTP/1.1 is the only protocol inside (RFC 6546 §3).
const ALPN: &[u8] = b"http/1.1";

/// The cryptography, always named and never the process's default.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Our clock as TLS asks for it.
pub(super) struct TlsTime(pub(super) Arc<dyn Clock>);

impl fmt::Debug for TlsTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTime")
    }
}

impl TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(self.0.now()))
    }
}

/// The instant as webpki takes it; before the epoch counts as the epoch.
pub(super) fn unix_time(instant: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(instant.seconds()).unwrap_or(0)))
}

/// What a listener speaks.
pub(super) fn server_config(
    clients: Arc<dyn ClientCertVerifier>,
    identity: Arc<SingleCertAndKey>,
    clock: Arc<dyn Clock>,
) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(TlsTime(clock)))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(identity);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// What a connection to that peer speaks.
pub(super) fn client_config(
    peer: &PeerName,
    snapshot: Arc<Snapshot>,
    clock: Arc<dyn Clock>,
) -> Result<ClientConfig, TlsError> {
    let identity = snapshot.credentials().identity();
    let verifier = PeerVerifier { peer: peer.clone(), snapshot, schemes: schemes() };
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(TlsTime(clock)))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(identity);
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// The name as TLS takes it: always a DNS name, also where it looks like an address.
pub(super) fn server_name(peer: &PeerName) -> Option<ServerName<'static>> {
    rustls_pki_types::DnsName::try_from(peer.as_str().to_owned()).ok().map(ServerName::DnsName)
}

fn schemes() -> Vec<SignatureScheme> {
    provider().signature_verification_algorithms.supported_schemes()
}

/// Checks the certificate of a node that we call: the whole admission, for exactly the peer we meant to reach.
struct PeerVerifier {
    peer: PeerName,
    snapshot: Arc<Snapshot>,
    schemes: Vec<SignatureScheme>,
}

impl fmt::Debug for PeerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerVerifier").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl PeerVerifier {
    fn servers(&self) -> &WebPkiServerVerifier {
        self.snapshot.credentials().servers()
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let mut chain = vec![end_entity.clone()];
        chain.extend_from_slice(intermediates);
        let found = self.snapshot.judge(&Role::Answerer(self.peer.clone()), &chain, now);
        found.map(|_| ServerCertVerified::assertion()).map_err(super::Refusal::into_tls)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.servers().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.servers().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
