//! What arrives: data calls and advisories of authorities, alerts of the node above, answers and reports of units.

use super::Coordination;
use super::act::Acted;
use crate::coordination::decide::{Acknowledged, Command, Made, Refusal};
use crate::coordination::entry::{Entry, Source};
use crate::coordination::process::{Arrived, ProcessError, Ruling, Step, Taken};
use crate::coordination::wire::{self, Work};
use crate::envelope::{AuthorizationStatus, Justification};
use crate::ids::EventId;
use crate::iodef::outline::Outline;
use crate::iodef::summary::IncidentId;
use crate::peers::{MsgType, Relation};
use crate::rid::Reading;
use crate::store::Batch;
use crate::store::records::EventState;

impl Coordination {
    /// A message that may be acted on.
    pub(super) async fn take_up(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        arrived: &Arrived<'_>,
    ) -> Result<Taken, ProcessError> {
        match arrived.msg_type {
            MsgType::Acknowledgement => self.acknowledged(step, batch, arrived).await,
            MsgType::Report | MsgType::Result | MsgType::InvestigationRequest => match arrived.peer.relation {
                Relation::Authority if arrived.msg_type != MsgType::Result => {
                    self.of_authority(step, batch, arrived, &outlines(arrived, &self.reading)).await
                }
                Relation::Parent if arrived.msg_type == MsgType::InvestigationRequest => {
                    self.of_above(step, batch, arrived, &outlines(arrived, &self.reading)).await
                }
                _ if arrived.msg_type != MsgType::InvestigationRequest => self.of_unit(step, batch, arrived).await,
                _ => Ok(Taken::Nothing),
            },
            MsgType::TraceRequest | MsgType::Query => Ok(Taken::Nothing),
        }
    }

    /// A unit's node says where our alert stands.
    async fn acknowledged(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        arrived: &Arrived<'_>,
    ) -> Result<Taken, ProcessError> {
        let (Some(_), Some(status)) = (arrived.asked, arrived.opened.content().status) else {
            return Ok(Taken::Nothing);
        };
        let Some(event) = self.event_named(arrived).await? else { return Ok(Taken::Nothing) };
        let answer = match status.authorization {
            AuthorizationStatus::Approved => Acknowledged::Approved,
            AuthorizationStatus::Pending => Acknowledged::Pending,
            AuthorizationStatus::Denied => {
                let word = status.justification.map(|word| word.to_string());
                Acknowledged::Denied(word.unwrap_or_else(|| "no reason given".to_owned()))
            }
            AuthorizationStatus::Extension => return Ok(Taken::Nothing),
        };
        let unit = arrived.peer.name.to_string();
        let command = Command::Acknowledge(unit.clone(), answer);
        // A refusal: it is no unit of this event, or the event is over. There is nothing more to say to an answer.
        let acted = self.act(step, batch, &event, (&unit, command), arrived.at).await?;
        Ok(if acted.is_ok() { Taken::Accepted } else { Taken::Nothing })
    }

    /// A unit reports on the work: progress, or completion.
    async fn of_unit(&self, step: &mut Step, batch: &mut Batch, arrived: &Arrived<'_>) -> Result<Taken, ProcessError> {
        // Asked first: most Reports are about no event, and their documents need not be read once more.
        let Some(event) = self.event_named(arrived).await? else { return Ok(Taken::Nothing) };
        let unit = arrived.peer.name.to_string();
        let known = self.hold(step, &event).await?.state().is_some_and(|state| state.units.contains_key(&unit));
        let outlines = outlines(arrived, &self.reading);
        if !known || outlines.is_empty() {
            return Ok(Taken::Nothing);
        }
        let mut taken = Taken::Accepted;
        for outline in &outlines {
            let (work, completion) = match wire::read_work(outline, arrived.msg_type == MsgType::Result) {
                Work::Progress(work) => (work, None),
                Work::Completion(completion) => (completion.work, Some(completion.all)),
            };
            let command = Command::Report { unit: unit.clone(), work: Box::new(work), completion };
            let acted = self.act(step, batch, &event, (&unit, command), arrived.at).await?;
            if let Some(why) = refused(&acted) {
                taken = Taken::Denied { justification: Justification::CannotProcess, why };
            }
        }
        Ok(taken)
    }

