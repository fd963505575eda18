//! `ridd demo` plays to its end, and what it plays with is in order.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ridd::coordination::plan;
use ridd::evidence;
use ridd::roster::Roster;

use crate::harness::daemon::RIDD;

#[test]
fn the_demonstration_plays_to_its_end() {
    let report = tempfile::tempdir().unwrap();
    let output = Command::new(RIDD).arg("demo").arg("--report").arg(report.path()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("Every step was taken"), "{out}");
    let holds = |what: &str| assert!(out.contains(what), "{what} is missing in\n{out}");
    holds("→ lab.unit1.example        InvestigationRequest unit1.example#SE-");
    holds("✉ contact@unit2.example");
    holds("✉ deputy@unit2.example");
    holds("→ authority.example        Result authority.example#2003-0125-1");
    assert!(!out.contains("→ unit3.example"), "{out}");
    let endings: BTreeSet<_> = files(report.path()).iter().map(|file| ending(file)).collect();
    assert_eq!(endings, BTreeSet::from(["html".to_owned(), "md".to_owned()]));
    for file in files(report.path()) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("SQL Slammer") && text.contains("unit2.example"), "{}", file.display());
    }
}

#[test]
fn what_the_demonstration_plays_with_is_in_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let mut read = 0;
    for file in files(&folder) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        if name == "plan.toml" {
            let own = plan::parse(&text).unwrap();
            let milestones: Vec<_> = own.steps.iter().map(|step| step.milestone.as_str()).collect();
            let all: Vec<_> = plan::milestone::KNOWN.iter().map(|(name, _)| *name).collect();
            assert_eq!(milestones, all);
        } else if name.starts_with("roster-") {
            let parsed = Roster::parse(&text).unwrap();
            assert_eq!(parsed.warnings, [], "{name}");
        } else if name.starts_with("scan-") {
            let found = evidence::read(text.as_bytes(), &evidence::Limits::default()).unwrap();
            assert!(!found.findings.is_empty(), "{name}");
        } else {
            // The inventories are taken in by the demonstration itself.
            assert!(name == "README.md" || name.starts_with("inventory-"), "{name}: nobody reads it");
        }
        read += 1;
    }
    assert!(read >= 13, "{read}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn ending(file: &Path) -> String {
    file.extension().unwrap().to_string_lossy().into_owned()
}
