//! `ridd bench ingest`: how many distinct 4 KB Reports a node files in a second, each answered only when it is durable,
//! as ratios to the bare store engine and to a node that does nothing, measured in turns in one run; and how many signed
//! ones, as a ratio to unsigned.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use serde::Serialize;
use tokio::runtime::Runtime;

use super::REPORT;
use super::signed::{Papers as Signing, place};
use super::store::{Engine, engine};
use crate::cli::child::{Node, end, first_line, program, ready_at, unless_broken_off};
use crate::cli::{Ended, Exit, Failure, Globals, print};
use crate::daemon::yardstick::{Figures, Load, Papers, drive};
use crate::peers::Signatures;
use crate::store::{self, Store};

/// The number of the incident in the Report that every message is made from.
const NUMBER: &str = "2003-0125-7";
/// So many Reports at most are signed before a turn and kept until they are sent: some 300 MB.
const SIGNED_AT_ONCE: u64 = 50_000;

/// What `ridd bench ingest` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many connections send at once, and how many tasks commit to the bare store
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1024))]
    connections: u64,
    /// How many messages in all
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..))]
    messages: u64,
    /// Which engine the node uses
    #[arg(long, value_enum, default_value_t = Engine::Sqlite)]
    store: Engine,
    /// In how many turns
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    /// File Reports signed by ECDSA P-256 too, in turns, on a node that requires signatures; each turn's are signed before
    /// its clock starts and kept in memory, at most 50,000
    #[arg(long)]
    signed: bool,
    /// Where to make the stores, in a directory that is removed afterwards [default: the data directory]
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Figures of one of those measured.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) messages: u64,
    pub(super) rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Processor time of the process that does the work, for each message; of the bare store: of the whole bench.
    pub(super) cpu_us: f64,
}

/// The node's memory after so many messages.
#[derive(Debug, Serialize)]
struct Memory {
    messages: u64,
    resident_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Outcome {
    store: &'static str,
    connections: u64,
    message_bytes: usize,
    node: Line,
    nothing: Line,
    engine: Line,
    /// A node that requires signatures, with Reports that are signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<SignedLine>,
    /// The node's rate over the bare store's; the goal is 0.8.
    of_engine: f64,
    /// The node's rate over that of the node that does nothing; the goal is 0.2.
    of_nothing: f64,
    memory: Vec<Memory>,
}

/// Signed Reports, beside those of the same run that are not.
#[derive(Debug, Serialize)]
struct SignedLine {
    #[serde(flatten)]
    line: Line,
    message_bytes: usize,
    /// The rate over that of unsigned Reports; the goal is 0.5.
    of_unsigned: f64,
}

/// Carries out `ridd bench ingest`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let outcome = Runtime::new().map_err(Failure::failed)?.block_on(unless_broken_off(measure(args, globals)))?;
    if globals.json {
        print(serde_json::to_string(&outcome).map_err(Failure::failed)?)?;
    } else {
        print(words(&outcome))?;
    }
    Ok(Exit::Done)
}

fn words(outcome: &Outcome) -> String {
    let line = |name: &str, line: &Line| {
        let Line { messages, rate, p50_ms, p99_ms, cpu_us } = line;
        format!("{name:<14} {messages:>9} {rate:>10.0} {p50_ms:>8.2} {p99_ms:>8.2} {cpu_us:>8.0}\n")
    };
    let memory = outcome.memory.iter().map(|memory| {
        let mib = memory.resident_bytes as f64 / f64::from(1 << 20);
        format!("\n  {mib:>6.1} MiB after {} messages", memory.messages)
    });
    let (signed, of_unsigned) = outcome.signed.as_ref().map_or_else(Default::default, |signed| {
        let SignedLine { line: figures, message_bytes, of_unsigned } = signed;
        (
            line("node, signed", figures),
            format!("\nsigned (ECDSA P-256, {message_bytes} bytes) of unsigned: {of_unsigned:.2} (goal 0.5)"),
        )
    });
    format!(
        "Distinct Reports of {} bytes over {} connections, store {}\n\n{:<14} {:>9} {:>10} {:>8} {:>8} {:>8}\n{}{signed}{}{}\n\
         of the bare store: {:.2} (goal 0.8)\nof doing nothing:  {:.2} (goal 0.2){of_unsigned}\n\nmemory of the node:{}",
        outcome.message_bytes,
        outcome.connections,
        outcome.store,
        "",
        "messages",
        "per second",
        "p50 ms",
        "p99 ms",
        "CPU µs",
        line("node", &outcome.node),
        line("does nothing", &outcome.nothing),
        line("bare store", &outcome.engine),
        outcome.of_engine,
        outcome.of_nothing,
        memory.collect::<String>()
    )
}

