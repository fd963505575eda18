//! Messages of ours before they are written, and the records that they leave.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::config::Config;
use super::plan::restriction;
use crate::clock::Timestamp;
use crate::envelope::{
    Carried, Content, Draft, IncidentId, IncidentSource, MsgDestination, Opened, RequestStatus, Standard,
};
use crate::ids::{CallbackToken, Digest, MessageId, PeerName};
use crate::peers::{IodefVersion, MsgType, Peer, Policy};
use crate::store::records::{Direction, Message, Request, RequestState, Verdict};

/// A message of ours that is to leave.
pub(super) struct Outgoing {
    /// Whom it goes to.
    pub(super) to: Arc<Peer>,
    /// Its type.
    pub(super) msg_type: MsgType,
    /// Where it wants to go.
    pub(super) destination: MsgDestination,
    /// Its incident.
    pub(super) incident: Option<IncidentId>,
    /// Its restriction.
    pub(super) restriction: Option<String>,
    /// Its PolicyRegions.
    pub(super) regions: Vec<String>,
    /// Its TrafficTypes.
    pub(super) traffic: Vec<String>,
    /// Its RequestStatus.
    pub(super) status: Option<RequestStatus>,
    /// Its IncidentSource.
    pub(super) source: Option<IncidentSource>,
    /// Its document.
    pub(super) payload: Option<Carried>,
    /// The message it answers.
    pub(super) answers: Option<MessageId>,
    /// The message of another peer that it relays.
    pub(super) parent: Option<MessageId>,
    /// The token and the network address, if it is a callback.
    pub(super) callback: Option<(CallbackToken, Option<String>)>,
    /// For whom its document is encrypted, if it must be; nobody named means the peer it goes to.
    pub(super) readers: Vec<PeerName>,
}

impl Outgoing {
    /// A message that we begin.
    pub(super) fn new(to: Arc<Peer>, msg_type: MsgType, config: &Config) -> Self {
        Self {
            to,
            msg_type,
            destination: MsgDestination::RidSystem,
            incident: None,
            restriction: None,
            regions: vec![config.policy_region.clone()],
            traffic: vec![config.traffic_type.clone()],
            status: None,
            source: None,
            payload: None,
            answers: None,
            parent: None,
            callback: None,
            readers: Vec::new(),
        }
    }

    /// A message that carries on what another one said: same restriction, regions and traffic types.
    pub(super) fn carrying(to: Arc<Peer>, msg_type: MsgType, content: &Content, config: &Config) -> Self {
        let mut new = Self::new(to, msg_type, config);
        new.restriction = restriction(content).filter(|word| is_rid_restriction(word)).map(str::to_owned);
        if !content.regions.is_empty() {
            new.regions.clone_from(&content.regions);
        }
        if !content.traffic.is_empty() {
            new.traffic.clone_from(&content.traffic);
        }
        new
    }

    /// An answer to a Request of that peer: same incident and instance, as a callback if it has a token.
    pub(super) fn answering(to: Arc<Peer>, msg_type: MsgType, request: &Request, config: &Config) -> Self {
        let mut new = Self::new(to, msg_type, config);
        new.incident = request_incident(request);
        new.answers = Some(request.message.clone());
        new.callback = request.token.clone().map(|token| (token, request.address.clone()));
        new
    }

    pub(super) fn draft(&self, address: Option<IpAddr>) -> Draft {
        Draft {
            msg_type: self.msg_type,
            to: self.to.name.clone(),
            address,
            destination: self.destination.clone(),
            incident: self.incident.clone(),
            restriction: self.restriction.clone(),
            regions: self.regions.clone(),
            traffic: self.traffic.clone(),
            status: self.status,
            source: self.source.clone(),
            payload: self.payload.clone(),
            readers: self.readers.clone(),
        }
    }
}

/// RIDPolicy's restriction has the four values of IODEF 1.0 only (RFC 6545 §5.1).
pub(super) fn is_rid_restriction(word: &str) -> bool {
    matches!(word, "public" | "need-to-know" | "private" | "default")
}

/// The incident and instance that a request names.
pub(super) fn request_incident(request: &Request) -> Option<IncidentId> {
    let (name, id) = (request.incident_name.clone()?, request.incident_id.clone()?);
    Some(IncidentId { incident: crate::ids::IncidentName { name, id }, instance: request.instance.clone() })
}

/// A message that was written.
pub(super) struct Composed {
    /// Its record.
    pub(super) message: Message,
    /// Its bytes.
    pub(super) bytes: Bytes,
}

/// The record of a Request or Query that we send.
pub(super) fn asking(message: &Message, parent: Option<MessageId>) -> Request {
    Request {
        message: message.id.clone(),
        direction: Direction::Out,
        peer: message.peer.clone(),
        msg_type: message.msg_type.clone(),
        incident_name: message.incident_name.clone(),
        incident_id: message.incident_id.clone(),
        instance: message.instance.clone(),
        state: RequestState::Undecided,
        open: true,
        opened: message.received,
        due: None,
        token: None,
        address: None,
        refused: 0,
        parent,
    }
}

/// The warning that goes with a document of another version than the peer's policy says. What is relayed, and what staff
/// send, leaves as its author wrote it: bytes and signatures are the author's, and an alert that a machine does not
/// understand is still read by people.
pub(super) fn other_version(to: &Peer, standard: &Standard) -> Option<String> {
    if *standard != Standard::Iodef2 || Policy::of(to).iodef == IodefVersion::V2 {
        return None;
    }
    tracing::warn!(peer = %to.name, "a document in IODEF 2.0 goes to a peer whose policy says 1.0");
    Some(format!(
        "it leaves in IODEF 2.0 although the policy of {} says 1.0: documents of others are not converted",
        to.name
    ))
}

/// The record of a whole RID message that was given, and leaves as these bytes.
pub(super) fn record_as_is(peer: &Peer, opened: &Opened, bytes: &[u8], now: Timestamp) -> Message {
    let content = opened.content();
    let incident = content.incident.as_ref();
    Message {
        id: MessageId::fresh(),
        direction: Direction::Out,
        peer: peer.name.clone(),
        msg_type: content.type_word.clone(),
        incident_name: incident.map(|id| id.incident.name.clone()),
        incident_id: incident.map(|id| id.incident.id.clone()),
        instance: incident.and_then(|id| id.instance.clone()),
        restriction: restriction(content).map(str::to_owned),
        received: now,
        remote: None,
        certificate: None,
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        digest: Digest::of(bytes),
        payload: content.payload.as_ref().map(|payload| payload.standard.as_str().to_owned()),
        verdict: Verdict::Sent,
        justification: None,
        warnings: content.payload.as_ref().and_then(|payload| other_version(peer, &payload.standard)),
        answers: None,
        token: None,
        status: content.status.map(|status| status.authorization.to_string()),
        proven: None,
    }
}
