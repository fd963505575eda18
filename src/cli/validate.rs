//! `ridd validate`: is each file a valid RID message or IODEF document, and if not, why and where.
//!
//! Without `--strict` and `--lenient` the schemas as printed decide, and what only the prose forbids is a warning.
//! One line per file, so that scripts can read it: path, verdict and reason, parted by tabs.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Ended, Exit, Failure, Globals, print};
use crate::rid::judge::{Finding, Judgement, Options, Profile, Schema, Verdict, judge};

/// How many warnings a line names; `--json` lists all.
const WARNINGS_SHOWN: usize = 3;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the files must be; `auto` goes by the namespace of the root
    #[arg(long, value_enum, default_value_t = Wanted::Auto)]
    schema: Wanted,

    /// Refuse what only the prose of the standards forbids
    #[arg(long, conflicts_with = "lenient")]
    strict: bool,

    /// Judge as a node does: accept also the labels of IODEF 2.0 that the prose of RFC 6545 allows and its schema does not
    #[arg(long)]
    lenient: bool,

    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Wanted {
    /// Whatever the namespace of the root says
    Auto,
    /// A RID 2.0 message (RFC 6545)
    Rid,
    /// An IODEF 1.0 document (RFC 5070)
    #[value(name = "iodef-1.0")]
    Iodef1,
    /// An IODEF 2.0 document (RFC 7970)
    #[value(name = "iodef-2.0")]
    Iodef2,
}

/// One file as `--json` lists it. Every key is always there; what does not apply is null.
#[derive(Serialize)]
struct Entry<'a> {
    path: String,
    verdict: Verdict,
    line: Option<u32>,
    column: Option<u32>,
    element: Option<&'a str>,
    expected: Option<&'a str>,
    found: Option<&'a str>,
    section: Option<&'a str>,
    warnings: &'a [Finding],
}

impl<'a> Entry<'a> {
    fn of(path: &Path, judgement: &'a Judgement) -> Self {
        let reason = judgement.reason.as_ref();
        let text = |text: fn(&Finding) -> &String| reason.map(text).map(String::as_str).filter(|text| !text.is_empty());
        Self {
            path: path.to_string_lossy().into_owned(),
            verdict: judgement.verdict,
            line: reason.map(|reason| reason.position.line),
            column: reason.map(|reason| reason.position.column),
            element: text(|reason| &reason.element),
            expected: text(|reason| &reason.expected),
            found: text(|reason| &reason.found),
            section: text(|reason| &reason.section),
            warnings: &judgement.warnings,
        }
    }
}

pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let options = Options {
        schema: match args.schema {
            Wanted::Auto => Schema::Auto,
            Wanted::Rid => Schema::Rid,
            Wanted::Iodef1 => Schema::Iodef1,
            Wanted::Iodef2 => Schema::Iodef2,
        },
        profile: match (args.strict, args.lenient) {
            (true, _) => Profile::Strict,
            (_, true) => Profile::Lenient,
            _ => Profile::Printed,
        },
        ..Options::default()
    };
    let mut judged = Vec::new();
    let mut unreadable = Vec::new();
    for path in &args.files {
        match read(path, options.limits.size) {
            Ok(bytes) => {
                let judgement = judge(&bytes, &options);
                if !globals.json {
                    print(line(path, &judgement))?;
                }
                judged.push((path, judgement));
            }
            Err(error) => unreadable.push(format!("cannot read {}: {error}", shown(path))),
        }
    }
    if globals.json {
        print(as_json(&judged)?)?;
    }
    if !unreadable.is_empty() {
        return Err(Failure::input(unreadable.join("\nridd: ")));
    }
    let all_valid = judged.iter().all(|(_, judgement)| judgement.verdict == Verdict::Valid);
    Ok(if all_valid { Exit::Done } else { Exit::No })
}

/// The file, or as much of it as shows that it is longer than so many bytes.
pub(super) fn read(path: &Path, size: usize) -> std::io::Result<Vec<u8>> {
    let source: Box<dyn Read> =
        if path.as_os_str() == "-" { Box::new(std::io::stdin()) } else { Box::new(File::open(path)?) };
    let most = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    source.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The path on one line, whatever is in it.
pub(super) fn shown(path: &Path) -> String {
    single_line(&path.to_string_lossy())
}

/// The text on one line: what would break it is written as an escape.
pub(super) fn single_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

fn line(path: &Path, judgement: &Judgement) -> String {
    let reason = match &judgement.reason {
        Some(reason) => reason.to_string(),
        None => warnings(&judgement.warnings),
    };
    format!("{}\t{}\t{}", shown(path), judgement.verdict, single_line(&reason))
}

fn warnings(warnings: &[Finding]) -> String {
    let mut text = String::new();
    for (place, warning) in warnings.iter().take(WARNINGS_SHOWN).enumerate() {
        text.push_str(if place == 0 { "warning: " } else { "; " });
        text.push_str(&warning.to_string());
    }
    if let Some(more @ 1..) = warnings.len().checked_sub(WARNINGS_SHOWN) {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

fn as_json(judged: &[(&PathBuf, Judgement)]) -> Result<String, Failure> {
    let entries: Vec<_> = judged.iter().map(|(path, judgement)| Entry::of(path, judgement)).collect();
    serde_json::to_string_pretty(&entries).map_err(|error| Failure::failed(format_args!("cannot write JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(xml: &str) -> Judgement {
        judge(xml.as_bytes(), &Options::default())
    }

    #[test]
    fn a_line_has_path_verdict_and_reason() {
        let text = line(Path::new("a\tb.xml"), &judged("<a>"));
        let fields: Vec<_> = text.split('\t').collect();
        assert_eq!(fields.len(), 3, "{text}");
        assert_eq!((fields[0], fields[1]), ("a\\tb.xml", "malformed"));
    }

    #[test]
    fn a_reason_says_where_what_was_expected_and_what_came() {
        let text = line(Path::new("-"), &judged("<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\"/>"));
        assert!(text.starts_with("-\tinvalid\t1:1 /IODEF-Document: expected "), "{text}");
        assert!(text.contains("Incident") && text.contains("found"), "{text}");
    }

    #[test]
    fn json_has_the_reason_beside_the_path() {
        let path = PathBuf::from("x.xml");
        let json = as_json(&[(&path, judged("<a/>"))]).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value[0]["path"], "x.xml");
        assert_eq!(value[0]["verdict"], "invalid");
        assert_eq!(value[0]["line"], 1);
        assert!(value[0]["expected"].is_string() && value[0]["found"].is_string() && value[0]["warnings"].is_array());
    }
}
