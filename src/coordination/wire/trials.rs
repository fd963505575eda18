//! Trials of the documents: each says the same after it was written and read in either version, is valid to an outside
//! judge, and those of nodes that are not `ridd` are read.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::testing::{fixture, opened};
use super::*;
use crate::clock::Timestamp;
use crate::ids::IncidentName;
use crate::iodef::outline::Outline;
use crate::iodef::summary::IncidentId;
use crate::peers::IodefVersion;

const BOTH: [IodefVersion; 2] = [IodefVersion::V1, IodefVersion::V2];

fn at(time: &str) -> Option<Timestamp> {
    Some(Timestamp::parse(&format!("2003-01-25T{time}Z")).unwrap())
}

fn incident(instance: &str) -> IncidentId {
    let incident = IncidentName { name: "department.example".into(), id: "SE-2003-01-25-1".into() };
    IncidentId { incident, instance: Some(instance.into()) }
}

fn authority() -> Vec<IncidentName> {
    vec![IncidentName { name: "authority.example".into(), id: "2003-0125-1".into() }]
}

fn sender() -> Sender {
    Sender {
        name: "Department CIRT".into(),
        email: Some("cirt@department.example".into()),
        telephone: Some("+1-202-555-0100".into()),
    }
}

fn alert() -> Alert {
    let step =
        |kind, text: &str, course: Option<&str>| Step { kind, text: text.into(), course: course.map(str::to_owned) };
    let task = |milestone: &str, due: &str, action: &str| Task {
        milestone: milestone.into(),
        due: at(due),
        owner: Some("unit contact".into()),
        action: action.into(),
        text: format!("Do {milestone}"),
    };
    Alert {
        incident: incident("1"),
        alternatives: authority(),
        issued: at("08:00:00"),
        written: at("09:30:00"),
        parts: AlertParts {
            title: "SQL Slammer: a worm & its <kin>".into(),
            descriptions: vec!["Scanning saturates networks".into()],
            severity: Some("high".into()),
            vulnerabilities: vec!["CVE-2002-0649".into(), "VU#484891".into()],
            platforms: vec!["cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*".into()],
            software: vec!["Microsoft MSDE 2000".into()],
            steps: vec![
                step(StepKind::Prevent, "Block UDP 1434", None),
                step(StepKind::Eradicate, "Install and restart", None),
                step(StepKind::Restrict, "Shut infected segments off", Some("COA-12")),
            ],
            actions: vec![Action {
                action: "block-port".into(),
                text: "Block UDP 1434 at the border".into(),
                severity: Some("high".into()),
                due: None,
            }],
            patches: vec![
                Patch {
                    name: "MS02-039".into(),
                    url: Some("https://vendor.example/q323875.exe".into()),
                    digest: Some("ab".repeat(32)),
                    signature: Some("https://vendor.example/patch.asc".into()),
                },
                Patch { name: String::new(), url: Some("https://vendor.example/sp3.exe".into()), ..Patch::default() },
            ],
            restriction: Some("need-to-know".into()),
            lang: Some("en".into()),
            drill: true,
        },
        systems: vec![
            Target {
                name: "db-1".into(),
                hosts: vec!["db1.unit.example".into()],
                addresses: vec!["192.0.2.10".into(), "2001:db8::10".into(), "192.0.2.0/24".into()],
                cpes: vec![
                    "cpe:2.3:o:microsoft:windows_2000:-:*:*:*:*:*:*:*".into(),
                    "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*".into(),
                ],
            },
            Target { name: "db-2".into(), ..Target::default() },
        ],
        tasks: vec![
            task("owners-notified", "12:00:00", "status-triage"),
            task("corrected", "20:00:00", "remediate-other"),
            task("unit-completed", "23:59:00", "status-new-info"),
        ],
    }
}

