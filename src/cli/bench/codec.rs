//! `ridd bench codec`: how long one message takes to read, check and write on one core, beside libxml2 if asked for.
//!
//! The baseline is a program of its own (`benches/libxml2.c`, built by `benches/baseline`): libxml2 is never part of
//! this one. Both take turns, so that the ratio holds where the times do not.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::timing::{Samples, Times, middle, outside};
use crate::cli::schema::SCHEMAS;
use crate::cli::{Ended, Exit, Failure, Globals, print};
use crate::iodef::common::class::{Draft, Options};
use crate::iodef::{v1, v2};
use crate::rid;
use crate::xml::{self, Document, Limits};

/// In how many turns the time is spent.
const TURNS: u32 = 5;

/// Arguments of `ridd bench codec`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The documents: RID messages or IODEF documents
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// For how long to measure each document, and for how long its baseline
    #[arg(long, default_value_t = 2.0, value_name = "N")]
    seconds: f64,
    /// The libxml2 program that `benches/baseline` builds
    #[arg(long, value_name = "PROGRAM")]
    baseline: Option<PathBuf>,
}

/// What was measured of one document, in microseconds.
#[derive(Debug, Serialize)]
struct Figures {
    path: String,
    bytes: usize,
    /// The scan before the parser.
    scan: Times,
    /// Scan and parse.
    parse: Times,
    /// Validation of what was parsed.
    validate: Times,
    /// Scan, parse and validation, as for every message that arrives.
    decode: Times,
    /// Writing, which reads back and validates what it wrote.
    encode: Times,
    /// libxml2: parse and schema validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    libxml2: Option<Times>,
    /// How many times faster `decode` is than libxml2, by the medians.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}

/// Carries out `ridd bench codec`.
pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let schemas = Schemas::written()?;
    let mut all = Vec::new();
    for path in &args.files {
        let bytes =
            fs::read(path).map_err(|error| Failure::input(format_args!("cannot read {}: {error}", path.display())))?;
        let figures = measure(path, &bytes, args, &schemas)?;
        if !globals.json {
            print(table(&figures))?;
        }
        all.push(figures);
    }
    if globals.json {
        print(
            serde_json::to_string_pretty(&all)
                .map_err(|error| Failure::failed(format_args!("cannot write JSON: {error}")))?,
        )?;
    }
    Ok(Exit::Done)
}

/// Our schemas as files, for the baseline to read.
struct Schemas(tempfile::TempDir);

impl Schemas {
    fn written() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::failed(format_args!("cannot write the schemas to a temporary directory: {error}"))
        };
        let folder = tempfile::tempdir().map_err(failed)?;
        for (name, text) in SCHEMAS {
            fs::write(folder.path().join(format!("{name}.xsd")), text).map_err(failed)?;
        }
        Ok(Self(folder))
    }

    fn of(&self, namespace: &str) -> PathBuf {
        self.0.path().join(format!("{}.xsd", rid::schema_file(namespace)))
    }
}

fn measure(path: &Path, bytes: &[u8], args: &Args, schemas: &Schemas) -> Result<Figures, Failure> {
    let limits = Limits::default();
    let refused = |why: &dyn std::fmt::Display| Failure::input(format_args!("{} is not valid: {why}", path.display()));
    let document = Document::parse(bytes, &limits).map_err(|error| refused(&error))?;
    rid::grammar().validate(document.root(), &Options::default()).map_err(|error| refused(&error))?;
    let schema = schemas.of(document.root().namespace());
    let turn = Duration::from_secs_f64(args.seconds.clamp(0.01, 3_600.0)) / TURNS;
    let mut stages = Stages::default();
    let mut baseline = Vec::new();
    for _ in 0..TURNS {
        stages.measure(bytes, &limits, turn);
        if let Some(program) = &args.baseline {
            let seconds = turn.as_secs_f64().to_string();
            baseline.push(outside(program, [schema.as_os_str(), path.as_os_str(), seconds.as_ref()])?);
        }
    }
    let libxml2 = middle(&baseline);
    let decode = stages.decode.times();
    Ok(Figures {
        path: path.display().to_string(),
        bytes: bytes.len(),
        scan: stages.scan.times(),
        parse: stages.parse.times(),
        validate: stages.validate.times(),
        decode,
        encode: stages.encode.times(),
        libxml2,
        ratio: libxml2.map(|times| times.median / decode.median),
    })
}

#[derive(Default)]
struct Stages {
    scan: Samples,
    parse: Samples,
    validate: Samples,
    decode: Samples,
    encode: Samples,
}

impl Stages {
    /// Spends a sixth of the time on each stage and two on the whole.
    fn measure(&mut self, bytes: &[u8], limits: &Limits, time: Duration) {
        let grammar = rid::grammar();
        let options = Options::default();
        let part = time / 6;
        self.scan.repeat(part, || xml::scan(bytes, limits).is_ok());
        self.parse.repeat(part, || Document::parse(bytes, limits).is_ok());
        if let Ok(document) = Document::parse(bytes, limits) {
            self.validate.repeat(part, || grammar.validate(document.root(), &options).is_ok());
        }
        self.decode.repeat(part * 2, || {
            Document::parse(bytes, limits).is_ok_and(|document| grammar.validate(document.root(), &options).is_ok())
        });
        if let Ok(document) = Document::parse(bytes, limits)
            && let Ok(checked) = grammar.validate(document.root(), &options)
        {
            if let Some(root) = checked.root::<rid::RidMessage>() {
                let draft = Draft::from(root);
                self.encode.repeat(part, || draft.encode(grammar).is_ok());
            } else if let Some(root) = checked.root::<v2::IodefDocument>() {
                let draft = Draft::from(root);
                self.encode.repeat(part, || draft.encode(grammar).is_ok());
            } else if let Some(root) = checked.root::<v1::IodefDocument>() {
                let draft = Draft::from(root);
                self.encode.repeat(part, || draft.encode(grammar).is_ok());
            }
        }
    }
}

fn table(figures: &Figures) -> String {
    let mut text = format!("{} ({} bytes)\n{:10} {:>9} {:>9}   µs\n", figures.path, figures.bytes, "", "min", "median");
    let stages = [
        ("scan", Some(figures.scan)),
        ("parse", Some(figures.parse)),
        ("validate", Some(figures.validate)),
        ("decode", Some(figures.decode)),
        ("encode", Some(figures.encode)),
        ("libxml2", figures.libxml2),
    ];
    for (name, times) in stages {
        if let Some(Times { min, median }) = times {
            text.push_str(&format!("{name:10} {min:9.2} {median:9.2}\n"));
        }
    }
    if let Some(ratio) = figures.ratio {
        text.push_str(&format!("decode is {ratio:.2} times as fast as libxml2\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_measured_in_all_its_stages() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rid/report-4k.xml"));
        let args = Args { files: Vec::new(), seconds: 0.05, baseline: None };
        let figures = measure(path, &fs::read(path).unwrap(), &args, &Schemas::written().unwrap()).unwrap();
        let stages = [figures.scan, figures.parse, figures.validate, figures.decode, figures.encode];
        assert!(stages.iter().all(|times| times.min > 0.0 && times.median >= times.min), "{figures:?}");
        assert!(table(&figures).contains("validate"));
    }

    #[test]
    fn what_is_not_valid_is_not_measured() {
        let args = Args { files: Vec::new(), seconds: 0.05, baseline: None };
        let refused = measure(Path::new("x"), b"<a/>", &args, &Schemas::written().unwrap()).unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
    }
}
