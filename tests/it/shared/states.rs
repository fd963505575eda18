//! What can be wrong with a PostgreSQL that was well: peers get 503 or 507, `ridd status` says which of these it is, and when
//! it is mended the node goes on by itself.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::disk::{SmallDisk, filler};
use crate::harness::daemon::{Daemon, Setup};
use crate::harness::peer;
use crate::harness::pki::{Leaf, Papers, Pki};
use crate::harness::postgres::{Manner, Server};
use crate::harness::report::report;
use crate::harness::{skip, wait};

/// Limits that a trial can wait for.
const LIMITS: &str = "statement-timeout = \"1s\"\nconnect-timeout = \"1s\"";
/// With half a second to wait for a reader, a peer is answered long before then.
const BOUND: Duration = Duration::from_secs(10);

struct Scene {
    server: Server,
    database: String,
    node: Daemon,
    papers: Papers,
    pki: Pki,
    _dir: tempfile::TempDir,
}

impl Scene {
    /// A node whose role signs in by password over TLS, to a database whose creation ends with these words, with these limits.
    fn start(mut server: Server, storage: &str, limits: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "States CA");
        let database = "states".to_owned();
        server.sql("postgres", "CREATE ROLE ridd LOGIN PASSWORD 'right'");
        server.sql("postgres", &format!("CREATE DATABASE {database} OWNER ridd {storage}"));
        let data = server.socket().join("data");
        let rules = "local all postgres trust\nhostssl all ridd 127.0.0.1/32 scram-sha-256\n";
        fs::write(data.join("pg_hba.conf"), rules).unwrap();
        prove(&server, &pki.issue("localhost"));
        server.sql("postgres", "ALTER SYSTEM SET ssl = on");
        server.stop();
        server.begin();
        let password = dir.path().join("password");
        fs::write(&password, "right\n").unwrap();
        let store = format!(
            "url = \"postgres://ridd@localhost:{}/{database}\"\npassword-file = \"{}\"\nca-file = \"{}\"\n\
             {limits}",
            server.port(),
            password.display(),
            pki.ca().display()
        );
        let node = Daemon::start(Setup::named("node.example").with("store", &store), &pki);
        let papers = pki.issue("peer.example");
        node.knows_as("peer.example", "127.0.0.1:1", "peer", &papers);
        Self { server, database, node, papers, pki, _dir: dir }
    }

    /// Has all connections of the node made anew.
    fn hang_up(&self) {
        let all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'ridd'";
        self.server.sql("postgres", all);
    }

    async fn post(&self, number: &str) -> peer::Http {
        peer::post_once(self.node.rid, &self.papers, &report(number)).await.unwrap()
    }

    /// The node refuses with that status and says those words of the reason; what it refuses is filed once it is mended.
    async fn says(&self, number: &str, refused: u16, reason: &str, words: &str) {
        let shown = || format!("{refused} because {reason}; the node's log:\n{}", self.node.log());
        let answer = wait::until(shown, async || Some(self.post(number).await).filter(|answer| answer.status() != 200));
        let answer = answer.await;
        assert_eq!(answer.status(), refused, "{reason}: {}\n{}", answer.first, self.node.log());
        assert!(answer.field("retry-after").is_some(), "{reason}");
        let said = async || Some(self.node.ask("status").await).filter(|status| told(status).contains(words));
        let shown = || format!("{words:?} in the status; the node's log:\n{}", self.node.log());
        let status = wait::until(shown, said).await;
        assert_eq!(status["ready"], false, "{status}");
        assert_eq!(self.node.try_ridd(&["status"]).status.code(), Some(1), "the answer is no");
        let counted = format!("ridd_store_faults_total{{reason=\"{reason}\"}}");
        let shown = || format!("{counted}; the node's log:\n{}", self.node.log());
        wait::until(shown, async || (self.node.metric(&counted) > 0.0).then_some(())).await;
    }

    async fn recovers(&self, number: &str) {
        let shown = || format!("{number} filed; the node's log:\n{}", self.node.log());
        wait::until(shown, async || (self.post(number).await.status() == 200).then_some(())).await;
        let shown = || format!("a node that is ready; its log:\n{}", self.node.log());
        wait::until(shown, async || (self.node.ask("status").await["ready"] == true).then_some(())).await;
        let all = self.node.messages().await;
        let filed = all.iter().filter(|message| message["incident"]["id"] == number).count();
        assert_eq!(filed, 1, "{number}");
    }
}

/// All that the status says of the store.
fn told(status: &Value) -> String {
    format!("{} {}", status["unready"], status["store"])
}

