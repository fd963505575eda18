//! What came back in an HTTP response to a message of ours, and what follows when a message is given up (RFC 6546 §3).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::compose::{Outgoing, request_incident};
use super::dispatch::close;
use super::plan::Arrived;
use super::service::Exchange;
use super::status::Fault;
use crate::coordination::{ProcessError, Step};
use crate::envelope::{self, AuthorizationStatus, Opened};
use crate::ids::{Digest, IncidentName, MessageId};
use crate::outbox::{Entered, Load, NewParcel, Replies, Reply};
use crate::peers::MsgType;
use crate::store::records::{Body, Direction, Message, Request, RequestState, Verdict};
use crate::store::{Batch, Column, StoreError};

/// How often a peer may refuse a token before the outcome goes as a Report (ADR 4).
const REFUSALS: i64 = 2;
/// How long to wait before a refused callback is tried again: its 202 may not have been written down yet.
const SECOND_TRY: Duration = Duration::from_secs(30);

/// Why a response is improper.
#[derive(Debug, thiserror::Error)]
enum Improper {
    #[error("status {status} is not one that RFC 6546 Table 1 allows for {msg_type}")]
    Status { status: u16, msg_type: String },
    #[error("202 without a RID-Callback-Token")]
    NoToken,
    #[error("202 with a body of {bytes} bytes; it must be empty")]
    Accepted { bytes: usize },
    #[error("200 with an empty body to {msg_type}, which asks for a reply")]
    Empty { msg_type: String },
    #[error("the body cannot be opened: {0}")]
    Unopened(envelope::Unopened),
    #[error("{reply} is not a reply that RFC 6546 Table 1 allows for {msg_type} with status {status}")]
    Type { reply: String, msg_type: String, status: u16 },
    #[error("the reply is about {reply}, we sent {sent}")]
    OtherIncident { reply: IncidentName, sent: IncidentName },
    #[error("{0}")]
    Refused(String),
}

#[async_trait]
impl Replies for Exchange {
    async fn enter(&self, load: &Load, reply: &Reply) -> Result<Entered, StoreError> {
        let mut step = Step::new();
        let batch = self.entered(&mut step, load, reply, true).await?;
        Ok(Entered { batch, hold: Some(Box::new(step)) })
    }

    async fn given_up(&self, load: &Load, reply: Option<&Reply>, why: &str) -> Result<Entered, StoreError> {
        let mut step = Step::new();
        let mut batch = match reply {
            Some(reply) => self.entered(&mut step, load, reply, false).await?,
            None => Batch::new(),
        };
        batch.append(self.not_sent(load, why).await?);
        let told = self.process.given_up(&mut step, &mut batch, load, why).await;
        told.or_else(|error| without_process(load, error))?;
        Ok(Entered { batch, hold: Some(Box::new(step)) })
    }
}

/// A log that cannot be followed must not keep a parcel from its end: it would be sent again and again.
fn without_process(load: &Load, error: ProcessError) -> Result<(), StoreError> {
    match error {
        ProcessError::Store(error) => Err(error),
        error => {
            tracing::error!(parcel = %load.parcel.id, %error, "the event does not learn what became of a parcel");
            Ok(())
        }
    }
}

impl Exchange {
    /// What the reply changes.
    async fn entered(&self, step: &mut Step, load: &Load, reply: &Reply, delivered: bool) -> Result<Batch, StoreError> {
        let mut batch = self.taken(step, load, reply, delivered).await?;
        let Some(sent) = self.sent(load).await? else { return Ok(batch) };
        match self.read_reply(step, &sent, load, reply).await? {
            Ok(read) => batch.append(read),
            Err(improper) => {
                // What the process has made of an answer that is not taken goes with it.
                *step = Step::new();
                batch = self.taken(step, load, reply, delivered).await?;
                batch.append(self.keep_improper(&sent, reply, &improper))
            }
        };
        Ok(batch)
    }

    /// What follows from the other side having taken the parcel, whatever it answers.
    async fn taken(&self, step: &mut Step, load: &Load, reply: &Reply, delivered: bool) -> Result<Batch, StoreError> {
        let mut batch = Batch::new();
        if delivered {
            let told = self.process.delivered(step, &mut batch, load, reply).await;
            told.or_else(|error| without_process(load, error))?;
        }
        Ok(batch)
    }

