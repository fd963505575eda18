//! `ridd bench store`, and the baseline of `ridd bench ingest`: the bare store engine, without network, XML or
//! decisions, committing the records that the exchange commits for each Report.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::cli::{Ended, Exit, Failure, Globals, print};
use crate::clock::Timestamp;
use crate::ids::{Digest, MessageId, PeerName};
use crate::store::records::{Body, Direction, Incident, Message, Once, Verdict};
use crate::store::{self, Batch, Record, Store, StoreError};

/// Arguments of `ridd bench store`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which engine
    #[arg(long, value_enum, default_value_t = Engine::Sqlite)]
    store: Engine,
    /// How many messages
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    messages: u64,
    /// How many tasks commit at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
    tasks: u64,
    /// Measure with this empty PostgreSQL database instead, in turns with bare inserts of the same rows through the same client;
    /// password and CAs as configured in `[store]`
    #[cfg(feature = "postgres")]
    #[arg(long, conflicts_with_all = ["store", "dir"])]
    url: Option<String>,
    /// Where to make the store [default: a directory that is removed afterwards, in the data directory]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Also measure what a message costs when 10,000, 100,000 and so on are stored, up to `--messages`
    #[arg(long)]
    growth: bool,
}

/// How many messages are measured at each size of the store, to see whether what is stored makes them dearer.
const WINDOW: u64 = 10_000;

/// The store's engine.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Engine {
    Sqlite,
    #[cfg(feature = "sled")]
    Sled,
}

impl Engine {
    /// What `store.url` begins with.
    pub(crate) const fn scheme(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            #[cfg(feature = "sled")]
            Self::Sled => "sled",
        }
    }
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    /// How many messages were committed, each durably before its task went on.
    pub(crate) messages: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// Messages each second.
    pub(crate) rate: f64,
    /// Half of the commits took no longer, in milliseconds.
    pub(crate) p50_ms: f64,
    /// 99 of 100 commits took no longer, in milliseconds.
    pub(crate) p99_ms: f64,
    /// Processor time of the whole process for each message, in microseconds.
    pub(crate) cpu_us: f64,
}

/// Commits `messages` messages through `tasks` tasks: for each a Message, its Body, its Incident and its Once in one
/// batch, as the exchange does for a Report about a new incident. Their numbers begin with `first`; `body` gives the
/// bytes of each.
///
/// # Errors
/// The first error of the store.
pub(crate) async fn engine(
    store: &Arc<dyn Store>,
    first: u64,
    messages: u64,
    tasks: u64,
    body: fn(u64) -> Vec<u8>,
) -> Result<Figures, StoreError> {
    let next = Arc::new(AtomicU64::new(first));
    let (cpu, begun) = (cpu_time(), Instant::now());
    let mut working = JoinSet::new();
    for _ in 0..tasks {
        let (store, next) = (Arc::clone(store), Arc::clone(&next));
        working.spawn(async move {
            let mut spans = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= first + messages {
                    return Ok::<_, StoreError>(spans);
                }
                let batch = filed(number, body(number));
                let begun = Instant::now();
                store.commit(batch).await?;
                spans.push(begun.elapsed());
            }
        });
    }
    let mut spans = Vec::new();
    while let Some(done) = working.join_next().await {
        spans.extend(done.map_err(|_| StoreError::Closed)??);
    }
    let (took, cpu) = (begun.elapsed().as_secs_f64(), cpu_time().saturating_sub(cpu));
    spans.sort_unstable();
    let count = spans.len() as f64;
    Ok(Figures {
        messages,
        seconds: took,
        rate: count / took,
        p50_ms: percentile(&spans, 50),
        p99_ms: percentile(&spans, 99),
        cpu_us: cpu.as_secs_f64() * 1e6 / count,
    })
}

