//! Adding a hop to a document that travels on: one EventData of category `infrastructure` (RFC 6545 §6.1, §9.4), nested in
//! the hop before, and not one other byte changed. Reading the hops that are recorded, so that loops are seen.
//! Called by `envelope`.

use std::net::IpAddr;

use crate::iodef::common::class::Draft;
use crate::iodef::v1::Dtype;
use crate::iodef::{v1, v2};
use crate::rid::draft::Carried;
use crate::xml::{self, Document, Limits, Node, Writer, XmlError};

/// One RID system in the path of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// Its DNS name.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<IpAddr>,
    /// Who answers for it.
    pub contact: Option<String>,
    /// When it took the document up, as a date and time of XML: recorded for its signature to stand on, where the document
    /// has no record of its own (RFC 6545 §9.1: "a timestamp MUST be used").
    pub recorded: Option<String>,
}

/// Why a hop could not be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpliceError {
    /// The document cannot be parsed.
    #[error("the document that travels on: {source}")]
    Xml {
        /// Why.
        #[from]
        source: XmlError,
    },
    /// It has no Incident of IODEF 1.0 or 2.0.
    #[error("a path can be recorded in an IODEF-Document with an Incident only, found {found}: carry it as it is")]
    NoIncident {
        /// The root element.
        found: String,
    },
}

/// The document with the hop appended to its path; all its other bytes are as they were.
///
/// # Errors
/// If it is no IODEF document.
pub fn append(carried: Carried<'_>, hop: &Hop, limits: &Limits) -> Result<Vec<u8>, SpliceError> {
    let (holder, before) = held(carried);
    let document = Document::parse(&holder, limits)?;
    let root = if before > 0 { document.root().elements().next() } else { None }.unwrap_or_else(|| document.root());
    let incident = root.child(root.namespace(), "Incident").filter(|_| is_iodef(root));
    let Some(incident) = incident else {
        return Err(SpliceError::NoIncident { found: format!("<{}> of {:?}", root.name(), root.namespace()) });
    };
    let at = place(incident) - before;
    let element = if incident.namespace() == v1::NAMESPACE { hop.event_1() } else { hop.event_2() };
    let mut out = Vec::with_capacity(carried.bytes.len() + element.len());
    out.extend_from_slice(carried.bytes.get(..at).unwrap_or_default());
    out.extend_from_slice(element.as_bytes());
    out.extend_from_slice(carried.bytes.get(at..).unwrap_or_default());
    Ok(out)
}

/// The hops recorded in the document with that root, the originator first: nested as we write them, or one beside the
/// other as others may. None if it is no IODEF document.
#[must_use]
pub fn path(root: Node<'_>) -> Vec<Hop> {
    let mut hops = Vec::new();
    if !is_iodef(root) {
        return hops;
    }
    for incident in root.elements().filter(|child| child.is(root.namespace(), "Incident")) {
        let mut open = events(incident);
        while let Some(event) = open.pop() {
            hops.extend(systems(event).map(|system| Hop::read(event, system)));
            open.extend(events(event));
        }
    }
    hops
}

