//! Reading a RID message into [`Content`].

use super::content::{Content, Gist, MsgDestination, Payload, RequestStatus};
use super::opened::{Fault, Unopened};
use super::words::{AuthorizationStatus, Justification};
use crate::ids::Digest;
use crate::peers::MsgType;
use crate::rid::judge::{self, Verdict};
use crate::rid::{self, IncidentId, Message, Policy, Reading, RidError, Standard, splice};
use crate::xml::{self, Document, Node};

/// Reads a message that was parsed.
pub(super) fn read(document: Document<'_>, reading: &Reading) -> Result<Content, Unopened> {
    let message = Message::read(document, &reading.options).map_err(unopened)?;
    let Some(policy) = &message.policy else {
        return Err(Unopened {
            fault: Fault::Invalid,
            why: "expected a RIDPolicy, which every message type needs (RFC 6545 section 6)".to_owned(),
            justification: Justification::UnrecognizedFormat,
            msg_type: None,
            incident: None,
        });
    };
    let type_word = match policy.msg_type {
        rid::MsgType::ExtValue => policy.ext_msg_type.clone().unwrap_or_default(),
        known => known.to_string(),
    };
    let root = message.payload_root();
    let readable = message.payload.as_ref().is_some_and(|payload| payload.standard.is_iodef());
    let gist = root.filter(|_| readable).map(gist).unwrap_or_default();
    let own = gist.incident.clone().filter(|_| policy.msg_type != rid::MsgType::Query);
    let payload = message.payload.as_ref().map(|payload| Payload {
        standard: payload.standard.clone(),
        range: payload.range.clone(),
        scope: payload.scope.clone(),
        digest: Digest::of(message.payload_bytes().unwrap_or_default()),
        gist,
    });
    Ok(Content {
        msg_type: match policy.msg_type {
            rid::MsgType::ExtValue => None,
            _ => type_word.parse::<MsgType>().ok(),
        },
        destination: destination(policy),
        incident: policy.incident.clone().filter(is_named).or(own),
        restriction: policy.restriction.map(|restriction| restriction.to_string()),
        regions: policy
            .regions
            .iter()
            .filter(|region| !matches!(region, rid::Region::ExtValue | rid::Region::Unlisted))
            .map(ToString::to_string)
            .collect(),
        traffic: policy
            .traffic
            .iter()
            .filter(|kind| !matches!(kind, rid::Traffic::ExtValue | rid::Traffic::Unlisted))
            .map(ToString::to_string)
            .collect(),
        status: message.status.as_ref().map(|status| RequestStatus {
            authorization: AuthorizationStatus::of(status.authorization),
            justification: status.justification.and_then(|word| Justification::parse(&word.to_string())),
        }),
        source: message.source.clone(),
        payload,
        warnings: message.warnings().iter().map(ToString::to_string).collect(),
        type_word,
    })
}

/// Whether the incident has a number: in a Query it may be empty (RFC 6545 §7.4.1).
pub(super) fn is_named(id: &IncidentId) -> bool {
    !id.incident.id.is_empty()
}

fn destination(policy: &Policy) -> MsgDestination {
    let source = policy.destination == rid::MsgDestination::SourceOfIncident;
    match policy.node.ips().next().filter(|_| source) {
        Some(address) => MsgDestination::SourceOfIncident(address),
        None => MsgDestination::RidSystem,
    }
}

pub(super) fn unopened(error: RidError) -> Unopened {
    let glimpse = error.glimpse();
    // What was found instead is left out: it is content of the message, and this goes to our log.
    let why = match &error {
        RidError::Xml(error) => format!("{}: expected {}", error.position, error.expected),
        RidError::Schema { violation, .. } => {
            let (position, element, section) = (&violation.position, &violation.element, &violation.section);
            format!("{position} {element}: expected {} ({section})", violation.expected)
        }
    };
    Unopened {
        fault: match error.verdict() {
            "malformed" => Fault::Malformed,
            "invalid" => Fault::Invalid,
            _ => Fault::Forbidden,
        },
        why,
        justification: Justification::UnrecognizedFormat,
        msg_type: glimpse.msg_type.and_then(|word| word.to_string().parse().ok()),
        incident: glimpse.incident.filter(is_named),
    }
}

/// What an IODEF document that staff want sent is about; nothing if it is a RID message.
pub(super) fn read_document(bytes: &[u8], reading: &Reading) -> Result<Option<Gist>, Unopened> {
    let (limits, accept) = (reading.limits.clone(), reading.options.accept.clone());
    let options = judge::Options { limits, accept, ..judge::Options::default() };
    let judgement = judge::judge(bytes, &options);
    if judgement.verdict != Verdict::Valid {
        return Err(Unopened {
            fault: match judgement.verdict {
                Verdict::Malformed => Fault::Malformed,
                Verdict::Forbidden => Fault::Forbidden,
                Verdict::Invalid | Verdict::Valid => Fault::Invalid,
            },
            why: judgement.reason.map(|reason| reason.to_string()).unwrap_or_default(),
            justification: Justification::UnrecognizedFormat,
            msg_type: None,
            incident: None,
        });
    }
    let document = Document::parse(bytes, &reading.limits).map_err(|error| unopened(error.into()))?;
    let root = document.root();
    if !Standard::of(root).is_iodef() {
        return Ok(None);
    }
    Ok(Some(gist(root)))
}

/// The first Incident of a document. What is read here has the same names in both versions of IODEF.
fn first_incident(root: Node<'_>) -> Option<Node<'_>> {
    root.child(root.namespace(), "Incident")
}

fn incident_id(incident: Node<'_>) -> Option<IncidentId> {
    let node = incident.child(incident.namespace(), "IncidentID")?;
    let incident =
        crate::ids::IncidentName { name: node.attribute("name")?.to_owned(), id: xml::trim(&node.text()).to_owned() };
    let id = IncidentId { incident, instance: node.attribute("instance").map(str::to_owned) };
    is_named(&id).then_some(id)
}

fn gist(root: Node<'_>) -> Gist {
    let Some(incident) = first_incident(root) else { return Gist::default() };
    let attribute = |name| incident.attribute(name).map(xml::trim).map(str::to_owned);
    let description = incident.child(incident.namespace(), "Description");
    let title = description.map(|node| node.text().split_whitespace().collect::<Vec<_>>().join(" "));
    let purpose = attribute("purpose");
    Gist {
        restriction: attribute("restriction"),
        data_call: purpose.as_deref() == Some("mitigation") || asks_for_action(incident),
        title: title.filter(|text| !text.is_empty()).map(|text| text.chars().take(200).collect()),
        purpose,
        incident: incident_id(incident),
        path: splice::path(root).into_iter().filter_map(|hop| hop.name).collect(),
    }
}

/// Whether an Expectation other than `nothing` stands in the Incident or in one of its EventData.
fn asks_for_action(incident: Node<'_>) -> bool {
    let mut open = vec![incident];
    while let Some(node) = open.pop() {
        for child in node.elements() {
            match child.name() {
                "Expectation" if child.attribute("action").map(xml::trim) != Some("nothing") => return true,
                "EventData" => open.push(child),
                _ => {}
            }
        }
    }
    false
}
