//! The alerts of the department: who gets one, what is in it, and what becomes of it.

use serde_json::Value;

use super::letters::{Call, acknowledgement, progress};
use super::scene::{Scene, Stage, UNITS, standing, unit};

/// A timetable of which one milestone is due soon after the alert is delivered.
pub(super) const SOON: &[(&str, &str)] = &[
    ("cirt-notified", "1h"),
    ("units-identified", "2h"),
    ("alert-issued", "2h"),
    ("alert-acknowledged", "300ms"),
    ("corrected", "12h"),
    ("unit-completed", "16h"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_affected_unit_is_asked_about_its_own_systems_and_others_are_not() {
    let scene = Scene::department(Stage::default()).await;
    scene.authority().tell(&scene.node, &Call::new("2.0", "2003-7").as_a("Report"), 200).await;
    let event = scene.event().await;
    let steps = [
        ("--prevent", "Block UDP 1434 at the border"),
        ("--restrict", "Cut infected servers off"),
        ("--eradicate", "Restart the server"),
    ];
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let patch = format!("MS02-039=https://vendor.example/q323875.exe#{digest}");
    let words: Vec<&str> = steps.iter().flat_map(|(option, text)| [*option, *text]).collect();
    scene.node.ridd(&[&["alert", "edit", &event], &words[..], &["--patch", &patch]].concat());
    let refused = scene.node.try_ridd(&["alert", "issue", &event]);
    assert!(!refused.status.success(), "nothing goes out before the draft is approved");
    assert!(scene.hands.iter().all(|hand| hand.came().is_empty()));
    scene.node.ridd(&["alert", "approve", &event]);
    scene.node.ridd(&["alert", "issue", &event]);
    for (number, own) in [(1, ["sql1", "sql2"]), (2, ["sql3", "sql4"])] {
        let alert = scene.unit(number).request(&scene.node, 0).await;
        assert_eq!(alert.systems(), own);
        assert_eq!((alert.about().name.as_str(), alert.about().id.as_str()), ("department.example", event.as_str()));
        for text in steps.iter().map(|(_, text)| *text).chain([
            "purpose=\"mitigation\"",
            "2003-7",
            "CVE-2002-0649",
            "https://vendor.example/q323875.exe",
            digest,
            "action=\"upgrade-software\"",
            "action=\"status-triage\"",
            "action=\"status-new-info\"",
            "due=",
        ]) {
            assert!(alert.text.contains(text), "{text:?} is not in {}", alert.text);
        }
        assert!(!alert.text.contains("EndTime"), "past EndTime nobody may act (RFC 7970 §3.15): {}", alert.text);
    }
    let [one, two] = [1, 2].map(|number| scene.unit(number).requests().remove(0).about());
    assert_ne!(one.instance, two.instance, "divergent Requests use separate instances (RFC 6545 §6.1)");
    for (number, name) in [(1, UNITS[0]), (2, UNITS[1])] {
        let alert = scene.unit(number).request(&scene.node, 0).await;
        let about = alert.about();
        scene
            .unit(number)
            .reply(&scene.node, &alert, &acknowledgement(&about, "AuthorizationStatus=\"Approved\""))
            .await;
        scene
            .until(&event, "the acknowledgement", |event| {
                standing(unit(event, name), "alert-issued") == "met"
                    && standing(unit(event, name), "alert-acknowledged") == "met"
            })
            .await;
    }
    scene.node.drained().await;
    assert!(scene.unit(3).came().is_empty(), "a unit without affected systems gets none");
    assert_eq!((scene.unit(1).requests().len(), scene.unit(2).requests().len()), (1, 1));
    // Another system turns up: only its unit hears of it, in a Request of its own.
    scene.runs(std::iter::once(format!("sql9,{},,,cpe:2.3:a:microsoft:sql_server:2000:sp2:*:*:*:*:*:*", UNITS[1])));
    scene.node.ridd(&["event", "identify", &event]);
    scene.node.ridd(&["alert", "issue", &event]);
    let more = scene.unit(2).request(&scene.node, 1).await;
    assert_eq!(more.systems(), ["sql3", "sql4", "sql9"]);
    scene.node.drained().await;
    assert_eq!((scene.unit(1).requests().len(), scene.unit(3).came().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_policy_alerts_go_out_without_a_person_and_the_unaffected_are_informed() {
    let scene = Scene::department(Stage::set("issuing = \"automatic\"\ninform-unaffected = true")).await;
    scene.authority().tell(&scene.node, &Call::new("2.0", "2003-7").as_a("Report"), 200).await;
    for number in [1, 2] {
        scene.unit(number).request(&scene.node, 0).await;
    }
    let informed = scene.unit(3).message("the Report", &scene.node, |came| came.msg_type() == "Report").await;
    assert!(informed.systems().is_empty() && informed.text.contains("CVE-2002-0649"), "{}", informed.text);
    let event = scene.event().await;
    let detail = scene.detail(&event).await;
    assert_eq!((detail["approved_by"].as_str(), detail["informed"][0].as_str()), (Some("policy"), Some(UNITS[2])));
}

#[tokio::test(flavor = "multi_thread")]
async fn denial_and_silence_call_the_units_contact() {
    let scene = Scene::department(Stage::set("issuing = \"automatic\"").plan("1h", SOON)).await;
    scene.authority().tell(&scene.node, &Call::new("2.0", "2003-7").as_a("Report"), 200).await;
    let event = scene.event().await;
    let alert = scene.unit(1).request(&scene.node, 0).await;
    let denied = acknowledgement(&alert.about(), "AuthorizationStatus=\"Denied\" Justification=\"SystemResource\"");
    scene.unit(1).reply(&scene.node, &alert, &denied).await;
    let detail = scene.until(&event, "the denial", |event| unit(event, UNITS[0])["alert"] == "denied").await;
    assert_ne!(standing(unit(&detail, UNITS[0]), "alert-acknowledged"), "met", "{detail:#}");
    scene.mailbox.mail("contact-unit1@example.org", "denied").await;
    // The other says nothing at all.
    scene.unit(2).request(&scene.node, 0).await;
    let missed = |event: &Value| standing(unit(event, UNITS[1]), "alert-acknowledged") == "missed";
    scene.until(&event, "the milestone missed", missed).await;
    scene.mailbox.mail("contact-unit2@example.org", "alert-acknowledged").await;
    // Late is better than never; and whoever acts has acknowledged.
    let alert = scene.unit(2).request(&scene.node, 0).await;
    scene.unit(2).tell(&scene.node, &progress(&alert.about(), &["sql3"]), 200).await;
    let detail = scene.detail(&event).await;
    assert_eq!(standing(unit(&detail, UNITS[1]), "alert-acknowledged"), "late", "{detail:#}");
    assert_eq!(unit(&detail, UNITS[1])["corrected"], 1, "{detail:#}");
    let contacts = scene.mailbox.mails().into_iter().filter(|mail| mail.to.starts_with("contact"));
    let mut told: Vec<_> = contacts.map(|mail| (mail.to.clone(), mail.field("Subject").to_owned())).collect();
    told.sort();
    let count = told.len();
    told.dedup();
    assert_eq!(told.len(), count, "nobody is told the same twice");
}
