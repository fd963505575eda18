//! Reading a RID message into [`Content`].

use std::net::IpAddr;

use super::content::{Content, Gist, IncidentId, MsgDestination, Payload, RequestStatus, Source, Standard};
use super::opened::{Fault, Unopened};
use super::words::{AuthorizationStatus, Justification};
use crate::ids::{Digest, IncidentName};
use crate::peers::MsgType;
use crate::xml::{self, Document, Limits, Node};

pub(super) const RID: &str = "urn:ietf:params:xml:ns:iodef-rid-2.0";
pub(super) const IODEF_1: &str = "urn:ietf:params:xml:ns:iodef-1.0";
pub(super) const IODEF_2: &str = "urn:ietf:params:xml:ns:iodef-2.0";
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";

/// Reads the message.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Content, Unopened> {
    let document = Document::parse(bytes, limits).map_err(unopened)?;
    let root = document.root();
    let policy = root.child(RID, "RIDPolicy").filter(|_| root.is(RID, "RID"));
    let Some(policy) = policy else {
        return Err(invalid("expected a RID with a RIDPolicy (RFC 6545 section 6)"));
    };
    let type_word = word(policy, "MsgType", "ext-MsgType");
    let payload = policy
        .child(RID, "ReportSchema")
        .and_then(|schema| schema.child(RID, "XMLDocument"))
        .and_then(|holder| holder.elements().next());
    let incident = policy.child(IODEF_1, "IncidentID").and_then(incident_id);
    let own = payload.and_then(first_incident).and_then(|node| node.child(node.namespace(), "IncidentID"));
    Ok(Content {
        msg_type: type_word.parse::<MsgType>().ok(),
        destination: destination(policy),
        incident: incident.or_else(|| own.and_then(incident_id)),
        restriction: policy.attribute("restriction").map(str::to_owned),
        regions: words(policy, "PolicyRegion", "region"),
        traffic: words(policy, "TrafficType", "type"),
        status: root.child(RID, "RequestStatus").map(status),
        source: root.child(RID, "IncidentSource").map(source),
        payload: payload.map(read_payload),
        warnings: Vec::new(),
        type_word,
    })
}

fn word(node: Node<'_>, name: &str, ext: &str) -> String {
    match node.attribute(name).map(xml::trim) {
        Some("ext-value") => node.attribute(ext).unwrap_or_default().to_owned(),
        value => value.unwrap_or_default().to_owned(),
    }
}

fn words(policy: Node<'_>, element: &str, attribute: &str) -> Vec<String> {
    let nodes = policy.elements().filter(|node| node.is(RID, element));
    nodes
        .filter_map(|node| node.attribute(attribute))
        .map(xml::trim)
        .filter(|word| *word != "ext-value")
        .map(str::to_owned)
        .collect()
}

pub(super) fn incident_id(node: Node<'_>) -> Option<IncidentId> {
    let name = node.attribute("name")?.to_owned();
    let id = xml::trim(&node.text()).to_owned();
    if id.is_empty() {
        return None;
    }
    Some(IncidentId { incident: IncidentName { name, id }, instance: node.attribute("instance").map(str::to_owned) })
}

fn address(node: Node<'_>) -> Option<IpAddr> {
    let nodes = node.elements().filter(|child| child.name() == "Address");
    nodes.filter_map(|child| xml::trim(&child.text()).parse().ok()).next()
}

fn destination(policy: Node<'_>) -> MsgDestination {
    let source = policy.attribute("MsgDestination").map(xml::trim) == Some("SourceOfIncident");
    match policy.child(IODEF_1, "Node").and_then(address).filter(|_| source) {
        Some(address) => MsgDestination::SourceOfIncident(address),
        None => MsgDestination::RidSystem,
    }
}

fn status(node: Node<'_>) -> RequestStatus {
    RequestStatus {
        authorization: match node.attribute("AuthorizationStatus").map(xml::trim) {
            Some("Approved") => AuthorizationStatus::Approved,
            Some("Denied") => AuthorizationStatus::Denied,
            Some("Pending") => AuthorizationStatus::Pending,
            _ => AuthorizationStatus::Extension,
        },
        justification: node.attribute("Justification").map(xml::trim).and_then(Justification::parse),
    }
}

