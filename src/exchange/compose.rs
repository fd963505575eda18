//! Messages of ours: written, filed and put into the outbox, all in the batch that explains them.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::config::Config;
use super::plan::restriction;
use super::service::Exchange;
use super::status::Fault;
use crate::clock::Timestamp;
use crate::envelope::{
    Carried, Content, Draft, IncidentId, IncidentSource, MsgDestination, Opened, RequestStatus, Sealed, Standard,
};
use crate::ids::{CallbackToken, Digest, MessageId, PeerName};
use crate::outbox::NewParcel;
use crate::peers::{IodefVersion, MsgType, Peer, Policy};
use crate::store::Batch;
use crate::store::records::{Body, Direction, Message, Plain, Request, RequestState, Verdict};

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

    fn draft(&self, address: Option<IpAddr>) -> Draft {
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

impl Exchange {
    /// Writes the message and files it; it does not leave yet.
    pub(super) fn compose(&self, batch: &mut Batch, outgoing: &Outgoing, now: Timestamp) -> Result<Composed, Fault> {
        let to = &outgoing.to;
        let called_back = outgoing.callback.as_ref().and_then(|(_, address)| address.as_deref());
        let address = called_back
            .and_then(|text| text.parse::<std::net::SocketAddr>().ok())
            .map_or_else(|| self.address_of(to), |address| Some(address.ip()));
        let Sealed { bytes, plain } = self.envelopes.seal(&outgoing.draft(address))?;
        let incident = outgoing.incident.as_ref();
        let message = Message {
            id: MessageId::fresh(),
            direction: Direction::Out,
            peer: to.name.clone(),
            msg_type: outgoing.msg_type.to_string(),
            incident_name: incident.map(|id| id.incident.name.clone()),
            incident_id: incident.map(|id| id.incident.id.clone()),
            instance: incident.and_then(|id| id.instance.clone()),
            restriction: outgoing.restriction.clone(),
            received: now,
            remote: called_back.map(str::to_owned),
            certificate: None,
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            digest: Digest::of(&bytes),
            payload: outgoing.payload.as_ref().map(|carried| carried.standard.as_str().to_owned()),
            verdict: Verdict::Sent,
            justification: outgoing.status.and_then(|status| status.justification).map(|word| word.to_string()),
            warnings: outgoing.payload.as_ref().and_then(|carried| other_version(to, &carried.standard)),
            answers: outgoing.answers.clone(),
            token: outgoing.callback.as_ref().map(|(token, _)| token.clone()),
            status: outgoing.status.map(|status| status.authorization.to_string()),
            proven: None,
        };
        batch.put(&message);
        batch.put(&Body { id: message.id.clone(), bytes: bytes.to_vec() });
        if let Some(plain) = plain {
            batch.put(&Plain { id: message.id.clone(), bytes: plain.to_vec() });
        }
        Ok(Composed { message, bytes })
    }

    /// Writes the message, files it and puts it into the outbox; a Request or Query is remembered until its answer.
    pub(super) fn send_out(&self, batch: &mut Batch, outgoing: &Outgoing, now: Timestamp) -> Result<Message, Fault> {
        let Composed { message, .. } = self.compose(batch, outgoing, now)?;
        self.post(batch, &message, outgoing)?;
        if matches!(outgoing.msg_type, MsgType::InvestigationRequest | MsgType::TraceRequest | MsgType::Query) {
            batch.insert(&asking(&message, outgoing.parent.clone()));
        }
        Ok(message)
    }

    fn post(&self, batch: &mut Batch, message: &Message, outgoing: &Outgoing) -> Result<(), Fault> {
        let incident = outgoing.incident.as_ref().map(|id| &id.incident);
        let mut parcel = NewParcel::rid(&outgoing.to.name, incident, message.id.clone());
        if let Some((token, address)) = &outgoing.callback {
            parcel = parcel.callback(token.clone(), address.clone());
        }
        self.outbox.post(batch, parcel)?;
        Ok(())
    }
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
fn other_version(to: &Peer, standard: &Standard) -> Option<String> {
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
