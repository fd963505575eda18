//! `ridd store copy`: everything from one store into another of any engine.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{at, existing, runtime};
use crate::cli::{Ended, Exit, Failure, Globals, print};
use crate::clock::{Clock, SystemClock};
use crate::store::{self, Moved, Progress, TransferError, transfer};

/// How often progress is told.
const PACE: Duration = Duration::from_secs(1);

/// Arguments of `ridd store copy`.
#[derive(Debug, clap::Args)]
pub(super) struct Copy {
    /// The store that is copied: sqlite:DIR, sled:DIR or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    from: String,
    /// The empty store that it is copied to, or one where the same copy was broken off
    #[arg(long, value_name = "URL")]
    to: String,
    /// The file with the password of a server's user, in its first line [default: store.password-file]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Copy {
    /// Copies; of servers the other settings beside the address are those of the configuration.
    pub(super) fn run(&self, config: &store::Config, globals: &Globals) -> Ended {
        let password_file = self.password_file.clone().or_else(|| config.password_file.clone());
        let config = store::Config { password_file, ..config.clone() };
        let (from, to) = (at(Some(&self.from), config.clone()), at(Some(&self.to), config));
        to.check().map_err(Failure::input)?;
        let source = existing(&from)?;
        let destination = store::open(&to).map_err(Failure::failed)?;
        let teller = Teller::new();
        let name = public(&from.url);
        let now = SystemClock.now();
        let moved = runtime()?.block_on(transfer(&source, &destination, name, now, &|progress| teller.tell(progress)));
        teller.end();
        let moved = moved.map_err(|error| match error {
            TransferError::NotEmpty { .. } | TransferError::OtherSource { .. } => Failure::input(error),
            TransferError::Differs { .. } => Failure { exit: Exit::No, message: error.to_string() },
            TransferError::Reading { .. } | TransferError::Writing(_) => Failure::failed(error),
        })?;
        print(if globals.json { as_json(name, public(&to.url), &moved) } else { as_text(&moved) })?;
        Ok(Exit::Done)
    }
}

/// The address without what may follow it: options. A password has no place in it, and is refused when it is opened.
fn public(url: &str) -> &str {
    url.split_once('?').map_or(url, |(address, _)| address)
}

fn as_json(from: &str, to: &str, moved: &[Moved]) -> String {
    let rows: u64 = moved.iter().map(|moved| moved.rows).sum();
    json!({ "from": from, "to": to, "rows": rows, "tables": moved }).to_string()
}

fn as_text(moved: &[Moved]) -> String {
    let rows: u64 = moved.iter().map(|moved| moved.rows).sum();
    let lines = moved.iter().filter(|moved| moved.rows > 0);
    let mut lines: Vec<_> =
        lines.map(|moved| format!("{:16}{:>10} rows  sha256:{}", moved.table, moved.rows, moved.digest)).collect();
    lines.push(format!("copied and compared: {rows} rows"));
    lines.join("\n")
}

/// Says on standard error how far it is: on a terminal in one line, else a line each second.
struct Teller {
    last: Mutex<Option<Instant>>,
    terminal: bool,
}

impl Teller {
    fn new() -> Self {
        Self { last: Mutex::new(None), terminal: std::io::stderr().is_terminal() }
    }

    fn tell(&self, progress: Progress) {
        let Ok(mut last) = self.last.lock() else { return };
        if last.is_some_and(|last| last.elapsed() < PACE) {
            return;
        }
        *last = Some(Instant::now());
        let Progress { table, rows, of, comparing } = progress;
        let doing = if comparing { "comparing" } else { "copying" };
        let (begin, end) = if self.terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        // Whether anybody reads it makes no difference to the copy.
        let _ = write!(std::io::stderr(), "{begin}{doing} {table}: {rows} of {of}{end}");
    }

    fn end(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
