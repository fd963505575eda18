//! A node: the built binary with a data directory of its own, on free ports, ended when it is dropped.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use super::pki::{Papers, Pki};
use super::wait::{self, LONG};

/// The program under test.
pub(crate) const RIDD: &str = env!("CARGO_BIN_EXE_ridd");

/// How a node is set up; begin with [`Setup::named`].
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) name: String,
    /// TOML that is added to the configuration, table by table.
    pub(crate) tables: Vec<(String, String)>,
}

impl Setup {
    /// A node of that name on the default store, on free ports of the loopback.
    pub(crate) fn named(name: &str) -> Self {
        let setup = Self { name: name.to_owned(), tables: Vec::new() };
        setup
            .with("transport", r#"listen = ["127.0.0.1:0"]"#)
            .with("admin", r#"listen = "127.0.0.1:0""#)
            .with("outbox", "first-retry = \"50ms\"\nlongest-retry = \"500ms\"")
    }

    /// With these lines in that table.
    pub(crate) fn with(mut self, table: &str, lines: &str) -> Self {
        match self.tables.iter_mut().find(|(name, _)| name == table) {
            Some((_, text)) => text.extend(["\n", lines]),
            None => self.tables.push((table.to_owned(), lines.to_owned())),
        }
        self
    }

    /// On that kind of store: `sqlite` or `sled`.
    pub(crate) fn on(self, engine: &str) -> Self {
        self.with("store", &format!("url = \"{engine}:store\""))
    }

    fn text(&self) -> String {
        self.tables.iter().map(|(table, text)| format!("[{table}]\n{text}\n\n")).collect()
    }
}

/// A running node.
pub(crate) struct Daemon {
    pub(crate) setup: Setup,
    pub(crate) papers: Papers,
    dir: tempfile::TempDir,
    child: Option<Child>,
    /// Its port while it does not run.
    kept: Option<Socket>,
    /// Where it listens for peers.
    pub(crate) rid: SocketAddr,
    /// Where it shows metrics and health.
    pub(crate) metrics: Option<SocketAddr>,
    /// Where the links in notices lead.
    pub(crate) links: Option<SocketAddr>,
    /// Where it serves the operators' page.
    pub(crate) page: Option<SocketAddr>,
}

impl Daemon {
    /// Sets a node up with a certificate of that CA and starts it.
    pub(crate) fn start(setup: Setup, pki: &Pki) -> Self {
        let papers = pki.issue(&setup.name);
        Self::start_in(tempfile::tempdir().unwrap(), setup, papers, &pki.ca())
    }

    /// The same in a directory that is given.
    pub(crate) fn start_in(dir: tempfile::TempDir, setup: Setup, papers: Papers, ca: &Path) -> Self {
        let pki = dir.path().join("pki");
        for folder in ["trust", "crl"] {
            fs::create_dir_all(pki.join(folder)).unwrap();
        }
        fs::copy(&papers.certificate, pki.join("node.pem")).unwrap();
        fs::copy(&papers.key, pki.join("node.key")).unwrap();
        private(&pki.join("node.key"));
        fs::copy(ca, pki.join("trust/ca.pem")).unwrap();
        fs::write(dir.path().join("ridd.toml"), setup.text()).unwrap();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut daemon =
            Self { setup, papers, dir, child: None, kept: None, rid: nowhere, metrics: None, links: None, page: None };
        daemon.launch();
        daemon
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> &Path {
        self.dir.path()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("the node runs").id()
    }

    fn launch(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let mut child = Command::new(RIDD)
            .args(["serve", "--data"])
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        self.child = Some(child);
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = String::new();
            let read = reader.read_line(&mut line);
            if tell.send(read.map(|_| line)).is_ok() {
                // The node must never block on a full pipe.
                std::io::copy(&mut reader, &mut std::io::sink()).ok();
            }
        });
        let line = told.recv_timeout(LONG).map(Result::unwrap).unwrap_or_default();
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("no ready line ({error}): {line:?}; its log:\n{}", self.log()));
        assert_eq!(ready["ready"], true, "{line}");
        let address = |value: &Value| -> Option<SocketAddr> {
            let first = if value.is_array() { &value[0] } else { value };
            first.as_str().and_then(|text| text.parse().ok())
        };
        self.rid = address(&ready["rid"]).unwrap_or_else(|| panic!("no address in {line}"));
        self.metrics = address(&ready["metrics"]);
        self.links = address(&ready["acknowledge"]);
        self.page = address(&ready["page"]);
    }

