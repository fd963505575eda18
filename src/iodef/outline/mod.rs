//! An Incident in outline: what the documents of a significant event say, in plain owned values that know no version.
//! Read from a document of either version, and written as either.
//!
//! Called by the coordination of significant events. Times are as written, in RFC 3339; words (`purpose`, `action`, …) are
//! the standard's. An outline is no image of a document: what these documents do not need is left out, so it serves for
//! writing our own and never for writing again what another wrote.

mod detail;
mod first;
mod read;
mod second;

pub use read::OutlineError;

use crate::iodef::common::class::EncodeError;
use crate::iodef::summary::{IncidentId, Software, Version};

/// One Incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// Its number.
    pub id: IncidentId,
    /// The language of its texts; `en` is written where there is none.
    pub lang: Option<String>,
    /// Why it was written. What IODEF 1.0 has no word for becomes `other` there.
    pub purpose: String,
    /// How far it is dealt with. IODEF 1.0 has no such word.
    pub status: Option<String>,
    /// Who may see it; nothing counts as `private`.
    pub restriction: Option<String>,
    /// Numbers that others use for the same incident.
    pub alternatives: Vec<IncidentId>,
    /// When it was written: GenerationTime; in 1.0, ReportTime.
    pub written: Option<String>,
    /// Its descriptions, the title first.
    pub descriptions: Vec<String>,
    /// The highest severity of its impacts: `low`, `medium` or `high`.
    pub severity: Option<String>,
    /// Its References.
    pub references: Vec<Reference>,
    /// The vulnerabilities named by structured information (RFC 7203 §4.5.3).
    pub vulnerabilities: Vec<String>,
    /// The CPE names of the platforms named by structured information.
    pub platforms: Vec<String>,
    /// The Remediations of structured information (RFC 7203 §4.5.8); read only.
    pub remedies: Vec<Reference>,
    /// Software it names anywhere; read only.
    pub software: Vec<Software>,
    /// Who wrote it.
    pub contact: Contact,
    /// Its EventData; what stood inside another comes after that.
    pub events: Vec<EventData>,
    /// What was done.
    pub history: Vec<HistoryItem>,
    /// Our extension's word on it.
    pub detail: Option<EventDetail>,
    /// Our extension's word on milestones that nothing was done about yet.
    pub milestones: Vec<MilestoneDetail>,
}

/// Who wrote a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The organization.
    pub name: String,
    /// Where mail reaches it.
    pub email: Option<String>,
    /// Where calls reach it.
    pub telephone: Option<String>,
}

/// A Reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// The name that a list gives it. IODEF 2.0 has a place for names of lists that IANA knows; we write CVE names there,
    /// and others as the first description.
    pub name: Option<String>,
    /// Where to read more.
    pub urls: Vec<String>,
    /// What it is.
    pub descriptions: Vec<String>,
}

/// One part of what happened, with what is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventData {
    /// What it is.
    pub descriptions: Vec<String>,
    /// The systems of its Flows.
    pub systems: Vec<System>,
    /// What is asked for.
    pub expectations: Vec<Expectation>,
    /// Our extension's word on what is asked for.
    pub milestones: Vec<MilestoneDetail>,
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// What to do. What IODEF 1.0 has no word for becomes `remediate-other` or `other` there.
    pub action: String,
    /// How urgent.
    pub severity: Option<String>,
    /// In words.
    pub descriptions: Vec<String>,
    /// Courses of action agreed on before (DefinedCOA); in 1.0 written as descriptions.
    pub courses: Vec<String>,
}

/// A System.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// Its part; `target` is written where there is none.
    pub category: Option<String>,
    /// Names of the asset. IODEF 1.0 has none: there they are names of the node, and stand first.
    pub asset_ids: Vec<String>,
    /// Its names.
    pub names: Vec<String>,
    /// Its addresses. Only IP addresses and networks are written.
    pub addresses: Vec<String>,
    /// The CPE names of its platform. IODEF 1.0 has no place for them: there they are descriptions.
    pub cpes: Vec<String>,
    /// What else is said of it.
    pub descriptions: Vec<String>,
    /// Our extension's word on it.
    pub detail: Option<SystemDetail>,
}

