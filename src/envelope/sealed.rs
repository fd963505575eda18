//! The way out: a [`Draft`] becomes the bytes that leave.

use std::net::IpAddr;

use bytes::Bytes;

use super::content::{IncidentId, MsgDestination, RequestStatus, Source, Standard};
use super::read::{IODEF_1, IODEF_2, RID};
use super::splice::Carried;
use crate::ids::PeerName;
use crate::peers::MsgType;
use crate::xml::Writer;

/// A message to be written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// RIDPolicy's MsgType.
    pub msg_type: MsgType,
    /// The RID system that it goes to.
    pub to: PeerName,
    /// That system's address, if it is known (RFC 6545 §5.1 wants it in the Node).
    pub address: Option<IpAddr>,
    /// Where it wants to go.
    pub destination: MsgDestination,
    /// RIDPolicy's IncidentID.
    pub incident: Option<IncidentId>,
    /// RIDPolicy's restriction.
    pub restriction: Option<String>,
    /// The regions of its PolicyRegions; at least one.
    pub regions: Vec<String>,
    /// The types of its TrafficTypes; at least one.
    pub traffic: Vec<String>,
    /// Its RequestStatus: for an Acknowledgement.
    pub status: Option<RequestStatus>,
    /// Its IncidentSource: for a Result.
    pub source: Option<Source>,
    /// Its document, carried without a change.
    pub payload: Option<Carried>,
}

/// The bytes of a message, ready to leave.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The whole message.
    pub bytes: Bytes,
}

/// Why a message cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A part of it is not what the standard allows there.
    #[error("the {msg_type} for {to} cannot be written: {why}")]
    Draft {
        /// Its type.
        msg_type: MsgType,
        /// The peer it was for.
        to: PeerName,
        /// What is wrong, and where.
        why: String,
    },
    /// A document that is to be carried on cannot be read any more.
    #[error("the document cannot be carried on: {why}")]
    Splice {
        /// What is wrong, and where.
        why: String,
    },
}

/// Writes the message.
///
/// # Errors
/// If a part of the draft is not what RFC 6545 allows there.
pub fn seal(draft: &Draft) -> Result<Sealed, SealError> {
    let mut out = Writer::with_declaration();
    out.start("iodef-rid:RID");
    out.attribute("lang", "en");
    out.attribute("xmlns:iodef-rid", RID);
    out.attribute("xmlns:iodef", IODEF_1);
    policy(&mut out, draft);
    if let Some(status) = &draft.status {
        out.start("iodef-rid:RequestStatus");
        out.attribute("AuthorizationStatus", status.authorization.as_str());
        if let Some(justification) = status.justification {
            out.attribute("Justification", justification.as_str());
        }
        out.end();
    }
    if let Some(source) = &draft.source {
        out.start("iodef-rid:IncidentSource");
        out.start("iodef-rid:SourceFound");
        out.text(if source.found { "true" } else { "false" });
        out.end();
        for address in &source.addresses {
            node(&mut out, None, Some(*address));
        }
        out.end();
    }
    out.end();
    Ok(Sealed { bytes: out.finish().into() })
}

fn policy(out: &mut Writer, draft: &Draft) {
    out.start("iodef-rid:RIDPolicy");
    out.attribute("MsgType", draft.msg_type.as_str());
    let source = match draft.destination {
        MsgDestination::RidSystem => None,
        MsgDestination::SourceOfIncident(address) => Some(address),
    };
    out.attribute("MsgDestination", if source.is_some() { "SourceOfIncident" } else { "RIDSystem" });
    if let Some(restriction) = &draft.restriction {
        out.attribute("restriction", restriction);
    }
    for region in &draft.regions {
        out.start("iodef-rid:PolicyRegion");
        out.attribute("region", region);
        out.end();
    }
    match source {
        Some(address) => node(out, None, Some(address)),
        None => node(out, Some(&draft.to), draft.address),
    }
    for kind in &draft.traffic {
        out.start("iodef-rid:TrafficType");
        out.attribute("type", kind);
        out.end();
    }
    if let Some(id) = &draft.incident {
        out.start("iodef:IncidentID");
        out.attribute("name", &id.incident.name);
        if let Some(instance) = &id.instance {
            out.attribute("instance", instance);
        }
        out.text(&id.incident.id);
        out.end();
    }
    if let Some(carried) = &draft.payload {
        report_schema(out, carried);
    }
    out.end();
}

/// The name only where no address is known: RFC 6545 §5.1 wants a name to have been resolved to the address beside it.
fn node(out: &mut Writer, name: Option<&PeerName>, address: Option<IpAddr>) {
    out.start("iodef:Node");
    match (address, name) {
        (Some(address), _) => {
            out.start("iodef:Address");
            out.attribute("category", if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" });
            out.text(&address.to_string());
            out.end();
        }
        (None, Some(name)) => {
            out.start("iodef:NodeName");
            out.text(name.as_str());
            out.end();
        }
        (None, None) => {}
    }
    out.end();
}

fn report_schema(out: &mut Writer, carried: &Carried) {
    out.start("iodef-rid:ReportSchema");
    match &carried.standard {
        Standard::Iodef1 => {
            out.attribute("Version", "1.0");
            out.attribute("XMLSchemaID", IODEF_1);
        }
        Standard::Iodef2 => {
            out.attribute("Version", "ext-value");
            out.attribute("ext-Version", "2.00");
            out.attribute("XMLSchemaID", "ext-value");
            out.attribute("ext-XMLSchemaID", IODEF_2);
        }
        Standard::Encrypted => {}
        Standard::Foreign(namespace) => {
            out.attribute("XMLSchemaID", "ext-value");
            out.attribute("ext-XMLSchemaID", namespace);
        }
    }
    out.start("iodef-rid:XMLDocument");
    out.attribute("dtype", "xml");
    out.attribute("meaning", "xml");
    for (prefix, name) in &carried.namespaces {
        match (prefix.as_str(), name.as_str()) {
            ("iodef-rid", RID) | ("iodef", IODEF_1) => {}
            ("", name) => out.attribute("xmlns", name),
            (prefix, name) => out.attribute(&format!("xmlns:{prefix}"), name),
        }
    }
    out.raw(&String::from_utf8_lossy(&carried.bytes));
    out.end();
    out.end();
}
