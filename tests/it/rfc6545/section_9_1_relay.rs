//! RFC 6545 §9.1, §9.3.2: three nodes in a row. What the first signs and encrypts, the last reads and verifies; the middle
//! one carries it and learns no more than it needs to.

use serde_json::Value;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::pki::Pki;

const FIRST: &str = "first.example";
const MIDDLE: &str = "middle.example";
const LAST: &str = "last.example";
/// Where the incident comes from, and the network that it is in.
const SOURCE: &str = "198.51.100.7";
const NETWORK: &str = "198.51.100.0/24";
/// What the trace is about, with a RecordItem.
const TRACE: &str = include_str!("../../../fixtures/rid/trace-request.xml");
/// The packet that its originator signs.
const PACKET: &str = "4500018000000000801100000a000001c0000201";

struct Row {
    first: Daemon,
    middle: Daemon,
    last: Daemon,
    dir: tempfile::TempDir,
}

impl Row {
    /// Each knows its neighbours; the first also knows the last, to encrypt for it.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Row CA");
        let [first, middle, last] = [FIRST, MIDDLE, LAST].map(|name| Daemon::start(Setup::named(name), &pki));
        first.knows(&middle, "unit");
        first.knows(&last, "peer");
        middle.knows(&first, "authority");
        middle.knows_under(&last, "unit", &["--network", NETWORK]);
        last.knows(&middle, "parent");
        Self { first, middle, last, dir }
    }

    /// The first sends the trace towards its source.
    fn trace(&self, options: &[&str]) {
        let file = self.dir.path().join("trace.xml");
        std::fs::write(&file, trace()).unwrap();
        let file = file.to_str().unwrap();
        let send = ["send", MIDDLE, file, "--type", "trace-request", "--source-of-incident", SOURCE];
        self.first.ridd(&[&send[..], options].concat());
    }
}

/// The IODEF document of the fixture, standing alone and not yet under way.
fn trace() -> String {
    let start = TRACE.find("<iodef:IODEF-Document").unwrap();
    let end = TRACE.find("</iodef:IODEF-Document>").unwrap() + "</iodef:IODEF-Document>".len();
    let namespace = "<iodef:IODEF-Document xmlns:iodef=\"urn:ietf:params:xml:ns:iodef-1.0\"";
    let document = TRACE[start..end].replacen("<iodef:IODEF-Document", namespace, 1);
    let (before, path) = document.split_once("<iodef:EventData>").unwrap();
    format!("{before}{}", path.split_once("</iodef:EventData>").unwrap().1)
}

async fn request(node: &Daemon, direction: &str) -> Value {
    let wanted = |message: &Value| message["direction"] == direction && message["msg_type"] == "TraceRequest";
    node.message(&format!("the trace, {direction}"), wanted).await
}

fn export(node: &Daemon, message: &Value, options: &[&str]) -> String {
    node.ridd(&[&["message", "export", message["id"].as_str().unwrap()][..], options].concat())
}

