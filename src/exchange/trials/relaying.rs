//! Several nodes: a data call goes down, the answers come back up the same path.

use std::collections::HashMap;

use bytes::Bytes;

use super::network::{Node, carry_all, document, message, name, opened, peer, status};
use crate::envelope::{Justification, Source};
use crate::exchange::{Decision, Sending};
use crate::peers::{MsgType, Relation};
use crate::store::records::{Request, RequestState};

/// An authority, a department and its two units.
fn four() -> HashMap<&'static str, Node> {
    let department = || peer("department.example", Relation::Parent, None);
    HashMap::from([
        ("authority.example", Node::new("authority.example", vec![peer("department.example", Relation::Peer, None)])),
        (
            "department.example",
            Node::new(
                "department.example",
                vec![
                    peer("authority.example", Relation::Authority, None),
                    peer("unit-a.example", Relation::Unit, Some("192.0.2.0/25")),
                    peer("unit-b.example", Relation::Unit, Some("192.0.2.128/25")),
                ],
            ),
        ),
        ("unit-a.example", Node::new("unit-a.example", vec![department()])),
        ("unit-b.example", Node::new("unit-b.example", vec![department()])),
    ])
}

fn sending(to: &str, msg_type: MsgType, document: Bytes) -> Sending {
    Sending {
        to: Some(name(to)),
        document,
        msg_type: Some(msg_type),
        source_of_incident: None,
        answers: None,
        source: Source { found: false, addresses: Vec::new() },
        readers: Vec::new(),
    }
}

async fn send(node: &Node, to: &str, msg_type: MsgType, purpose: &str) {
    let document = document("1", purpose, "need-to-know");
    node.exchange.send(sending(to, msg_type, document), "officer").await.unwrap();
}

#[tokio::test]
async fn a_data_call_reaches_all_units_and_their_results_come_back() {
    let nodes = four();
    send(&nodes["authority.example"], "department.example", MsgType::InvestigationRequest, "mitigation").await;
    carry_all(&nodes).await;
    let department = &nodes["department.example"];
    let mut instances: Vec<_> = department.all::<Request>().await;
    instances.sort_by(|a, b| a.instance.cmp(&b.instance));
    let instances: Vec<_> = instances.iter().map(|r| (r.peer.as_str(), r.instance.clone().unwrap())).collect();
    assert_eq!(
        instances,
        [("authority.example", "1".to_owned()), ("unit-a.example", "2".to_owned()), ("unit-b.example", "3".to_owned())]
    );
    for unit in ["unit-a.example", "unit-b.example"] {
        let request = &nodes[unit].all::<Request>().await[0];
        assert_eq!((request.state, request.open), (RequestState::Approved, true));
        send(&nodes[unit], "department.example", MsgType::Result, "mitigation").await;
        carry_all(&nodes).await;
    }
    let journal = nodes["authority.example"].journal().await;
    assert_eq!(
        journal,
        [
            "out department.example InvestigationRequest-1 sent",
            "in department.example Acknowledgement-1 Approved accepted",
            "in department.example Report-1 accepted",
            "in department.example Result-1 accepted",
        ]
    );
    let asked = &nodes["authority.example"].all::<Request>().await[0];
    assert_eq!((asked.state, asked.open), (RequestState::Completed, false));
    assert!(department.all::<Request>().await.iter().all(|request| !request.open));
}

#[tokio::test]
async fn rfc6545_6_1_the_path_is_recorded_and_nothing_else_changes() {
    let nodes = four();
    let body = message(MsgType::Report, "1", None, "mitigation");
    let before = String::from_utf8(body.to_vec()).unwrap();
    nodes["department.example"].post("authority.example", body, None).await;
    let parcels = nodes["department.example"].waiting().await;
    assert_eq!(parcels.len(), 2);
    for parcel in parcels {
        let sent = nodes["department.example"].load(&parcel).await.bytes;
        let relayed = opened(&sent);
        assert_eq!(relayed.content().type_word, "InvestigationRequest");
        assert_eq!(relayed.content().payload.as_ref().unwrap().gist.path, ["department.example"]);
        let text = String::from_utf8(sent.to_vec()).unwrap();
        let (start, rest) = text.split_once("<EventData").unwrap();
        let end = rest.split_once("</EventData>").unwrap().1;
        let document = |text: &str| text[text.find("<IODEF-Document").unwrap()..].to_owned();
        let after = format!("{}{end}", document(start));
        let payload = |text: &str| text[..text.find("</IODEF-Document>").unwrap()].to_owned();
        assert_eq!(payload(&after), payload(&document(&before)));
    }
}

