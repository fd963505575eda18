//! RFC 6545 §5.6: documents of other standards are kept and ignored; the rest of the message is processed.

use super::exchange::{Exchange, status};
use crate::harness::report::{report, wrapped};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_document_is_ignored_and_the_message_is_processed() {
    let exchange = Exchange::with("peer", "").await;
    let answer = exchange.post(&wrapped(b"<thing xmlns=\"urn:example:unknown\"><part/></thing>")).await;
    assert_eq!((answer.status(), status(&answer).as_str()), (200, "Approved"));
    let messages = exchange.node.messages().await;
    assert_eq!(messages[0]["payload"], "urn:example:unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_element_of_a_known_namespace_is_refused_as_a_syntax_error() {
    let exchange = Exchange::with("peer", "").await;
    let whole = String::from_utf8(report("1")).unwrap().replace("<iodef:Method>", "<iodef:Made/><iodef:Method>");
    let answer = exchange.post(whole.as_bytes()).await;
    assert_eq!((answer.status(), status(&answer).as_str()), (400, "Denied UnrecognizedFormat"));
    assert_eq!(exchange.node.messages().await.len(), 0);
}
