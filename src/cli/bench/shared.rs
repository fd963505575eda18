//! `ridd bench shared`: two nodes on one PostgreSQL. How many distinct 4 KB Reports one of them files in a second, beside bare
//! inserts of the same rows through the same client; how many both file together; and how soon the clock of significant
//! events runs again after the node that had it was killed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use super::ingest::{Line, Loaded, Make, line, report, start};
use super::store::filed;
use crate::admin::api::status::Status;
use crate::cli::child::{Node, unless_broken_off};
use crate::cli::{Ended, Exit, Failure, Globals, print};
use crate::daemon::yardstick::{Figures, Papers};
use crate::peers::Signatures;
use crate::store::records::Message;
use crate::store::{self, Bare, Record};

/// A clock that nobody has taken over by then never will be.
const LONGEST: Duration = Duration::from_secs(60);
/// How often a node is asked who has the clock.
const LOOK: Duration = Duration::from_millis(20);

/// What `ridd bench shared` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The empty database, laid out by `ridd store prepare` or by whoever owns it; password and CAs as configured in
    /// `[store]`
    #[arg(long)]
    url: String,
    /// How many connections send at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(2..=1024))]
    connections: u64,
    /// How many messages each of the three files in all
    #[arg(long, default_value_t = 40_000, value_parser = clap::value_parser!(u64).range(100..))]
    messages: u64,
    /// In how many turns
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    /// Where to make the nodes, in a directory that is removed afterwards [default: the data directory]
    #[arg(long)]
    dir: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    connections: u64,
    message_bytes: usize,
    /// Bare inserts each second, as many in one transaction as there are connections.
    bare_rate: f64,
    one: Line,
    two: Line,
    /// One node's rate over that of bare inserts; the goal is 0.5.
    of_bare: f64,
    /// The rate of two nodes over that of one; the goal is 1.3, where cores allow.
    of_one: f64,
    /// How many cores there are.
    cores: usize,
    /// From the end of the node that had the clock until the other one has it; the goal is 5.
    takeover_seconds: f64,
}

/// Carries out `ridd bench shared`.
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
        format!(
            "{name:<14} {:>9} {:>10.0} {:>8.2} {:>8.2} {:>8.0}\n",
            line.messages, line.rate, line.p50_ms, line.p99_ms, line.cpu_us
        )
    };
    format!(
        "Distinct Reports of {} bytes over {} connections, on {} cores\n\n{:<14} {:>9} {:>10} {:>8} {:>8} {:>8}\n{}{}{:<14} {:>9} \
         {:>10.0}\n\none node of bare inserts: {:.2} (goal 0.5)\ntwo nodes of one:         {:.2} (goal 1.3, where cores allow)\n\
         the clock was taken over in {:.1} s (goal 5)",
        outcome.message_bytes,
        outcome.connections,
        outcome.cores,
        "",
        "messages",
        "per second",
        "p50 ms",
        "p99 ms",
        "CPU µs",
        line("one node", &outcome.one),
        line("two nodes", &outcome.two),
        "bare inserts",
        outcome.one.messages,
        outcome.bare_rate,
        outcome.of_bare,
        outcome.of_one,
        outcome.takeover_seconds
    )
}

/// Both nodes and who sends to them.
struct Pair {
    nodes: [Node; 2],
    client: Node,
    /// Everything's files; removed last.
    _dir: tempfile::TempDir,
}

impl Pair {
    fn set_up(args: &Args, config: &store::Config, globals: &Globals) -> Result<Self, Failure> {
        let parent = args.dir.clone().unwrap_or_else(|| globals.data());
        let dir = std::fs::create_dir_all(&parent)
            .and_then(|()| tempfile::Builder::new().prefix("bench-").tempdir_in(&parent))
            .map_err(|why| Failure::input(format_args!("no directory in {}: {why}", parent.display())))?;
        let name = |text: &str| text.parse().map_err(Failure::failed);
        let client = Node::prepare(&dir.path().join("client"), &name("client.bench.example")?, "")?;
        let rid = name("node.bench.example")?;
        // To peers both are one RID system: they have one certificate and one key.
        let pki = dir.path().join("a").join("pki");
        let prepare = |place: &str| {
            let settings = settings(place, &pki, args.connections * 2, config)?;
            Node::prepare(&dir.path().join(place), &rid, &settings)
        };
        let first = start(prepare("a")?, &client, Signatures::WhenPresent)?;
        let mut second = prepare("b")?;
        second.start()?;
        Ok(Self { nodes: [first, second], client, _dir: dir })
    }