/// The Report of that number.
pub(super) fn report(number: u64) -> Vec<u8> {
    REPORT.replace(NUMBER, &format!("2003-{number:07}")).into_bytes()
}

/// Those that are measured, ready.
struct Bench {
    node: Node,
    /// The node that requires signatures, and what the client signs with.
    signed: Option<(Node, Signing)>,
    nothing: Process,
    engine: Arc<dyn Store>,
    client: Node,
    /// Everything's files; removed last.
    _dir: tempfile::TempDir,
}

/// A process that ends with the value.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

impl Bench {
    fn set_up(args: &Args, globals: &Globals) -> Result<Self, Failure> {
        let parent = args.dir.clone().unwrap_or_else(|| globals.data());
        let dir = std::fs::create_dir_all(&parent)
            .and_then(|()| tempfile::Builder::new().prefix("bench-").tempdir_in(&parent))
            .map_err(|why| Failure::input(format_args!("no directory in {}: {why}", parent.display())))?;
        let scheme = args.store.scheme();
        let seats = args.connections * 2;
        let configuration = format!(
            "[transport]\nlisten = [\"127.0.0.1:0\"]\nconnections-per-peer = {seats}\nunproven-per-address = {seats}\n\n\
             [admin]\nlisten = \"127.0.0.1:0\"\n\n[store]\nurl = \"{scheme}:store\"\n"
        );
        let name = |text: &str| text.parse().map_err(Failure::failed);
        let client = Node::prepare(&dir.path().join("client"), &name("client.bench.example")?, "")?;
        let prepare = |place: &str, signatures| {
            let node = Node::prepare(&dir.path().join(place), &name("node.bench.example")?, &configuration)?;
            start(node, &client, signatures)
        };
        // Under the default rule the Reports without a signature would be refused.
        let node = prepare("node", Signatures::WhenPresent)?;
        let signed = if args.signed {
            let papers = Signing::read(&client.layout.node_key(), &client.layout.node())?;
            Some((prepare("node-signed", Signatures::Required)?, papers))
        } else {
            None
        };
        let nothing = start_nothing(&node, &client)?;
        let config = store::Config::at(format!("{scheme}:{}", dir.path().join("engine").display()));
        let engine = store::open(&config).map_err(Failure::failed)?;
        Ok(Self { node, signed, nothing, engine, client, _dir: dir })
    }

    /// What the client speaks to that node.
    fn tls(&self, node: &Node) -> Result<Arc<ClientConfig>, Failure> {
        let of = &self.client.layout;
        let papers = Papers { certificate: of.node(), key: of.node_key(), ca: node.layout.ca() };
        papers.client().map_err(Failure::failed)
    }
}

/// Starts the node with the client as its peer, whose messages must be signed or need not be. Answers are not encrypted.
pub(super) fn start(mut node: Node, client: &Node, signatures: Signatures) -> Result<Node, Failure> {
    node.trusts(&client.layout, &client.name)?;
    node.start()?;
    let (peer, pin) = (client.name.as_str(), client.layout.node().display().to_string());
    node.command(&[
        "peer",
        "add",
        peer,
        "127.0.0.1:1",
        "--relation",
        "peer",
        "--certificate",
        &pin,
        "--signatures",
        signatures.as_str(),
        "--encryption",
        "never",
    ])?;
    Ok(node)
}

