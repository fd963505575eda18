//! A significant event from the call to the report by commands only: what an officer and the program manager type, what they
//! are told, and what they are refused.

use std::fs;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::mailbox::Mailbox;
use crate::harness::pki::Pki;

const CALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/data-call/slammer-2.0.xml");
const OWN: &str = "department.example";
const UNIT: &str = "rid.unit1.example";
const SYSTEMS: &str = "\
name,unit,cpes
sql1,department.example,cpe:2.3:a:microsoft:sql_server:2000:sp1:*:*:*:*:*:*
sql2,department.example,cpe:2.3:a:microsoft:sql_server:2000:sp2:*:*:*:*:*:*
far1,rid.unit1.example,cpe:2.3:a:microsoft:sql_server:2000:sp2:*:*:*:*:*:*
web1,rid.unit2.example,cpe:2.3:a:apache:http_server:1.3:*:*:*:*:*:*:*
";

/// The exit code and what was said on standard error.
fn refused(node: &Daemon, args: &[&str]) -> (i32, String) {
    let output = node.try_ridd(args);
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn an_event_is_walked_from_the_call_to_the_report_by_commands_only() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Department CA");
    let mut node = Daemon::start(Setup::named(OWN), &pki);
    let systems = dir.path().join("systems.csv");
    fs::write(&systems, SYSTEMS).unwrap();
    node.ridd(&["inventory", "import", systems.to_str().unwrap()]);
    assert!(node.ridd(&["event", "list"]).starts_with("no significant event is open"));

    let opened = node.json(&["event", "open", CALL, "--issued", "3h ago", "--drill"]);
    let event = opened["id"].as_str().unwrap().to_owned();
    let event = event.as_str();
    // Entered late: what is overdue by then shows at once.
    assert!(node.ridd(&["event", "show", event]).contains("missed"), "{}", node.ridd(&["event", "show", event]));
    let again = node.ridd(&["event", "open", CALL]);
    assert!(again.starts_with(&format!("the call is part of {event} already and says nothing new")), "{again}");
    assert_eq!(node.json(&["event", "open", CALL])["entered"], "repeated");
    let affected = node.json(&["inventory", "affected", event]);
    assert_eq!(affected["units"].as_object().unwrap().keys().collect::<Vec<_>>(), [OWN, UNIT]);

    assert_eq!(refused(&node, &["alert", "issue", event]).0, 4, "not approved");
    let patch = "MS02-039=https://vendor.example/ms02-039";
    node.ridd(&["alert", "edit", event, "--prevent", "block UDP 1434", "--patch", patch]);
    let draft = node.json(&["alert", "show", event]);
    assert_eq!(draft["parts"]["steps"][0]["text"], "block UDP 1434");
    let document = node.ridd(&["alert", "show", event, "--unit", UNIT]);
    assert!(document.contains("far1") && !document.contains("sql1") && document.contains("Prevent: block UDP 1434"));
    // What was shown can be changed and given back.
    let file = dir.path().join("parts.json");
    fs::write(&file, draft["parts"].to_string().replace("block UDP 1434", "block port 1434")).unwrap();
    node.ridd(&["alert", "edit", event, "--file", file.to_str().unwrap()]);
    assert!(node.ridd(&["alert", "show", event]).contains("block port 1434"));
    node.ridd(&["alert", "approve", event]);
    node.ridd(&["alert", "issue", event]);

    // Whoever reports keeps to what is affected, and completion to what is settled.
    node.ridd(&["system", "corrected", event, "sql1", "--evidence", systems.to_str().unwrap(), "--when", "5m ago"]);
    assert_eq!(refused(&node, &["system", "corrected", event, "mars"]).0, 1);
    let (code, said) = refused(&node, &["event", "complete", event]);
    assert!(code == 4 && said.contains("sql2"), "{code}: {said}");
    node.ridd(&["system", "except", event, "sql2", "--why", "switched off until March"]);
    node.ridd(&["event", "complete", event]);
    // Nothing that was done is lost with the process.
    node.kill9();
    node.restart();
    // A unit without a node is spoken for by the officer.
    node.ridd(&["system", "corrected", event, "far1"]);
    node.ridd(&["event", "complete", event, "--unit", UNIT]);
    let (code, said) = refused(&node, &["event", "confirm", event]);
    assert!(code == 4 && said.contains(UNIT), "{code}: {said}");
    for unit in [OWN, UNIT] {
        node.ridd(&["event", "validate", event, unit, "--sign-off", "seen on site"]);
    }
    node.ridd(&["event", "confirm", event, "--remark", "well done"]);
    assert!(node.ridd(&["event", "close", event]).trim_end().ends_with("closed"));

    let shown = node.json(&["event", "show", event]);
    assert!(shown["units"].as_array().unwrap().iter().all(|unit| unit["validated"].is_string()), "{shown}");
    let log = node.json(&["event", "log", event]);
    let kinds: Vec<_> =
        log["entries"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"opened"), Some(&"closed")));
    assert!(node.ridd(&["event", "timeline", event]).contains("confirmed"));
    let report = dir.path().join("report.html");
    node.ridd(&["event", "report", event, "--format", "html", "--out", report.to_str().unwrap()]);
    let report = fs::read_to_string(report).unwrap();
    assert!(report.contains("<svg") && report.contains("switched off until March"));
    assert!(node.ridd(&["audit", "verify"]).trim_end().ends_with("as they were written"));
    let acts = node.json(&["audit", "acts", "--limit", "1"]);
    assert_eq!((&acts["acts"][0]["act"], &acts["acts"][0]["target"]), (&"event close".into(), &event.into()));
    assert_eq!(refused(&node, &["notice", "ack", "AAAA-BBBB"]).0, 1);
    assert_eq!(refused(&node, &["event", "show", "SE-1"]).0, 1);
}

