//! Dispatch: what a message of each type leads to (RFC 6545 §6, RFC 6546 Table 1).

use super::asked::Revised;
use super::compose::Outgoing;
use super::plan::{Arrived, Plan};
use super::service::Exchange;
use super::status::{Fault, Improper};
use crate::coordination::{Ruling, Step};
use crate::envelope::{AuthorizationStatus, Justification, RequestStatus};
use crate::peers::{MsgType, Policy, Right, right};
use crate::store::Batch;
use crate::store::records::{Direction, RequestState, Verdict};

impl Exchange {
    /// What follows from the message. `fresh` asks for everything to be read anew, because something remembered was
    /// not so. `step` holds what the process of significant events needs until the batch is committed.
    pub(super) async fn plan(&self, step: &mut Step, arrived: &Arrived<'_>, fresh: bool) -> Result<Plan, Fault> {
        let content = arrived.content();
        let Some(msg_type) = content.msg_type else {
            return Err(Improper::UnknownType { word: content.type_word.clone() }.into());
        };
        let right = right(arrived.peer.relation, &Policy::of(&arrived.peer), msg_type);
        match msg_type {
            MsgType::Report => self.plan_report(step, arrived, right, fresh).await,
            MsgType::InvestigationRequest | MsgType::TraceRequest => {
                self.plan_request(step, arrived, right, fresh).await
            }
            MsgType::Acknowledgement => self.plan_acknowledgement(step, arrived, right, fresh).await,
            MsgType::Result => self.plan_result(step, arrived, right, fresh).await,
            MsgType::Query => self.plan_query(arrived, right, fresh).await,
        }
    }

    /// A Report is filed (RFC 6545 §6.4); with a token it answers a Request or Query of ours.
    async fn plan_report(
        &self,
        step: &mut Step,
        arrived: &Arrived<'_>,
        right: Right,
        fresh: bool,
    ) -> Result<Plan, Fault> {
        let page = match arrived.incident() {
            // On the first attempt an incident that is not remembered is taken for new: no reading at all.
            Some(id) if !fresh => Some(self.post.ledger.assume(&id.incident, arrived.at)),
            Some(id) => Some(self.post.ledger.read(&id.incident, arrived.at).await?),
            None => None,
        };
        let known = page.as_ref().is_some_and(super::ledger::Page::is_known);
        let asked = if known || arrived.token.is_some() { self.asked(arrived).await? } else { None };
        if arrived.token.is_some() && asked.is_none() {
            return Err(answers_nothing(arrived));
        }
        let mut plan = Plan::new(arrived.record(), page);
        match right {
            Right::Deny(_) if arrived.token.is_some() => return Err(not_permitted(arrived)),
            Right::Deny(_) => plan.deny(Justification::CannotProcess, None),
            Right::Hold => plan.message.verdict = Verdict::Held,
            Right::Accept => {
                if let Some((request, revision)) = &asked {
                    plan.message.answers = Some(request.message.clone());
                    // The Report that a Query asked for ends it; to a Request there may be any number (RFC 6545 §7).
                    if request.open && request.msg_type == MsgType::Query.as_str() {
                        close(&mut plan.batch, request, *revision, RequestState::Completed);
                    }
                }
                let request = asked.as_ref().map(|(request, _)| request);
                if !self.joined(step, &mut plan, arrived, request, Ruling::Rights).await? {
                    self.relay(&mut plan, arrived, asked).await?;
                }
            }
        }
        Ok(plan)
    }

    /// An Acknowledgement says where a Request of ours stands (RFC 6545 §6.2).
    async fn plan_acknowledgement(
        &self,
        step: &mut Step,
        arrived: &Arrived<'_>,
        right: Right,
        fresh: bool,
    ) -> Result<Plan, Fault> {
        let Some(status) = arrived.content().status else {
            return Err(incomplete(arrived, "a RequestStatus", "6.2"));
        };
        if matches!(right, Right::Deny(_)) {
            return Err(not_permitted(arrived));
        }
        let page = match arrived.incident() {
            Some(id) => Some(self.post.page(&id.incident, fresh, arrived.at).await?),
            None => None,
        };
        let known = page.as_ref().is_some_and(super::ledger::Page::is_known);
        let mut plan = Plan::new(arrived.record(), page.filter(|_| known));
        plan.message.justification = status.justification.map(|word| word.to_string());
        let Some((request, revision)) = self.asked(arrived).await? else {
            // A Denied also goes to the originator, who asked someone else (RFC 6545 §6.2): it knows the incident.
            if !known {
                return Err(answers_nothing(arrived));
            }
            if arrived.answers.is_none() {
                plan.warn(Some("it answers none of our requests to this peer".to_owned()));
            }
            return Ok(plan);
        };
        plan.message.answers = Some(request.message.clone());
        self.consult(step, &mut plan, arrived, Some(&request), Ruling::Rights).await?;
        if request.open {
            let state = match status.authorization {
                AuthorizationStatus::Approved => RequestState::Approved,
                AuthorizationStatus::Pending => RequestState::Pending,
                AuthorizationStatus::Denied => RequestState::Denied,
                AuthorizationStatus::Extension => request.state,
            };
            close(&mut plan.batch, &request, revision, state);
            if state == RequestState::Denied {
                self.pass_back_denial(&mut plan, &request, status, arrived.at).await?;
            }
        }
        Ok(plan)
    }

