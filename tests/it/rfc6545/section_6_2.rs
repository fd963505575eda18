//! RFC 6545 §6.2: Acknowledgements, Pending after the time limit, Denied.

use super::exchange::{Exchange, message, status};

#[tokio::test(flavor = "multi_thread")]
async fn an_undecided_request_is_pending_after_the_time_limit_and_then_approved_with_the_same_token() {
    let exchange = Exchange::with("peer", "pending-after = \"200ms\"").await;
    let answer = exchange.post(&message("InvestigationRequest", "1")).await;
    assert_eq!((answer.status(), answer.body.len()), (202, 0));
    let token = answer.field("RID-Callback-Token").unwrap();
    let pending = exchange.callbacks(1).await.remove(0);
    assert_eq!((status(&pending).as_str(), pending.field("RID-Callback-Token")), ("Pending", Some(token)));
    let held = exchange.node.message("the request", |message| message["verdict"] == "held").await;
    exchange.node.ridd(&["message", "approve", held["id"].as_str().unwrap()]);
    let approved = exchange.callbacks(2).await.remove(1);
    assert_eq!((status(&approved).as_str(), approved.field("RID-Callback-Token")), ("Approved", Some(token)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_a_person_denies_is_denied_by_callback() {
    let exchange = Exchange::with("peer", "").await;
    let answer = exchange.post(&message("TraceRequest", "1")).await;
    let token = answer.field("RID-Callback-Token").unwrap();
    let held = exchange.node.message("the request", |message| message["verdict"] == "held").await;
    exchange.node.ridd(&["message", "deny", held["id"].as_str().unwrap()]);
    let denied = exchange.callbacks(1).await.remove(0);
    assert_eq!((status(&denied).as_str(), denied.field("RID-Callback-Token")), ("Denied CannotProcess", Some(token)));
}
