//! What comes back in HTTP responses, and what is given up: RFC 6546 §3.

use bytes::Bytes;

use super::network::{Node, bytes_of, document, draft, message, name, opened, peer};
use crate::envelope::{AuthorizationStatus, Draft, Justification, RequestStatus, Source};
use crate::exchange::Sending;
use crate::ids::{CallbackToken, IncidentName};
use crate::outbox::{Replies, Reply};
use crate::peers::{MsgType, Relation};
use crate::store::records::{Message, Parcel, Request, RequestState, Verdict};

fn node() -> Node {
    Node::new("us.example", vec![peer("beside.example", Relation::Peer, None)])
}

fn reply(status: u16, body: Bytes) -> Reply {
    Reply { status, token: None, body, remote: None, note: None }
}

fn acknowledgement(id: &str, authorization: AuthorizationStatus) -> Bytes {
    let denied = authorization == AuthorizationStatus::Denied;
    let justification = denied.then_some(Justification::CannotProcess);
    let status = Some(RequestStatus { authorization, justification });
    bytes_of(&Draft { status, ..draft(MsgType::Acknowledgement, id, None) })
}

/// A node that has sent a message of that type, and its parcel.
async fn sent(msg_type: MsgType) -> (Node, Parcel) {
    let node = node();
    if msg_type == MsgType::Query {
        let incident = IncidentName { name: "csirt.example".to_owned(), id: "1".to_owned() };
        node.exchange.query(&name("beside.example"), incident, None, "officer").await.unwrap();
    } else {
        let sending = Sending {
            to: Some(name("beside.example")),
            document: document("1", "reporting", "need-to-know"),
            msg_type: Some(msg_type),
            source_of_incident: None,
            answers: None,
            source: Source::default(),
            readers: Vec::new(),
        };
        node.exchange.send(sending, "officer").await.unwrap();
    }
    let parcel = node.waiting().await.remove(0);
    (node, parcel)
}

async fn improper(node: &Node) -> Vec<String> {
    let messages = node.all::<Message>().await;
    let kept = messages.into_iter().filter(|message| message.verdict == Verdict::Improper);
    kept.map(|message| message.warnings.unwrap()).collect()
}

#[tokio::test]
async fn rfc6546_table_1_replies_that_are_allowed_are_entered() {
    for (msg_type, reply_type) in [
        (MsgType::InvestigationRequest, MsgType::Result),
        (MsgType::TraceRequest, MsgType::Report),
        (MsgType::Query, MsgType::Report),
    ] {
        let (node, parcel) = sent(msg_type).await;
        let instance = parcel_instance(&node).await;
        let body = message(reply_type, "1", instance.as_deref(), "reporting");
        node.delivered(&parcel, reply(200, body)).await;
        assert_eq!(improper(&node).await, Vec::<String>::new(), "{msg_type}");
        assert_eq!(node.all::<Message>().await.len(), 2);
    }
}

async fn parcel_instance(node: &Node) -> Option<String> {
    node.all::<Request>().await.pop().and_then(|request| request.instance)
}

#[tokio::test]
async fn a_202_gives_the_token_and_the_callback_is_matched_by_it() {
    let (node, parcel) = sent(MsgType::InvestigationRequest).await;
    let token: CallbackToken = "t-1".parse().unwrap();
    node.delivered(&parcel, Reply { token: Some(token.clone()), ..reply(202, Bytes::new()) }).await;
    assert_eq!(node.all::<Request>().await[0].token, Some(token.clone()));
    let answer =
        node.post("beside.example", acknowledgement("1", AuthorizationStatus::Pending), Some(token.clone())).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(node.all::<Request>().await[0].state, RequestState::Pending);
    let result = message(MsgType::Result, "1", Some("1"), "reporting");
    let answer = node.post("beside.example", result, Some(token)).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let request = &node.all::<Request>().await[0];
    assert_eq!((request.state, request.open), (RequestState::Completed, false));
}