const ROSTER: &str = "\
[[person]]
id = 'cipm'
name = 'Program manager'
place = 'program-manager'
channels = [{ email = 'cipm@department.example' }]

[[person]]
id = 'watch'
name = 'CIRT watch'
place = 'cirt-watch'
channels = [{ email = 'watch@department.example' }]
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_is_answered_by_the_code_that_stands_in_the_mail() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::make(dir.path(), "Department CA");
    let mailbox = Mailbox::start().await;
    let mail = format!("server = \"{}\"\nsecurity = \"plain\"\nfrom = \"cirt@department.example\"", mailbox.address);
    let node = Daemon::start(Setup::named(OWN).with("notify.email", &mail), &pki);
    let roster = dir.path().join("roster.toml");
    fs::write(&roster, ROSTER).unwrap();
    node.ridd(&["roster", "import", roster.to_str().unwrap()]);
    let event = node.json(&["event", "open", CALL, "--issued", "5m ago"])["id"].as_str().unwrap().to_owned();
    let mail = mailbox.mail("watch@department.example", "Answer with the code").await;
    assert_eq!(refused(&node, &["notice", "ack", "AAAA-BBBB"]).0, 1);
    let (code, said) = refused(&node, &["notice", "ack", mail.code(), "--corrected"]);
    assert!(code != 0 && said.contains("only acknowledges"), "{code}: {said}");

    let said = node.ridd(&["notice", "ack", mail.code()]);
    assert!(said.starts_with("acknowledged for watch: ") && said.contains(&event), "{said}");
    let shown = node.json(&["event", "show", &event]);
    let notified = shown["milestones"].as_array().unwrap().iter().find(|one| one["milestone"] == "cirt-notified");
    assert_eq!(notified.unwrap()["standing"], "met", "{shown}");
    let (code, said) = refused(&node, &["notice", "ack", mail.code()]);
    assert!(code == 4 && said.contains("was answered at"), "{code}: {said}");
    // The manager is, for without affected units all is validated.
    let watch = mailbox.mails().into_iter().filter(|mail| mail.to == "watch@department.example").count();
    assert_eq!(watch, 1, "nobody is called about what is answered");
}
