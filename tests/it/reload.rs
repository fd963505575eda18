//! Changes while connections are open: they take effect at once and disturb nobody else; a faulty file changes nothing.

use std::fs;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::pki::{Papers, Pki};
use crate::harness::{peer, report};

struct Open {
    node: Daemon,
    pki: Pki,
    papers: Papers,
    stream: tokio_rustls::client::TlsStream<tokio::net::TcpStream>,
    _dir: tempfile::TempDir,
}

impl Open {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Reload CA");
        let node = Daemon::start(Setup::named("node.example"), &pki);
        let papers = pki.issue("peer.example");
        node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
        let stream = peer::connect(node.rid, Some(&papers)).await.unwrap();
        Self { node, pki, papers, stream, _dir: dir }
    }

    /// The connection that was open all the time still serves.
    async fn still_serves(&mut self, number: &str) {
        let answer = peer::post(&mut self.stream, &report::report(number), None).await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }

    /// The certificate that the node shows on a new connection.
    async fn shown(&self) -> CertificateDer<'static> {
        let stream = peer::connect(self.node.rid, Some(&self.papers)).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_peer_and_a_new_certificate_disturb_no_open_connection() {
    let mut open = Open::new().await;
    open.still_serves("1").await;
    let fresh = open.pki.issue("fresh.example");
    open.node.knows_as("fresh.example", "127.0.0.1:1", "peer", &fresh);
    assert_eq!(peer::post_once(open.node.rid, &fresh, &report::report("2")).await.unwrap().status(), 200);
    open.still_serves("3").await;
    let next = open.pki.issue("node.example");
    fs::copy(&next.certificate, open.node.data().join("pki/node.pem")).unwrap();
    fs::copy(&next.key, open.node.data().join("pki/node.key")).unwrap();
    open.node.ridd(&["reload"]);
    assert_eq!(open.shown().await, CertificateDer::from_pem_file(&next.certificate).unwrap());
    open.still_serves("4").await;
    fs::write(open.node.data().join("pki/crl/ca.pem"), open.pki.crl(1, &[])).unwrap();
    open.node.ridd(&["reload"]);
    open.still_serves("5").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_file_changes_nothing_and_is_reported() {
    let mut open = Open::new().await;
    let before = open.shown().await;
    let key = open.node.data().join("pki/node.key");
    let good = fs::read(&key).unwrap();
    // A key that does not fit the certificate.
    fs::copy(&open.pki.issue("node.example").key, &key).unwrap();
    refused(&open.node, "node.key");
    fs::write(&key, &good).unwrap();
    let crl = open.node.data().join("pki/crl/bad.pem");
    fs::write(&crl, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n").unwrap();
    refused(&open.node, "bad.pem");
    fs::remove_file(&crl).unwrap();
    let file = open.node.data().join("ridd.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{config}\n[no-such-table]\nkey = 1\n")).unwrap();
    refused(&open.node, "no-such-table");
    fs::write(&file, config).unwrap();
    assert_eq!(open.shown().await, before);
    open.still_serves("6").await;
    open.node.ridd(&["reload"]);
    open.still_serves("7").await;
}

/// The reload fails and names the culprit.
fn refused(node: &Daemon, culprit: &str) {
    let output = node.try_ridd(&["reload"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "a fault in {culprit} was not noticed");
    assert!(said.contains(culprit), "{culprit} is not named in: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reloads_and_sigterm_drains() {
    let mut open = Open::new().await;
    let next = open.pki.issue("node.example");
    fs::copy(&next.certificate, open.node.data().join("pki/node.pem")).unwrap();
    fs::copy(&next.key, open.node.data().join("pki/node.key")).unwrap();
    open.node.signal("HUP");
    let wanted = CertificateDer::from_pem_file(&next.certificate).unwrap();
    crate::harness::wait::until(
        || "the new certificate".to_owned(),
        async || (open.shown().await == wanted).then_some(()),
    )
    .await;
    open.still_serves("8").await;
    let status = open.node.term();
    assert!(status.success(), "{status}; its log:\n{}", open.node.log());
}
