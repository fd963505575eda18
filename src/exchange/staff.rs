//! What staff do: send a document, ask a peer, decide about what is held. `admin` calls it for named operators.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::asked::Revised;
use super::compose::Outgoing;
use super::dispatch::close;
use super::ledger::Page;
use super::service::{Exchange, TRIES};
use super::status::Fault;
use crate::coordination::ProcessError;
use crate::envelope::{self, Gist, IncidentId, MsgDestination, Outbound, Sealed, Source, Unopened};
use crate::ids::{IncidentName, MessageId, PeerName};
use crate::outbox::NewParcel;
use crate::peers::{MsgType, Peer};
use crate::routing;
use crate::store::records::{Body, Direction, Message, Plain, Request, RequestState};
use crate::store::{Batch, Column, StoreError, give_way};

/// A document that staff want sent.
#[derive(Clone, Debug)]
pub struct Sending {
    /// To whom; may be absent if `source_of_incident` decides.
    pub to: Option<PeerName>,
    /// An IODEF document, or a whole RID message, which is sent as it is.
    pub document: Bytes,
    /// What to make of an IODEF document; absent: a Report.
    pub msg_type: Option<MsgType>,
    /// Where the incident comes from: MsgDestination SourceOfIncident.
    pub source_of_incident: Option<IpAddr>,
    /// The Request of a peer that a Result answers; absent: the newest open one about the incident.
    pub answers: Option<MessageId>,
    /// What a Result says of the source.
    pub source: Source,
    /// For whom the document is encrypted, where its restriction asks for that; nobody named means the peer it goes to.
    pub readers: Vec<PeerName>,
}

/// Why an order of staff was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// The peer is not known, or not active.
    #[error("there is no active peer {name}: see `ridd peer list`")]
    NoSuchPeer {
        /// The name as given.
        name: PeerName,
    },
    /// Neither a peer nor a route was found.
    #[error("name a peer, or an address that a peer's networks hold (`ridd peer change NAME --networks CIDR`)")]
    Nowhere,
    /// The document cannot be read.
    #[error("the document cannot be sent: {0}")]
    Unreadable(#[from] Unopened),
    /// The document names no incident, and what it should become needs one.
    #[error("the document names no incident (its first Incident has no IncidentID), which a {msg_type} needs")]
    NoIncident {
        /// What it should have become.
        msg_type: MsgType,
    },
    /// A Result or an Acknowledgement answers a Request, and there is none.
    #[error("{peer} has sent no Request about {incident} that is still open: send the document as a Report")]
    NothingToAnswer {
        /// The peer.
        peer: PeerName,
        /// The incident.
        incident: IncidentName,
    },
    /// Such a message is not made from a document.
    #[error("an {msg_type} is not sent by hand: approve or deny the message with `ridd message approve|deny`")]
    NotByHand {
        /// The type.
        msg_type: MsgType,
    },
    /// There is no such message.
    #[error("there is no message {id}: see `ridd message list`")]
    NoSuchMessage {
        /// The id as given.
        id: MessageId,
    },
    /// The message does not wait for a decision.
    #[error("message {id} is {verdict}, it does not wait for a decision: see `ridd message list --held`")]
    NotHeld {
        /// The message.
        id: MessageId,
        /// What became of it.
        verdict: &'static str,
    },
    /// Routing refuses to carry it on.
    #[error("it cannot be approved: {0}; deny it")]
    Refused(#[from] routing::Refusal),
    /// The process of a significant event refuses it.
    #[error("it cannot be approved: {why}; deny it")]
    NotTaken {
        /// Why.
        why: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be written or put into the outbox.
    #[error("{why}")]
    NotSent {
        /// Why, and what to do.
        why: String,
    },
}

impl From<ProcessError> for StaffError {
    fn from(error: ProcessError) -> Self {
        Fault::from(error).into()
    }
}

impl From<Fault> for StaffError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) | Fault::Process(ProcessError::Store(error)) => Self::Store(error),
            other => Self::NotSent { why: other.to_string() },
        }
    }
}

