//! The roster of a running node: taken whole or not at all, and who is called by it.

use std::fs;

use serde_json::{Value, json};

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::pki::Pki;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/roster.toml");

/// The exit code and what was said on standard error.
fn refused(node: &Daemon, args: &[&str]) -> (Option<i32>, String) {
    let output = node.try_ridd(args);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Who is called, in order, each person once.
fn called(ladder: &Value) -> Vec<&str> {
    let mut persons: Vec<_> =
        ladder["rungs"].as_array().unwrap().iter().map(|rung| rung["person"].as_str().unwrap()).collect();
    persons.dedup();
    persons
}

#[test]
fn a_faulty_roster_changes_nothing_and_a_good_one_says_who_is_called() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Roster CA");
    let mut node = Daemon::start(Setup::named("department.example"), &pki);
    assert!(node.ridd(&["roster", "list"]).starts_with("no roster"));
    assert_eq!(refused(&node, &["roster", "who"]).0, Some(1));
    // Every fault with its line, and nothing taken.
    let good = fs::read_to_string(SAMPLE).unwrap();
    let lines = good.lines().count();
    let faulty = dir.path().join("faulty.toml");
    fs::write(&faulty, format!("{good}[[person]]\nid = \"x\"\nname = \"X\"\nplace = \"king\"\nabove = \"ghost\"\n"))
        .unwrap();
    let (code, said) = refused(&node, &["roster", "import", faulty.to_str().unwrap()]);
    let both = [format!("line {}: x.place: \"king\"", lines + 4), format!("line {}: x.above: ", lines + 5)];
    assert!(code == Some(2) && both.iter().all(|fault| said.contains(fault)), "{code:?}: {said}");
    assert_eq!(node.json(&["roster", "list"]), json!({ "imported": null, "persons": [] }));
    // A dry run says what it would do.
    let said = node.ridd(&["roster", "import", "--dry-run", SAMPLE]);
    assert!(said.contains("12 added") && said.contains("warning: unit: rid.unit1.example"), "{said}");
    assert_eq!(node.json(&["roster", "list"])["persons"], json!([]));

    let imported = node.json(&["roster", "import", SAMPLE]);
    assert_eq!((imported["persons"].as_u64(), imported["dry_run"].as_bool()), (Some(12), Some(false)));
    let (code, _) = refused(&node, &["roster", "import", faulty.to_str().unwrap()]);
    assert_eq!((code, node.json(&["roster", "list"])["persons"].as_array().unwrap().len()), (Some(2), 12));
    assert!(node.ridd(&["roster", "show", "cirt"]).contains("America/New_York"));
    assert_eq!(refused(&node, &["roster", "show", "nobody"]).0, Some(1));
    assert_eq!(refused(&node, &["roster", "who", "--person", "nobody"]).0, Some(1));
    assert_eq!(refused(&node, &["roster", "who", "--at", "noon"]).0, Some(2));

    // Christmas night, and after a restart the same.
    let night = ["roster", "who", "--at", "2026-12-25T05:30:00Z"];
    let evening = ["roster", "who", "--place", "cirt-watch", "--at", "2026-12-25T20:00:00Z"];
    let contact = ["roster", "who", "--unit", "RID.unit1.example"];
    for round in ["imported", "read back"] {
        let up = ["cirt-lead", "cipm", "cipm-deputy", "cio"];
        assert_eq!(called(&node.json(&night)), [&["cirt-night", "cirt"][..], &up].concat(), "{round}");
        let expected = ["cirt-lead", "cirt", "cipm", "cipm-deputy", "cio"];
        assert_eq!(called(&node.json(&evening)), expected, "{round}");
        let expected = ["unit1-contact", "unit1-cirt", "cipm", "cipm-deputy", "cio"];
        assert_eq!(called(&node.json(&contact)), expected, "{round}");
        assert_eq!(node.term().code(), Some(0));
        node.restart();
    }
    // Our own name means those without a unit.
    let own = node.json(&["roster", "who", "--unit", "department.example", "--place", "program-manager"]);
    assert_eq!((&own["unit"], called(&own)), (&Value::Null, vec!["cipm", "cipm-deputy", "cio"]));
    let acts = node.ridd(&["audit", "acts"]);
    assert!(acts.contains("roster import"), "{acts}");
}
