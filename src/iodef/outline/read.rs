//! Reading an outline. Both versions share the names of what is read here; where they differ, both names are looked for.

use super::{
    Contact, EventData, EventDetail, Expectation, HistoryItem, MilestoneDetail, Outline, Reference, System,
    SystemDetail,
};
use crate::iodef::common::class::{Options, Violation};
use crate::iodef::summary::{self, Incident, Version, children, said, texts, time};
use crate::iodef::{coordination, cpe, sci, v1, v2};
use crate::xml::{self, Document, Limits, Node, Writer, XML, XmlError};

/// Why bytes have no outline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutlineError {
    /// Not read at all.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Against the schemas.
    #[error(transparent)]
    Schema(#[from] Violation),
    /// Something that may stand inside a document.
    #[error("expected <IODEF-Document> as the root element, found <{found}>: give a whole document")]
    NoDocument {
        /// The root's name.
        found: String,
    },
}

impl Outline {
    /// The Incidents of a document by its root element; none if that is no IODEF-Document. The document must have been
    /// found valid.
    #[must_use]
    pub fn of(root: Node<'_>) -> Vec<Self> {
        let version = match (root.namespace(), root.name()) {
            (v1::NAMESPACE, "IODEF-Document") => Version::V1,
            (v2::NAMESPACE, "IODEF-Document") => Version::V2,
            _ => return Vec::new(),
        };
        let lang = root.attribute("lang").or_else(|| root.attribute_in(XML, "lang"));
        children(root, "Incident").map(|node| Self::read(node, version, lang)).collect()
    }

    /// The Incidents of a document that nobody has judged yet, such as a file.
    ///
    /// # Errors
    /// If it is no IODEF document within `limits` that `options` find valid: where, what was expected, and what came.
    pub fn judged(bytes: &[u8], limits: &Limits, options: &Options) -> Result<Vec<Self>, OutlineError> {
        let document = Document::parse(bytes, limits)?;
        crate::iodef::grammar().validate(document.root(), options)?;
        let outlines = Self::of(document.root());
        if outlines.is_empty() {
            return Err(OutlineError::NoDocument { found: document.root().name().to_owned() });
        }
        Ok(outlines)
    }

    /// The Incidents of a document that was found valid before. `scope` holds the namespaces (prefix, name) that its bytes
    /// use without declaring them, as [`Payload::scope`] of the message it came in.
    ///
    /// # Errors
    /// If it is no XML within the limits after all.
    ///
    /// [`Payload::scope`]: crate::rid::Payload
    pub fn parse(bytes: &[u8], scope: &[(String, String)], limits: &Limits) -> Result<Vec<Self>, XmlError> {
        if scope.is_empty() {
            return Ok(Self::of(Document::parse(bytes, limits)?.root()));
        }
        let mut writer = Writer::default();
        writer.start("holder");
        for (prefix, name) in scope {
            let declaration = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            writer.attribute(&declaration, name);
        }
        writer.raw(&String::from_utf8_lossy(bytes));
        let wrapped = writer.finish();
        let document = Document::parse(&wrapped, limits)?;
        Ok(document.root().elements().next().map(Self::of).unwrap_or_default())
    }

    fn read(node: Node<'_>, version: Version, lang: Option<&str>) -> Self {
        let seen = Incident::read(node, version);
        let mut found = Found::default();
        found.walk(node);
        let own = node.attribute("lang").or_else(|| node.attribute_in(XML, "lang"));
        let mut events = Vec::new();
        children(node, "EventData").for_each(|child| event_data(child, &mut events));
        let history = children(node, "History").flat_map(|history| children(history, "HistoryItem")).map(item);
        Self {
            lang: own.or(lang).map(|lang| xml::trim(lang).to_owned()).filter(|lang| !lang.is_empty()),
            written: seen.generation_time.or(seen.report_time),
            descriptions: seen.title.into_iter().chain(seen.descriptions).collect(),
            id: seen.id,
            purpose: seen.purpose,
            status: seen.status,
            restriction: seen.restriction,
            alternatives: seen.alternative_ids,
            severity: seen.severity,
            software: seen.software,
            references: found.references,
            vulnerabilities: found.vulnerabilities,
            platforms: found.platforms,
            remedies: found.remedies,
            contact: children(node, "Contact").next().map(contact).unwrap_or_default(),
            events,
            history: history.collect(),
            detail: extension(node, "Event").next().map(|event| EventDetail {
                event_id: event.attribute("event-id").map(xml::trim).unwrap_or_default().to_owned(),
                issued: attribute(event, "issued"),
                drill: event.attribute("drill").is_some_and(|drill| matches!(xml::trim(drill), "true" | "1")),
            }),
            milestones: extension(node, "Milestone").filter_map(milestone).collect(),
        }
    }
}

/// What stands anywhere in an Incident.
#[derive(Default)]
struct Found {
    references: Vec<Reference>,
    vulnerabilities: Vec<String>,
    platforms: Vec<String>,
    remedies: Vec<Reference>,
}

