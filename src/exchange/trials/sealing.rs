//! What cannot be sealed for one peer holds up nobody else.

use std::sync::Arc;

use super::network::{Node, message, peer};
use crate::envelope::testing::FewKeys;
use crate::exchange::Config;
use crate::peers::{MsgType, Policy, Relation, Signatures};
use crate::routing;
use crate::store::records::{Direction, Message};

#[tokio::test]
async fn a_hop_that_nothing_can_be_encrypted_for_does_not_stop_the_others() {
    let policy = Policy { signatures: Signatures::Off, ..Policy::default() };
    let peers = vec![
        peer("first.example", Relation::Authority, None),
        peer("a-blind.example", Relation::Unit, None),
        peer("last.example", Relation::Unit, None),
    ];
    let keys = Arc::new(FewKeys::of("middle.example", policy));
    let node = Node::keyed("middle.example", peers, Config::default(), routing::Config::default(), keys);
    let call = message(MsgType::InvestigationRequest, "1", None, "mitigation");
    let answer = node.post("first.example", call, None).await;
    assert_eq!(answer.status, 202, "the sender cannot mend it: {answer:?}");
    let requests: Vec<_> = node.waiting().await.into_iter().map(|parcel| parcel.recipient).collect();
    assert!(
        requests.iter().any(|to| to == "last.example") && requests.iter().all(|to| to != "a-blind.example"),
        "{requests:?}"
    );
    let messages = node.all::<Message>().await;
    let came = messages.iter().find(|message| message.direction == Direction::In).unwrap();
    let told = came.warnings.as_deref().unwrap_or_default();
    assert!(told.contains("not sent on to a-blind.example") && told.contains("has no key: pin one"), "{told}");
    let sent = messages
        .iter()
        .filter(|message| message.msg_type == "InvestigationRequest" && message.direction == Direction::Out);
    assert_eq!(sent.count(), 1, "nothing is filed that never left");
}
