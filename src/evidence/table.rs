//! A table of results as comma-separated values (RFC 4180), for scanners that write neither XCCDF nor OVAL and for people.
//!
//! The first row names the columns, in any order and case: `system`, `vulnerability` and `result` must be there, `when` and
//! `note` may. A result is a word of XCCDF. All faults are told at once; a table with one is not read at all.

use std::collections::HashMap;
use std::sync::Arc;

use crate::evidence::outcome::XCCDF_WORDS;
use crate::evidence::{Draft, Evidence, EvidenceError, Finding, Format, Limits, Outcome, RowFault, one_line};

/// The columns, and whether a table must have them.
const COLUMNS: [(&str, bool); 5] =
    [("system", true), ("vulnerability", true), ("result", true), ("when", false), ("note", false)];

/// The faults that are told one by one.
const TOLD: usize = 50;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Evidence, EvidenceError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let mut faults = Faults::default();
    let columns = match reader.byte_headers() {
        Ok(header) => columns(header, &mut faults),
        Err(error) => {
            faults.push(1, "", error.to_string());
            HashMap::new()
        }
    };
    faults.check()?;
    let width = reader.byte_headers().map_or(0, csv::ByteRecord::len);
    let mut draft = Draft { reports: 1, ..Draft::default() };
    let mut systems: HashMap<String, Arc<[String]>> = HashMap::new();
    for row in reader.byte_records() {
        match row {
            Ok(row) => {
                if let Some(finding) = one_row(&row, &columns, width, &mut systems, &mut faults) {
                    draft.push(finding, limits)?;
                }
            }
            Err(error) => faults.push(error.position().map_or(0, csv::Position::line), "", error.to_string()),
        }
    }
    faults.check()?;
    if draft.findings.is_empty() {
        let why = "it has a header and no rows".to_owned();
        return Err(EvidenceError::Nothing { format: Format::Csv, why });
    }
    Ok(Evidence { format: Format::Csv, tool: None, findings: draft.findings, warnings: draft.warnings })
}

/// Where each column stands.
fn columns(header: &csv::ByteRecord, faults: &mut Faults) -> HashMap<&'static str, usize> {
    let mut columns = HashMap::new();
    for (at, cell) in header.iter().enumerate() {
        let said = String::from_utf8_lossy(cell).to_ascii_lowercase();
        let known = COLUMNS.iter().find(|(name, _)| *name == said);
        match known {
            Some((name, _)) if columns.insert(*name, at).is_some() => {
                faults.push(1, name, "the column stands twice in the header".to_owned());
            }
            Some(_) => {}
            None => {
                let why = "no such column; expected system,vulnerability,result and, if wanted, when,note".to_owned();
                faults.push(1, &one_line(&said), why);
            }
        }
    }
    for (name, _) in COLUMNS.iter().filter(|(name, needed)| *needed && !columns.contains_key(name)) {
        let why = match header.is_empty() {
            true => "the table has no header; expected system,vulnerability,result and, if wanted, when,note",
            false => "the header lacks this column; expected system,vulnerability,result and, if wanted, when,note",
        };
        faults.push(1, name, why.to_owned());
    }
    columns
}

fn one_row(
    row: &csv::ByteRecord,
    columns: &HashMap<&'static str, usize>,
    width: usize,
    systems: &mut HashMap<String, Arc<[String]>>,
    faults: &mut Faults,
) -> Option<Finding> {
    let line = row.position().map_or(0, csv::Position::line);
    let before = faults.total;
    if row.len() > width {
        faults.push(line, "", format!("{} cells, the header has {width}: put a text with commas in quotes", row.len()));
    }
    let mut cell = |name: &'static str, needed: bool| {
        let bytes = columns.get(name).and_then(|at| row.get(*at)).unwrap_or_default();
        let Ok(text) = std::str::from_utf8(bytes) else {
            faults.push(line, name, "expected UTF-8".to_owned());
            return String::new();
        };
        if needed && text.is_empty() {
            faults.push(line, name, "it is empty".to_owned());
        }
        one_line(text)
    };
    let (system, vulnerability, word) = (cell("system", true), cell("vulnerability", true), cell("result", true));
    let (when, note) = (cell("when", false), cell("note", false));
    let outcome = Outcome::of_xccdf(&word.to_ascii_lowercase());
    if outcome.is_none() && !word.is_empty() {
        faults.push(line, "result", format!("{word:?} is no result; expected {XCCDF_WORDS}"));
    }
    if faults.total > before {
        return None;
    }
    let names = systems.entry(system).or_insert_with_key(|system| Arc::from([system.clone()]));
    Some(Finding {
        system: Arc::clone(names),
        vulnerability,
        outcome: outcome?,
        rule: format!("line {line}"),
        at: (!when.is_empty()).then_some(when),
        detail: if note.is_empty() { word } else { one_line(&format!("{word}: {note}")) },
    })
}

