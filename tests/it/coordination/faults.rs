//! What goes wrong: mail that is down, a unit that cannot be reached, reports that must not be believed, a bad plan, a
//! log that was changed, a drill.

use std::process::Command;

use super::alerts::SOON;
use super::letters::{Call, Named, completion, progress};
use super::scene::{Scene, Stage, UNITS, standing, unit};
use crate::harness::daemon::RIDD;
use crate::harness::wait;

/// Every milestone soon after the last.
const EVERYTHING_SOON: &[(&str, &str)] = &[
    ("cirt-notified", "200ms"),
    ("alert-ready", "300ms"),
    ("units-identified", "300ms"),
    ("alert-issued", "400ms"),
    ("alert-acknowledged", "100ms"),
    ("owners-notified", "600ms"),
    ("patches-obtained", "600ms"),
    ("corrected", "900ms"),
    ("unit-completed", "1200ms"),
    ("validated", "1500ms"),
    ("manager-informed", "1500ms"),
    ("confirmed", "1800ms"),
];

fn automatic() -> Stage {
    Stage::set("issuing = \"automatic\"")
}

/// Opens an event by the authority's call.
async fn opened(scene: &Scene) -> String {
    scene.authority().tell(&scene.node, &Call::new("2.0", "2003-7").as_a("Report"), 200).await;
    scene.event().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_are_told_waits_while_mail_is_down_and_arrives_once() {
    let mut scene = Scene::department(Stage::default()).await;
    scene.mailbox.out_of_order(true);
    let event = opened(&scene).await;
    let tried = || format!("a try to mail; its log:\n{}", scene.node.log());
    wait::until(tried, async || {
        let list = scene.node.ask("outbox").await;
        let parcel = list["parcels"].as_array()?.iter().find(|parcel| parcel["kind"] == "email")?.clone();
        (parcel["attempts"].as_i64()? >= 2 && parcel["state"] == "waiting").then_some(())
    })
    .await;
    assert_eq!(standing(&scene.detail(&event).await, "cirt-notified"), "open");
    scene.node.kill9();
    scene.node.restart();
    scene.mailbox.out_of_order(false);
    let mail = scene.mailbox.mail("watch@example.org", "alert issue").await;
    scene.node.drained().await;
    scene.node.ridd(&["notice", "ack", mail.code()]);
    assert_eq!(standing(&scene.detail(&event).await, "cirt-notified"), "met");
    let mails = scene.mailbox.mails();
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert_eq!(scene.logged(&event, "called").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_cannot_be_reached_misses_every_milestone_and_its_contact_is_called() {
    let scene = Scene::department(automatic().plan("400ms", EVERYTHING_SOON)).await;
    // Nobody listens there any more.
    scene.node.ridd(&["peer", "change", UNITS[0], "--address", "127.0.0.1:1"]);
    let event = opened(&scene).await;
    let last = |event: &serde_json::Value| standing(event, "confirmed") == "missed";
    let detail = scene.until(&event, "the last milestone missed", last).await;
    for milestone in ["alert-issued", "owners-notified", "patches-obtained", "corrected", "unit-completed", "validated"]
    {
        assert_eq!(standing(unit(&detail, UNITS[0]), milestone), "missed", "{milestone}: {detail:#}");
    }
    // The other unit has the alert, and says nothing.
    assert_eq!(standing(unit(&detail, UNITS[1]), "alert-issued"), "met", "{detail:#}");
    scene.mailbox.mail("contact-unit1@example.org", "overdue").await;
    scene.mailbox.mail("cipm@example.org", "not all units").await;
    // Everybody has been called, nobody answers: it is quiet then, and the log does not grow.
    let quiet = |event: &serde_json::Value| {
        let soon = event["calls"].as_array().unwrap().iter().filter(|call| call["open"] == true);
        let now = ridd::clock::Timestamp::parse(event["now"].as_str().unwrap()).unwrap();
        soon.into_iter().all(|call| {
            let next = call["next"].as_str().and_then(ridd::clock::Timestamp::parse);
            next.is_none_or(|next| next.since(now) > std::time::Duration::from_secs(60))
        })
    };
    scene.until(&event, "quiet", quiet).await;
    let log = scene.log(&event).await;
    assert!(log.len() < 150, "{} entries: {log:#?}", log.len());
    let mut told = std::collections::BTreeSet::new();
    for mail in scene.mailbox.mails() {
        let what = (mail.to.clone(), mail.field("Subject").to_owned());
        assert!(told.insert(what.clone()), "told twice: {what:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_about_what_is_not_the_units_is_refused_and_it_is_told_why() {
    let scene = Scene::department(automatic().plan("1h", SOON)).await;
    let event = opened(&scene).await;
    let alert = scene.unit(1).request(&scene.node, 0).await;
    let before = scene.detail(&event).await;
    // Systems of another unit, also among its own: nothing of it is taken.
    let answer = scene.unit(1).post(&scene.node, &progress(&alert.about(), &["sql1", "sql3"])).await;
    let said = answer.text();
    assert!(said.contains("Denied") && said.contains("CannotProcess"), "{}: {said}", answer.first);
    // A Result is answered with nothing (RFC 6546 Table 1); why nothing of it was taken stands in another Request.
    scene.unit(1).tell(&scene.node, &completion(&alert.about(), &["sql4", "sql2"], &[]), 200).await;
    let again = scene.unit(1).request(&scene.node, 1).await;
    assert!(again.text.contains("sql4") && again.text.contains("other units"), "{}", again.text);
    assert_eq!(again.systems(), ["sql1", "sql2"]);
    let after = scene.detail(&event).await;
    for name in [UNITS[0], UNITS[1]] {
        assert_eq!(unit(&after, name)["systems"], unit(&before, name)["systems"], "{name}");
        assert!(unit(&after, name)["completed"].is_null());
    }
    let log = scene.log(&event).await;
    let refused: Vec<_> = log.iter().filter(|entry| entry["kind"] == "report-refused").collect();
    assert_eq!(refused.len(), 2, "{log:#?}");
    assert!(refused[0].to_string().contains("sql3") && refused[0].to_string().contains(UNITS[0]), "{refused:#?}");
    // A unit that is not affected has nothing to report, and a Result for an incident that nobody knows changes nothing.
    scene.unit(3).post(&scene.node, &progress(&alert.about(), &["sql1"])).await;
    let unknown = Named::new("department.example", "SE-1999-01-01-1", "1");
    scene.unit(1).post(&scene.node, &completion(&unknown, &["sql1"], &[])).await;
    assert_eq!(unit(&scene.detail(&event).await, UNITS[0])["corrected"], 0);
    assert_eq!(scene.events().await.len(), 1);
    // The node goes on as before.
    scene.unit(1).tell(&scene.node, &progress(&alert.about(), &["sql1"]), 200).await;
    assert_eq!(unit(&scene.detail(&event).await, UNITS[0])["corrected"], 1);
    // A system that no unit has is noted, the rest is taken.
    scene.unit(1).tell(&scene.node, &progress(&alert.about(), &["sql2", "toaster"]), 200).await;
    assert_eq!(unit(&scene.detail(&event).await, UNITS[0])["corrected"], 2);
    assert!(scene.log(&event).await.iter().any(|entry| entry.to_string().contains("toaster")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_a_milestone_before_e_is_refused_with_all_its_faults() {
    let good = Scene::department(Stage::default().plan("1h", SOON)).await;
    let plan = good.dir.path().join("plan.toml");
    let bad = "name = \"bad\"\n[[step]]\nmilestone = \"confirmed\"\nafter = \"-1h\"\n\
               [[step]]\nmilestone = \"corrected\"\nafter = \"soon\"\n";
    std::fs::write(&plan, bad).unwrap();
    let said =
        |output: std::process::Output| (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned());
    let told = |(success, text): (bool, String), what: &str| {
        assert!(!success, "{what}: {text}");
        for words in ["line 4", "before E", "line 7", "soon"] {
            assert!(text.contains(words), "{what}: {words:?} is not in {text}");
        }
    };
    told(said(good.node.try_ridd(&["reload"])), "reload");
    let serve = Command::new(RIDD).args(["serve", "--data"]).arg(other_data(&good)).output().unwrap();
    told(said(serve), "serve");
    // The running node keeps the plan it has.
    let event = opened(&good).await;
    assert_eq!(good.detail(&event).await["plan"], "trial");
}

/// A copy of the node's directory without what runs in it.
fn other_data(scene: &Scene) -> std::path::PathBuf {
    let to = scene.dir.path().join("other");
    std::fs::create_dir(&to).unwrap();
    std::fs::copy(scene.node.data().join("ridd.toml"), to.join("ridd.toml")).unwrap();
    let copied = Command::new("cp").arg("-r").arg(scene.node.data().join("pki")).arg(&to).status().unwrap();
    assert!(copied.success());
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_changed_is_found_and_the_first_wrong_entry_named() {
    let mut scene = Scene::department(Stage::default()).await;
    let event = opened(&scene).await;
    scene.node.ridd(&["event", "note", &event, "the border filters are in place"]);
    scene.node.ridd(&["event", "note", &event, "the second shift knows"]);
    assert!(scene.node.ridd(&["audit", "verify"]).contains("as they were written"));
    let log = scene.log(&event).await;
    let number = log.iter().find(|entry| entry.to_string().contains("border filters")).unwrap()["number"].as_i64();
    assert_eq!(scene.node.term().code(), Some(0));
    let changed = rusqlite::Connection::open(scene.node.data().join("store/ridd.db"))
        .unwrap()
        .execute(
            "UPDATE event_log SET entry = replace(entry, 'are in place', 'were in place') WHERE event = ?1",
            [&event],
        )
        .unwrap();
    assert!(changed > 0);
    scene.node.restart();
    let verify = scene.node.try_ridd(&["audit", "verify"]);
    let said = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert_eq!(verify.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("{event} at entry {}", number.unwrap())), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_pages_nobody_and_is_marked_in_every_message() {
    let scene = Scene::department(automatic()).await;
    let file = scene.file("call.xml", Call::new("2.0", "drill-1").document());
    let detail = scene.node.json(&["event", "open", file.to_str().unwrap(), "--drill"]);
    let event = detail["id"].as_str().unwrap().to_owned();
    assert_eq!(detail["drill"], true, "{detail:#}");
    for number in [1, 2] {
        let alert = scene.unit(number).request(&scene.node, 0).await;
        let description = super::scene::between(&alert.text, "Description", "</").unwrap();
        assert!(description.to_uppercase().contains("DRILL"), "the text says so first: {}", alert.text);
        assert!(alert.text.contains("drill=\"true\"") || alert.text.contains("drill>true"), "{}", alert.text);
        scene.unit(number).tell(&scene.node, &completion(&alert.about(), &[], &[]), 200).await;
        scene.node.ridd(&["event", "validate", &event, UNITS[number - 1], "--sign-off", "drill"]);
    }
    scene.node.ridd(&["event", "confirm", &event]);
    scene.node.ridd(&["event", "status", &event, "--to", "authority.example"]);
    let status = scene.authority().message("the status", &scene.node, |came| came.msg_type() == "Report").await;
    assert!(status.text.to_uppercase().contains("DRILL"), "{}", status.text);
    scene.node.drained().await;
    assert!(scene.mailbox.mails().is_empty(), "{:#?}", scene.mailbox.mails());
    // Its notices are there all the same, and in the log.
    assert!(scene.logged(&event, "called").await > 0);
    let notices = scene.node.ridd(&["notice", "list", &event]);
    assert!(notices.contains("watch@example.org"), "{notices}");
}
