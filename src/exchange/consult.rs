//! The significant event's part in what arrives: the process is asked before the exchange relays anything, and what it
//! answers decides what becomes of the message.

use super::plan::{Arrived, Plan, Tally};
use super::request::received;
use super::service::Exchange;
use super::status::Fault;
use crate::coordination::{self, Ruling, Step, Taken};
use crate::envelope::{Justification, MsgDestination};
use crate::ids::CallbackToken;
use crate::store::records::{Request, RequestState, Verdict};

impl Exchange {
    /// Asks the process whether the message is part of a significant event.
    pub(super) async fn consult(
        &self,
        step: &mut Step,
        plan: &mut Plan,
        arrived: &Arrived<'_>,
        asked: Option<&Request>,
        ruling: Ruling<'_>,
    ) -> Result<Taken, Fault> {
        let content = arrived.content();
        // What wants to go to the source of an incident is only passing through.
        let Some(msg_type) = content.msg_type.filter(|_| content.destination == MsgDestination::RidSystem) else {
            return Ok(Taken::Nothing);
        };
        let seen = coordination::Arrived {
            message: &plan.message,
            peer: &arrived.peer,
            msg_type,
            incident: arrived.incident(),
            opened: arrived.opened,
            asked,
            ruling,
            at: arrived.at,
        };
        let taken = self.process.arrived(step, &mut plan.batch, &seen).await?;
        if taken == Taken::Accepted && asked.is_some() {
            // What it says of our own incident we know better; and all who answer would want to write that one record.
            plan.page = None;
        }
        Ok(taken)
    }

    /// The same for a message that no Request waits behind. Says whether the exchange is done with it.
    pub(super) async fn joined(
        &self,
        step: &mut Step,
        plan: &mut Plan,
        arrived: &Arrived<'_>,
        asked: Option<&Request>,
        ruling: Ruling<'_>,
    ) -> Result<bool, Fault> {
        match self.consult(step, plan, arrived, asked, ruling).await? {
            Taken::Nothing => return Ok(false),
            Taken::Accepted => {}
            Taken::Held { why } => plan.warn(Some(why)),
            Taken::Denied { justification, why } => plan.deny(justification, Some(why)),
        }
        Ok(true)
    }

    /// Lets a Request wait for a person: it is answered with a token, and with Pending when its time comes. One too many
    /// is refused.
    pub(super) async fn hold(&self, plan: &mut Plan, arrived: &Arrived<'_>) -> Result<(), Fault> {
        if self.undecided_of(&arrived.peer.name).await? >= self.post.config.undecided_per_peer {
            let why = "exchange.undecided-per-peer is reached: decide or deny what waits".to_owned();
            return self.refuse_request(plan, arrived, Justification::SystemResource, Some(why));
        }
        self.wait(plan, arrived);
        Ok(())
    }

    /// Lets a Request or Query wait for a person.
    pub(super) fn wait(&self, plan: &mut Plan, arrived: &Arrived<'_>) {
        plan.message.verdict = Verdict::Held;
        let request = received(&plan.message, arrived, Some(CallbackToken::fresh()), RequestState::Undecided);
        let request = Request { due: Some(arrived.at + self.post.config.pending_after), ..request };
        plan.token.clone_from(&request.token);
        plan.tally.push(Tally::Undecided(arrived.peer.name.clone()));
        plan.batch.insert(&request);
    }
}
