//! Two nodes behind a real TCP balancer, configured by the file that is shipped in `deploy/`: the peer's own address
//! arrives, callbacks reach it, and when a node dies the next message goes to the other one.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use crate::harness::daemon::{Daemon, RIDD, Setup};
use crate::harness::peer::{self, Http, RidSystem, Scripted};
use crate::harness::pki::{Papers, Pki};
use crate::harness::postgres::{Manner, Server};
use crate::harness::report::report;
use crate::harness::{skip, wait};
use crate::rfc6545::exchange::message;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");
/// Where the peer lives; the balancer and the nodes have 127.0.0.1.
const PEER: &str = "127.0.0.2";

/// A port that nobody else is given, for a program that must be told its port. It shares the port with us
/// (`SO_REUSEPORT`), and we do not listen.
struct Reserved(Socket);

impl Reserved {
    fn port() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_reuse_port(true).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        Self(socket)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap().as_socket().unwrap()
    }
}

/// The balancer, ended when it is dropped.
struct Balancer {
    child: Child,
    front: Reserved,
}

impl Balancer {
    /// Starts that program; `None` with a word if it is not here.
    async fn start(program: &str, args: &[&str], front: Reserved) -> Option<Self> {
        let child = match Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).spawn() {
            Ok(child) => child,
            Err(error) => {
                skip(&format!("{program} does not start: {error}"));
                return None;
            }
        };
        let mut balancer = Self { child, front };
        wait::until(
            || format!("{program} listens"),
            async || {
                assert_eq!(balancer.child.try_wait().unwrap(), None, "{program} ended");
                peer::dial(PEER, balancer.front.address()).await.ok()
            },
        )
        .await;
        Some(balancer)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // Not by a signal that it does not hear of: nginx must end its workers.
        Command::new("kill").arg(self.child.id().to_string()).status().ok();
        self.child.wait().ok();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// Two nodes with one certificate, and a peer that both know.
struct Two {
    nodes: [Daemon; 2],
    papers: Papers,
    other: RidSystem,
    dir: tempfile::TempDir,
}

impl Two {
    /// Each on a store of its own.
    async fn start(transport: &str) -> Self {
        Self::start_on(transport, None).await
    }

    /// Both on that database, if one is given.
    async fn start_on(transport: &str, url: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Balancer CA");
        let papers = pki.issue("rid.department.example");
        let node = |machine: &str| {
            let setup = Setup::named("rid.department.example")
                .with("transport", transport)
                .with("node", &format!("name = \"{machine}\""))
                .with("store", &url.map(|url| format!("url = \"{url}\"")).unwrap_or_default());
            Daemon::start_in(tempfile::tempdir().unwrap(), setup, papers.clone(), &pki.ca())
        };
        let nodes = [node("a"), node("b")];
        let papers = pki.issue("peer.example");
        let other = RidSystem::start_at(PEER, &papers, &pki.ca(), |_| Scripted::empty(200)).await;
        // Where it is configured nobody listens: only an address that a request came from leads to it.
        let elsewhere = format!("127.0.0.3:{}", other.address.port());
        for node in nodes.iter().take(if url.is_some() { 1 } else { 2 }) {
            node.knows_as("peer.example", &elsewhere, "peer", &papers);
        }
        Self { nodes, papers, other, dir }
    }

