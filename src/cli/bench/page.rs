//! `ridd bench page`: what the page *Now* costs a node with many open events, from the request to its last byte, and what
//! pages cost that are open while nothing happens. As a browser gets them: over TLS, by an operator who has signed in, with the
//! cookie, on a connection that is kept.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::clock::running;
use super::department::{Department, PATIENCE};
use super::timing::{Samples, Times};
use crate::admin::path;
use crate::cli::{Ended, Exit, Failure, Globals, print};
use crate::daemon::yardstick::Visit;

/// No unit is ever written to here.
const NOWHERE: &str = "127.0.0.1:1";
/// How often each page is asked for.
const ROUNDS: usize = 25;

/// Arguments of `ridd bench page`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many events are open
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    events: u64,
    /// How many units each concerns
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=5_000))]
    units: u64,
    /// How many systems each concerns
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    systems: u64,
    /// How many pages are open and wait for news
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(0..=500))]
    streams: u64,
    /// For how many seconds they wait
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Where to make the files, in a directory that is removed afterwards [default: the data directory]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Write the pages that were measured into this directory
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    events: usize,
    units: u64,
    systems: u64,
    /// The first *Now* after the calls, in milliseconds.
    first_ms: f64,
    /// *Now* while nothing changes, in microseconds.
    now_us: Times,
    /// *Now* after one event has changed, in microseconds.
    changed_us: Times,
    /// The page of one event with all its units, in microseconds.
    event_us: Times,
    /// Bytes of *Now*.
    now_bytes: usize,
    /// Bytes of its style and script, which a browser fetches once.
    assets_bytes: usize,
    streams: usize,
    seconds: u64,
    /// Processor time of the node while the streams waited and nothing happened, in milliseconds.
    idle_ms: f64,
    /// The same without streams.
    alone_ms: f64,
    /// From a remark on one event until the last stream was told, in milliseconds.
    told_ms: f64,
}

#[derive(Debug, Deserialize)]
struct List {
    events: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
}

/// Carries out `ridd bench page`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let figures = Runtime::new().map_err(Failure::failed)?.block_on(measure(args, globals))?;
    if globals.json {
        print(serde_json::to_string(&figures).map_err(Failure::failed)?)?;
        return Ok(Exit::Done);
    }
    let ms = |times: &Times| format!("{:.1} ms (least {:.1})", times.median / 1e3, times.min / 1e3);
    let of = &figures;
    print(format!(
        "{} open events, each of {} units with {} systems\n\
         now, nothing changed: {}\n\
         now, one event changed: {}\n\
         now, the first after a start: {:.1} ms\n\
         the page of one event: {}\n\
         size: {} bytes, and {} of style and script once\n\
         {} open pages, nothing happens, {} s: {:.1} ms of processor time; without them {:.1} ms\n\
         all of them told of a change after {:.0} ms",
        of.events,
        of.units,
        of.systems,
        ms(&of.now_us),
        ms(&of.changed_us),
        of.first_ms,
        ms(&of.event_us),
        of.now_bytes,
        of.assets_bytes,
        of.streams,
        of.seconds,
        of.idle_ms,
        of.alone_ms,
        of.told_ms,
    ))?;
    Ok(Exit::Done)
}

async fn measure(args: &Args, globals: &Globals) -> Result<Figures, Failure> {
    let parent = args.dir.clone().unwrap_or_else(|| globals.data());
    let mut department = Department::prepare(&parent, args.units as usize, "")?;
    department.start(NOWHERE, args.systems as usize).await?;
    let mut connection = department.connect(&department.as_authority()?).await?;
    for number in 0..args.events {
        connection.exchange(number, &department.call(number)?).await.map_err(Failure::failed)?;
    }
    drop(connection);
    let client = department.node.client();
    let list: List = client.get("events?limit=1000").await.map_err(Failure::failed)?;
    let Some(first) = list.events.first() else { return Err(Failure::failed("no call has opened an event")) };
    let (orders, page) = (path(["events", &first.id, "orders"]), format!("/{}", path(["events", &first.id])));
    let remark = async || {
        let order = json!({ "order": "note", "text": "something has happened" });
        client.post::<Value>(&orders, &order).await.map(drop).map_err(Failure::failed)
    };

    let visitor = department.visitor().await?;
    let mut browser = visitor.open().await.map_err(Failure::failed)?;
    let begun = Instant::now();
    let text = fetch(&mut browser, "/").await?;
    let first_ms = begun.elapsed().as_secs_f64() * 1e3;
    let (mut now, mut changed, mut event) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        timed(&mut now, &mut browser, "/").await?;
        timed(&mut event, &mut browser, &page).await?;
        remark().await?;
        timed(&mut changed, &mut browser, "/").await?;
    }
    let mut assets_bytes = 0;
    for asset in text.split('"').filter(|word| word.starts_with("/assets/")) {
        let body = fetch(&mut browser, asset).await?;
        assets_bytes += body.len();
        keep(args.keep.as_deref(), asset.trim_start_matches("/assets/"), &body)?;
    }
    keep(args.keep.as_deref(), "now.html", &text)?;
    keep(args.keep.as_deref(), "event.html", &fetch(&mut browser, &page).await?)?;

    // What the start and the calls left behind is done, and the threads that did it have ended.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let alone_ms = spent(&department, args.seconds).await;
    let mut streams = Vec::new();
    for _ in 0..args.streams {
        let mut stream = visitor.open().await.map_err(Failure::failed)?;
        told(stream.listen("/live", "retry:")).await?;
        streams.push(stream);
    }
    let idle_ms = spent(&department, args.seconds).await;
    let begun = Instant::now();
    remark().await?;
    for stream in &mut streams {
        told(stream.until("event: changed")).await?;
    }
    let told_ms = begun.elapsed().as_secs_f64() * 1e3;
    Ok(Figures {
        events: list.events.len(),
        units: args.units,
        systems: args.systems,
        first_ms,
        now_us: now.times(),
        changed_us: changed.times(),
        event_us: event.times(),
        now_bytes: text.len(),
        assets_bytes,
        streams: streams.len(),
        seconds: args.seconds,
        idle_ms,
        alone_ms,
        told_ms,
    })
}

/// Processor time of the node while nothing happens for so long, in milliseconds.
async fn spent(department: &Department, seconds: u64) -> f64 {
    let before = running(department.node.pid());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    (running(department.node.pid()) - before) * 1e3
}

async fn timed(samples: &mut Samples, browser: &mut Visit, address: &str) -> Result<(), Failure> {
    let begun = Instant::now();
    fetch(browser, address).await?;
    samples.add(begun.elapsed());
    Ok(())
}

/// The body at that address.
async fn fetch(browser: &mut Visit, address: &str) -> Result<String, Failure> {
    browser.get(address).await.map_err(|error| Failure::failed(format_args!("{address}: {error}")))
}

/// Waits for words in a stream, and not for ever.
async fn told<E: std::fmt::Display>(words: impl Future<Output = Result<(), E>>) -> Result<(), Failure> {
    timeout(PATIENCE, words).await.map_err(Failure::failed)?.map_err(Failure::failed)
}

fn keep(dir: Option<&Path>, name: &str, text: &str) -> Result<(), Failure> {
    let Some(dir) = dir else { return Ok(()) };
    // As files the pages find their style beside them.
    let text = text.replace("\"/assets/", "\"");
    std::fs::create_dir_all(dir).and_then(|()| std::fs::write(dir.join(name), text)).map_err(Failure::failed)
}
