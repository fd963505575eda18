//! From the text of a file to a checked [`Config`], or to all that is wrong with it.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, Fault, Faults, check};

/// Keys that have another name now, or that people who come from other daemons try: the table or key as written, and
/// what it is called here.
const SUCCESSORS: &[(&str, &str)] = &[
    ("server", "transport"),
    ("tls", "peers"),
    ("log", "telemetry"),
    ("logging", "telemetry"),
    ("database", "store"),
    ("queue", "outbox"),
    ("metrics", "admin"),
    ("store.path", "store.url"),
    ("admin.metrics", "admin.listen"),
];

/// Reads the text of the file `place`.
pub(super) fn config(text: &str, place: &str) -> Result<Config, Faults> {
    let mut faults = Vec::new();
    let (root, broken) = DeTable::parse_recoverable(text);
    for error in broken {
        let line = error.span().map(|span| line_of(text, &span));
        faults.push(Fault { line, key: String::new(), message: format!("not TOML: {}", error.message()) });
    }
    if faults.is_empty() {
        let tables = root.get_ref();
        walk(text, &mut Vec::new(), tables, &mut faults);
    }
    let found = |mut faults: Vec<Fault>| {
        faults.sort();
        faults.dedup();
        Faults { file: place.to_owned(), faults }
    };
    if !faults.is_empty() {
        return Err(found(faults));
    }
    let config = parse(root.clone()).map_err(|error| {
        let line = error.span().map(|span| line_of(text, &span));
        found(vec![Fault { line, key: String::new(), message: plain(error.message()) }])
    })?;
    let mut faults = check::all(&config);
    for fault in &mut faults {
        fault.line = place_of(root.get_ref(), &fault.key).map(|span| line_of(text, &span));
    }
    if faults.is_empty() { Ok(config) } else { Err(found(faults)) }
}

fn parse(table: Spanned<DeTable<'_>>) -> Result<Config, toml::de::Error> {
    Config::deserialize(toml::Deserializer::from(table))
}

/// Tries every key of the table alone, as if the file had only that one, so that one fault does not hide the next.
fn walk<'a>(text: &str, path: &mut Vec<&'a str>, table: &'a DeTable<'a>, faults: &mut Vec<Fault>) {
    for (key, value) in table {
        path.push(key.get_ref());
        if let Err(error) = parse(alone(path, key.span(), value)) {
            let before = faults.len();
            let unknown = error.message().starts_with(&format!("unknown field `{}`", key.get_ref()));
            if let (Some(inner), None, false) = (value.get_ref().as_table(), successor(path), unknown) {
                walk(text, path, inner, faults);
            }
            if faults.len() == before {
                let dotted = path.join(".");
                let message = match successor(path) {
                    Some(now) => format!("this is called {now} here: rename it"),
                    None => plain(error.message()),
                };
                let span = error.span().filter(|span| span.start >= key.span().start).unwrap_or_else(|| key.span());
                faults.push(Fault { line: Some(line_of(text, &span)), key: dotted, message });
            }
        }
        path.pop();
    }
}

/// The reader's words, without its names for Rust types.
fn plain(message: &str) -> String {
    const WORDS: [(&str, &str); 9] = [
        ("\n", " "),
        ("unknown field", "unknown key"),
        ("missing field", "missing key"),
        ("expected usize", "expected a whole number, not negative"),
        ("expected u64", "expected a whole number, not negative"),
        ("expected u32", "expected a whole number, not negative"),
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("expected struct Config", "expected a table"),
        ("expected path string", "expected a path in quotes"),
    ];
    WORDS.iter().fold(message.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn successor(path: &[&str]) -> Option<&'static str> {
    let dotted = path.join(".");
    SUCCESSORS.iter().find(|(old, _)| *old == dotted).map(|(_, now)| *now)
}

/// A document with nothing but this value, under its tables.
fn alone<'a>(path: &[&'a str], at: Range<usize>, value: &Spanned<DeValue<'a>>) -> Spanned<DeTable<'a>> {
    let mut value = value.clone();
    let mut rest = path.iter().rev();
    let mut table = DeTable::new();
    if let Some(key) = rest.next() {
        table.insert(Spanned::new(at.clone(), (*key).into()), value);
    }
    for key in rest {
        value = Spanned::new(at.clone(), DeValue::Table(table));
        table = DeTable::new();
        table.insert(Spanned::new(at.clone(), (*key).into()), value);
    }
    Spanned::new(at, table)
}

/// Where the dotted key stands in the file, if it does.
fn place_of(root: &DeTable<'_>, dotted: &str) -> Option<Range<usize>> {
    let mut table = root;
    let mut place = None;
    for part in dotted.split('.') {
        let (key, value) = table.iter().find(|(key, _)| key.get_ref() == part)?;
        place = Some(key.span());
        match value.get_ref().as_table() {
            Some(inner) => table = inner,
            None => break,
        }
    }
    place
}

/// The line of the beginning of the span, from 1.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
}
