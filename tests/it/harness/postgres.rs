//! A real PostgreSQL for trials: made in a directory of its own, killed with the process that started it.
//!
//! Used by the trials of the built binary and, through `#[path]`, by the battery of the store, so it needs nothing but the
//! standard library and the programs of PostgreSQL. They refuse to run as root; as root they are started as the user
//! `postgres`, whom the Debian package makes.

// Each of the two users of this file needs a part of it.
#![allow(dead_code, unreachable_pub)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// With fsync, for trials of what a crash leaves.
    pub durable: bool,
    /// Also on a free TCP port of loopback.
    pub tcp: bool,
}

/// A server. Dropping it kills it and removes its files.
#[derive(Debug)]
pub struct Server {
    place: tempfile::TempDir,
    programs: PathBuf,
    manner: Manner,
    /// 0 if it has no TCP port.
    port: u16,
    running: Option<Running>,
}

/// The server's process, behind a shell that kills it as soon as we are gone, however we went.
#[derive(Debug)]
struct Running(Child);

/// The server that all trials of this process share, without fsync; `None` if PostgreSQL is not there.
pub fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(Manner::default())).as_ref()
}

/// The folder of the newest PostgreSQL's programs.
fn programs() -> Option<PathBuf> {
    let listed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut found: Vec<_> =
        listed.map(|entry| entry.path()).filter(|path| path.join("bin/postgres").exists()).collect();
    found.sort_by_key(|path| version(path));
    let path = || std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| folder.join("initdb").exists());
    found.pop().map(|newest| newest.join("bin")).or_else(path)
}

/// User and group to run as, if we are root.
fn other_user() -> Option<(u32, u32)> {
    let ours = fs::metadata("/proc/self").ok()?.uid();
    let listed = fs::read_to_string("/etc/passwd").ok()?;
    let entry = listed.lines().find_map(|line| line.strip_prefix("postgres:"))?;
    let mut fields = entry.split(':').skip(1).map(str::parse);
    let (user, group) = (fields.next()?.ok()?, fields.next()?.ok()?);
    (ours == 0).then_some((user, group))
}

/// A command as the user that may run a server.
fn command(program: &Path) -> Command {
    let Some((user, group)) = other_user() else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups").arg(program);
    command
}

fn done(doing: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{doing} failed: {said}");
}

