//! The pages of what administrators keep: peers, systems, the roster, and the trail of it all.

use serde_json::json;

use super::super::with_parameters;
use super::pages::{get, post};
use super::{Trial, operators, trial};
use crate::admin::api::audit::{ActList, ActView};
use crate::admin::api::inventory::SystemView;
use crate::admin::api::peers::PeerView;
use crate::store::Batch;
use crate::store::records::{Patch, PatchState};

const SCRIPT: &str = "<script>alert(1)</script>";
const ESCAPED: &str = "&#60;script&#62;alert(1)&#60;/script&#62;";

/// A watch with somebody on it whose name is not a nice one.
const ROSTER: &str = r#"
[[person]]
id = "cirt"
name = "CIRT watch"
place = "program-manager"
channels = [{ email = "watch@department.example" }]
shifts = [{ days = "daily", hours = "00:00-24:00", on = ["eve"] }]

[[person]]
id = "eve"
name = "<script>alert(1)</script>"
place = "program-manager"
channels = [{ email = "eve@department.example" }]
"#;

/// The fields as a browser sends them.
fn form(fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, Some((*value).to_owned()))).collect();
    with_parameters("", &fields).trim_start_matches('?').to_owned()
}

async fn acts(trial: &Trial) -> Vec<ActView> {
    trial.client.get::<ActList>("audit/acts").await.unwrap().acts
}

async fn peer(trial: &Trial) -> PeerView {
    trial.client.get("peers/a.example").await.unwrap()
}

#[tokio::test]
async fn a_peer_is_added_changed_tested_and_revoked_by_forms() {
    let trial = trial().await;
    assert!(get(&trial, "/peers").await.text.contains("No peer yet"));
    let (key, other) = ("a".repeat(64), "b".repeat(64));
    let fields = [
        ("name", "a.example"),
        ("address", "a.example:4590"),
        ("relation", "unit"),
        ("networks", "192.0.2.0/24 2001:db8::/32"),
        ("iodef", "1.0"),
        ("signatures", "when-present"),
        ("encryption", "always"),
        ("spki", &key),
        ("uses", "tls"),
    ];
    let added = post(&trial, "/peers", &form(&fields)).await;
    assert_eq!((added.status, added.header("location")), (303, "/peers/a.example"), "{}", added.text);
    let kept = peer(&trial).await;
    assert_eq!((kept.policy.iodef.as_str(), kept.policy.signatures.as_str()), ("1.0", "when-present"));
    assert_eq!((kept.networks.len(), kept.pins[0].uses.len(), kept.last_message), (2, 1, None));
    trial.file(1).await;
    let page = get(&trial, "/peers/a.example").await;
    assert!(page.text.contains(&key) && page.text.contains("only the key was pinned"), "{}", page.text);
    assert!(!page.text.contains("none yet"), "its newest message has a time");

    let at = |act: &str| format!("/peers/a.example/{act}");
    let changed = [("address", "192.0.2.1:4590"), ("relation", "peer"), ("encrypt-green", "yes")];
    assert_eq!(post(&trial, &at("change"), &form(&changed)).await.status, 303);
    let kept = peer(&trial).await;
    assert_eq!((kept.address.as_str(), kept.relation.as_str(), kept.networks.len()), ("192.0.2.1:4590", "peer", 0));
    assert_eq!((kept.policy.iodef.as_str(), kept.policy.encrypt_green), ("1.0", true));
    assert_eq!(post(&trial, &at("pin"), &form(&[("spki", &other)])).await.status, 303);
    assert_eq!(post(&trial, &at("unpin"), &form(&[("spki", &key)])).await.status, 303);
    assert_eq!(peer(&trial).await.pins[0].spki.as_str(), other);
    assert_eq!(post(&trial, &at("pin"), "").await.status, 400);
    assert_eq!(post(&trial, &at("pin"), "certificate=none").await.status, 400);
    let tested = post(&trial, &at("test"), "").await;
    assert!(tested.text.contains("This step failed: <strong>DNS</strong>"), "{}", tested.text);
    assert_eq!(post(&trial, &at("revoke"), "").await.status, 400);
    let why = format!("{SCRIPT}\" onload=\"");
    assert_eq!(post(&trial, &at("revoke"), &form(&[("why", &why)])).await.status, 303);
    let page = get(&trial, "/peers/a.example").await;
    assert!(page.text.contains(ESCAPED) && !page.text.contains(SCRIPT), "{}", page.text);
    assert!(get(&trial, "/peers?state=revoked&relation=").await.text.contains("a.example"));
    assert_eq!(post(&trial, &at("remove"), "").await.header("location"), "/peers");
    assert_eq!(get(&trial, "/peers/a.example").await.status, 404);
    let done: Vec<_> = acts(&trial).await.into_iter().filter(|act| act.outcome == "done").map(|act| act.act).collect();
    let acts = ["remove", "revoke", "test", "unpin", "pin", "change", "add"].map(|act| format!("peer {act}"));
    assert_eq!(done, acts);
    assert_eq!(post(&trial, "/peers", "name=%3Cb%3E&address=x&relation=unit").await.status, 400);
}

