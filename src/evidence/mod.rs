//! Scan results read into what they say of each system and vulnerability, and judged against the systems of an event.
//!
//! Called by `coordination` when somebody hands in a scan (`ridd event validate`, `ridd system corrected --evidence`).
//! [`read`] knows three formats by their content: XCCDF 1.2 results (a TestResult alone, in its Benchmark, or in an ARF
//! collection), OVAL 5 results, and a table of comma-separated values. [`judge()`] is pure: it says for each system whether
//! the scan shows it free of the vulnerabilities. Both promise that nothing but an explicit result of the scanner ever
//! counts as passed: errors, unknowns and checks that were not made do not.

mod error;
mod judge;
mod outcome;
mod oval;
mod subject;
mod table;
mod xccdf;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::xml::{self, Document};

pub use error::{EvidenceError, RowFault};
pub use judge::{Judgement, Scanned, Verdict, judge};
pub use outcome::Outcome;

/// How much one file of evidence may hold. Scanners write far more than peers may send, so these limits are wider than
/// those of `[xml]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Bytes of the whole file.
    pub size: usize,
    /// XML elements in all; also the most comments and character references.
    pub elements: usize,
    /// Bytes of one run of text between tags.
    pub text_bytes: usize,
    /// Findings (one system, one vulnerability, one check) in all; rows of a table.
    pub findings: usize,
}

/// The name by which callers pass them on.
pub type Limits = Config;

impl Default for Config {
    fn default() -> Self {
        Self { size: 32 << 20, elements: 1_000_000, text_bytes: 1 << 20, findings: 200_000 }
    }
}

impl Config {
    fn xml(&self) -> xml::Limits {
        xml::Limits {
            size: self.size,
            elements: self.elements,
            comments: self.elements,
            character_references: self.elements,
            text_bytes: self.text_bytes,
            ..xml::Limits::default()
        }
    }
}

/// In what form evidence came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// XCCDF 1.2 results.
    Xccdf,
    /// An ARF 1.1 collection, whose reports are XCCDF or OVAL results.
    Arf,
    /// OVAL 5 results.
    Oval,
    /// Comma-separated values.
    Csv,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Xccdf => "XCCDF",
            Self::Arf => "ARF",
            Self::Oval => "OVAL",
            Self::Csv => "CSV",
        })
    }
}

/// What one file of evidence says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// In what form it came.
    pub format: Format,
    /// What made it, in the tool's own words.
    pub tool: Option<String>,
    /// What was found, in the order of the file.
    pub findings: Vec<Finding>,
    /// What is odd about it and should be told, one sentence each.
    pub warnings: Vec<String>,
}

/// What one check says of one system and one vulnerability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The names and addresses by which the scanner knows the system, never empty.
    pub system: Arc<[String]>,
    /// The vulnerability's name as the file writes it: `CVE-2002-0649`.
    pub vulnerability: String,
    /// What the check says.
    pub outcome: Outcome,
    /// The check: the XCCDF rule, the OVAL definition, or the row of the table.
    pub rule: String,
    /// When it was made, as the file writes it.
    pub at: Option<String>,
    /// What else the file says about it: the tool's own word first.
    pub detail: String,
}

/// Reads a file of evidence, whatever its format.
///
/// # Errors
/// What is malformed or missing, with line and column, or line by line for a table; a file that says nothing about any
/// vulnerability is an error too, for nobody can mean to hand in that.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Evidence, EvidenceError> {
    if bytes.len() > limits.size {
        return Err(EvidenceError::TooMuch { what: "bytes of the whole file", key: "size", limit: limits.size });
    }
    let head = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    // UTF-16 begins with other bytes: the XML scan says what is wrong with it better than a table's reader could.
    if !matches!(head.first(), Some(b'<' | 0xff | 0xfe)) {
        return table::read(bytes, limits);
    }
    let document = Document::parse(bytes, &limits.xml()).map_err(EvidenceError::Xml)?;
    let root = document.root();
    let (format, mut draft) = match (root.namespace(), root.name()) {
        (xccdf::NAMESPACE, "TestResult" | "Benchmark") => (Format::Xccdf, xccdf::read(root, limits)?),
        (oval::NAMESPACE, "oval_results") => (Format::Oval, oval::read(root, limits)?),
        (ARF, "asset-report-collection") => {
            let mut draft = xccdf::read(root, limits)?;
            for results in root.descendants().filter(|node| node.is(oval::NAMESPACE, "oval_results")) {
                draft.join(oval::read(results, limits)?, limits)?;
            }
            (Format::Arf, draft)
        }
        (namespace, name) => {
            let found = format!("{name} of namespace {namespace:?}");
            return Err(EvidenceError::Unrecognised { at: root.position(), found: one_line(&found) });
        }
    };
    if draft.findings.is_empty() {
        return Err(EvidenceError::Nothing { format, why: draft.silence() });
    }
    if draft.unnamed > 0 {
        draft.warnings.push(format!("{} results name no vulnerability and were left out", draft.unnamed));
    }
    Ok(Evidence { format, tool: draft.tool, findings: draft.findings, warnings: draft.warnings })
}

/// The namespace of the Asset Reporting Format.
const ARF: &str = "http://scap.nist.gov/schema/asset-reporting-format/1.1";

/// What a reader has gathered so far.
#[derive(Debug, Default)]
struct Draft {
    tool: Option<String>,
    findings: Vec<Finding>,
    warnings: Vec<String>,
    /// Reports (TestResult, system of OVAL results) that were read.
    reports: usize,
    /// Results that do not say which vulnerability they are about.
    unnamed: usize,
}