    /// What follows for us from a message that is given up.
    async fn not_sent(&self, load: &Load, why: &str) -> Result<Batch, StoreError> {
        let Some(sent) = self.sent(load).await? else { return Ok(Batch::new()) };
        tracing::warn!(message = %sent.id, peer = %sent.peer, msg_type = %sent.msg_type, why, "given up");
        let mut batch = Batch::new();
        if load.parcel.token.is_some() {
            if load.parcel.expires > self.clock.now() {
                self.token_refused(&mut batch, &sent, load).await?;
            }
        } else if let Some((request, revision)) = self.store.find_revised::<Request>(vec![sent.id.to_value()]).await?
            && request.open
        {
            close(&mut batch, &request, revision, RequestState::Denied);
        }
        Ok(batch)
    }

    /// The record of the message that a parcel carries.
    async fn sent(&self, load: &Load) -> Result<Option<Message>, StoreError> {
        match &load.parcel.message {
            Some(id) => self.store.find::<Message>(vec![id.to_value()]).await,
            None => Ok(None),
        }
    }

    /// What the response changes, or why it is improper.
    async fn read_reply(
        &self,
        step: &mut Step,
        sent: &Message,
        load: &Load,
        reply: &Reply,
    ) -> Result<Result<Batch, Improper>, StoreError> {
        let msg_type = sent.msg_type.parse::<MsgType>().ok();
        let asks = matches!(msg_type, Some(MsgType::InvestigationRequest | MsgType::TraceRequest | MsgType::Query));
        match (reply.status, reply.body.is_empty()) {
            (202, true) if asks => return self.token_given(sent, reply).await,
            (202, false) if asks => return Ok(Err(Improper::Accepted { bytes: reply.body.len() })),
            (200, true) if asks => return Ok(Err(Improper::Empty { msg_type: sent.msg_type.clone() })),
            (200 | 204, true) | (400..=499, true) => return Ok(Ok(Batch::new())),
            (200 | 400..=499, false) => {}
            (status, _) => return Ok(Err(Improper::Status { status, msg_type: sent.msg_type.clone() })),
        }
        let opened = match self.post.envelopes.open(&sent.peer, reply.body.clone()) {
            Ok(opened) => opened,
            Err(unopened) => return Ok(Err(Improper::Unopened(unopened))),
        };
        if let Err(improper) = fits(sent, msg_type, &opened, load.parcel.token.is_some(), reply.status) {
            return Ok(Err(improper));
        }
        self.file_reply(step, sent, reply, &opened).await
    }

    /// RFC 6546 §3: the reply comes later, by callback with that token.
    async fn token_given(&self, sent: &Message, reply: &Reply) -> Result<Result<Batch, Improper>, StoreError> {
        let Some(token) = &reply.token else { return Ok(Err(Improper::NoToken)) };
        let mut batch = Batch::new();
        if let Some((mut request, revision)) = self.store.find_revised::<Request>(vec![sent.id.to_value()]).await? {
            request.token = Some(token.clone());
            batch.update(&request, revision);
        }
        Ok(Ok(batch))
    }

    /// Files the reply as a message of its own, with what follows from it.
    async fn file_reply(
        &self,
        step: &mut Step,
        sent: &Message,
        reply: &Reply,
        opened: &Opened,
    ) -> Result<Result<Batch, Improper>, StoreError> {
        let Some(peer) = self.post.neighbours.peer(&sent.peer) else { return Ok(Ok(Batch::new())) };
        let arrived = Arrived {
            peer,
            remote: reply.remote.as_deref().and_then(|text| text.parse().ok()),
            certificate: None,
            token: None,
            at: self.clock.now(),
            answers: Some(sent.id.clone()),
            opened,
        };
        let mut plan = match self.plan(step, &arrived, true).await {
            Ok(plan) => plan,
            Err(Fault::Store(error) | Fault::Process(ProcessError::Store(error))) => return Err(error),
            Err(fault) => return Ok(Err(Improper::Refused(fault.to_string()))),
        };
        plan.file(opened, None);
        let denied = opened.content().status.filter(|status| status.authorization == AuthorizationStatus::Denied);
        if let Some(status) = denied {
            let mut sent = sent.clone();
            sent.verdict = Verdict::Denied;
            sent.justification = status.justification.map(|word| word.to_string());
            plan.batch.put(&sent);
        }
        self.metrics.received(&opened.content().type_word, plan.message.verdict.as_str(), opened.bytes().len());
        let batch = std::mem::take(&mut plan.batch);
        // The worker commits, so nothing is remembered here: the next message about this incident reads it.
        if let Some(page) = plan.page.take() {
            self.post.ledger.forget(&IncidentName { name: page.incident.name, id: page.incident.id });
        }
        self.settle(plan);
        Ok(Ok(batch))
    }

