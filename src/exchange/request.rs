//! Requests of peers: refused, denied, held for a person, or approved and carried on (RFC 6545 §6.1).

use super::asked::Revised;
use super::compose::Outgoing;
use super::dispatch::incomplete;
use super::neighbours;
use super::plan::{Arrived, Plan};
use super::service::Exchange;
use super::status::Fault;
use crate::clock::Timestamp;
use crate::coordination::{Ruling, Step, Taken};
use crate::envelope::{AuthorizationStatus, Justification, MsgDestination, RequestStatus, Standard};
use crate::ids::{CallbackToken, PeerName};
use crate::peers::{MsgType, Right};
use crate::routing::{self, Destination, Hop, Refusal, Subject};
use crate::store::records::{Direction, Message, Request, RequestState};
use crate::store::{Bound, Column, Scan, StoreError, Value};

/// How many requests that wait for something are read at once.
pub(super) const OPEN: usize = 100_000;

/// Whether we are asked to act on what we cannot read. On its way to the source of an incident a Request needs to be read by
/// the last hop only.
fn unreadable(arrived: &Arrived<'_>) -> bool {
    let content = arrived.content();
    let encrypted = content.payload.as_ref().is_some_and(|payload| payload.standard == Standard::Encrypted);
    encrypted && content.destination == MsgDestination::RidSystem
}

impl Exchange {
    /// A Request is denied, held, or approved; approved ones go on to whom routing says.
    pub(super) async fn plan_request(
        &self,
        step: &mut Step,
        arrived: &Arrived<'_>,
        right: Right,
        fresh: bool,
    ) -> Result<Plan, Fault> {
        let Some(id) = arrived.incident() else { return Err(incomplete(arrived, "an IncidentID", "6.1")) };
        let page = self.post.page(&id.incident, fresh, arrived.at).await?;
        let mut plan = Plan::new(arrived.record(), Some(page));
        if let Right::Deny(_) = right {
            self.refuse_request(&mut plan, arrived, Justification::CannotProcess, None)?;
            return Ok(plan);
        }
        if unreadable(arrived) {
            let why = "its document is encrypted, and none of our keys opens it".to_owned();
            self.refuse_request(&mut plan, arrived, Justification::Encryption, Some(why))?;
            return Ok(plan);
        }
        if right == Right::Accept {
            match self.consult(step, &mut plan, arrived, None, Ruling::Rights).await? {
                Taken::Nothing => {}
                Taken::Accepted => {
                    self.approve(&mut plan, arrived)?;
                    return Ok(plan);
                }
                Taken::Held { why } => {
                    plan.warn(Some(why));
                    self.wait(&mut plan, arrived);
                    return Ok(plan);
                }
                Taken::Denied { justification, why } => {
                    self.refuse_request(&mut plan, arrived, justification, Some(why))?;
                    return Ok(plan);
                }
            }
        }
        let hops = match self.hops(arrived, &None).await? {
            Ok(hops) => hops,
            Err(refusal) => {
                self.metrics.relay_refused(refusal.word());
                let justification = justification(&refusal);
                self.refuse_request(&mut plan, arrived, justification, Some(refusal.to_string()))?;
                return Ok(plan);
            }
        };
        if right == Right::Hold {
            self.hold(&mut plan, arrived).await?;
            return Ok(plan);
        }
        self.approve(&mut plan, arrived)?;
        self.send_on(&mut plan, arrived, hops, None).await?;
        Ok(plan)
    }

    /// Approves a Request: at once, or with a token and an Acknowledgement that follows.
    fn approve(&self, plan: &mut Plan, arrived: &Arrived<'_>) -> Result<(), Fault> {
        let token = self.answers_by_callback().then(CallbackToken::fresh);
        let request = received(&plan.message, arrived, token, RequestState::Approved);
        plan.token.clone_from(&request.token);
        plan.batch.insert(&request);
        if request.token.is_some() {
            let approved = RequestStatus { authorization: AuthorizationStatus::Approved, justification: None };
            self.acknowledge_later(plan, &request, approved, arrived.at)?;
        }
        Ok(())
    }

    /// Posts an Acknowledgement to a Request that was answered with a token.
    pub(super) fn acknowledge_later(
        &self,
        plan: &mut Plan,
        request: &Request,
        status: RequestStatus,
        now: Timestamp,
    ) -> Result<(), Fault> {
        // A peer that was removed meanwhile is owed nothing.
        let Some(peer) = self.post.neighbours.peer(&request.peer) else { return Ok(()) };
        let mut outgoing = Outgoing::answering(peer, MsgType::Acknowledgement, request, &self.post.config);
        outgoing.status = Some(status);
        self.post.send_out(&mut plan.batch, &outgoing, now)?;
        plan.posted = true;
        Ok(())
    }

