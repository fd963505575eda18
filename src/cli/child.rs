//! Nodes that this program starts itself, as processes of its own kind on the loopback: for `demo` and `bench`.
//!
//! Each has a data directory with certificates of its own. It ends with the value, unless it is let go.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::admin::Client;
use crate::clock::{Clock, SystemClock};
use crate::ids::PeerName;
use crate::peers::{Layout, bootstrap};

/// A node is ready within this time or never.
const READY: Duration = Duration::from_secs(30);

/// What a node says of itself when it is ready.
#[derive(Debug, Deserialize)]
struct ReadyLine {
    /// The first address for peers.
    rid: SocketAddr,
    /// The address of the operators' page, if it is served.
    page: Option<SocketAddr>,
}

/// A data directory with certificates, and the node that runs on it.
pub(crate) struct Node {
    /// Its name.
    pub(crate) name: PeerName,
    /// Its files.
    pub(crate) layout: Layout,
    running: Option<(Child, ReadyLine)>,
}

impl Node {
    /// Makes the data directory: a CA and a certificate of its own, and this configuration.
    pub(crate) fn prepare(data: &Path, name: &PeerName, configuration: &str) -> Result<Self, Failure> {
        fs::create_dir_all(data).map_err(|error| cannot("make", data, &error))?;
        let made = bootstrap(data, name, SystemClock.now()).map_err(Failure::failed)?;
        let file = made.layout.configuration();
        fs::write(&file, configuration).map_err(|error| cannot("write", &file, &error))?;
        Ok(Self { name: name.clone(), layout: made.layout, running: None })
    }

    /// Trusts the CA of another node; to be said before the start.
    pub(crate) fn trusts(&self, other: &Layout, name: &PeerName) -> Result<(), Failure> {
        let to = self.layout.trust().join(format!("{name}.pem"));
        fs::copy(other.ca(), &to).map(drop).map_err(|error| cannot("write", &to, &error))
    }

    /// Starts the node and waits until it is ready.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        let log = self.log();
        let file = fs::File::create(&log).map_err(|error| cannot("write", &log, &error))?;
        let mut child = ridd()?
            .arg("serve")
            .arg("--data")
            .arg(self.layout.data())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            // Ctrl-C is for us; we end the nodes in our own order.
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::failed(format_args!("cannot start a node: {error}")))?;
        let line = first_line(&mut child);
        let Ok(ready) = serde_json::from_str(&line) else {
            end(&mut child);
            let said = fs::read_to_string(&log).unwrap_or_default();
            return Err(Failure::failed(format_args!("{} does not start: {line}{said}", self.name)));
        };
        self.running = Some((child, ready));
        Ok(())
    }

    /// Its log.
    pub(crate) fn log(&self) -> PathBuf {
        self.layout.data().join("log")
    }

    /// Where it listens for peers.
    pub(crate) fn address(&self) -> Result<SocketAddr, Failure> {
        self.running.as_ref().map(|(_, ready)| ready.rid).ok_or_else(|| Failure::failed("the node does not run"))
    }

    /// Where its page is, if it has one.
    pub(crate) fn page(&self) -> Option<SocketAddr> {
        self.running.as_ref().and_then(|(_, ready)| ready.page)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|(child, _)| child.id())
    }

    /// Asks it over its admin socket.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.layout.data().join("admin.sock"))
    }

    /// Runs a command of this program against it, as a person would.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String, Failure> {
        let run = ridd()?.arg("--data").arg(self.layout.data()).args(arguments).output();
        let output = run.map_err(|error| Failure::failed(format_args!("cannot run ridd: {error}")))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure::failed(format_args!("`ridd {}` at {} failed: {said}", arguments.join(" "), self.name)))
    }

    /// Kills it at once, as the loss of its machine would.
    pub(crate) fn kill(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            end(&mut child);
        }
    }

    /// Leaves it running when this value goes.
    pub(crate) fn let_go(&mut self) {
        self.running = None;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.running {
            end(child);
        }
    }
}

/// Does the work, unless SIGINT or SIGTERM comes first: then it is dropped, with all nodes that it has started.
pub(crate) async fn unless_broken_off<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // Before the first node starts, so that none is left behind whenever the signal comes.
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut ended = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let broken_off = || Err(Failure::failed("broken off; the nodes are ended and their files removed"));
    tokio::select! {
        done = work => done,
        _ = interrupted.recv() => broken_off(),
        _ = ended.recv() => broken_off(),
    }
}

/// The address for peers that a ready line names; `None` if it is no ready line.
pub(crate) fn ready_at(line: &str) -> Option<SocketAddr> {
    serde_json::from_str::<ReadyLine>(line).ok().map(|ready| ready.rid)
}

/// The first line that a process writes, or nothing if it writes none in time. Whatever it writes later is thrown away.
pub(crate) fn first_line(child: &mut Child) -> String {
    let Some(stdout) = child.stdout.take() else { return String::new() };
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        let read = reader.read_line(&mut line);
        // Nobody listens any more if the line came too late.
        if read.is_ok() && tell.send(line).is_ok() {
            std::io::copy(&mut reader, &mut std::io::sink()).ok();
        }
    });
    told.recv_timeout(READY).unwrap_or_default()
}

/// Ends a process of ours; one that has ended already is as good.
pub(crate) fn end(child: &mut Child) {
    child.kill().ok();
    child.wait().ok();
}

/// This program, without the variables that would have it use another node's files.
fn ridd() -> Result<Command, Failure> {
    let mut command = Command::new(program()?);
    command.env_remove("RIDD_CONFIG").env_remove("RIDD_SOCKET");
    Ok(command)
}

/// This program.
pub(crate) fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::failed(format_args!("cannot find this program: {error}")))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format_args!("cannot {what} {}: {error}", path.display()))
}