/// What the exchange writes for one Report about an incident that is new.
pub(crate) fn filed(number: u64, bytes: Vec<u8>) -> Batch {
    let peer: PeerName = "unit-7.department.example".parse().expect("a DNS name");
    let id = MessageId::fresh();
    let digest = Digest::of_parts([&b"payload"[..], &number.to_le_bytes()]);
    let received = Timestamp::from_micros(1_043_468_940_000_000 + i64::try_from(number).unwrap_or(i64::MAX));
    let (name, incident) = ("cert.department.example".to_owned(), format!("2003-{number:07}"));
    let mut batch = Batch::new();
    batch.insert(&Incident {
        name: name.clone(),
        id: incident.clone(),
        restriction: Some("need-to-know".to_owned()),
        purpose: Some("reporting".to_owned()),
        title: Some("Worm on UDP 1434".to_owned()),
        opened: received,
        changed: received,
        instance: 1,
    });
    batch.insert(&Once { digest: digest.clone(), message: id.clone() });
    batch.put(&Message {
        id: id.clone(),
        direction: Direction::In,
        peer,
        msg_type: "Report".to_owned(),
        incident_name: Some(name),
        incident_id: Some(incident),
        instance: Some("1".to_owned()),
        restriction: Some("need-to-know".to_owned()),
        received,
        remote: Some("192.0.2.17:49152".to_owned()),
        certificate: Some(digest.clone()),
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        digest,
        payload: Some("iodef-2.0".to_owned()),
        verdict: Verdict::Accepted,
        justification: None,
        warnings: None,
        answers: None,
        token: None,
        status: None,
        proven: None,
    });
    batch.put(&Body { id, bytes });
    batch
}

/// A Report of some 4 KB that no other number gives: half markup that repeats, half addresses and names that do not.
fn report(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut text = format!(
        "<RID xmlns=\"urn:ietf:params:xml:ns:iodef-rid-2.0\"><RIDPolicy MsgType=\"Report\" \
         MsgDestination=\"RIDSystem\"/><ReportSchema><XMLDocument><IODEF-Document version=\"2.00\" xml:lang=\"en\" \
         xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\"><Incident purpose=\"reporting\" restriction=\"need-to-know\">\
         <IncidentID name=\"cert.department.example\">2003-{number:07}</IncidentID>"
    );
    while text.len() < 4_000 {
        let value = random();
        let [a, b, c, d, ..] = value.to_le_bytes();
        text += &format!(
            "<System category=\"target\"><Node><DomainName><Name>host-{:x}.unit-7.department.example</Name>\
             </DomainName><Address category=\"ipv4-addr\">{a}.{b}.{c}.{d}</Address></Node><AssetID>{:016x}</AssetID>\
             </System>",
            value >> 40,
            random()
        );
    }
    text += "</Incident></IODEF-Document></XMLDocument></ReportSchema></RID>";
    text.into_bytes()
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len().saturating_sub(1)) * percent / 100;
    sorted.get(at).map_or(0.0, |span| span.as_secs_f64() * 1e3)
}

/// Processor time that this process has used, from `/proc`; zero where there is none.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name in parentheses; the times are the 14th and 15th, in hundredths.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// What a message costs beside so many.
#[derive(Debug, Serialize)]
struct Growth {
    /// How many messages were stored before the first of these.
    stored: u64,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Debug, Serialize)]
struct Outcome {
    store: &'static str,
    #[serde(flatten)]
    figures: Figures,
    /// Empty unless it was asked for.
    growth: Vec<Growth>,
    /// A body as received, on average over a sample.
    body_bytes: u64,
    /// The same compressed.
    compressed_bytes: u64,
    /// What the store takes on the disk for each message, after closing.
    disk_bytes_per_message: u64,
    /// How long opening took after closing.
    open_ms: f64,
    /// Bare inserts of the same rows, on PostgreSQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    bare: Option<BareFigures>,
}

/// What bare inserts reach.
#[derive(Debug, Serialize)]
struct BareFigures {
    /// Messages each second.
    rate: f64,
    /// The store's rate over this one; the goal is 0.5.
    of_bare: f64,
}

/// Carries out `ridd bench store`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let runtime = tokio::runtime::Runtime::new().map_err(|why| Failure::failed(format_args!("no runtime: {why}")))?;
    let outcome = runtime.block_on(measure(args, globals))?;
    if globals.json {
        print(serde_json::to_string(&outcome).map_err(Failure::failed)?)?;
    } else {
        let Outcome { store, figures: f, growth, body_bytes, compressed_bytes, disk_bytes_per_message, open_ms, bare } =
            outcome;
        for Growth { stored, figures: f } in &growth {
            print(format!(
                "beside {stored}: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {:.0} µs CPU each",
                f.rate, f.p50_ms, f.p99_ms, f.cpu_us
            ))?;
        }
        print(format!(
            "{store}: {} messages in {:.1} s: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {:.0} µs CPU each\n\
             body {body_bytes} bytes, compressed {compressed_bytes}; on disk {disk_bytes_per_message} each \
             (limit {:.0}); opened again in {open_ms:.1} ms",
            f.messages,
            f.seconds,
            f.rate,
            f.p50_ms,
            f.p99_ms,
            f.cpu_us,
            compressed_bytes as f64 * 1.3 + 1024.0
        ))?;
        if let Some(BareFigures { rate, of_bare }) = bare {
            print(format!(
                "bare inserts of the same rows: {rate:.0}/s; the store reaches {of_bare:.2} of it (goal 0.5)"
            ))?;
        }
    }
    Ok(Exit::Done)
}