/// The EventData in an element, the last one first.
fn events(parent: Node<'_>) -> Vec<Node<'_>> {
    let mut events: Vec<_> = parent.elements().filter(|child| child.is(parent.namespace(), "EventData")).collect();
    events.reverse();
    events
}

fn is_iodef(root: Node<'_>) -> bool {
    matches!(root.namespace(), v1::NAMESPACE | v2::NAMESPACE) && root.name() == "IODEF-Document"
}

/// The infrastructure systems of an EventData itself.
fn systems(event: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let flows = event.elements().filter(move |child| child.is(event.namespace(), "Flow"));
    flows
        .flat_map(Node::elements)
        .filter(|system| system.attribute("category").map(xml::trim) == Some("infrastructure"))
}

/// The first EventData of a path in an Incident, or the next one in an EventData.
fn next_hop(parent: Node<'_>) -> Option<Node<'_>> {
    parent.elements().find(|child| child.is(parent.namespace(), "EventData") && systems(*child).next().is_some())
}

/// Where the next hop goes: inside the innermost one, in front of its AdditionalData; or if there is none, behind the
/// Incident's last Contact or EventData.
fn place(incident: Node<'_>) -> usize {
    let mut innermost = None;
    let mut here = next_hop(incident);
    while let Some(event) = here {
        innermost = Some(event);
        here = next_hop(event);
    }
    let (parent, before): (_, fn(&str) -> bool) = match innermost {
        Some(event) => (event, |name| name != "AdditionalData"),
        None => (incident, |name| matches!(name, "Contact" | "EventData")),
    };
    let last = parent.elements().filter(|child| before(child.name())).last();
    last.map_or_else(|| parent.inner_range().end, |last| last.range().end)
}

/// The bytes in an element that declares what they count on, and where in it they begin.
fn held(carried: Carried<'_>) -> (Vec<u8>, usize) {
    if carried.scope.is_empty() {
        return (carried.bytes.to_vec(), 0);
    }
    let mut writer = Writer::default();
    writer.start("holder");
    for (prefix, name) in carried.scope {
        let declaration = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        writer.attribute(&declaration, name);
    }
    writer.raw(&String::from_utf8_lossy(carried.bytes));
    let bytes = writer.finish();
    let before = bytes.len() - carried.bytes.len() - "</holder>".len();
    (bytes, before)
}

impl Hop {
    fn read(event: Node<'_>, system: Node<'_>) -> Self {
        let namespace = event.namespace();
        let child = |node: Option<Node<'_>>, name| -> Option<String> {
            node?.child(namespace, name).map(|child| xml::trim(&child.text()).to_owned())
        };
        let node = system.child(namespace, "Node");
        let domain = node.and_then(|node| node.child(namespace, "DomainData"));
        let addresses = node.into_iter().flat_map(Node::elements).filter(|child| child.is(namespace, "Address"));
        Self {
            name: child(node, "NodeName").or_else(|| child(domain, "Name")),
            address: addresses.map(|address| xml::trim(&address.text()).parse().ok()).next().flatten(),
            contact: child(event.child(namespace, "Contact"), "ContactName"),
            recorded: None,
        }
    }

    fn event_1(&self) -> String {
        let host = crate::rid::Host::of(self.name.as_deref(), self.address);
        let system = v1::System::draft().category(v1::SystemCategory::Infrastructure).node(host.draft());
        let contact = self.contact.clone().map(|name| {
            v1::Contact::draft().role(v1::ContactRole::Irt).kind(v1::ContactType::Organization).contact_name(name)
        });
        v1::EventData::draft()
            .maybe(contact, Draft::<v1::EventData>::contact)
            .flow(v1::Flow::draft().system(system))
            .maybe(self.recorded.clone(), |event, time| {
                // Both versions want data beside the DateTime.
                let item = v1::Extension::draft().dtype(Dtype::DateTime).words(time.clone());
                event.record(v1::Record::draft().record_data(v1::RecordData::draft().date_time(time).record_item(item)))
            })
            .fragment(v1::NAMESPACE, "EventData")
    }

    fn event_2(&self) -> String {
        let node = v2::Node::draft()
            .maybe(self.name.clone(), |node, name| node.domain_data(v2::DomainData::draft().name(name)))
            .maybe(self.address, |node, address| {
                let category = match address {
                    IpAddr::V4(_) => v2::AddressCategory::Ipv4Addr,
                    IpAddr::V6(_) => v2::AddressCategory::Ipv6Addr,
                };
                node.address(v2::Address::of(address.to_string()).category(category))
            });
        let system = v2::System::draft().category(v2::SystemCategory::Infrastructure).node(node);
        let contact = self.contact.clone().map(|name| {
            v2::Contact::draft().role(v2::ContactRole::Irt).kind(v2::ContactType::Organization).contact_name(name)
        });
        v2::EventData::draft()
            .maybe(contact, Draft::<v2::EventData>::contact)
            .flow(v2::Flow::draft().system(system))
            .maybe(self.recorded.clone(), |event, time| {
                let item = v2::Extension::draft().dtype(v2::Dtype::DateTime).words(time.clone());
                event.record(v2::Record::draft().record_data(v2::RecordData::draft().date_time(time).record_item(item)))
            })
            .fragment(v2::NAMESPACE, "EventData")
    }
}