fn progress() -> Progress {
    Progress {
        incident: incident("1"),
        written: at("15:00:00"),
        corrected: vec![
            Correction { system: "db-1".into(), at: at("14:00:00"), by: Some("Night shift".into()) },
            Correction { system: "db-2".into(), at: at("14:20:00"), by: None },
        ],
        exceptions: vec![Exception { system: "db-3".into(), reason: "isolated: runs a medical device".into() }],
        met: vec![
            Met {
                milestone: "owners-notified".into(),
                at: at("10:40:00"),
                by: Some("Unit contact".into()),
                text: Some("all called back".into()),
            },
            Met { milestone: "patches-obtained".into(), at: at("11:00:00"), by: None, text: None },
        ],
        note: Some("More to come".into()),
        drill: true,
    }
}

fn discrepancy() -> Discrepancy {
    let finding =
        |name: &str, why: &str| Finding { system: Target { name: name.into(), ..Target::default() }, why: why.into() };
    Discrepancy {
        incident: incident("2"),
        alternatives: authority(),
        issued: at("08:00:00"),
        written: at("21:00:00"),
        findings: vec![finding("db-1", "still answers on UDP 1434"), finding("db-2", "")],
        vulnerabilities: vec!["CVE-2002-0649".into()],
        why: "The scan of 20:30 found these unpatched".into(),
        due: at("23:00:00"),
        restriction: Some("private".into()),
        drill: false,
    }
}

fn status() -> Status {
    let line = |milestone: &str, unit: Option<&str>, state: &str, done: Option<Timestamp>| MilestoneLine {
        milestone: milestone.into(),
        unit: unit.map(str::to_owned),
        state: state.into(),
        due: at("20:00:00"),
        at: done,
        by: done.map(|_| "Officer of the day".into()),
        text: done.map(|_| "on evidence".into()),
    };
    Status {
        incident: incident("1"),
        alternatives: authority(),
        issued: at("08:00:00"),
        written: at("22:00:00"),
        status: "in-progress".into(),
        title: "SQL Slammer".into(),
        severity: Some("medium".into()),
        milestones: vec![
            line("alert-issued", Some("unit-a.example"), "met", at("09:31:00")),
            line("corrected", Some("unit-b.example"), "missed", None),
            line("validated", None, "waived", at("21:00:00")),
            line("confirmed", None, "open", None),
        ],
        units: vec![UnitLine {
            unit: "unit-a.example".into(),
            state: "completed".into(),
            affected: 5,
            corrected: 4,
            excepted: 1,
        }],
        note: Some("No harm done".into()),
        restriction: Some("need-to-know".into()),
        drill: false,
    }
}

/// Every document in a version, by name.
fn written(version: IodefVersion) -> Vec<(&'static str, Vec<u8>)> {
    let (sender, completion) = (sender(), Completion { work: progress(), all: false });
    let bare = Sender { name: "D".into(), ..Sender::default() };
    let nothing = AlertParts { title: "t".into(), ..AlertParts::default() };
    let nothing = Alert { parts: nothing, systems: Vec::new(), tasks: Vec::new(), alternatives: Vec::new(), ..alert() };
    let idle = Progress { corrected: vec![], exceptions: vec![], met: vec![], note: None, ..progress() };
    let all = Completion { work: idle.clone(), all: true };
    vec![
        ("alert", write_alert(&alert(), &sender, version).unwrap()),
        ("bare alert", write_alert(&nothing, &bare, version).unwrap()),
        ("progress", write_progress(&progress(), &sender, version).unwrap()),
        ("idle progress", write_progress(&idle, &bare, version).unwrap()),
        ("completion", write_completion(&completion, &sender, version).unwrap()),
        ("completion of all", write_completion(&all, &bare, version).unwrap()),
        ("discrepancy", write_discrepancy(&discrepancy(), &sender, version).unwrap()),
        ("status", write_status(&status(), &sender, version).unwrap()),
    ]
}

