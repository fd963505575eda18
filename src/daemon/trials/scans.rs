//! Scans that were made before the correction that they are to prove.

use super::network::Node;
use super::scene::{DEPARTMENT, UNIT, alerted, order};
use crate::coordination::decide::Command;
use crate::coordination::entry::Finding;

/// What the units report corrected at 08:10, each vulnerability of each system found so, at that time.
fn scan(systems: &[(&str, &str, &str)]) -> Vec<u8> {
    let rows = systems.iter().flat_map(|(system, result, when)| {
        ["CVE-2002-0649", "VU#484891"].map(|name| format!("{system},{name},{result},{when}\n"))
    });
    format!("system,vulnerability,result,when\n{}", rows.collect::<String>()).into_bytes()
}

async fn corrected(department: &Node) {
    let systems = vec!["sql1".to_owned(), "sql2".to_owned()];
    order(department, Command::Correct { systems, when: None, evidence: None, only: None }).await;
    order(department, Command::Complete(Some(UNIT.to_owned()))).await;
}

const OLD: &str = "2003-01-25T08:09:59Z";
const NEW: &str = "2003-01-25T08:10:00Z";

#[tokio::test]
async fn a_scan_that_is_older_than_the_corrections_is_refused() {
    let nodes = alerted().await;
    let department = &nodes[DEPARTMENT];
    corrected(department).await;
    let event = department.event().await;
    let before = department.state().await;
    // Neither what it found open nor what it found closed says anything about the corrections.
    for result in ["fail", "pass"] {
        let old = scan(&[("sql1", result, OLD), ("sql2", result, "2003-01-25T08:00:00")]);
        let refused = department.coordination.scan(&event, UNIT, &old, "officer").await.unwrap_err().to_string();
        assert!(refused.contains("older than the correction") && refused.contains("scan again"), "{refused}");
    }
    assert_eq!(department.state().await, before, "nothing is opened again, and nothing validated");
    let unreadable = scan(&[("sql1", "fail", "yesterday")]);
    let refused = department.coordination.scan(&event, UNIT, &unreadable, "officer").await.unwrap_err().to_string();
    assert!(refused.contains("\"yesterday\" is no time"), "{refused}");
}

#[tokio::test]
async fn findings_that_are_older_than_a_correction_are_noted_and_do_not_count() {
    let nodes = alerted().await;
    let department = &nodes[DEPARTMENT];
    corrected(department).await;
    let event = department.event().await;
    let mixed = scan(&[("sql1", "fail", OLD), ("sql2", "pass", NEW)]);
    let state = department.coordination.scan(&event, UNIT, &mixed, "officer").await.unwrap();
    let unit = &state.units[UNIT];
    assert!(unit.unsettled().next().is_none() && unit.completed.is_some() && unit.validated.is_none());
    assert_eq!(unit.systems["sql1"].finding, None);
    assert_eq!(unit.systems["sql2"].finding, Some((Finding::Pass, None)));
    let log = department.coordination.log(&event).await.unwrap();
    assert!(log.last().unwrap().record.entry.contains("older than the correction, does not count: sql1 (scanned"));
    // Scanned again, it counts; so does a finding that has no time.
    let again = scan(&[("sql1", "pass", "")]);
    let state = department.coordination.scan(&event, UNIT, &again, "officer").await.unwrap();
    assert!(state.units[UNIT].systems["sql1"].finding.is_some(), "{:?}", state.units[UNIT]);
    let after = scan(&[("sql2", "fail", NEW)]);
    let state = department.coordination.scan(&event, UNIT, &after, "officer").await.unwrap();
    assert_eq!(state.units[UNIT].unsettled().collect::<Vec<_>>(), ["sql2"]);
}
