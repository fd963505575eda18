//! One node and what it answers: RFC 6546 Table 1, once, rights, limits.

use std::time::Duration;

use bytes::Bytes;

use super::network::{NOW, Node, bytes_of, draft, message, opened, peer, status};
use crate::envelope::{AuthorizationStatus, Draft, Justification, RequestStatus};
use crate::exchange::{ApprovedRequests, Config, Decision};
use crate::ids::CallbackToken;
use crate::peers::{MsgType, Relation};
use crate::routing;
use crate::store::records::{Body, Direction, Message, Once, Request, RequestState, Verdict};

fn node() -> Node {
    Node::new(
        "us.example",
        vec![peer("authority.example", Relation::Authority, None), peer("beside.example", Relation::Peer, None)],
    )
}

#[tokio::test]
async fn rfc6546_table_1_a_report_is_filed_and_acknowledged() {
    let node = node();
    let body = message(MsgType::Report, "1", None, "reporting");
    let answer = node.post("beside.example", body.clone(), None).await;
    assert_eq!((answer.status, status(&answer.body).as_str()), (200, "Approved"));
    let id = opened(&answer.body).content().incident.clone().unwrap();
    assert_eq!(id.incident.to_string(), "csirt.example#1");
    let messages = node.all::<Message>().await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].restriction.as_deref(), Some("need-to-know"));
    assert_eq!(node.all::<Body>().await[0].bytes, body);
    let incident = &node.all::<crate::store::records::Incident>().await[0];
    assert_eq!((incident.title.as_deref(), incident.purpose.as_deref()), (Some("worm on 1434/udp"), Some("reporting")));
}