#[tokio::test]
async fn systems_are_imported_searched_and_changed() {
    let trial = trial().await;
    assert!(get(&trial, "/inventory").await.text.contains("Import a file of them"));
    let file = format!(
        "name,unit,cpes,note\nsql 1/a,rid.unit1.example,cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*,{SCRIPT}\n\
         web1,rid.unit2.example,,\n"
    );
    let tried = post(&trial, "/inventory", &form(&[("file", &file), ("format", "csv"), ("act", "try")])).await;
    assert!(tried.text.contains("only tried") && tried.text.contains("would add 2 systems"), "{}", tried.text);
    assert!(
        tried.text.contains(&format!(",{ESCAPED}")) && !tried.text.contains(SCRIPT),
        "what was sent is there again"
    );
    assert!(get(&trial, "/inventory").await.text.contains("Import a file of them"), "nothing was changed");
    let imported = post(&trial, "/inventory", &form(&[("file", &file), ("act", "import")])).await;
    assert!(imported.text.contains("2 systems added"), "{}", imported.text);
    let wrong = post(&trial, "/inventory", &form(&[("file", "name,unit\nx,not a name\n"), ("act", "import")])).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("has 1 faults"), "{}", wrong.text);

    let list = get(&trial, "/inventory?text=SQL+1&unit=&limit=1").await;
    assert!(
        list.text.contains("href=\"/inventory/systems/sql%201%2Fa\"") && !list.text.contains("web1"),
        "{}",
        list.text
    );
    let first = get(&trial, "/inventory?limit=1").await;
    assert!(first.text.contains("1 shown, 2 in all; more follow") && first.text.contains("cursor=sql%201%2Fa"));
    let mut batch = Batch::new();
    let patch = Patch {
        system: "sql 1/a".to_owned(),
        vulnerability: "CVE-2002-0649".to_owned(),
        state: PatchState::Excepted,
        at: trial.parts.clock.now(),
        by: SCRIPT.to_owned(),
        evidence: Some(SCRIPT.to_owned()),
    };
    batch.put(&patch);
    trial.parts.store.commit(batch).await.unwrap();
    let page = get(&trial, "/inventory/systems/sql%201%2Fa").await;
    assert_eq!(page.text.matches(ESCAPED).count(), 4, "note twice, by, evidence: {}", page.text);
    assert!(page.text.contains(">excepted</span>") && !page.text.contains(SCRIPT));
    let fields = [("unit", "rid.unit1.example"), ("owner", "ann"), ("addresses", "192.0.2.1\n192.0.2.2")];
    let changed = post(&trial, "/inventory/systems/web1", &form(&fields)).await;
    assert_eq!(changed.header("location"), "/inventory/systems/web1");
    let system: SystemView = serde_json::from_value(
        trial.client.get::<serde_json::Value>("inventory/systems/web1").await.unwrap()["system"].clone(),
    )
    .unwrap();
    assert_eq!((system.unit.as_str(), system.addresses.len()), ("rid.unit1.example", 2));
    let asked =
        get(&trial, "/inventory/affected?event=&cpe=cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*&cve=").await;
    assert!(asked.text.contains("<strong>1</strong> of 2 systems are concerned"), "{}", asked.text);
    assert!(get(&trial, "/inventory/affected").await.text.contains("Name an event or a platform"));
    let file = get(&trial, "/inventory/export").await;
    assert!(file.header("content-disposition").starts_with("attachment") && file.text.starts_with("name,unit"));
    let new = form(&[("name", "new 1"), ("unit", "rid.unit2.example")]);
    let added = post(&trial, "/inventory/systems", &new).await;
    assert_eq!((added.status, added.header("location")), (303, "/inventory/systems/new%201"));
    assert!(get(&trial, "/inventory/systems/new%201").await.text.contains("rid.unit2.example"));
    assert_eq!(post(&trial, "/inventory/systems", "name=x").await.status, 400);
    assert_eq!(post(&trial, "/inventory/systems/web1/remove", "").await.status, 303);
    assert_eq!(get(&trial, "/inventory/systems/web1").await.status, 404);
}

#[tokio::test]
async fn the_roster_says_who_is_on_duty_and_who_is_called() {
    let trial = trial().await;
    assert!(get(&trial, "/roster").await.text.contains("No roster: nobody can be called"));
    let tried = post(&trial, "/roster/import", &form(&[("file", ROSTER), ("act", "try")])).await;
    assert!(tried.text.contains("only tried"), "{}", tried.text);
    assert!(get(&trial, "/roster").await.text.contains("No roster"));
    let imported = post(&trial, "/roster/import", &form(&[("file", ROSTER), ("act", "import")])).await;
    assert!(imported.text.contains(">imported</span>"), "{}", imported.text);
    let page = get(&trial, "/roster").await;
    assert!(page.text.contains("On duty now") && page.text.contains("<caption>Watches</caption>"), "{}", page.text);
    assert!(page.text.contains(ESCAPED) && !page.text.contains(SCRIPT), "{}", page.text);
    let ladder = get(&trial, "/roster/ladder?place=program-manager&unit=&at=").await;
    assert!(ladder.text.contains("One try after the other"), "{}", ladder.text);
    let person = get(&trial, "/roster/persons/eve").await;
    assert!(person.text.contains("eve@department.example") && person.text.contains("Send a test"), "{}", person.text);
    let tested = post(&trial, "/roster/persons/eve/test", "").await;
    assert!(tested.text.contains("1 test notice is on its way"), "{}", tested.text);
    assert_eq!(get(&trial, "/roster/persons/nobody").await.status, 404);
    let wrong = post(&trial, "/roster/import", &form(&[("file", "[[person]]\nid = 5\n"), ("act", "import")])).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("line "), "{}", wrong.text);
}

