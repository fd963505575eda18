//! The exchange's post as the coordination of significant events sees it: letters become messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::asked::Revised;
use super::compose::{Outgoing, is_rid_restriction};
use super::dispatch::close;
use super::ledger::Page;
use super::plan::note_gist;
use super::post::Post;
use super::status::Fault;
use crate::clock::Timestamp;
use crate::coordination::{Letter, NotPosted, Postman};
use crate::envelope::{AuthorizationStatus, Gist, Outbound};
use crate::ids::{IncidentName, MessageId, PeerName};
use crate::peers::{IodefVersion, MsgType, Peer, Policy, Relation};
use crate::store::records::{Message, Request, RequestState, Verdict};
use crate::store::{Batch, Column, StoreError};

/// The pages of the incidents that one batch of letters is about, and whether each is to be written.
type Pages = BTreeMap<IncidentName, (Page, bool)>;

#[async_trait]
impl Postman for Post {
    async fn post(
        &self,
        batch: &mut Batch,
        letters: &[Letter],
        now: Timestamp,
    ) -> Result<Vec<Result<MessageId, NotPosted>>, StoreError> {
        let mut pages = Pages::new();
        let mut posted = Vec::with_capacity(letters.len());
        for letter in letters {
            let name = &letter.incident.incident;
            if !pages.contains_key(name) {
                // Read anew: two letters about one incident are seldom far apart, and what is remembered may be old.
                pages.insert(name.clone(), (Self::page(self, name, true, now).await?, false));
            }
            posted.push(match self.write(batch, letter, &mut pages, now).await {
                Ok(id) => Ok(id),
                Err(Unwritten::NotPosted(why)) => Err(why),
                Err(Unwritten::Store(error)) => return Err(error),
            });
        }
        for (mut page, _) in pages.into_values().filter(|(page, changed)| *changed || !page.is_known()) {
            page.write(batch);
        }
        Ok(posted)
    }

    fn posted(&self, letters: &[Letter]) {
        for letter in letters {
            self.ledger.forget(&letter.incident.incident);
        }
        if letters.iter().any(|letter| letter.msg_type == MsgType::Acknowledgement && letter.answers.is_some()) {
            self.undecided.forget();
        }
        if !letters.is_empty() {
            self.outbox.wake();
        }
    }

    fn dropped(&self, letters: &[Letter]) {
        for letter in letters {
            self.ledger.forget(&letter.incident.incident);
        }
    }

    fn version(&self, peer: &PeerName) -> IodefVersion {
        self.neighbours.peer(peer).map_or(IodefVersion::V2, |peer| Policy::of(&peer).iodef)
    }

    fn peer(&self, name: &PeerName) -> Option<Arc<Peer>> {
        self.neighbours.peer(name)
    }

    fn own_name(&self) -> PeerName {
        self.neighbours.own_name()
    }

    fn with_relation(&self, relation: Relation) -> Vec<Arc<Peer>> {
        self.neighbours.peers().into_iter().filter(|peer| peer.relation == relation).collect()
    }
}

/// Why a letter was not written: through its own fault, or the store's.
enum Unwritten {
    NotPosted(NotPosted),
    Store(StoreError),
}

impl Post {
    /// One letter, whole or not at all.
    async fn write(
        &self,
        batch: &mut Batch,
        letter: &Letter,
        pages: &mut Pages,
        now: Timestamp,
    ) -> Result<MessageId, Unwritten> {
        let Some(peer) = self.neighbours.peer(&letter.to) else {
            return Err(Unwritten::NotPosted(NotPosted::NoSuchPeer { to: letter.to.clone() }));
        };
        let answered = self.answered(letter).await.map_err(Unwritten::Store)?;
        let mut whole = Batch::new();
        let mut outgoing = self.addressed(letter, peer, answered.as_ref());
        let request = is_request(outgoing.msg_type);
        if let Some((request, revision)) = &answered {
            let state = state_after(letter, outgoing.msg_type, request);
            close(&mut whole, request, *revision, state);
            self.decided(&mut whole, request, state).await.map_err(Unwritten::Store)?;
        }
        let (page, changed) =
            pages.get_mut(&letter.incident.incident).map_or((None, None), |(a, b)| (Some(a), Some(b)));
        if let (Some(page), Some(changed)) = (page, changed) {
            let before = page.incident.instance;
            page.saw_instance(letter.incident.instance.as_deref());
            if let Some(id) = outgoing.incident.as_mut().filter(|id| request && id.instance.is_none()) {
                id.instance = Some(page.next_instance());
            }
            *changed |= page.incident.instance != before;
            if !page.is_known() {
                let gist = Gist { restriction: letter.restriction.clone(), ..Gist::default() };
                note_gist(page, &gist, now);
            }
        }
        let written = self.carried(letter, &mut outgoing, now).and_then(|()| self.send_out(&mut whole, &outgoing, now));
        match written {
            Ok(message) => {
                batch.append(whole);
                Ok(message.id)
            }
            Err(Fault::Store(error)) => Err(Unwritten::Store(error)),
            Err(fault) => {
                tracing::error!(peer = %letter.to, msg_type = %letter.msg_type, %fault, "not sent");
                let (to, msg_type, why) = (letter.to.clone(), letter.msg_type, fault.to_string());
                Err(Unwritten::NotPosted(NotPosted::NotWritten { to, msg_type, why }))
            }
        }
    }

