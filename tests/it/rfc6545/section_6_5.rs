//! RFC 6545 §6.5: a Query is answered with a Report of what the asker may know, or denied.

use super::exchange::{Exchange, bare, message, status};
use crate::harness::report::report;

#[tokio::test(flavor = "multi_thread")]
async fn a_query_by_incident_is_answered_with_the_document() {
    let exchange = Exchange::with("peer", "").await;
    assert_eq!(exchange.post(&report("5")).await.status(), 200);
    let answer = exchange.post(&bare("Query", "5")).await;
    assert_eq!(answer.status(), 200);
    let text = answer.text();
    assert!(text.contains("MsgType=\"Report\"") && text.contains("CVE-2002-0649"), "{text}");
    let answer = exchange.post(&bare("Query", "6")).await;
    assert_eq!((answer.status(), status(&answer).as_str()), (200, "Denied CannotProcess"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_without_an_incident_is_answered_by_its_criteria() {
    let exchange = Exchange::with("peer", "").await;
    assert_eq!(exchange.post(&report("5")).await.status(), 200);
    let query = |from: &str, to: &str| {
        let whole = String::from_utf8(message("Query", "none")).unwrap().replace(from, to);
        let (start, rest) = whole.split_once("<iodef:IncidentID").unwrap();
        format!("{start}{}", rest.split_once("</iodef:IncidentID>").unwrap().1).into_bytes()
    };
    let answer = exchange.post(&query("", "")).await;
    assert!(answer.text().contains("MsgType=\"Report\""), "{}", answer.text());
    let answer = exchange.post(&query("CVE-2002-0649", "CVE-1999-0001")).await;
    assert_eq!((answer.status(), status(&answer).as_str()), (200, "Denied CannotProcess"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_a_person_must_decide_is_answered_202_and_the_report_is_a_callback() {
    let exchange = Exchange::with("peer", "").await;
    let policy = exchange.dir.path().join("policy.json");
    std::fs::write(&policy, r#"{"messages": {"Query": "hold"}, "signatures": "when-present", "encryption": "never"}"#)
        .unwrap();
    exchange.node.ridd(&["peer", "change", "peer.example", "--policy", policy.to_str().unwrap()]);
    assert_eq!(exchange.post(&report("5")).await.status(), 200);
    let answer = exchange.post(&bare("Query", "5")).await;
    assert_eq!((answer.status(), answer.body.len()), (202, 0));
    let token = answer.field("rid-callback-token").unwrap().to_owned();
    let held = exchange.node.message("the held query", |message| message["verdict"] == "held").await;
    exchange.node.ridd(&["message", "approve", held["id"].as_str().unwrap()]);
    let report = &exchange.callbacks(1).await[0];
    assert_eq!(report.field("rid-callback-token"), Some(token.as_str()));
    let text = report.text();
    assert!(text.contains("MsgType=\"Report\"") && text.contains("CVE-2002-0649"), "{text}");
}