#[tokio::test]
async fn the_trail_is_searched_and_logs_are_checked() {
    let trial = trial().await;
    assert!(get(&trial, "/audit").await.text.contains("Nobody did anything yet"));
    let order = json!({ "name": "a.example", "address": "a.example:4590", "relation": "unit" });
    trial.client.post::<PeerView>("peers", &order).await.unwrap();
    assert_eq!(post(&trial, "/inventory/systems/%3Cscript%3Ealert(1)%3C%2Fscript%3E/remove", "").await.status, 404);
    let page = get(&trial, "/audit").await;
    assert!(page.text.contains(ESCAPED) && !page.text.contains(SCRIPT), "{}", page.text);
    assert!(page.text.contains(">done</span>") && page.text.contains(">not-found</span>"), "{}", page.text);
    let peers = get(&trial, "/audit?operator=&act=peer&target=A.EX").await;
    assert!(peers.text.contains("peer add") && !peers.text.contains("inventory remove"), "{}", peers.text);
    assert!(get(&trial, "/audit?operator=nobody").await.text.contains("No act fits"));
    let log = get(&trial, "/audit/log?event=").await;
    assert!(log.text.contains("0 logs with 0 entries: as they were written"), "{}", log.text);
    assert_eq!(get(&trial, "/audit/log?event=SE-2003-01-25-9").await.status, 404);
}

#[tokio::test]
async fn operators_are_added_given_a_password_and_removed() {
    let trial = trial().await;
    assert!(get(&trial, "/operators").await.text.contains("Nobody was added"));
    let fields = [("name", SCRIPT), ("role", "officer"), ("user", ""), ("unit", "")];
    assert_eq!(post(&trial, "/operators", &form(&fields)).await.header("location"), "/operators");
    let page = get(&trial, "/operators").await;
    assert!(page.text.contains(&format!("{ESCAPED}</a></th>")) && !page.text.contains(SCRIPT));
    let at = "/operators/%3Cscript%3Ealert%281%29%3C%2Fscript%3E";
    assert!(page.text.contains(&format!("action=\"{at}/reset\"")), "{}", page.text);
    let given = post(&trial, &format!("{at}/reset"), "").await;
    assert!(given.text.contains("class=\"secret\"") && given.text.contains("It is shown this once"), "{}", given.text);
    assert_eq!(given.header("cache-control"), "no-store");
    assert!(!get(&trial, "/operators").await.text.contains("class=\"secret\""));
    assert_eq!(post(&trial, &format!("{at}/remove"), "").await.status, 303);
    assert!(get(&trial, "/operators").await.text.contains("Nobody was added"));
    assert_eq!(post(&trial, &format!("{at}/reset"), "").await.status, 404);
    assert_eq!(post(&trial, "/operators", "name=ann&role=king").await.status, 400);
    let done: Vec<_> = acts(&trial).await.into_iter().filter(|act| act.outcome == "done").map(|act| act.act).collect();
    assert_eq!(done, ["operator remove", "operator reset", "operator add"]);
}

#[tokio::test]
async fn forms_stand_only_where_the_role_may_send_them() {
    let trial = operators::trial().await;
    operators::add(&trial.client, crate::store::records::Role::Viewer).await;
    let order = json!({ "name": "a.example", "address": "a.example:4590", "relation": "unit" });
    trial.client.post::<PeerView>("peers", &order).await.unwrap();
    let ids = trial.file(3).await;
    operators::become_user(operators::ANN);
    for address in [
        "/messages",
        "/outbox",
        "/peers",
        "/peers/a.example",
        "/inventory",
        "/roster",
        &format!("/messages/{}", ids[2]),
    ] {
        let page = get(&trial, address).await;
        assert_eq!(page.status, 200, "{address}");
        assert!(!page.text.contains("method=\"post\""), "{address}: {}", page.text);
    }
    for address in ["/audit", "/inventory/import", "/roster/import", "/operators"] {
        assert_eq!(get(&trial, address).await.status, 403, "{address}");
    }
    let remove = post(&trial, "/peers/a.example/remove", "").await;
    assert_eq!(remove.status, 403);
    assert!(remove.text.contains("has not the right to change the node"), "{}", remove.text);
    assert_eq!(post(&trial, &format!("/messages/{}/decision", ids[2]), "decision=approve").await.status, 403);
}
