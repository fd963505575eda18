//! Relaying: what routing decided becomes messages of ours, in the same batch as the message they carry on.

use std::sync::Arc;

use super::asked::Origin;
use super::compose::Outgoing;
use super::dispatch::{Asked, close};
use super::plan::{Arrived, Plan, Tally};
use super::service::Exchange;
use super::status::Fault;
use crate::envelope::{Carried, Content, IncidentId};
use crate::ids::{IncidentName, PeerName};
use crate::peers::{MsgType, Peer};
use crate::routing::{Form, Hop};
use crate::store::records::{Request, RequestState};

/// The way back of an answer: where the relayed message came from, and which of our Requests is answered.
pub(super) struct Back {
    /// Where it goes.
    origin: Origin,
    /// Our Request that the message answers.
    asked: Request,
}

impl Exchange {
    /// Carries a Report or Result on to whom the rules say. `asked` is the Request of ours that it answers.
    pub(super) async fn relay(&self, plan: &mut Plan, arrived: &Arrived<'_>, asked: Asked) -> Result<(), Fault> {
        let (relation, msg_type) = (arrived.peer.relation, &arrived.content().type_word);
        if !self.routing.relay.iter().any(|rule| rule.from == relation && rule.messages.contains(msg_type)) {
            return Ok(());
        }
        let origin = match &asked {
            Some((request, _)) => self.origin(request).await?,
            None => None,
        };
        // Only Requests are refused by routing; what may not travel on stays here.
        let Ok(hops) = self.hops(arrived, &origin).await? else { return Ok(()) };
        let back = origin.zip(asked).map(|(origin, (asked, _))| Back { origin, asked });
        self.send_on(plan, arrived, hops, back).await
    }

    /// Writes a message of ours for each hop.
    pub(super) async fn send_on(
        &self,
        plan: &mut Plan,
        arrived: &Arrived<'_>,
        hops: Vec<Hop>,
        mut back: Option<Back>,
    ) -> Result<(), Fault> {
        if hops.is_empty() {
            return Ok(());
        }
        let Some(id) = arrived.incident() else {
            plan.warn(Some("not relayed: it names no incident".to_owned()));
            return Ok(());
        };
        let request = |hop: &Hop| match hop.form {
            Form::Report => false,
            Form::InvestigationRequest => true,
            Form::Same => is_request(arrived.content().msg_type),
        };
        let payload = self.with_our_path(arrived, hops.iter().any(request))?;
        for hop in hops {
            let Some(peer) = self.post.neighbours.peer(&hop.to) else {
                plan.warn(Some(format!("not sent on to {}: it is no peer any more", hop.to)));
                continue;
            };
            if hop.back {
                let Some(back) = back.take() else { continue };
                let sent = self.send_back(plan, arrived, peer, payload.clone(), back).await;
                if unsealed(plan, &hop.to, sent)? {
                    continue;
                }
            } else {
                let sent = self.send_forward(plan, arrived, peer, hop.form, &id.incident, payload.clone());
                if unsealed(plan, &hop.to, sent)? {
                    continue;
                }
            }
            plan.posted = true;
            plan.tally.push(Tally::Relayed(hop.relation.map_or("origin", crate::peers::Relation::as_str)));
        }
        Ok(())
    }

