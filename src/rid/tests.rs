//! Messages read, written and sent on: what our own fixtures and drafts say, what is refused and what can still be told
//! of it, and that no byte of a document changes on its way.

use crate::ids::IncidentName;
use crate::iodef::common::class::{Draft, Options, Profile};
use crate::iodef::v1::Restriction;
use crate::rid;
use crate::rid::draft::{self, Carried};
use crate::rid::splice::{self, Hop, SpliceError};
use crate::rid::{
    AuthorizationStatus, Host, IncidentId, Justification, Message, MsgDestination, MsgType, Policy, Reading, Region,
    RidError, Source, Standard, Traffic,
};
use crate::xml::{Document, Limits};

const V1: &str = r#"<i:IODEF-Document xmlns:i="urn:ietf:params:xml:ns:iodef-1.0" version="1.00" lang="en"><i:Incident purpose="mitigation"><i:IncidentID name="cert.example.org">7</i:IncidentID><i:ReportTime>2003-01-25T06:00:00Z</i:ReportTime><i:Assessment><i:Impact lang="en" type="dos"/></i:Assessment><i:Contact role="creator" type="organization"><i:ContactName>CERT</i:ContactName></i:Contact><i:AdditionalData dtype="string">a  b</i:AdditionalData></i:Incident></i:IODEF-Document>"#;
const V2: &str = r#"<IODEF-Document xmlns="urn:ietf:params:xml:ns:iodef-2.0" version="2.00" xml:lang="en"> <Incident purpose="mitigation">
<IncidentID name="cert.example.org">7</IncidentID><GenerationTime>2003-01-25T06:00:00Z</GenerationTime>
<Contact role="creator" type="organization"><ContactName>CERT &#38; co</ContactName></Contact><!-- kept -->
<History><HistoryItem action="other"><DateTime>2003-01-25T06:00:00Z</DateTime></HistoryItem></History></Incident></IODEF-Document>"#;

fn policy(msg_type: MsgType) -> Policy {
    let incident = IncidentName { name: "cert.example.org".into(), id: "7".into() };
    let node = Host::of(Some("node.example.net"), "192.0.2.1".parse().ok());
    Policy {
        regions: vec![Region::PeerToPeer, Region::BetweenConsortiums],
        traffic: vec![Traffic::Attack, Traffic::AudienceRestriction],
        restriction: Some(Restriction::NeedToKnow),
        ..Policy::to(node, msg_type, Some(IncidentId { incident, instance: Some("2".into()) }))
    }
}

fn open(bytes: &[u8]) -> Result<Message<'_>, RidError> {
    Message::open(bytes, &Limits::default(), &Options { profile: Profile::Strict, ..rid::options() })
}

