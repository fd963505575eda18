//! The way in, in one straight line: open, once, rights, decide, one batch, answer.

use async_trait::async_trait;

use super::arrival::{Answer, Arrival, Receiver};
use super::once;
use super::plan::{Arrived, Plan, Tally};
use super::service::{Exchange, TRIES};
use super::status::{Fault, Improper};
use crate::coordination::{ProcessError, Step};
use crate::ids::Digest;
use crate::store::records::{Message, Once, Request};
use crate::store::{Column, StoreError, give_way};

#[async_trait]
impl Receiver for Exchange {
    async fn receive(&self, arrival: Arrival) -> Answer {
        Self::receive(self, arrival).await
    }
}

impl Exchange {
    /// Receives one message and says what to answer. When this returns, everything that the answer promises is on the
    /// disk. It never fails: what goes wrong becomes an answer.
    pub async fn receive(&self, arrival: Arrival) -> Answer {
        let name = arrival.admitted.peer().name.clone();
        let size = arrival.body.len();
        self.post.saw(&name, arrival.remote.ip());
        let opened = match self.post.envelopes.open(&name, arrival.body) {
            Ok(opened) => opened,
            Err(unopened) => {
                let improper = Improper::Unopened(unopened);
                let answer = self.improper(&name, arrival.remote.ip(), None, &improper);
                self.count("other", "improper", size, arrival.at);
                return answer;
            }
        };
        let peer =
            self.post.neighbours.peer(&name).unwrap_or_else(|| std::sync::Arc::new(arrival.admitted.peer().clone()));
        let arrived = Arrived {
            peer,
            remote: Some(arrival.remote),
            certificate: Some(arrival.admitted.certificate().clone()),
            token: arrival.token,
            at: arrival.at,
            answers: None,
            opened: &opened,
        };
        let (answer, verdict) = match self.take(&arrived).await {
            Ok(taken) => taken,
            Err(Fault::Improper(improper)) => {
                (self.improper(&name, arrival.remote.ip(), Some(opened.content()), &improper), "improper")
            }
            Err(fault) => (self.fault(&name, &fault), "fault"),
        };
        self.count(&opened.content().type_word, verdict, size, arrived.at);
        answer
    }

    fn count(&self, msg_type: &str, verdict: &'static str, size: usize, at: crate::clock::Timestamp) {
        self.metrics.received(msg_type, verdict, size);
        self.metrics.receive_took(self.clock.now().since(at));
    }

    /// Files the message once and says what to answer, and in one word what became of it.
    async fn take(&self, arrived: &Arrived<'_>) -> Result<(Answer, &'static str), Fault> {
        let content = arrived.content();
        // A Query changes nothing, and what it asks for may have changed since: it is answered anew each time.
        let repeatable = content.type_word != "Query";
        let digest = once::digest(arrived.opened, arrived.token.as_ref());
        for attempt in 0..TRIES {
            // A Report is taken for new at first: if it was not, the batch's precondition says so.
            if repeatable
                && (attempt > 0 || content.type_word != "Report")
                && let Some(answer) = self.again(&digest, arrived).await?
            {
                return Ok((answer, "again"));
            }
            let mut step = Step::new();
            let mut plan = match self.plan(&mut step, arrived, attempt > 0).await {
                Err(Fault::Process(ProcessError::Store(StoreError::Conflict { .. }))) => continue,
                planned => planned?,
            };
            plan.file(arrived.opened, repeatable.then(|| digest.clone()));
            match self.commit_step(std::mem::take(&mut plan.batch), step).await {
                Ok(()) => return Ok(self.filed(arrived, plan)),
                Err(StoreError::Conflict { .. }) => {
                    if let Some(id) = arrived.incident() {
                        self.post.ledger.forget(&id.incident);
                    }
                    give_way(&*self.store, attempt).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Contended { tries: TRIES })
    }

    /// The answer that the same message got when it was filed, if it was.
    async fn again(&self, digest: &Digest, arrived: &Arrived<'_>) -> Result<Option<Answer>, Fault> {
        let Some(once) = self.store.find::<Once>(vec![digest.to_value()]).await? else { return Ok(None) };
        let key = vec![once.message.to_value()];
        let Some(message) = self.store.find::<Message>(key.clone()).await? else { return Ok(None) };
        let token = self.store.find::<Request>(key).await?.and_then(|request| request.token);
        Ok(Some(self.answer(arrived, &message, token, None)?))
    }

    /// What is left to do once the batch is on the disk.
    fn filed(&self, arrived: &Arrived<'_>, plan: Plan) -> (Answer, &'static str) {
        let message = &plan.message;
        tracing::info!(
            message = %message.id, peer = %message.peer, msg_type = %message.msg_type, size = message.size,
            digest = %message.digest, verdict = %message.verdict, "received"
        );
        let verdict = message.verdict.as_str();
        let answer = self.answer(arrived, message, plan.token.clone(), plan.body.clone());
        self.settle(plan);
        match answer {
            Ok(answer) => (answer, verdict),
            Err(fault) => (self.fault(&arrived.peer.name, &fault), verdict),
        }
    }

    /// Rings the outbox, counts, and remembers the incident, after the plan's batch was committed.
    pub(super) fn settle(&self, plan: Plan) {
        if let Some(page) = plan.page {
            self.post.ledger.committed(page);
        }
        for tally in plan.tally {
            match tally {
                Tally::Relayed(relation) => self.metrics.relayed(relation),
                Tally::Undecided(peer) => self.post.undecided.more(&peer),
                Tally::Decided(peer) => self.post.undecided.less(&peer),
            }
        }
        self.metrics.undecided_requests(u64::try_from(self.post.undecided.all()).unwrap_or(u64::MAX));
        if plan.posted {
            self.post.outbox.wake();
        }
    }
}
