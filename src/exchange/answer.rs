//! Answers: what an HTTP response carries for what became of a message (RFC 6546 Table 1).

use std::net::IpAddr;

use bytes::Bytes;

use super::arrival::Answer;
use super::config::ApprovedRequests;
use super::plan::Arrived;
use super::service::Exchange;
use super::status::{self, Fault, Improper};
use crate::envelope::{AuthorizationStatus, Content, Draft, Justification, MsgDestination, RequestStatus};
use crate::ids::{CallbackToken, PeerName};
use crate::peers::MsgType;
use crate::store::records::{Message, Verdict};

impl Answer {
    /// That status with an empty body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, token: None, body: Bytes::new() }
    }
}

impl Exchange {
    /// The answer to a message that was filed: made from its record, so that the same message gets the same answer.
    pub(super) fn answer(
        &self,
        arrived: &Arrived<'_>,
        message: &Message,
        token: Option<CallbackToken>,
        body: Option<Bytes>,
    ) -> Result<Answer, Fault> {
        let content = arrived.content();
        if let Some(body) = body {
            return Ok(Answer { status: 200, token: None, body });
        }
        if token.is_some() && message.verdict != Verdict::Denied {
            // RFC 6546 §3: "The RID callback MUST contain a zero-length entity body".
            return Ok(Answer { token, ..Answer::empty(202) });
        }
        let silent = match content.msg_type {
            Some(MsgType::Acknowledgement | MsgType::Result) => true,
            Some(MsgType::Report) => {
                let plain = message.verdict == Verdict::Accepted && !self.post.config.acknowledge_reports;
                arrived.token.is_some() || plain
            }
            Some(MsgType::InvestigationRequest | MsgType::TraceRequest | MsgType::Query) | None => false,
        };
        if silent {
            return Ok(Answer::empty(200));
        }
        let status = match message.verdict {
            Verdict::Accepted | Verdict::Sent => AuthorizationStatus::Approved,
            Verdict::Held => AuthorizationStatus::Pending,
            Verdict::Denied | Verdict::Improper => AuthorizationStatus::Denied,
        };
        let justification = message.justification.as_deref().and_then(Justification::parse);
        let status = RequestStatus { authorization: status, justification };
        let remote = arrived.remote.map(|remote| remote.ip());
        let body = self.acknowledgement(&arrived.peer.name, remote, Some(content), status)?;
        Ok(Answer { status: 200, token: None, body })
    }

    /// Whether a Request that is approved at once gets a token.
    pub(super) fn answers_by_callback(&self) -> bool {
        self.post.config.approved_requests == ApprovedRequests::Callback
    }

    /// The bytes of an Acknowledgement to what `content` said.
    pub(super) fn acknowledgement(
        &self,
        to: &PeerName,
        address: Option<IpAddr>,
        content: Option<&Content>,
        status: RequestStatus,
    ) -> Result<Bytes, Fault> {
        let words = |own: &String, theirs: Option<&Vec<String>>| match theirs {
            Some(words) if !words.is_empty() => words.clone(),
            _ => vec![own.clone()],
        };
        let draft = Draft {
            msg_type: MsgType::Acknowledgement,
            to: to.clone(),
            address,
            destination: MsgDestination::RidSystem,
            incident: content.and_then(|content| content.incident.clone()),
            restriction: content.and_then(|content| content.restriction.clone()),
            regions: words(&self.post.config.policy_region, content.map(|content| &content.regions)),
            traffic: words(&self.post.config.traffic_type, content.map(|content| &content.traffic)),
            status: Some(status),
            source: None,
            payload: None,
            readers: Vec::new(),
        };
        Ok(self.post.envelopes.seal(&draft)?.bytes)
    }

    /// The answer to an improper message: 4xx with an Acknowledgement that says Denied and why (RFC 6546 §3).
    pub(super) fn improper(
        &self,
        from: &PeerName,
        address: IpAddr,
        content: Option<&Content>,
        improper: &Improper,
    ) -> Answer {
        let (status, justification) = improper.answer();
        tracing::warn!(peer = %from, status, reason = improper.word(), why = %improper, "improper message");
        self.metrics.refused(improper.word());
        let denied = RequestStatus { authorization: AuthorizationStatus::Denied, justification: Some(justification) };
        let partly = match improper {
            Improper::Unopened(unopened) => Some(Content::about(unopened.incident.clone())),
            _ => None,
        };
        match self.acknowledgement(from, Some(address), content.or(partly.as_ref()), denied) {
            Ok(body) => Answer { status, token: None, body },
            Err(fault) => {
                tracing::error!(peer = %from, %fault, "the refusal cannot be written, it goes without a body");
                Answer::empty(status)
            }
        }
    }

    /// The answer to a message that we could not take through a fault of our own: 5xx (RFC 6546 §3).
    pub(super) fn fault(&self, from: &PeerName, fault: &Fault) -> Answer {
        let status = match fault {
            Fault::Improper(improper) => improper.answer().0,
            Fault::Store(error) => status::of_store(error),
            Fault::Contended { .. } => 503,
            Fault::Outbox(error) => status::of_outbox(error),
            Fault::Process(error) => status::of_process(error),
            Fault::Seal(_) => 500,
        };
        tracing::error!(peer = %from, status, %fault, "message not taken");
        Answer::empty(status)
    }
}
