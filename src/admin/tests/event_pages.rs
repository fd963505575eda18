//! The pages of significant events as a browser gets them: what they show to whom, what their forms do, and that no text of
//! others becomes markup.

use http_body_util::BodyExt;
use hyper::Request;
use serde_json::json;
use tokio::net::UnixStream;

use super::super::api::operators::OperatorView;
use super::super::with_parameters;
use super::Trial;
use super::desk::{EVENT, UNIT};
use super::operators::{ANN, as_root, become_user, trial};
use super::pages::{Answer, get, post};
use crate::clock::Timestamp;
use crate::coordination::decide::Command;
use crate::coordination::wire::Target;
use crate::store::Batch;
use crate::store::records::{Event, EventRole, EventState};

/// What nobody may get to run on a page.
const EVIL: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>";

async fn become_operator(trial: &Trial, role: &str, unit: Option<&str>) {
    let order = json!({ "user": ANN, "name": "ann", "role": role, "unit": unit });
    as_root(trial.client.post::<OperatorView>("operators", &order)).await.unwrap();
    become_user(ANN);
}

/// Opens the desk's event under that title, and files its row as the service would.
async fn open(trial: &Trial, title: &str, state: EventState) {
    let order = json!({ "document": "<x/>", "title": title });
    let _: serde_json::Value = as_root(trial.client.post("events", &order)).await.unwrap();
    let mut batch = Batch::new();
    batch.put(&Event {
        id: EVENT.parse().unwrap(),
        state,
        role: EventRole::Department,
        drill: false,
        title: title.to_owned(),
        severity: None,
        source: None,
        issued: Timestamp::parse("2003-01-25T05:30:00Z").unwrap(),
        opened: Timestamp::default(),
        changed: Timestamp::default(),
        head: 1,
        watched: false,
        due: None,
        overdue: Some(0),
        unanswered: Some(0),
    });
    trial.parts.store.commit(batch).await.unwrap();
}

fn form(fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, Some((*value).to_owned()))).collect();
    with_parameters("", &fields).trim_start_matches('?').to_owned()
}

async fn order(trial: &Trial, page: &str, fields: &[(&str, &str)]) -> Answer {
    post(trial, &format!("/events/{EVENT}{page}"), &form(fields)).await
}

