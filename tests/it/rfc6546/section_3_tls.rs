//! RFC 6546 §3: TLS as a RID server speaks it. Whose certificate is admitted is tried in `admission`.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, Http};
use crate::harness::pki::Pki;
use crate::harness::wait;

/// What the server answers to a ClientHello that offers only this version (RFC 8446 §4.1.2 and RFC 5246 §7.4.1.2).
async fn answer_to_version(node: &Daemon, minor: u8) -> io::Result<Vec<u8>> {
    let mut body = vec![3, minor];
    body.extend_from_slice(&[7; 32]);
    // No session, two ciphers of those days and one of ours, no compression; groups and signatures that all know.
    body.extend_from_slice(&[0, 0, 6, 0x00, 0x2f, 0xc0, 0x13, 0xc0, 0x2b, 1, 0]);
    let extensions: &[u8] = &[0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 6, 0, 4, 4, 3, 8, 4];
    body.extend_from_slice(&u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend_from_slice(extensions);
    let mut hello = vec![1, 0, 0, u8::try_from(body.len()).unwrap()];
    hello.extend(body);
    let mut record = vec![22, 3, 1, 0, u8::try_from(hello.len()).unwrap()];
    record.extend(hello);
    let mut stream = TcpStream::connect(node.rid).await?;
    stream.write_all(&record).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_before_tls_1_2_are_refused_with_protocol_version() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "TLS CA");
    let node = Daemon::start(Setup::named("node.example"), &pki);
    for minor in [0, 1, 2] {
        let answer = answer_to_version(&node, minor).await.unwrap();
        assert_eq!(answer.first(), Some(&21), "an alert, for 3.{minor}: {answer:?}");
        assert_eq!(answer.get(5..7), Some(&[2, 70][..]), "fatal protocol_version, for 3.{minor}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_must_show_a_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "TLS CA");
    let node = Daemon::start(Setup::named("node.example"), &pki);
    let outcome = async {
        let mut line = peer::connect(node.rid, None).await?;
        line.write_all(b"GET / HTTP/1.1\r\nHost: node\r\n\r\n").await?;
        Http::read(&mut line).await
    };
    let error = outcome.await.expect_err("no answer without a certificate");
    let alert = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    assert!(
        matches!(alert, Some(rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired))),
        "{error:?}"
    );
    // The alert goes out before the refusal is counted.
    let counted = async || Some(()).filter(|()| node.metric("ridd_refusals_total{reason=\"no-certificate\"}") == 1.0);
    wait::until(|| "the refusal".to_owned(), counted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_is_resumed_so_that_no_revocation_is_outlived() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "TLS CA");
    let node = Daemon::start(Setup::named("node.example"), &pki);
    let papers = pki.issue("peer.example");
    node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
    let config = Arc::new(peer::config(Some(&papers)));
    for _ in 0..3 {
        let mut line = peer::connect_with(node.rid, Arc::clone(&config)).await.unwrap();
        line.write_all(b"GET / HTTP/1.1\r\nHost: node\r\n\r\n").await.unwrap();
        assert_eq!(Http::read(&mut line).await.unwrap().unwrap().status(), 204);
        assert_eq!(line.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Full));
    }
}
