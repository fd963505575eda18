//! What an IODEF document says, whatever its version: the version-neutral view, in plain owned values. Called by the
//! coordination of significant events, the exchange and the pages; whoever needs more reads the classes themselves.
//!
//! Values that are words (`restriction`, `status`, …) are the standard's; where a document says `ext-value` they are what
//! its `ext-` attribute says. Times are as written, in RFC 3339.

use serde::{Deserialize, Serialize};

use crate::ids::IncidentName;
use crate::iodef::common::class::View;
use crate::iodef::{cpe, v1, v2};
use crate::xml::{self, Node, XML};

/// An IncidentID: which incident, and which instance of it (RFC 5070 §3.3, RFC 6545 §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IncidentId {
    /// The incident.
    pub incident: IncidentName,
    /// The instance: each Request about the incident has its own.
    pub instance: Option<String>,
}

impl IncidentId {
    /// Reads an IncidentID of either version.
    #[must_use]
    pub fn read(node: Node<'_>) -> Self {
        Self {
            incident: IncidentName {
                name: node.attribute("name").map(xml::trim).unwrap_or_default().to_owned(),
                id: xml::trim(&node.text()).to_owned(),
            },
            instance: node.attribute("instance").map(|text| xml::trim(text).to_owned()),
        }
    }
}

/// The version of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Version {
    /// RFC 5070.
    #[serde(rename = "1.0")]
    V1,
    /// RFC 7970.
    #[serde(rename = "2.0")]
    V2,
}

/// An IODEF document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Its version.
    pub version: Version,
    /// The language of its texts.
    pub lang: Option<String>,
    /// Its incidents, at least one.
    pub incidents: Vec<Incident>,
}

/// One Incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incident {
    /// Its number.
    #[serde(flatten)]
    pub id: IncidentId,
    /// Who may see it; none counts as `private`.
    pub restriction: Option<String>,
    /// Why it was written.
    pub purpose: String,
    /// How far it is dealt with. IODEF 1.0 has no such word.
    pub status: Option<String>,
    /// When it was written: GenerationTime; in 1.0, ReportTime.
    pub generation_time: Option<String>,
    /// When it was reported.
    pub report_time: Option<String>,
    /// When it was detected.
    pub detect_time: Option<String>,
    /// When it began.
    pub start_time: Option<String>,
    /// When it ended.
    pub end_time: Option<String>,
    /// The first of its descriptions.
    pub title: Option<String>,
    /// The others.
    pub descriptions: Vec<String>,
    /// Numbers that others use for the same incident.
    pub alternative_ids: Vec<IncidentId>,
    /// Numbers of related incidents.
    pub related_ids: Vec<IncidentId>,
    /// The names in its References: CVE numbers and their like.
    pub references: Vec<String>,
    /// Software it names.
    pub software: Vec<Software>,
    /// What the sender asks for.
    pub expectations: Vec<Expectation>,
    /// The highest severity of its impacts: `low`, `medium` or `high`.
    pub severity: Option<String>,
    /// The highest confidence: `low`, `medium`, `high`, or a number.
    pub confidence: Option<String>,
    /// The systems that took part.
    pub systems: Vec<System>,
    /// The RID systems it went through (category `infrastructure`), the originator first.
    pub path: Vec<System>,
}

/// A software.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Software {
    /// Its CPE name, if it is named so.
    pub cpe: Option<String>,
    /// Its name in words: vendor, name, version of 1.0; descriptions of 2.0.
    pub name: Option<String>,
}

/// What the sender asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expectation {
    /// What to do.
    pub action: String,
    /// How urgent.
    pub severity: Option<String>,
    /// Details.
    pub descriptions: Vec<String>,
    /// Not before.
    pub start_time: Option<String>,
    /// After this it MUST NOT be done (RFC 7970 §3.15).
    pub end_time: Option<String>,
}

/// A System.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct System {
    /// Its part: `source`, `target`, …
    pub category: Option<String>,
    /// Its names.
    pub names: Vec<String>,
    /// Its addresses with their kind.
    pub addresses: Vec<(String, String)>,
    /// Names of the asset. IODEF 1.0 has none.
    pub asset_ids: Vec<String>,
}