impl Server {
    /// Makes and starts a server; `None`, with a word on standard error, if PostgreSQL is not there.
    pub fn start(manner: Manner) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "must not be skipped: PostgreSQL is not there");
            eprintln!("skipped: PostgreSQL is not there");
            return None;
        };
        let place = tempfile::Builder::new().prefix("ridd-pg-").tempdir_in("/tmp").unwrap();
        if let Some((user, group)) = other_user() {
            chown(place.path(), Some(user), Some(group)).unwrap();
        }
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut made = command(&programs.join("initdb"));
        made.args(["--no-sync", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "-D"]);
        done("initdb", &made.arg(place.path().join("data")).current_dir("/").output().unwrap());
        let rules = "local all with_password scram-sha-256\nlocal all all trust\nlocal replication all trust\n\
                     host all all 127.0.0.1/32 trust\n";
        fs::write(place.path().join("data/pg_hba.conf"), rules).unwrap();
        let mut server = Self { place, programs, manner, port: 0, running: None };
        server.begin();
        Some(server)
    }

    /// A second server that follows this one by streaming replication, ready to be promoted.
    pub fn standby(&self) -> Self {
        let place = tempfile::Builder::new().prefix("ridd-pg-").tempdir_in("/tmp").unwrap();
        if let Some((user, group)) = other_user() {
            chown(place.path(), Some(user), Some(group)).unwrap();
        }
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut copy = command(&self.programs.join("pg_basebackup"));
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--username=postgres", "--host"]);
        copy.arg(self.place.path())
            .args(["--port", &self.socket_port().to_string()])
            .arg("--pgdata")
            .arg(place.path().join("data"));
        done("pg_basebackup", &copy.current_dir("/").output().unwrap());
        let mut server = Self { place, programs: self.programs.clone(), manner: self.manner, port: 0, running: None };
        server.begin();
        server
    }

    /// Starts it, again after [`Self::kill`] or [`Self::stop`] too; on the same port as before.
    pub fn begin(&mut self) {
        let begun = Instant::now();
        loop {
            if self.manner.tcp && self.port == 0 {
                self.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            }
            self.running = Some(self.run());
            if self.answers() {
                return;
            }
            // Somebody else may have taken the port meanwhile.
            self.end("QUIT");
            let log = fs::read_to_string(self.place.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start: {log}");
        }
    }

    fn run(&self) -> Running {
        let data = self.place.path().join("data");
        let sync = if self.manner.durable { "on" } else { "off" };
        let listen = if self.manner.tcp { "127.0.0.1" } else { "" };
        let port = if self.manner.tcp { self.port } else { 5432 };
        let settings = [
            format!("listen_addresses={listen}"),
            format!("port={port}"),
            format!("unix_socket_directories={}", self.place.path().display()),
            format!("fsync={sync}"),
            format!("full_page_writes={sync}"),
            "max_connections=400".to_owned(),
            "shared_buffers=64MB".to_owned(),
            "wal_level=replica".to_owned(),
            "log_min_messages=fatal".to_owned(),
        ];
        // The shell reads from us until we close the pipe or are gone; then the server ends at once, writing nothing
        // more, and its files go.
        let script = r#"place=$1; shift; "$@" >>"$place/log" 2>&1 </dev/null & server=$!
            if read -r how; then kill -"$how" $server; wait $server
            else kill -QUIT $server; wait $server; rm -rf "$place"; fi"#;
        let mut shell = command(Path::new("/bin/sh"));
        shell.arg("-c").arg(script).arg("sh").arg(self.place.path()).arg(self.programs.join("postgres"));
        shell.arg("-D").arg(data);
        for setting in settings {
            shell.arg("-c").arg(setting);
        }
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        Running(shell.spawn().unwrap())
    }

    fn answers(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let ended = self.running.as_mut().is_none_or(|running| running.0.try_wait().unwrap().is_some());
            let mut asked = Command::new(self.programs.join("pg_isready"));
            asked.args(["--quiet", "--host"]).arg(self.place.path()).args(["--port", &self.socket_port().to_string()]);
            let ready = asked.status().unwrap().success();
            if ready && !ended {
                return true;
            }
            if !self.place.path().join("data/postmaster.pid").exists() && begun.elapsed() > Duration::from_secs(5) {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn socket_port(&self) -> u16 {
        if self.manner.tcp { self.port } else { 5432 }
    }

    /// Ends it as a crash would: nothing is written any more, and the log must be replayed.
    pub fn kill(&mut self) {
        self.end("QUIT");
    }

    /// Stops it as an administrator would who does not wait for the clients.
    pub fn stop(&mut self) {
        self.end("INT");
    }

    fn end(&mut self, how: &str) {
        let Some(mut running) = self.running.take() else { return };
        let mut line = running.0.stdin.take().unwrap();
        writeln!(line, "{how}").unwrap();
        running.0.wait().unwrap();
    }

    /// Gives it that certificate for TLS, from the next connection on.
    pub fn present(&self, certificate: &Path, key: &Path) {
        for (from, name) in [(certificate, "server.crt"), (key, "server.key")] {
            let file = self.place.path().join("data").join(name);
            fs::copy(from, &file).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = other_user() {
                chown(&file, Some(user), Some(group)).unwrap();
            }
        }
        self.sql("postgres", "ALTER SYSTEM SET ssl = on");
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote(true, 60)");
    }

    /// The TCP port, if it has one.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its socket.
    pub fn socket(&self) -> &Path {
        self.place.path()
    }

    /// The address of a database for that user, by the socket.
    pub fn url(&self, user: &str, database: &str) -> String {
        let host = self.place.path().display();
        match self.manner.tcp {
            true => format!("postgres://{user}@/{database}?host={host}&port={}", self.port),
            false => format!("postgres://{user}@/{database}?host={host}"),
        }
    }

    /// Runs SQL as the server's owner; what psql prints, a row a line, columns apart by `|`.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql);
        done(sql, &output);
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// As [`Self::sql`], whatever comes of it.
    pub fn psql(&self, database: &str, sql: &str) -> Output {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--host"]);
        psql.arg(self.place.path()).args(["--port", &self.socket_port().to_string(), "--username=postgres"]);
        psql.args(["--dbname", database, "--command", sql]).output().unwrap()
    }

    /// Has somebody else run that SQL, who then holds whatever it has locked until he is dropped.
    pub fn hold(&self, database: &str, sql: &str) -> Holder {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1", "--host"]);
        psql.arg(self.place.path()).args(["--port", &self.socket_port().to_string(), "--username=postgres"]);
        psql.args(["--dbname", database]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = psql.spawn().unwrap();
        let mut orders = child.stdin.take().unwrap();
        writeln!(orders, "BEGIN;\n{sql};\n\\echo held").unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        assert!(said.lines().any(|line| line.unwrap() == "held"), "not held: {sql}");
        Holder { child, orders: Some(orders) }
    }

    /// A schema with all that is in it as SQL, without comments and settings of the session.
    pub fn dump(&self, database: &str, schema: &str) -> String {
        let mut dump = Command::new(self.programs.join("pg_dump"));
        dump.args(["--no-owner", "--no-privileges", "--inserts", "--username=postgres", "--schema", schema, "--host"]);
        let dumped = dump.arg(self.place.path()).args(["--dbname", database]).output().unwrap();
        done("pg_dump", &dumped);
        let text = String::from_utf8(dumped.stdout).unwrap();
        let kept =
            |line: &&str| !["--", "\\", "SET ", "SELECT pg_catalog."].iter().any(|begun| line.starts_with(begun));
        text.lines().filter(kept).filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
    }

    /// Makes an empty database of a name that nobody else has.
    pub fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("trial{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }
}

/// Somebody with an open transaction.
#[derive(Debug)]
pub struct Holder {
    child: Child,
    orders: Option<ChildStdin>,
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Nothing more is ordered, so he leaves, and with him his transaction.
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Closing the pipe is what the shell waits for.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running = None;
    }
}
