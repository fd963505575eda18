//! RFC 6545 §6.3: the Result goes back to who asked, with the instance and the token of the Request.

use super::exchange::{Exchange, message, status};
use crate::harness::report::report;

#[tokio::test(flavor = "multi_thread")]
async fn the_result_of_an_approved_request_is_a_callback_with_its_token() {
    let exchange = Exchange::with("authority", "").await;
    let answer = exchange.post(&message("InvestigationRequest", "77")).await;
    assert_eq!(answer.status(), 202);
    let token = answer.field("RID-Callback-Token").unwrap();
    assert_eq!(status(&exchange.callbacks(1).await[0]), "Approved");
    let document = String::from_utf8(report("77")).unwrap();
    let start = document.find("<iodef:IODEF-Document").unwrap();
    let end = document.find("</iodef:IODEF-Document>").unwrap() + "</iodef:IODEF-Document>".len();
    let namespace = "<iodef:IODEF-Document xmlns:iodef=\"urn:ietf:params:xml:ns:iodef-1.0\"";
    let document = document[start..end].replacen("<iodef:IODEF-Document", namespace, 1);
    let file = exchange.dir.path().join("result.xml");
    std::fs::write(&file, document).unwrap();
    exchange.node.ridd(&["send", "peer.example", file.to_str().unwrap(), "--type", "result"]);
    let result = exchange.callbacks(2).await.remove(1);
    assert_eq!(result.field("RID-Callback-Token"), Some(token));
    let text = result.text();
    assert!(text.contains("MsgType=\"Result\"") && text.contains("SourceFound"), "{text}");
    assert!(text.contains("instance=\"1\""), "the instance of the request: {text}");
}
