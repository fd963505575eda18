//! The rules of RFC 6545 that its schema cannot say. Named by the class tables of this folder; the names are those of
//! `docs/conformance.md`. C10 (`ext-value` and its `ext-` attribute) holds for every class and is the validator's.

use crate::iodef::common::datatypes;
use crate::iodef::common::rule::{attribute_is, has_any, is_childless, rules};
use crate::xml::Node;

const IODEF_1: &str = "urn:ietf:params:xml:ns:iodef-1.0";
const IODEF_2: &str = "urn:ietf:params:xml:ns:iodef-2.0";
const XML_ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";

fn policy(rid: Node<'_>) -> Option<Node<'_>> {
    rid.child(rid.namespace(), "RIDPolicy")
}

/// The message's type; a message without RIDPolicy has none, and only C1 says so.
fn message_type(rid: Node<'_>) -> Option<&str> {
    policy(rid)?.attribute("MsgType").map(datatypes::trim)
}

fn payloads<'a>(policy: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let document = policy
        .child(policy.namespace(), "ReportSchema")
        .and_then(|schema| schema.child(schema.namespace(), "XMLDocument"));
    document.into_iter().flat_map(Node::elements)
}

fn has_ip_address(node: Node<'_>) -> bool {
    let is_ip = |address: Node<'_>| {
        let category = datatypes::trim(address.attribute("category").unwrap_or("ipv4-addr"));
        matches!(category, "ipv4-addr" | "ipv6-addr") && !datatypes::trim(&address.text()).is_empty()
    };
    node.elements().any(|child| child.is(IODEF_1, "Address") && is_ip(child))
}

rules! {
    MESSAGE_HAS_A_POLICY "C1", section "RFC 6545 §6",
        wants "a RIDPolicy, which every message has", not "none",
        if |rid| policy(rid).is_none();

    ACKNOWLEDGEMENT_HAS_A_STATUS "C2", section "RFC 6545 §6.2",
        wants "a RequestStatus in an Acknowledgement", not "none",
        if |rid| message_type(rid) == Some("Acknowledgement") && !has_any(rid, &["RequestStatus"]);

    STATUS_IS_ACKNOWLEDGED "C3", section "RFC 6545 §5",
        wants "a RequestStatus only in an Acknowledgement", not "one in another message",
        if |rid| message_type(rid).is_some_and(|kind| kind != "Acknowledgement") && has_any(rid, &["RequestStatus"]);

    RESULT_HAS_A_SOURCE "C4", section "RFC 6545 §6.3",
        wants "an IncidentSource in a Result", not "none",
        if |rid| message_type(rid) == Some("Result") && !has_any(rid, &["IncidentSource"]);

    SOURCE_IS_A_RESULT "C5", section "RFC 6545 §5",
        wants "an IncidentSource only in a Result", not "one in another message",
        if |rid| message_type(rid) != Some("Result") && has_any(rid, &["IncidentSource"]);

    REQUEST_HAS_A_DOCUMENT "C6", section "RFC 6545 §§6.1, 6.3",
        wants "an IODEF document in a Request or a Result", not "none",
        if |policy| {
            let kind = policy.attribute("MsgType").map(datatypes::trim);
            // What is encrypted may well be one: that shows when it has been opened.
            let may_be = |payload: Node<'_>| matches!(payload.namespace(), IODEF_1 | IODEF_2 | XML_ENCRYPTION);
            matches!(kind, Some("TraceRequest" | "InvestigationRequest" | "Result")) && !payloads(policy).any(may_be)
        };

    DOCUMENTS_ARE_XML "C7", section "RFC 6545 §5.1.1",
        wants "dtype=\"xml\" and meaning=\"xml\" on XMLDocument and Signature", not "other values",
        if |schema| schema.elements().any(|node| {
            let is_xml = attribute_is(node, "dtype", "xml") && attribute_is(node, "meaning", "xml");
            matches!(node.name(), "XMLDocument" | "Signature") && !is_xml
        });

    POLICY_NODE_HAS_AN_ADDRESS "C8", section "RFC 6545 §5.1",
        wants "an IP address in the Node, and no NodeName with SourceOfIncident", not "no IP address, or a name",
        if |policy| {
            let to_source = attribute_is(policy, "MsgDestination", "SourceOfIncident");
            // Of a destination that the RFC does not know it cannot say what the Node must be.
            let is_known = to_source || attribute_is(policy, "MsgDestination", "RIDSystem");
            let is_named = |node: Node<'_>| to_source && has_any(node, &["NodeName"]);
            is_known && policy.child(IODEF_1, "Node").is_some_and(|node| !has_ip_address(node) || is_named(node))
        };

    SOURCE_NODE_HAS_AN_ADDRESS "C9", section "RFC 6545 §5.3",
        wants "an IP address in each Node", not "a Node without one",
        if |source| source.elements().any(|child| child.is(IODEF_1, "Node") && !has_ip_address(child));

    POLICY_NAMES_THE_INCIDENT "C11", section "RFC 6545 §6",
        wants "an IncidentID in every message but a Query", not "none",
        if |policy| !attribute_is(policy, "MsgType", "Query") && policy.child(IODEF_1, "IncidentID").is_none();

    ONLY_REFUSALS_ARE_JUSTIFIED "C12", section "RFC 6545 §5.2",
        wants "a Justification only with Denied or Pending", not "one with Approved",
        if |status| attribute_is(status, "AuthorizationStatus", "Approved") && status.attribute("Justification").is_some();

    LABEL_FITS_THE_DOCUMENT "C13", section "RFC 6545 §5.1.1",
        wants "in XMLSchemaID, or in ext-XMLSchemaID with ext-value, the namespace of the document", not "another namespace",
        if |schema| {
            let label = match schema.attribute("XMLSchemaID").map(datatypes::trim) {
                Some("ext-value") => schema.attribute("ext-XMLSchemaID").map(datatypes::trim),
                label => label,
            };
            let document = schema.child(schema.namespace(), "XMLDocument");
            let root = document.filter(|document| !is_childless(*document)).and_then(|document| document.elements().next());
            match (label, root) {
                (Some(label), Some(root)) => !matches!(root.namespace(), XML_ENCRYPTION) && root.namespace() != label,
                _ => false,
            }
        };
}
