//! RFC 6545 §7.3: a report that has already been filed is not filed again.

use super::exchange::{Exchange, status};
use crate::harness::report::report;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_report_again_is_acknowledged_again_and_filed_once() {
    let mut exchange = Exchange::with("peer", "").await;
    let first = exchange.post(&report("9")).await;
    assert_eq!((first.status(), status(&first).as_str()), (200, "Approved"));
    exchange.node.kill9();
    exchange.node.restart();
    let again = exchange.post(&report("9")).await;
    assert_eq!((again.status(), again.body), (200, first.body));
    assert_eq!(exchange.node.messages().await.len(), 1);
}
