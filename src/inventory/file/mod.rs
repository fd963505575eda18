//! Files of systems: read into lines, with every fault at its place, and written so that they can be read again.
//!
//! CSV has a line of headings; JSON is a list of objects. What a file has no column (or key) for stays as it is; an empty
//! cell clears. Cells that hold several entries part them by blanks or lines.

mod csv;
mod json;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::profile::{Profile, SystemChange, unfit, unfit_name, vulnerability};
use super::{Config, LineFault};

/// The columns, in the order in which they are written.
const COLUMNS: [&str; 9] =
    ["name", "unit", "owner", "administrators", "addresses", "cpes", "note", "patched", "excepted"];

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values (RFC 4180) with a line of headings.
    #[default]
    Csv,
    /// A list of objects.
    Json,
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is no format of the inventory: expected csv or json")),
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csv => "csv",
            Self::Json => "json",
        })
    }
}

/// What a file says of one system.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Where it begins.
    pub(super) at: u64,
    pub(super) name: String,
    pub(super) change: SystemChange,
    /// Vulnerabilities against which it is patched.
    pub(super) patched: Vec<String>,
    /// Vulnerabilities that it keeps, and why.
    pub(super) excepted: BTreeMap<String, String>,
}

/// The faults found so far.
#[derive(Debug)]
pub(super) struct Faults {
    pub(super) listed: Vec<LineFault>,
    pub(super) total: usize,
    most: usize,
}

impl Faults {
    pub(super) fn new(config: &Config) -> Self {
        Self { listed: Vec::new(), total: 0, most: config.faults }
    }

    pub(super) fn add(&mut self, line: u64, column: &str, why: impl Into<String>) {
        self.total += 1;
        if self.listed.len() < self.most {
            self.listed.push(LineFault { line, column: column.to_owned(), why: why.into() });
        }
    }
}

/// The lines of a file. They are of use only if no fault was added.
pub(super) fn read(bytes: &[u8], format: Format, config: &Config, faults: &mut Faults) -> Vec<Line> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = match format {
        Format::Csv => csv::read(bytes, faults),
        Format::Json => json::read(bytes, faults),
    };
    let mut seen: HashMap<String, u64> = HashMap::with_capacity(lines.len());
    for line in &mut lines {
        check(line, config, faults);
        if line.name.is_empty() {
            continue;
        }
        if let Some(earlier) = seen.insert(line.name.clone(), line.at) {
            faults.add(line.at, "name", format!("line {earlier} has system {} too", line.name));
        }
    }
    faults.listed.sort_by_key(|fault| fault.line);
    lines
}

fn check(line: &mut Line, config: &Config, faults: &mut Faults) {
    line.name = line.name.trim().to_owned();
    if let Some(why) = unfit_name(&line.name) {
        faults.add(line.at, "name", why);
    }
    let mut fields = Vec::new();
    line.change.check(config, &mut fields);
    for fault in fields {
        faults.add(line.at, fault.field, fault.why);
    }
    for one in &mut line.patched {
        *one = vulnerability(one);
        if let Some(why) = unfit(one, 255, false) {
            faults.add(line.at, "patched", why);
        }
    }
    let excepted = std::mem::take(&mut line.excepted);
    for (name, reason) in excepted {
        let name = vulnerability(&name);
        if let Some(why) = unfit(&name, 255, false).or_else(|| unfit(&reason, config.field_bytes, false)) {
            faults.add(line.at, "excepted", why);
        }
        if line.patched.contains(&name) {
            faults.add(line.at, "excepted", format!("{name} is named as patched too"));
        }
        line.excepted.insert(name, reason);
    }
}

/// Writes systems one after the other, in the form of a file that can be imported.
pub(super) struct Writer {
    format: Format,
    text: Vec<u8>,
}

impl Writer {
    pub(super) fn new(format: Format) -> Self {
        let text = match format {
            Format::Csv => csv::record(COLUMNS.iter().copied()),
            Format::Json => b"[".to_vec(),
        };
        Self { format, text }
    }

    pub(super) fn add(&mut self, profile: &Profile) {
        match self.format {
            Format::Csv => self.text.extend(csv::write(profile)),
            Format::Json => {
                self.text.extend(if self.text.len() > 1 { ",\n" } else { "\n" }.bytes());
                self.text.extend(json::write(profile));
            }
        }
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        if self.format == Format::Json {
            self.text.extend(b"\n]\n");
        }
        self.text
    }
}
