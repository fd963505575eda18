//! The inventory of a running node, over the command line.

use std::fs;

use serde_json::json;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::pki::Pki;

const FILE: &str = "\
name,unit,owner,administrators,addresses,cpes,note,patched,excepted
db-1,north.example,pat,sam kim,192.0.2.1 2001:db8::1,cpe:/a:microsoft:sql_server:2000:sp2,\"rack 4, left\",,
db-2,north.example,,,,cpe:/a:microsoft:sql_server,,CVE-2002-0649,
db-3,south.example,,,,cpe:/o:microsoft:windows_2000 cpe:/a:microsoft:sql_server:2000,,,CVE-2002-0650 sealed by its maker
";

const CALL: [&str; 4] = ["--cpe", "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*", "--cve", "CVE-2002-0649"];

#[test]
fn systems_are_imported_wholly_or_not_at_all_and_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Inventory CA");
    let mut node = Daemon::start(Setup::named("node.example"), &pki);
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };

    // One good line among faults is not taken either.
    let faulty = format!("{FILE}db-4,no unit,,,,sql server,,,\ndb-1,north.example,,,,,,,\n");
    let refused = node.try_ridd(&["inventory", "import", &file("faulty.csv", &faulty)]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    for place in ["4 faults", "line 5: unit: ", "line 5: cpes: ", "line 6: name: line 2 "] {
        assert!(said.contains(place), "{place}: {said}");
    }
    assert_eq!(node.json(&["inventory", "list"])["systems"], json!([]));

    let good = file("good.csv", FILE);
    let counts = |dry_run: bool, added: usize, unchanged: usize, patches: usize| json!({"dry_run": dry_run, "systems": 3, "added": added, "changed": 0, "unchanged": unchanged, "patches": patches});
    assert_eq!(node.json(&["inventory", "import", &good, "--dry-run"]), counts(true, 3, 0, 2));
    assert_eq!(node.json(&["inventory", "list"])["systems"], json!([]));
    assert_eq!(node.json(&["inventory", "import", &good]), counts(false, 3, 0, 2));

    let affected = |node: &Daemon| node.json(&[&["inventory", "affected"][..], &CALL].concat());
    let found = affected(&node);
    let units: Vec<_> = found["units"].as_object().unwrap().keys().cloned().collect();
    assert_eq!((units.join(" "), &found["closed"]), ("north.example south.example".to_owned(), &json!(1)), "{found}");
    assert_eq!(found["units"]["north.example"][0]["name"], "db-1");
    assert_eq!(found["units"]["south.example"][0]["certainty"], "surely");
    node.ridd(&["inventory", "set", "db-1", "--cpe", "cpe:/a:microsoft:sql_server:7.0", "--note", ""]);
    node.ridd(&["inventory", "remove", "db-2"]);
    assert_eq!(node.try_ridd(&["inventory", "show", "db-2"]).status.code(), Some(1));
    assert_eq!(affected(&node)["units"].as_object().unwrap().len(), 1);

    // What is exported brings back what was there.
    node.ridd(&["inventory", "import", &good]);
    for format in ["csv", "json"] {
        let export = node.ridd(&["inventory", "export", "--format", format]);
        let export = file(&format!("export.{format}"), &export);
        assert_eq!(node.json(&["inventory", "import", &export]), counts(false, 0, 3, 0));
    }
    let before = affected(&node);
    assert_eq!(before["units"].as_object().unwrap().len(), 2);
    node.kill9();
    node.restart();
    assert_eq!(affected(&node), before);
}
