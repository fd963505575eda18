//! Time: the Pending Acknowledgement for what nobody has decided (RFC 6545 §6.2), and the end of a refused callback.

use super::asked::Revised;
use super::compose::Outgoing;
use super::dispatch::close;
use super::plan::{Plan, Tally};
use super::service::Exchange;
use super::status::Fault;
use crate::clock::Timestamp;
use crate::envelope::{AuthorizationStatus, RequestStatus};
use crate::peers::MsgType;
use crate::store::records::RequestState;
use crate::store::{Batch, StoreError};

/// How many requests one round looks at.
const ROUND: usize = 256;

impl Exchange {
    /// Other nodes have decided requests, or taken in new ones: how many wait is counted anew when it is next asked.
    pub fn heard_of_requests(&self) {
        self.post.undecided.forget();
    }

    /// Does what is due at `now` and says when the next thing is due, if anything is known to be. What fails is logged
    /// and is due again at the next call. To be called at least every few seconds, since new requests come meanwhile.
    pub async fn tick(&self, now: Timestamp) -> Option<Timestamp> {
        let (due, next) = match self.due(now, ROUND).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "cannot read which requests are due");
                return None;
            }
        };
        let full = due.len() == ROUND;
        for request in due {
            match self.say_pending(request, now).await {
                // Someone decided at this very moment.
                Ok(()) | Err(Fault::Store(StoreError::Conflict { .. })) => {}
                Err(fault) => tracing::error!(%fault, "cannot say that a request is pending"),
            }
        }
        if full { Some(now) } else { next }
    }

    /// "The Pending status is automatically generated after a 2-minute timeout without system-predefined or
    /// administrator action" (RFC 6545 §6.2).
    async fn say_pending(&self, (request, revision): Revised, now: Timestamp) -> Result<(), Fault> {
        let mut batch = Batch::new();
        close(&mut batch, &request, revision, RequestState::Pending);
        let mut posted = false;
        if let Some(peer) = self.post.neighbours.peer(&request.peer) {
            let mut pending = Outgoing::answering(peer, MsgType::Acknowledgement, &request, &self.post.config);
            pending.status = Some(RequestStatus { authorization: AuthorizationStatus::Pending, justification: None });
            self.post.send_out(&mut batch, &pending, now)?;
            posted = true;
        }
        self.commit(batch).await?;
        if posted {
            self.post.outbox.wake();
        }
        Ok(())
    }

    /// Notes that a peer's Request is decided, so that it waits for nobody any longer.
    pub(super) fn no_longer_undecided(plan: &mut Plan, was: RequestState) {
        if matches!(was, RequestState::Undecided | RequestState::Pending) {
            plan.tally.push(Tally::Decided(plan.message.peer.clone()));
        }
    }
}