    /// The shipped file with the addresses of this trial in it.
    fn configuration(&self, name: &str, front: SocketAddr, more: &[(&str, &str)]) -> String {
        let mut text = fs::read_to_string(Path::new(DEPLOY).join(name)).unwrap();
        let mut put = |from: &str, to: &str| {
            assert!(text.contains(from), "{name} has no {from}");
            text = text.replace(from, to);
        };
        put("192.0.2.10:4590", &front.to_string());
        for (node, host) in self.nodes.iter().zip(["192.0.2.11", "192.0.2.12"]) {
            put(&format!("{host}:4590"), &node.rid.to_string());
        }
        for (from, to) in more {
            put(from, to);
        }
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// HAProxy in front of them.
    async fn behind_haproxy(&self) -> Option<Balancer> {
        let front = Reserved::port();
        let [a, b] = [0, 1].map(|at| format!("addr 127.0.0.1 port {}", self.nodes[at].metrics.unwrap().port()));
        let mut more = vec![("addr 192.0.2.11 port 9459", a.as_str()), ("addr 192.0.2.12 port 9459", b.as_str())];
        if !is_root() {
            more.extend([("    user haproxy\n", ""), ("    group haproxy\n", "")]);
        }
        let file = self.configuration("haproxy.cfg", front.address(), &more);
        Balancer::start("haproxy", &["-db", "-q", "-f", &file], front).await
    }

    /// The peer posts through the balancer.
    async fn post(&self, front: SocketAddr, body: &[u8]) -> std::io::Result<Http> {
        let stream = peer::dial(PEER, front).await?;
        let mut line = peer::shake(stream, Arc::new(peer::config(Some(&self.papers)))).await?;
        peer::post(&mut line, body, None).await
    }

    /// The node that has the message about that incident, by its place, and the message.
    async fn holder(&self, incident: &str) -> (usize, Value) {
        wait::until(
            || format!("{incident} at one of them"),
            async || {
                for (at, node) in self.nodes.iter().enumerate() {
                    // One that was killed has nobody who could be asked.
                    let Ok(list) =
                        ridd::admin::Client::new(node.data().join("admin.sock")).get::<Value>("messages").await
                    else {
                        continue;
                    };
                    let found =
                        list["messages"].as_array()?.iter().find(|message| message["incident"]["id"] == incident);
                    if let Some(message) = found {
                        let path = format!("messages/{}", message["id"].as_str()?);
                        return Some((at, node.ask(&path).await));
                    }
                }
                None
            },
        )
        .await
    }

    /// What every balancer must do for its nodes.
    async fn serve(&mut self, balancer: &Balancer) {
        let front = balancer.front.address();
        let answer = self.post(front, &report("first")).await.unwrap();
        assert_eq!(answer.status(), 200);
        let (served, first) = self.holder("first").await;
        assert!(first["remote"].as_str().unwrap().starts_with(&format!("{PEER}:")), "{first}");

        let asked = self.post(front, &message("TraceRequest", "asked")).await.unwrap();
        assert_eq!(asked.status(), 202);
        let (at, held) = self.holder("asked").await;
        self.nodes[at].ridd(&["message", "deny", held["id"].as_str().unwrap()]);
        let shown = || format!("the callback; the node's log:\n{}", self.nodes[at].log());
        let came = wait::until(shown, async || self.other.came().first().cloned()).await;
        assert_eq!(came.field("rid-callback-token"), asked.field("rid-callback-token"));

        self.nodes[served].kill9();
        let answer = self.post(front, &report("second")).await.unwrap();
        assert_eq!(answer.status(), 200, "the very next one is served, by the other node");
        assert_ne!(self.holder("second").await.0, served);

        // And back: the first returns, the second dies; as soon as the balancer has seen both, peers are served.
        self.nodes[served].restart();
        self.nodes[1 - served].kill9();
        wait::until(
            || "the node that returned serves".to_owned(),
            async || self.post(front, &report("third")).await.ok().filter(|answer| answer.status() == 200),
        )
        .await;
        assert_eq!(self.holder("third").await.0, served);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_tells_the_nodes_where_peers_are_and_replaces_one_that_dies() {
    let mut two = Two::start("balancers = [\"127.0.0.1/32\"]").await;
    let Some(balancer) = two.behind_haproxy().await else { return };
    two.serve(&balancer).await;
    for node in &two.nodes {
        let log = node.log();
        assert!(!log.contains("connection refused"), "health checks are no trouble: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_one_database_either_node_goes_on_with_what_the_other_began() {
    let Some(mut server) = Server::start(Manner::default()) else { return };
    let url = server.url("postgres", &server.database());
    let mut two = Two::start_on("balancers = [\"127.0.0.1/32\"]", Some(&url)).await;
    let Some(balancer) = two.behind_haproxy().await else { return };
    let front = balancer.front.address();
    // The second node hears of the peer from the store.
    for number in ["one", "two", "three", "four"] {
        wait::until(
            || format!("{number} filed"),
            async || two.post(front, &report(number)).await.ok().filter(|answer| answer.status() == 200),
        )
        .await;
    }
    let asked = two.post(front, &message("TraceRequest", "asked")).await.unwrap();
    assert_eq!(asked.status(), 202);
    let (_, held) = two.holder("asked").await;
    // Whichever has taken it, the second decides, and one of them calls back.
    two.nodes[1].ridd(&["message", "deny", held["id"].as_str().unwrap()]);
    let came = wait::until(|| "the callback".to_owned(), async || two.other.came().first().cloned()).await;
    assert_eq!(came.field("rid-callback-token"), asked.field("rid-callback-token"));

    two.nodes[0].kill9();
    assert_eq!(two.post(front, &report("five")).await.unwrap().status(), 200);
    // Known although the other one has filed it.
    assert_eq!(two.post(front, &report("one")).await.unwrap().status(), 200);
    let messages = two.nodes[1].messages().await;
    assert_eq!(messages.iter().filter(|message| message["incident"]["id"] == "one").count(), 1);

    server.kill();
    let refused = wait::until(
        || "503 by the balancer's second choice".to_owned(),
        async || two.post(front, &report("six")).await.ok().filter(|answer| answer.status() == 503),
    );
    assert!(refused.await.field("retry-after").is_some());
    wait::until(
        || "no node that is ready".to_owned(),
        async || (two.nodes[1].metric("ridd_ready") == 0.0).then_some(()),
    )
    .await;
    // Until long after the balancer has seen it, too.
    let (begun, mut last) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_secs(4) {
        last = two.post(front, &report("six")).await.map_or(0, |answer| answer.status());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(last, 503, "with no node ready, peers are told so");
    server.begin();
    wait::until(
        || "the database is back".to_owned(),
        async || two.post(front, &report("six")).await.ok().filter(|answer| answer.status() == 200),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_passes_peers_on_from_their_own_addresses() {
    let mut two = Two::start("").await;
    let front = Reserved::port();
    let pid = two.dir.path().join("nginx.pid");
    let file = two.configuration("nginx.conf", front.address(), &[("/run/nginx.pid", pid.to_str().unwrap())]);
    let nginx = |args: &[&str]| Command::new("nginx").args(["-c", &file]).args(args).output();
    let Ok(checked) = nginx(&["-t", "-q"]) else { return skip("nginx is not here") };
    if !is_root() {
        return skip("calling from the addresses of others takes root");
    }
    assert!(checked.status.success(), "{}", told(&checked));
    let Some(balancer) = Balancer::start("nginx", &["-c", &file, "-g", "daemon off;"], front).await else { return };
    two.serve(&balancer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_configuration_of_the_nodes_and_their_units_are_right() {
    let dir = tempfile::tempdir().unwrap();
    let checked = Command::new(RIDD)
        .args(["--data", dir.path().to_str().unwrap(), "config", "check", &format!("{DEPLOY}/ridd.toml")])
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", told(&checked));
    // systemd judges the unit with its addition, of this program.
    let unit = fs::read_to_string(format!("{DEPLOY}/../config/ridd.service")).unwrap();
    // Before 253 it does not know notify-reload, and says so.
    let unit = unit.replace("/usr/bin/ridd", RIDD).replace("Type=notify-reload", "Type=notify");
    fs::write(dir.path().join("ridd.service"), unit).unwrap();
    fs::create_dir(dir.path().join("ridd.service.d")).unwrap();
    let shared = format!("{DEPLOY}/systemd/ridd.service.d/shared.conf");
    fs::copy(shared, dir.path().join("ridd.service.d/shared.conf")).unwrap();
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(dir.path().join("ridd.service"))
        .env("SYSTEMD_UNIT_PATH", format!("{}:", dir.path().display()))
        .output();
    let Ok(verified) = verify else { return skip("systemd-analyze is not here") };
    let words = told(&verified);
    assert!(verified.status.success() && !words.contains("ridd.service"), "{words}");
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}