    /// "It MUST log the error and present it to the RID system administrator for handling" (RFC 6546 §3).
    fn keep_improper(&self, sent: &Message, reply: &Reply, improper: &Improper) -> Batch {
        self.metrics.improper_response();
        tracing::error!(message = %sent.id, peer = %sent.peer, status = reply.status, why = %improper, "improper response");
        let message = Message {
            id: MessageId::fresh(),
            direction: Direction::In,
            msg_type: "improper".to_owned(),
            restriction: None,
            received: self.clock.now(),
            remote: reply.remote.clone(),
            certificate: None,
            size: i64::try_from(reply.body.len()).unwrap_or(i64::MAX),
            digest: Digest::of(&reply.body),
            payload: None,
            verdict: Verdict::Improper,
            justification: None,
            warnings: Some(format!("HTTP {}: {improper}", reply.status)),
            answers: Some(sent.id.clone()),
            token: reply.token.clone(),
            status: None,
            proven: None,
            ..sent.clone()
        };
        let mut batch = Batch::new();
        batch.put(&Body { id: message.id.clone(), bytes: reply.body.to_vec() });
        batch.put(&message);
        batch
    }

    /// The other side refuses a token of ours: once, and the callback is tried again; twice, and the outcome goes as a
    /// Report.
    async fn token_refused(&self, batch: &mut Batch, sent: &Message, load: &Load) -> Result<(), StoreError> {
        let Some(answers) = &sent.answers else { return Ok(()) };
        let Some((mut request, revision)) = self.store.find_revised::<Request>(vec![answers.to_value()]).await? else {
            return Ok(());
        };
        request.refused += 1;
        batch.update(&request, revision);
        if request.refused < REFUSALS {
            let incident = request_incident(&request).map(|id| id.incident);
            let mut parcel = NewParcel::rid(&sent.peer, incident.as_ref(), sent.id.clone());
            parcel.token.clone_from(&load.parcel.token);
            parcel.address.clone_from(&load.parcel.address);
            parcel.delay = SECOND_TRY;
            if let Err(error) = self.post.outbox.post(batch, parcel) {
                tracing::error!(message = %sent.id, %error, "the callback cannot be tried again");
            }
            return Ok(());
        }
        if sent.msg_type == MsgType::Result.as_str()
            && let Some(peer) = self.post.neighbours.peer(&sent.peer)
            && let Some(opened) = self.opened_again(sent).await?
        {
            let content = opened.content();
            let mut report = Outgoing::carrying(Arc::clone(&peer), MsgType::Report, content, &self.post.config);
            report.incident = request_incident(&request);
            report.payload = opened.carried();
            report.answers = Some(request.message.clone());
            if let Err(fault) = self.post.send_out(batch, &report, self.clock.now()) {
                tracing::error!(message = %sent.id, %fault, "the outcome cannot be sent as a Report either");
            }
        }
        Ok(())
    }
}

/// Whether the reply is one that Table 1 allows for what was sent.
fn fits(
    sent: &Message,
    msg_type: Option<MsgType>,
    opened: &Opened,
    callback: bool,
    status: u16,
) -> Result<(), Improper> {
    let content = opened.content();
    let allowed: &[MsgType] = match msg_type {
        _ if status >= 400 => &[MsgType::Acknowledgement],
        Some(MsgType::InvestigationRequest | MsgType::TraceRequest) => {
            &[MsgType::Acknowledgement, MsgType::Result, MsgType::Report]
        }
        Some(MsgType::Query) => &[MsgType::Acknowledgement, MsgType::Report],
        Some(MsgType::Report) if !callback => &[MsgType::Acknowledgement],
        Some(MsgType::Report | MsgType::Acknowledgement | MsgType::Result) | None => &[],
    };
    if !content.msg_type.is_some_and(|reply| allowed.contains(&reply)) {
        let (reply, msg_type) = (content.type_word.clone(), sent.msg_type.clone());
        return Err(Improper::Type { reply, msg_type, status });
    }
    let asked = sent.incident_name.clone().zip(sent.incident_id.clone()).map(|(name, id)| IncidentName { name, id });
    match (asked, &content.incident) {
        (Some(sent), Some(reply)) if sent != reply.incident => {
            Err(Improper::OtherIncident { reply: reply.incident.clone(), sent })
        }
        _ => Ok(()),
    }
}
