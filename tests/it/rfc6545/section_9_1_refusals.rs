//! RFC 6545 §9.1, §9.3: what is not proved is refused, and the sender learns why; what is proved is filed with who signed it.

use super::exchange::{Exchange, bare, changed, request, status};
use crate::harness::peer::{Http, Scripted};
use crate::harness::report::report;

/// Words of the report's document, and of its policy.
const WORDS: &str = "Two database servers scan";
/// The packet in the request's RecordItem.
const PACKET: &str = "4500018000000000801100000a000001c0000201";

fn empty(_: &Http) -> Scripted {
    Scripted::empty(200)
}

/// A node and a peer that proves itself, under further options.
async fn proving(options: &[&str]) -> Exchange {
    Exchange::under("authority", "", options, empty).await
}

/// Posts a message that is taken; what is proved of it.
async fn taken(exchange: &Exchange, body: &[u8], http: u16) -> serde_json::Value {
    let before = exchange.node.messages().await.len();
    let answer = exchange.post(body).await;
    assert_eq!(answer.status(), http, "{}; its log:\n{}", answer.text(), exchange.node.log());
    let messages = exchange.node.messages().await;
    assert!(messages.len() > before);
    let mut came = messages.iter().filter(|message| message["direction"] == "in");
    came.next().unwrap()["proven"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_a_message_signed_by_hand_is_accepted_and_who_signed_it_is_shown() {
    let exchange = proving(&[]).await;
    let proven = taken(&exchange, &exchange.signed(&report("1")), 200).await;
    assert_eq!(proven["signatures"][0]["signer"], "peer.example", "{proven}");
    assert_eq!(proven["signatures"][0]["covers"][0], "message", "{proven}");
    // A Request also by its originator; encrypted between the two signatures.
    let originated = exchange.originated(&request());
    let proven = taken(&exchange, &exchange.signed(&exchange.encrypted(&originated, &[])), 202).await;
    assert_eq!(proven["signatures"].as_array().map(Vec::len), Some(2), "{proven}");
    let item = proven["signatures"][1]["covers"][0].as_str().unwrap();
    assert!(item.contains("RecordItem ") && item.contains(".."), "{item}");
    assert!(proven["encrypted"].is_string(), "{proven}");
    let id = exchange.node.message("the request", |message| message["msg_type"] == "TraceRequest").await["id"].clone();
    let shown = exchange.node.ridd(&["message", "show", id.as_str().unwrap()]);
    assert!(shown.contains("peer.example signed the whole message"), "{shown}");
    // The bytes that the positions count in hold the very item.
    let plain = exchange.node.ridd(&["message", "export", id.as_str().unwrap(), "--plain"]);
    let (start, end) = item.rsplit_once(' ').unwrap().1.split_once("..").unwrap();
    let element = &plain[start.parse::<usize>().unwrap()..end.parse::<usize>().unwrap()];
    assert!(element.starts_with("<iodef:RecordItem") && element.contains(PACKET), "{element}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_without_the_senders_signature_or_with_a_broken_one_it_is_denied() {
    let exchange = proving(&[]).await;
    exchange.refuses(&report("1"), "Denied Authentication").await;
    let signed = exchange.signed(&report("1"));
    for (from, to) in
        [(WORDS, "Ten database servers scan"), ("IntraConsortium", "PeerToPeer"), ("192.0.2.45", "192.0.2.46")]
    {
        exchange.refuses(&changed(&signed, from, to), "Denied Authentication").await;
    }
    // The right name and the right CA, but not the key that is pinned.
    let twin = exchange.pki.issue("peer.example");
    exchange.refuses(&exchange.signed_with(&twin, &report("1"), &[]), "Denied Authentication").await;
    // A Request whose originator is known says nothing of who sent it.
    exchange.refuses(&exchange.originated(&request()), "Denied Authentication").await;
    taken(&exchange, &signed, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_a_request_without_its_originators_signature_or_with_a_broken_one_is_denied() {
    let exchange = proving(&[]).await;
    let origin = "Denied AuthenticationOrigin";
    exchange.refuses(&exchange.signed(&request()), origin).await;
    let originated = exchange.originated(&request());
    let other = changed(&originated, PACKET, "4500018000000000801100000a000001c0000299");
    exchange.refuses(&exchange.signed(&other), origin).await;
    exchange.refuses(&exchange.signed(&exchange.encrypted(&other, &[])), origin).await;
    // A stranger of our CA may originate, one of another CA may not.
    let far = exchange.pki.issue("far.example");
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = crate::harness::pki::Pki::make(elsewhere.path(), "Other CA").issue("far.example");
    let by_stranger = exchange.signed_with(&stranger, &request(), &["--originator"]);
    exchange.refuses(&exchange.signed(&by_stranger), origin).await;
    let by_far = exchange.signed_with(&far, &request(), &["--originator"]);
    let proven = taken(&exchange, &exchange.signed(&by_far), 202).await;
    assert_eq!(proven["signatures"][1]["signer"], "far.example", "{proven}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_what_is_encrypted_for_us_and_damaged_is_denied_for_its_encryption() {
    let exchange = proving(&[]).await;
    let whole = String::from_utf8(exchange.encrypted(&report("1"), &[])).unwrap();
    // The last CipherValue is the document's; the first one wraps its key.
    let at = whole.rfind("</xenc:CipherValue>").unwrap() - 40;
    let other = if whole.as_bytes()[at] == b'A' { "B" } else { "A" };
    let damaged = format!("{}{other}{}", &whole[..at], &whole[at + 1..]);
    exchange.refuses(&exchange.signed(damaged.as_bytes()), "Denied Encryption").await;
    // An algorithm that is not agreed.
    exchange.node.ridd(&["peer", "change", "peer.example", "--encryption-algorithms", "aes128-gcm"]);
    exchange.refuses(&exchange.signed(whole.as_bytes()), "Denied Encryption").await;
    let agreed = exchange.encrypted(&report("1"), &["--cipher", "aes128-gcm"]);
    let proven = taken(&exchange, &exchange.signed(&agreed), 200).await;
    assert!(proven["encrypted"].is_string(), "{proven}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_algorithm_that_is_not_agreed_is_denied() {
    let exchange = proving(&["--signature-algorithms", "ecdsa-sha384,ed25519"]).await;
    exchange.refuses(&exchange.signed(&report("1")), "Denied Authentication").await;
    exchange.node.ridd(&["peer", "change", "peer.example", "--signature-algorithms", "all"]);
    taken(&exchange, &exchange.signed(&report("1")), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_present_takes_what_is_not_signed_and_refuses_what_is_broken() {
    let exchange = proving(&["--signatures", "when-present"]).await;
    assert!(taken(&exchange, &report("1"), 200).await.is_null());
    taken(&exchange, &request(), 202).await;
    let signed = exchange.signed(&report("2"));
    exchange.refuses(&changed(&signed, WORDS, "Ten database servers scan"), "Denied Authentication").await;
    let other = changed(&exchange.originated(&request()), PACKET, "4500018000000000801100000a000001c0000299");
    exchange.refuses(&other, "Denied AuthenticationOrigin").await;
    let proven = taken(&exchange, &signed, 200).await;
    assert_eq!(proven["signatures"][0]["signer"], "peer.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn off_looks_at_no_signature_and_takes_none_for_proved() {
    let exchange = proving(&["--signatures", "off"]).await;
    let broken = changed(&exchange.signed(&report("1")), WORDS, "Ten database servers scan");
    assert!(taken(&exchange, &broken, 200).await.is_null());
    assert!(taken(&exchange, &exchange.signed(&report("2")), 200).await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_what_has_no_place_for_a_signature_is_taken_from_the_tls_peer() {
    let exchange = proving(&[]).await;
    assert_eq!(exchange.post(&exchange.signed(&report("5"))).await.status(), 200);
    let answer = exchange.post(&bare("Query", "5")).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let plain = String::from_utf8(exchange.decrypted(&answer.body)).unwrap();
    assert!(plain.contains("MsgType=\"Report\"") && plain.contains(WORDS), "{plain}");
    assert!(exchange.verified(&answer.body).starts_with("valid"), "the answer to a Query is signed, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_3_a_revoked_certificate_signs_nothing_more() {
    let exchange = proving(&[]).await;
    let signer = exchange.pki.issue("peer.example");
    let pin = |certificate: &std::path::Path, uses: &str| {
        let certificate = certificate.to_str().unwrap();
        exchange.node.ridd(&["peer", "pin", "peer.example", "--certificate", certificate, "--for", uses]);
    };
    pin(&exchange.papers.certificate, "tls,encrypt");
    pin(&signer.certificate, "sign");
    exchange.refuses(&exchange.signed(&report("1")), "Denied Authentication").await;
    let proven = taken(&exchange, &exchange.signed_with(&signer, &report("1"), &[]), 200).await;
    assert_eq!(proven["signatures"][0]["signer"], "peer.example");
    let list = exchange.node.data().join("pki/crl/ca.pem");
    std::fs::write(&list, exchange.pki.crl(1, &[&signer])).unwrap();
    exchange.node.ridd(&["reload"]);
    exchange.refuses(&exchange.signed_with(&signer, &report("2"), &[]), "Denied Authentication").await;
    let log = exchange.node.log();
    assert!(log.contains("is revoked by its CA"), "staff are told why: {log}");
    let said = exchange.post(&exchange.signed_with(&signer, &report("2"), &[])).await;
    assert_eq!(status(&said), "Denied Authentication", "{}", said.text());
    assert!(said.text().contains(">2<"), "it names the incident: {}", said.text());
    // Its connection is as good as before, and so is another key.
    let next = exchange.pki.issue("peer.example");
    pin(&next.certificate, "sign");
    taken(&exchange, &exchange.signed_with(&next, &report("2"), &[]), 200).await;
}