#[test]
fn every_message_reads_back_as_it_was_drafted() {
    for (payload, standard) in [(V1, Standard::Iodef1), (V2, Standard::Iodef2)] {
        let carried = Carried::from(payload.as_bytes());
        for (bytes, msg_type) in [
            (draft::report(&policy(MsgType::Report), carried).unwrap(), MsgType::Report),
            (draft::request(&policy(MsgType::InvestigationRequest), carried).unwrap(), MsgType::InvestigationRequest),
            (draft::request(&policy(MsgType::TraceRequest), carried).unwrap(), MsgType::TraceRequest),
            (draft::query(&policy(MsgType::Query), Some(carried)).unwrap(), MsgType::Query),
        ] {
            assert!(bytes.starts_with(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
            let message = open(&bytes).unwrap();
            assert_eq!(message.policy, Some(policy(msg_type)));
            assert_eq!(message.msg_type(), Some(msg_type));
            assert_eq!(message.incident().unwrap().incident.to_string(), "cert.example.org#7");
            assert_eq!(message.payload_bytes().unwrap(), payload.as_bytes());
            assert_eq!(message.payload.as_ref().unwrap().standard, standard);
            assert_eq!(message.warnings(), []);
        }
    }
}

#[test]
fn documents_are_labelled_by_their_namespace() {
    let bytes = draft::report(&policy(MsgType::Report), Carried::from(V2.as_bytes())).unwrap();
    let label = open(&bytes).unwrap().payload.unwrap().label;
    assert_eq!(label.version.as_deref(), Some("2.00"));
    assert_eq!(label.schema.as_deref(), Some("urn:ietf:params:xml:ns:iodef-2.0"));
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(r#"Version="ext-value" ext-Version="2.00" XMLSchemaID="ext-value""#), "{text}");
    for label in ["2.0", "2.00"] {
        let direct = text.replace(r#"Version="ext-value" ext-Version="2.00""#, &format!("Version=\"{label}\""));
        let direct = direct.replace(r#"XMLSchemaID="ext-value" ext-XMLSchemaID"#, "XMLSchemaID");
        assert_eq!(open(direct.as_bytes()).unwrap().payload.unwrap().label.version.as_deref(), Some(label));
    }
    let bytes = draft::report(&policy(MsgType::Report), Carried::from(V1.as_bytes())).unwrap();
    assert_eq!(open(&bytes).unwrap().payload.unwrap().label.version.as_deref(), Some("1.0"));
    let foreign = draft::report(&policy(MsgType::Report), Carried::from(&b"<a><b/></a>"[..])).unwrap();
    let message = open(&foreign).unwrap();
    assert_eq!(message.payload.as_ref().unwrap().standard, Standard::Foreign(String::new()));
    assert_eq!(message.payload_bytes().unwrap(), b"<a><b/></a>");
}

#[test]
fn answers_say_what_was_decided() {
    let to = policy(MsgType::Report);
    let bytes =
        draft::acknowledgement(&to, AuthorizationStatus::Denied, Some(Justification::UnrecognizedFormat)).unwrap();
    let message = open(&bytes).unwrap();
    assert_eq!(message.msg_type(), Some(MsgType::Acknowledgement));
    let status = message.status.unwrap();
    assert_eq!(status.authorization, AuthorizationStatus::Denied);
    assert_eq!(status.justification, Some(Justification::UnrecognizedFormat));
    let source = Source { found: true, nodes: vec![Host::of(None, "2001:db8::1".parse().ok())] };
    let bytes = draft::result(&to, &source, Some(Carried::from(V2.as_bytes()))).unwrap();
    assert_eq!(open(&bytes).unwrap().source, Some(source));
    assert!(
        draft::acknowledgement(&Policy { regions: Vec::new(), ..to }, AuthorizationStatus::Approved, None).is_err()
    );
}

#[test]
fn what_is_refused_still_tells_type_and_incident() {
    let bytes = draft::report(&policy(MsgType::Report), Carried::from(V2.as_bytes())).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    for (from, to, element) in [
        ("lang=\"en\"><iodef-rid", "><iodef-rid", "/RID"),
        (
            "purpose=\"mitigation\"",
            "purpose=\"harm\"",
            "/RID/RIDPolicy/ReportSchema/XMLDocument/IODEF-Document/Incident",
        ),
    ] {
        let bad = text.replacen(from, to, 1);
        assert_ne!(bad, text);
        let error = open(bad.as_bytes()).unwrap_err();
        assert_eq!(error.verdict(), "invalid");
        assert_eq!(error.glimpse().msg_type, Some(MsgType::Report), "{error}");
        assert_eq!(error.glimpse().incident, policy(MsgType::Report).incident);
        assert!(error.to_string().contains(element), "{error}");
    }
    assert_eq!(open(&text.as_bytes()[..400]).unwrap_err().verdict(), "malformed");
    assert_eq!(open(V1.as_bytes()).unwrap_err().glimpse(), Default::default());
}

#[test]
fn one_document_is_carried_and_its_root_is_iodef_document() {
    let bytes = draft::report(&policy(MsgType::Report), Carried::from(V2.as_bytes())).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let twice = text.replace("</IODEF-Document>", "</IODEF-Document><x/>");
    assert!(open(twice.as_bytes()).unwrap_err().to_string().contains("one document"));
    let unknown = text.replace("<IODEF-Document", "<IODEF-Paper").replace("</IODEF-Document", "</IODEF-Paper");
    let error = Message::open(unknown.as_bytes(), &Limits::default(), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("<IODEF-Document>"), "{error}");
}

#[test]
fn a_message_travels_on_with_another_policy() {
    let first = draft::request(&policy(MsgType::TraceRequest), Carried::from(V2.as_bytes())).unwrap();
    let message = open(&first).unwrap();
    let payload = message.payload.as_ref().unwrap();
    let carried = Carried { bytes: message.payload_bytes().unwrap(), scope: &payload.scope };
    let node = Host::of(None, "192.0.2.9".parse().ok());
    let next = Policy { destination: MsgDestination::SourceOfIncident, node, ..message.policy.clone().unwrap() };
    let second = draft::message(&next, None, None, Some(carried), &Reading::default()).unwrap();
    let again = open(&second).unwrap();
    assert_eq!(again.payload_bytes().unwrap(), V2.as_bytes());
    assert_eq!(again.policy, Some(next));
}

#[test]
fn what_was_read_under_other_limits_and_with_other_values_travels_on() {
    let value = V2.replace("purpose=\"mitigation\"", "purpose=\"exercise\"");
    let carried = Carried::from(value.as_bytes());
    let policy = policy(MsgType::Report);
    let write = |reading: &Reading| draft::message(&policy, None, None, Some(carried), reading);
    assert!(write(&Reading::default()).is_err());
    let accept = [("Incident-purpose".to_owned(), ["exercise".to_owned()].into())].into();
    // What is put around the document does not make it too large.
    let tight = Limits { size: value.len(), ..Limits::default() };
    let bytes = write(&Reading::new(tight, &accept)).unwrap();
    let accepts = Reading::new(Limits::default(), &accept);
    let message = Message::open(&bytes, &accepts.limits, &accepts.options).unwrap();
    assert_eq!(message.payload_bytes().unwrap(), value.as_bytes());
    assert_eq!(message.warnings().iter().map(|one| one.rule).collect::<Vec<_>>(), ["accepted-value"]);
}

#[test]
fn bytes_that_count_on_declarations_around_them_keep_their_meaning() {
    let inner = V1.replace(r#" xmlns:i="urn:ietf:params:xml:ns:iodef-1.0""#, "");
    let scope = [("i".to_owned(), "urn:ietf:params:xml:ns:iodef-1.0".to_owned())];
    let bytes = draft::report(&policy(MsgType::Report), Carried { bytes: inner.as_bytes(), scope: &scope }).unwrap();
    let message = open(&bytes).unwrap();
    assert_eq!(message.payload.as_ref().unwrap().standard, Standard::Iodef1);
    assert_eq!(message.payload_bytes().unwrap(), inner.as_bytes());
    let carried = Carried { bytes: inner.as_bytes(), scope: &scope };
    let spliced = splice::append(carried, &hop("a.example.org", "192.0.2.1"), &Limits::default()).unwrap();
    let bytes = draft::report(&policy(MsgType::Report), Carried { bytes: &spliced, scope: &scope }).unwrap();
    assert_eq!(splice::path(open(&bytes).unwrap().payload_root().unwrap()).len(), 1);
}

fn hop(name: &str, address: &str) -> Hop {
    Hop { name: Some(name.into()), address: address.parse().ok(), contact: Some("CIRT <24h>".into()), recorded: None }
}

#[test]
fn hops_are_appended_and_nothing_else_changes() {
    let hops =
        [hop("a.example.org", "192.0.2.1"), hop("b.example.org", "2001:db8::2"), hop("c.example.org", "192.0.2.3")];
    for original in [V1, V2] {
        let mut bytes = original.as_bytes().to_vec();
        for (count, hop) in hops.iter().enumerate() {
            let before = bytes.clone();
            bytes = splice::append(Carried::from(&before[..]), hop, &Limits::default()).unwrap();
            let start = before.iter().zip(&bytes).take_while(|(one, other)| one == other).count();
            let rest = before.len() - start;
            assert_eq!(before[start..], bytes[bytes.len() - rest..], "only one piece is new");
            let document = Document::parse(&bytes, &Limits::default()).unwrap();
            assert_eq!(splice::path(document.root()), hops[..=count]);
            rid::grammar().validate(document.root(), &Options::default()).unwrap();
        }
    }
    let error = splice::append(Carried::from(&b"<a/>"[..]), &hops[0], &Limits::default()).unwrap_err();
    assert!(matches!(error, SpliceError::NoIncident { .. }), "{error}");
}

#[test]
fn every_valid_message_of_the_corpus_survives_a_copy() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/valid");
    let Ok(entries) = std::fs::read_dir(folder) else {
        assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "the shared corpus is missing");
        eprintln!("skipped: the shared corpus is not there");
        return;
    };
    let mut copied = 0;
    for entry in entries {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let Ok(message) = Message::open(&bytes, &Limits::default(), &rid::options()) else { continue };
        let written =
            Draft::from(message.view()).encode_prefixed(rid::grammar(), &Limits::default(), &rid::options()).unwrap();
        let again = Message::open(&written, &Limits::default(), &rid::options()).unwrap();
        assert_eq!(again.policy, message.policy);
        assert_eq!((&again.status, &again.source), (&message.status, &message.source));
        assert_eq!(again.payload_bytes(), message.payload_bytes());
        assert_eq!(again.summary(), message.summary());
        copied += 1;
    }
    assert!(copied > 20, "{copied} messages were copied");
}
