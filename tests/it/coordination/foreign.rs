//! Units that are not `ridd` do everything with plain RID messages; the authority is told how it ends.

use serde_json::Value;

use super::letters::{Call, Named, acknowledgement, completion, in_the_first_version, progress, query};
use super::scene::{Came, Scene, Stage, UNITS, standing, unit};

/// What is done between two steps.
pub(super) enum Between {
    /// Nothing.
    Nothing,
    /// The node is killed and started again.
    Killed,
}

impl Between {
    async fn steps(&self, scene: &mut Scene) {
        if matches!(self, Self::Killed) {
            scene.node.kill9();
            scene.node.restart();
        }
    }
}

const APPROVED: &str = "AuthorizationStatus=\"Approved\"";

/// What a scan says of the first unit's systems.
fn scan(of_sql2: &str) -> String {
    format!("system,vulnerability,result\nsql1,CVE-2002-0649,pass\nsql2,CVE-2002-0649,{of_sql2}\n")
}

fn validated(name: &'static str) -> impl Fn(&Value) -> bool {
    move |event| !unit(event, name)["validated"].is_null()
}

/// The first unit, step by step: an Acknowledgement, progress in a Report, completion in a Result, a discrepancy.
async fn first_unit(scene: &mut Scene, event: &str, between: &Between) {
    let alert = scene.unit(1).request(&scene.node, 0).await;
    between.steps(scene).await;
    scene.unit(1).reply(&scene.node, &alert, &acknowledgement(&alert.about(), APPROVED)).await;
    let acknowledged = |event: &Value| standing(unit(event, UNITS[0]), "alert-acknowledged") == "met";
    scene.until(event, "the acknowledgement", acknowledged).await;
    between.steps(scene).await;
    scene.unit(1).tell(&scene.node, &progress(&alert.about(), &["sql1"]), 200).await;
    let detail = scene.until(event, "progress", |event| unit(event, UNITS[0])["corrected"] == 1).await;
    for milestone in ["owners-notified", "patches-obtained"] {
        assert_eq!(standing(unit(&detail, UNITS[0]), milestone), "met", "{detail:#}");
    }
    between.steps(scene).await;
    scene.unit(1).reply(&scene.node, &alert, &completion(&alert.about(), &["sql1", "sql2"], &[])).await;
    scene.until(event, "completion", |event| !unit(event, UNITS[0])["completed"].is_null()).await;
    between.steps(scene).await;
    // The scan finds a system that is not corrected: the unit is asked again, and answers that Request.
    let file = scene.file("scan.csv", &scan("fail"));
    scene.node.ridd(&["event", "validate", event, UNITS[0], "--result", file.to_str().unwrap()]);
    let discrepancy = scene.unit(1).request(&scene.node, 1).await;
    assert_eq!(discrepancy.systems(), ["sql2"]);
    assert!(discrepancy.text.contains("action=\"investigate\""), "{}", discrepancy.text);
    assert_eq!(discrepancy.about().id, alert.about().id);
    assert_ne!(discrepancy.about().instance, alert.about().instance);
    between.steps(scene).await;
    scene.unit(1).reply(&scene.node, &discrepancy, &completion(&discrepancy.about(), &["sql2"], &[])).await;
    scene.until(event, "the second completion", |event| !unit(event, UNITS[0])["completed"].is_null()).await;
    between.steps(scene).await;
    let file = scene.file("scan.csv", &scan("pass"));
    scene.node.ridd(&["event", "validate", event, UNITS[0], "--result", file.to_str().unwrap()]);
    scene.until(event, "the validation", validated(UNITS[0])).await;
    between.steps(scene).await;
}

/// The second unit: nothing but a Result, with an exception; signed off by a person.
async fn second_unit(scene: &mut Scene, event: &str, between: &Between) {
    let alert = scene.unit(2).request(&scene.node, 0).await;
    let done = completion(&alert.about(), &["sql3"], &[("sql4", "a medical device, isolated")]);
    scene.unit(2).reply(&scene.node, &alert, &done).await;
    let detail = scene.until(event, "completion", |event| !unit(event, UNITS[1])["completed"].is_null()).await;
    assert_eq!(unit(&detail, UNITS[1])["excepted"], 1, "{detail:#}");
    assert_eq!(standing(unit(&detail, UNITS[1]), "alert-acknowledged"), "met", "who acts has acknowledged");
    between.steps(scene).await;
    let refused = scene.node.try_ridd(&["event", "confirm", event]);
    assert!(!refused.status.success(), "not all is validated");
    scene.node.ridd(&["event", "validate", event, UNITS[1], "--sign-off", "seen on site"]);
    scene.until(event, "the sign-off", validated(UNITS[1])).await;
    between.steps(scene).await;
}

/// The whole process, from the call to the closing, and between any two steps whatever is wanted.
pub(super) async fn walk(scene: &mut Scene, between: &Between) -> Value {
    scene.authority().tell(&scene.node, &Call::new("2.0", "2003-7").as_a("InvestigationRequest"), 202).await;
    let event = scene.event().await;
    between.steps(scene).await;
    scene.node.ridd(&["alert", "edit", &event, "--prevent", "Block UDP 1434"]);
    between.steps(scene).await;
    scene.node.ridd(&["alert", "approve", &event]);
    between.steps(scene).await;
    scene.node.ridd(&["alert", "issue", &event]);
    between.steps(scene).await;
    let watch = scene.mailbox.mail("watch@example.org", "alert issue").await;
    scene.node.ridd(&["notice", "ack", watch.code()]);
    scene.until(&event, "the CIRT's answer", |event| standing(event, "cirt-notified") == "met").await;
    between.steps(scene).await;
    first_unit(scene, &event, between).await;
    second_unit(scene, &event, between).await;
    let manager = scene.mailbox.mail("cipm@example.org", "all units are validated").await;
    scene.node.ridd(&["notice", "ack", manager.code()]);
    scene.until(&event, "the manager's answer", |event| standing(event, "manager-informed") == "met").await;
    between.steps(scene).await;
    scene.node.ridd(&["event", "confirm", &event, "--remark", "inventory looked at"]);
    between.steps(scene).await;
    scene.node.ridd(&["event", "close", &event]);
    scene.until(&event, "its end", |event| event["state"] == "closed").await
}

