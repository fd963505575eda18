//! `ridd bench signature`: how long the enveloped signature of one message takes to make and to verify on one core, beside
//! libxmlsec if asked for.
//!
//! The baseline is a program of its own (`benches/libxmlsec.c`, built by `benches/baseline`). It works on the very message
//! that we signed; both take turns, so that the ratio holds where the times do not.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::REPORT;
use super::signed::{Papers, keys, place};
use super::timing::{Samples, Times, middle, outside};
use crate::cli::verify::PLACES;
use crate::cli::{Ended, Exit, Failure, Globals, document, print};
use crate::xml::{Document, Limits};
use crate::xmlsec::c14n::{self, Form};
use crate::xmlsec::key::{Decrypter as _, KeyKind, Signer as _};
use crate::xmlsec::signature::{Config, verify};
use crate::xmlsec::{Pinned, SignatureAlgorithm, TrustedKey};

/// In how many turns the time is spent.
const TURNS: u32 = 5;

/// So many times as fast as libxmlsec each stage is to be.
const FACTOR_GOAL: f64 = 3.0;

/// The stages in the order of their figures; the baseline knows the last three by these names.
const STAGES: [&str; 4] = ["parse", "canonicalise", "verify", "sign"];

/// Arguments of `ridd bench signature`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The RID message, not signed [default: a Report of 4 KB]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The keys to sign with (PEM, in clear text) [default: new ones, RSA of 2048 bits and ECDSA P-256]
    #[arg(long = "key", value_name = "PEM")]
    keys: Vec<PathBuf>,
    /// For how long to measure each key, and for how long its baseline
    #[arg(long, default_value_t = 2.0, value_name = "N")]
    seconds: f64,
    /// The libxmlsec program that `benches/baseline libxmlsec` builds
    #[arg(long, value_name = "PROGRAM")]
    baseline: Option<PathBuf>,
}

/// One stage, in microseconds.
#[derive(Debug, Serialize)]
struct Stage {
    name: &'static str,
    #[serde(flatten)]
    ours: Times,
    /// The most that the median is to be; none where there is no goal.
    goal: Option<f64>,
    libxmlsec: Option<Times>,
    /// libxmlsec's median over ours; the goal is 3.
    times_as_fast: Option<f64>,
}

/// What was measured with one key.
#[derive(Debug, Serialize)]
struct Figures {
    algorithm: &'static str,
    /// The key, in words.
    key: String,
    /// The message without the signature: what is canonicalised and signed.
    bytes: usize,
    /// With it: what is parsed and verified.
    signed_bytes: usize,
    stages: Vec<Stage>,
}

/// Carries out `ridd bench signature`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let message = match &args.file {
        Some(file) => document::read(file)?,
        None => REPORT.as_bytes().to_vec(),
    };
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::failed(format_args!("cannot make a temporary directory: {error}")))?;
    let mut all = Vec::new();
    for papers in keys(&args.keys, folder.path())? {
        let figures = measure(&message, &papers, args)?;
        if !globals.json {
            print(table(&figures))?;
        }
        all.push(figures);
    }
    if globals.json {
        let json = serde_json::to_string_pretty(&all);
        print(json.map_err(|error| Failure::failed(format_args!("cannot write JSON: {error}")))?)?;
    }
    Ok(Exit::Done)
}

fn measure(message: &[u8], papers: &Papers, args: &Args) -> Result<Figures, Failure> {
    let limits = Limits::default();
    let place = place(message)?;
    let signed = papers.sign(message, &place)?;
    let public = papers.key.public_key();
    let trust = Pinned { keys: vec![TrustedKey::new("the key", public.info())] };
    let config = Config::default();
    let judge = || {
        let parsed = Document::parse(&signed, &limits);
        parsed.is_ok_and(|parsed| verify(&parsed, &PLACES, &trust, &config).iter().all(|one| one.verdict.is_ok()))
    };
    if !judge() {
        return Err(Failure::input("the message is signed already: what is measured must be our own"));
    }
    let parsed = Document::parse(message, &limits).map_err(Failure::failed)?;
    let outer = args.baseline.as_deref().map(|program| Outer::new(program, papers, message, &signed)).transpose()?;
    let turn = Duration::from_secs_f64(args.seconds.clamp(0.01, 3_600.0)) / TURNS;
    let mut ours: [Samples; STAGES.len()] = Default::default();
    let mut theirs: [Vec<Times>; STAGES.len()] = Default::default();
    for _ in 0..TURNS {
        let [parse, canonical, verified, made] = &mut ours;
        parse.repeat(turn / 4, || Document::parse(&signed, &limits).is_ok());
        canonical.repeat(turn / 4, || {
            let mut out = Vec::with_capacity(message.len() * 2);
            c14n::document(&parsed, &Form::Exclusive(Vec::new()), None, &mut out);
            !out.is_empty()
        });
        verified.repeat(turn / 4, judge);
        made.repeat(turn / 4, || papers.sign(message, &place).is_ok());
        if let Some(outer) = &outer {
            for (name, times) in STAGES.iter().zip(&mut theirs).skip(1) {
                times.push(outer.turn(name, turn / 4)?);
            }
        }
    }
    let algorithm = papers.key.algorithms().first().copied();
    let stage = |((name, mut ours), theirs): ((&'static str, Samples), Vec<Times>)| {
        let (ours, libxmlsec) = (ours.times(), middle(&theirs));
        let times_as_fast = libxmlsec.map(|theirs| theirs.median / ours.median);
        Stage { name, ours, goal: goal(name, public.kind(), algorithm), libxmlsec, times_as_fast }
    };
    Ok(Figures {
        algorithm: algorithm.map_or("", SignatureAlgorithm::name),
        key: public.kind().to_string(),
        bytes: message.len(),
        signed_bytes: signed.len(),
        stages: STAGES.into_iter().zip(ours).zip(theirs).map(stage).collect(),
    })
}

/// How many microseconds the stage may take for a message of 4 KB, where we have set ourselves a limit.
fn goal(stage: &str, key: KeyKind, algorithm: Option<SignatureAlgorithm>) -> Option<f64> {
    match (stage, key, algorithm) {
        ("canonicalise", ..) => Some(15.0),
        ("verify", KeyKind::Rsa { bits: 2048 }, _) => Some(70.0),
        ("verify", KeyKind::P256, Some(SignatureAlgorithm::EcdsaSha256)) => Some(120.0),
        ("sign", KeyKind::P256, Some(SignatureAlgorithm::EcdsaSha256)) => Some(90.0),
        _ => None,
    }
}

/// The baseline and its files, by the names of the stages: the message as it is, as we signed it, and as we signed it but
/// without the values and the certificate, for the baseline to fill in.
struct Outer<'p> {
    program: &'p Path,
    papers: &'p Papers,
    folder: tempfile::TempDir,
}

