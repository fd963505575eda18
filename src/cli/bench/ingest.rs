//! `ridd bench ingest`: how many distinct 4 KB Reports a node files in a second, each answered only when it is durable,
//! as ratios to the bare store engine and to a node that does nothing, measured in turns in one run.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::Runtime;

use super::store::{Engine, engine};
use crate::cli::child::{Node, end, first_line, program, ready_at};
use crate::cli::{Ended, Exit, Failure, Globals, print};
use crate::daemon::yardstick::{Figures, Load, Papers, drive};
use crate::store::{self, Store};

/// The Report that every message is made from, the number of its incident in it, and the bytes that stand for it.
const REPORT: &str = include_str!("../../../fixtures/rid/report-4k.xml");
const NUMBER: &str = "2003-0125-7";

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
    /// Where to make the stores, in a directory that is removed afterwards [default: the data directory]
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Figures of one of the three.
#[derive(Debug, Serialize)]
struct Line {
    messages: u64,
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Processor time of the process that does the work, for each message; of the bare store: of the whole bench.
    cpu_us: f64,
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
    /// The node's rate over the bare store's; the goal is 0.8.
    of_engine: f64,
    /// The node's rate over that of the node that does nothing; the goal is 0.2.
    of_nothing: f64,
    memory: Vec<Memory>,
}

/// Carries out `ridd bench ingest`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let outcome = Runtime::new().map_err(Failure::failed)?.block_on(measure(args, globals))?;
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
    format!(
        "Distinct Reports of {} bytes over {} connections, store {}\n\n{:<14} {:>9} {:>10} {:>8} {:>8} {:>8}\n{}{}{}\n\
         of the bare store: {:.2} (goal 0.8)\nof doing nothing:  {:.2} (goal 0.2)\n\nmemory of the node:{}",
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
fn report(number: u64) -> Vec<u8> {
    REPORT.replace(NUMBER, &format!("2003-{number:07}")).into_bytes()
}

/// The three that are measured, ready.
struct Bench {
    node: Node,
    nothing: Process,
    engine: Arc<dyn Store>,
    papers: Papers,
    /// Everything's files; removed last.
    _dir: tempfile::TempDir,
}

/// A process that ends with the value.
struct Process {
    child: Child,
    address: std::net::SocketAddr,
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
        let mut node = Node::prepare(&dir.path().join("node"), &name("node.bench.example")?, &configuration)?;
        let client = Node::prepare(&dir.path().join("client"), &name("client.bench.example")?, "")?;
        node.trusts(&client.layout, &client.name)?;
        let nothing = start_nothing(&node, &client)?;
        node.start()?;
        let pin = client.layout.node().display().to_string();
        let peer = client.name.as_str();
        node.command(&["peer", "add", peer, "127.0.0.1:1", "--relation", "peer", "--certificate", &pin])?;
        let config = store::Config::at(format!("{scheme}:{}", dir.path().join("engine").display()));
        let papers = Papers { certificate: client.layout.node(), key: client.layout.node_key(), ca: node.layout.ca() };
        Ok(Self { node, nothing, engine: store::open(&config).map_err(Failure::failed)?, papers, _dir: dir })
    }
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
    let bench = Bench::set_up(args, globals)?;
    let tls = bench.papers.client().map_err(Failure::failed)?;
    let per_round = args.messages.div_ceil(args.rounds);
    let load = |address, first, messages| Load {
        address,
        name: bench.node.name.to_string(),
        connections: args.connections as usize,
        messages,
        first,
    };
    let (node_pid, nothing_pid) = (bench.node.pid().unwrap_or_default(), bench.nothing.child.id());
    let node_address = bench.node.address()?;
    // Nobody is measured cold.
    let warm = per_round.min(500);
    for address in [node_address, bench.nothing.address] {
        drive(&load(address, 0, warm), Arc::clone(&tls), Arc::new(report)).await.map_err(Failure::failed)?;
    }
    let (node_cpu, nothing_cpu) = (cpu(node_pid), cpu(nothing_pid));
    let (mut node, mut nothing, mut engines) = (Figures::default(), Figures::default(), Vec::new());
    let mut memory = vec![Memory { messages: warm, resident_bytes: resident(node_pid) }];
    for round in 0..args.rounds {
        let first = warm + round * per_round;
        let idle = load(bench.nothing.address, first, per_round);
        nothing.add(drive(&idle, Arc::clone(&tls), Arc::new(report)).await.map_err(Failure::failed)?);
        let busy = load(node_address, first, per_round);
        node.add(drive(&busy, Arc::clone(&tls), Arc::new(report)).await.map_err(Failure::failed)?);
        memory.push(Memory { messages: first + per_round, resident_bytes: resident(node_pid) });
        let committed = engine(&bench.engine, first, per_round, args.connections, report).await;
        engines.push(committed.map_err(Failure::failed)?);
    }
    let node = line(node, cpu(node_pid).saturating_sub(node_cpu));
    let nothing = line(nothing, cpu(nothing_pid).saturating_sub(nothing_cpu));
    let engine = engine_line(&engines);
    Ok(Outcome {
        store: args.store.scheme(),
        connections: args.connections,
        message_bytes: report(0).len(),
        of_engine: node.rate / engine.rate,
        of_nothing: node.rate / nothing.rate,
        node,
        nothing,
        engine,
        memory,
    })
}

fn line(mut figures: Figures, cpu: Duration) -> Line {
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
fn cpu(pid: u32) -> Duration {
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

    #[test]
    fn reports_are_distinct_and_of_about_4_kb() {
        assert_ne!(report(1), report(2));
        assert!((3_500..4_500).contains(&report(3).len()), "{}", report(3).len());
        assert_eq!(REPORT.matches(NUMBER).count(), 2, "in RIDPolicy and in the document");
    }
}