fn source(node: Node<'_>) -> Source {
    let found = node.child(RID, "SourceFound").is_some_and(|found| matches!(xml::trim(&found.text()), "true" | "1"));
    let addresses = node.elements().filter(|child| child.is(IODEF_1, "Node")).filter_map(address).collect();
    Source { found, addresses }
}

/// The standard that a document follows.
pub(super) fn standard_of(root: Node<'_>) -> Standard {
    match (root.namespace(), root.name()) {
        (IODEF_1, "IODEF-Document") => Standard::Iodef1,
        (IODEF_2, "IODEF-Document") => Standard::Iodef2,
        (XENC, _) => Standard::Encrypted,
        (namespace, _) => Standard::Foreign(namespace.to_owned()),
    }
}

/// What an IODEF document is about; nothing if it is a RID message.
pub(super) fn read_document(bytes: &[u8], limits: &Limits) -> Result<Option<(Gist, Option<IncidentId>)>, Unopened> {
    let document = Document::parse(bytes, limits).map_err(unopened)?;
    let root = document.root();
    if root.is(RID, "RID") {
        return Ok(None);
    }
    if !standard_of(root).is_iodef() {
        return Err(invalid("expected a RID message or an IODEF-Document of IODEF 1.0 or 2.0"));
    }
    let own = first_incident(root).and_then(|node| node.child(node.namespace(), "IncidentID"));
    Ok(Some((gist(root), own.and_then(incident_id))))
}

fn unopened(error: xml::XmlError) -> Unopened {
    Unopened {
        fault: match error.fault {
            xml::Fault::Malformed => Fault::Malformed,
            xml::Fault::Forbidden => Fault::Forbidden,
        },
        why: error.to_string(),
        justification: Justification::UnrecognizedFormat,
        msg_type: None,
        incident: None,
    }
}

fn invalid(why: &str) -> Unopened {
    Unopened {
        fault: Fault::Invalid,
        why: why.to_owned(),
        justification: Justification::UnrecognizedFormat,
        msg_type: None,
        incident: None,
    }
}

fn read_payload(root: Node<'_>) -> Payload {
    let standard = standard_of(root);
    let gist = if standard.is_iodef() { gist(root) } else { Gist::default() };
    Payload { standard, range: root.range(), digest: Digest::of(root.source().as_bytes()), gist }
}

pub(super) fn first_incident(root: Node<'_>) -> Option<Node<'_>> {
    root.elements().find(|node| node.name() == "Incident")
}

fn gist(root: Node<'_>) -> Gist {
    let Some(incident) = first_incident(root) else { return Gist::default() };
    let purpose = incident.attribute("purpose").map(xml::trim).map(str::to_owned);
    let description =
        incident.elements().find(|node| node.name() == "Description").map(|node| node.text().into_owned());
    let mut gist = Gist {
        restriction: incident.attribute("restriction").map(xml::trim).map(str::to_owned),
        data_call: purpose.as_deref() == Some("mitigation"),
        title: description
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()),
        purpose,
        path: Vec::new(),
    };
    let mut open: Vec<Node<'_>> = incident.elements().filter(|node| node.name() == "EventData").collect();
    open.reverse();
    while let Some(node) = open.pop() {
        match node.name() {
            "Expectation" => gist.data_call |= node.attribute("action").map(xml::trim) != Some("nothing"),
            "System" if node.attribute("category").map(xml::trim) == Some("infrastructure") => {
                gist.path.extend(system_name(node));
            }
            "EventData" | "Flow" => {
                let children: Vec<Node<'_>> = node.elements().collect();
                open.extend(children.into_iter().rev());
            }
            _ => {}
        }
    }
    gist
}

fn system_name(system: Node<'_>) -> Option<String> {
    let node = system.elements().find(|node| node.name() == "Node")?;
    let child = |name| node.elements().find(move |child: &Node<'_>| child.name() == name);
    let name = child("NodeName").or_else(|| child("DomainData").and_then(|data| data.elements().next()));
    name.or_else(|| child("Address")).map(|name| xml::trim(&name.text()).to_owned())
}
