//! How data calls come in: large ones, and the same one by several ways.

use super::network::carry;
use super::scene::{AUTHORITY, CALL, DEPARTMENT, UNIT, three, under};
use crate::coordination::{ByHand, Entered};
use crate::envelope::Limits;
use crate::peers::MsgType;
use crate::store::records::Event;

/// The call with so many more elements.
fn large(more: usize) -> String {
    let descriptions = "<Description>more</Description>".repeat(more);
    CALL.replace("<Method>", &format!("{descriptions}<Method>"))
}

/// The call as an officer enters it.
pub(super) fn by_hand(document: &str) -> ByHand {
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

#[tokio::test]
async fn a_call_that_is_known_joins_its_event_however_it_comes() {
    let nodes = three().await;
    nodes[AUTHORITY].send(DEPARTMENT, MsgType::InvestigationRequest, CALL).await;
    carry(&nodes).await;
    let department = &nodes[DEPARTMENT];
    let enter = async |call: &str| department.coordination.open_by_hand(by_hand(call), "officer").await.unwrap();
    let (state, entered) = enter(CALL).await;
    assert_eq!((&state.id, entered), (&department.event().await, Entered::Repeated));
    assert_eq!(department.log().await.last().map(String::as_str), Some("officer repeated"));

    let more = CALL.replace("CVE-2002-0649", "CVE-2002-0650").replace(":sql_server:2000:*", ":msde:2000:*");
    let (state, entered) = enter(&more).await;
    assert_eq!(entered, Entered::Updated);
    assert!(state.vulnerabilities().contains(&"CVE-2002-0650".to_owned()), "{:?}", state.call);
    assert!(department.log().await.contains(&"officer updated".to_owned()));
    // What came by RID stays what the authority is answered by.
    assert_eq!(state.source.as_ref().map(|source| source.peer.as_str()), Some(AUTHORITY));
    assert_eq!(enter(&more).await.1, Entered::Repeated);
    assert_eq!(enter(&CALL.replace("2003-0125-2", "2003-0125-3")).await.1, Entered::Opened);
    assert!(state.units.contains_key(UNIT));
}