/// Who signed what, in order: the signer and what is covered, without positions.
fn signed(message: &Value) -> Vec<(String, String)> {
    let proofs = message["proven"]["signatures"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let covers = |proof: &Value| text(&proof["covers"][0]).split(' ').next().unwrap().to_owned();
    proofs.iter().map(|proof| (text(&proof["signer"]), covers(proof))).collect()
}

/// The Signatures of the message that are not over the whole of it, as they stand there.
fn detached(message: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = message;
    while let Some(start) = rest.find("<ds:Signature ") {
        let end = start + rest[start..].find("</ds:Signature>").unwrap();
        if !rest[start..end].contains("#enveloped-signature") {
            found.push(&rest[start..end]);
        }
        rest = &rest[end..];
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_the_middle_reads_only_the_policy_and_the_last_verifies_the_first() {
    let row = Row::new();
    row.trace(&["--reader", LAST]);
    let middle = request(&row.middle, "in").await;
    assert_eq!((middle["payload"].as_str(), middle["verdict"].as_str()), (Some("encrypted"), Some("accepted")));
    assert_eq!(signed(&middle), [(FIRST.to_owned(), "message".to_owned())]);
    assert_eq!(middle["incident"]["id"], "T-77", "the policy is in clear text");
    // Neither what came nor what went on can be read here, nor is it kept in a form that could.
    let onward = request(&row.middle, "out").await;
    for message in [&middle, &onward] {
        let text = export(&row.middle, message, &["--plain"]);
        assert_eq!(text, export(&row.middle, message, &[]));
        assert!(!text.contains(PACKET) && !text.contains("ContactName"), "{text}");
        assert!(text.contains("restriction=\"need-to-know\"") && text.contains(SOURCE), "the policy: {text}");
    }
    let last = request(&row.last, "in").await;
    assert_eq!(last["verdict"], "accepted", "{last}");
    let signatures = signed(&last);
    let [(hop, whole), (originator, item)] = signatures.as_slice() else { panic!("{last}") };
    assert_eq!((hop.as_str(), whole.as_str()), (MIDDLE, "message"));
    assert_eq!(originator, FIRST);
    assert!(item.ends_with("RecordItem"), "{item}");
    assert!(last["proven"]["encrypted"].is_string(), "{last}");
    let shown = row.last.ridd(&["message", "show", last["id"].as_str().unwrap()]);
    assert!(shown.contains(&format!("{MIDDLE} signed the whole message")), "{shown}");
    assert!(shown.contains(&format!("{FIRST} signed /")) && shown.contains("encrypted for us"), "{shown}");
    let plain = export(&row.last, &last, &["--plain"]);
    assert!(plain.contains(PACKET) && plain.contains(FIRST) && !plain.contains(&format!(">{MIDDLE}<")), "{plain}");
    assert!(!export(&row.last, &last, &[]).contains(PACKET));
    // The encrypted document went through the middle byte for byte.
    let cipher = |text: &str| {
        let start = text.find("EncryptedData").unwrap();
        text[start..text.rfind("EncryptedData>").unwrap()].to_owned()
    };
    assert_eq!(cipher(&export(&row.middle, &middle, &[])), cipher(&export(&row.last, &last, &[])));
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_3_2_the_originators_signature_survives_the_entries_in_the_path() {
    let row = Row::new();
    row.trace(&[]);
    let middle = request(&row.middle, "in").await;
    let last = request(&row.last, "in").await;
    let by = |message: &Value| signed(message).into_iter().map(|(signer, _)| signer).collect::<Vec<_>>();
    assert_eq!(by(&middle), [FIRST, FIRST], "{middle}");
    assert_eq!(by(&last), [MIDDLE, FIRST], "{last}");
    let (before, after) = (export(&row.middle, &middle, &["--plain"]), export(&row.last, &last, &["--plain"]));
    assert!(!before.contains(&format!(">{MIDDLE}<")) && after.contains(&format!(">{MIDDLE}<")), "{after}");
    assert_eq!(detached(&before).len(), 1, "{before}");
    // The Signature is carried as it is; at most namespaces are declared around it.
    assert_eq!(detached(&before), detached(&after));
    // Each hop encrypts anew for the next one: nothing of the packet is on the wire.
    for (node, message) in [(&row.middle, &middle), (&row.last, &last)] {
        assert!(!export(node, message, &[]).contains(PACKET));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc6545_9_1_the_result_of_an_encrypted_trace_comes_back_encrypted_for_the_first() {
    let row = Row::new();
    row.last.knows(&row.first, "peer");
    row.trace(&["--reader", LAST]);
    let request = request(&row.last, "in").await;
    let file = row.dir.path().join("result.xml");
    std::fs::write(&file, trace()).unwrap();
    let id = request["id"].as_str().unwrap();
    let send = ["send", MIDDLE, file.to_str().unwrap(), "--type", "result", "--answers", id, "--reader", FIRST];
    row.last.ridd(&send);
    let is_result = |message: &Value| message["direction"] == "in" && message["msg_type"] == "Result";
    let carried = row.middle.message("the result", is_result).await;
    assert_eq!(carried["payload"], "encrypted");
    let result = row.first.message("the result", is_result).await;
    assert_eq!(signed(&result)[0], (MIDDLE.to_owned(), "message".to_owned()));
    assert!(export(&row.first, &result, &["--plain"]).contains(PACKET));
}