    fn log_path(&self) -> PathBuf {
        self.data().join("log")
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Ends it without a warning, as a power cut does to the process.
    pub(crate) fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
            self.keep_port();
        }
    }

    /// Nobody else is to be given its port until it runs again. We do not listen on it, so the node may
    /// (`SO_REUSEADDR`); if somebody has it already, the restart says so.
    fn keep_port(&mut self) {
        let socket = Socket::new(Domain::for_address(self.rid), Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        self.kept = socket.bind(&self.rid.into()).is_ok().then_some(socket);
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn term(&mut self) -> std::process::ExitStatus {
        self.signal("TERM");
        self.ended()
    }

    /// Waits until it has ended.
    pub(crate) fn ended(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().expect("the node runs");
        let end = Instant::now() + LONG;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                self.keep_port();
                return status;
            }
            assert!(Instant::now() < end, "the node does not end; its log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends it a signal: `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Starts it again on the same port, after [`Daemon::kill9`] or [`Daemon::term`].
    pub(crate) fn restart(&mut self) {
        let fixed = format!("listen = [\"{}\"]", self.rid);
        for (table, text) in &mut self.setup.tables {
            if table == "transport" {
                *text = text.replace(r#"listen = ["127.0.0.1:0"]"#, &fixed);
            }
        }
        fs::write(self.data().join("ridd.toml"), self.setup.text()).unwrap();
        self.launch();
        self.kept = None;
    }

    /// Runs a command of the program against this node.
    pub(crate) fn try_ridd(&self, args: &[&str]) -> Output {
        Command::new(RIDD).arg("--data").arg(self.data()).args(args).stdin(Stdio::null()).output().unwrap()
    }

    /// The same; it must succeed. What it wrote.
    pub(crate) fn ridd(&self, args: &[&str]) -> String {
        let output = self.try_ridd(args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "ridd {}: {:?}\n{out}{err}\n{}", args.join(" "), output.status, self.log());
        out.into_owned()
    }

    /// The same with `--json`, read.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(args);
        let text = self.ridd(&all);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
    }

    /// Reads `/api/v1/PATH` from its admin socket.
    pub(crate) async fn ask(&self, path: &str) -> Value {
        let client = ridd::admin::Client::new(self.data().join("admin.sock"));
        client.get(path).await.unwrap_or_else(|error| panic!("{path}: {error}; its log:\n{}", self.log()))
    }

    /// Makes `other` a peer of this node, under the policy that a peer has by default: all is signed, and encrypted by its
    /// restriction.
    pub(crate) fn knows(&self, other: &Self, relation: &str) {
        self.knows_under(other, relation, &[]);
    }

    /// The same with further options of `ridd peer add`.
    pub(crate) fn knows_under(&self, other: &Self, relation: &str, options: &[&str]) {
        self.add_peer(&other.setup.name, &other.rid.to_string(), relation, &other.papers, options);
    }

    /// Makes someone a peer of this node who plays a RID system by script, and neither signs nor decrypts.
    pub(crate) fn knows_as(&self, name: &str, address: &str, relation: &str, papers: &Papers) {
        self.add_peer(name, address, relation, papers, &["--signatures", "when-present", "--encryption", "never"]);
    }

    /// Makes someone with that certificate a peer of this node, with further options of `ridd peer add`.
    pub(crate) fn add_peer(&self, name: &str, address: &str, relation: &str, papers: &Papers, options: &[&str]) {
        let pin = papers.certificate.to_str().unwrap();
        let add = ["peer", "add", name, address, "--relation", relation, "--certificate", pin];
        self.ridd(&[&add[..], options].concat());
    }

    /// Waits until nothing of the node is under way.
    pub(crate) async fn drained(&self) {
        let name = &self.setup.name;
        wait::until(
            || format!("an empty outbox at {name}"),
            async || {
                let list = self.ask("outbox").await;
                let waiting = list["parcels"].as_array().is_some_and(|parcels| {
                    parcels.iter().any(|parcel| parcel["state"] == "waiting" || parcel["state"] == "claimed")
                });
                (!waiting).then_some(())
            },
        )
        .await;
    }

    /// Bytes of memory it holds.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// All its messages, the newest first.
    pub(crate) async fn messages(&self) -> Vec<Value> {
        let list = self.ask("messages?limit=1000").await;
        list["messages"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until one of its messages is as wanted.
    pub(crate) async fn message(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let shown = || format!("{what} at {}; its log:\n{}", self.setup.name, self.log());
        wait::until(shown, async || self.messages().await.into_iter().find(|message| wanted(message))).await
    }

    /// The one value of a metric, by its name with its labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.metrics_text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or(0.0)
    }

    fn metrics_text(&self) -> String {
        let mut stream = std::net::TcpStream::connect(self.metrics.expect("a listener for metrics")).unwrap();
        std::io::Write::write_all(&mut stream, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
        if std::thread::panicking() {
            eprintln!("--- log of {} ---\n{}", self.setup.name, self.log());
        }
    }
}

fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().unwrap();
    assert!(status.success(), "kill -{name} {pid}");
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