/// Gives the server that certificate.
fn prove(server: &Server, papers: &Papers) {
    let owner = fs::metadata(server.socket()).unwrap();
    let data = server.socket().join("data");
    for (from, name) in [(&papers.certificate, "server.crt"), (&papers.key, "server.key")] {
        let to = data.join(name);
        fs::copy(from, &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&to, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_of_the_server_has_a_state_of_its_own_and_passes() {
    let Some(server) = Server::start(Manner { durable: false, tcp: true }) else { return };
    let mut scene = Scene::start(server, "", LIMITS);
    assert_eq!(scene.post("well").await.status(), 200);

    scene.server.sql("postgres", "ALTER ROLE ridd PASSWORD 'other'");
    scene.hang_up();
    scene.says("refused", 503, "refused", "does not let us in").await;
    scene.server.sql("postgres", "ALTER ROLE ridd PASSWORD 'right'");
    scene.recovers("refused").await;

    let read_only = |to: &str| format!("ALTER DATABASE {} SET default_transaction_read_only = {to}", scene.database);
    scene.server.sql("postgres", &read_only("on"));
    scene.hang_up();
    scene.says("read-only", 503, "read-only", "may only be read").await;
    scene.server.sql("postgres", &read_only("off"));
    scene.recovers("read-only").await;

    prove(&scene.server, &scene.pki.issue_leaf(&Leaf::named("localhost").expired()));
    scene.server.sql("postgres", "SELECT pg_reload_conf()");
    scene.hang_up();
    scene.says("unproven", 503, "unproven", "does not prove its name").await;
    prove(&scene.server, &scene.pki.issue("localhost"));
    scene.server.sql("postgres", "SELECT pg_reload_conf()");
    scene.recovers("unproven").await;

    let locked = "LOCK TABLE ridd.messages, ridd.once IN ACCESS EXCLUSIVE MODE";
    let holder = scene.server.hold(&scene.database, locked);
    scene.says("busy", 503, "busy", "is too busy").await;
    drop(holder);
    scene.recovers("busy").await;

    scene.server.stop();
    scene.says("unreachable", 503, "unreachable", "does not answer").await;
    scene.server.begin();
    scene.recovers("unreachable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_server_is_told_and_passes() {
    let Some(server) = Server::start(Manner { durable: false, tcp: true }) else { return };
    let place = server.socket().join("small");
    let Some(disk) = SmallDisk::mount(&place) else { return skip("a tmpfs cannot be mounted here") };
    let owner = fs::metadata(server.socket()).unwrap();
    chown(&place, Some(owner.uid()), Some(owner.gid())).unwrap();
    server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", Path::new(&place).display()));
    let scene = Scene::start(server, "TABLESPACE small", LIMITS);
    assert_eq!(scene.post("well").await.status(), 200);
    disk.fill();
    let mut last = String::new();
    for n in 0..2_000 {
        last = format!("full-{n}");
        if scene.post(&last).await.status() != 200 {
            break;
        }
    }
    scene.says(&last, 507, "full", "no room left").await;
    fs::remove_file(filler(&disk)).unwrap();
    scene.recovers(&last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_all_readers_are_taken_is_told_in_bounded_time_and_passes() {
    let Some(server) = Server::start(Manner { durable: false, tcp: true }) else { return };
    let limits = "connections = 1\nwait-timeout = \"500ms\"\nstatement-timeout = \"40s\"\nconnect-timeout = \"1s\"";
    let scene = Scene::start(server, "", limits);
    assert_eq!(scene.post("well").await.status(), 200);

    // Somebody lists the notices, and has the one reader until they can be read.
    let holder = scene.server.hold(&scene.database, "LOCK TABLE ridd.notices IN ACCESS EXCLUSIVE MODE");
    let client = ridd::admin::Client::new(scene.node.data().join("admin.sock"));
    let listing = tokio::spawn(async move { client.get::<Value>("notices").await });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ridd' AND wait_event_type = 'Lock'";
    let shown = || format!("a reader that waits; the node's log:\n{}", scene.node.log());
    wait::until(shown, async || (scene.server.sql("postgres", waits) == "1").then_some(())).await;

    let begun = Instant::now();
    assert_eq!(scene.post("taken").await.status(), 503);
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    scene.says("taken", 503, "busy", "all connections that may read were in use for too long").await;
    assert_eq!(scene.node.ask("status").await["store"]["state"], "busy");
    assert!(!listing.is_finished(), "the reader was taken all the time");
    drop(holder);
    let listed = listing.await.unwrap().unwrap();
    assert!(listed["notices"].is_array(), "{listed}");
    scene.recovers("taken").await;
}