/// One thing that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryItem {
    /// What was done; see [`Expectation::action`].
    pub action: String,
    /// When.
    pub at: String,
    /// Who did it.
    pub by: Option<String>,
    /// In words.
    pub descriptions: Vec<String>,
    /// Our extension's word on it.
    pub milestone: Option<MilestoneDetail>,
}

/// What our extension says of the significant event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventDetail {
    /// Its name on the node that opened it.
    pub event_id: String,
    /// When its data call was issued.
    pub issued: Option<String>,
    /// Whether it is a drill.
    pub drill: bool,
}

/// What our extension says of a milestone. One whose name is no NCName is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MilestoneDetail {
    /// Its name.
    pub name: String,
    /// When it is due.
    pub due: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// `open`, `met`, `missed` or `waived`; nothing is written as open.
    pub state: Option<String>,
    /// When it was met, missed or waived.
    pub met_at: Option<String>,
    /// Who met or waived it.
    pub by: Option<String>,
    /// The unit that has it.
    pub unit: Option<String>,
}

/// What our extension says of a system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemDetail {
    /// `affected`, `corrected`, `excepted` or `unpatched`.
    pub state: String,
    /// Since when.
    pub at: Option<String>,
    /// Who says so.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Outline {
    /// An Incident that says nothing yet but its number and why it is written.
    #[must_use]
    pub fn new(id: IncidentId, purpose: &str) -> Self {
        Self {
            id,
            lang: None,
            purpose: purpose.to_owned(),
            status: None,
            restriction: None,
            alternatives: Vec::new(),
            written: None,
            descriptions: Vec::new(),
            severity: None,
            references: Vec::new(),
            vulnerabilities: Vec::new(),
            platforms: Vec::new(),
            remedies: Vec::new(),
            software: Vec::new(),
            contact: Contact::default(),
            events: Vec::new(),
            history: Vec::new(),
            detail: None,
            milestones: Vec::new(),
        }
    }

    /// A document with this one Incident, valid by the schema of that version and by the RFC's prose.
    ///
    /// # Errors
    /// If a value is not what its class takes, for instance a time that is none.
    pub fn encode(&self, version: Version) -> Result<Vec<u8>, EncodeError> {
        match version {
            Version::V1 => first::document(self).encode(crate::iodef::grammar()),
            Version::V2 => second::document(self).encode(crate::iodef::grammar()),
        }
    }
}

/// Text without the characters that XML cannot carry: what staff paste may hold any.
fn clean(text: &str) -> String {
    let fits = |c: &char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{1_0000}'..);
    text.chars().filter(fits).collect()
}

/// The kind of an address, if it is an IP address or network: `ipv4-addr`, `ipv4-net`, `ipv6-addr`, `ipv6-net`.
fn kind_of_address(text: &str) -> Option<&'static str> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: std::net::IpAddr = address.trim().parse().ok()?;
    match (address.is_ipv4(), prefix.map(|prefix| prefix.trim().parse::<u8>())) {
        (true, None) => Some("ipv4-addr"),
        (false, None) => Some("ipv6-addr"),
        (true, Some(Ok(0..=32))) => Some("ipv4-net"),
        (false, Some(Ok(0..=128))) => Some("ipv6-net"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IncidentName;

    #[test]
    fn what_we_write_is_as_large_as_it_has_to_be() {
        let name = IncidentName { name: "cirt.department.example".to_owned(), id: "SE-1".to_owned() };
        let mut outline = Outline::new(IncidentId { incident: name, instance: None }, "mitigation");
        outline.written = Some("2003-01-25T08:00:00Z".to_owned());
        outline.contact.name = "CIRT".to_owned();
        let named = |n| System { asset_ids: vec![format!("sql{n}")], ..System::default() };
        outline.events = vec![EventData { systems: (0..10_000).map(named).collect(), ..EventData::default() }];
        for version in [Version::V1, Version::V2] {
            let bytes = outline.encode(version).unwrap();
            let unbounded = crate::xml::Limits { elements: usize::MAX, size: usize::MAX, ..Default::default() };
            let read = Outline::judged(&bytes, &unbounded, &Default::default()).unwrap();
            assert_eq!(read[0].events[0].systems.len(), 10_000);
            assert!(Outline::parse(&bytes, &[], &Default::default()).is_err(), "a limit of its reader holds");
        }
    }
}
