//! What became of what was sent: alerts, reports, notices.

use super::Coordination;
use crate::coordination::decide::Command;
use crate::coordination::process::Step;
use crate::coordination::{ProcessError, decide::BY_ITSELF};
use crate::ids::{EventId, MessageId};
use crate::outbox::Load;
use crate::peers::MsgType;
use crate::store::records::{Message, Notice, ParcelKind};
use crate::store::{Batch, Column};

impl Coordination {
    /// A parcel was taken by the other side, or `given_up` says why it never will be.
    pub(super) async fn parcel_ended(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        load: &Load,
        given_up: Option<&str>,
    ) -> Result<(), ProcessError> {
        let Some(message) = &load.parcel.message else { return Ok(()) };
        let found = match load.parcel.kind {
            ParcelKind::Rid => self.of_letter(message, given_up).await?,
            _ => self.of_notice(message, given_up).await?,
        };
        let Some((event, command)) = found else { return Ok(()) };
        let now = self.clock.now();
        match self.act(step, batch, &event, (BY_ITSELF, command), now).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(refusal)) => {
                tracing::info!(%event, parcel = %load.parcel.id, %refusal, "the end of a parcel changes nothing");
                Ok(())
            }
            Err(ProcessError::NoSuchEvent { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn of_notice(
        &self,
        id: &MessageId,
        given_up: Option<&str>,
    ) -> Result<Option<(EventId, Command)>, ProcessError> {
        let Some(notice) = self.store.find::<Notice>(vec![id.to_value()]).await? else { return Ok(None) };
        let command = match given_up {
            None => Command::NoticeDelivered(id.clone()),
            Some(why) => Command::NoticeFailed(id.clone(), why.to_owned()),
        };
        Ok(notice.event.map(|event| (event, command)))
    }

    async fn of_letter(
        &self,
        id: &MessageId,
        given_up: Option<&str>,
    ) -> Result<Option<(EventId, Command)>, ProcessError> {
        let Some(message) = self.store.find::<Message>(vec![id.to_value()]).await? else { return Ok(None) };
        let (Some(name), Some(number)) = (&message.incident_name, &message.incident_id) else { return Ok(None) };
        let Some(event) = self.belonging.event_of(name, number).await? else { return Ok(None) };
        let request = message.msg_type == MsgType::InvestigationRequest.as_str();
        let ours = *name == self.listeners.postman.own_name().to_string();
        let to = message.peer.to_string();
        let command = match given_up {
            None if request && ours => Command::Delivered(to),
            Some(why) if request && ours => Command::Undeliverable(to, why.to_owned()),
            // An Acknowledgement that is lost is asked for again by whoever wants it.
            Some(_) if message.msg_type == MsgType::Acknowledgement.as_str() => return Ok(None),
            Some(why) => Command::Note(format!("the {} to {to} could not be delivered: {why}", message.msg_type)),
            None => return Ok(None),
        };
        Ok(Some((event, command)))
    }

    /// The event that an incident is part of.
    pub(super) async fn event_of(&self, incident: &crate::ids::IncidentName) -> Result<Option<EventId>, ProcessError> {
        Ok(self.belonging.event_of(&incident.name, &incident.id).await?)
    }
}