#[tokio::test]
async fn a_callback_that_overtakes_its_202_is_matched_by_incident_and_instance() {
    let (node, parcel) = sent(MsgType::InvestigationRequest).await;
    let token: CallbackToken = "t-1".parse().unwrap();
    let status = Some(RequestStatus { authorization: AuthorizationStatus::Approved, justification: None });
    let early = bytes_of(&Draft { status, ..draft(MsgType::Acknowledgement, "1", Some("1")) });
    assert_eq!(node.post("beside.example", early, Some(token.clone())).await.status, 200);
    node.delivered(&parcel, Reply { token: Some(token.clone()), ..reply(202, Bytes::new()) }).await;
    let request = &node.all::<Request>().await[0];
    assert_eq!((request.state, request.token.as_ref()), (RequestState::Approved, Some(&token)));
}

#[tokio::test]
async fn rfc6546_3_improper_responses_are_kept_for_the_administrator() {
    let report = message(MsgType::Report, "1", None, "reporting");
    let query = bytes_of(&draft(MsgType::Query, "1", None));
    let cases = [
        (MsgType::Report, reply(200, query), "Query is not a reply"),
        (MsgType::Report, reply(200, report), "Report is not a reply"),
        (MsgType::Report, reply(200, Bytes::from_static(b"<html>")), "cannot be opened"),
        (MsgType::Report, reply(202, Bytes::new()), "status 202"),
        (MsgType::Query, reply(200, Bytes::new()), "asks for a reply"),
        (MsgType::Query, reply(202, Bytes::new()), "without a RID-Callback-Token"),
        (MsgType::Query, reply(202, Bytes::from_static(b"x")), "must be empty"),
        (MsgType::Report, reply(200, acknowledgement("2", AuthorizationStatus::Approved)), "about csirt.example#2"),
    ];
    for (msg_type, reply, expected) in cases {
        let (node, parcel) = sent(msg_type).await;
        node.delivered(&parcel, reply).await;
        let kept = improper(&node).await;
        assert!(kept.len() == 1 && kept[0].contains(expected), "{expected}: {kept:?}");
    }
}

#[tokio::test]
async fn a_report_that_the_peer_denies_is_shown_as_denied() {
    for status in [200, 400] {
        let (node, parcel) = sent(MsgType::Report).await;
        node.delivered(&parcel, reply(status, acknowledgement("1", AuthorizationStatus::Denied))).await;
        let report = node.all::<Message>().await.into_iter().find(|message| message.msg_type == "Report").unwrap();
        assert_eq!((report.verdict, report.justification.as_deref()), (Verdict::Denied, Some("CannotProcess")));
    }
}

#[tokio::test]
async fn adr_4_a_token_refused_twice_sends_the_outcome_as_a_report() {
    let authority = peer("authority.example", Relation::Authority, None);
    let node = Node::new("us.example", vec![authority]);
    let request = message(MsgType::InvestigationRequest, "1", Some("9"), "mitigation");
    let token = node.post("authority.example", request, None).await.token;
    let sending = Sending {
        to: Some(name("authority.example")),
        document: document("1", "mitigation", "need-to-know"),
        msg_type: Some(MsgType::Result),
        source_of_incident: None,
        answers: None,
        source: Source::default(),
        readers: Vec::new(),
    };
    let result = node.exchange.send(sending, "officer").await.unwrap();
    assert_eq!(result.token, token);
    for refusal in 1..=2 {
        let parcels = node.waiting().await;
        let parcel = parcels.iter().rfind(|parcel| parcel.message.as_ref() == Some(&result.id)).unwrap();
        let load = node.load(parcel).await;
        let mut batch = node.exchange.given_up(&load, None, "refused: 409").await.unwrap().batch;
        batch.delete::<Parcel>(vec![crate::store::Column::to_value(&parcel.id)]);
        node.store.commit(batch).await.unwrap();
        let last = node.waiting().await.pop().unwrap();
        let next = opened(&node.load(&last).await.bytes);
        let (kind, with_token) = if refusal == 1 { ("Result", true) } else { ("Report", false) };
        assert_eq!((next.content().type_word.as_str(), last.token.is_some()), (kind, with_token));
        assert_eq!(next.content().incident.clone().unwrap().instance.as_deref(), Some("9"));
    }
}
