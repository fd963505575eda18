//! The fixtures of RID and IODEF: each is valid under the strict profile, and says what it is there to say.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, and what it skips by printing")]

use std::path::{Path, PathBuf};

use ridd::iodef::summary::Summary;
use ridd::rid::judge::{self, Profile, Verdict};
use ridd::rid::{AuthorizationStatus, Justification, Message, MsgDestination, MsgType, Standard, splice};
use ridd::xml::{Document, Limits};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap()
}

fn all(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    paths
}

#[test]
fn every_fixture_is_valid_under_the_strict_profile() {
    for folder in ["rid", "iodef2", "data-call", "coordination"] {
        for path in all(folder) {
            let bytes = std::fs::read(&path).unwrap();
            let options = judge::Options { profile: Profile::Strict, ..judge::Options::default() };
            let judgement = judge::judge(&bytes, &options);
            assert_eq!(judgement.verdict, Verdict::Valid, "{}: {judgement:?}", path.display());
        }
    }
}

fn open(bytes: &[u8]) -> Message<'_> {
    Message::open(bytes, &Limits::default(), &ridd::rid::options()).unwrap()
}

#[test]
fn messages_say_what_they_are() {
    for (name, msg_type, incident, standard) in [
        (
            "investigation-request",
            MsgType::InvestigationRequest,
            "authority.example#2003-0125-1",
            Some(Standard::Iodef2),
        ),
        ("trace-request", MsgType::TraceRequest, "department.example#T-77", Some(Standard::Iodef1)),
        ("acknowledgement-approved", MsgType::Acknowledgement, "authority.example#2003-0125-1", None),
        ("result", MsgType::Result, "department.example#T-77", Some(Standard::Iodef1)),
        ("query", MsgType::Query, "authority.example#2003-0125-1", None),
    ] {
        let bytes = fixture(&format!("rid/{name}.xml"));
        let message = open(&bytes);
        assert_eq!(message.msg_type(), Some(msg_type), "{name}");
        assert_eq!(message.incident().unwrap().incident.to_string(), incident, "{name}");
        assert_eq!(message.payload.as_ref().map(|payload| payload.standard.clone()), standard, "{name}");
        assert_eq!(message.summary().is_some(), standard.is_some(), "{name}");
    }
}

#[test]
fn a_trace_names_the_source_and_the_way_it_came() {
    let bytes = fixture("rid/trace-request.xml");
    let message = open(&bytes);
    let policy = message.policy.as_ref().unwrap();
    assert_eq!(policy.destination, MsgDestination::SourceOfIncident);
    assert_eq!(policy.node.ips().map(|ip| ip.to_string()).collect::<Vec<_>>(), ["198.51.100.7"]);
    let path = splice::path(message.payload_root().unwrap());
    assert_eq!(path.iter().filter_map(|hop| hop.name.as_deref()).collect::<Vec<_>>(), ["rid.department.example"]);
    let incident = message.summary().unwrap().incidents.remove(0);
    assert_eq!((incident.confidence.as_deref(), incident.path.len(), incident.systems.len()), (Some("85"), 1, 2));
}

#[test]
fn acknowledgements_and_results_tell_the_outcome() {
    let bytes = fixture("rid/acknowledgement-denied.xml");
    let status = open(&bytes).status.unwrap();
    assert_eq!(status.authorization, AuthorizationStatus::Denied);
    assert_eq!(status.justification, Some(Justification::CannotProcess));
    let bytes = fixture("rid/acknowledgement-pending.xml");
    let status = open(&bytes).status.unwrap();
    assert_eq!(status.ext_justification.as_deref(), Some("no officer on duty"));
    let bytes = fixture("rid/result.xml");
    let source = open(&bytes).source.unwrap();
    assert!(source.found);
    assert_eq!(source.nodes[0].ips().next().unwrap().to_string(), "198.51.100.7");
}

#[test]
fn a_watch_list_is_summed_up() {
    let bytes = fixture("iodef2/watch-list.xml");
    let document = Document::parse(&bytes, &Limits::default()).unwrap();
    let incident = Summary::of(document.root()).unwrap().incidents.remove(0);
    assert_eq!(incident.status.as_deref(), Some("under-observation"));
    assert_eq!(incident.restriction.as_deref(), Some("green"));
    assert_eq!(incident.alternative_ids[0].incident.to_string(), "authority.example#2003-0125-1");
    assert_eq!(incident.related_ids[0].incident.to_string(), "department.example#T-77");
    assert_eq!(incident.generation_time.as_deref(), Some("2003-01-26T09:00:00+01:00"));
}
