//! Significant events over a real socket: who may give which order, and what is shown.

use serde_json::{Value, json};

use super::super::api::audit::{ActList, Verified};
use super::super::api::events::{AlertView, EventDetail};
use super::super::api::notices::{NoticeList, Tested};
use super::super::api::operators::OperatorView;
use super::super::api::status::{EventFigures, Status};
use super::super::{Client, ClientError, Code};
use super::desk::{EVENT, OTHER, UNIT};
use super::operators::{ANN, as_root, become_user, refused, trial};
use crate::clock::Timestamp;
use crate::coordination::chain::Head;
use crate::coordination::entry::Entry;
use crate::coordination::state::{AlertState, Standing};
use crate::ids::EventId;
use crate::store::records::{Event, EventRole, EventState, LogEntry, System};
use crate::store::{Batch, Column, Scan};

pub(super) async fn open(client: &Client) -> EventDetail {
    client.post("events", &json!({ "document": "<x/>", "drill": true })).await.unwrap()
}

async fn order(client: &Client, order: Value) -> Result<EventDetail, ClientError> {
    client.post(&format!("events/{EVENT}/orders"), &order).await
}

async fn become_operator(client: &Client, role: &str, person: Option<&str>, unit: Option<&str>) {
    let order = json!({ "user": ANN, "name": "ann", "role": role, "person": person, "unit": unit });
    as_root(client.post::<OperatorView>("operators", &order)).await.unwrap();
    become_user(ANN);
}

#[tokio::test]
async fn an_officer_walks_an_event_and_the_manager_confirms() {
    let trial = trial().await;
    let client = &trial.client;
    become_operator(client, "officer", None, None).await;
    let opened = open(client).await;
    assert!(opened.event.drill && opened.units.is_empty());
    order(client, json!({ "order": "identify" })).await.unwrap();
    let edit = json!({ "prevent": ["block UDP 1434"], "patches": [{ "name": "MS02-039" }] });
    order(client, json!({ "order": "edit", "edit": edit })).await.unwrap();
    order(client, json!({ "order": "approve" })).await.unwrap();
    let issued = order(client, json!({ "order": "issue" })).await.unwrap();
    assert_eq!(issued.units[0].alert, AlertState::Sent);
    let alert: AlertView = client.get(&format!("events/{EVENT}/alert")).await.unwrap();
    assert_eq!((alert.approved_by.as_deref(), alert.parts.steps.len(), alert.units.len()), (Some("ann"), 1, 2));
    let document = client.bytes(&format!("events/{EVENT}/alert/{UNIT}")).await.unwrap();
    assert!(String::from_utf8_lossy(&document).contains(UNIT));

    let again = refused(order(client, json!({ "order": "approve" })).await);
    assert_eq!(again.code, Code::Conflict);
    let unknown = refused(order(client, json!({ "order": "corrected", "systems": ["mars"] })).await);
    assert_eq!(unknown.code, Code::NotFound);
    for order_of_managers in [
        json!({ "order": "confirm" }),
        json!({ "order": "waive", "milestone": "validated", "unit": UNIT, "why": "gone" }),
        json!({ "order": "close" }),
        json!({ "order": "reopen", "why": "late news" }),
        json!({ "order": "cancel", "why": "false alarm" }),
    ] {
        assert_eq!(refused(order(client, order_of_managers).await).code, Code::NotPermitted);
    }
    become_operator(client, "manager", None, None).await;
    let open = refused(order(client, json!({ "order": "confirm" })).await);
    assert!(open.code == Code::Conflict && open.message.contains(UNIT), "{open}");
    let empty = json!({ "order": "cancel", "why": " " });
    assert_eq!(refused(order(client, empty).await).code, Code::BadRequest);
    order(client, json!({ "order": "confirm", "despite": "they are switched off" })).await.unwrap();
    let closed = order(client, json!({ "order": "close" })).await.unwrap();
    assert_eq!(closed.event.state, EventState::Closed);

    let acts: ActList = client.get("audit/acts?limit=100").await.unwrap();
    let newest = &acts.acts[0];
    let target = newest.target.as_deref();
    assert_eq!((newest.act.as_str(), target, newest.outcome.as_str()), ("event close", Some(EVENT), "done"));
}

