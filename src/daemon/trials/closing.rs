//! What the authority hears at the end: of the confirmation, and of the closing only if that tells it something.

use std::time::Duration;

use super::network::{Nodes, carry, pass};
use super::scene::{AUTHORITY, CALL, DEPARTMENT, order, three};
use crate::coordination::decide::Command;
use crate::coordination::plan::Milestone;
use crate::coordination::subject::Subject;
use crate::peers::MsgType;

const MINUTE: Duration = Duration::from_secs(60);

/// The call has come as that, and the program manager has confirmed although nothing is done yet.
async fn confirmed(as_: MsgType) -> Nodes {
    let nodes = three().await;
    nodes[AUTHORITY].send(DEPARTMENT, as_, CALL).await;
    carry(&nodes).await;
    order(&nodes[DEPARTMENT], Command::Confirm { remark: None, despite: Some("an exercise".to_owned()) }).await;
    carry(&nodes).await;
    nodes
}

/// How many statuses the authority has received.
async fn statuses(nodes: &Nodes) -> usize {
    carry(nodes).await;
    let journal = nodes[AUTHORITY].journal().await;
    journal.iter().filter(|line| line.contains(" Result") || line.starts_with("in") && line.contains(" Report")).count()
}

#[tokio::test]
async fn closing_says_nothing_that_the_confirmation_has_said() {
    for as_ in [MsgType::InvestigationRequest, MsgType::Report] {
        let nodes = confirmed(as_).await;
        assert_eq!(statuses(&nodes).await, 1);
        nodes[DEPARTMENT].told().await;
        // Later, for the same document twice would be filed once.
        pass(&nodes, MINUTE).await;
        order(&nodes[DEPARTMENT], Command::Note("the report is written".to_owned())).await;
        order(&nodes[DEPARTMENT], Command::Close(None)).await;
        assert_eq!(statuses(&nodes).await, 1, "{:#?}", nodes[AUTHORITY].journal().await);
    }
}

#[tokio::test]
async fn closing_tells_what_happened_since_the_confirmation() {
    let nodes = confirmed(MsgType::Report).await;
    pass(&nodes, MINUTE).await;
    let waive = Command::Waive(Subject::event(Milestone::known("alert-ready")), "an exercise".to_owned());
    order(&nodes[DEPARTMENT], waive).await;
    order(&nodes[DEPARTMENT], Command::Close(None)).await;
    assert_eq!(statuses(&nodes).await, 2, "{:#?}", nodes[AUTHORITY].journal().await);
}

#[tokio::test]
async fn closing_what_was_never_confirmed_is_told() {
    let nodes = three().await;
    nodes[AUTHORITY].send(DEPARTMENT, MsgType::Report, CALL).await;
    carry(&nodes).await;
    order(&nodes[DEPARTMENT], Command::Close(Some("a false alarm".to_owned()))).await;
    assert_eq!(statuses(&nodes).await, 1);
    // And so is the closing of what was opened again.
    pass(&nodes, MINUTE).await;
    order(&nodes[DEPARTMENT], Command::Reopen("it was none".to_owned())).await;
    order(&nodes[DEPARTMENT], Command::Close(Some("done".to_owned()))).await;
    assert_eq!(statuses(&nodes).await, 2);
}