    /// The node above issues an alert, adds to one, or asks to look at systems again.
    async fn of_above(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        arrived: &Arrived<'_>,
        outlines: &[Outline],
    ) -> Result<Taken, ProcessError> {
        let Some(outline) = outlines.first() else { return Ok(Taken::Nothing) };
        let Some(source) = source(arrived) else { return Ok(Taken::Nothing) };
        let event = self.event_named(arrived).await?;
        if let Some(event) = &event
            && let Some(taken) = self.ruled(step, batch, event, arrived).await?
        {
            return Ok(taken);
        }
        match event {
            Some(event) if wire::is_discrepancy(outline) => {
                let discrepancy = wire::read_discrepancy(outline);
                let systems = discrepancy.findings.iter().map(|one| one.system.name.clone()).collect();
                let found: Vec<&str> = discrepancy.findings.iter().map(|one| one.why.as_str()).collect();
                let why = if discrepancy.why.is_empty() { found.join("; ") } else { discrepancy.why };
                let command = Command::Discrepancy { source, systems, why };
                let actor = arrived.peer.name.to_string();
                let acted = self.act(step, batch, &event, (&actor, command), arrived.at).await?;
                Ok(taken(&acted))
            }
            Some(event) => self.more_of_alert(step, batch, arrived, (&event, outline, source)).await,
            None if wire::is_data_call(outline) && self.config.opens() => {
                self.open_alert(step, batch, arrived, (outline, source)).await
            }
            None => Ok(Taken::Nothing),
        }
    }

    /// An operator has decided about the message that holds the event.
    pub(super) async fn ruled(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        event: &EventId,
        arrived: &Arrived<'_>,
    ) -> Result<Option<Taken>, ProcessError> {
        let (by, command) = match arrived.ruling {
            Ruling::Rights => return Ok(None),
            Ruling::Approved { by } => (by, Command::Release),
            Ruling::Denied { by } => (by, Command::Cancel(format!("{by} has denied the call"))),
        };
        let state = self.hold(step, event).await?.state();
        let waits = state.is_some_and(|state| {
            let of_this = state.source.as_ref().is_some_and(|source| source.message == arrived.message.id);
            state.state == EventState::Held && of_this
        });
        if !waits {
            return Ok(matches!(arrived.ruling, Ruling::Denied { .. }).then_some(Taken::Nothing));
        }
        let released = matches!(command, Command::Release);
        let acted = self.act(step, batch, event, (by, command), arrived.at).await?;
        if released && acted.is_ok() {
            self.identify_in(step, batch, event, by, arrived.at).await?;
        }
        Ok(Some(taken(&acted)))
    }

    /// The event that the message is about, by the incident it names.
    async fn event_named(&self, arrived: &Arrived<'_>) -> Result<Option<EventId>, ProcessError> {
        match arrived.incident {
            Some(id) => self.event_of(&id.incident).await,
            None => Ok(None),
        }
    }
}

/// The Incidents of the message's document.
fn outlines(arrived: &Arrived<'_>, reading: &Reading) -> Vec<Outline> {
    let Some(carried) = arrived.opened.carried().filter(|carried| carried.standard.is_iodef()) else {
        return Vec::new();
    };
    // It was judged as part of its message; what declares its namespaces again must find room beside it.
    match Outline::parse(&carried.bytes, &carried.namespaces, &reading.for_sealed()) {
        Ok(outlines) => outlines,
        Err(error) => {
            tracing::warn!(message = %arrived.message.id, %error, "a document that was read before cannot be read again");
            Vec::new()
        }
    }
}

/// The message as the source of an event.
pub(super) fn source(arrived: &Arrived<'_>) -> Option<Source> {
    let id = arrived.incident?;
    Some(Source {
        peer: arrived.peer.name.clone(),
        message: arrived.message.id.clone(),
        incident: IncidentId { incident: id.incident.clone(), instance: id.instance.clone() },
        request: arrived.msg_type == MsgType::InvestigationRequest,
    })
}

/// What the exchange answers for what became of a command.
pub(super) fn taken(acted: &Acted) -> Taken {
    match refused(acted) {
        None => Taken::Accepted,
        Some(why) => Taken::Denied { justification: Justification::CannotProcess, why },
    }
}

/// Why nothing of a report was taken.
fn refused(acted: &Result<Vec<Made>, Refusal>) -> Option<String> {
    match acted {
        Err(refusal) => Some(refusal.to_string()),
        Ok(made) => made.iter().find_map(|made| match &made.entry {
            Entry::ReportRefused { why, .. } => Some(why.clone()),
            _ => None,
        }),
    }
}