impl From<View<'_, v1::IodefDocument>> for Summary {
    fn from(document: View<'_, v1::IodefDocument>) -> Self {
        Self::read(document.element(), Version::V1, document.element().attribute("lang"))
    }
}

impl From<View<'_, v2::IodefDocument>> for Summary {
    fn from(document: View<'_, v2::IodefDocument>) -> Self {
        Self::read(document.element(), Version::V2, document.element().attribute_in(XML, "lang"))
    }
}

impl Summary {
    /// The summary of a valid document by its root element. None if that is no IODEF-Document.
    #[must_use]
    pub fn of(root: Node<'_>) -> Option<Self> {
        match (root.namespace(), root.name()) {
            (v1::NAMESPACE, "IODEF-Document") => Some(Self::read(root, Version::V1, root.attribute("lang"))),
            (v2::NAMESPACE, "IODEF-Document") => Some(Self::read(root, Version::V2, root.attribute_in(XML, "lang"))),
            _ => None,
        }
    }

    /// Both versions share the names of what is read here; where they differ, both names are looked for.
    fn read(root: Node<'_>, version: Version, lang: Option<&str>) -> Self {
        let incidents = children(root, "Incident").map(|node| Incident::read(node, version)).collect();
        Self { version, lang: lang.map(str::to_owned), incidents }
    }
}

impl Incident {
    pub(super) fn read(node: Node<'_>, version: Version) -> Self {
        let ids = |holder: &'static str| -> Vec<IncidentId> {
            children(node, holder).flat_map(|one| children(one, "IncidentID")).map(IncidentId::read).collect()
        };
        let mut found = Found::default();
        found.walk(node);
        let mut descriptions = texts(node, "Description");
        let title = (!descriptions.is_empty()).then(|| descriptions.remove(0));
        let report_time = time(node, "ReportTime");
        Self {
            id: children(node, "IncidentID").next().map(IncidentId::read).unwrap_or_else(|| IncidentId {
                incident: IncidentName { name: String::new(), id: String::new() },
                instance: None,
            }),
            restriction: said(node, "restriction"),
            purpose: said(node, "purpose").unwrap_or_default(),
            status: said(node, "status"),
            generation_time: match version {
                Version::V1 => report_time.clone(),
                Version::V2 => time(node, "GenerationTime"),
            },
            report_time,
            detect_time: time(node, "DetectTime"),
            start_time: time(node, "StartTime"),
            end_time: time(node, "EndTime"),
            title,
            descriptions,
            alternative_ids: ids("AlternativeID"),
            related_ids: ids("RelatedActivity"),
            references: found.references,
            software: found.software,
            expectations: found.expectations,
            severity: found.severity,
            confidence: found.confidence,
            systems: found.systems,
            path: found.path,
        }
    }
}

/// What stands anywhere in an Incident.
#[derive(Default)]
struct Found {
    references: Vec<String>,
    software: Vec<Software>,
    expectations: Vec<Expectation>,
    severity: Option<String>,
    confidence: Option<String>,
    systems: Vec<System>,
    path: Vec<System>,
}

impl Found {
    /// Looks at the classes of IODEF, not into foreign content. Recursion goes as deep as the document, which the scan has
    /// bounded.
    fn walk(&mut self, node: Node<'_>) {
        for child in node.elements().filter(|child| child.namespace() == node.namespace()) {
            match child.name() {
                "Reference" => self.references.extend(reference(child)),
                "Application" | "OperatingSystem" | "AssociatedSoftware" => self.software(child),
                "Expectation" => self.expectations.push(Expectation {
                    action: said(child, "action").unwrap_or_else(|| "other".to_owned()),
                    severity: said(child, "severity"),
                    descriptions: texts(child, "Description"),
                    start_time: time(child, "StartTime"),
                    end_time: time(child, "EndTime"),
                }),
                "Impact" | "SystemImpact" | "BusinessImpact" | "TimeImpact" | "MonetaryImpact" => {
                    higher(&mut self.severity, said(child, "severity"));
                }
                "Confidence" => match said(child, "rating").as_deref() {
                    Some("numeric") => higher(&mut self.confidence, Some(xml::trim(&child.text()).to_owned())),
                    rating => higher(&mut self.confidence, rating.map(str::to_owned)),
                },
                "System" => {
                    let system = System::read(child);
                    let place = if system.category.as_deref() == Some("infrastructure") {
                        &mut self.path
                    } else {
                        &mut self.systems
                    };
                    place.push(system);
                }
                // What others reported, and what could be observed elsewhere, is not this incident's.
                "AdditionalData" | "IndicatorData" | "RelatedActivity" => continue,
                _ => {}
            }
            self.walk(child);
        }
    }