    /// That node under the load of so many connections.
    fn loaded(&self, node: &Node, connections: u64) -> Result<Loaded, Failure> {
        let (of, [first, _]) = (&self.client.layout, &self.nodes);
        let papers = Papers { certificate: of.node(), key: of.node_key(), ca: first.layout.ca() };
        Loaded::new(node, papers.client().map_err(Failure::failed)?, connections as usize)
    }
}

/// The configuration of one of the nodes.
fn settings(instance: &str, pki: &Path, seats: u64, config: &store::Config) -> Result<String, Failure> {
    let text = |value: &dyn ToString| toml_text(&value.to_string());
    let file = |key: &str, path: &Path| format!("{key} = {}\n", text(&path.display()));
    let kept = [("password-file", &config.password_file), ("ca-file", &config.ca_file)];
    let kept: String = kept.iter().filter_map(|(key, path)| Some(file(key, path.as_deref()?))).collect();
    let papers = [("certificate", "node.pem"), ("key", "node.key"), ("trust", "trust"), ("crl", "crl")];
    let papers: String = papers.iter().map(|(key, name)| file(key, &pki.join(name))).collect();
    Ok(format!(
        "[node]\nname = \"{instance}\"\n\n[transport]\nlisten = [\"127.0.0.1:0\"]\nconnections-per-peer = {seats}\n\
         unproven-per-address = {seats}\n\n[admin]\nlisten = \"127.0.0.1:0\"\n\n[peers]\n{papers}\n[store]\nurl = {}\n{kept}",
        text(&config.url)
    ))
}

/// The text as TOML writes it: as JSON does, for text without control characters.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

async fn measure(args: &Args, globals: &Globals) -> Result<Outcome, Failure> {
    let config = store::Config { url: args.url.clone(), ..globals.load()?.store };
    if !config.is_shared() {
        return Err(Failure::input("--url names a PostgreSQL database: postgres://USER@HOST/DATABASE"));
    }
    let opened = store::open(&config).map_err(Failure::failed)?;
    if opened.count(Message::TABLE).await.map_err(Failure::failed)? > 0 {
        return Err(Failure::input("the database holds messages already: name an empty one"));
    }
    drop(opened);
    let mut pair = Pair::set_up(args, &config, globals)?;
    let (one, two, bare_rate) = turns(args, &config, &pair).await?;
    let takeover_seconds = take_over(&mut pair).await?.as_secs_f64();
    Ok(Outcome {
        connections: args.connections,
        message_bytes: report(0).len(),
        of_bare: one.rate / bare_rate,
        of_one: two.rate / one.rate,
        bare_rate,
        one,
        two,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        takeover_seconds,
    })
}

/// One node, both nodes, and bare inserts, in turns.
async fn turns(args: &Args, config: &store::Config, pair: &Pair) -> Result<(Line, Line, f64), Failure> {
    let bare = Bare::connect(config).await.map_err(Failure::failed)?;
    let make: Make = Arc::new(report);
    let per_round = args.messages.div_ceil(args.rounds);
    let [first, second] = &pair.nodes;
    let mut one = pair.loaded(first, args.connections)?;
    let mut half = pair.loaded(first, args.connections / 2)?;
    let mut other = pair.loaded(second, args.connections - args.connections / 2)?;
    // Nobody is measured cold. The second node hears of its peer from the store.
    let warm = per_round.min(500);
    known(second).await?;
    one.drive(0, warm, &make).await?;
    other.drive(warm, warm, &make).await?;
    let mut next = warm * 2;
    let (mut of_one, mut of_two) = (Measured::default(), Measured::default());
    let mut inserting = Duration::ZERO;
    for _ in 0..args.rounds {
        one.begin();
        one.drive(next, per_round, &make).await?;
        of_one.add(one.take());
        next += per_round;
        let (left, right) = (per_round / 2, per_round - per_round / 2);
        half.begin();
        other.begin();
        let begun = Instant::now();
        let both = tokio::try_join!(half.drive(next, left, &make), other.drive(next + left, right, &make));
        both?;
        of_two.add_both(half.take(), other.take(), begun.elapsed());
        next += per_round;
        let batches = (next..next + per_round).map(|number| filed(number, report(number))).collect();
        let at_once = usize::try_from(args.connections).unwrap_or(usize::MAX);
        inserting += bare.insert(batches, at_once).await.map_err(Failure::failed)?;
        next += per_round;
    }
    let inserted = (per_round * args.rounds) as f64;
    Ok((of_one.line(), of_two.line(), inserted / inserting.as_secs_f64().max(1e-9)))
}

