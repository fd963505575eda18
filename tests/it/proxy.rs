//! The PROXY protocol, version 2, between a TCP balancer and a node: what a balancer tells is who is there; what it does
//! wrong is refused, logged and counted; and nobody else is heard. The balancer is played byte by byte and has 127.0.0.1;
//! peers have other addresses of the loopback. A real one is tried in `shared::balancer`.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, Http, RidSystem, Scripted};
use crate::harness::pki::{Papers, Pki};
use crate::harness::report::report;
use crate::harness::wait::{self, LONG};
use crate::rfc6545::exchange::message;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A header of these bytes: version and command, family, what follows.
fn header(version: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    [SIGNATURE, &[version, family], &u16::try_from(rest.len()).unwrap().to_be_bytes(), rest].concat()
}

/// The addresses of a connection over IPv4 from there.
fn from(ip: &str) -> Vec<u8> {
    let ip: Ipv4Addr = ip.parse().unwrap();
    [&ip.octets()[..], &[127, 0, 0, 1], &40_000u16.to_be_bytes(), &4590u16.to_be_bytes()].concat()
}

struct Behind {
    node: Daemon,
    papers: Papers,
    pki: Pki,
    _dir: tempfile::TempDir,
}

impl Behind {
    /// A node behind the balancer 127.0.0.1.
    fn new(transport: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Proxy CA");
        let setup = Setup::named("node.example").with("transport", "balancers = [\"127.0.0.1/32\"]");
        let node = Daemon::start(setup.with("transport", transport), &pki);
        let papers = pki.issue("peer.example");
        Self { node, papers, pki, _dir: dir }
    }

    /// With a peer that has never an address where callbacks would reach it otherwise.
    fn with_peer(transport: &str) -> Self {
        let behind = Self::new(transport);
        behind.node.knows_as("peer.example", "127.0.0.1:1", "peer", &behind.papers);
        behind
    }

    /// A connection from the balancer that begins with these bytes.
    async fn begun(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.node.rid).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// Posts on a connection that stands.
    async fn post(&self, stream: TcpStream, body: &[u8]) -> std::io::Result<Http> {
        let mut line = peer::shake(stream, Arc::new(peer::config(Some(&self.papers)))).await?;
        peer::post(&mut line, body, None).await
    }