    fn software(&mut self, node: Node<'_>) {
        let words = ["vendor", "name", "version", "patch"].iter().filter_map(|one| node.attribute(one));
        let mut name = words.map(xml::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            name = texts(node, "Description").join(" ");
        }
        let name = (!name.is_empty()).then_some(name);
        let names = children(node, "SoftwareReference").flat_map(cpe::names).map(Some).collect::<Vec<_>>();
        let names = if names.is_empty() { vec![None] } else { names };
        for cpe in names {
            let software = Software { cpe, name: name.clone() };
            if (software.cpe.is_some() || software.name.is_some()) && !self.software.contains(&software) {
                self.software.push(software);
            }
        }
    }
}

impl System {
    pub(super) fn read(node: Node<'_>) -> Self {
        let mut system = Self {
            category: said(node, "category"),
            names: Vec::new(),
            addresses: Vec::new(),
            asset_ids: texts(node, "AssetID"),
        };
        for host in children(node, "Node") {
            system.names.extend(texts(host, "NodeName"));
            system.names.extend(children(host, "DomainData").flat_map(|domain| texts(domain, "Name")));
            let default = if node.namespace() == v1::NAMESPACE { "ipv4-addr" } else { "ipv6-addr" };
            system.addresses.extend(children(host, "Address").map(|address| {
                (said(address, "category").unwrap_or_else(|| default.to_owned()), xml::trim(&address.text()).to_owned())
            }));
        }
        system
    }
}

/// The name of a Reference: text in 1.0, an element of RFC 7495 in 2.0.
pub(super) fn reference(node: Node<'_>) -> Option<String> {
    let name = node.elements().find(|child| child.name() == "ReferenceName")?;
    let inner = name.elements().find(|child| child.name() == "ID");
    Some(xml::trim(&inner.unwrap_or(name).text()).to_owned()).filter(|name| !name.is_empty())
}

pub(super) fn children<'a>(node: Node<'a>, name: &'static str) -> impl Iterator<Item = Node<'a>> + use<'a> {
    node.elements().filter(move |child| child.is(node.namespace(), name))
}

pub(super) fn texts(node: Node<'_>, name: &'static str) -> Vec<String> {
    children(node, name).map(|child| xml::trim(&child.text()).to_owned()).filter(|text| !text.is_empty()).collect()
}

pub(super) fn time(node: Node<'_>, name: &'static str) -> Option<String> {
    texts(node, name).into_iter().next()
}

/// What an attribute says, or its `ext-` companion where it is `ext-value`.
pub(super) fn said(node: Node<'_>, name: &str) -> Option<String> {
    let value = xml::trim(node.attribute(name)?);
    let extension = (value == "ext-value").then(|| node.attribute(&format!("ext-{name}"))).flatten();
    Some(extension.unwrap_or(value).to_owned())
}

/// Keeps the higher of two: words by their order, numbers by value; a number counts more than a word.
fn higher(kept: &mut Option<String>, came: Option<String>) {
    let weight = |text: &str| match text {
        "low" => Some(1.0),
        "medium" => Some(2.0),
        "high" => Some(3.0),
        number => number.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number + 10.0),
    };
    let Some(came) = came else { return };
    let Some(new) = weight(&came) else { return };
    if kept.as_deref().and_then(weight).is_none_or(|old| new > old) {
        *kept = Some(came);
    }
}