    /// A Result ends a Request of ours (RFC 6545 §6.3) and goes back the way the Request came.
    async fn plan_result(
        &self,
        step: &mut Step,
        arrived: &Arrived<'_>,
        right: Right,
        fresh: bool,
    ) -> Result<Plan, Fault> {
        if matches!(right, Right::Deny(_)) {
            return Err(not_permitted(arrived));
        }
        let Some((request, revision)) = self.asked(arrived).await? else { return Err(answers_nothing(arrived)) };
        let page = match arrived.incident() {
            Some(id) => Some(self.post.page(&id.incident, fresh, arrived.at).await?),
            None => None,
        };
        let mut plan = Plan::new(arrived.record(), page);
        plan.message.answers = Some(request.message.clone());
        if request.open {
            close(&mut plan.batch, &request, revision, RequestState::Completed);
        }
        if right == Right::Hold {
            plan.message.verdict = Verdict::Held;
        } else {
            let joined = self.joined(step, &mut plan, arrived, Some(&request), Ruling::Rights).await?;
            if !joined {
                self.relay(&mut plan, arrived, Some((request, revision))).await?;
            }
        }
        Ok(plan)
    }

    /// A Denied to a Request that we relayed: the peer it came from must learn of it (RFC 6545 §6.2). Where it went to
    /// several peers, it is denied only when all have denied it.
    async fn pass_back_denial(
        &self,
        plan: &mut Plan,
        asked: &crate::store::records::Request,
        status: RequestStatus,
        now: crate::clock::Timestamp,
    ) -> Result<(), Fault> {
        let Some(origin) = self.origin(asked).await? else { return Ok(()) };
        let Some((request, revision)) = origin.request else { return Ok(()) };
        if !request.open {
            return Ok(());
        }
        let others = self.relaying(&request.message).await?;
        let all = others.iter().all(|other| other.message == asked.message || other.state == RequestState::Denied);
        if !all && others.iter().all(|other| other.message == asked.message || !other.open) {
            let why = "all to whom the request was relayed have answered, and this last one denies it: \
                       end it with `ridd send PEER FILE --type result`";
            plan.warn(Some(why.to_owned()));
        }
        // Written either way, so that two denials at the same moment cannot both take the other for undecided.
        close(&mut plan.batch, &request, revision, if all { RequestState::Denied } else { request.state });
        let Some(peer) = self.post.neighbours.peer(&request.peer).filter(|_| all) else { return Ok(()) };
        let mut denial = Outgoing::answering(peer, MsgType::Acknowledgement, &request, &self.post.config);
        denial.status = Some(status);
        self.post.send_out(&mut plan.batch, &denial, now)?;
        plan.posted = true;
        Ok(())
    }
}

/// Writes the new state of a request, which must still be as it was read; Denied and Completed close it.
pub(super) fn close(batch: &mut Batch, request: &crate::store::records::Request, revision: i64, state: RequestState) {
    let mut request = request.clone();
    request.state = state;
    request.open &= !matches!(state, RequestState::Denied | RequestState::Completed);
    if request.direction == Direction::In && state != RequestState::Undecided {
        request.due = None;
    }
    batch.update(&request, revision);
}

/// The error of a message that answers nothing.
pub(super) fn answers_nothing(arrived: &Arrived<'_>) -> Fault {
    Improper::AnswersNothing { msg_type: arrived.content().type_word.clone() }.into()
}

fn not_permitted(arrived: &Arrived<'_>) -> Fault {
    Improper::NotPermitted { msg_type: arrived.content().type_word.clone() }.into()
}

pub(super) fn incomplete(arrived: &Arrived<'_>, lacks: &'static str, section: &'static str) -> Fault {
    Improper::Incomplete { msg_type: arrived.content().type_word.clone(), lacks, section }.into()
}

/// The request with the revision it was read at.
pub(super) type Asked = Option<Revised>;