/// What one turn after the other adds up to.
#[derive(Default)]
struct Measured {
    figures: Figures,
    cpu: Duration,
    /// Where two are driven together: how long both took.
    span: Option<Duration>,
}

impl Measured {
    fn add(&mut self, (figures, cpu): (Figures, Duration)) {
        self.figures.add(figures);
        self.cpu += cpu;
    }

    fn add_both(&mut self, one: (Figures, Duration), other: (Figures, Duration), span: Duration) {
        self.add(one);
        self.add(other);
        self.span = Some(self.span.unwrap_or_default() + span);
    }

    fn line(self) -> Line {
        let whole = line(self.figures, self.cpu);
        match self.span {
            Some(span) => Line { rate: whole.messages as f64 / span.as_secs_f64().max(1e-9), ..whole },
            None => whole,
        }
    }
}

async fn status(node: &Node) -> Result<Status, Failure> {
    node.client().get("status").await.map_err(Failure::failed)
}

/// Waits until the node knows its peer, which was added at the other one.
async fn known(node: &Node) -> Result<(), Failure> {
    let heard = async {
        while status(node).await?.peers == 0 {
            sleep(LOOK).await;
        }
        Ok(())
    };
    let never = |_| Failure::failed("the second node has not heard of the peer");
    timeout(LONGEST, heard).await.map_err(never)?
}

/// Kills the node that has the clock; how long it takes until the other one has it.
async fn take_over(pair: &mut Pair) -> Result<Duration, Failure> {
    let never = |_| Failure::failed("nobody has the clock of significant events");
    let holder = |status: Status| status.sharing.and_then(|sharing| sharing.clock);
    let found = timeout(LONGEST, async {
        loop {
            if let Some(name) = holder(status(&pair.nodes[0]).await?) {
                return Ok::<_, Failure>(name);
            }
            sleep(LOOK).await;
        }
    });
    let had = found.await.map_err(never)??;
    let [first, second] = &mut pair.nodes;
    let (had, other, name) = if had == "a" { (first, second, "b") } else { (second, first, "a") };
    let begun = Instant::now();
    had.kill();
    let taken = timeout(LONGEST, async {
        while holder(status(other).await?).as_deref() != Some(name) {
            sleep(LOOK).await;
        }
        Ok::<_, Failure>(begun.elapsed())
    });
    taken.await.map_err(never)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_nodes_are_told_what_they_share() {
        let config = store::Config {
            url: "postgres://ridd@[::1]:5432/ridd".to_owned(),
            password_file: Some("/etc/ridd/store \"password\"".into()),
            ca_file: Some("/etc/ridd/store-ca.pem".into()),
            ..store::Config::default()
        };
        let text = settings("b", Path::new("/x/a/pki"), 128, &config).unwrap();
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("ridd.toml");
        std::fs::write(&file, text).unwrap();
        let read = crate::config::Config::load(&file).unwrap();
        assert_eq!((read.node.name.as_deref(), &read.store.url), (Some("b"), &config.url));
        assert_eq!((read.store.password_file, read.store.ca_file), (config.password_file, config.ca_file));
        assert_eq!(read.peers.certificate, Path::new("/x/a/pki/node.pem"));
    }
}
