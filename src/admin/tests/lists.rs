//! The pages of what the node has: messages, outbox, peers, systems, people, acts.

use super::pages::{get, post};
use super::{Trial, message, trial};
use crate::outbox::NewParcel;
use crate::store::Batch;
use crate::store::records::{Body, Message};

/// Files one message with these bytes.
async fn filed(trial: &Trial, text: &str, change: impl FnOnce(&mut Message)) -> String {
    let mut message = message("a.example", 3);
    change(&mut message);
    let mut batch = Batch::new();
    batch.insert(&message);
    batch.insert(&Body { id: message.id.clone(), bytes: text.as_bytes().to_vec() });
    trial.parts.store.commit(batch).await.unwrap();
    message.id.to_string()
}

const SCRIPT: &str = "<script>alert(1)</script>";
const ESCAPED: &str = "&#60;script&#62;alert(1)&#60;/script&#62;";

/// Whatever was put in comes out as text.
fn is_harmless(page: &str) {
    assert!(page.contains(ESCAPED), "{page}");
    assert!(!page.contains("<script>alert"), "{page}");
}

#[tokio::test]
async fn messages_are_listed_page_by_page() {
    let trial = trial().await;
    let empty = get(&trial, "/messages").await;
    assert!(empty.text.contains("Nothing was exchanged yet"), "{}", empty.text);
    let ids = trial.file(250).await;
    let first = get(&trial, "/messages?peer=&type=InvestigationRequest&limit=50").await;
    assert_eq!(first.status, 200);
    assert!(first.text.contains("50 shown, 250 in all; more follow"), "{}", first.text);
    assert!(first.text.contains(ids[248].as_str()) && !first.text.contains(ids[249].as_str()));
    assert!(first.text.contains("<option selected>InvestigationRequest</option>"), "{}", first.text);
    let links = || first.text.split('"').filter(|word| word.starts_with("/messages?"));
    let next = links().find(|link| link.contains("cursor=")).unwrap().replace("&#38;", "&");
    let second = get(&trial, &next).await;
    assert!(second.text.contains("33 shown, 250 in all<"), "{}", second.text);
    assert!(second.text.contains("First page"));
    let none = get(&trial, "/messages?peer=nobody.example").await;
    assert!(none.text.contains("No message fits"), "{}", none.text);
    assert_eq!(get(&trial, "/messages?lmit=5").await.status, 400);
    assert_eq!(get(&trial, "/messages?before=2003-01-25T05%3A30").await.status, 200);
}

#[tokio::test]
async fn a_message_is_shown_by_class_with_what_is_proved() {
    let trial = trial().await;
    let text = include_str!("../../../fixtures/rid/report-4k.xml");
    let proven = r#"{"encrypted":"AES-256-GCM","signatures":[{"signer":"a.example","algorithm":"pss-sha256","covers":["message"]}]}"#;
    let id = filed(&trial, text, |message| message.proven = Some(proven.to_owned())).await;
    let page = get(&trial, &format!("/messages/{id}")).await;
    for part in [
        "Two database servers scan UDP 1434 &#38; are cut off",
        "<td>the whole message</td>",
        "It was encrypted: AES-256-GCM",
        "<i>MsgType</i> Report",
        "https://www.cve.org/CVERecord?id=CVE-2002-0649",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(!page.text.contains("href=\"http"), "nothing leads out");
    let raw = get(&trial, &format!("/messages/{id}/raw")).await;
    assert_eq!((raw.text.as_str(), raw.header("content-type")), (text, "application/octet-stream"));
    assert_eq!(raw.header("content-disposition"), format!("attachment; filename=\"{id}.xml\""));
    assert_eq!(raw.header("x-content-type-options"), "nosniff");
    assert_eq!(get(&trial, &format!("/messages/{id}/plain")).await.status, 200);
    let broken = filed(&trial, "<RID>", |_| {}).await;
    assert!(get(&trial, &format!("/messages/{broken}")).await.text.contains("It cannot be shown here"));
}

#[tokio::test]
async fn what_others_wrote_is_text() {
    let trial = trial().await;
    let incident = format!("<Incident purpose=\"{ESCAPED}\"><Description>{ESCAPED}</Description></Incident>");
    let text =
        format!("<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\">{incident}{SCRIPT}</IODEF-Document>");
    let id = filed(&trial, &text, |message| {
        message.msg_type = SCRIPT.to_owned();
        message.incident_name = Some(SCRIPT.to_owned());
        message.justification = Some(SCRIPT.to_owned());
        message.payload = Some(SCRIPT.to_owned());
        message.instance = Some("\"><img src=x onerror=alert(1)>".to_owned());
        message.warnings = Some(SCRIPT.to_owned());
        message.proven = Some(serde_json::json!({ "signatures": [{ "signer": SCRIPT }] }).to_string());
    })
    .await;
    for address in ["/messages".to_owned(), format!("/messages/{id}")] {
        let page = get(&trial, &address).await;
        assert_eq!(page.status, 200, "{address}");
        is_harmless(&page.text);
        assert!(!page.text.contains("<img"), "{address}");
    }
    let asked = get(&trial, "/messages?after=&type=x&incident=%3Cscript%3E%231&direction=in").await;
    assert!(asked.text.contains("value=\"&#60;script&#62;#1\""), "{}", asked.text);
}

#[tokio::test]
async fn what_is_held_is_decided_on_its_page() {
    let trial = trial().await;
    let ids = trial.file(3).await;
    let held = format!("/messages/{}", ids[2]);
    let page = get(&trial, &held).await;
    assert!(page.text.contains("Waits for a decision") && page.text.contains("value=\"deny\""), "{}", page.text);
    let decided = post(&trial, &format!("{held}/decision"), "decision=deny&justification=Other").await;
    assert_eq!((decided.status, decided.header("location")), (303, held.as_str()));
    assert!(trial.fake.orders.lock().unwrap()[0].ends_with(": false"));
    assert_eq!(post(&trial, &format!("{held}/decision"), "decision=perhaps").await.status, 400);
    assert_eq!(get(&trial, &format!("{held}/decision")).await.status, 405);
}

#[tokio::test]
async fn parcels_are_tried_again_and_withdrawn() {
    let trial = trial().await;
    assert!(get(&trial, "/outbox").await.text.contains("Nothing waits"));
    let carried = trial.file(1).await.remove(0);
    let mut batch = Batch::new();
    let new = NewParcel::rid(&"a.example".parse().unwrap(), None, carried);
    let id = trial.parts.outbox.post(&mut batch, new).unwrap();
    trial.parts.store.commit(batch).await.unwrap();
    let list = get(&trial, "/outbox?state=&to=a.example").await;
    assert!(list.text.contains("its turn") && list.text.contains("1 shown"), "{}", list.text);
    let address = format!("/outbox/{id}");
    let cancelled = post(&trial, &format!("{address}/cancel"), "").await;
    assert_eq!((cancelled.status, cancelled.header("location")), (303, address.as_str()));
    let page = get(&trial, &address).await;
    assert!(page.text.contains(">cancelled</span>") && page.text.contains("Try now"), "{}", page.text);
    assert!(!page.text.contains("/cancel\""), "{}", page.text);
    assert_eq!(post(&trial, &format!("{address}/cancel"), "").await.status, 409);
    assert_eq!(post(&trial, &format!("{address}/retry"), "").await.status, 303);
    assert!(get(&trial, &address).await.text.contains(">waiting</span>"));
}