#[tokio::test]
async fn a_report_that_answers_a_relayed_report_goes_back_as_a_report() {
    let nodes = four();
    send(&nodes["authority.example"], "department.example", MsgType::Report, "mitigation").await;
    carry_all(&nodes).await;
    send(&nodes["unit-a.example"], "department.example", MsgType::Result, "mitigation").await;
    carry_all(&nodes).await;
    let journal = nodes["authority.example"].journal().await;
    assert_eq!(journal.last().unwrap(), "in department.example Report accepted");
}

#[tokio::test]
async fn rfc6545_6_2_a_denial_by_all_goes_back_to_where_the_request_came_from() {
    let mut nodes = four();
    for unit in ["unit-a.example", "unit-b.example"] {
        let mut department = peer("department.example", Relation::Parent, None);
        department.policy = Some(r#"{"messages":{"InvestigationRequest":"hold"}}"#.to_owned());
        nodes.insert(unit, Node::new(unit, vec![department]));
    }
    send(&nodes["authority.example"], "department.example", MsgType::InvestigationRequest, "mitigation").await;
    carry_all(&nodes).await;
    for (unit, open) in [("unit-a.example", true), ("unit-b.example", false)] {
        let held = nodes[unit].all::<Request>().await[0].message.clone();
        let deny = Decision::Deny(Justification::CannotProcess);
        nodes[unit].exchange.decide(&held, deny, "officer").await.unwrap();
        carry_all(&nodes).await;
        assert_eq!(nodes["authority.example"].all::<Request>().await[0].open, open, "{unit}");
    }
    let journal = nodes["authority.example"].journal().await;
    assert_eq!(journal.last().unwrap(), "in department.example Acknowledgement-1 Denied accepted");
}

#[tokio::test]
async fn rfc6545_5_1_a_request_for_the_source_goes_to_the_longest_prefix_only() {
    let nodes = four();
    let document = document("1", "traceback", "need-to-know");
    let order = Sending {
        source_of_incident: Some("192.0.2.200".parse().unwrap()),
        ..sending("department.example", MsgType::InvestigationRequest, document)
    };
    nodes["authority.example"].exchange.send(order, "officer").await.unwrap();
    carry_all(&nodes).await;
    assert_eq!(nodes["unit-a.example"].journal().await, Vec::<String>::new());
    assert_eq!(nodes["unit-b.example"].journal().await[0], "in department.example InvestigationRequest-2 accepted");
}

#[tokio::test]
async fn rfc6545_6_1_a_request_that_comes_round_is_denied_and_the_originator_is_told() {
    let peers = vec![
        peer("authority.example", Relation::Authority, None),
        peer("origin.example", Relation::Peer, None),
        peer("unit.example", Relation::Unit, None),
    ];
    let node = Node::new("us.example", peers);
    let path = |name: &str| {
        format!(
            "<EventData><Flow><System category=\"infrastructure\"><Node><DomainData system-status=\"unknown\" \
             domain-status=\"unknown\"><Name>{name}</Name></DomainData></Node></System></Flow></EventData>"
        )
    };
    let body =
        String::from_utf8(message(MsgType::InvestigationRequest, "1", Some("4"), "mitigation").to_vec()).unwrap();
    let body = body.replace("</Contact>", &format!("</Contact>{}{}", path("origin.example"), path("us.example")));
    let answer = node.post("authority.example", body.into(), None).await;
    assert_eq!((answer.status, status(&answer.body).as_str()), (200, "Denied Other"));
    let parcels = node.waiting().await;
    assert_eq!(parcels.len(), 1, "nothing is relayed");
    assert_eq!(parcels[0].recipient, "origin.example");
    assert_eq!(status(&node.load(&parcels[0]).await.bytes), "Denied Other");
}

#[tokio::test]
async fn rfc6545_6_1_the_same_instance_from_another_peer_is_denied() {
    let peers =
        vec![peer("authority.example", Relation::Authority, None), peer("parent.example", Relation::Parent, None)];
    let node = Node::new("us.example", peers);
    let body = message(MsgType::InvestigationRequest, "1", Some("4"), "mitigation");
    assert_eq!(node.post("authority.example", body.clone(), None).await.status, 202);
    let answer = node.post("parent.example", body, None).await;
    assert_eq!((answer.status, status(&answer.body).as_str()), (200, "Denied Other"));
}
