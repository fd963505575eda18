//! The department is killed between every two steps, and in the middle of them: it ends as if nothing had happened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::foreign::{Between, walk};
use super::scene::{Scene, Stage};

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
    let subjects: Vec<String> = scene
        .mailbox
        .mails()
        .iter()
        .map(|mail| (mail.field("Message-ID").to_owned(), format!("{}: {}", mail.to, mail.field("Subject"))))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|(_, subject)| subject)
        .collect();
    subjects.into_iter().for_each(|subject| count(subject.replace(&event, "EVENT")));
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