/// Starts the node that does nothing, with the certificate of the node that does something.
fn start_nothing(node: &Node, client: &Node) -> Result<Process, Failure> {
    let mut child = Command::new(program()?)
        .args(["bench", "nothing", "--certificate"])
        .arg(node.layout.node())
        .arg("--key")
        .arg(node.layout.node_key())
        .arg("--ca")
        .arg(client.layout.ca())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(Failure::failed)?;
    let line = first_line(&mut child);
    match ready_at(&line) {
        Some(address) => Ok(Process { child, address }),
        None => {
            end(&mut child);
            Err(Failure::failed(format_args!("the node that does nothing does not start: {line}")))
        }
    }
}

async fn measure(args: &Args, globals: &Globals) -> Result<Outcome, Failure> {
    let per_round = args.messages.div_ceil(args.rounds);
    if args.signed && per_round > SIGNED_AT_ONCE {
        let rounds = args.messages.div_ceil(SIGNED_AT_ONCE);
        return Err(Failure::input(format_args!(
            "{per_round} signed messages in one turn would take too much memory; give --rounds {rounds} or more"
        )));
    }
    let bench = Bench::set_up(args, globals)?;
    let connections = args.connections as usize;
    let plain: Make = Arc::new(report);
    let mut node = Loaded::new(&bench.node, bench.tls(&bench.node)?, connections)?;
    let (process, address) = (bench.nothing.child.id(), bench.nothing.address);
    let mut nothing = Loaded { process, address, ..Loaded::new(&bench.node, bench.tls(&bench.node)?, connections)? };
    let mut signed = match &bench.signed {
        Some((node, papers)) => Some((Loaded::new(node, bench.tls(node)?, connections)?, papers)),
        None => None,
    };
    // Nobody is measured cold.
    let warm = per_round.min(500);
    for loaded in [&mut node, &mut nothing] {
        loaded.drive(0, warm, &plain).await?;
        loaded.begin();
    }
    if let Some((loaded, papers)) = &mut signed {
        loaded.drive(0, warm, &ahead(0, warm, papers)?).await?;
        loaded.begin();
    }
    let mut engines = Vec::new();
    let mut memory = vec![Memory { messages: warm, resident_bytes: resident(node.process) }];
    for round in 0..args.rounds {
        let first = warm + round * per_round;
        nothing.drive(first, per_round, &plain).await?;
        node.drive(first, per_round, &plain).await?;
        memory.push(Memory { messages: first + per_round, resident_bytes: resident(node.process) });
        if let Some((loaded, papers)) = &mut signed {
            let messages = ahead(first, per_round, papers)?;
            loaded.drive(first, per_round, &messages).await?;
        }
        let committed = engine(&bench.engine, first, per_round, args.connections, report).await;
        engines.push(committed.map_err(Failure::failed)?);
    }
    let (node, nothing, engine) = (node.line(), nothing.line(), engine_line(&engines));
    let signed = match signed {
        Some((loaded, papers)) => {
            let message_bytes = sign(0, papers)?.len();
            let line = loaded.line();
            Some(SignedLine { of_unsigned: line.rate / node.rate, line, message_bytes })
        }
        None => None,
    };
    Ok(Outcome {
        store: args.store.scheme(),
        connections: args.connections,
        message_bytes: report(0).len(),
        of_engine: node.rate / engine.rate,
        of_nothing: node.rate / nothing.rate,
        node,
        nothing,
        engine,
        signed,
        memory,
    })
}

/// What makes a message from its number.
pub(super) type Make = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// A process under load, and what was measured of it.
pub(super) struct Loaded {
    process: u32,
    address: SocketAddr,
    name: String,
    tls: Arc<ClientConfig>,
    connections: usize,
    figures: Figures,
    /// Its processor time when the measurement began.
    cpu: Duration,
}

