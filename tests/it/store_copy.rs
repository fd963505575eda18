//! `ridd store copy` between engines: killed in the middle, refused as a node's store, gone on with, proved the same.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use ridd::ids::{Digest, MessageId};
use ridd::store::records::Once;
use ridd::store::{Batch, Config, open};
use serde_json::Value;

use crate::harness::daemon::{Daemon, RIDD, Setup};
use crate::harness::peer;
use crate::harness::pki::Pki;
use crate::harness::postgres::{self, Server};
use crate::harness::report::report;
use crate::harness::wait::LONG;

/// Rows enough for a copy to be killed in its middle.
const ROWS: u32 = 60_000;

fn ridd(data: &Path, args: &[&str]) -> Output {
    Command::new(RIDD).arg("--data").arg(data).args(args).stdin(Stdio::null()).output().unwrap()
}

fn json(output: &Output) -> Value {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{:?}\n{out}{err}", output.status);
    serde_json::from_str(&out).unwrap()
}

fn size(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

async fn filled(url: &str) {
    let store = open(&Config::at(url)).unwrap();
    for rows in (0..ROWS).collect::<Vec<_>>().chunks(10_000) {
        let mut batch = Batch::new();
        for n in rows {
            batch.put(&Once { digest: Digest::of(&n.to_be_bytes()), message: MessageId::fresh() });
        }
        store.commit(batch).await.unwrap();
    }
}

/// Somewhere to copy from or to.
struct Place {
    dir: tempfile::TempDir,
    server: Option<&'static Server>,
}

impl Place {
    /// An address there for a store of that engine, and a way to see how much of a copy has arrived at it.
    fn store(&self, engine: &str, name: &str) -> (String, Box<dyn Fn() -> bool>) {
        if engine == "postgres" {
            let server = self.server.unwrap();
            let database = server.database();
            let far = {
                let database = database.clone();
                move || {
                    let asked = server.psql(&database, "SELECT rows FROM ridd.copying");
                    String::from_utf8_lossy(&asked.stdout).trim().parse::<u64>().is_ok_and(|rows| rows > 4_000)
                }
            };
            return (server.url("postgres", &database), Box::new(far));
        }
        let dir = self.dir.path().join(format!("{engine}-{name}"));
        (format!("{engine}:{}", dir.display()), Box::new(move || size(&dir) >= 1 << 20))
    }
}

async fn killed_and_gone_on_with(pairs: &[(&str, &str)], server: Option<&'static Server>) {
    let place = Place { dir: tempfile::tempdir().unwrap(), server };
    let data = place.dir.path();
    for (from, to) in pairs {
        let (source, _) = place.store(from, "source");
        let (copy, is_far) = place.store(to, "copy");
        filled(&source).await;
        let args = ["--json", "store", "copy", "--from", &source, "--to", &copy];
        let mut killed = Command::new(RIDD).arg("--data").arg(data).args(args).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while !is_far() {
            assert!(began.elapsed() < LONG, "nothing is copied");
            assert_eq!(killed.try_wait().unwrap(), None, "it was too fast to be killed");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        killed.kill().unwrap();
        killed.wait().unwrap();

        let config = data.join("ridd.toml");
        std::fs::write(&config, format!("[store]\nurl = \"{copy}\"\n[transport]\nlisten = [\"127.0.0.1:0\"]\n"))
            .unwrap();
        let refused = ridd(data, &["serve"]);
        let words = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && words.contains("unfinished copy of"), "{words}");

        let finished = json(&ridd(data, &args));
        assert_eq!(finished["rows"], ROWS, "{finished}");
        for url in [&source, &copy] {
            assert_eq!(json(&ridd(data, &["--json", "store", "check", "--url", url]))["sound"], true);
        }
        let again = ridd(data, &args);
        assert_eq!(again.status.code(), Some(2), "a store in use is not written over");
        std::fs::remove_file(config).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_killed_is_gone_on_with_and_no_node_starts_on_it_before() {
    killed_and_gone_on_with(&[("sqlite", "sled"), ("sled", "sqlite")], None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_is_one_to_or_from_postgresql() {
    let Some(server) = postgres::shared() else { return };
    killed_and_gone_on_with(&[("sqlite", "postgres"), ("postgres", "sled")], Some(server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_goes_on_with_its_records_on_another_engine() {
    let place = tempfile::tempdir().unwrap();
    let pki = Pki::make(place.path(), "Copy CA");
    let mut node = Daemon::start(Setup::named("node.example").on("sqlite"), &pki);
    let papers = pki.issue("peer.example");
    node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
    for number in ["one", "two", "three"] {
        assert_eq!(peer::post_once(node.rid, &papers, &report(number)).await.unwrap().status(), 200);
    }
    let before = node.messages().await;
    node.term();
    let moved = node.data().join("moved");
    let from = format!("sqlite:{}", node.data().join("store").display());
    let to = format!("sled:{}", moved.display());
    node.ridd(&["store", "copy", "--from", &from, "--to", &to]);
    for (_, text) in &mut node.setup.tables {
        *text = text.replace("sqlite:store", "sled:moved");
    }
    node.restart();
    assert_eq!(node.messages().await, before);
    let again = peer::post_once(node.rid, &papers, &report("two")).await.unwrap();
    assert_eq!((again.status(), node.messages().await.len()), (200, before.len()), "filed once, also over a move");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_node_is_backed_up_and_the_backup_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let pki = Pki::make(place.path(), "Backup CA");
    for engine in ["sqlite", "sled"] {
        let mut node = Daemon::start(Setup::named("node.example").on(engine), &pki);
        let papers = pki.issue("peer.example");
        node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
        let backup = node.data().join("backup");
        let mut line = peer::connect(node.rid, Some(&papers)).await.unwrap();
        for number in 0..20 {
            assert_eq!(peer::post(&mut line, &report(&format!("before-{number}")), None).await.unwrap().status(), 200);
        }
        // Messages come in meanwhile.
        let copying = Command::new(RIDD)
            .arg("--data")
            .arg(node.data())
            .args(["--json", "store", "backup", backup.to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        for number in 0..50 {
            let posted = peer::post(&mut line, &report(&format!("while-{number}")), None).await.unwrap();
            assert_eq!(posted.status(), 200);
        }
        assert_eq!(json(&copying.wait_with_output().unwrap())["backup"], backup.to_str().unwrap());
        let again = node.try_ridd(&["store", "backup", backup.to_str().unwrap()]);
        assert!(!again.status.success(), "a backup is not written over");
        node.kill9();
        let url = format!("{engine}:{}", backup.display());
        assert_eq!(node.json(&["store", "check", "--url", &url])["sound"], true);
        // What was acknowledged before the backup began is in it, and a node goes on with it.
        std::fs::rename(node.data().join("store"), node.data().join("lost")).unwrap();
        node.ridd(&["store", "restore", backup.to_str().unwrap()]);
        node.restart();
        let messages = node.messages().await;
        for number in 0..20 {
            let wanted = format!("before-{number}");
            assert!(messages.iter().any(|message| message["incident"]["id"] == wanted.as_str()), "{wanted}");
        }
    }
}