impl Draft {
    fn push(&mut self, finding: Finding, limits: &Limits) -> Result<(), EvidenceError> {
        if self.findings.len() >= limits.findings {
            return Err(EvidenceError::TooMuch { what: "findings in all", key: "findings", limit: limits.findings });
        }
        self.findings.push(finding);
        Ok(())
    }

    fn join(&mut self, other: Self, limits: &Limits) -> Result<(), EvidenceError> {
        self.tool = self.tool.take().or(other.tool);
        self.warnings.extend(other.warnings);
        self.reports += other.reports;
        self.unnamed += other.unnamed;
        other.findings.into_iter().try_for_each(|finding| self.push(finding, limits))
    }

    /// Why there is no finding, in words for people.
    fn silence(&self) -> String {
        match (self.reports, self.unnamed) {
            (0, _) => "it holds no results: no TestResult (XCCDF) and no system with definitions (OVAL)".to_owned(),
            (_, 0) => "its results are about nothing that was checked: no rule-result (XCCDF), and no definition of \
                       class vulnerability or patch (OVAL)"
                .to_owned(),
            (_, unnamed) => format!(
                "none of its {unnamed} results names a vulnerability: expected an ident with the CVE name (XCCDF) or a \
                 definition with a reference to it (OVAL)"
            ),
        }
    }
}

/// The texts as short lines, each once, without empty ones, in their order. A file may hold a great many of them.
fn each_once<'a>(texts: impl Iterator<Item = Cow<'a, str>>) -> Vec<String> {
    let mut seen = HashSet::new();
    texts.map(|text| one_line(&text)).filter(|line| !line.is_empty() && seen.insert(line.clone())).collect()
}

/// Text of a file as one short line: for messages, logs and terminals.
fn one_line(text: &str) -> String {
    const LENGTH: usize = 240;
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if let Some((cut, _)) = line.char_indices().nth(LENGTH) {
            line.truncate(cut);
            line.push('…');
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_evidence_says_what_would_be() {
        let refused = |text: &str| read(text.as_bytes(), &Limits::default()).unwrap_err().to_string();
        let other = refused("<a xmlns='urn:x'/>");
        assert!(
            other.contains("1:1") && other.contains("a of namespace \"urn:x\"") && other.contains("XCCDF 1.2"),
            "{other}"
        );
        let old = refused("<TestResult xmlns='http://checklists.nist.gov/xccdf/1.1'/>");
        assert!(old.contains("xccdf/1.1"), "{old}");
        let empty = refused("<Benchmark xmlns='http://checklists.nist.gov/xccdf/1.2'/>");
        assert!(empty.contains("no TestResult"), "{empty}");
        assert!(refused("").contains("no header"), "{}", refused(""));
    }

    #[test]
    fn hostile_files_are_refused_with_their_place() {
        let dtd = "<!DOCTYPE a [<!ENTITY b 'c'>]>\n<a>&b;</a>";
        let error = read(dtd.as_bytes(), &Limits::default()).unwrap_err();
        assert!(matches!(&error, EvidenceError::Xml(error) if error.position.line == 1), "{error}");
        let torn = "<Benchmark xmlns='http://checklists.nist.gov/xccdf/1.2'>\n <TestResult>";
        let error = read(torn.as_bytes(), &Limits::default()).unwrap_err();
        assert!(matches!(&error, EvidenceError::Xml(error) if error.position.line == 2), "{error}");
        let deep = "<a>".repeat(300);
        assert!(matches!(read(deep.as_bytes(), &Limits::default()), Err(EvidenceError::Xml(_))));
        assert!(matches!(read(b"\xff\xfe<\0a\0", &Limits::default()), Err(EvidenceError::Xml(_))));
        let small = Limits { size: 10, ..Limits::default() };
        let error = read(b"system,vulnerability,result", &small).unwrap_err();
        assert!(error.to_string().contains("10 bytes"), "{error}");
    }

    #[test]
    fn a_great_many_findings_cost_little_each() {
        let many = 20_000;
        let ns = xccdf::NAMESPACE;
        let targets: String = (0..many).map(|n| format!("<target-address>host{n}</target-address>")).collect();
        let idents: String = (0..many).map(|n| format!("<ident system='cve'>CVE-2003-{n}</ident>")).collect();
        let text = format!(
            "<TestResult xmlns='{ns}'><target>db1</target>{targets}<rule-result idref='r'><result>pass</result>{idents}\
             </rule-result></TestResult>"
        );
        let evidence = read(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!((evidence.findings.len(), evidence.findings[0].system.len()), (many, many + 1));
        let systems = [Scanned { name: "db1".to_owned(), addresses: Vec::new() }];
        let judgement = judge(&evidence, &["cve-2003-7".to_owned()], &systems, &|_, _| false);
        assert_eq!(judgement.verdicts[0].1, Verdict::Pass);
        let few = Limits { findings: many - 1, ..Limits::default() };
        assert!(matches!(read(text.as_bytes(), &few), Err(EvidenceError::TooMuch { key: "findings", .. })));
    }

    #[test]
    fn text_of_a_file_becomes_one_short_line() {
        assert_eq!(one_line(" a\n\tb\u{1b}[31m c "), "a b [31m c");
        let long = one_line(&"x".repeat(1_000));
        assert_eq!(long.chars().count(), 241);
        assert!(long.ends_with('…'));
    }
}