impl Loaded {
    pub(super) fn new(node: &Node, tls: Arc<ClientConfig>, connections: usize) -> Result<Self, Failure> {
        let (process, address, name) = (node.pid().unwrap_or_default(), node.address()?, node.name.to_string());
        Ok(Self { process, address, name, tls, connections, figures: Figures::default(), cpu: Duration::ZERO })
    }

    /// One turn: so many messages from that number on.
    pub(super) async fn drive(&mut self, first: u64, messages: u64, make: &Make) -> Result<(), Failure> {
        let Self { address, connections, .. } = *self;
        let load = Load { address, name: self.name.clone(), connections, messages, first };
        let figures = drive(&load, Arc::clone(&self.tls), Arc::clone(make)).await;
        self.figures.add(figures.map_err(Failure::failed)?);
        Ok(())
    }

    /// What was measured so far does not count.
    pub(super) fn begin(&mut self) {
        self.figures = Figures::default();
        self.cpu = cpu(self.process);
    }

    /// What was measured since the beginning, with the processor time; the next measurement begins.
    pub(super) fn take(&mut self) -> (Figures, Duration) {
        let taken = (std::mem::take(&mut self.figures), cpu(self.process).saturating_sub(self.cpu));
        self.begin();
        taken
    }

    fn line(mut self) -> Line {
        let (figures, cpu) = self.take();
        line(figures, cpu)
    }
}

/// The Reports of those numbers, signed now, so that what the client spends on signing is not measured.
fn ahead(first: u64, messages: u64, papers: &Signing) -> Result<Make, Failure> {
    let signed = (first..first + messages).map(|number| sign(number, papers)).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(move |number| {
        let at = usize::try_from(number - first).unwrap_or(usize::MAX);
        signed.get(at).cloned().unwrap_or_default()
    }))
}

fn sign(number: u64, papers: &Signing) -> Result<Vec<u8>, Failure> {
    let message = report(number);
    papers.sign(&message, &place(&message)?)
}

pub(super) fn line(mut figures: Figures, cpu: Duration) -> Line {
    let messages = figures.messages();
    Line {
        messages,
        rate: figures.rate(),
        p50_ms: figures.percentile(50).as_secs_f64() * 1e3,
        p99_ms: figures.percentile(99).as_secs_f64() * 1e3,
        cpu_us: cpu.as_secs_f64() * 1e6 / messages.max(1) as f64,
    }
}

/// All rounds of the bare store in one line; of the percentiles and the processor time, the mean.
fn engine_line(rounds: &[super::store::Figures]) -> Line {
    let count = rounds.len().max(1) as f64;
    let messages: u64 = rounds.iter().map(|round| round.messages).sum();
    let mean = |of: fn(&super::store::Figures) -> f64| rounds.iter().map(of).sum::<f64>() / count;
    Line {
        messages,
        rate: messages as f64 / rounds.iter().map(|round| round.seconds).sum::<f64>().max(1e-9),
        p50_ms: mean(|round| round.p50_ms),
        p99_ms: mean(|round| round.p99_ms),
        cpu_us: mean(|round| round.cpu_us),
    }
}

/// Processor time that the process has used, from `/proc`; zero where there is none.
pub(super) fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field is the program's name in parentheses; the times are the 14th and 15th, in hundredths.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// Bytes of memory that the process holds, from `/proc`; zero where there is none.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::signed::keys;

    #[test]
    fn reports_are_distinct_and_of_about_4_kb() {
        assert_ne!(report(1), report(2));
        assert!((3_500..4_500).contains(&report(3).len()), "{}", report(3).len());
        assert_eq!(REPORT.matches(NUMBER).count(), 2, "in RIDPolicy and in the document");
    }

    #[test]
    fn reports_that_were_signed_ahead_are_those_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let papers = keys(&[], folder.path()).unwrap().pop().unwrap();
        let made = ahead(7, 3, &papers).unwrap();
        for number in 7..10 {
            let message = String::from_utf8(made(number)).unwrap();
            assert!(message.contains(&format!("2003-{number:07}")) && message.contains("<ds:SignatureValue>"));
        }
        assert_eq!(made(10), b"");
    }
}