impl Exchange {
    /// Sends a document and says which message it became. It is in the outbox when this returns.
    ///
    /// # Errors
    /// Why it was not put into the outbox.
    pub async fn send(&self, sending: Sending, operator: &str) -> Result<Message, StaffError> {
        let peer = self.recipient(&sending)?;
        let document = envelope::document(&sending.document, self.post.envelopes.reading())?;
        for attempt in 0..TRIES {
            let mut batch = Batch::new();
            let (message, mut page) = match &document {
                Outbound::Rid(opened) => self.as_it_is(&mut batch, &peer, opened, &sending.readers).await?,
                Outbound::Iodef { gist, .. } => self.as_made(&mut batch, &peer, &sending, &document, gist).await?,
            };
            if let Some(page) = &mut page {
                page.write(&mut batch);
            }
            match self.commit(batch).await {
                Ok(()) => {
                    if let Some(page) = page {
                        self.post.ledger.committed(page);
                    }
                    self.post.outbox.wake();
                    tracing::info!(message = %message.id, peer = %message.peer, msg_type = %message.msg_type, operator, "sent by staff");
                    return Ok(message);
                }
                Err(StoreError::Conflict { .. }) => give_way(&*self.store, attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Contended { tries: TRIES }.into())
    }

    /// Asks a peer what it knows of an incident: a Query (RFC 6545 §6.5).
    ///
    /// # Errors
    /// Why it was not put into the outbox.
    pub async fn query(
        &self,
        to: &PeerName,
        incident: IncidentName,
        instance: Option<String>,
        operator: &str,
    ) -> Result<Message, StaffError> {
        let peer = self.peer_named(to)?;
        let mut outgoing = Outgoing::new(peer, MsgType::Query, &self.post.config);
        outgoing.incident = Some(IncidentId { incident, instance });
        let mut batch = Batch::new();
        let message = self.post.send_out(&mut batch, &outgoing, self.clock.now())?;
        self.commit(batch).await?;
        self.post.outbox.wake();
        tracing::info!(message = %message.id, peer = %message.peer, operator, "query sent by staff");
        Ok(message)
    }

    fn peer_named(&self, name: &PeerName) -> Result<Arc<Peer>, StaffError> {
        self.post.neighbours.peer(name).ok_or_else(|| StaffError::NoSuchPeer { name: name.clone() })
    }

    fn recipient(&self, sending: &Sending) -> Result<Arc<Peer>, StaffError> {
        if let Some(name) = &sending.to {
            return self.peer_named(name);
        }
        let address = sending.source_of_incident.ok_or(StaffError::Nowhere)?;
        let peers = super::neighbours::for_routing(&self.post.neighbours.peers());
        let name = routing::towards(&self.routing, &peers, address).ok_or(StaffError::Nowhere)?;
        self.peer_named(&name)
    }

    /// A whole RID message leaves without a change but for what it lacks of signature and encryption.
    async fn as_it_is(
        &self,
        batch: &mut Batch,
        peer: &Arc<Peer>,
        opened: &envelope::Opened,
        readers: &[PeerName],
    ) -> Result<(Message, Option<Page>), Fault> {
        let now = self.clock.now();
        let content = opened.content();
        let Sealed { bytes, plain } = self.post.envelopes.seal_given(&peer.name, opened.bytes(), readers)?;
        let message = super::compose::record_as_is(peer, opened, &bytes, now);
        let page = self.noted(content.incident.as_ref(), &message).await?;
        batch.put(&message);
        batch.put(&Body { id: message.id.clone(), bytes: bytes.to_vec() });
        if let Some(plain) = plain {
            batch.put(&Plain { id: message.id.clone(), bytes: plain.to_vec() });
        }
        let incident = content.incident.as_ref().map(|id| &id.incident);
        self.post.outbox.post(batch, NewParcel::rid(&peer.name, incident, message.id.clone()))?;
        if matches!(content.msg_type, Some(MsgType::InvestigationRequest | MsgType::TraceRequest | MsgType::Query)) {
            batch.insert(&super::compose::asking(&message, None));
        }
        Ok((message, page))
    }

    /// The incident's page with a message of ours noted; a Query makes no incident known.
    async fn noted(&self, id: Option<&IncidentId>, message: &Message) -> Result<Option<Page>, StoreError> {
        let Some(id) = id.filter(|_| message.msg_type != MsgType::Query.as_str()) else { return Ok(None) };
        let mut page = self.post.page(&id.incident, true, message.received).await?;
        page.incident.changed = page.incident.changed.max(message.received);
        page.saw_instance(id.instance.as_deref());
        Ok(Some(page))
    }

    /// An IODEF document becomes a message of the wanted type.
    async fn as_made(
        &self,
        batch: &mut Batch,
        peer: &Arc<Peer>,
        sending: &Sending,
        document: &Outbound,
        gist: &Gist,
    ) -> Result<(Message, Option<Page>), StaffError> {
        let now = self.clock.now();
        let msg_type = sending.msg_type.unwrap_or(MsgType::Report);
        let incident = gist.incident.as_ref();
        let mut page = None;
        let mut outgoing = match msg_type {
            MsgType::Acknowledgement => return Err(StaffError::NotByHand { msg_type }),
            MsgType::Result => {
                let incident = incident.ok_or(StaffError::NoIncident { msg_type })?;
                let (request, revision) = self.request_of(peer, sending, incident).await?;
                close(batch, &request, revision, RequestState::Completed);
                let mut outgoing = Outgoing::answering(Arc::clone(peer), msg_type, &request, &self.post.config);
                outgoing.source = Some(sending.source.clone().into());
                outgoing
            }
            MsgType::Report | MsgType::Query => {
                let mut outgoing = Outgoing::new(Arc::clone(peer), msg_type, &self.post.config);
                outgoing.incident = incident.cloned();
                outgoing
            }
            MsgType::InvestigationRequest | MsgType::TraceRequest => {
                let incident = incident.ok_or(StaffError::NoIncident { msg_type })?;
                let mut outgoing = Outgoing::new(Arc::clone(peer), msg_type, &self.post.config);
                let mut read = self.post.page(&incident.incident, true, now).await?;
                read.saw_instance(incident.instance.as_deref());
                let instance = Some(read.next_instance());
                page = Some(read);
                outgoing.incident = Some(IncidentId { incident: incident.incident.clone(), instance });
                outgoing
            }
        };
        if let Some(address) = sending.source_of_incident {
            outgoing.destination = MsgDestination::SourceOfIncident(address);
        }
        outgoing.restriction = gist.restriction.clone().filter(|word| super::compose::is_rid_restriction(word));
        // A Query's document is only what it asks for.
        let path = !matches!(msg_type, MsgType::Report | MsgType::Query);
        let name = self.post.neighbours.own_name();
        let request = matches!(msg_type, MsgType::InvestigationRequest | MsgType::TraceRequest);
        let entry = self.post.path_entry(&name, request.then_some(now));
        let carried = document.carried(path.then_some(&entry), self.post.envelopes.reading());
        outgoing.payload = carried.map_err(Fault::from)?;
        outgoing.readers.clone_from(&sending.readers);
        let message = self.post.send_out(batch, &outgoing, now)?;
        if page.is_none() {
            page = self.noted(outgoing.incident.as_ref(), &message).await?;
        }
        if let Some(page) = &mut page {
            super::plan::note_gist(page, gist, now);
        }
        Ok((message, page))
    }

    /// The peer's Request that a Result answers.
    async fn request_of(&self, peer: &Peer, sending: &Sending, incident: &IncidentId) -> Result<Revised, StaffError> {
        let found = match &sending.answers {
            Some(id) => self.store.find_revised::<Request>(vec![id.to_value()]).await?,
            None => {
                let any = IncidentId { incident: incident.incident.clone(), instance: None };
                self.by_incident(Direction::In, &peer.name, &any).await?
            }
        };
        let open = found.filter(|(request, _)| request.open && request.peer == peer.name);
        open.ok_or_else(|| StaffError::NothingToAnswer { peer: peer.name.clone(), incident: incident.incident.clone() })
    }
}