#[derive(Default)]
struct Faults {
    rows: Vec<RowFault>,
    total: usize,
}

impl Faults {
    fn push(&mut self, line: u64, column: &str, why: String) {
        self.total += 1;
        if self.rows.len() < TOLD {
            self.rows.push(RowFault { line, column: column.to_owned(), why });
        }
    }

    fn check(&mut self) -> Result<(), EvidenceError> {
        match self.total {
            0 => Ok(()),
            total => Err(EvidenceError::Rows { rows: std::mem::take(&mut self.rows), total }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &[u8]) -> Result<Evidence, EvidenceError> {
        read(text, &Limits::default())
    }

    fn faults(text: &[u8]) -> Vec<String> {
        match table(text) {
            Err(EvidenceError::Rows { rows, .. }) => rows.iter().map(ToString::to_string).collect(),
            other => panic!("expected faults, found {other:?}"),
        }
    }

    #[test]
    fn a_table_is_read_in_any_order_of_columns() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/evidence/table.csv");
        let read = table(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!((read.format, read.findings.len()), (Format::Csv, 4));
        let first = &read.findings[0];
        assert_eq!(
            (&*first.system, first.vulnerability.as_str()),
            (&["db1.unit.example".to_owned()][..], "CVE-2002-0649")
        );
        assert_eq!(
            (first.outcome, first.rule.as_str(), first.at.as_deref()),
            (Outcome::Pass, "line 2", Some("2003-01-26T08:00:00Z"))
        );
        assert_eq!(read.findings[1].detail, "fail: port 1434 answers, and says \"8.00.194\"");
        assert_eq!(read.findings[3].outcome, Outcome::Unknown);

        let turned = table(b"\xef\xbb\xbfResult;x".as_slice());
        assert!(turned.is_err());
        let turned = table(b"\xef\xbb\xbfRESULT, Vulnerability ,system\r\nPass,CVE-2002-0649,db1\r\n").unwrap();
        assert_eq!((turned.findings[0].outcome, turned.findings[0].system[0].as_str()), (Outcome::Pass, "db1"));
    }

    #[test]
    fn all_faults_are_told_with_line_and_column() {
        let said = faults(
            b"system,vulnerability,result\n,CVE-2002-0649,pass\ndb1,CVE-2002-0649,ok\ndb2,x,pass,more\ndb3,\xff,pass\n",
        );
        assert_eq!(said.len(), 4, "{said:?}");
        assert_eq!(said[0], "line 2, system: it is empty");
        assert!(said[1].starts_with("line 3, result: \"ok\" is no result; expected pass, fixed"), "{said:?}");
        assert!(said[2].starts_with("line 4: 4 cells, the header has 3"), "{said:?}");
        assert_eq!(said[3], "line 5, vulnerability: expected UTF-8");
    }

    #[test]
    fn a_table_without_its_columns_is_refused() {
        let said = faults(b"host,vulnerability,result,result\n");
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].starts_with("line 1, host: no such column"), "{said:?}");
        assert!(said[2].starts_with("line 1, system: the header lacks this column"), "{said:?}");
        assert!(matches!(table(b"system,vulnerability,result\n"), Err(EvidenceError::Nothing { .. })));
        let many = format!("system,vulnerability,result\n{}", "a,b,c\n".repeat(60));
        let error = table(many.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("60 faults") && error.ends_with("and 10 more"), "{error}");
    }

    #[test]
    fn a_table_has_a_limit_of_rows() {
        let limits = Limits { findings: 2, ..Limits::default() };
        let text = format!("system,vulnerability,result\n{}", "a,b,pass\n".repeat(3));
        assert!(matches!(read(text.as_bytes(), &limits), Err(EvidenceError::TooMuch { limit: 2, .. })));
    }
}