#[tokio::test]
async fn a_units_contact_reports_for_that_unit_alone() {
    let trial = trial().await;
    let client = &trial.client;
    open(client).await;
    trial.desk.identify_units();
    become_operator(client, "unit-contact", None, Some(UNIT)).await;
    let shown: EventDetail = client.get(&format!("events/{EVENT}")).await.unwrap();
    assert_eq!(shown.units.iter().map(|unit| unit.unit.as_str()).collect::<Vec<_>>(), [UNIT]);
    let corrected = order(client, json!({ "order": "corrected", "systems": ["sql1"] })).await.unwrap();
    assert_eq!((corrected.units[0].affected, corrected.units[0].corrected), (2, 1));
    let met = |unit: &str| json!({ "order": "met", "milestone": "patches-obtained", "unit": unit });
    order(client, met(UNIT)).await.unwrap();
    order(client, json!({ "order": "except", "system": "sql2", "why": "it is in a museum" })).await.unwrap();
    let completed = order(client, json!({ "order": "complete" })).await.unwrap();
    assert!(completed.units[0].completed.is_some());
    for beyond in [
        json!({ "order": "corrected", "systems": ["web1"] }),
        json!({ "order": "except", "system": "web1", "why": "no" }),
        json!({ "order": "complete", "unit": OTHER }),
        json!({ "order": "progress" }),
        met(OTHER),
        json!({ "order": "met", "milestone": "alert-ready" }),
        json!({ "order": "issue" }),
        json!({ "order": "sign-off", "unit": UNIT, "evidence": "trust me" }),
        json!({ "order": "note", "text": "hello" }),
    ] {
        let problem = refused(order(client, beyond.clone()).await);
        assert_eq!(problem.code, Code::NotPermitted, "{beyond}: {problem}");
    }
    assert_eq!(refused(client.get::<AlertView>(&format!("events/{EVENT}/alert")).await).code, Code::NotPermitted);
    assert_eq!(refused(client.get::<NoticeList>("notices").await).code, Code::NotPermitted);
}

#[tokio::test]
async fn an_implementer_reports_own_systems_corrected_and_nothing_else() {
    let trial = trial().await;
    let client = &trial.client;
    open(client).await;
    trial.desk.identify_units();
    let mut batch = Batch::new();
    for (name, administrators) in [("sql1", Some("zoe\nann")), ("sql2", Some("bob"))] {
        batch.insert(&System {
            name: name.to_owned(),
            unit: UNIT.to_owned(),
            owner: None,
            administrators: administrators.map(str::to_owned),
            addresses: None,
            cpes: None,
            note: None,
            changed: Timestamp::default(),
            by: "uid 0".to_owned(),
        });
    }
    trial.parts.store.commit(batch).await.unwrap();
    become_operator(client, "implementer", Some("ann"), Some(UNIT)).await;
    let corrected = |systems: &[&str]| json!({ "order": "corrected", "systems": systems });
    let done = order(client, corrected(&["sql1"])).await.unwrap();
    assert_eq!(done.units[0].corrected, 1);
    for beyond in [
        corrected(&["sql2"]),
        corrected(&["sql1", "web1"]),
        json!({ "order": "complete", "unit": UNIT }),
        json!({ "order": "except", "system": "sql1", "why": "no" }),
        json!({ "order": "met", "milestone": "patches-obtained", "unit": UNIT }),
    ] {
        let problem = refused(order(client, beyond.clone()).await);
        assert_eq!(problem.code, Code::NotPermitted, "{beyond}: {problem}");
    }
    // Who is no person of the roster speaks for the whole unit.
    become_operator(client, "implementer", None, Some(UNIT)).await;
    order(client, corrected(&["sql2"])).await.unwrap();
}

#[tokio::test]
async fn an_event_is_shown_by_milestone_unit_and_call() {
    let trial = trial().await;
    let client = &trial.client;
    open(client).await;
    trial.desk.identify_units();
    let detail = order(client, json!({ "order": "corrected", "systems": ["sql1"] })).await.unwrap();
    let unit = &detail.units[0];
    let standing = |name: &str| unit.milestones.iter().find(|mark| mark.milestone.as_str() == name).unwrap().standing;
    assert_eq!(standing("corrected"), Standing::Open, "one of its systems is not");
    let detail = order(client, json!({ "order": "corrected", "systems": ["sql2"] })).await.unwrap();
    let mark = detail.units[0].milestones.iter().find(|mark| mark.milestone.as_str() == "corrected").unwrap();
    assert_eq!((mark.standing, mark.by.as_deref()), (Standing::Met, Some("uid 0")));
    assert!(detail.calls.iter().any(|call| call.open && call.next.is_some()), "{:?}", detail.calls);
    assert_eq!(refused(client.get::<EventDetail>("events/SE-1").await).code, Code::NotFound);
}