impl<'p> Outer<'p> {
    fn new(program: &'p Path, papers: &'p Papers, message: &[u8], signed: &[u8]) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::failed(format_args!("cannot write a temporary file: {error}"));
        let folder = tempfile::tempdir().map_err(failed)?;
        let mut template = String::from_utf8_lossy(signed).into_owned();
        for name in ["DigestValue", "SignatureValue", "X509Data"] {
            let (start, end) = (format!("<ds:{name}>"), format!("</ds:{name}>"));
            if let (Some(from), Some(to)) = (template.find(&start), template.find(&end)) {
                template.replace_range(from + start.len()..to, "");
            }
        }
        let files = [message, signed, template.as_bytes()];
        for (name, bytes) in STAGES.iter().skip(1).zip(files) {
            fs::write(folder.path().join(name), bytes).map_err(failed)?;
        }
        Ok(Self { program, papers, folder })
    }

    fn turn(&self, what: &str, time: Duration) -> Result<Times, Failure> {
        let Papers { key_file, certificate_file, .. } = self.papers;
        let (file, seconds) = (self.folder.path().join(what), time.as_secs_f64().to_string());
        let files = [key_file.as_os_str(), certificate_file.as_os_str(), file.as_os_str()];
        let [key, certificate, file] = files;
        outside(self.program, [OsStr::new(what), key, certificate, file, seconds.as_ref()])
    }
}

fn table(figures: &Figures) -> String {
    let Figures { algorithm, key, bytes, signed_bytes, stages } = figures;
    let mut text = format!(
        "{algorithm} ({key}), {bytes} bytes, {signed_bytes} signed\n{:14} {:>9} {:>9} {:>9}",
        "µs", "min", "median", "goal"
    );
    let beside = stages.iter().any(|stage| stage.libxmlsec.is_some());
    if beside {
        text.push_str(&format!(" {:>9} {:>9}   times as fast", "libxmlsec", "median"));
    }
    text.push('\n');
    for Stage { name, ours, goal, libxmlsec, times_as_fast } in stages {
        let goal = goal.map(|goal| format!("{goal:.0}")).unwrap_or_default();
        text.push_str(&format!("{name:14} {:9.2} {:9.2} {goal:>9}", ours.min, ours.median));
        if let Some((theirs, times)) = libxmlsec.as_ref().zip(*times_as_fast) {
            text.push_str(&format!(" {:9.2} {:9.2}   {times:.2}", theirs.min, theirs.median));
            text.push_str(&format!(" (goal {FACTOR_GOAL})"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_measured_in_all_its_stages() {
        let folder = tempfile::tempdir().unwrap();
        let args = Args { file: None, keys: Vec::new(), seconds: 0.05, baseline: None };
        let made = keys(&args.keys, folder.path()).unwrap();
        let goals = made.iter().map(|papers| {
            let figures = measure(REPORT.as_bytes(), papers, &args).unwrap();
            let fits = |stage: &Stage| stage.ours.min > 0.0 && stage.ours.median >= stage.ours.min;
            assert!(figures.stages.iter().all(fits), "{figures:?}");
            assert!(table(&figures).starts_with(figures.algorithm) && table(&figures).contains("canonicalise"));
            assert!(figures.bytes < figures.signed_bytes);
            figures.stages.iter().map(|stage| stage.goal).collect::<Vec<_>>()
        });
        let goals: Vec<_> = goals.collect();
        assert_eq!(goals[0], [None, Some(15.0), Some(70.0), None], "RSA");
        assert_eq!(goals[1], [None, Some(15.0), Some(120.0), Some(90.0)], "ECDSA");
        for refused in [&b"<a/>"[..], &made[1].sign(REPORT.as_bytes(), &place(REPORT.as_bytes()).unwrap()).unwrap()] {
            assert_eq!(measure(refused, &made[0], &args).unwrap_err().exit, Exit::Usage);
        }
    }
}
