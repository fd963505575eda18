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

/// What a listener for browsers speaks: our certificate, and none asked for.
pub(super) fn site_config(identity: Arc<SingleCertAndKey>, clock: Arc<dyn Clock>) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(TlsTime(clock)))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(identity);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
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

pub(super) fn schemes() -> Vec<SignatureScheme> {
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

#[cfg(test)]
mod tests {
    use rustls::{ClientConnection, Connection, HandshakeKind, ProtocolVersion, ServerConnection};

    use super::super::Refusal;
    use super::super::testing::{Leaf, Node, name};
    use super::*;
    use crate::store::records::Relation;

    const UNIT: &str = "unit.example.org";
    const DEPT: &str = "dept.example.org";

    /// A client that has no certificate.
    #[derive(Debug)]
    struct Nothing;

    impl rustls::client::ResolvesClientCert for Nothing {
        fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<rustls::sign::CertifiedKey>> {
            None
        }

        fn has_certs(&self) -> bool {
            false
        }
    }

    /// Two nodes that know each other.
    async fn pair() -> (Node, Node) {
        let (dept, unit) = (Node::new(DEPT).await, Node::new(UNIT).await);
        dept.trust(&unit);
        unit.trust(&dept);
        for node in [&dept, &unit] {
            node.directory.reload().await.unwrap();
        }
        let own = |node: &Node| Leaf { der: node.directory.own_chain().remove(0), serial: String::new() };
        dept.add(UNIT, Relation::Unit, &[&own(&unit)]).await;
        unit.add(DEPT, Relation::Parent, &[&own(&dept)]).await;
        (dept, unit)
    }

    fn connect(client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> (Connection, Connection) {
        let called = super::super::Directory::server_name(&name(DEPT)).unwrap();
        (ClientConnection::new(client, called).unwrap().into(), ServerConnection::new(server).unwrap().into())
    }

    /// Carries bytes both ways until nothing moves; each side's error, if any, the alert delivered.
    fn carry(client: &mut Connection, server: &mut Connection) -> (Option<TlsError>, Option<TlsError>) {
        let mut errors = (None, None);
        loop {
            let mut moved = 0;
            moved += pass(client, server, &mut errors.1);
            moved += pass(server, client, &mut errors.0);
            if moved == 0 {
                return errors;
            }
        }
    }

    fn pass(from: &mut Connection, to: &mut Connection, error: &mut Option<TlsError>) -> usize {
        let mut bytes = Vec::new();
        while from.wants_write() {
            from.write_tls(&mut bytes).unwrap();
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() && to.read_tls(&mut rest).unwrap() > 0 {
            if let Err(found) = to.process_new_packets() {
                error.get_or_insert(found);
                break;
            }
        }
        bytes.len()
    }

    fn chain(connection: &Connection) -> Vec<CertificateDer<'static>> {
        connection.peer_certificates().unwrap_or_default().iter().map(|der| der.clone().into_owned()).collect()
    }

    #[tokio::test]
    async fn two_nodes_admit_each_other_over_tls_1_3_and_1_2() {
        let (dept, unit) = pair().await;
        for version in [&TLS13, &TLS12] {
            let mut config = (*unit.directory.client_tls(&name(DEPT)).unwrap()).clone();
            if version.version == ProtocolVersion::TLSv1_2 {
                let snapshot = unit.directory.current();
                let identity = snapshot.credentials().identity();
                let verifier = PeerVerifier { peer: name(DEPT), snapshot, schemes: schemes() };
                let time = Arc::new(TlsTime(Arc::clone(&unit.clock) as Arc<dyn Clock>));
                config = ClientConfig::builder_with_details(provider(), time)
                    .with_protocol_versions(&[version])
                    .unwrap()
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier))
                    .with_client_cert_resolver(identity);
            }
            let (mut client, mut server) = connect(Arc::new(config), dept.directory.server_tls());
            assert_eq!(carry(&mut client, &mut server), (None, None));
            assert_eq!(server.protocol_version(), Some(version.version));
            let admitted = dept.directory.admit(&chain(&server)).unwrap();
            assert_eq!(admitted.peer().name, name(UNIT));
            let answering = unit.directory.admit_answering(&name(DEPT), &chain(&client)).unwrap();
            unit.directory.still_admits(&answering).unwrap();
        }
    }

    #[tokio::test]
    async fn no_session_is_ever_resumed() {
        let (dept, unit) = pair().await;
        let config = unit.directory.client_tls(&name(DEPT)).unwrap();
        // A client that would resume if the server let it.
        let mut eager = (*config).clone();
        eager.resumption = Resumption::in_memory_sessions(8);
        let eager = Arc::new(eager);
        for _ in 0..3 {
            let (mut client, mut server) = connect(Arc::clone(&eager), dept.directory.server_tls());
            assert_eq!(carry(&mut client, &mut server), (None, None));
            assert_eq!(server.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(client.alpn_protocol(), Some(ALPN));
        }
    }

    #[tokio::test]
    async fn a_caller_without_a_certificate_is_refused() {
        let (dept, unit) = pair().await;
        let mut config = (*unit.directory.client_tls(&name(DEPT)).unwrap()).clone();
        config.client_auth_cert_resolver = Arc::new(Nothing);
        let (mut client, mut server) = connect(Arc::new(config), dept.directory.server_tls());
        let (told, found) = carry(&mut client, &mut server);
        assert_eq!(Refusal::from_handshake(&found.unwrap()), Refusal::NoCertificate);
        assert_eq!(told, Some(TlsError::AlertReceived(rustls::AlertDescription::CertificateRequired)));
    }

    #[tokio::test]
    async fn a_caller_of_an_unknown_ca_learns_no_more_than_tls_says() {
        let (dept, unit) = pair().await;
        std::fs::remove_file(dept.layout.trust().join("other.pem")).unwrap();
        dept.directory.reload().await.unwrap();
        let client = unit.directory.client_tls(&name(DEPT)).unwrap();
        let (mut client, mut server) = connect(client, dept.directory.server_tls());
        let (told, found) = carry(&mut client, &mut server);
        assert_eq!(Refusal::from_handshake(&found.unwrap()), Refusal::NotTrusted);
        assert_eq!(told, Some(TlsError::AlertReceived(rustls::AlertDescription::UnknownCA)));
    }

    #[tokio::test]
    async fn a_called_node_whose_key_is_not_pinned_is_refused_during_the_handshake() {
        let (dept, unit) = pair().await;
        dept.renew(&[DEPT], 90);
        dept.directory.reload().await.unwrap();
        let client = unit.directory.client_tls(&name(DEPT)).unwrap();
        let (mut client, mut server) = connect(client, dept.directory.server_tls());
        let (found, told) = carry(&mut client, &mut server);
        let refusal = Refusal::from_handshake(&found.unwrap());
        assert_eq!(refusal.label(), "not-pinned");
        assert_eq!(told, Some(TlsError::AlertReceived(rustls::AlertDescription::CertificateUnknown)));
    }

    #[tokio::test]
    async fn nobody_calls_a_peer_that_is_not_there() {
        let node = Node::new(DEPT).await;
        assert!(node.directory.client_tls(&name(UNIT)).is_err());
    }
}
