//! `ridd bench page`: what the page *Now* costs a node with many open events, from the request to its last byte, and what
//! pages cost that are open while nothing happens. Over the admin socket, which serves the same pages as the page's listener.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::clock::running;
use super::department::{Department, PATIENCE};
use super::timing::{Samples, Times};
use crate::admin::path;
use crate::cli::{Ended, Exit, Failure, Globals, print};

/// No unit is ever written to here.
const NOWHERE: &str = "127.0.0.1:1";
/// How often each page is asked for.
const ROUNDS: usize = 25;
/// What a browser asks for.
const HEAD: &str = "host: localhost\r\naccept: text/html\r\nconnection: close\r\n\r\n";

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
    let socket = client.socket().to_owned();
    let list: List = client.get("events?limit=1000").await.map_err(Failure::failed)?;
    let Some(first) = list.events.first() else { return Err(Failure::failed("no call has opened an event")) };
    let (orders, page) = (path(["events", &first.id, "orders"]), format!("/{}", path(["events", &first.id])));
    let remark = async || {
        let order = json!({ "order": "note", "text": "something has happened" });
        client.post::<Value>(&orders, &order).await.map(drop).map_err(Failure::failed)
    };

    let begun = Instant::now();
    let text = fetch(&socket, "/").await?;
    let first_ms = begun.elapsed().as_secs_f64() * 1e3;
    let (mut now, mut changed, mut event) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        timed(&mut now, &socket, "/").await?;
        timed(&mut event, &socket, &page).await?;
        remark().await?;
        timed(&mut changed, &socket, "/").await?;
    }
    let mut assets_bytes = 0;
    for asset in text.split('"').filter(|word| word.starts_with("/assets/")) {
        let body = fetch(&socket, asset).await?;
        assets_bytes += body.len();
        keep(args.keep.as_deref(), asset.trim_start_matches("/assets/"), &body)?;
    }
    keep(args.keep.as_deref(), "now.html", &text)?;
    keep(args.keep.as_deref(), "event.html", &fetch(&socket, &page).await?)?;

    // What the start and the calls left behind is done, and the threads that did it have ended.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let alone_ms = spent(&department, args.seconds).await;
    let mut streams = Vec::new();
    for _ in 0..args.streams {
        streams.push(listen(&socket).await?);
    }
    let idle_ms = spent(&department, args.seconds).await;
    let begun = Instant::now();
    remark().await?;
    for stream in &mut streams {
        until(stream, "event: changed").await?;
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

async fn timed(samples: &mut Samples, socket: &Path, address: &str) -> Result<(), Failure> {
    let begun = Instant::now();
    fetch(socket, address).await?;
    samples.add(begun.elapsed());
    Ok(())
}

async fn ask(socket: &Path, address: &str) -> Result<UnixStream, Failure> {
    let mut stream = UnixStream::connect(socket).await.map_err(Failure::failed)?;
    stream.write_all(format!("GET {address} HTTP/1.1\r\n{HEAD}").as_bytes()).await.map_err(Failure::failed)?;
    Ok(stream)
}

/// The body at that address.
async fn fetch(socket: &Path, address: &str) -> Result<String, Failure> {
    let mut stream = ask(socket, address).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.map_err(Failure::failed)?;
    match text.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(Failure::failed(format_args!("{address}: {}", text.lines().next().unwrap_or("no answer")))),
    }
}

/// A stream of news that has begun.
async fn listen(socket: &Path) -> Result<UnixStream, Failure> {
    let mut stream = ask(socket, "/live").await?;
    until(&mut stream, "retry:").await?;
    Ok(stream)
}

/// Reads until these words have come.
async fn until(stream: &mut UnixStream, words: &str) -> Result<(), Failure> {
    let mut seen = String::new();
    let mut bytes = [0; 4_096];
    while !seen.contains(words) {
        let read = timeout(PATIENCE, stream.read(&mut bytes)).await.map_err(Failure::failed)?;
        let read = read.map_err(Failure::failed)?;
        if read == 0 {
            return Err(Failure::failed(format_args!("a stream of news has ended before {words:?} came")));
        }
        seen.push_str(&String::from_utf8_lossy(bytes.get(..read).unwrap_or_default()));
    }
    Ok(())
}

fn keep(dir: Option<&Path>, name: &str, text: &str) -> Result<(), Failure> {
    let Some(dir) = dir else { return Ok(()) };
    // As files the pages find their style beside them.
    let text = text.replace("\"/assets/", "\"");
    std::fs::create_dir_all(dir).and_then(|()| std::fs::write(dir.join(name), text)).map_err(Failure::failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_page_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let serve = tokio::spawn(async move {
            for answer in ["HTTP/1.1 200 OK\r\nx: y\r\n\r\nbody", "HTTP/1.1 403 Forbidden\r\n\r\nno"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = [0; 256];
                let _: usize = stream.read(&mut head).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        assert_eq!(fetch(&socket, "/").await.unwrap(), "body");
        assert!(fetch(&socket, "/status").await.is_err());
        serve.await.unwrap();
    }
}
