//! The post: messages of ours are written, filed and put into the outbox, all in the batch that explains them. The
//! exchange uses it for its own messages; the coordination of significant events through
//! [`Postman`](crate::coordination::Postman).
//!
//! It promises that a batch which a message was written into holds all of the message, and one which it could not be
//! written into holds nothing of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::compose::{Composed, Outgoing, asking, other_version};
use super::config::Config;
use super::ledger::{Ledger, Page};
use super::neighbours::{self, Neighbours};
use super::status::Fault;
use super::undecided::Undecided;
use crate::clock::Timestamp;
use crate::envelope::{self, Envelopes, Keyring, Limits, PathEntry, Reading, Sealed};
use crate::ids::{Digest, IncidentName, MessageId, PeerName};
use crate::outbox::{NewParcel, Outbox};
use crate::peers::{MsgType, Peer};
use crate::store::records::{Body, Direction, Message, Plain, Verdict};
use crate::store::{Batch, Store, StoreError};

/// What the post is made of.
pub struct PostParts {
    /// Where everything is filed.
    pub store: Arc<dyn Store>,
    /// The single way out.
    pub outbox: Arc<Outbox>,
    /// Who the peers are.
    pub neighbours: Arc<dyn Neighbours>,
    /// The table `[exchange]`.
    pub config: Config,
    /// The table `[xml]`.
    pub limits: Limits,
    /// The table `[envelope]`.
    pub envelope: envelope::Config,
    /// Our keys and those of the peers.
    pub keyring: Arc<dyn Keyring>,
}

/// Writes what leaves. One per node; shared by reference.
pub struct Post {
    pub(super) store: Arc<dyn Store>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) neighbours: Arc<dyn Neighbours>,
    pub(super) config: Config,
    /// How messages are opened and sealed.
    pub(super) envelopes: Envelopes,
    pub(super) ledger: Ledger,
    pub(super) undecided: Undecided,
    /// The address that each peer was last seen at, for the Node of what we send it.
    seen: Mutex<HashMap<PeerName, IpAddr>>,
}

impl Post {
    /// A post over these parts. It reads nothing before the first message.
    pub fn new(parts: PostParts) -> Arc<Self> {
        let reading = Reading::new(parts.limits, &parts.config.accept_values);
        Arc::new(Self {
            ledger: Ledger::new(parts.store.clone(), &parts.config),
            envelopes: Envelopes::new(parts.keyring, reading, parts.envelope),
            undecided: Undecided::default(),
            seen: Mutex::default(),
            store: parts.store,
            outbox: parts.outbox,
            neighbours: parts.neighbours,
            config: parts.config,
        })
    }

    /// How messages and what they carry are read here.
    pub fn reading(&self) -> &Reading {
        self.envelopes.reading()
    }

    /// Takes note of the address a peer was seen at.
    pub(super) fn saw(&self, peer: &PeerName, address: IpAddr) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get_mut(peer) {
            Some(known) => *known = address,
            None => drop(seen.insert(peer.clone(), address)),
        }
    }

    /// The IP address of a peer, as configured or as last seen.
    fn address_of(&self, peer: &Peer) -> Option<IpAddr> {
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&peer.name).copied();
        neighbours::literal_address(peer).or_else(seen)
    }

    /// Our entry in the path of a document; `recorded` for a Request.
    pub(super) fn path_entry<'a>(&'a self, own: &'a PeerName, recorded: Option<Timestamp>) -> PathEntry<'a> {
        let contact = if self.config.contact.is_empty() { own.as_str() } else { &self.config.contact };
        PathEntry { name: own, address: self.config.address, contact, recorded }
    }

    /// The page of an incident: as remembered on the first attempt, else as the store has it.
    pub(super) async fn page(&self, name: &IncidentName, fresh: bool, now: Timestamp) -> Result<Page, StoreError> {
        // What is remembered may have been changed by another node, and not every page is written.
        if fresh || self.store.tidings().is_some() {
            self.ledger.forget(name);
            return self.ledger.read(name, now).await;
        }
        let page = self.ledger.assume(name, now);
        if page.is_known() { Ok(page) } else { self.ledger.read(name, now).await }
    }

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
        let mut whole = Batch::new();
        let Composed { message, .. } = self.compose(&mut whole, outgoing, now)?;
        self.hand_over(&mut whole, &message, outgoing)?;
        batch.append(whole);
        if matches!(outgoing.msg_type, MsgType::InvestigationRequest | MsgType::TraceRequest | MsgType::Query) {
            batch.insert(&asking(&message, outgoing.parent.clone()));
        }
        Ok(message)
    }

    fn hand_over(&self, batch: &mut Batch, message: &Message, outgoing: &Outgoing) -> Result<(), Fault> {
        let incident = outgoing.incident.as_ref().map(|id| &id.incident);
        let mut parcel = NewParcel::rid(&outgoing.to.name, incident, message.id.clone());
        if let Some((token, address)) = &outgoing.callback {
            parcel = parcel.callback(token.clone(), address.clone());
        }
        self.outbox.post(batch, parcel)?;
        Ok(())
    }
}