    /// Denies a Request in the answer, and tells the originator too if that is another peer of ours: "If a Request is
    /// denied, the originator and sending peer (if they are not the same) MUST both receive the message" (§6.2).
    pub(super) fn refuse_request(
        &self,
        plan: &mut Plan,
        arrived: &Arrived<'_>,
        justification: Justification,
        why: Option<String>,
    ) -> Result<(), Fault> {
        plan.deny(justification, why);
        let path = arrived.content().payload.as_ref().map(|payload| &payload.gist.path);
        let Some(originator) = path.and_then(|path| path.first()).and_then(|name| name.parse::<PeerName>().ok()) else {
            return Ok(());
        };
        if originator == arrived.peer.name {
            return Ok(());
        }
        let Some(peer) = self.post.neighbours.peer(&originator) else { return Ok(()) };
        let mut outgoing = Outgoing::carrying(peer, MsgType::Acknowledgement, arrived.content(), &self.post.config);
        outgoing.incident = arrived.incident().cloned();
        outgoing.answers = Some(plan.message.id.clone());
        outgoing.status =
            Some(RequestStatus { authorization: AuthorizationStatus::Denied, justification: Some(justification) });
        self.post.send_out(&mut plan.batch, &outgoing, arrived.at)?;
        plan.posted = true;
        Ok(())
    }

    /// Where the message goes on to, or why it must not.
    pub(super) async fn hops(
        &self,
        arrived: &Arrived<'_>,
        origin: &Option<super::asked::Origin>,
    ) -> Result<Result<Vec<Hop>, Refusal>, StoreError> {
        let content = arrived.content();
        let peers = neighbours::for_routing(&self.post.neighbours.peers());
        let gist = content.payload.as_ref().map(|payload| &payload.gist);
        let request = matches!(content.msg_type, Some(MsgType::InvestigationRequest | MsgType::TraceRequest));
        let elsewhere = if request { self.elsewhere(arrived).await? } else { None };
        let destination = match content.destination {
            MsgDestination::SourceOfIncident(address) => Destination::Source(address),
            MsgDestination::RidSystem => Destination::Here,
        };
        let subject = Subject {
            from: &arrived.peer.name,
            relation: arrived.peer.relation,
            msg_type: &content.type_word,
            destination,
            sharing: arrived.sharing(),
            data_call: gist.is_some_and(|gist| gist.data_call),
            path: gist.map_or(&[], |gist| &gist.path),
            elsewhere: elsewhere.as_ref(),
            origin: origin.as_ref().map(|origin| &origin.message.peer),
        };
        Ok(routing::decide(&self.routing, &self.post.neighbours.own_name(), &peers, &subject))
    }

    /// Another peer that has sent us the same instance, unless we denied that.
    async fn elsewhere(&self, arrived: &Arrived<'_>) -> Result<Option<PeerName>, StoreError> {
        let Some(id) = arrived.incident().filter(|id| id.instance.is_some()) else { return Ok(None) };
        let found: Vec<Revised> = self.about(id).await?;
        let other = found.into_iter().map(|(request, _)| request).find(|request| {
            request.direction == Direction::In
                && request.peer != arrived.peer.name
                && request.state != RequestState::Denied
        });
        Ok(other.map(|request| request.peer))
    }

    /// How many Requests of this peer wait for a person.
    pub(super) async fn undecided_of(&self, peer: &PeerName) -> Result<usize, StoreError> {
        if let Some(count) = self.post.undecided.of(peer) {
            return Ok(count);
        }
        let waiting =
            self.store.list::<Request>(Scan::of::<Request>(OPEN).by("by_due").with(vec![true.to_value()])).await?;
        let undecided = |request: &Request| {
            request.direction == Direction::In
                && matches!(request.state, RequestState::Undecided | RequestState::Pending)
        };
        self.post.undecided.begin(waiting.into_iter().filter(undecided).map(|request| request.peer));
        Ok(self.post.undecided.of(peer).unwrap_or(0))
    }

    /// Those Requests whose Pending Acknowledgement is due at `now` or before, and when the next is.
    pub(super) async fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<Revised>, Option<Timestamp>), StoreError> {
        let scan = Scan::of::<Request>(limit).by("by_due").with(vec![true.to_value()]);
        // Nothing sorts before all instants: requests without a due time are passed over.
        let waiting = self.revised::<Request>(scan.from(Bound::Excluding(vec![Value::Null]))).await?;
        let next = waiting.iter().filter_map(|(request, _)| request.due).find(|due| *due > now);
        let due = waiting.into_iter().filter(|(request, _)| request.due.is_some_and(|due| due <= now)).collect();
        Ok((due, next))
    }
}

/// The record of a Request or Query that came to us and was answered with that token, or at once.
pub(super) fn received(
    message: &Message,
    arrived: &Arrived<'_>,
    token: Option<CallbackToken>,
    state: RequestState,
) -> Request {
    Request {
        message: message.id.clone(),
        direction: Direction::In,
        peer: message.peer.clone(),
        msg_type: message.msg_type.clone(),
        incident_name: message.incident_name.clone(),
        incident_id: message.incident_id.clone(),
        instance: message.instance.clone(),
        state,
        open: true,
        opened: arrived.at,
        due: None,
        token,
        address: arrived.remote.map(|remote| neighbours::callback_address(&arrived.peer, remote.ip())),
        refused: 0,
        parent: None,
    }
}

fn justification(refusal: &Refusal) -> Justification {
    match refusal {
        Refusal::Restriction { .. } | Refusal::NoRoute { .. } => Justification::CannotProcess,
        Refusal::Loop { .. } | Refusal::Again { .. } | Refusal::Hops { .. } => Justification::Other,
    }
}
