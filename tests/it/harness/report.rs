//! Messages to send: a Report of 4 KB with an incident of one's own, and payloads wrapped in one.

/// The Report of the fixtures.
const REPORT: &str = include_str!("../../../fixtures/rid/report-4k.xml");
/// The number of its incident.
const NUMBER: &str = "2003-0125-7";
/// The CSIRT that numbered it.
const CSIRT: &str = "cirt.department.example";

/// A Report about that incident.
pub(crate) fn report(number: &str) -> Vec<u8> {
    REPORT.replace(NUMBER, number).into_bytes()
}

/// A Report about that incident of that CSIRT.
pub(crate) fn report_of(csirt: &str, number: &str) -> Vec<u8> {
    REPORT.replace(CSIRT, csirt).replace(NUMBER, number).into_bytes()
}

/// A Report whose XMLDocument carries these bytes, whatever they are; its XML declaration is left out.
pub(crate) fn wrapped(payload: &[u8]) -> Vec<u8> {
    let payload = match payload.strip_prefix(b"<?xml") {
        Some(rest) => rest.windows(2).position(|two| two == b"?>").map_or(payload, |at| &rest[at + 2..]),
        None => payload,
    };
    let open = REPORT.find("meaning=\"xml\">").expect("the fixture has an XMLDocument") + "meaning=\"xml\">".len();
    let close = REPORT.find("</iodef-rid:XMLDocument>").expect("and its end");
    [&REPORT.as_bytes()[..open], payload, &REPORT.as_bytes()[close..]].concat()
}
