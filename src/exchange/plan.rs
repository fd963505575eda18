//! One step in the making: the message as it will be filed, and everything that belongs into the same batch.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::ledger::Page;
use crate::clock::Timestamp;
use crate::envelope::{Content, Gist, IncidentId, Justification, Opened};
use crate::ids::{CallbackToken, Digest, MessageId, PeerName};
use crate::peers::Peer;
use crate::routing::Sharing;
use crate::store::Batch;
use crate::store::records::{Body, Direction, Message, Once, Plain, Verdict};

/// A message that has been opened, with how it came.
pub(super) struct Arrived<'a> {
    /// The peer it came from, as it is now.
    pub(super) peer: Arc<Peer>,
    /// The address it came from; nothing for an answer whose carrier did not say.
    pub(super) remote: Option<SocketAddr>,
    /// The certificate the peer proved itself with, where we were the server.
    pub(super) certificate: Option<Digest>,
    /// The RID-Callback-Token that came with it.
    pub(super) token: Option<CallbackToken>,
    /// When it had arrived.
    pub(super) at: Timestamp,
    /// The message of ours in whose HTTP response it came.
    pub(super) answers: Option<MessageId>,
    /// The message.
    pub(super) opened: &'a Opened,
}

impl Arrived<'_> {
    pub(super) fn content(&self) -> &Content {
        self.opened.content()
    }

    pub(super) fn incident(&self) -> Option<&IncidentId> {
        self.content().incident.as_ref()
    }

    /// How far it may travel.
    pub(super) fn sharing(&self) -> Sharing {
        Sharing::of(restriction(self.content()))
    }

    /// Its record as it is before anything is decided.
    pub(super) fn record(&self) -> Message {
        let content = self.content();
        let incident = content.incident.as_ref();
        let warnings = (!content.warnings.is_empty()).then(|| content.warnings.join("\n"));
        Message {
            id: MessageId::fresh(),
            direction: Direction::In,
            peer: self.peer.name.clone(),
            msg_type: content.type_word.clone(),
            incident_name: incident.map(|id| id.incident.name.clone()),
            incident_id: incident.map(|id| id.incident.id.clone()),
            instance: incident.and_then(|id| id.instance.clone()),
            restriction: restriction(content).map(str::to_owned),
            received: self.at,
            remote: self.remote.map(|remote| remote.to_string()),
            certificate: self.certificate.clone(),
            size: i64::try_from(self.opened.bytes().len()).unwrap_or(i64::MAX),
            digest: self.opened.digest().clone(),
            payload: content.payload.as_ref().map(|payload| payload.standard.as_str().to_owned()),
            verdict: Verdict::Accepted,
            justification: None,
            warnings,
            answers: self.answers.clone(),
            token: self.token.clone(),
            status: content.status.map(|status| status.authorization.to_string()),
            proven: self.opened.proven().to_json(),
        }
    }
}

/// The restriction that holds for a message: of those that RIDPolicy and the payload state, the stricter.
pub(super) fn restriction(content: &Content) -> Option<&str> {
    let payload = content.payload.as_ref().and_then(|payload| payload.gist.restriction.as_deref());
    let stated = [content.restriction.as_deref(), payload];
    stated.into_iter().flatten().max_by_key(|word| Sharing::of(Some(word)))
}

/// What follows from one message.
pub(super) struct Plan {
    /// The message as it will be filed.
    pub(super) message: Message,
    /// Everything else that is written with it.
    pub(super) batch: Batch,
    /// The page of its incident.
    pub(super) page: Option<Page>,
    /// The token of a 202.
    pub(super) token: Option<CallbackToken>,
    /// The RID message of a 200, if it is not an Acknowledgement made from the verdict.
    pub(super) body: Option<Bytes>,
    /// Whether parcels are in the batch.
    pub(super) posted: bool,
    /// What is counted once the batch is committed.
    pub(super) tally: Vec<Tally>,
}

/// What is counted once a batch is committed.
pub(super) enum Tally {
    /// A message was relayed to a peer of this relation.
    Relayed(&'static str),
    /// One more Request of this peer waits for a person.
    Undecided(PeerName),
    /// One waits no longer.
    Decided(PeerName),
}

impl Plan {
    pub(super) fn new(message: Message, page: Option<Page>) -> Self {
        Self { message, batch: Batch::new(), page, token: None, body: None, posted: false, tally: Vec::new() }
    }

    /// Refuses the message with this Justification.
    pub(super) fn deny(&mut self, justification: Justification, why: Option<String>) {
        self.message.verdict = Verdict::Denied;
        self.message.justification = Some(justification.as_str().to_owned());
        self.warn(why);
    }

    /// Adds a finding that staff should see.
    pub(super) fn warn(&mut self, why: Option<String>) {
        let Some(why) = why else { return };
        let warnings = self.message.warnings.get_or_insert_default();
        if !warnings.is_empty() {
            warnings.push('\n');
        }
        warnings.push_str(&why);
    }

    /// Files the message: all of it in one batch, once.
    pub(super) fn file(&mut self, opened: &Opened, once: Option<Digest>) {
        if let Some(digest) = once {
            self.batch.insert(&Once { digest, message: self.message.id.clone() });
        }
        self.batch.put(&self.message);
        self.batch.put(&Body { id: self.message.id.clone(), bytes: opened.bytes().to_vec() });
        if let Some(plain) = opened.plain() {
            self.batch.put(&Plain { id: self.message.id.clone(), bytes: plain.to_vec() });
        }
        if let Some(page) = &mut self.page {
            note(page, &self.message, opened.content());
            page.write(&mut self.batch);
        }
    }
}

/// Takes into the incident's record what the message says of it.
fn note(page: &mut Page, message: &Message, content: &Content) {
    page.incident.changed = page.incident.changed.max(message.received);
    page.saw_instance(message.instance.as_deref());
    let Some(payload) = content.payload.as_ref().filter(|payload| payload.standard.is_iodef()) else { return };
    note_gist(page, &payload.gist, message.received);
}

/// Takes into the incident's record what a document says of it.
pub(super) fn note_gist(page: &mut Page, gist: &Gist, at: Timestamp) {
    page.incident.changed = page.incident.changed.max(at);
    page.incident.restriction = Some(gist.restriction.clone().unwrap_or_else(|| "private".to_owned()));
    if gist.purpose.is_some() {
        page.incident.purpose.clone_from(&gist.purpose);
    }
    if gist.title.is_some() {
        page.incident.title.clone_from(&gist.title);
    }
}