/// How many turns the store and the bare inserts take.
#[cfg(feature = "postgres")]
const TURNS: u64 = 4;

/// The store with a server, in turns with bare inserts of the same rows.
#[cfg(feature = "postgres")]
async fn measure_server(args: &Args, url: &str, globals: &Globals) -> Result<Outcome, Failure> {
    let config = store::Config { url: url.to_owned(), ..globals.load()?.store };
    if !config.is_shared() {
        return Err(Failure::input("--url names a PostgreSQL database: postgres://USER@HOST/DATABASE"));
    }
    let opened = store::open(&config).map_err(Failure::failed)?;
    if opened.count(Message::TABLE).await.map_err(Failure::failed)? > 0 {
        return Err(Failure::input("the database holds messages already: name an empty one"));
    }
    let bare = store::Bare::connect(&config).await.map_err(Failure::failed)?;
    let at_once = usize::try_from(args.tasks).unwrap_or(usize::MAX);
    let turn = args.messages.div_ceil(TURNS);
    // Nobody is measured cold.
    let mut first = turn.min(2_000);
    engine(&opened, 0, first, args.tasks, report).await.map_err(Failure::failed)?;
    let (mut turns, mut seconds) = (Vec::new(), 0.0);
    for _ in 0..TURNS {
        let batches = (first..first + turn).map(|number| filed(number, report(number))).collect();
        seconds += bare.insert(batches, at_once).await.map_err(Failure::failed)?.as_secs_f64();
        turns.push(engine(&opened, first + turn, turn, args.tasks, report).await.map_err(Failure::failed)?);
        first += turn * 2;
    }
    let mean = |figure: fn(&Figures) -> f64| turns.iter().map(figure).sum::<f64>() / turns.len() as f64;
    let figures = Figures {
        messages: turn * TURNS,
        seconds: mean(|turn| turn.seconds) * TURNS as f64,
        rate: (turn * TURNS) as f64 / (mean(|turn| turn.seconds) * TURNS as f64),
        p50_ms: mean(|turn| turn.p50_ms),
        p99_ms: mean(|turn| turn.p99_ms),
        cpu_us: mean(|turn| turn.cpu_us),
    };
    let (figures, growth) =
        if args.growth { grow(&opened, args, first).await.map_err(Failure::failed)? } else { (figures, Vec::new()) };
    let stored = opened.count(Message::TABLE).await.map_err(Failure::failed)?;
    let disk = store::database_size(&*opened).await.unwrap_or(0);
    drop(opened);
    let begun = Instant::now();
    drop(store::open(&config).map_err(Failure::failed)?);
    let rate = (turn * TURNS) as f64 / seconds;
    let of_bare = (turn * TURNS) as f64 / (mean(|turn| turn.seconds) * TURNS as f64) / rate;
    Ok(Outcome {
        store: "postgres",
        disk_bytes_per_message: disk / stored.max(1),
        figures,
        growth,
        body_bytes: average(|body| body.len() as u64),
        compressed_bytes: average(|body| store::packed_size(body)),
        open_ms: begun.elapsed().as_secs_f64() * 1e3,
        bare: Some(BareFigures { rate, of_bare }),
    })
}

/// The size of a body, on average over a sample.
fn average(size: fn(&Vec<u8>) -> u64) -> u64 {
    let sample: Vec<_> = (0..200).map(report).collect();
    sample.iter().map(size).sum::<u64>() / sample.len() as u64
}

