//! RFC 6545 §9.1, RFC 7970 §3.3.1: what leaves a node, as the peer sees it: the restriction says what is encrypted, and
//! whatever has a place for a signature is signed.

use std::sync::Arc;
use std::sync::Mutex;

use super::exchange::{Exchange, changed, request};
use crate::harness::peer::{Http, Scripted};
use crate::harness::report::report;

const CALL: &str = include_str!("../../../fixtures/data-call/slammer-2.0.xml");
const ACKNOWLEDGEMENT: &str = include_str!("../../../fixtures/rid/acknowledgement-approved.xml");
/// Words of the document that must not be seen where it is encrypted.
const WORDS: &str = "SQL Slammer";

/// The data call with that restriction, or none.
fn call(restriction: Option<&str>) -> String {
    let attribute = restriction.map(|word| format!(" restriction=\"{word}\"")).unwrap_or_default();
    CALL.replace(" restriction=\"need-to-know\"", &attribute)
}

async fn receiving(options: &[&str]) -> Exchange {
    Exchange::under("peer", "", options, |_: &Http| Scripted::empty(200)).await
}

/// Has the node send the document; the message as it came at the peer.
async fn sent(exchange: &Exchange, document: &str, options: &[&str]) -> String {
    let count = exchange.other.came().len();
    let file = exchange.dir.path().join("document.xml");
    std::fs::write(&file, document).unwrap();
    exchange.node.ridd(&[&["send", "peer.example", file.to_str().unwrap()][..], options].concat());
    exchange.callbacks(count + 1).await[count].text()
}

