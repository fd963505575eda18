//! The department is killed between every two steps, and in the middle of them: it ends as if nothing had happened.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use tokio::task::JoinSet;

use super::foreign::{Between, walk};
use super::letters::{Call, acknowledgement, completion, progress};
use super::scene::{Hand, Scene, Stage, UNITS, unit};
use crate::harness::peer;

/// The event without what differs between two runs: times, the day in its name.
fn timeless(value: &Value) -> Value {
    const TIMES: [&str; 12] =
        ["now", "issued", "opened", "changed", "due", "at", "when", "approved", "answered", "next", "corrected", "id"];
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, value)| !(TIMES.contains(&name.as_str()) && value.is_string()));
            kept.map(|(name, value)| (name.clone(), timeless(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(all) => all.iter().map(timeless).collect(),
        Value::String(text) if ridd::clock::Timestamp::parse(text).is_some() => json!("some time"),
        other => other.clone(),
    }
}

/// The event at its end, the kinds of its log's entries and how many of each, the notices by person and matter.
async fn ended(mut scene: Scene, between: &Between) -> (Value, BTreeMap<String, usize>) {
    let closed = walk(&mut scene, between).await;
    scene.node.drained().await;
    let event = closed["id"].as_str().unwrap().to_owned();
    let mut counts = BTreeMap::new();
    let mut count = |what: String| *counts.entry(what).or_insert(0) += 1;
    for entry in scene.log(&event).await {
        count(format!("entry {}", entry["kind"].as_str().unwrap()));
    }
    // Each Request of one (incident, instance) is one message, however often it was sent: `requests` sees to that.
    for number in [1, 2, 3] {
        scene.unit(number).requests().iter().for_each(|came| count(format!("{number}: {:?}", came.systems())));
    }
    // Each notice is one mail with one name; sent again, it is the same mail.
    let mut mails = BTreeMap::new();
    for mail in scene.mailbox.mails() {
        let known = mails.entry(mail.field("Message-ID").to_owned()).or_insert_with(|| mail.text.clone());
        assert_eq!(*known, mail.text, "one name, one mail");
    }
    let subjects: BTreeSet<(String, String)> = scene
        .mailbox
        .mails()
        .iter()
        .map(|mail| (mail.field("Message-ID").to_owned(), format!("{}: {}", mail.to, mail.field("Subject"))))
        .collect();
    subjects.into_iter().for_each(|(_, subject)| count(subject.replace(&event, "EVENT")));
    let notices = scene.node.json(&["notice", "list", &event]);
    let listed = notices["notices"].as_array().unwrap().len();
    assert_eq!(listed, mails.len(), "every notice is sent, and nothing that is no notice: {notices:#}");
    scene.node.ridd(&["audit", "verify"]);
    (timeless(&closed), counts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_that_is_killed_between_any_two_steps_ends_in_the_same_state() {
    let (calm, killed) =
        tokio::join!(async { ended(Scene::department(Stage::default()).await, &Between::Nothing).await }, async {
            ended(Scene::department(Stage::default()).await, &Between::Killed).await
        },);
    assert_eq!(calm.1, killed.1);
    assert_eq!(calm.0, killed.0);
}

/// Has them post each its message again and again until it is taken, and kills the node in the middle of that: `after` says
/// how far in, from 0. Whatever was under way is posted again afterwards, as RFC 6546 §3 lets a sender do.
async fn posted_while_killed(scene: &mut Scene, after: u64, posts: Vec<(&str, Vec<u8>)>) {
    let mut tasks = JoinSet::new();
    for (name, body) in posts {
        let (address, papers) = (scene.node.rid, scene.hand(name).papers.clone());
        tasks.spawn(async move {
            while !matches!(peer::post_once(address, &papers, &body).await, Ok(answer) if answer.status() < 300) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    // Where in it the kill falls is as good as random; each of these is tried at every run.
    tokio::time::sleep(Duration::from_millis(after)).await;
    scene.node.kill9();
    scene.node.restart();
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_that_is_killed_in_the_middle_of_steps_does_each_once() {
    let mut scene = Scene::department(Stage::set("issuing = \"automatic\"")).await;
    let call = Call::new("2.0", "2003-7").as_a("Report");
    posted_while_killed(&mut scene, 3, vec![("authority.example", call)]).await;
    scene.node.kill9();
    scene.node.restart();
    let event = scene.event().await;
    let one = scene.unit(1).request(&scene.node, 0).await.about();
    let two = scene.unit(2).request(&scene.node, 0).await.about();
    let approved = |about| acknowledgement(about, "AuthorizationStatus=\"Approved\"");
    posted_while_killed(&mut scene, 9, vec![(UNITS[0], approved(&one)), (UNITS[1], approved(&two))]).await;
    let posts = vec![(UNITS[0], progress(&one, &["sql1"])), (UNITS[1], completion(&two, &["sql3", "sql4"], &[]))];
    posted_while_killed(&mut scene, 6, posts).await;
    posted_while_killed(&mut scene, 12, vec![(UNITS[0], completion(&one, &["sql1", "sql2"], &[]))]).await;
    let done = |event: &Value| UNITS[..2].iter().all(|name| !unit(event, name)["completed"].is_null());
    let detail = scene.until(&event, "completion", done).await;
    scene.node.drained().await;
    for name in &UNITS[..2] {
        assert_eq!(
            (unit(&detail, name)["corrected"].as_i64(), unit(&detail, name)["alert"].as_str()),
            (Some(2), Some("acknowledged"))
        );
    }
    let count = async |kind: &str| scene.logged(&event, kind).await;
    for (kind, times) in [
        ("opened", 1),
        ("units-identified", 1),
        ("alert-sent", 2),
        ("alert-acknowledged", 2),
        ("corrected", 3),
        ("completed", 2),
    ] {
        assert_eq!(count(kind).await, times, "{kind}: {:#?}", scene.log(&event).await);
    }
    let filed = scene.node.messages().await.into_iter().filter(|message| message["direction"] == "in").count();
    assert_eq!(filed, 6, "each is filed once: {:#?}", scene.node.messages().await);
    let requests = |hand: &Hand| hand.requests().len();
    assert_eq!((requests(scene.unit(1)), requests(scene.unit(2)), requests(scene.unit(3))), (1, 1, 0));
    scene.node.ridd(&["audit", "verify"]);
}
