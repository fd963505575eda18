//! Who is let in: exactly the pinned certificates of peers, by chain, revocation, pin and name; each refusal has its
//! reason in our log, and the other side is told no more than TLS says.

use std::fs;
use std::io;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, Http};
use crate::harness::pki::{Leaf, Papers, Pki};
use crate::harness::{report, wait};

const NAME: &str = "peer.example";

/// One node, its CA, and what a stranger can try.
struct Gate {
    node: Daemon,
    pki: Pki,
    good: Papers,
    _dir: tempfile::TempDir,
}

impl Gate {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Gate CA");
        let node = Daemon::start(Setup::named("node.example"), &pki);
        let good = pki.issue(NAME);
        node.knows_as(NAME, "127.0.0.1:1", "peer", &good);
        Self { node, pki, good, _dir: dir }
    }

    async fn post(&self, papers: Option<&Papers>) -> io::Result<Http> {
        let mut stream = peer::connect(self.node.rid, papers).await?;
        peer::post(&mut stream, &report::report("admission"), None).await
    }

    /// The certificate is refused: no answer comes, our log has these words, and the good peer is still served.
    async fn refuses(&self, papers: Option<&Papers>, words: &str) {
        let before = self.node.log().len();
        let refused = self.post(papers).await.map(|answer| answer.first);
        assert!(refused.is_err(), "was answered: {refused:?}");
        let log = || self.node.log()[before..].to_owned();
        let what = || format!("{words:?} in the log after:\n{}", log());
        wait::until(what, async || log().contains(words).then_some(())).await;
        assert_eq!(self.post(Some(&self.good)).await.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_each_with_its_reason() {
    let gate = Gate::new();
    let dir = tempfile::tempdir().unwrap();
    let other = Pki::make(dir.path(), "Another CA");
    gate.refuses(None, "sent no certificate").await;
    gate.refuses(Some(&other.issue(NAME)), "from no CA that we trust").await;
    gate.refuses(Some(&gate.pki.issue_leaf(&Leaf::named(NAME).expired())), "has ended").await;
    gate.refuses(Some(&gate.pki.issue("*.example")), "carries the wildcard").await;
    gate.refuses(Some(&gate.pki.issue_leaf(&Leaf::named(NAME).without_san())), "carries no DNS-ID").await;
    gate.refuses(Some(&gate.pki.issue(NAME)), "is pinned for no peer").await;
    gate.refuses(Some(&gate.pki.issue("stranger.example")), "is pinned for no peer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_is_refused_also_on_an_open_connection() {
    let gate = Gate::new();
    let spare = gate.pki.issue("spare.example");
    gate.node.knows_as("spare.example", "127.0.0.1:1", "peer", &spare);
    let mut doomed = peer::connect(gate.node.rid, Some(&spare)).await.unwrap();
    assert_eq!(peer::post(&mut doomed, &report::report("1"), None).await.unwrap().status(), 200);
    fs::write(gate.node.data().join("pki/crl/ca.pem"), gate.pki.crl(1, &[&spare])).unwrap();
    gate.node.ridd(&["reload"]);
    ends(&mut doomed).await;
    gate.refuses(Some(&spare), "is revoked by its CA").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_peer_loses_its_open_connection() {
    let gate = Gate::new();
    let removed = gate.pki.issue("removed.example");
    gate.node.knows_as("removed.example", "127.0.0.1:1", "peer", &removed);
    let mut open = peer::connect(gate.node.rid, Some(&removed)).await.unwrap();
    let mut good = peer::connect(gate.node.rid, Some(&gate.good)).await.unwrap();
    for stream in [&mut open, &mut good] {
        assert_eq!(peer::post(stream, &report::report("2"), None).await.unwrap().status(), 200);
    }
    gate.node.ridd(&["peer", "remove", "removed.example"]);
    ends(&mut open).await;
    assert_eq!(peer::post(&mut good, &report::report("3"), None).await.unwrap().status(), 200, "others stay");
    gate.refuses(Some(&removed), "is pinned for no peer").await;
}

/// The node ends the connection by itself.
async fn ends(stream: &mut tokio_rustls::client::TlsStream<tokio::net::TcpStream>) {
    let read = tokio::time::timeout(wait::LONG, Http::read(stream)).await.expect("the connection ends");
    assert!(!matches!(read, Ok(Some(_))), "an answer without a request: {read:?}");
}