    /// The peer's Request that the letter answers, if it is still open.
    async fn answered(&self, letter: &Letter) -> Result<Option<Revised>, StoreError> {
        let Some(id) = &letter.answers else { return Ok(None) };
        let found = self.store.find_revised::<Request>(vec![id.to_value()]).await?;
        Ok(found.filter(|(request, _)| request.open && request.peer == letter.to))
    }

    /// A held message that a letter approves or denies is held no longer.
    async fn decided(&self, batch: &mut Batch, request: &Request, state: RequestState) -> Result<(), StoreError> {
        let verdict = match state {
            RequestState::Approved | RequestState::Completed => Verdict::Accepted,
            RequestState::Denied => Verdict::Denied,
            RequestState::Undecided | RequestState::Pending => return Ok(()),
        };
        if !matches!(request.state, RequestState::Undecided | RequestState::Pending) {
            return Ok(());
        }
        let Some((mut message, revision)) =
            self.store.find_revised::<Message>(vec![request.message.to_value()]).await?
        else {
            return Ok(());
        };
        if message.verdict == Verdict::Held {
            message.verdict = verdict;
            batch.update(&message, revision);
        }
        Ok(())
    }

    /// The letter as a message without its document.
    fn addressed(&self, letter: &Letter, peer: Arc<Peer>, answered: Option<&Revised>) -> Outgoing {
        let mut outgoing = match answered {
            // A Report that answers a Request leaves its token to the Result.
            Some((request, _)) if letter.msg_type != MsgType::Report => {
                Outgoing::answering(peer, letter.msg_type, request, &self.config)
            }
            _ => {
                // RFC 6546 Table 1 has no place for a Result that nobody waits for.
                let late = letter.msg_type == MsgType::Result && answered.is_none();
                let msg_type = if late { MsgType::Report } else { letter.msg_type };
                let mut outgoing = Outgoing::new(peer, msg_type, &self.config);
                outgoing.incident = Some(letter.incident.clone());
                outgoing.answers.clone_from(&letter.answers);
                outgoing
            }
        };
        if outgoing.msg_type == MsgType::Result {
            outgoing.source = Some(letter.source.clone().unwrap_or_default().into());
        }
        outgoing.status = letter.status;
        outgoing.restriction = letter.restriction.clone().filter(|word| is_rid_restriction(word));
        outgoing.parent.clone_from(&letter.parent);
        outgoing
    }

    /// Puts the letter's document in, with our entry in its path if it is a Request or Result.
    fn carried(&self, letter: &Letter, outgoing: &mut Outgoing, now: Timestamp) -> Result<(), Fault> {
        let Some(bytes) = &letter.document else { return Ok(()) };
        let own = self.neighbours.own_name();
        let request = is_request(outgoing.msg_type);
        let entry = self.path_entry(&own, request.then_some(now));
        let path = (request || outgoing.msg_type == MsgType::Result).then_some(&entry);
        let document = Outbound::Iodef { bytes: bytes.clone(), gist: Gist::default() };
        outgoing.payload = document.carried(path, self.envelopes.reading())?;
        Ok(())
    }
}

fn is_request(msg_type: MsgType) -> bool {
    matches!(msg_type, MsgType::InvestigationRequest | MsgType::TraceRequest)
}

/// Where a peer's Request stands once the letter has answered it.
fn state_after(letter: &Letter, msg_type: MsgType, request: &Request) -> RequestState {
    match (msg_type, letter.status.map(|status| status.authorization)) {
        (MsgType::Result, _) => RequestState::Completed,
        (MsgType::Acknowledgement, Some(AuthorizationStatus::Approved)) => RequestState::Approved,
        (MsgType::Acknowledgement, Some(AuthorizationStatus::Pending)) => RequestState::Pending,
        (MsgType::Acknowledgement, Some(AuthorizationStatus::Denied)) => RequestState::Denied,
        _ => request.state,
    }
}