/// Every message with a document is signed over the whole, once, and its policy is in clear text. Whether it is encrypted.
fn looked_at(exchange: &Exchange, message: &str) -> bool {
    assert_eq!(message.matches("#enveloped-signature").count(), 1, "{message}");
    let said = exchange.verified(message.as_bytes());
    assert!(said.starts_with("valid") && said.contains("whole message"), "{said}");
    for clear in ["<iodef-rid:RIDPolicy ", "MsgType=", "MsgDestination=", "PolicyRegion", "2003-0125-1"] {
        assert!(message.contains(clear), "{clear} in clear text: {message}");
    }
    let encrypted = message.contains("EncryptedData");
    assert_ne!(encrypted, message.contains(WORDS), "{message}");
    if encrypted {
        let plain = String::from_utf8(exchange.decrypted(message.as_bytes())).unwrap();
        assert!(plain.contains(WORDS), "{plain}");
    }
    encrypted
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_the_restriction_says_what_is_encrypted() {
    let exchange = receiving(&[]).await;
    for (restriction, wanted) in [
        (None, true),
        (Some("private"), true),
        (Some("need-to-know"), true),
        (Some("amber"), true),
        (Some("red"), true),
        (Some("green"), false),
        (Some("white"), false),
        (Some("public"), false),
    ] {
        let message = sent(&exchange, &call(restriction), &[]).await;
        assert_eq!(looked_at(&exchange, &message), wanted, "{restriction:?}");
    }
    // A stricter part makes the whole strict: one document is encrypted as one.
    let part = call(Some("public")).replace("<Contact role", "<Contact restriction=\"private\" role");
    assert!(looked_at(&exchange, &sent(&exchange, &part, &[]).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_the_policy_of_the_peer_rules_where_the_restriction_leaves_room() {
    let exchange = receiving(&["--encrypt-green", "true"]).await;
    assert!(looked_at(&exchange, &sent(&exchange, &call(Some("green")), &[]).await));
    exchange.node.ridd(&["peer", "change", "peer.example", "--encrypt-green", "false", "--encryption", "always"]);
    assert!(looked_at(&exchange, &sent(&exchange, &call(Some("green")), &[]).await));
    for clear in ["public", "white"] {
        let message = sent(&exchange, &call(Some(clear)), &[]).await;
        assert!(!looked_at(&exchange, &message), "{clear} must be in clear text");
    }
    exchange.node.ridd(&["peer", "change", "peer.example", "--encryption", "never"]);
    assert!(!looked_at(&exchange, &sent(&exchange, &call(Some("private")), &[]).await));
    exchange.node.ridd(&["peer", "change", "peer.example", "--signatures", "off"]);
    let message = sent(&exchange, &call(None), &[]).await;
    assert!(!message.contains("Signature"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_a_request_is_signed_by_its_originator_and_by_its_sender() {
    let exchange = receiving(&[]).await;
    let options = ["--type", "investigation-request"];
    let message = sent(&exchange, &call(None), &options).await;
    assert!(looked_at(&exchange, &message));
    // The data call has no record: our entry in its path gets one with the time, and that is signed.
    let plain = String::from_utf8(exchange.decrypted(message.as_bytes())).unwrap();
    let said = exchange.verified(plain.as_bytes());
    assert!(said.contains("node.example signed") && said.contains("/RecordItem ("), "{said}");
    let (before, entry) = plain.rsplit_once("infrastructure").unwrap();
    assert!(entry.contains("RecordItem>") && !before.contains("RecordItem"), "{plain}");
    // Whole messages that are given get what they lack: a Report, and a Request whose records nobody has signed.
    let given =
        String::from_utf8(changed(&report("2003-0125-1"), "Two database", "SQL Slammer: two database")).unwrap();
    assert!(looked_at(&exchange, &sent(&exchange, &given, &[]).await));
    let given =
        String::from_utf8(request()).unwrap().replace("T-77", "2003-0125-1").replace("One address", "SQL Slammer");
    let message = sent(&exchange, &given, &[]).await;
    assert!(looked_at(&exchange, &message));
    let said = exchange.verified(&exchange.decrypted(message.as_bytes()));
    assert!(said.contains("RecordItem"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_message_that_encryption_would_break_the_signature_of_is_not_sent() {
    let exchange = receiving(&[]).await;
    let file = exchange.dir.path().join("signed.xml");
    std::fs::write(&file, exchange.signed(&report("1"))).unwrap();
    let said = exchange.node.try_ridd(&["send", "peer.example", file.to_str().unwrap()]);
    let why = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && why.contains("ridd encrypt"), "{why}");
    assert_eq!(exchange.node.messages().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_a_certificate_gets_nothing_secret_and_the_error_says_what_to_do() {
    let exchange = receiving(&[]).await;
    let digest = "ab".repeat(32);
    let add = ["peer", "add", "blind.example", "127.0.0.1:1", "--relation", "peer", "--spki", &digest];
    exchange.node.ridd(&add);
    let file = exchange.dir.path().join("document.xml");
    let file = file.to_str().unwrap();
    std::fs::write(file, call(None)).unwrap();
    for options in [&["blind.example", file][..], &["peer.example", file, "--reader", "blind.example"]] {
        let said = exchange.node.try_ridd(&[&["send"][..], options].concat());
        let why = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(!said.status.success() && why.contains("ridd peer pin blind.example"), "{why}");
    }
    assert_eq!(exchange.node.messages().await.len(), 0);
    std::fs::write(file, call(Some("public"))).unwrap();
    exchange.node.ridd(&["send", "blind.example", file]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_acknowledgements_have_no_place_for_a_signature_and_are_accepted() {
    let answer = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&answer);
    let script = move |_: &Http| Scripted { body: told.lock().unwrap().clone(), ..Scripted::empty(200) };
    let exchange = Exchange::under("authority", "", &[], script).await;
    ACKNOWLEDGEMENT.as_bytes().clone_into(&mut answer.lock().unwrap());
    sent(&exchange, &call(None), &["--type", "investigation-request"]).await;
    let came = exchange.node.message("the answer", |message| message["msg_type"] == "Acknowledgement").await;
    assert_eq!((came["verdict"].as_str(), came["proven"].is_null()), (Some("accepted"), true), "{came}");
    // So it is the other way round: in the answer and in the callback.
    answer.lock().unwrap().clear();
    let denied = exchange.post(&report("1")).await.text();
    assert!(denied.contains("Acknowledgement") && !denied.contains("Signature"), "{denied}");
    let count = exchange.other.came().len();
    let asked = exchange.signed(&exchange.originated(&request()));
    assert_eq!(exchange.post(&asked).await.status(), 202);
    let approved = exchange.callbacks(count + 1).await[count].text();
    assert!(approved.contains("\"Approved\"") && !approved.contains("Signature"), "{approved}");
    // A Query without criteria has none either.
    exchange.node.ridd(&["query", "peer.example", "authority.example#2003-0125-1"]);
    let query = exchange.callbacks(count + 2).await[count + 1].text();
    assert!(query.contains("\"Query\"") && !query.contains("Signature"), "{query}");
}
