//! What a person decides about a call that was held: its event is opened or cancelled, and the authority hears of it.
//!
//! Called for each order of staff, in its step. What the exchange decides about a held message it answers itself.

use super::Coordination;
use crate::clock::Timestamp;
use crate::coordination::decide::{BY_ITSELF, Command};
use crate::coordination::process::{ProcessError, Step};
use crate::coordination::{Letter, state::State};
use crate::envelope::{AuthorizationStatus, Justification, RequestStatus};
use crate::ids::EventId;
use crate::peers::MsgType;
use crate::store::Batch;
use crate::store::records::{EventRole, EventState};

impl Coordination {
    /// If the command has ended the waiting of an event that was held: whom it concerns is found out, and the Request that
    /// called us is answered.
    pub(super) async fn after_waiting(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        (event, before, command): (&EventId, &State, &Command),
        now: Timestamp,
    ) -> Result<(), ProcessError> {
        if before.state != EventState::Held {
            return Ok(());
        }
        let status = match command {
            Command::Release => {
                if before.role == EventRole::Department {
                    self.identify_in(step, batch, event, BY_ITSELF, now).await?;
                }
                RequestStatus { authorization: AuthorizationStatus::Approved, justification: None }
            }
            Command::Cancel(_) => RequestStatus {
                authorization: AuthorizationStatus::Denied,
                justification: Some(Justification::CannotProcess),
            },
            _ => return Ok(()),
        };
        let Some(source) = before.source.as_ref().filter(|source| source.request) else { return Ok(()) };
        let letter = Letter {
            to: source.peer.clone(),
            msg_type: MsgType::Acknowledgement,
            incident: source.incident.clone(),
            restriction: None,
            document: None,
            status: Some(status),
            source: None,
            answers: Some(source.message.clone()),
            parent: None,
        };
        let letters = vec![letter];
        for refused in self.listeners.postman.post(batch, &letters, now).await?.into_iter().filter_map(Result::err) {
            tracing::warn!(%event, %refused, "the call is not answered");
        }
        self.hold(step, event).await?.letters.extend(letters);
        Ok(())
    }
}
