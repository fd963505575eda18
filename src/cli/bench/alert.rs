//! `ridd bench alert`: how long it takes from a data call's first byte until every unit has acknowledged its alert, as a
//! ratio to as many bare posts over TLS to the same units, measured in turns in one run.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustls::ClientConfig;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::department::{Department, PATIENCE};
use super::ingest::cpu;
use crate::admin::path;
use crate::cli::child::unless_broken_off;
use crate::cli::{Ended, Exit, Failure, Globals, print};
use crate::config::Config;
use crate::daemon::yardstick::{Answer, Connection};
use crate::peers::Policy as Treatment;
use crate::rid::{AuthorizationStatus, Glimpse, Host, MsgType, Policy, draft};
use crate::xml::{Document, Limits};

/// How long to wait between two looks at the event, once every unit has answered.
const LOOK: Duration = Duration::from_millis(5);

/// Arguments of `ridd bench alert`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many units
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=5_000))]
    units: u64,
    /// How many systems each unit has
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    systems: u64,
    /// How many data calls, each followed by a turn of bare posts
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    /// Where to make the files, in a directory that is removed afterwards [default: the data directory]
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// One data call, in milliseconds from the first byte of its message.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Round {
    /// Until it was answered: the event and all alerts are durable.
    opened_ms: f64,
    /// Until the last unit had answered its alert.
    answered_ms: f64,
    /// Until the event showed all units acknowledged.
    acknowledged_ms: f64,
    /// Processor time of the node.
    cpu_ms: f64,
}

/// Medians of some rounds, beside those of as many bare posts.
#[derive(Debug, Serialize)]
struct Line {
    #[serde(flatten)]
    node: Round,
    /// As many bare posts of the same bytes, each with a full mutual handshake, as many at once.
    bare_ms: f64,
    /// Bytes of one alert.
    alert_bytes: usize,
    /// From the data call to all acknowledged, over the bare posts: median of the rounds' ratios.
    of_bare: f64,
    /// Every round's ratio.
    ratios: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    units: u64,
    systems: u64,
    rounds: u64,
    /// Neither signatures nor encryption; the goal is 1.5.
    plain: Line,
    /// With the default policy: alerts signed and encrypted. An Acknowledgement has no place for a signature.
    sealed: Line,
}

/// Carries out `ridd bench alert`.
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
        let Round { opened_ms, answered_ms, acknowledged_ms, cpu_ms } = line.node;
        let ratios: Vec<String> = line.ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        format!(
            "{name:<22} {opened_ms:>8.0} {answered_ms:>9.0} {acknowledged_ms:>13.0} {cpu_ms:>7.0} {:>7.0} {:>6} {:>8.2}  ({})",
            line.bare_ms,
            line.alert_bytes,
            line.of_bare,
            ratios.join(" ")
        )
    };
    format!(
        "Data calls to {} units with {} systems each; medians of {} rounds in ms, then the ratio of each round\n\n\
         {:<22} {:>8} {:>9} {:>13} {:>7} {:>7} {:>6} {:>8}\n{}\n{}\n\nof bare posts: {:.2} (goal 1.5)",
        outcome.units,
        outcome.systems,
        outcome.rounds,
        "",
        "opened",
        "answered",
        "acknowledged",
        "CPU",
        "bare",
        "bytes",
        "of bare",
        line("plain", &outcome.plain),
        line("signed and encrypted", &outcome.sealed),
        outcome.plain.of_bare
    )
}

/// What the units have seen.
struct Seen {
    /// The last alert to each unit.
    alerts: Mutex<HashMap<String, Bytes>>,
    /// How many units have answered since the round began.
    answered: watch::Sender<usize>,
    /// The event of the last alert.
    event: Mutex<String>,
}

impl Seen {
    /// The unit's answer to an alert, which it need not be able to read: Approved.
    fn answer(&self, unit: &str, message: Bytes) -> Option<Vec<u8>> {
        let read = Document::parse(&message, &Limits::default()).ok()?;
        let Glimpse { msg_type, incident } = Glimpse::of(read.root());
        let incident = incident.filter(|_| msg_type == Some(MsgType::InvestigationRequest))?;
        let event = incident.incident.id.clone();
        let policy = Policy::to(Host::of(Some(unit), None), MsgType::Acknowledgement, Some(incident));
        let answer = draft::acknowledgement(&policy, AuthorizationStatus::Approved, None).ok()?;
        *self.event.lock().unwrap_or_else(PoisonError::into_inner) = event;
        let mut alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        alerts.insert(unit.to_owned(), message);
        let count = alerts.len();
        self.answered.send_replace(count);
        Some(answer)
    }