#[tokio::test]
async fn rfc6546_table_1_a_report_may_be_answered_with_nothing() {
    let config = Config { acknowledge_reports: false, ..Config::default() };
    let peers = vec![peer("beside.example", Relation::Peer, None)];
    let node = Node::with("us.example", peers, config, routing::Config::default());
    let answer = node.post("beside.example", message(MsgType::Report, "1", None, "reporting"), None).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[tokio::test]
async fn rfc6546_3_the_same_message_again_is_acknowledged_again_and_filed_once() {
    let node = node();
    for body in [
        message(MsgType::Report, "1", None, "reporting"),
        message(MsgType::InvestigationRequest, "1", Some("7"), "mitigation"),
    ] {
        let before = node.all::<Message>().await.len();
        let first = node.post("authority.example", body.clone(), None).await;
        let filed = node.all::<Message>().await.len();
        assert!(filed > before);
        assert_eq!(node.post("authority.example", body, None).await, first);
        assert_eq!(node.all::<Message>().await.len(), filed);
    }
    assert_eq!(node.all::<Once>().await.len(), 2);
    let other = node.post("beside.example", message(MsgType::Report, "1", None, "reporting"), None).await;
    assert_eq!(other.status, 200);
    assert_eq!(node.all::<Once>().await.len(), 3, "the same bytes of another peer are another message");
}

#[tokio::test]
async fn rfc6546_3_an_improper_message_is_4xx_with_a_denied_acknowledgement() {
    let node = node();
    for body in ["<RID", "<RID/>", "<!DOCTYPE a><a/>", ""] {
        let answer = node.post("beside.example", Bytes::from(body), None).await;
        assert_eq!((answer.status, status(&answer.body).as_str()), (400, "Denied UnrecognizedFormat"), "{body}");
    }
    let unknown = bytes_of(&draft(MsgType::Report, "1", None));
    let unknown = String::from_utf8(unknown.to_vec()).unwrap();
    let unknown = unknown.replace("MsgType=\"Report\"", "MsgType=\"ext-value\" ext-MsgType=\"Gossip\"");
    let answer = node.post("beside.example", unknown.into(), None).await;
    assert_eq!((answer.status, status(&answer.body).as_str()), (400, "Denied UnrecognizedFormat"));
    assert_eq!(node.all::<Message>().await.len(), 0);
}

#[tokio::test]
async fn rfc6546_3_a_request_whose_outcome_comes_later_is_202_with_a_token_and_an_empty_body() {
    let node = node();
    let body = message(MsgType::InvestigationRequest, "1", Some("7"), "mitigation");
    let answer = node.post("authority.example", body, None).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let request = &node.all::<Request>().await[0];
    assert_eq!(request.token, answer.token);
    assert_eq!(request.address.as_deref(), Some("127.0.0.1:4590"));
    assert_eq!((request.state, request.open), (RequestState::Approved, true));
    let parcels = node.waiting().await;
    assert_eq!(parcels[0].token, answer.token);
    assert_eq!(status(&node.load(&parcels[0]).await.bytes), "Approved");
}

#[tokio::test]
async fn rfc6546_table_1_a_request_may_be_answered_at_once() {
    let config = Config { approved_requests: ApprovedRequests::AtOnce, ..Config::default() };
    let peers = vec![peer("authority.example", Relation::Authority, None)];
    let node = Node::with("us.example", peers, config, routing::Config::default());
    let body = message(MsgType::TraceRequest, "1", Some("7"), "traceback");
    let answer = node.post("authority.example", body, None).await;
    assert_eq!((answer.status, status(&answer.body).as_str()), (200, "Approved"));
    assert_eq!(opened(&answer.body).content().incident.clone().unwrap().instance.as_deref(), Some("7"));
}

#[tokio::test]
async fn rfc6545_6_2_a_request_that_nobody_decides_is_pending_after_two_minutes() {
    let node = node();
    let body = message(MsgType::InvestigationRequest, "1", Some("7"), "mitigation");
    let answer = node.post("beside.example", body, None).await;
    assert_eq!(answer.status, 202);
    assert_eq!(node.all::<Message>().await[0].verdict, Verdict::Held);
    let due = NOW + Duration::from_secs(120);
    assert_eq!(node.exchange.tick(due - Duration::from_secs(1)).await, Some(due));
    assert_eq!(node.waiting().await.len(), 0);
    assert_eq!(node.exchange.tick(due).await, None);
    let parcels = node.waiting().await;
    assert_eq!((parcels.len(), status(&node.load(&parcels[0]).await.bytes).as_str()), (1, "Pending"));
    node.exchange.tick(due + Duration::from_secs(600)).await;
    assert_eq!(node.waiting().await.len(), 1, "Pending goes out once");
    let held = node.all::<Request>().await[0].message.clone();
    node.exchange.decide(&held, Decision::Approve, "officer").await.unwrap();
    let parcels = node.waiting().await;
    assert_eq!(status(&node.load(&parcels[1]).await.bytes), "Approved");
    assert_eq!(parcels[1].token, answer.token);
    assert!(node.exchange.decide(&held, Decision::Approve, "officer").await.is_err());
}

#[tokio::test]
async fn a_held_request_that_is_denied_closes_its_token() {
    let node = node();
    let body = message(MsgType::InvestigationRequest, "1", Some("7"), "mitigation");
    node.post("beside.example", body, None).await;
    let held = node.all::<Request>().await[0].message.clone();
    node.exchange.decide(&held, Decision::Deny(Justification::CannotProcess), "officer").await.unwrap();
    let request = &node.all::<Request>().await[0];
    assert_eq!((request.state, request.open), (RequestState::Denied, false));
    let parcels = node.waiting().await;
    assert_eq!(status(&node.load(&parcels[0]).await.bytes), "Denied CannotProcess");
}

#[tokio::test]
async fn what_the_rights_deny_is_filed_and_denied_with_200() {
    let mut denied = peer("beside.example", Relation::Peer, None);
    denied.policy = Some(r#"{"messages":{"Report":"deny","Result":"deny"}}"#.to_owned());
    let node = Node::new("us.example", vec![denied]);
    let answer = node.post("beside.example", message(MsgType::Report, "1", None, "reporting"), None).await;
    assert_eq!((answer.status, status(&answer.body).as_str()), (200, "Denied CannotProcess"));
    assert_eq!(node.all::<Message>().await[0].verdict, Verdict::Denied);
    let answer = node.post("beside.example", message(MsgType::Result, "1", None, "reporting"), None).await;
    assert_eq!((answer.status, status(&answer.body).as_str()), (403, "Denied CannotProcess"));
}

#[tokio::test]
async fn an_answer_to_nothing_is_refused() {
    let node = node();
    let token: CallbackToken = "made-up".parse().unwrap();
    let report = message(MsgType::Report, "1", None, "reporting");
    assert_eq!(node.post("beside.example", report, Some(token.clone())).await.status, 409);
    assert_eq!(node.post("beside.example", message(MsgType::Result, "1", None, "other"), None).await.status, 409);
    let status = Some(RequestStatus { authorization: AuthorizationStatus::Approved, justification: None });
    let acknowledgement = bytes_of(&Draft { status, ..draft(MsgType::Acknowledgement, "1", None) });
    assert_eq!(node.post("beside.example", acknowledgement, Some(token)).await.status, 409);
    let bare = bytes_of(&draft(MsgType::Acknowledgement, "1", None));
    assert_eq!(node.post("beside.example", bare, None).await.status, 400);
    assert_eq!(node.all::<Message>().await.len(), 0);
}

#[tokio::test]
async fn the_limit_of_undecided_requests_is_kept() {
    let config = Config { undecided_per_peer: 2, ..Config::default() };
    let peers = vec![peer("beside.example", Relation::Peer, None)];
    let node = Node::with("us.example", peers, config, routing::Config::default());
    for (instance, expected) in [("1", 202), ("2", 202), ("3", 200)] {
        let body = message(MsgType::InvestigationRequest, "1", Some(instance), "mitigation");
        let answer = node.post("beside.example", body, None).await;
        assert_eq!(answer.status, expected, "{instance}");
        if expected == 200 {
            assert_eq!(status(&answer.body), "Denied SystemResource");
        }
    }
    let held = node.all::<Request>().await[0].message.clone();
    node.exchange.decide(&held, Decision::Deny(Justification::Other), "officer").await.unwrap();
    let body = message(MsgType::InvestigationRequest, "1", Some("4"), "mitigation");
    assert_eq!(node.post("beside.example", body, None).await.status, 202);
}

#[tokio::test]
async fn rfc6545_6_5_a_query_returns_only_what_the_asker_may_know() {
    let node = node();
    node.post("authority.example", message(MsgType::Report, "1", None, "reporting"), None).await;
    let query = bytes_of(&draft(MsgType::Query, "1", None));
    let answer = node.post("beside.example", query.clone(), None).await;
    assert_eq!((answer.status, status(&answer.body).as_str()), (200, "Denied CannotProcess"));
    let answer = node.post("authority.example", query, None).await;
    assert_eq!(answer.status, 200);
    let report = opened(&answer.body);
    assert_eq!(report.content().type_word, "Report");
    assert_eq!(report.content().payload.as_ref().unwrap().gist.title.as_deref(), Some("worm on 1434/udp"));
    let unknown = bytes_of(&draft(MsgType::Query, "999", None));
    assert_eq!(status(&node.post("authority.example", unknown, None).await.body), "Denied CannotProcess");
    assert_eq!(node.all::<crate::store::records::Incident>().await.len(), 1, "asking makes nothing known");
    let disclosed = node.all::<Message>().await.into_iter().filter(|m| m.direction == Direction::Out).count();
    assert_eq!(disclosed, 1, "what was disclosed is on record");
}

#[tokio::test]
async fn rfc6545_6_5_several_documents_come_in_one_and_at_most_five() {
    let node = node();
    for purpose in ["reporting", "mitigation", "traceback", "watch", "other", "reporting"] {
        let instance = node.all::<Message>().await.len().to_string();
        node.post("authority.example", message(MsgType::Report, "1", Some(&instance), purpose), None).await;
    }
    let answer = node.post("authority.example", bytes_of(&draft(MsgType::Query, "1", None)), None).await;
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(body.matches("<IODEF-Document").count(), 1);
    assert_eq!(body.matches("<Incident ").count(), 5, "{body}");
}

#[tokio::test]
async fn rfc6545_6_5_a_query_without_an_incident_is_answered_by_its_criteria() {
    let node = node();
    let with = |id: &str, event: &str| {
        let body = String::from_utf8(message(MsgType::Report, id, None, "reporting").to_vec()).unwrap();
        Bytes::from(body.replace("</Contact>", &format!("</Contact>{event}")))
    };
    let system = |address: &str| {
        format!(
            "<EventData><Flow><System category=\"source\"><Node><Address category=\"ipv4-addr\">{address}</Address>\
             </Node></System></Flow></EventData>"
        )
    };
    for (id, address) in [("1", "192.0.2.7"), ("2", "198.51.100.7"), ("3", "192.0.2.8")] {
        assert_eq!(node.post("authority.example", with(id, &system(address)), None).await.status, 200);
    }
    let query = String::from_utf8(with("9", &system("192.0.2.0/24")).to_vec()).unwrap();
    let query = query.replace("ipv4-addr\">192.0.2.0", "ipv4-net\">192.0.2.0").replace("\"Report\"", "\"Query\"");
    let start = query.find("<iodef:IncidentID").unwrap();
    let end = query.find("</iodef:IncidentID>").unwrap() + "</iodef:IncidentID>".len();
    let query = Bytes::from(format!("{}{}", &query[..start], &query[end..]));
    let answer = node.post("authority.example", query.clone(), None).await;
    assert_eq!(answer.status, 200);
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!((body.matches("<Incident ").count(), body.contains("198.51.100.7")), (2, false), "{body}");
    let answer = node.post("beside.example", query, None).await;
    assert_eq!(status(&answer.body), "Denied CannotProcess");
}

#[tokio::test]
async fn why_a_message_cannot_be_opened_tells_nothing_of_its_content() {
    let body = String::from_utf8(message(MsgType::Report, "1", None, "reporting").to_vec()).unwrap();
    for spoilt in [
        body.replace("2003-01-25T05:30:00Z", "s3cret"),
        body.replace("purpose=\"reporting\"", "purpose=\"s3cret\""),
        body.replace("<Description>", "<s3cret>"),
    ] {
        let unopened = super::network::envelopes().open(&"beside.example".parse().unwrap(), spoilt.into());
        let unopened = unopened.unwrap_err();
        assert!(!unopened.to_string().contains("s3cret"), "{unopened}");
        assert!(unopened.incident.is_some() || unopened.fault == crate::envelope::Fault::Malformed, "{unopened}");
    }
}