impl Found {
    /// Recursion goes as deep as the document, which the scan has bounded.
    fn walk(&mut self, node: Node<'_>) {
        for child in node.elements() {
            match (child.namespace(), child.name()) {
                (sci::NAMESPACE, "Vulnerability") => add(attribute(child, "ContentID"), &mut self.vulnerabilities),
                (sci::NAMESPACE, "Platform") => self.platform(child),
                (sci::NAMESPACE, "Remediation") => self.remedy(child),
                (sci::NAMESPACE, _) => {}
                // Inside structured information a Reference says where that is to be found, and is no list's name.
                (_, "Reference") if node.namespace() == sci::NAMESPACE => {}
                (v1::NAMESPACE | v2::NAMESPACE, "Reference") => self.references.extend(reference(child)),
                // What could be observed elsewhere, and what others reported, is not this incident's.
                (_, "IndicatorData" | "RelatedActivity") => continue,
                (v1::NAMESPACE | v2::NAMESPACE, _) => {}
                _ => continue,
            }
            self.walk(child);
        }
    }

    fn platform(&mut self, node: Node<'_>) {
        cpe::names(node).into_iter().for_each(|name| add(Some(name), &mut self.platforms));
    }

    fn remedy(&mut self, node: Node<'_>) {
        let references = || node.elements().filter(|child| child.name() == "Reference");
        let urls = references().flat_map(|one| texts(one, "URL")).collect();
        let descriptions = references().flat_map(|one| texts(one, "Description")).collect();
        let name = attribute(node, "ContentID").or_else(|| references().find_map(summary::reference));
        self.remedies.push(Reference { name, urls, descriptions });
    }
}

fn reference(node: Node<'_>) -> Option<Reference> {
    let reference = Reference {
        name: summary::reference(node),
        urls: texts(node, "URL"),
        descriptions: texts(node, "Description"),
    };
    (reference != Reference::default()).then_some(reference)
}

fn contact(node: Node<'_>) -> Contact {
    // The address itself: in 2.0 beside descriptions in an element of its own.
    let reached = |holder: &'static str, inner: &'static str| {
        let holder = children(node, holder).next()?;
        Some(children(holder, inner).next().unwrap_or(holder).text().trim().to_owned()).filter(|text| !text.is_empty())
    };
    Contact {
        name: texts(node, "ContactName").into_iter().next().unwrap_or_default(),
        email: reached("Email", "EmailTo"),
        telephone: reached("Telephone", "TelephoneNumber"),
    }
}

/// An EventData and those inside it. Recursion goes as deep as the document, which the scan has bounded.
fn event_data(node: Node<'_>, events: &mut Vec<EventData>) {
    events.push(EventData {
        descriptions: texts(node, "Description"),
        systems: children(node, "Flow").flat_map(|flow| children(flow, "System")).map(system).collect(),
        expectations: children(node, "Expectation")
            .map(|expectation| Expectation {
                action: said(expectation, "action").unwrap_or_else(|| "other".to_owned()),
                severity: said(expectation, "severity"),
                descriptions: texts(expectation, "Description"),
                courses: texts(expectation, "DefinedCOA"),
            })
            .collect(),
        milestones: extension(node, "Milestone").filter_map(milestone).collect(),
    });
    children(node, "EventData").for_each(|child| event_data(child, events));
}

fn system(node: Node<'_>) -> System {
    let seen = summary::System::read(node);
    let mut cpes = Vec::new();
    let described = children(node, "OperatingSystem")
        .chain(children(node, "Service").flat_map(|service| children(service, "Application")));
    described.flat_map(cpe::names).for_each(|name| add(Some(name), &mut cpes));
    let (named, descriptions): (Vec<_>, Vec<_>) =
        texts(node, "Description").into_iter().partition(|text| text.starts_with("cpe:") && !text.contains(' '));
    named.into_iter().for_each(|name| add(Some(name), &mut cpes));
    System {
        category: seen.category,
        asset_ids: seen.asset_ids,
        names: seen.names,
        addresses: seen.addresses.into_iter().map(|(_, address)| address).collect(),
        cpes,
        descriptions,
        detail: extension(node, "System").next().map(|detail| SystemDetail {
            state: attribute(detail, "state").unwrap_or_default(),
            at: attribute(detail, "at"),
            by: attribute(detail, "by"),
            reason: attribute(detail, "reason"),
        }),
    }
}

fn item(node: Node<'_>) -> HistoryItem {
    HistoryItem {
        action: said(node, "action").unwrap_or_default(),
        at: time(node, "DateTime").unwrap_or_default(),
        by: children(node, "Contact").map(contact).map(|contact| contact.name).find(|name| !name.is_empty()),
        descriptions: texts(node, "Description"),
        milestone: extension(node, "Milestone").find_map(milestone),
    }
}

fn milestone(node: Node<'_>) -> Option<MilestoneDetail> {
    Some(MilestoneDetail {
        name: attribute(node, "name")?,
        due: attribute(node, "due"),
        owner: attribute(node, "owner"),
        state: attribute(node, "state"),
        met_at: attribute(node, "met-at"),
        by: attribute(node, "by"),
        unit: attribute(node, "unit"),
    })
}

/// The elements of our extension in the AdditionalData of that element itself.
fn extension<'a>(node: Node<'a>, name: &'static str) -> impl Iterator<Item = Node<'a>> {
    let data = children(node, "AdditionalData").flat_map(|data| data.elements());
    data.filter(move |child| child.is(coordination::NAMESPACE, name))
}

fn attribute(node: Node<'_>, name: &str) -> Option<String> {
    node.attribute(name).map(|text| xml::trim(text).to_owned()).filter(|text| !text.is_empty())
}

fn add(name: Option<String>, names: &mut Vec<String>) {
    names.extend(name.filter(|name| !names.contains(name)));
}
