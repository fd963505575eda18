//! What all documents of a significant event have in common: who writes, when, for whom, whether it is a drill. Called by
//! the documents beside it.

use super::{Sender, Target, WireError};
use crate::clock::Timestamp;
use crate::ids::IncidentName;
use crate::iodef::outline::{Contact, EventData, EventDetail, Outline, Reference, System};
use crate::iodef::summary::{IncidentId, Version};
use crate::peers::IodefVersion;

/// What stands before the title of a drill.
const DRILL: &str = "DRILL: ";

/// What a document is to say beside its own matter.
pub(super) struct Frame<'f> {
    pub(super) incident: &'f IncidentId,
    pub(super) alternatives: &'f [IncidentName],
    pub(super) purpose: &'f str,
    pub(super) status: &'f str,
    pub(super) issued: Option<Timestamp>,
    pub(super) written: Option<Timestamp>,
    pub(super) restriction: Option<&'f str>,
    pub(super) lang: Option<&'f str>,
    pub(super) drill: bool,
}

impl Frame<'_> {
    /// A document with that title.
    pub(super) fn outline(&self, title: &str, sender: &Sender) -> Outline {
        let alternative = |name: &IncidentName| IncidentId { incident: name.clone(), instance: None };
        let mut outline = Outline::new(self.incident.clone(), self.purpose);
        outline.lang = self.lang.map(str::to_owned);
        outline.status = Some(self.status.to_owned());
        outline.restriction = Some(self.restriction.unwrap_or("need-to-know").to_owned());
        outline.alternatives = self.alternatives.iter().map(alternative).collect();
        outline.written = self.written.map(|written| written.to_string());
        outline.descriptions.push(if self.drill { format!("{DRILL}{title}") } else { title.to_owned() });
        outline.contact =
            Contact { name: sender.name.clone(), email: sender.email.clone(), telephone: sender.telephone.clone() };
        outline.detail = Some(EventDetail {
            event_id: self.incident.incident.id.clone(),
            issued: self.issued.map(|issued| issued.to_string()),
            drill: self.drill,
        });
        outline
    }
}

/// The document's bytes.
pub(super) fn encode(outline: &Outline, document: &'static str, version: IodefVersion) -> Result<Vec<u8>, WireError> {
    if outline.written.is_none() {
        return Err(WireError::Undated { document });
    }
    let version = match version {
        IodefVersion::V1 => Version::V1,
        IodefVersion::V2 => Version::V2,
    };
    outline.encode(version).map_err(|source| WireError::Unfit { document, source: Box::new(source) })
}

/// A time as it was written.
pub(super) fn time(text: Option<&String>) -> Option<Timestamp> {
    Timestamp::parse(text?)
}

/// The instant at which the data call was issued, as our extension tells it.
pub(super) fn issued(outline: &Outline) -> Option<Timestamp> {
    time(outline.detail.as_ref()?.issued.as_ref())
}

/// Whether the document is about a drill: our extension says so, or its title begins with that word.
pub(super) fn drill(outline: &Outline) -> bool {
    let named = |title: &String| {
        let title = title.trim_start_matches(['[', '(', '*', ' ']);
        ["drill", "exercise"].iter().any(|word| {
            let start = title.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
            start && !title.get(word.len()..).unwrap_or_default().starts_with(|c: char| c.is_alphanumeric())
        })
    };
    outline.detail.as_ref().is_some_and(|detail| detail.drill) || outline.descriptions.first().is_some_and(named)
}

/// The title without our mark of a drill.
pub(super) fn title(outline: &Outline) -> Option<String> {
    let title = outline.descriptions.first()?;
    Some(title.strip_prefix(DRILL).unwrap_or(title).to_owned())
}

/// The descriptions behind the title.
pub(super) fn further(outline: &Outline) -> impl Iterator<Item = &String> {
    outline.descriptions.iter().skip(1)
}

pub(super) fn alternatives(outline: &Outline) -> Vec<IncidentName> {
    outline.alternatives.iter().map(|id| id.incident.clone()).collect()
}

/// The systems of an EventData that the document is about: targets, and those whose part nobody tells.
pub(super) fn targets(event: &EventData) -> impl Iterator<Item = &System> {
    event.systems.iter().filter(|system| system.category.as_deref().is_none_or(|category| category == "target"))
}

/// A system as it is named in the inventory: by AssetID, else by host name (IODEF 1.0 has no other), else by address.
pub(super) fn target(system: &System) -> Target {
    let mut hosts = system.names.clone();
    let name = match system.asset_ids.first() {
        Some(asset) => asset.clone(),
        None if !hosts.is_empty() => hosts.remove(0),
        None => system.addresses.first().cloned().unwrap_or_default(),
    };
    hosts.retain(|host| *host != name);
    Target { name, hosts, addresses: system.addresses.clone(), cpes: system.cpes.clone() }
}

/// A target as it is written.
pub(super) fn system(target: &Target) -> System {
    System {
        category: Some("target".to_owned()),
        asset_ids: vec![target.name.clone()],
        names: target.hosts.clone(),
        addresses: target.addresses.clone(),
        cpes: target.cpes.clone(),
        descriptions: Vec::new(),
        detail: None,
    }
}

/// A vulnerability as it is written.
pub(super) fn vulnerability(name: &str) -> Reference {
    Reference { name: Some(name.to_owned()), urls: Vec::new(), descriptions: Vec::new() }
}

/// Adds a name that is not yet there, whatever its case.
pub(super) fn add(name: &str, names: &mut Vec<String>) {
    if !name.is_empty() && !names.iter().any(|one| one.eq_ignore_ascii_case(name)) {
        names.push(name.to_owned());
    }
}
