//! RFC 6546 §3: HTTP as a RID server speaks it.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer::{self, Http};
use crate::harness::pki::{Papers, Pki};
use crate::harness::report;

struct Node {
    node: Daemon,
    papers: Papers,
    _dir: tempfile::TempDir,
}

impl Node {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "HTTP CA");
        let node = Daemon::start(Setup::named("node.example"), &pki);
        let papers = pki.issue("peer.example");
        node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
        Self { node, papers, _dir: dir }
    }

    async fn line(&self) -> TlsStream<TcpStream> {
        peer::connect(self.node.rid, Some(&self.papers)).await.unwrap()
    }

    /// Sends these bytes on a connection of their own and reads what comes back.
    async fn said(&self, request: &[u8]) -> Http {
        let mut line = self.line().await;
        line.write_all(request).await.unwrap();
        Http::read(&mut line).await.unwrap().expect("an answer")
    }

    async fn status(&self, head: &str) -> u16 {
        self.said(format!("{head}\r\n\r\n").as_bytes()).await.status()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_and_head_of_the_root_should_be_answered_204() {
    let node = Node::start();
    assert_eq!(node.status("GET / HTTP/1.1\r\nHost: node").await, 204);
    assert_eq!(node.status("HEAD / HTTP/1.1\r\nHost: node").await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_uris_are_404_by_any_method_and_other_methods_405() {
    let node = Node::start();
    for head in ["GET /index.html HTTP/1.1", "POST /rid HTTP/1.1", "PUT /x HTTP/1.1", "GET /?q HTTP/1.1"] {
        assert_eq!(node.status(&format!("{head}\r\nHost: node\r\nContent-Length: 0")).await, 404, "{head}");
    }
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        let answer = node.said(format!("{method} / HTTP/1.1\r\nHost: node\r\n\r\n").as_bytes()).await;
        assert_eq!((answer.status(), answer.field("allow")), (405, Some("POST, GET, HEAD")), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_media_type_must_be_text_xml_both_ways() {
    let node = Node::start();
    for (media, status) in [
        ("application/xml", 415),
        ("text/html", 415),
        ("text/xml; charset=iso-8859-1", 415),
        ("text/xml; charset=utf-8", 200),
        ("Text/XML", 200),
    ] {
        let body = report::report(&format!("type-{}", media.len()));
        let head =
            format!("POST / HTTP/1.1\r\nHost: node\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n", body.len());
        let answer = node.said(&[head.as_bytes(), &body].concat()).await;
        assert_eq!(answer.status(), status, "{media}: {}", answer.text());
        assert_eq!(answer.field("content-type"), Some("text/xml"), "{media}");
    }
    let untyped = node.said(b"POST / HTTP/1.1\r\nHost: node\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(untyped.status(), 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn chunked_bodies_must_be_supported() {
    let node = Node::start();
    let body = report::report("chunked");
    let mut request =
        b"POST / HTTP/1.1\r\nHost: node\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(1000) {
        request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    let answer = node.said(&request).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert!(answer.text().contains("Acknowledgement"), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn persistent_connections_must_be_supported_and_requests_may_be_pipelined() {
    let node = Node::start();
    let mut line = node.line().await;
    for number in 0..5 {
        let answer = peer::post(&mut line, &report::report(&format!("kept-{number}")), None).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    line.write_all(b"GET / HTTP/1.1\r\nHost: node\r\n\r\nGET /x HTTP/1.1\r\nHost: node\r\n\r\n").await.unwrap();
    // Neither answer has a body, so the two heads are told apart by reading one after the other byte-exactly.
    let first = Http::read(&mut line).await.unwrap().unwrap();
    assert_eq!(first.status(), 204);
    assert_eq!(node.node.metric("ridd_connections_open"), 1.0, "one connection carried all of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_waits_for_100_continue_is_told_to_go_on_or_not() {
    let node = Node::start();
    let body = report::report("expect");
    let mut line = node.line().await;
    let head = |length: usize| {
        format!(
            "POST / HTTP/1.1\r\nHost: node\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\
             Expect: 100-continue\r\n\r\n"
        )
    };
    line.write_all(head(body.len()).as_bytes()).await.unwrap();
    assert_eq!(Http::read(&mut line).await.unwrap().unwrap().status(), 100);
    line.write_all(&body).await.unwrap();
    assert_eq!(Http::read(&mut line).await.unwrap().unwrap().status(), 200);
    let huge = node.said(head(1 << 30).as_bytes()).await;
    assert_eq!(huge.status(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_1_wants_a_host_and_takes_an_absolute_uri() {
    let node = Node::start();
    assert_eq!(node.status("GET / HTTP/1.1").await, 400);
    assert_eq!(node.status("GET / HTTP/1.1\r\nHost: a\r\nHost: b").await, 400);
    assert_eq!(node.status("GET https://node.example:4590/ HTTP/1.1\r\nHost: node.example").await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_token_is_visible_ascii_of_1_to_255_characters() {
    let node = Node::start();
    let mut line = node.line().await;
    let body = report::report("token");
    let answer = peer::post(&mut line, &body, Some("white space")).await.unwrap();
    assert_eq!(answer.status(), 400);
    let answer = peer::post(&mut node.line().await, &body, Some(&"x".repeat(256))).await.unwrap();
    assert_eq!(answer.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_improper_for_its_head_is_refused_with_431() {
    let node = Node::start();
    let many: String = (0..100).map(|n| format!("X-{n}: y\r\n")).collect();
    assert_eq!(node.status(&format!("GET / HTTP/1.1\r\nHost: node\r\n{many}X: y")).await, 431);
    let long = "y".repeat(40_000);
    assert_eq!(node.status(&format!("GET / HTTP/1.1\r\nHost: node\r\nX: {long}")).await, 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_listens_and_calls_on_ipv6() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return crate::harness::skip("there is no IPv6 loopback");
    }
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "IPv6 CA");
    let [one, other] = ["one.example", "other.example"].map(|name| {
        let mut setup = Setup::named(name);
        for (_, text) in &mut setup.tables {
            *text = text.replace("127.0.0.1", "[::1]");
        }
        Daemon::start(setup, &pki)
    });
    assert!(one.rid.is_ipv6() && other.rid.is_ipv6(), "{} {}", one.rid, other.rid);
    one.knows(&other, "peer");
    other.knows(&one, "peer");
    one.ridd(&["send", "other.example", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/data-call/slammer-2.0.xml")]);
    let came = other.message("the report", |message| message["direction"] == "in").await;
    assert!(came["remote"].as_str().is_some_and(|remote| remote.starts_with("[::1]:")), "{came}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_counts_once() {
    let node = Node::start();
    let body = report::report("counted");
    let answer = peer::post(&mut node.line().await, &body, None).await.unwrap();
    assert_eq!(answer.status(), 200);
    for (metric, value) in [
        ("ridd_messages_received_total{type=\"Report\",verdict=\"accepted\"}", 1),
        ("ridd_messages_received_bytes_total", body.len()),
        ("ridd_answers_total{status=\"200\"}", 1),
        ("ridd_receive_seconds_count", 1),
        ("ridd_connections_accepted_total", 1),
    ] {
        assert_eq!(node.node.metric(metric), value as f64, "{metric}");
    }
}