#[tokio::test]
async fn codes_are_taken_from_anyone_who_is_let_in_and_kept_from_the_trail() {
    let trial = trial().await;
    let client = &trial.client;
    become_operator(client, "viewer", None, None).await;
    let wrong = client.post::<Value>("notices/answers", &json!({ "code": "ABCD-EFGH" })).await;
    assert_eq!(refused(wrong).code, Code::NotFound);
    let test = json!({ "person": "watch" });
    assert_eq!(refused(client.post::<Tested>("notices/tests", &test).await).code, Code::NotPermitted);
    become_user(0);
    let tested: Tested = client.post("notices/tests", &test).await.unwrap();
    assert_eq!(tested.notices.len(), 1);
    let acts: Value = client.get("audit/acts").await.unwrap();
    assert!(!acts.to_string().contains("ABCD"), "{acts}");
}

/// Writes the log of an event as the service would.
pub(super) async fn write_log(trial: &super::Trial, id: &str, count: i64) {
    let event: EventId = id.parse().unwrap();
    let (mut head, mut batch) = (Head::default(), Batch::new());
    for number in 1..=count {
        let entry = Entry::Noted { text: format!("note {number}") };
        batch.insert(&head.append(&event, Timestamp::from_micros(number), "ann", &entry).unwrap());
    }
    batch.insert(&Event {
        id: event,
        state: EventState::Open,
        role: EventRole::Department,
        drill: false,
        title: "Worm".to_owned(),
        severity: None,
        source: None,
        issued: Timestamp::default(),
        opened: Timestamp::default(),
        changed: Timestamp::default(),
        head: count,
        watched: false,
        due: None,
        overdue: Some(1),
        unanswered: Some(2),
    });
    trial.parts.store.commit(batch).await.unwrap();
}

#[tokio::test]
async fn logs_are_verified_and_the_first_broken_record_is_named() {
    let trial = trial().await;
    let client = &trial.client;
    for (event, count) in [("SE-1", 600), ("SE-2", 3), ("SE-3", 5), ("SE-4", 4)] {
        write_log(&trial, event, count).await;
    }
    let whole: Verified = client.get("audit/log").await.unwrap();
    assert_eq!((whole.events, whole.entries, whole.broken.len()), (4, 612, 0));
    let store = trial.parts.store.as_ref();
    let log =
        store.list::<LogEntry>(Scan::of::<LogEntry>(1_000).with(vec!["SE-1".to_owned().to_value()])).await.unwrap();
    let key = |event: &str, number: i64| vec![event.to_owned().to_value(), number.to_value()];
    let mut batch = Batch::new();
    batch.put(&LogEntry { actor: "nobody".to_owned(), ..log[554].clone() });
    batch.delete::<LogEntry>(key("SE-2", 3));
    batch.delete::<Event>(vec!["SE-3".to_owned().to_value()]);
    store.commit(batch).await.unwrap();
    let broken: Verified = client.get("audit/log").await.unwrap();
    let found: Vec<_> = broken.broken.iter().map(|one| (one.event.as_str(), one.number)).collect();
    assert_eq!(found, [("SE-1", 555), ("SE-2", 3), ("SE-3", 5)]);
    let one: Verified = client.get("audit/log?event=SE-4").await.unwrap();
    assert_eq!((one.events, one.entries, one.broken.len()), (1, 4, 0));
    let one: Verified = client.get("audit/log?event=SE-2").await.unwrap();
    assert_eq!(one.broken.len(), 1);
    assert_eq!(refused(client.get::<Verified>("audit/log?event=SE-9").await).code, Code::NotFound);
}

#[tokio::test]
async fn the_status_sums_up_what_is_not_over() {
    let trial = trial().await;
    for event in ["SE-1", "SE-2"] {
        write_log(&trial, event, 1).await;
    }
    let status: Status = trial.client.get("status").await.unwrap();
    assert_eq!(status.events, EventFigures { open: 2, held: 0, overdue: 2, unanswered: 4 });
}
