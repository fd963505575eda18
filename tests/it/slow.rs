//! The slow, the huge and the many: the node goes on serving its peers.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, Http};
use crate::harness::pki::{Papers, Pki};
use crate::harness::{report, wait};

struct Slow {
    node: Daemon,
    slow: Papers,
    good: Papers,
    _dir: tempfile::TempDir,
}

impl Slow {
    fn new(transport: &str, xml: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Slow CA");
        let setup = Setup::named("node.example").with("transport", transport).with("xml", xml);
        let node = Daemon::start(setup, &pki);
        let (slow, good) = (pki.issue("slow.example"), pki.issue("good.example"));
        node.knows_as("slow.example", "127.0.0.1:1", "peer", &slow);
        node.knows_as("good.example", "127.0.0.1:1", "peer", &good);
        Self { node, slow, good, _dir: dir }
    }

    /// A good peer comes in anew and is served without delay.
    async fn serves(&self, number: &str) {
        let begun = Instant::now();
        let answer = peer::post_once(self.node.rid, &self.good, &report::report(number)).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_headers_and_slow_bodies_are_cut_off() {
    let slow = Slow::new("header-time = \"1s\"\nbody-time = \"1s\"", "");
    let mut header = peer::connect(slow.node.rid, Some(&slow.slow)).await.unwrap();
    header.write_all(b"POST / HTTP/1.1\r\nHost:").await.unwrap();
    let mut body = peer::connect(slow.node.rid, Some(&slow.slow)).await.unwrap();
    body.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 4000\r\n\r\n<RID")
        .await
        .unwrap();
    slow.serves("1").await;
    let cut = timeout(wait::LONG, Http::read(&mut header)).await.expect("slow headers are cut off");
    assert!(cut.as_ref().map_or(true, |http| http.as_ref().is_none_or(|answer| answer.status() == 408)), "{cut:?}");
    let cut = timeout(wait::LONG, Http::read(&mut body)).await.expect("a slow body is cut off");
    assert_eq!(cut.unwrap().map(|answer| answer.status()), Some(408));
    slow.serves("2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_body_is_refused_before_it_is_read() {
    let slow = Slow::new("body-bytes = 100000", "size = 100000");
    let mut stream = peer::connect(slow.node.rid, Some(&slow.slow)).await.unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 1000000000\r\n\r\n")
        .await
        .unwrap();
    let answer = timeout(wait::LONG, Http::read(&mut stream)).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status(), 413);
    // Without saying how much it will be.
    let mut stream = peer::connect(slow.node.rid, Some(&slow.slow)).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    for _ in 0..4 {
        if stream.write_all(&chunk).await.is_err() {
            break;
        }
    }
    let answer = timeout(wait::LONG, Http::read(&mut stream)).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status(), 413);
    slow.serves("3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_idle_connections_starve_nobody() {
    let slow = Slow::new("", "");
    let mut idle = Vec::new();
    for _ in 0..2_000 {
        match TcpStream::connect(slow.node.rid).await {
            Ok(stream) => idle.push(stream),
            Err(error) => panic!("after {} connections: {error}", idle.len()),
        }
    }
    slow.serves("4").await;
    let mut proven = Vec::new();
    for n in 0..200 {
        if let Ok(stream) = peer::connect(slow.node.rid, Some(&slow.slow)).await {
            proven.push(stream);
        }
        if n % 50 == 0 {
            slow.serves(&format!("5-{n}")).await;
        }
    }
    assert!(proven.len() > 100, "only {} of a peer's own idle connections came about", proven.len());
    slow.serves("6").await;
}