fn field(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_officer_walks_an_event_by_its_forms() {
    let trial = trial().await;
    become_operator(&trial, "officer", None).await;
    open(&trial, "Worm", EventState::Open).await;
    let identified = order(&trial, "", &[("order", "identify")]).await;
    assert_eq!((identified.status, identified.header("location")), (303, &*format!("/events/{EVENT}")));
    let now = get(&trial, "/").await;
    assert!(now.text.contains("1 open") && now.text.contains(UNIT) && now.text.contains("0/2 "), "{}", now.text);

    let page = get(&trial, &format!("/events/{EVENT}/alert")).await.text;
    let seen = field(&page, "seen");
    let prevent = "block UDP 1434\nat the border\n\nfilter it";
    let edit = [("order", "edit"), ("seen", &*seen), ("title", "Worm"), ("prevent", prevent), ("patches", "MS02-039")];
    assert_eq!(order(&trial, "/alert", &edit).await.status, 303);
    let unseen = order(&trial, "/alert", &[("order", "approve"), ("seen", &*seen)]).await;
    assert!(unseen.status == 409 && unseen.text.contains("somebody else has changed the draft"), "{}", unseen.text);
    let page = get(&trial, &format!("/events/{EVENT}/alert")).await.text;
    assert!(page.contains("block UDP 1434\nat the border\n\nfilter it"), "{page}");
    assert_eq!(order(&trial, "/alert", &[("order", "approve"), ("seen", &*field(&page, "seen"))]).await.status, 303);
    assert_eq!(order(&trial, "/alert", &[("order", "issue")]).await.status, 303);

    let unit = format!("/units/{UNIT}");
    assert_eq!(
        order(&trial, &unit, &[("order", "corrected"), ("system", "sql1"), ("evidence", "by hand")]).await.status,
        303
    );
    let page = get(&trial, &format!("/events/{EVENT}{unit}")).await.text;
    assert!(page.contains("1 of 2 corrected") && page.contains("by hand"), "{page}");
    assert!(!page.contains("value=\"waive\""), "an officer may not waive");
    for (page, words) in [
        ("notices", "Answer by code"),
        ("evidence", "Corrected at rid.unit1.example"),
        ("log", "The alert was approved."),
        ("report", "<svg"),
        (&*format!("alert/{UNIT}"), "cannot be read as an alert"),
    ] {
        let answer = get(&trial, &format!("/events/{EVENT}/{page}")).await;
        assert!(answer.status == 200 && answer.text.contains(words), "{page}: {}", answer.text);
    }
    let report = get(&trial, &format!("/events/{EVENT}/report.md")).await;
    assert_eq!(report.header("content-disposition"), format!("attachment; filename=\"{EVENT}.md\""));
}

#[tokio::test]
async fn forms_are_for_roles_that_may_and_units_see_themselves() {
    let trial = trial().await;
    open(&trial, "Worm", EventState::Open).await;
    trial.desk.identify_units();
    become_operator(&trial, "viewer", None).await;
    let page = get(&trial, &format!("/events/{EVENT}")).await.text;
    assert!(!page.contains("<form"), "{page}");
    for (page, fields) in [
        ("", &[("order", "note"), ("text", "hello")][..]),
        ("", &[("order", "confirm")]),
        ("/alert", &[("order", "issue")]),
        (&*format!("/units/{UNIT}"), &[("order", "corrected"), ("system", "sql1")]),
    ] {
        let refused = order(&trial, page, fields).await;
        assert!(refused.status == 403 && refused.text.contains("has not the right"), "{page}: {}", refused.text);
    }
    become_operator(&trial, "unit-contact", Some(UNIT)).await;
    let page = get(&trial, &format!("/events/{EVENT}")).await.text;
    assert!(page.contains(UNIT) && !page.contains(super::desk::OTHER), "{page}");
    assert_eq!(get(&trial, &format!("/events/{EVENT}/units/{}", super::desk::OTHER)).await.status, 404);
    assert_eq!(get(&trial, &format!("/events/{EVENT}/log")).await.status, 403);
    let unknown = order(&trial, "", &[("order", "explode")]).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn no_text_of_others_becomes_markup() {
    let trial = trial().await;
    open(&trial, EVIL, EventState::Open).await;
    let systems = vec![Target { name: EVIL.to_owned(), ..Target::default() }];
    let affected = [(EVIL.to_owned(), systems)].into();
    trial.desk.command(Command::Identify { affected, of: None }, EVIL).unwrap();
    trial.desk.command(Command::Note(EVIL.to_owned()), EVIL).unwrap();
    let except = Command::Except { system: EVIL.to_owned(), why: EVIL.to_owned(), only: None };
    trial.desk.command(except, EVIL).unwrap();
    let unit = super::super::path([EVIL]);
    for page in ["", "/alert", "/notices", "/evidence", "/log", "/report", &format!("/units/{unit}")] {
        let answer = get(&trial, &format!("/events/{EVENT}{page}")).await;
        assert_eq!(answer.status, 200, "{page}");
        assert_harmless(page, &answer.text);
    }
    for page in ["/", "/events"] {
        assert_harmless(page, &get(&trial, page).await.text);
    }
    let answer = order(&trial, "", &[("order", EVIL)]).await;
    assert_harmless("a problem", &answer.text);
}

fn assert_harmless(page: &str, text: &str) {
    assert!(text.contains("alert(1)"), "{page} does not show it: {text}");
    for bad in ["<script>alert", "<img", "\"><"] {
        let shown = text.replace("\"></div>", "").replace("\"></time>", "").replace("\"></script>", "");
        let found = match bad {
            // Every tag of ours that ends in a quoted attribute looks so; only theirs is followed by an image.
            "\"><" => shown.contains("\"><img"),
            bad => shown.contains(bad),
        };
        assert!(!found, "{page}: {bad}");
    }
}

#[tokio::test]
async fn now_says_when_nothing_is_open_and_offers_what_waits() {
    let trial = trial().await;
    assert!(get(&trial, "/").await.text.contains("No significant event is open"));
    open(&trial, "Worm", EventState::Held).await;
    let page = get(&trial, "/").await.text;
    assert!(page.contains("Waiting to be opened") && page.contains("value=\"release\""), "{page}");
    open(&trial, "Worm", EventState::Closed).await;
    let page = get(&trial, "/").await.text;
    assert!(page.contains("The last one: <a href=\"/events/SE-2003-01-25-1\">Worm</a>, closed"), "{page}");
    assert!(get(&trial, "/events?state=open").await.text.contains("There is no such event"));
    assert_eq!(get(&trial, "/events?state=odd").await.status, 400);
}

#[tokio::test]
async fn open_pages_are_told_what_changes() {
    let trial = trial().await;
    open(&trial, "Worm", EventState::Open).await;
    let stream = UnixStream::connect(trial.client.socket()).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, String>(io).await.unwrap();
    tokio::spawn(connection);
    let ask = Request::get("/live").header("host", "x").body(String::new()).unwrap();
    let mut answer = sender.send_request(ask).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let body = answer.body_mut();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "retry: 3000\n\n");
    trial.desk.command(Command::Note("news".to_owned()), "officer").unwrap();
    let told = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(told, format!("event: changed\ndata: {{\"event\":\"{EVENT}\"}}\n\n"));
    trial.stop.send(true).unwrap();
    assert!(body.frame().await.is_none(), "the stream ends with the node");
}