    /// From where the one message about that incident came.
    async fn remote(&self, incident: &str) -> String {
        let message = self.node.message("the Report", |message| message["incident"]["id"] == incident).await;
        let shown = self.node.json(&["message", "show", message["id"].as_str().unwrap()]);
        shown["remote"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until so many connections were refused for that reason.
    async fn refused(&self, reason: &str, count: f64) {
        let name = format!("ridd_refusals_total{{reason=\"{reason}\"}}");
        let shown = || format!("{count} for {reason}; the node's log:\n{}", self.node.log());
        wait::until(shown, async || (self.node.metric(&name) == count).then_some(())).await;
    }
}

/// Waits until the node has ended the connection.
async fn ended(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // Whether by an end or by a reset, it says nothing.
    timeout(LONG, stream.read_to_end(&mut rest)).await.expect("the node ends the connection").ok();
    assert_eq!(rest, b"", "nothing is told before TLS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_comes_from_where_the_balancer_says() {
    let behind = Behind::with_peer("");
    let v6 = [&[0x20, 1, 0x0d, 0xb8], &[0; 11][..], &[7], &[0; 16], &[0x9c, 0x40, 0x11, 0xee]].concat();
    let added = [&from("192.0.2.8")[..], &[0x02, 0, 3, b'a', b'.', b'b', 0x04, 0, 1, 0]].concat();
    for (number, head, told) in [
        ("v4", header(0x21, 0x11, &from("192.0.2.7")), "192.0.2.7:40000"),
        ("v6", header(0x21, 0x21, &v6), "[2001:db8::7]:40000"),
        ("more", header(0x21, 0x11, &added), "192.0.2.8:40000"),
    ] {
        let answer = behind.post(behind.begun(&head).await, &report(number)).await.unwrap();
        assert_eq!(answer.status(), 200, "{number}");
        assert_eq!(behind.remote(number).await, told);
    }
    // Not behind the balancer: as ever.
    let direct = peer::dial("127.0.0.2", behind.node.rid).await.unwrap();
    assert_eq!(behind.post(direct, &report("direct")).await.unwrap().status(), 200);
    assert!(behind.remote("direct").await.starts_with("127.0.0.2:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_goes_to_the_address_that_the_balancer_told() {
    let behind = Behind::new("");
    let other = RidSystem::start_at("127.0.0.2", &behind.papers, &behind.pki.ca(), |_| Scripted::empty(200)).await;
    // Where it is configured nobody listens, and at the balancer's address neither.
    let elsewhere = format!("127.0.0.3:{}", other.address.port());
    behind.node.knows_as("peer.example", &elsewhere, "peer", &behind.papers);
    let begun = behind.begun(&header(0x21, 0x11, &from("127.0.0.2"))).await;
    let answer = behind.post(begun, &message("TraceRequest", "1")).await.unwrap();
    assert_eq!(answer.status(), 202);
    let held = behind.node.message("the request", |message| message["verdict"] == "held").await;
    behind.node.ridd(&["message", "deny", held["id"].as_str().unwrap()]);
    let shown = || format!("the callback; the node's log:\n{}", behind.node.log());
    let came = wait::until(shown, async || other.came().first().cloned()).await;
    assert_eq!(came.field("rid-callback-token"), answer.field("rid-callback-token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_balancer_does_wrong_is_refused_logged_and_counted() {
    let behind = Behind::with_peer("header-time = \"5s\"");
    let good = from("192.0.2.7");
    let long = [&good[..], &[0x04, 0x20, 0], &[0; 0x2000]].concat();
    let wrong: [(&str, Vec<u8>); 9] = [
        ("proxy-missing", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("proxy-version-1", b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 4590\r\n".to_vec()),
        ("proxy-malformed", header(0x21, 0x11, &good[..11])),
        ("proxy-malformed", header(0x21, 0x11, &[&good[..], &[0x02, 0, 9, b'a']].concat())),
        ("proxy-too-long", header(0x21, 0x11, &long)),
        ("proxy-checksum", header(0x21, 0x11, &[&good[..], &[0x03, 0, 4, 1, 2, 3, 4]].concat())),
        ("proxy-no-address", header(0x21, 0x00, &[])),
        ("proxy-balancer", header(0x21, 0x11, &from("127.0.0.1"))),
        ("proxy-too-slow", header(0x21, 0x11, &good)[..20].to_vec()),
    ];
    for (number, (reason, bytes)) in wrong.iter().enumerate() {
        let before = wrong[..number].iter().filter(|(other, _)| other == reason).count();
        ended(behind.begun(bytes).await).await;
        behind.refused(reason, before as f64 + 1.0).await;
        assert!(behind.node.log().contains(&format!("reason=\"{reason}\"")), "{reason}: {}", behind.node.log());
    }
    let mut cut = behind.begun(&header(0x21, 0x11, &good)[..20]).await;
    cut.shutdown().await.unwrap();
    ended(cut).await;
    behind.refused("proxy-truncated", 1.0).await;
    let log = behind.node.log();
    for words in
        ["began without a PROXY header", "version 1, which is not accepted", "broke off", "a balancer's address"]
    {
        assert!(log.contains(words), "{words}: {log}");
    }
    let begun = behind.begun(&header(0x21, 0x11, &good)).await;
    assert_eq!(behind.post(begun, &report("after")).await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_anywhere_else_a_header_is_garbage() {
    let behind = Behind::with_peer("");
    let mut stranger = peer::dial("127.0.0.2", behind.node.rid).await.unwrap();
    stranger.write_all(&header(0x21, 0x11, &from("192.0.2.7"))).await.unwrap();
    assert!(behind.post(stranger, &report("forged")).await.is_err());
    behind.refused("broken", 1.0).await;
    assert!(!behind.node.log().contains("192.0.2.7"), "nothing of it is believed: {}", behind.node.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_is_no_trouble_and_carries_no_message() {
    let behind = Behind::with_peer("");
    // Only a connection; a header and nothing more; a header and a handshake.
    drop(behind.begun(b"").await);
    let mut local = behind.begun(&header(0x20, 0x00, &[])).await;
    local.shutdown().await.unwrap();
    ended(local).await;
    assert!(!behind.node.log().contains("refused"), "{}", behind.node.log());
    let local = behind.begun(&header(0x20, 0x11, &from("192.0.2.7"))).await;
    assert!(behind.post(local, &report("local")).await.is_err());
    behind.refused("proxy-local", 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_behind_the_balancer_crowd_out_only_those_of_their_own_address() {
    let behind = Behind::with_peer("unproven-per-address = 2");
    let ended_so = |reason: &str| behind.node.metric(&format!("ridd_connections_ended_total{{reason=\"{reason}\"}}"));
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(behind.begun(&header(0x21, 0x11, &from("192.0.2.66"))).await);
    }
    wait::until(|| "two that made room".to_owned(), async || (ended_so("evicted") == 2.0).then_some(())).await;
    let good = behind.begun(&header(0x21, 0x11, &from("192.0.2.7"))).await;
    assert_eq!(behind.post(good, &report("good")).await.unwrap().status(), 200);
    assert_eq!(ended_so("evicted"), 2.0);
}