/// What the authority was told of the status, in order.
fn statuses(scene: &Scene) -> Vec<Came> {
    let documents = |came: &Came| ["Report", "Result"].contains(&came.msg_type());
    scene.authority().came().into_iter().filter(documents).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn units_that_are_not_ridd_do_everything_with_plain_messages() {
    let mut scene = Scene::department(Stage::default()).await;
    let closed = walk(&mut scene, &Between::Nothing).await;
    for milestone in ["cirt-notified", "alert-ready", "units-identified", "manager-informed", "confirmed"] {
        assert_eq!(standing(&closed, milestone), "met", "{milestone}: {closed:#}");
    }
    scene.node.drained().await;
    // The call was a Request, so its end is a Result (RFC 6545 §6.3) with the incident and the instance of the call.
    let told = statuses(&scene);
    let result = told.iter().find(|came| came.msg_type() == "Result").expect("a Result for the authority");
    assert_eq!((result.about().name.as_str(), result.about().id.as_str()), ("authority.example", "2003-7"));
    assert!(result.text.contains("status=\"resolved\""), "{}", result.text);
    for name in [UNITS[0], UNITS[1], "confirmed"] {
        assert!(result.text.contains(name), "{name} is not in {}", result.text);
    }
    assert_eq!(told.iter().filter(|came| came.msg_type() == "Result").count(), 1);
    // What is patched is so in the inventory; what stays as it is, is not.
    let system = |name: &str| scene.node.json(&["inventory", "show", name]).to_string();
    assert!(system("sql2").contains("patched") && system("sql4").contains("excepted"), "{}", system("sql4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_about_the_incident_is_answered_with_its_status() {
    let scene = Scene::department(Stage::set("issuing = \"automatic\"")).await;
    let call = Call::new("2.0", "2003-7");
    scene.authority().tell(&scene.node, &call.as_a("Report"), 200).await;
    let event = scene.event().await;
    let alert = scene.unit(1).request(&scene.node, 0).await;
    scene.unit(1).tell(&scene.node, &completion(&alert.about(), &["sql1", "sql2"], &[]), 200).await;
    let about = Named::new("authority.example", "2003-7", "1");
    let answer = scene.authority().tell(&scene.node, &query(&about), 200).await.text();
    for words in ["MsgType=\"Report\"", "status=\"in-progress\"", "unit-completed", UNITS[0], UNITS[1]] {
        assert!(answer.contains(words), "{words} is not in {answer}");
    }
    // A unit was never sent the authority's incident, and gets nothing of it.
    let denied = scene.unit(3).post(&scene.node, &query(&about)).await.text();
    assert!(denied.contains("Denied") && !denied.contains(UNITS[0]), "{denied}");
    // On demand it is sent at any time.
    scene.node.ridd(&["event", "status", &event]);
    let report = scene.authority().message("the status", &scene.node, |came| came.msg_type() == "Report").await;
    assert!(report.text.contains(UNITS[0]), "{}", report.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_that_know_only_iodef_1_0_take_part() {
    let scene = Scene::department(Stage::set("issuing = \"automatic\"")).await;
    let policy = r#"{"iodef": "1.0", "signatures": "when-present", "encryption": "never"}"#;
    let policy = scene.file("policy.json", policy);
    for name in ["authority.example", UNITS[0]] {
        scene.node.ridd(&["peer", "change", name, "--policy", policy.to_str().unwrap()]);
    }
    scene.authority().tell(&scene.node, &Call::new("2.0", "2003-7").as_a("InvestigationRequest"), 202).await;
    let event = scene.event().await;
    let alert = scene.unit(1).request(&scene.node, 0).await;
    for words in ["urn:ietf:params:xml:ns:iodef-1.0", "version=\"1.00\"", "NodeName", "sql1", "sql2", "due="] {
        assert!(alert.text.contains(words), "{words} is not in {}", alert.text);
    }
    assert!(!alert.text.contains("iodef-2.0") && !alert.text.contains("sql3"), "{}", alert.text);
    let said = in_the_first_version("Report", &alert.about(), "The first one is done", &["sql1"]);
    scene.unit(1).tell(&scene.node, &said, 200).await;
    let detail = scene.detail(&event).await;
    assert_eq!(
        (unit(&detail, UNITS[0])["corrected"].as_i64(), unit(&detail, UNITS[0])["completed"].is_null()),
        (Some(1), true)
    );
    let said = in_the_first_version("Report", &alert.about(), "Status: resolved. All our servers run the patch.", &[]);
    scene.unit(1).tell(&scene.node, &said, 200).await;
    let detail = scene.detail(&event).await;
    assert_eq!(
        (unit(&detail, UNITS[0])["corrected"].as_i64(), unit(&detail, UNITS[0])["completed"].is_null()),
        (Some(2), false)
    );
    let about = Named::new("authority.example", "2003-7", "1");
    let answer = scene.authority().tell(&scene.node, &query(&about), 200).await.text();
    assert!(answer.contains("version=\"1.00\"") && answer.contains("unit-completed"), "{answer}");
}
