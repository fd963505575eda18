//! IODEF documents read, summed up, copied and written: the SQL Slammer data call in both versions, and every valid
//! document of the shared corpus.

use std::path::{Path, PathBuf};

use crate::iodef::common::class::{Described, Draft, Options, View};
use crate::iodef::summary::{Incident, Software, Summary};
use crate::iodef::v2::{self, Action, Purpose, Restriction, Status, SystemCategory};
use crate::iodef::{cpe, grammar, v1};
use crate::xml::{Document, Item, Limits, Node};

const SLAMMER_1: &[u8] = include_bytes!("../../fixtures/data-call/slammer-1.0.xml");
const SLAMMER_2: &[u8] = include_bytes!("../../fixtures/data-call/slammer-2.0.xml");

fn first(bytes: &[u8]) -> Incident {
    let document = Document::parse(bytes, &Limits::default()).unwrap();
    assert_eq!(grammar().validate(document.root(), &Options::default()).unwrap().warnings, []);
    Summary::of(document.root()).unwrap().incidents.remove(0)
}

#[test]
fn the_data_call_reads_field_by_field() {
    let document = Document::parse(SLAMMER_2, &Limits::default()).unwrap();
    let checked = grammar().validate(document.root(), &Options::default()).unwrap();
    let root: View<'_, v2::IodefDocument> = checked.root().unwrap();
    assert_eq!((root.version(), root.lang()), ("2.00", Some("en")));
    let incident = root.incident().next().unwrap();
    assert_eq!(incident.purpose(), Purpose::Mitigation);
    assert_eq!(incident.status(), Some(Status::New));
    assert_eq!(incident.restriction(), Restriction::NeedToKnow);
    assert_eq!(
        (incident.incident_id().name(), incident.incident_id().content().as_ref()),
        ("authority.example", "2003-0125-1")
    );
    let method = incident.method().next().unwrap();
    let name = method.reference().next().unwrap().reference_name().unwrap();
    assert_eq!((name.spec_index(), name.id().content().as_ref()), ("1", "CVE-2002-0649"));
    let event = incident.event_data().next().unwrap();
    let system = event.flow().next().unwrap().system().next().unwrap();
    assert_eq!(system.category(), Some(SystemCategory::Target));
    let service = system.service().next().unwrap();
    assert_eq!(service.ip_protocol(), Some("17"));
    assert_eq!(service.port().unwrap().content(), "1434");
    let actions: Vec<Action> = event.expectation().map(|one| one.action()).collect();
    assert_eq!(actions, [Action::BlockPort, Action::UpgradeSoftware, Action::StatusNewInfo]);
}

#[test]
fn both_versions_of_the_data_call_say_the_same() {
    let (one, two) = (first(SLAMMER_1), first(SLAMMER_2));
    assert_eq!(two.id.incident.to_string(), "authority.example#2003-0125-1");
    assert_eq!(two.id.instance.as_deref(), Some("1"));
    assert_eq!((two.severity.as_deref(), two.confidence.as_deref()), (Some("high"), Some("high")));
    assert_eq!(two.generation_time.as_deref(), Some("2003-01-25T08:00:00Z"));
    assert_eq!(two.status.as_deref(), Some("new"));
    assert_eq!(two.systems[0].addresses, [("ipv4-net".to_owned(), "0.0.0.0/0".to_owned())]);
    assert_eq!(one.id, two.id);
    assert_eq!((&one.purpose, &one.restriction, &one.title), (&two.purpose, &two.restriction, &two.title));
    assert_eq!(
        (&one.generation_time, &one.detect_time, &one.start_time),
        (&two.generation_time, &two.detect_time, &two.start_time)
    );
    assert_eq!((&one.severity, &one.confidence), (&two.severity, &two.confidence));
    assert_eq!((one.references[0].as_str(), two.references[0].as_str()), ("CVE-2002-0649", "CVE-2002-0649"));
    assert_eq!(one.expectations.len(), two.expectations.len());
    assert_eq!(one.systems[0].addresses, two.systems[0].addresses);
    let name = |software: &Software| software.cpe.clone();
    assert_eq!(
        two.software.iter().filter_map(name).collect::<Vec<_>>(),
        ["cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*", "cpe:2.3:a:microsoft:data_engine:2000:*:*:*:*:*:*:*",]
    );
    assert_eq!(one.software[0].name.as_deref(), Some("Microsoft SQL Server 2000"));
}

#[test]
fn a_cpe_name_written_is_a_cpe_name_read() {
    let name = "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*";
    let fragment = cpe::reference(name).fragment(v2::NAMESPACE, "SoftwareReference");
    let document = Document::parse(fragment.as_bytes(), &Limits::default()).unwrap();
    grammar().validate(document.root(), &Options::default()).unwrap();
    assert_eq!(cpe::names(document.root()), [name]);
}

/// The tree without what a copy need not keep: prefixes, comments, and white space between elements.
fn essence(node: Node<'_>, out: &mut String) {
    let mut attributes: Vec<_> = node.attributes().map(|one| (one.namespace, one.name, one.value)).collect();
    attributes.sort_unstable();
    out.push_str(&format!("<{{{}}}{} {attributes:?}>", node.namespace(), node.name()));
    for item in node.items() {
        match item {
            Item::Element(child) => essence(child, out),
            Item::Text(text, _) if !text.trim().is_empty() => out.push_str(text),
            _ => {}
        }
    }
    out.push_str("</>");
}

fn copy<C: Described>(bytes: &[u8]) -> Option<()> {
    let document = Document::parse(bytes, &Limits::default()).ok()?;
    let checked = grammar().validate(document.root(), &Options::default()).ok()?;
    let draft = Draft::from(checked.root::<C>()?);
    let written = draft.encode(grammar()).unwrap_or_else(|error| panic!("{error}"));
    let again = Document::parse(&written, &Limits::default()).unwrap();
    let (mut one, mut other) = (String::new(), String::new());
    essence(document.root(), &mut one);
    essence(again.root(), &mut other);
    let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let near = |text: &str| text.chars().skip(at.saturating_sub(200)).take(400).collect::<String>();
    assert!(one == other, "{:?} became {:?}", near(&one), near(&other));
    Some(())
}

#[test]
fn every_valid_document_of_the_corpus_survives_a_copy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/valid");
    let Ok(entries) = std::fs::read_dir(folder) else {
        assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "the shared corpus is missing");
        eprintln!("skipped: the shared corpus is not there");
        return;
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut copied = 0;
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        copied +=
            usize::from(copy::<v1::IodefDocument>(&bytes).or_else(|| copy::<v2::IodefDocument>(&bytes)).is_some());
    }
    assert!(copied > 60, "{copied} documents were copied");
}
