//! `ridd bench inventory`: how long it takes to say which of many systems a data call concerns.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::timing::{Samples, Times};
use crate::cli::{Ended, Exit, Failure, Globals, print};
use crate::clock::{Clock, SystemClock};
use crate::inventory::{Format, Inventory};
use crate::store::records::{Patch, PatchState};
use crate::store::{self, Batch};

/// The vulnerability of the call; every third system is patched against it.
const CVE: &str = "CVE-2002-0649";
/// What the call is about: a product in all its versions, and one version of another.
const CALL: [&str; 2] =
    ["cpe:2.3:a:vendor-7:product-3:*:*:*:*:*:*:*:*", "cpe:2.3:o:vendor-1:product-1:4.*:*:*:*:*:*:*:*"];

/// Arguments of `ridd bench inventory`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many systems, of 200 units
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    systems: u64,
    /// How many seconds to repeat the question
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    systems: u64,
    /// How many of them the call concerns.
    affected: usize,
    /// Bytes of the file that was imported.
    file_bytes: usize,
    /// How long it took to take it in, in milliseconds.
    import_ms: f64,
    /// The first question after the node's start: the systems are read from the store, in milliseconds.
    cold_ms: f64,
    /// Every further question, in microseconds.
    warm_us: Times,
    /// The question after a system was marked as patched, in milliseconds.
    marked_ms: f64,
}

/// Carries out `ridd bench inventory`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::failed)?;
    let figures = runtime.block_on(measure(args, globals))?;
    if globals.json {
        print(serde_json::to_string(&figures).map_err(Failure::failed)?)?;
    } else {
        let Figures { systems, affected, file_bytes, import_ms, cold_ms, warm_us, marked_ms } = figures;
        print(format!(
            "{systems} systems ({file_bytes} bytes of CSV) imported in {import_ms:.0} ms\n\
             affected: {affected} of them, first said in {cold_ms:.0} ms, then in {:.1} ms (median; least {:.1}), \
             {marked_ms:.1} ms after a change",
            warm_us.median / 1e3,
            warm_us.min / 1e3,
        ))?;
    }
    Ok(Exit::Done)
}

async fn measure(args: &Args, globals: &Globals) -> Result<Figures, Failure> {
    let data = globals.data();
    let place = std::fs::create_dir_all(&data)
        .and_then(|()| tempfile::Builder::new().prefix("bench-").tempdir_in(&data))
        .map_err(|why| Failure::input(format_args!("no directory in {}: {why}", data.display())))?;
    let config = store::Config::at(format!("sqlite:{}", place.path().join("store").display()));
    let store = store::open(&config).map_err(Failure::failed)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let open = || Inventory::new(Arc::clone(&store), Default::default(), Arc::clone(&clock));
    let file = file(args.systems);
    let file_bytes = file.len();
    let begun = Instant::now();
    open().import(file.into(), Format::Csv, false, "bench").await.map_err(Failure::failed)?;
    let import_ms = begun.elapsed().as_secs_f64() * 1e3;
    let inventory = open();
    let (platforms, vulnerabilities) = (CALL.map(str::to_owned), [CVE.to_owned()]);
    let ask = || async { inventory.affected(&platforms, &vulnerabilities).await.map_err(Failure::failed) };
    let begun = Instant::now();
    let found = ask().await?;
    let cold_ms = begun.elapsed().as_secs_f64() * 1e3;
    let (mut samples, end) = (Samples::default(), Instant::now() + Duration::from_secs(args.seconds));
    while samples.is_empty() || Instant::now() < end {
        let begun = Instant::now();
        ask().await?;
        samples.add(begun.elapsed());
    }
    let system = found.units.values().flatten().next().map(|system| system.name.clone());
    let patch = Patch {
        system: system.unwrap_or_default(),
        vulnerability: CVE.to_owned(),
        state: PatchState::Patched,
        at: clock.now(),
        by: "bench".to_owned(),
        evidence: None,
    };
    let mut batch = Batch::new();
    let pending = inventory.mark(&mut batch, [patch]);
    store.commit(batch).await.map_err(Failure::failed)?;
    drop(pending);
    let begun = Instant::now();
    let after = ask().await?;
    let marked_ms = begun.elapsed().as_secs_f64() * 1e3;
    if after.count() + 1 != found.count() {
        return Err(Failure::failed("a system that was patched is still affected"));
    }
    let affected = found.count();
    Ok(Figures { systems: args.systems, affected, file_bytes, import_ms, cold_ms, warm_us: samples.times(), marked_ms })
}

/// Systems of some ten thousand kinds: an operating system and an application each, every third one patched.
fn file(systems: u64) -> String {
    let mut text = String::from("name,unit,owner,administrators,addresses,cpes,note,patched\n");
    for number in 0..systems {
        let patched = if number % 3 == 0 { CVE } else { "" };
        let [_, _, _, _, _, a, b, c] = number.to_be_bytes();
        // Writing to a text does not fail.
        let _: std::fmt::Result = writeln!(
            text,
            "host-{number:06}.department.example,unit-{}.department.example,owner-{},admin-{} admin-{},10.{a}.{b}.{c},\
             cpe:2.3:o:vendor-{}:product-{}:{}.{}:*:*:*:*:*:*:* cpe:2.3:a:vendor-{}:product-{}:{}:sp{}:*:*:*:*:*:*,room {},{patched}",
            number % 200,
            number % 500,
            number % 300,
            number % 7,
            number % 3,
            number % 5,
            number % 11,
            number % 13,
            number % 41,
            number % 17,
            number % 19,
            number % 4,
            number % 999,
        );
    }
    text
}