    /// Each Request to a peer takes the next unused instance of its incident (RFC 6545 §6.1: "a separate instance number
    /// MUST be used under the same IncidentID"); a Report repeats the instance it reports on.
    fn send_forward(
        &self,
        plan: &mut Plan,
        arrived: &Arrived<'_>,
        peer: Arc<Peer>,
        form: Form,
        incident: &IncidentName,
        payload: Option<Carried>,
    ) -> Result<(), Fault> {
        let content = arrived.content();
        let msg_type = match form {
            Form::Report => MsgType::Report,
            Form::InvestigationRequest => MsgType::InvestigationRequest,
            Form::Same => content.msg_type.unwrap_or(MsgType::Report),
        };
        let mut outgoing = Outgoing::carrying(peer, msg_type, content, &self.post.config);
        let request = is_request(Some(msg_type));
        let instance = match &mut plan.page {
            Some(page) if request => {
                page.saw_instance(content.incident.as_ref().and_then(|id| id.instance.as_deref()));
                Some(page.next_instance())
            }
            _ => content.incident.as_ref().and_then(|id| id.instance.clone()),
        };
        if form == Form::Same {
            outgoing.destination = content.destination.clone();
        }
        outgoing.incident = Some(IncidentId { incident: incident.clone(), instance });
        outgoing.payload = payload;
        outgoing.source.clone_from(&content.source);
        outgoing.parent = Some(plan.message.id.clone());
        self.post.send_out(&mut plan.batch, &outgoing, arrived.at)?;
        Ok(())
    }

    /// Sends an answer back the way the question came. The Request it answers may have gone to several peers: the last
    /// Result of them goes back as the Result, all before it as Reports, for a token closes on a Result.
    async fn send_back(
        &self,
        plan: &mut Plan,
        arrived: &Arrived<'_>,
        peer: Arc<Peer>,
        payload: Option<Carried>,
        back: Back,
    ) -> Result<(), Fault> {
        let content = arrived.content();
        let Back { origin, asked } = back;
        let mut msg_type = MsgType::Report;
        let mut callback = None;
        if let Some((request, revision)) = origin.request.filter(|(request, _)| request.open) {
            let others = self.relaying(&request.message).await?;
            let last = others.iter().all(|other| other.message == asked.message || !other.open);
            let result = content.msg_type == Some(MsgType::Result) && last;
            // Written either way, so that of two Results at the same moment one sees the other.
            let state = if result { RequestState::Completed } else { request.state };
            close(&mut plan.batch, &request, revision, state);
            if result {
                msg_type = MsgType::Result;
                callback = request.token.clone().map(|token| (token, request.address.clone()));
            }
        }
        let mut outgoing = Outgoing::carrying(peer, msg_type, content, &self.post.config);
        outgoing.incident = origin_incident(&origin.message, content);
        outgoing.payload = payload;
        outgoing.source = content.source.clone().filter(|_| msg_type == MsgType::Result);
        outgoing.answers = Some(origin.message.id.clone());
        outgoing.callback = callback;
        self.post.send_out(&mut plan.batch, &outgoing, arrived.at)?;
        Ok(())
    }

    /// The document with one more entry in its path: ours. A document that cannot be read travels as it is.
    fn with_our_path(&self, arrived: &Arrived<'_>, request: bool) -> Result<Option<Carried>, Fault> {
        let name = self.post.neighbours.own_name();
        let entry = self.post.path_entry(&name, request.then_some(arrived.at));
        Ok(arrived.opened.carried_with_path(&entry, self.post.envelopes.reading())?)
    }
}

/// Whether nothing was sent because it could not be sealed for that peer: then the others get it all the same, and staff
/// are told. The sender cannot mend it, so it is not told to come again.
fn unsealed(plan: &mut Plan, to: &PeerName, sent: Result<(), Fault>) -> Result<bool, Fault> {
    match sent {
        Err(Fault::Seal(error)) => {
            tracing::error!(peer = %to, %error, "not sent on");
            plan.warn(Some(format!("not sent on to {to}: {error}")));
            Ok(true)
        }
        other => other.map(|()| false),
    }
}

fn is_request(msg_type: Option<MsgType>) -> bool {
    matches!(msg_type, Some(MsgType::InvestigationRequest | MsgType::TraceRequest))
}

/// The incident that an answer names: as the question did.
fn origin_incident(origin: &crate::store::records::Message, content: &Content) -> Option<IncidentId> {
    match (&origin.incident_name, &origin.incident_id) {
        (Some(name), Some(id)) => Some(IncidentId {
            incident: IncidentName { name: name.clone(), id: id.clone() },
            instance: origin.instance.clone(),
        }),
        _ => content.incident.clone(),
    }
}
