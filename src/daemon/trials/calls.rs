//! How data calls come in: large ones, and the same one by several ways.

use super::network::carry;
use super::scene::{AUTHORITY, CALL, DEPARTMENT, under};
use crate::coordination::ByHand;
use crate::envelope::Limits;
use crate::peers::MsgType;
use crate::store::records::Event;

/// The call with so many more elements.
fn large(more: usize) -> String {
    let descriptions = "<Description>more</Description>".repeat(more);
    CALL.replace("<Method>", &format!("{descriptions}<Method>"))
}

fn by_hand(document: &str) -> ByHand {
    ByHand { document: document.to_owned().into(), issued: None, title: None, drill: false }
}

#[tokio::test]
async fn a_call_is_as_large_as_the_configured_limits_allow() {
    let defaults = Limits::default();
    let wide = Limits { elements: 2 * defaults.elements, ..defaults.clone() };
    let call = large(defaults.elements);
    let nodes = under(wide.clone()).await;
    nodes[AUTHORITY].send(DEPARTMENT, MsgType::Report, &call).await;
    carry(&nodes).await;
    assert_eq!(nodes[DEPARTMENT].all::<Event>().await.len(), 1, "a call that was received opens an event");

    let nodes = under(wide).await;
    nodes[DEPARTMENT].coordination.open_by_hand(by_hand(&call), "officer").await.unwrap();
    let nodes = under(Limits { elements: 100, ..defaults }).await;
    let refused = nodes[DEPARTMENT].coordination.open_by_hand(by_hand(&large(100)), "officer").await;
    assert!(refused.unwrap_err().to_string().contains("elements"));
}
