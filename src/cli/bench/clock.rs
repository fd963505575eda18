//! `ridd bench clock`: what open milestones cost while none is due: the processor time of a node that has many, beside a
//! node that has none, both idle at the same time; and what one command on such an event costs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::department::Department;
use super::timing::{Samples, Times};
use crate::admin::path;
use crate::cli::child::unless_broken_off;
use crate::cli::{Ended, Exit, Failure, Globals, print};

/// No unit is ever written to here.
const NOWHERE: &str = "127.0.0.1:1";
/// How often a command is given.
const COMMANDS: usize = 10;

/// Arguments of `ridd bench clock`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many milestones are open at least
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    milestones: u64,
    /// In how many events
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    events: u64,
    /// How many units
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=5_000))]
    units: u64,
    /// For how many seconds both nodes are left alone
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Where to make the files, in a directory that is removed afterwards [default: the data directory]
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    events: usize,
    /// Milestones that are open, of all events.
    milestones: usize,
    seconds: u64,
    /// Processor time of the node with the events while nothing happened, in milliseconds.
    with_ms: f64,
    /// The same of the node without.
    without_ms: f64,
    /// A data call with its share of the systems, until it is answered, in microseconds.
    call_us: Times,
    /// A remark on one event, until it is durable and the event shown, in microseconds.
    command_us: Times,
    /// Showing the event alone, in microseconds.
    show_us: Times,
}

/// As much of an event as it takes to count its open milestones.
#[derive(Debug, Deserialize)]
struct Detail {
    milestones: Vec<Mark>,
    units: Vec<Unit>,
}

#[derive(Debug, Deserialize)]
struct Mark {
    milestone: String,
    standing: String,
}

#[derive(Debug, Deserialize)]
struct Unit {
    affected: usize,
    corrected: usize,
    milestones: Vec<Mark>,
}

#[derive(Debug, Deserialize)]
struct List {
    events: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
}

impl Detail {
    /// How many milestones are open; those of systems, which are shown as one line for each unit, each by itself.
    fn open(&self) -> usize {
        let open = |marks: &[Mark]| {
            marks.iter().filter(|mark| mark.standing == "open" && mark.milestone != "corrected").count()
        };
        let of_units = self.units.iter().map(|unit| open(&unit.milestones) + unit.affected - unit.corrected);
        open(&self.milestones) + of_units.sum::<usize>()
    }
}

/// Carries out `ridd bench clock`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let figures = Runtime::new().map_err(Failure::failed)?.block_on(unless_broken_off(measure(args, globals)))?;
    if globals.json {
        print(serde_json::to_string(&figures).map_err(Failure::failed)?)?;
    } else {
        let ms = |times: &Times| format!("{:.1} ms (least {:.1})", times.median / 1e3, times.min / 1e3);
        let Figures { events, milestones, seconds, with_ms, without_ms, call_us, command_us, show_us } = &figures;
        print(format!(
            "{milestones} open milestones in {events} events, none due\n\
             processor time in {seconds} s: {with_ms:.1} ms; of a node without events: {without_ms:.1} ms\n\
             a data call of that size: {}\n\
             a remark on one event, with showing it: {}\n\
             showing it alone: {}",
            ms(call_us),
            ms(command_us),
            ms(show_us)
        ))?;
    }
    Ok(Exit::Done)
}

async fn measure(args: &Args, globals: &Globals) -> Result<Figures, Failure> {
    let parent = args.dir.clone().unwrap_or_else(|| globals.data());
    let systems = args.milestones.div_ceil(args.events) as usize;
    let units = (args.units as usize).min(systems);
    let mut with = Department::prepare(&parent, units, "")?;
    let mut without = Department::prepare(&parent, units, "")?;
    for department in [&mut with, &mut without] {
        department.start(NOWHERE, systems).await?;
    }
    let mut calls = Samples::default();
    let mut connection = with.connect(&with.as_authority()?).await?;
    for number in 0..args.events {
        let call = with.call(number)?;
        let begun = Instant::now();
        connection.exchange(number, &call).await.map_err(Failure::failed)?;
        calls.add(begun.elapsed());
    }
    drop(connection);
    let client = with.node.client();
    let list: List = client.get("events?limit=1000").await.map_err(Failure::failed)?;
    let mut milestones = 0;
    for event in &list.events {
        let detail: Detail = client.get(&path(["events", &event.id])).await.map_err(Failure::failed)?;
        milestones += detail.open();
    }
    // What the start and the calls left behind is done.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let spent = || (running(with.node.pid()), running(without.node.pid()));
    let before = spent();
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let after = spent();
    let (mut command, mut show) = (Samples::default(), Samples::default());
    if let Some(event) = list.events.first() {
        let (shown, orders) = (path(["events", &event.id]), path(["events", &event.id, "orders"]));
        for number in 0..COMMANDS {
            let begun = Instant::now();
            let order = json!({ "order": "note", "text": format!("remark {number}") });
            client.post::<Value>(&orders, &order).await.map_err(Failure::failed)?;
            command.add(begun.elapsed());
            let begun = Instant::now();
            client.get::<Value>(&shown).await.map_err(Failure::failed)?;
            show.add(begun.elapsed());
        }
    }
    Ok(Figures {
        events: list.events.len(),
        milestones,
        seconds: args.seconds,
        with_ms: (after.0 - before.0) * 1e3,
        without_ms: (after.1 - before.1) * 1e3,
        call_us: calls.times(),
        command_us: command.times(),
        show_us: show.times(),
    })
}

/// Seconds that all threads of the process have run, to the nanosecond, from `/proc`; zero where there is none.
pub(super) fn running(pid: Option<u32>) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{}/task", pid.unwrap_or_default())).into_iter().flatten().flatten();
    let of = |thread: std::fs::DirEntry| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        text.split_whitespace().next().and_then(|first| first.parse::<f64>().ok()).unwrap_or(0.0)
    };
    threads.map(of).sum::<f64>() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_milestones_of_systems_count_each_by_itself() {
        let mark = |milestone: &str, standing: &str| json!({ "milestone": milestone, "standing": standing });
        let marks = [mark("alert-issued", "met"), mark("corrected", "open"), mark("unit-completed", "open")];
        let detail = json!({
            "milestones": [mark("cirt-notified", "open")],
            "units": [{ "affected": 7, "corrected": 2, "milestones": marks }],
        });
        assert_eq!(serde_json::from_value::<Detail>(detail).unwrap().open(), 1 + 1 + 5);
    }
}
