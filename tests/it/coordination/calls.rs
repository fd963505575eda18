//! What opens an event: data calls in both versions, again, with more, from a second authority, by hand, held.

use ridd::clock::span;

use super::letters::{Call, now};
use super::scene::{OTHER, Scene, Stage, standing};

/// What the second message of a call adds.
const ONE: &str = "SQL Slammer: a worm";
const MORE: &str = "SQL Slammer, second notice: a worm";

#[tokio::test(flavor = "multi_thread")]
async fn a_data_call_of_either_version_opens_an_event_and_repeats_and_updates_join_it() {
    let scene = Scene::department(Stage::default()).await;
    for (at, version) in ["2.0", "1.0"].into_iter().enumerate() {
        let call = Call::new(version, &format!("call-{version}"));
        scene.authority().tell(&scene.node, &call.as_a("Report"), 200).await;
        let event = scene.events().await.swap_remove(0)["id"].as_str().unwrap().to_owned();
        let detail = scene.until(&event, "the event", |event| event["state"] == "open").await;
        assert_eq!(scene.events().await.len(), at + 1);
        assert_eq!(detail["issued_is"], "stated", "{detail:#}");
        assert_eq!(detail["severity"], "high", "{detail:#}");
        assert_eq!(detail["vulnerabilities"][0], "CVE-2002-0649");
        assert_eq!(detail["incident"]["id"], format!("call-{version}"));
        assert_eq!(standing(&detail, "units-identified"), "met", "{detail:#}");
        // The very same bytes are filed once; the same words in another message are a repeat; other words an update.
        scene.authority().tell(&scene.node, &call.as_a("Report"), 200).await;
        assert_eq!(scene.logged(&event, "repeated").await, 0, "the same message again is no news");
        let again = call.clone().but("Network Operations", "Networks' Operations");
        scene.authority().tell(&scene.node, &again.as_a("Report"), 200).await;
        assert_eq!(scene.logged(&event, "repeated").await, 1);
        let more = call.clone().but("CVE-2002-0649", "CVE-2002-0650").but(ONE, MORE);
        scene.authority().tell(&scene.node, &more.as_a("Report"), 200).await;
        assert_eq!(scene.logged(&event, "updated").await, 1);
        let detail = scene.detail(&event).await;
        assert!(detail["vulnerabilities"].as_array().unwrap().iter().any(|one| one == "CVE-2002-0650"), "{detail:#}");
        assert_eq!(scene.events().await.len(), at + 1, "both joined it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_incident_from_another_authority_joins_and_another_incident_of_the_same_matter_is_named() {
    let scene = Scene::department(Stage::default()).await;
    let call = Call::new("2.0", "2003-7");
    scene.authority().tell(&scene.node, &call.as_a("InvestigationRequest"), 202).await;
    let event = scene.event().await;
    scene.hand(OTHER).tell(&scene.node, &call.clone().also_by(OTHER, "X-1").as_a("Report"), 200).await;
    assert_eq!(scene.event().await, event, "one incident, one event");
    // By the second name alone it is found from now on.
    let known = call
        .also_by(OTHER, "X-1")
        .but("<AlternativeID><IncidentID name=\"authority.example\">2003-7</IncidentID></AlternativeID>", "")
        .but("Scanning by infected", "Heavy scanning by infected");
    scene.hand(OTHER).tell(&scene.node, &known.as_a("Report"), 200).await;
    assert_eq!(scene.event().await, event);
    scene
        .hand(OTHER)
        .tell(
            &scene.node,
            &Call::new("2.0", "2003-8").also_by(OTHER, "X-2").but("2003-8", "2003-9").as_a("Report"),
            200,
        )
        .await;
    let events = scene.events().await;
    assert_eq!(events.len(), 2);
    for one in &events {
        let other = events.iter().find(|other| other["id"] != one["id"]).unwrap()["id"].as_str().unwrap();
        let log = scene.log(one["id"].as_str().unwrap()).await;
        let named = log.iter().any(|entry| entry["kind"] == "noted" && entry.to_string().contains(other));
        assert!(named, "{} does not name {other}: {log:#?}", one["id"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_entered_late_shows_at_once_what_is_overdue() {
    let scene = Scene::department(Stage::default()).await;
    let file = scene.file("call.xml", Call::new("2.0", "by-telephone").document());
    let issued = (now() - span::parse("3h").unwrap()).to_string();
    let detail =
        scene.node.json(&["event", "open", file.to_str().unwrap(), "--issued", &issued, "--title", "By telephone"]);
    assert_eq!((detail["issued_is"].as_str(), detail["title"].as_str()), (Some("confirmed"), Some("By telephone")));
    // The calls of E+1 h and E+2 h are past, but whom it concerns was found out at once; E+4 h is to come.
    assert_eq!(standing(&detail, "cirt-notified"), "missed", "{detail:#}");
    assert_eq!(standing(&detail, "alert-ready"), "missed", "{detail:#}");
    assert_eq!(standing(&detail, "confirmed"), "open", "{detail:#}");
    // Entered again it joins the event, and what is no data call opens nothing.
    let again = scene.node.json(&["event", "open", file.to_str().unwrap()]);
    assert_eq!((again["entered"].as_str(), &again["id"]), (Some("repeated"), &detail["id"]), "{again:#}");
    let none = scene.file("none.xml", "<a/>");
    assert!(!scene.node.try_ridd(&["event", "open", none.to_str().unwrap()]).status.success());
    assert_eq!(scene.events().await.len(), 1);
    scene.mailbox.mail("watch@example.org", "By telephone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_held_waits_for_its_release() {
    let scene = Scene::department(Stage::set("opening = \"hold\"")).await;
    let call = Call::new("2.0", "2003-7");
    scene.authority().tell(&scene.node, &call.as_a("InvestigationRequest"), 202).await;
    let event = scene.event().await;
    let detail = scene.detail(&event).await;
    assert_eq!((detail["state"].as_str(), standing(&detail, "units-identified")), (Some("held"), "open"), "{detail:#}");
    assert!(!scene.node.try_ridd(&["alert", "issue", &event]).status.success());
    scene.mailbox.mail("watch@example.org", "ridd event release").await;
    scene.node.ridd(&["event", "release", &event]);
    let detail = scene.until(&event, "its release", |event| event["state"] == "open").await;
    assert_eq!(standing(&detail, "units-identified"), "met", "{detail:#}");
    // The authority hears that its Request is approved, once.
    scene.authority().message("the approval", &scene.node, |came| came.status() == "Approved").await;
    assert_eq!(scene.events().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_e_is_is_asked_when_the_call_states_it_in_the_future() {
    let scene = Scene::department(Stage::default()).await;
    let later = (now() + span::parse("2h").unwrap()).to_string();
    let call = Call::new("2.0", "2003-7");
    let written = super::scene::between(call.document(), "<GenerationTime>", "<").unwrap().to_owned();
    scene.authority().tell(&scene.node, &call.but(&written, &later).as_a("Report"), 200).await;
    let event = scene.event().await;
    assert_eq!(scene.detail(&event).await["issued_is"], "doubted");
    scene.mailbox.mail("watch@example.org", "ridd event issued").await;
    let e = now().to_string();
    scene.node.ridd(&["event", "issued", &event, &e]);
    let detail = scene.detail(&event).await;
    assert_eq!((detail["issued_is"].as_str(), detail["issued"].as_str()), (Some("confirmed"), Some(e.as_str())));
}
