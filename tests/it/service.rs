//! The node as a service: ready, reloading, stopping, alive; signals; what was under way is finished.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::harness::daemon::{Daemon, RIDD, Setup};
use crate::harness::peer::{self, Http};
use crate::harness::pki::Pki;
use crate::harness::{report, wait};

/// What systemd hears until a message has this line; all lines so far.
fn hear(socket: &UnixDatagram, wanted: &str) -> Vec<String> {
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let size = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{wanted}: {error}; heard {heard:?}"));
        heard.extend(String::from_utf8_lossy(&buffer[..size]).lines().map(str::to_owned));
        if heard.iter().any(|line| line == wanted) {
            return heard;
        }
    }
}

#[test]
fn systemd_is_told_when_the_node_is_ready_reloads_lives_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(wait::LONG)).unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    let config =
        "[transport]\nlisten = [\"127.0.0.1:0\"]\n[admin]\nlisten = \"off\"\n[peers]\nname = \"node.example\"\n";
    fs::write(dir.path().join("data/ridd.toml"), config).unwrap();
    let mut child = Command::new(RIDD)
        .args(["serve", "--data"])
        .arg(dir.path().join("data"))
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let tell = |signal: &str| {
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    };
    hear(&socket, "READY=1");
    hear(&socket, "WATCHDOG=1");
    tell("-HUP");
    let reload = hear(&socket, "RELOADING=1");
    assert!(reload.iter().any(|line| line.starts_with("MONOTONIC_USEC=")), "{reload:?}");
    hear(&socket, "READY=1");
    tell("-TERM");
    hear(&socket, "STOPPING=1");
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_first_start_on_an_empty_directory_makes_certificates_and_the_next_keeps_them() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new/data");
    let config = dir.path().join("ridd.toml");
    fs::write(&config, "[transport]\nlisten = [\"127.0.0.1:0\"]\n[admin]\nlisten = \"off\"\n").unwrap();
    let mut prints = Vec::new();
    for _ in 0..2 {
        let mut child = Command::new(RIDD)
            .args(["serve", "--data"])
            .arg(&data)
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        assert!(line.starts_with("{\"ready\":true"), "{line}");
        prints.push(fs::read(data.join("pki/node.pem")).unwrap());
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(prints[0], prints[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_requests_under_way_finish_and_takes_no_new_connection() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Service CA");
    let mut node = Daemon::start(Setup::named("node.example"), &pki);
    let papers = pki.issue("peer.example");
    node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
    let address = node.rid;
    let mut idle = peer::connect(address, Some(&papers)).await.unwrap();
    let mut busy = peer::connect(address, Some(&papers)).await.unwrap();
    let body = report::report("under-way");
    let (begin, rest) = body.split_at(100);
    let head =
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", body.len());
    busy.write_all(head.as_bytes()).await.unwrap();
    busy.write_all(begin).await.unwrap();
    busy.flush().await.unwrap();
    let open = async || Some(()).filter(|()| node.metric("ridd_connections_open") >= 2.0);
    wait::until(|| "both connections".to_owned(), open).await;
    node.signal("TERM");
    let closed = timeout(wait::LONG, Http::read(&mut idle)).await.expect("an idle connection is closed");
    assert!(matches!(closed, Ok(None) | Err(_)), "{closed:?}");
    let refused = async || peer::connect(address, Some(&papers)).await.err();
    wait::until(|| "new connections are refused".to_owned(), refused).await;
    busy.write_all(rest).await.unwrap();
    busy.flush().await.unwrap();
    let answer = timeout(wait::LONG, Http::read(&mut busy)).await.unwrap().unwrap().expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.field("connection"), Some("close"));
    assert!(node.ended().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_does_not_keep_the_node_from_stopping() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Service CA");
    let mut node = Daemon::start(Setup::named("node.example").with("transport", "drain-time = \"500ms\""), &pki);
    let papers = pki.issue("peer.example");
    node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
    let mut busy = peer::connect(node.rid, Some(&papers)).await.unwrap();
    busy.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 100\r\n\r\n<")
        .await
        .unwrap();
    let open = async || Some(()).filter(|()| node.metric("ridd_connections_open") >= 1.0);
    wait::until(|| "the connection".to_owned(), open).await;
    let begun = std::time::Instant::now();
    assert!(node.term().success());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