    fn alerts(&self) -> std::sync::MutexGuard<'_, HashMap<String, Bytes>> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As much of an event as it takes to see that all units have acknowledged.
#[derive(Debug, Deserialize)]
struct Event {
    units: Vec<Unit>,
}

#[derive(Debug, Deserialize)]
struct Unit {
    alert: String,
}

/// All that is measured with.
struct Bench {
    department: Department,
    seen: Arc<Seen>,
    address: std::net::SocketAddr,
    units: usize,
    from_authority: Arc<ClientConfig>,
    to_units: Arc<ClientConfig>,
}

async fn measure(args: &Args, globals: &Globals) -> Result<Outcome, Failure> {
    let parent = args.dir.clone().unwrap_or_else(|| globals.data());
    let units = args.units as usize;
    let mut department = Department::prepare(&parent, units, "issuing = \"automatic\"\n")?;
    let seen = Arc::new(Seen { alerts: Mutex::default(), answered: watch::Sender::new(0), event: Mutex::default() });
    let answering = Arc::clone(&seen);
    let answer: Answer = Arc::new(move |unit, message| answering.answer(unit, message));
    let stub = department.stub(answer).await?;
    let address = stub.address();
    let mut tasks = JoinSet::new();
    tasks.spawn(stub.run());
    department.start(&address.to_string(), units * args.systems as usize).await?;
    let (from_authority, to_units) = (department.as_authority()?, department.to_units()?);
    let bench = Bench { department, seen, address, units, from_authority, to_units };
    // Nobody is measured cold.
    bench.round(0).await?;
    bench.bare().await?;
    let plain = bench.rounds(1, args.rounds).await?;
    bench.department.treat(&Treatment::default()).await?;
    let sealed = bench.rounds(1 + args.rounds, args.rounds).await?;
    Ok(Outcome { units: args.units, systems: args.systems, rounds: args.rounds, plain, sealed })
}

impl Bench {
    async fn rounds(&self, first: u64, rounds: u64) -> Result<Line, Failure> {
        let (mut node, mut bare) = (Vec::new(), Vec::new());
        for number in first..first + rounds {
            node.push(self.round(number).await?);
            bare.push(self.bare().await?);
        }
        let ratios: Vec<f64> = node.iter().zip(&bare).map(|(node, bare)| node.acknowledged_ms / bare).collect();
        let of = |field: fn(&Round) -> f64| median(node.iter().map(field));
        let node = Round {
            opened_ms: of(|round| round.opened_ms),
            answered_ms: of(|round| round.answered_ms),
            acknowledged_ms: of(|round| round.acknowledged_ms),
            cpu_ms: of(|round| round.cpu_ms),
        };
        let alert_bytes = self.seen.alerts().values().map(Bytes::len).max().unwrap_or_default();
        Ok(Line { node, bare_ms: median(bare), alert_bytes, of_bare: median(ratios.iter().copied()), ratios })
    }

    /// One data call, until the event shows that all units have acknowledged.
    async fn round(&self, number: u64) -> Result<Round, Failure> {
        let call = self.department.call(number)?;
        let mut connection = self.department.connect(&self.from_authority).await?;
        self.seen.alerts().clear();
        self.seen.answered.send_replace(0);
        let mut answered = self.seen.answered.subscribe();
        let process = self.department.node.pid().unwrap_or_default();
        let before = cpu(process);
        let begun = Instant::now();
        let since = || begun.elapsed().as_secs_f64() * 1e3;
        connection.exchange(number, &call).await.map_err(Failure::failed)?;
        let opened_ms = since();
        let all = tokio::time::timeout(PATIENCE, answered.wait_for(|count| *count >= self.units)).await;
        let late = |what: &str, count: usize| Failure::failed(format_args!("{what} {count} of {} units", self.units));
        drop(all.map_err(|_| late("alerts reached only", self.seen.alerts().len()))?.map_err(Failure::failed)?);
        let answered_ms = since();
        let event = self.seen.event.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (client, event) = (self.department.node.client(), path(["events", &event]));
        loop {
            let state: Event = client.get(&event).await.map_err(Failure::failed)?;
            let count = state.units.iter().filter(|unit| unit.alert == "acknowledged").count();
            if count >= self.units {
                break;
            }
            if begun.elapsed() > PATIENCE {
                return Err(late("the event shows the acknowledgements of only", count));
            }
            tokio::time::sleep(LOOK).await;
        }
        let acknowledged_ms = since();
        let cpu_ms = cpu(process).saturating_sub(before).as_secs_f64() * 1e3;
        Ok(Round { opened_ms, answered_ms, acknowledged_ms, cpu_ms })
    }

    /// The same alerts again, posted by a client that does nothing else, as many at once as the outbox has under way. In
    /// milliseconds.
    async fn bare(&self) -> Result<f64, Failure> {
        let alerts: Vec<(String, Bytes)> =
            self.seen.alerts().iter().map(|(unit, alert)| (unit.clone(), alert.clone())).collect();
        let room = Arc::new(Semaphore::new(Config::default().outbox.concurrency));
        let mut posts = JoinSet::new();
        let begun = Instant::now();
        for (unit, alert) in alerts {
            let (room, tls, address) = (Arc::clone(&room), Arc::clone(&self.to_units), self.address);
            posts.spawn(async move {
                let _seat = room.acquire_owned().await.map_err(Failure::failed)?;
                let mut connection = Connection::open(address, &unit, &tls).await.map_err(Failure::failed)?;
                connection.exchange(0, &alert).await.map_err(Failure::failed)
            });
        }
        while let Some(posted) = posts.join_next().await {
            posted.map_err(Failure::failed)??;
        }
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    }
}

/// The value in the middle.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_value_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert!(median([]).is_nan());
    }
}
