//! A person's decision about what is held: it is carried out as if the rights had said so, only later.

use super::asked::Revised;
use super::compose::Outgoing;
use super::dispatch::close;
use super::plan::{Arrived, Plan};
use super::query::nothing_for;
use super::service::{Exchange, TRIES};
use super::staff::StaffError;
use super::status::Fault;
use crate::coordination::{Ruling, Step, Taken};
use crate::envelope::{AuthorizationStatus, Justification, Opened, RequestStatus};
use crate::ids::MessageId;
use crate::peers::MsgType;
use crate::store::records::{Message, Request, RequestState, Verdict};
use crate::store::{Column, StoreError, give_way};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is acted on.
    Approve,
    /// It is refused, for this reason.
    Deny(Justification),
}

impl Exchange {
    /// Decides about a held message and says how it stands now. The peer learns of it by callback.
    ///
    /// # Errors
    /// If it is not held, cannot be approved, or the store fails.
    pub async fn decide(&self, id: &MessageId, decision: Decision, operator: &str) -> Result<Message, StaffError> {
        for attempt in 0..TRIES {
            let key = vec![id.to_value()];
            let found = self.store.find_revised::<Message>(key.clone()).await?;
            let (message, revision) = found.ok_or_else(|| StaffError::NoSuchMessage { id: id.clone() })?;
            if message.verdict != Verdict::Held {
                return Err(StaffError::NotHeld { id: id.clone(), verdict: message.verdict.as_str() });
            }
            let opened = self.opened_again(&message).await?;
            let opened = opened.ok_or_else(|| StaffError::NoSuchMessage { id: id.clone() })?;
            let request = self.store.find_revised::<Request>(key).await?;
            let mut step = Step::new();
            let mut plan = self.decided(&mut step, message, &opened, request, (decision, operator)).await?;
            plan.batch.update(&plan.message, revision);
            if let Some(page) = &mut plan.page {
                page.write(&mut plan.batch);
            }
            match self.commit_step(std::mem::take(&mut plan.batch), step).await {
                Ok(()) => {
                    let message = plan.message.clone();
                    tracing::info!(message = %message.id, peer = %message.peer, verdict = %message.verdict, operator, "decided by staff");
                    self.settle(plan);
                    return Ok(message);
                }
                Err(StoreError::Conflict { .. }) => give_way(&*self.store, attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Contended { tries: TRIES }.into())
    }

    async fn decided(
        &self,
        step: &mut Step,
        message: Message,
        opened: &Opened,
        request: Option<Revised>,
        (decision, operator): (Decision, &str),
    ) -> Result<Plan, StaffError> {
        let now = self.clock.now();
        let peer = self.post.neighbours.peer(&message.peer);
        let peer = peer.ok_or_else(|| StaffError::NoSuchPeer { name: message.peer.clone() })?;
        let arrived = Arrived {
            peer,
            remote: message.remote.as_deref().and_then(|text| text.parse().ok()),
            certificate: message.certificate.clone(),
            token: message.token.clone(),
            at: now,
            answers: message.answers.clone(),
            opened,
        };
        let page = match arrived.incident() {
            Some(id) if message.msg_type != MsgType::Query.as_str() => {
                Some(self.post.page(&id.incident, true, now).await?)
            }
            _ => None,
        };
        let mut plan = Plan::new(message, page);
        if let Some((request, _)) = &request {
            Self::no_longer_undecided(&mut plan, request.state);
        }
        match (decision, opened.content().msg_type) {
            (Decision::Deny(justification), _) => {
                self.consult(step, &mut plan, &arrived, None, Ruling::Denied { by: operator }).await?;
                if request.is_some() {
                    self.refuse_request(&mut plan, &arrived, justification, None)?;
                } else {
                    plan.deny(justification, None);
                }
                let status =
                    RequestStatus { authorization: AuthorizationStatus::Denied, justification: Some(justification) };
                self.conclude(&mut plan, request, RequestState::Denied, status, now)?;
            }
            (Decision::Approve, Some(MsgType::Query)) => self.report_later(&mut plan, &arrived, request).await?,
            (Decision::Approve, Some(MsgType::InvestigationRequest | MsgType::TraceRequest)) => {
                let status = RequestStatus { authorization: AuthorizationStatus::Approved, justification: None };
                let ruling = Ruling::Approved { by: operator };
                match self.consult(step, &mut plan, &arrived, None, ruling).await? {
                    Taken::Nothing => {
                        let hops = self.hops(&arrived, &None).await??;
                        plan.message.verdict = Verdict::Accepted;
                        self.conclude(&mut plan, request, RequestState::Approved, status, now)?;
                        self.send_on(&mut plan, &arrived, hops, None).await?;
                    }
                    Taken::Accepted => {
                        plan.message.verdict = Verdict::Accepted;
                        self.conclude(&mut plan, request, RequestState::Approved, status, now)?;
                    }
                    // It goes on waiting, now for the officer whom the process asks.
                    Taken::Held { why } => plan.warn(Some(why)),
                    Taken::Denied { why, .. } => return Err(StaffError::NotTaken { why }),
                }
            }
            (Decision::Approve, _) => {
                plan.message.verdict = Verdict::Accepted;
                let asked = self.asked(&arrived).await?;
                let answered = asked.as_ref().map(|(request, _)| request);
                let ruling = Ruling::Approved { by: operator };
                if !self.joined(step, &mut plan, &arrived, answered, ruling).await? {
                    self.relay(&mut plan, &arrived, asked).await?;
                }
            }
        }
        Ok(plan)
    }

    /// Writes down how the request stands and tells the peer by callback.
    fn conclude(
        &self,
        plan: &mut Plan,
        request: Option<Revised>,
        state: RequestState,
        status: RequestStatus,
        now: crate::clock::Timestamp,
    ) -> Result<(), Fault> {
        let Some((request, revision)) = request else { return Ok(()) };
        close(&mut plan.batch, &request, revision, state);
        self.acknowledge_later(plan, &request, status, now)
    }

    /// Answers a Query that was held: the Report goes as a callback.
    async fn report_later(
        &self,
        plan: &mut Plan,
        arrived: &Arrived<'_>,
        request: Option<Revised>,
    ) -> Result<(), Fault> {
        let report = self.report_on(arrived.opened, &arrived.peer.name).await?;
        let (Some(mut report), Some((request, revision))) = (report, request.clone()) else {
            plan.deny(Justification::CannotProcess, Some(nothing_for(&arrived.peer)));
            let denied = Some(Justification::CannotProcess);
            let status = RequestStatus { authorization: AuthorizationStatus::Denied, justification: denied };
            return self.conclude(plan, request, RequestState::Denied, status, arrived.at);
        };
        plan.message.verdict = Verdict::Accepted;
        close(&mut plan.batch, &request, revision, RequestState::Completed);
        let as_callback = Outgoing::answering(report.to.clone(), MsgType::Report, &request, &self.post.config);
        report.answers = as_callback.answers;
        report.callback = as_callback.callback;
        self.post.send_out(&mut plan.batch, &report, arrived.at)?;
        plan.posted = true;
        Ok(())
    }
}