#[test]
fn an_outside_validator_finds_every_document_valid() {
    let required = std::env::var_os("RIDD_TEST_NO_SKIP").is_some();
    if Command::new("xmllint").arg("--version").output().is_err() {
        assert!(!required, "xmllint is not installed");
        eprintln!("skipped: xmllint is not installed (Debian: libxml2-utils)");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = root.join("../shared/xsd/all.xsd");
    assert!(shared.exists() || !required, "{} is not there", shared.display());
    let schemas: Vec<PathBuf> = [root.join("schemas/all.xsd"), shared].into_iter().filter(|one| one.exists()).collect();
    let folder = tempfile::tempdir().unwrap();
    for version in BOTH {
        for (name, bytes) in written(version) {
            let path = folder.path().join(format!("{name}-{version}.xml"));
            std::fs::write(&path, &bytes).unwrap();
            for schema in &schemas {
                let judged =
                    Command::new("xmllint").args(["--nonet", "--noout", "--schema"]).arg(schema).arg(&path).output();
                let said = judged.unwrap();
                assert!(
                    said.status.success(),
                    "{name}: {}\n{}",
                    String::from_utf8_lossy(&said.stderr),
                    String::from_utf8_lossy(&bytes)
                );
            }
        }
    }
}

#[test]
fn no_document_breaks_the_prose() {
    for version in BOTH {
        for (name, bytes) in written(version) {
            let strict = crate::iodef::common::class::Options {
                profile: crate::iodef::common::class::Profile::Strict,
                ..Default::default()
            };
            let judged = Outline::judged(&bytes, &Default::default(), &strict);
            assert!(judged.is_ok(), "{name} {version}: {judged:?}");
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.contains("EndTime"), "{name}: past EndTime a recipient MUST NOT act");
        }
    }
}

