//! RFC 6546 §3: HTTP and TLS as a RID client speaks them, tried against scripted RID systems.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{Http, RidSystem, Scripted};
use crate::harness::pki::{Leaf, Pki};
use crate::harness::wait;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/data-call/slammer-2.0.xml");

struct Pair {
    node: Daemon,
    other: RidSystem,
    _dir: tempfile::TempDir,
}

impl Pair {
    /// A node and a scripted peer of its, which shows that certificate.
    async fn start(leaf: &Leaf, script: impl Fn(&Http) -> Scripted + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Client CA");
        // Longer than any trial waits, so that no request ends by itself.
        let setup = Setup::named("node.example").with("transport", "answer-time = \"5m\"");
        let node = Daemon::start(setup, &pki);
        let pinned = pki.issue("peer.example");
        let shown = if format!("{leaf:?}") == format!("{:?}", Leaf::named("peer.example")) {
            pinned.clone()
        } else {
            pki.issue_leaf(leaf)
        };
        let other = RidSystem::start(&shown, &pki.ca(), script).await;
        node.knows_as("peer.example", &other.address.to_string(), "peer", &pinned);
        Self { node, other, _dir: dir }
    }

    async fn good(script: impl Fn(&Http) -> Scripted + Send + Sync + 'static) -> Self {
        Self::start(&Leaf::named("peer.example"), script).await
    }

    fn send(&self) {
        self.node.ridd(&["send", "peer.example", DOCUMENT]);
    }

    /// Waits until so many parcels are delivered.
    async fn delivered(&self, count: usize) {
        let shown = || format!("{count} parcels delivered; the node's log:\n{}", self.node.log());
        wait::until(shown, async || {
            let list = self.node.ask("outbox?state=delivered").await;
            (list["parcels"].as_array()?.len() == count).then_some(())
        })
        .await;
    }

    /// Waits until the one parcel is as wanted.
    async fn parcel(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let shown = || format!("the parcel; the node's log:\n{}", self.node.log());
        wait::until(shown, async || {
            let list = self.node.ask("outbox").await;
            list["parcels"].as_array()?.iter().find(|parcel| wanted(parcel)).cloned()
        })
        .await
    }
}

fn reason(parcel: &Value) -> &str {
    parcel["reason"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_posted_to_the_root_as_text_xml() {
    let pair = Pair::good(|_| Scripted::empty(200)).await;
    pair.send();
    let came = wait::until(|| "the message".to_owned(), async || pair.other.came().first().cloned()).await;
    assert_eq!(came.first, "POST / HTTP/1.1");
    assert_eq!(came.field("content-type"), Some("text/xml"));
    assert!(came.field("host").is_some_and(|host| host.starts_with("peer.example")), "{:?}", came.field("host"));
    assert!(came.text().contains("RIDPolicy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirection_is_not_followed() {
    let pair =
        Pair::good(|_| Scripted { fields: "Location: https://127.0.0.1:1/\r\n".to_owned(), ..Scripted::empty(307) })
            .await;
    pair.send();
    let parcel = pair.parcel(|parcel| !reason(parcel).is_empty()).await;
    assert!(reason(&parcel).contains("redirection 307"), "{parcel}");
    assert_eq!(parcel["state"], "waiting", "{parcel}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_share_a_persistent_connection_and_a_closed_one_is_replaced() {
    let count = AtomicUsize::new(0);
    let pair = Pair::good(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        // The first is told to come again at once; after the third answer the connection ends.
        0 => Scripted { fields: "Retry-After: 0\r\n".to_owned(), ..Scripted::empty(503) },
        2 => Scripted { fields: "Connection: close\r\n".to_owned(), ..Scripted::empty(200) },
        _ => Scripted::empty(200),
    })
    .await;
    for sent in 1..=3 {
        pair.send();
        pair.delivered(sent).await;
    }
    let came = pair.other.came();
    assert_eq!(came.len(), 4);
    assert_eq!(came[0].body, came[1].body, "the same message again");
    assert_eq!(pair.other.taken(), 2, "three requests came on the first connection, the last on the second");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_ends_when_its_peer_is_revoked() {
    let pair = Pair::good(|_| Scripted::silence()).await;
    pair.send();
    wait::until(|| "the message".to_owned(), async || pair.other.came().first().cloned()).await;
    assert_eq!(pair.other.left(), 0);
    pair.node.ridd(&["peer", "revoke", "peer.example", "--because", "key lost"]);
    let ended = async || (pair.other.left() == 1).then_some(());
    wait::until(|| format!("the end of the connection; the node's log:\n{}", pair.node.log()), ended).await;
    let parcel = pair.parcel(|parcel| parcel["state"] == "dead").await;
    assert!(reason(&parcel).contains("is revoked"), "{parcel}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_peers_own_fault_is_tried_again_and_its_refusal_is_not() {
    let pair = Pair::good(|_| Scripted::empty(500)).await;
    pair.send();
    let parcel = pair.parcel(|parcel| parcel["attempts"].as_i64() > Some(1)).await;
    assert!(reason(&parcel).contains("a fault of its own (500)"), "{parcel}");

    let pair = Pair::good(|_| Scripted::empty(400)).await;
    pair.send();
    let parcel = pair.parcel(|parcel| parcel["state"] == "dead").await;
    assert!(reason(&parcel).contains("improper (400)"), "{parcel}");
    assert_eq!(pair.other.came().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_what_does_not_prove_to_be_the_peer() {
    let faults = [
        (Leaf::named("peer.example").expired(), "ended"),
        (Leaf::named("other.example"), "DNS-ID"),
        (Leaf::named("peer.example").without_san(), "DNS-ID"),
    ];
    for (leaf, word) in faults {
        let pair = Pair::start(&leaf, |_| Scripted::empty(200)).await;
        pair.send();
        let parcel = pair.parcel(|parcel| !reason(parcel).is_empty()).await;
        assert!(reason(&parcel).contains("does not prove to be the peer"), "{parcel}");
        assert!(reason(&parcel).contains(word), "{word}: {parcel}");
        assert_eq!(pair.other.came().len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn peer_test_says_which_step_fails() {
    let pair = Pair::good(|_| Scripted::empty(204)).await;
    assert!(pair.node.try_ridd(&["peer", "test", "peer.example"]).status.success());
    let steps = |node: &Daemon| {
        let output = node.try_ridd(&["peer", "test", "peer.example"]);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let at = |address: &str| pair.node.ridd(&["peer", "change", "peer.example", "--address", address]);
    at("127.0.0.1:1");
    assert!(steps(&pair.node).contains("TCP"));
    at("no-such-host.invalid:4590");
    assert!(steps(&pair.node).contains("DNS"));

    let expired = Pair::start(&Leaf::named("peer.example").expired(), |_| Scripted::empty(204)).await;
    assert!(steps(&expired.node).contains("theirs refused"));
    let web = Pair::good(|_| Scripted::empty(404)).await;
    assert!(steps(&web.node).contains("RID"));

    // A node that does not know us closes after the handshake.
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Strangers' CA");
    let (one, other) =
        (Daemon::start(Setup::named("one.example"), &pki), Daemon::start(Setup::named("peer.example"), &pki));
    one.knows(&other, "peer");
    assert!(steps(&one).contains("our certificate refused"));
    other.knows(&one, "peer");
    assert!(one.try_ridd(&["peer", "test", "peer.example"]).status.success());
}
