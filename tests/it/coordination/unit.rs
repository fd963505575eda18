//! A unit that runs `ridd`, below a department that does not: alert, people, progress, exception, completion, relay.

use serde_json::Value;

use super::letters::{Named, alert, completion, now};
use super::scene::{Came, Hand, Scene, Stage, person, standing, unit};

const OWN: &str = "unit1.example";
const DEPARTMENT: &str = "department.example";
const SUB: &str = "sub.unit1.example";

/// A unit with two systems of its own, an owner for each, and a node below it with one more.
async fn scene() -> Scene {
    let around = [(DEPARTMENT, "parent"), (SUB, "unit")];
    let scene = Scene::with(OWN, &around, Stage::default()).await;
    let sql = "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*";
    let systems = [("db1", OWN, "ann"), ("db2", OWN, "bob"), ("db3", SUB, "")];
    scene.runs(systems.iter().map(|(name, unit, owner)| format!("{name},{unit},{owner},,{sql}")));
    let below = person("sub-contact", "unit-contact", SUB);
    let people = [person("contact", "unit-contact", ""), person("ann", "owner", ""), person("bob", "owner", ""), below];
    scene.calls(&people.concat());
    scene
}

fn about(instance: &str) -> Named {
    Named::new(DEPARTMENT, "D-17", instance)
}

fn department(scene: &Scene) -> &Hand {
    scene.hand(DEPARTMENT)
}

/// The department issues its alert to the unit; the event it opens there.
async fn alerted(scene: &Scene, systems: &[&str]) -> String {
    let due = now() + ridd::clock::span::parse("6h").unwrap();
    department(scene).tell(&scene.node, &alert(&about("3"), systems, due), 202).await;
    let event = scene.event().await;
    let approved = department(scene).message("Approved", &scene.node, |came| came.status() == "Approved").await;
    assert_eq!(approved.about(), about("3"), "the answer repeats the instance");
    assert!(approved.token.is_some(), "an answer that comes later is a callback (RFC 6546 Table 1)");
    event
}

fn own(event: &Value) -> &Value {
    unit(event, OWN)
}

/// The newest report of that type that came to the department.
async fn reported(scene: &Scene, msg_type: &'static str, words: &str) -> Came {
    let what = format!("a {msg_type} with {words:?}");
    let found = |came: &Came| came.msg_type() == msg_type && came.text.contains(words);
    department(scene).message(&what, &scene.node, found).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_does_its_part_and_completes_only_what_is_done_or_excepted() {
    let scene = scene().await;
    let event = alerted(&scene, &["db1", "db2"]).await;
    let detail = scene.detail(&event).await;
    assert_eq!(
        (detail["role"].as_str(), detail["incident"]["id"].as_str()),
        (Some("unit"), Some("D-17")),
        "{detail:#}"
    );
    assert_eq!(own(&detail)["affected"], 2, "{detail:#}");
    // The owners are told of their own system each; the one does with the code what he may, and no more.
    let (ann, bob) =
        (scene.mailbox.mail("ann@example.org", "db1").await, scene.mailbox.mail("bob@example.org", "db2").await);
    assert!(!ann.text.contains("db2") && !bob.text.contains("db1"), "{}\n{}", ann.text, bob.text);
    let contact = scene.mailbox.mail("contact@example.org", "profiles").await;
    scene.node.ridd(&["notice", "ack", contact.code()]);
    scene.node.ridd(&["notice", "ack", bob.code()]);
    assert!(!scene.node.try_ridd(&["notice", "ack", bob.code()]).status.success(), "a code is good once");
    assert!(!scene.node.try_ridd(&["notice", "ack", "ABCD-EFGH"]).status.success());
    scene.node.ridd(&["notice", "ack", ann.code(), "--corrected"]);
    let detail = scene.until(&event, "one system corrected", |event| own(event)["corrected"] == 1).await;
    assert_eq!(standing(own(&detail), "owners-notified"), "met", "{detail:#}");
    let progress = reported(&scene, "Report", "db1").await;
    assert_eq!(progress.about(), about("3"));
    assert!(progress.text.contains("status=\"in-progress\"") && progress.text.contains("upgrade-software"));
    assert!(!progress.systems().contains(&"db2".to_owned()), "{}", progress.text);
    // It is not complete while a system is neither corrected nor excepted.
    let refused = scene.node.try_ridd(&["event", "complete", &event]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("db2") && said.contains("system except"), "{said}");
    assert!(department(&scene).came().iter().all(|came| came.msg_type() != "Result"));
    scene.node.ridd(&["system", "except", &event, "db2", "--why", "retired next week, cut off"]);
    scene.node.ridd(&["event", "complete", &event]);
    let result = reported(&scene, "Result", "resolved").await;
    assert_eq!((result.about(), result.token.is_some()), (about("3"), true));
    for words in ["db1", "db2", "retired next week, cut off", "SourceFound"] {
        assert!(result.text.contains(words), "{words} is not in {}", result.text);
    }
    // The department scans, and asks again: the next instance, and its Result says so.
    let again = alert(&about("4"), &["db1"], now()).to_vec();
    let again = String::from_utf8(again).unwrap();
    let start = again.find("<Expectation action=\"status-triage\"").unwrap();
    let end = again.find("</EventData></Incident>").unwrap();
    let investigate = "<Expectation action=\"investigate\"><Description>port 1434 answers</Description></Expectation>";
    let again = format!("{}{investigate}{}", &again[..start], &again[end..]);
    department(&scene).tell(&scene.node, again.as_bytes(), 202).await;
    let detail = scene.until(&event, "the discrepancy", |event| own(event)["discrepancies"] == 1).await;
    assert_eq!(
        (own(&detail)["corrected"].as_i64(), own(&detail)["completed"].is_null()),
        (Some(0), true),
        "{detail:#}"
    );
    scene.node.ridd(&["system", "corrected", &event, "db1", "--evidence", "patched again, port closed"]);
    scene.node.ridd(&["event", "complete", &event]);
    let found = |came: &Came| came.msg_type() == "Result" && came.about() == about("4");
    department(&scene).message("the second Result", &scene.node, found).await;
    scene.node.ridd(&["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_relayed_to_the_unit_below_narrowed_to_its_systems() {
    let scene = scene().await;
    let event = alerted(&scene, &["db1", "db3"]).await;
    let below = scene.hand(SUB);
    let relayed = below.request(&scene.node, 0).await;
    assert_eq!(relayed.systems(), ["db3"]);
    assert!(relayed.text.contains("D-17"), "the incident of above stays known: {}", relayed.text);
    assert!(!relayed.text.contains("db1"), "{}", relayed.text);
    // The unit cannot complete before the node below has; its completion is ours, too.
    scene.node.ridd(&["system", "corrected", &event, "db1"]);
    assert!(!scene.node.try_ridd(&["event", "complete", &event]).status.success());
    below.reply(&scene.node, &relayed, &completion(&relayed.about(), &["db3"], &[])).await;
    scene.until(&event, "completion below", |event| !unit(event, SUB)["completed"].is_null()).await;
    let progress = reported(&scene, "Report", "db3").await;
    assert_eq!(progress.about(), about("3"), "the department hears of it by its own name of the incident");
    scene.node.ridd(&["event", "complete", &event]);
    let result = reported(&scene, "Result", "resolved").await;
    assert_eq!((result.about(), result.systems()), (about("3"), vec!["db1".to_owned(), "db3".to_owned()]));
}
