//! The tables read what a data call says, refuse what the standard refuses, and write it again.

use std::sync::LazyLock;

use super::{Action, ImpactType, IodefDocument, Purpose, Restriction, SCHEMA, SystemCategory};
use crate::iodef::common::class::{Checked, Draft, Grammar, Options, Profile, Schema, View};
use crate::xml::{Document, Limits};

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::of(&SCHEMAS));
static SCHEMAS: [&Schema; 1] = [&SCHEMA];
const SLAMMER: &str = include_str!("../../../fixtures/data-call/slammer-1.0.xml");

fn parse(text: &str) -> Document<'_> {
    Document::parse(text.as_bytes(), &Limits::default()).unwrap()
}

fn strict() -> Options {
    Options { profile: Profile::Strict, ..Options::default() }
}

fn check<'a>(document: &'a Document<'_>) -> Checked<'a> {
    GRAMMAR.validate(document.root(), &strict()).unwrap()
}

#[test]
fn the_data_call_says_what_it_says() {
    let document = parse(SLAMMER);
    let checked = check(&document);
    assert_eq!(checked.warnings, []);
    let root: View<'_, IodefDocument> = checked.root().unwrap();
    let incident = root.incident().next().unwrap();
    assert_eq!(incident.purpose(), Purpose::Mitigation);
    assert_eq!(incident.restriction(), Restriction::NeedToKnow);
    let id = incident.incident_id();
    assert_eq!((id.name(), id.instance(), &*id.content()), ("authority.example", Some("1"), "2003-0125-1"));
    assert_eq!(incident.report_time().content(), "2003-01-25T08:00:00Z");
    let kinds: Vec<_> = incident.assessment().flat_map(|one| one.impact()).map(|impact| impact.kind()).collect();
    assert_eq!(kinds, [ImpactType::Dos, ImpactType::Admin]);
    let names: Vec<_> = incident
        .method()
        .flat_map(|method| method.reference())
        .map(|reference| reference.reference_name().content().into_owned())
        .collect();
    assert_eq!(names, ["CVE-2002-0649", "MS02-039"]);
    let contact = incident.contact().next().unwrap();
    assert_eq!(contact.email().next().unwrap().content(), "datacall@authority.example");
    assert_eq!(contact.timezone().unwrap().content(), "-05:00");
}

#[test]
fn the_events_of_the_data_call_name_systems_and_expectations() {
    let document = parse(SLAMMER);
    let root: View<'_, IodefDocument> = check(&document).root().unwrap();
    let event = root.incident().next().unwrap().event_data().next().unwrap();
    let system = event.flow().next().unwrap().system().next().unwrap();
    assert_eq!(system.category(), Some(SystemCategory::Target));
    let service = system.service().next().unwrap();
    assert_eq!((service.ip_protocol(), &*service.port().unwrap().content()), ("17", "1434"));
    assert_eq!(service.application().unwrap().name(), Some("SQL Server"));
    let actions: Vec<_> = event.expectation().map(|one| one.action()).collect();
    assert_eq!(actions, [Action::BlockPort, Action::RemediateOther, Action::StatusNewInfo]);
}

#[test]
fn the_data_call_is_written_as_it_was_read() {
    let document = parse(SLAMMER);
    let root: View<'_, IodefDocument> = check(&document).root().unwrap();
    let bytes = Draft::from(root).encode(&GRAMMAR).unwrap();
    let again = Document::parse(&bytes, &Limits::default()).unwrap();
    let second: View<'_, IodefDocument> = check(&again).root().unwrap();
    assert_eq!(Draft::from(second), Draft::from(root));
    assert!(String::from_utf8(bytes).unwrap().contains(">CVE-2002-0649<"));
}

#[test]
fn what_breaks_the_tables_is_refused_with_its_place() {
    for (right, wrong, expected) in [
        (
            "<ReportTime>2003-01-25T08:00:00Z</ReportTime>",
            "",
            "expected <EndTime> or <ReportTime>, found <Description>",
        ),
        ("purpose=\"mitigation\"", "purpose=\"mitigate\"", "purpose to be one of traceback, mitigation"),
        ("<Port>1434</Port>", "<Port>x</Port>", "/Service[1]/Port: expected a whole number"),
        ("version=\"1.00\"", "version=\"2.00\"", "expected version=\"1.00\""),
        ("occurrence=\"actual\"", "occurence=\"actual\"", "occurence"),
    ] {
        assert!(SLAMMER.contains(right), "{right}");
        let text = SLAMMER.replace(right, wrong);
        let document = parse(&text);
        let violation = GRAMMAR.validate(document.root(), &strict()).unwrap_err().to_string();
        assert!(violation.contains(expected), "{violation}");
    }
}
