//! What a RID message says, in plain values that outlive its bytes.

use std::net::IpAddr;
use std::ops::Range;

use super::words::{AuthorizationStatus, Justification};
use crate::ids::Digest;
use crate::peers::MsgType;
use crate::rid::{self, Host, IncidentId, Standard};

/// Where a message wants to go: MsgDestination with its Node (RFC 6545 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MsgDestination {
    /// `RIDSystem`, or an extension that we treat alike: to whom it was sent.
    RidSystem,
    /// `SourceOfIncident`: to the RID system nearest to that address.
    SourceOfIncident(IpAddr),
}

/// A RequestStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestStatus {
    /// What was decided.
    pub authorization: AuthorizationStatus,
    /// Why.
    pub justification: Option<Justification>,
}

/// What staff say in an IncidentSource (RFC 6545 §5.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Whether the source was found.
    pub found: bool,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

impl From<Source> for rid::Source {
    fn from(source: Source) -> Self {
        let nodes = source.addresses.into_iter().map(|address| Host::of(None, Some(address))).collect();
        Self { found: source.found, nodes }
    }
}

/// The document that the ReportSchema carries.
#[derive(Clone, Debug)]
pub struct Payload {
    /// The standard it follows.
    pub standard: Standard,
    /// Where its root element stands in the message.
    pub range: Range<usize>,
    /// Namespaces (prefix, name) declared around it, on which its bytes may rely.
    pub scope: Vec<(String, String)>,
    /// The digest of the root element's bytes.
    pub digest: Digest,
    /// What it is about; empty if we cannot read it.
    pub gist: Gist,
}

/// What filing and routing need to know of a payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gist {
    /// The restriction of its first Incident.
    pub restriction: Option<String>,
    /// The purpose of its first Incident.
    pub purpose: Option<String>,
    /// What it is about, in a line.
    pub title: Option<String>,
    /// Whether it asks for action: purpose `mitigation`, or an Expectation other than `nothing`.
    pub data_call: bool,
    /// The IncidentID of its first Incident.
    pub incident: Option<IncidentId>,
    /// The RID systems of its path, the originator first.
    pub path: Vec<String>,
}

/// All that a RID message says.
#[derive(Clone, Debug)]
pub struct Content {
    /// RIDPolicy's MsgType; nothing if it is an extension, which we do not know.
    pub msg_type: Option<MsgType>,
    /// RIDPolicy's MsgType, or its ext-MsgType, as written.
    pub type_word: String,
    /// Where it wants to go.
    pub destination: MsgDestination,
    /// RIDPolicy's IncidentID, else (but not in a Query) that of the payload's first Incident.
    pub incident: Option<IncidentId>,
    /// RIDPolicy's restriction.
    pub restriction: Option<String>,
    /// The regions of its PolicyRegions.
    pub regions: Vec<String>,
    /// The types of its TrafficTypes.
    pub traffic: Vec<String>,
    /// Its RequestStatus.
    pub status: Option<RequestStatus>,
    /// Its IncidentSource.
    pub source: Option<rid::Source>,
    /// Its document.
    pub payload: Option<Payload>,
    /// What is wrong with it short of refusing it.
    pub warnings: Vec<String>,
}

impl Content {
    /// A message of which only the incident is known.
    pub fn about(incident: Option<IncidentId>) -> Self {
        Self {
            msg_type: None,
            type_word: String::new(),
            destination: MsgDestination::RidSystem,
            incident,
            restriction: None,
            regions: Vec::new(),
            traffic: Vec::new(),
            status: None,
            source: None,
            payload: None,
            warnings: Vec::new(),
        }
    }
}