async fn measure(args: &Args, globals: &Globals) -> Result<Outcome, Failure> {
    #[cfg(feature = "postgres")]
    if let Some(url) = &args.url {
        return measure_server(args, url, globals).await;
    }
    let mut temporary = None;
    let directory = match &args.dir {
        Some(directory) => directory.clone(),
        None => {
            let data = globals.data();
            std::fs::create_dir_all(&data)
                .and_then(|()| tempfile::Builder::new().prefix("bench-").tempdir_in(&data))
                .map_err(|why| Failure::input(format_args!("no directory in {}: {why}", data.display())))
                .map(|made| temporary.insert(made).path().join("store"))?
        }
    };
    let config = store::Config::at(format!("{}:{}", args.store.scheme(), directory.display()));
    let opened = store::open(&config).map_err(Failure::failed)?;
    if opened.count(Message::TABLE).await.map_err(Failure::failed)? > 0 {
        return Err(Failure::input(format_args!("{} holds a store already: name another", directory.display())));
    }
    let (figures, growth) = match args.growth {
        false => (engine(&opened, 0, args.messages, args.tasks, report).await.map_err(Failure::failed)?, Vec::new()),
        true => grow(&opened, args, 0).await.map_err(Failure::failed)?,
    };
    drop(opened);
    let disk = store::disk_use(&config).map_err(Failure::failed)?;
    let begun = Instant::now();
    let opened = store::open(&config).map_err(Failure::failed)?;
    let open_ms = begun.elapsed().as_secs_f64() * 1e3;
    drop(opened);
    Ok(Outcome {
        store: args.store.scheme(),
        disk_bytes_per_message: disk / growth.last().map_or(args.messages, |last| last.stored + WINDOW),
        figures,
        growth,
        body_bytes: average(|body| body.len() as u64),
        compressed_bytes: average(|body| store::packed_size(body)),
        open_ms,
        bare: None,
    })
}

/// Fills the store, which holds `stored` messages, step by step to `--messages`, and at each power of ten measures [`WINDOW`] messages more. The figures are
/// those of the last window.
async fn grow(store: &Arc<dyn Store>, args: &Args, stored: u64) -> Result<(Figures, Vec<Growth>), StoreError> {
    let sizes = (0..).map(|power| WINDOW.saturating_mul(10_u64.saturating_pow(power)));
    let mut sizes: Vec<u64> = sizes.take_while(|size| *size < args.messages).filter(|size| *size >= stored).collect();
    sizes.push(args.messages);
    let (mut stored, mut growth) = (stored, Vec::new());
    for size in sizes {
        if size > stored {
            engine(store, stored, size - stored, args.tasks, report).await?;
            stored = size;
        }
        let figures = engine(store, stored, WINDOW, args.tasks, report).await?;
        growth.push(Growth { stored, figures });
        stored += WINDOW;
    }
    let last = growth.last().map(|last| last.figures.clone()).expect("there is at least one size");
    Ok((last, growth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn growth_is_measured_at_each_power_of_ten_and_at_the_end() {
        let place = tempfile::tempdir().unwrap();
        let opened = store::open(&store::Config::at(format!("sqlite:{}", place.path().display()))).unwrap();
        let args = Args {
            store: Engine::Sqlite,
            messages: 12_000,
            tasks: 64,
            #[cfg(feature = "postgres")]
            url: None,
            dir: None,
            growth: true,
        };
        let (_, growth) = grow(&opened, &args, 0).await.unwrap();
        // After the first window there are more than were asked for: the last is measured beside those.
        assert_eq!(growth.iter().map(|one| one.stored).collect::<Vec<_>>(), [10_000, 20_000]);
        assert_eq!(opened.count(Message::TABLE).await.unwrap(), 30_000);
    }

    #[tokio::test]
    async fn the_engine_commits_every_message_once() {
        let place = tempfile::tempdir().unwrap();
        let config = store::Config::at(format!("sqlite:{}", place.path().display()));
        let opened = store::open(&config).unwrap();
        let figures = engine(&opened, 0, 100, 8, report).await.unwrap();
        assert_eq!(figures.messages, 100);
        assert!(figures.p50_ms <= figures.p99_ms && figures.rate > 0.0);
        for table in [Message::TABLE, Body::TABLE, Incident::TABLE, Once::TABLE] {
            assert_eq!(opened.count(table).await.unwrap(), 100, "{}", table.name);
        }
    }

    #[test]
    fn reports_are_distinct_and_of_about_4_kb() {
        assert_ne!(report(1), report(2));
        assert!((3_900..4_400).contains(&report(3).len()), "{}", report(3).len());
    }
}