#[test]
fn an_alert_is_read_as_it_was_written() {
    for version in BOTH {
        let read = read_alert(&opened(&write_alert(&alert(), &sender(), version).unwrap()));
        assert_eq!(read, alert(), "{version}");
        assert_eq!(serde_json::from_str::<Alert>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
    }
}

#[test]
fn a_unit_without_the_extension_reads_due_times_in_the_words() {
    for version in BOTH {
        let mut outline = opened(&write_alert(&alert(), &sender(), version).unwrap());
        assert!(is_data_call(&outline) && !is_discrepancy(&outline));
        outline.detail = None;
        outline.events.iter_mut().for_each(|event| event.milestones.clear());
        assert_eq!(read_alert(&outline), Alert { issued: None, ..alert() }, "{version}");
    }
}

#[test]
fn progress_and_completion_are_read_as_they_were_written() {
    for version in BOTH {
        for result in [false, true] {
            let outline = opened(&write_progress(&progress(), &sender(), version).unwrap());
            assert_eq!(read_work(&outline, result), Work::Progress(progress()), "{version}");
            for all in [false, true] {
                let completion = Completion { work: progress(), all };
                let outline = opened(&write_completion(&completion, &sender(), version).unwrap());
                assert_eq!(read_work(&outline, result), Work::Completion(completion), "{version}");
            }
            let nobody = Progress { corrected: vec![], exceptions: vec![], ..progress() };
            let completion = Completion { work: nobody, all: false };
            let outline = opened(&write_completion(&completion, &sender(), version).unwrap());
            assert_eq!(read_work(&outline, result), Work::Completion(completion), "no system is not all systems");
        }
    }
}

#[test]
fn a_discrepancy_and_a_status_are_read_as_they_were_written() {
    for version in BOTH {
        let outline = opened(&write_discrepancy(&discrepancy(), &sender(), version).unwrap());
        assert!(is_discrepancy(&outline));
        assert_eq!(read_discrepancy(&outline), discrepancy(), "{version}");
        let outline = opened(&write_status(&status(), &sender(), version).unwrap());
        assert_eq!(read_status(&outline), status(), "{version}");
        assert!(!is_data_call(&outline));
    }
}

#[test]
fn a_status_can_be_read_without_the_extension() {
    for version in BOTH {
        let mut outline = opened(&write_status(&status(), &sender(), version).unwrap());
        outline.detail = None;
        outline.milestones.clear();
        outline.history.iter_mut().for_each(|item| item.milestone = None);
        let mut expected = Status { issued: None, ..status() };
        expected.milestones.pop();
        assert_eq!(read_status(&outline), expected, "{version}");
    }
}

#[test]
fn an_alert_of_another_node_is_read() {
    let alert = read_alert(&fixture("coordination/alert-foreign-2.0.xml"));
    let names: Vec<_> = alert.systems.iter().map(|system| system.name.as_str()).collect();
    assert_eq!(names, ["db1.unit.example", "192.0.2.11"]);
    assert_eq!(alert.alternatives, authority());
    assert_eq!(alert.parts.vulnerabilities, ["CVE-2002-0649"]);
    let tasks: Vec<_> = alert.tasks.iter().map(|task| (task.milestone.as_str(), task.due)).collect();
    assert_eq!(tasks, [("corrected", at("20:00:00")), ("unit-completed", None)], "EndTime is no due time");
    assert_eq!(alert.parts.actions.len(), 1);
}

#[test]
fn reports_of_other_nodes_are_read() {
    let Work::Progress(progress) = read_work(&fixture("coordination/progress-foreign-1.0.xml"), false) else {
        panic!()
    };
    let corrected: Vec<_> =
        progress.corrected.iter().map(|one| (one.system.as_str(), one.at, one.by.as_deref())).collect();
    assert_eq!(corrected, [("db1", at("14:20:00"), Some("Night shift")), ("db2", at("14:20:00"), Some("Night shift"))]);
    let reason = "runs a medical device, isolated instead".to_owned();
    assert_eq!(progress.exceptions, [Exception { system: "db3".into(), reason }]);
    assert_eq!(progress.note.as_deref(), Some("First half of the servers is done"));
    let met = Met {
        milestone: "owners-notified".into(),
        at: at("10:40:00"),
        by: None,
        text: Some("All owners were called.".into()),
    };
    assert_eq!(progress.met, [met]);

    let Work::Completion(all) = read_work(&fixture("coordination/completion-foreign-1.0.xml"), false) else { panic!() };
    assert!(all.all && all.work.corrected.is_empty());

    let Work::Completion(some) = read_work(&fixture("coordination/completion-foreign-2.0.xml"), false) else {
        panic!()
    };
    let corrected: Vec<_> = some.work.corrected.iter().map(|one| one.system.as_str()).collect();
    assert_eq!(corrected, ["web-1", "web2.unit.example", "192.0.2.22"]);
    assert!(!some.all);
    assert_eq!(
        some.work.exceptions,
        [Exception { system: "web4.unit.example".into(), reason: "waits for the maker".into() }]
    );
}

#[test]
fn that_systems_are_listed_does_not_correct_them() {
    let echo = fixture("coordination/echo-2.0.xml");
    let Work::Progress(progress) = read_work(&echo, false) else { panic!() };
    assert!(progress.corrected.is_empty());
    let Work::Completion(completion) = read_work(&echo, true) else { panic!("a Result ends the Request") };
    assert_eq!(completion.work.corrected.len(), 1);
}

#[test]
fn what_cannot_be_written_is_told() {
    let undated = Progress { written: None, ..progress() };
    let error = write_progress(&undated, &sender(), IodefVersion::V2).unwrap_err();
    assert_eq!(error.to_string(), "the progress report does not say when it was written: set `written`");
    // What staff paste may hold anything.
    let pasted = Progress { note: Some("bell \u{7} and null \0".into()), ..progress() };
    let outline = opened(&write_progress(&pasted, &sender(), IodefVersion::V2).unwrap());
    let Work::Progress(read) = read_work(&outline, false) else { panic!() };
    assert_eq!(read.note.as_deref(), Some("bell  and null"));
}
