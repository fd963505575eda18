//! Messages to send: a Report of 4 KB with an incident of one's own, and payloads wrapped in one.

/// The Report of the fixtures.
const REPORT: &str = include_str!("../../../fixtures/rid/report-4k.xml");
/// The number of its incident.
const NUMBER: &str = "2003-0125-7";
/// How the Report labels its payload, and how IODEF 2.0 is labelled.
const LABEL_1: &str = r#"Version="1.0" XMLSchemaID="urn:ietf:params:xml:ns:iodef-1.0""#;
const LABEL_2: &str = "Version=\"ext-value\" ext-Version=\"2.00\" XMLSchemaID=\"ext-value\" \
                       ext-XMLSchemaID=\"urn:ietf:params:xml:ns:iodef-2.0\"";

/// A Report about that incident.
pub(crate) fn report(number: &str) -> Vec<u8> {
    REPORT.replace(NUMBER, number).into_bytes()
}

/// A Report labelled as carrying IODEF 2.0, with these bytes for a payload, whatever they are; their XML declaration is
/// left out.
pub(crate) fn wrapped(payload: &[u8]) -> Vec<u8> {
    let payload = match payload.strip_prefix(b"<?xml") {
        Some(rest) => rest.windows(2).position(|two| two == b"?>").map_or(payload, |at| &rest[at + 2..]),
        None => payload,
    };
    let report = REPORT.replace(LABEL_1, LABEL_2);
    let open = report.find("meaning=\"xml\">").expect("the fixture has an XMLDocument") + "meaning=\"xml\">".len();
    let close = report.find("</iodef-rid:XMLDocument>").expect("and its end");
    [&report.as_bytes()[..open], payload, &report.as_bytes()[close..]].concat()
}
