//! A peer whose policy says IODEF 1.0: what we put together for it holds nothing else, what is others' stays as it is.

use bytes::Bytes;

use super::network::{Node, bytes_of, document, draft, message, name, opened, peer, status};
use crate::envelope::{Carried, Draft, Source, Standard};
use crate::exchange::Sending;
use crate::peers::{IodefVersion, MsgType, Peer, Policy, Relation};
use crate::store::records::{Direction, Message};

/// The peer, which takes only 1.0.
fn old(relation: Relation) -> Peer {
    let policy = Policy { iodef: IodefVersion::V1, ..Policy::default() };
    Peer { policy: policy.write(), ..peer("old.example", relation, None) }
}

/// A Report in IODEF 1.0 about that incident.
fn report_1(id: &str) -> Bytes {
    let bytes = format!(
        "<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-1.0\" version=\"1.00\" lang=\"en\">\
         <Incident purpose=\"reporting\" restriction=\"need-to-know\">\
         <IncidentID name=\"csirt.example\">{id}</IncidentID><ReportTime>2003-01-25T05:30:00Z</ReportTime>\
         <Description>worm, as told in 1.0</Description><Assessment><Impact lang=\"en\" type=\"dos\"/></Assessment>\
         <Contact role=\"creator\" type=\"organization\"><ContactName>CSIRT</ContactName></Contact>\
         </Incident></IODEF-Document>"
    );
    let payload = Some(Carried {
        standard: Standard::Iodef1,
        bytes: bytes.into(),
        namespaces: Vec::new(),
        signatures: Vec::new(),
    });
    bytes_of(&Draft { payload, ..draft(MsgType::Report, id, Some("1")) })
}

#[tokio::test]
async fn a_peer_that_takes_1_0_gets_no_other_in_an_answer() {
    let node = Node::new("us.example", vec![old(Relation::Peer)]);
    assert_eq!(node.post("old.example", report_1("1"), None).await.status, 200);
    // The newest is in 2.0, and for incident 2 there is nothing else.
    for id in ["1", "2"] {
        let report = message(MsgType::Report, id, Some("2"), "reporting");
        assert_eq!(node.post("old.example", report, None).await.status, 200);
    }
    let answer = node.post("old.example", bytes_of(&draft(MsgType::Query, "1", None)), None).await;
    let report = opened(&answer.body);
    let payload = report.content().payload.as_ref().unwrap();
    assert_eq!((&payload.standard, payload.gist.title.as_deref()), (&Standard::Iodef1, Some("worm, as told in 1.0")));
    let answer = node.post("old.example", bytes_of(&draft(MsgType::Query, "2", None)), None).await;
    assert_eq!(status(&answer.body), "Denied CannotProcess");
    let denied = node.all::<Message>().await.into_iter().rfind(|message| message.justification.is_some()).unwrap();
    assert!(denied.warnings.as_deref().unwrap().contains("ridd peer change old.example --iodef 2.0"), "{denied:?}");
}

#[tokio::test]
async fn what_others_wrote_goes_on_as_it_is_with_a_warning() {
    let authority = peer("authority.example", Relation::Authority, None);
    let node = Node::new("us.example", vec![authority, old(Relation::Unit), peer("new.example", Relation::Unit, None)]);
    let call = message(MsgType::InvestigationRequest, "1", Some("1"), "mitigation");
    node.post("authority.example", call, None).await;
    let sending = Sending {
        to: Some(name("old.example")),
        document: document("2", "reporting", "public"),
        msg_type: None,
        source_of_incident: None,
        answers: None,
        source: Source::default(),
        readers: Vec::new(),
    };
    node.exchange.send(sending, "officer").await.unwrap();
    let mut warned: Vec<_> = node.all::<Message>().await;
    warned.retain(|message| message.direction == Direction::Out && message.payload.as_deref() == Some("iodef-2.0"));
    let mut warned: Vec<_> = warned.iter().map(|one| (one.peer.as_str(), one.warnings.is_some())).collect();
    warned.sort_unstable();
    assert_eq!(warned, [("new.example", false), ("old.example", true), ("old.example", true)]);
}
