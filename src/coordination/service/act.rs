//! One command on one event: decided, written into the log, and carried out, all in the caller's batch.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Coordination;
use super::effects::Doing;
use super::held::Held;
use super::people::People;
use crate::clock::Timestamp;
use crate::coordination::decide::{Command, Decision, Made, Refusal, decide, open};
use crate::coordination::due::next_due;
use crate::coordination::entry::{Affected, Entry, Opening};
use crate::coordination::follow::follow;
use crate::coordination::process::Step;
use crate::coordination::state::State;
use crate::coordination::{ProcessError, chain};
use crate::ids::EventId;
use crate::peers::Relation;
use crate::store::records::{Event, EventIncident, EventRole, LogEntry};
use crate::store::{Batch, Column, Precondition, Record, StoreError};

/// What became of a command: the entries it led to, or why it was refused.
pub(super) type Acted = Result<Vec<Made>, Refusal>;

impl Coordination {
    /// The event in the hands of this step; it is taken off the shelf if it is not there yet.
    pub(super) async fn hold<'a>(&self, step: &'a mut Step, id: &EventId) -> Result<&'a mut Held, ProcessError> {
        let at = match step.events.iter().position(|held| held.id == *id) {
            Some(at) => at,
            None => {
                let taken = self.shelf.take(id).await?;
                step.events.push(Held::new(id.clone(), taken, Arc::clone(&self.listeners)));
                step.events.len() - 1
            }
        };
        step.events.get_mut(at).ok_or_else(|| ProcessError::NoSuchEvent { event: id.to_string() })
    }

    /// Carries out the command, and what follows from it by itself.
    pub(super) async fn act(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        id: &EventId,
        (actor, command): (&str, Command),
        now: Timestamp,
    ) -> Result<Acted, ProcessError> {
        let held = self.hold(step, id).await?;
        let Some(state) = held.state() else { return Err(ProcessError::NoSuchEvent { event: id.to_string() }) };
        let people = self.people(&state, affected_of(&command)).await?;
        let decision = match decide(&state, actor, command, now, &people) {
            Ok(decision) => decision,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.carry_out(held, batch, decision, &people, now).await.map(Ok)
    }

    /// Opens a new event under that name, which nobody else may be using.
    pub(super) async fn open_as(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        id: &EventId,
        (actor, opening): (&str, Opening),
        now: Timestamp,
    ) -> Result<Vec<Made>, ProcessError> {
        let held = self.hold(step, id).await?;
        let people = self.people_now();
        let incidents = incidents(id, &opening);
        let decision = open(id.clone(), actor, opening, now, &people);
        batch.preconditions.push(Precondition::Absent { table: Event::TABLE, key: vec![id.to_value()] });
        for incident in incidents {
            self.belonging.join(batch, &incident);
        }
        self.carry_out(held, batch, decision, &people, now).await
    }

    /// Writes the entries with all that follows from them, and lets what could not be carried out be decided on in turn.
    async fn carry_out(
        &self,
        held: &mut Held,
        batch: &mut Batch,
        decision: Decision,
        people: &People,
        now: Timestamp,
    ) -> Result<Vec<Made>, ProcessError> {
        let mut made = Vec::new();
        let mut decision = Some(decision);
        let mut troubles: VecDeque<Command> = VecDeque::new();
        loop {
            if let Some(decision) = decision.take() {
                let inform = self.inform_others(&decision);
                let (entries, wrong) = self.enter(held, batch, decision, people, now).await?;
                troubles.extend(wrong.into_iter().chain(inform));
                made.extend(entries);
            }
            let Some(trouble) = troubles.pop_front() else { return Ok(made) };
            let Some(state) = held.state() else { return Ok(made) };
            match decide(&state, crate::coordination::decide::BY_ITSELF, trouble, now, people) {
                Ok(next) => decision = Some(next),
                Err(refusal) => tracing::warn!(event = %held.id, %refusal, "what went wrong is not noted"),
            }
        }
    }

    /// Once alerts go out, by policy the units that get none are told, too.
    fn inform_others(&self, decision: &Decision) -> Option<Command> {
        let state = &decision.state;
        let sent = decision.entries.iter().any(|made| matches!(made.entry, Entry::AlertSent { .. }));
        if !sent || !state.policy.inform_unaffected || state.role != EventRole::Department {
            return None;
        }
        let units = self.listeners.postman.with_relation(Relation::Unit).into_iter().map(|peer| peer.name.to_string());
        // Who is affected or was told before, `decide` knows.
        Some(Command::Inform(units.collect()))
    }

    /// Writes the entries of one decision, and carries out what follows from them. Gives the entries, and what went wrong as
    /// commands.
    async fn enter(
        &self,
        held: &mut Held,
        batch: &mut Batch,
        Decision { entries, state }: Decision,
        people: &People,
        now: Timestamp,
    ) -> Result<(Vec<Made>, Vec<Command>), ProcessError> {
        if entries.is_empty() {
            return Ok((entries, Vec::new()));
        }
        let before = held.state();
        let mut head = held.kept.as_ref().map(|kept| kept.head.clone()).unwrap_or_default();
        if !held.changed {
            let prefix = vec![held.id.to_value()];
            batch.preconditions.push(Precondition::Head { table: LogEntry::TABLE, prefix, head: head.number });
        }
        // Not copied: the state of an event with many systems is large.
        let after = Arc::new(state);
        let mut effects = Vec::new();
        for made in &entries {
            let record = record(&mut head, &held.id, made)?;
            batch.put(&record);
            effects.extend(follow(before.as_deref(), &after, made).into_iter().map(|effect| (effect, made)));
        }
        let row = row(&after);
        batch.put(&row);
        held.row = Some(row);
        held.changed = true;
        held.kept = Some(super::shelf::Kept { state: Arc::clone(&after), head });
        let doing = Doing { state: &after, people, now };
        let wrong = self.carry_out_effects(held, batch, effects, &doing).await?;
        Ok((entries, wrong))
    }
}

fn record(head: &mut chain::Head, id: &EventId, made: &Made) -> Result<LogEntry, ProcessError> {
    let written = head.append(id, made.stamp.at, &made.stamp.actor, &made.entry);
    written.map_err(|error| ProcessError::Log { event: id.to_string(), why: error.to_string() })
}

/// The event as lists show it.
fn row(state: &State) -> Event {
    let due = next_due(state);
    Event {
        id: state.id.clone(),
        state: state.state,
        role: state.role,
        drill: state.drill,
        title: state.title.clone(),
        severity: state.call.severity.clone(),
        source: state.source.as_ref().map(|source| source.peer.clone()),
        issued: state.issued,
        opened: state.opened,
        changed: state.changed,
        head: state.head,
        watched: due.is_some(),
        due,
        overdue: i64::try_from(state.overdue()).ok(),
        unanswered: i64::try_from(state.unanswered()).ok(),
    }
}

/// The incidents by which repeats, updates and reports find the event.
fn incidents(id: &EventId, opening: &Opening) -> Vec<EventIncident> {
    let mut names = vec![crate::ids::IncidentName { name: opening.own.clone(), id: id.to_string() }];
    let call = &opening.call;
    let others = std::iter::once(&call.incident.incident).chain(&call.alternatives);
    for name in others.filter(|name| !name.id.is_empty()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names.into_iter().map(|one| EventIncident { name: one.name, id: one.id, event: id.clone() }).collect()
}

/// The systems that a command adds.
fn affected_of(command: &Command) -> Option<&Affected> {
    match command {
        Command::Identify { affected, .. } => Some(affected),
        _ => None,
    }
}

/// Whether the batch can be made anew: others have changed the same records meanwhile.
pub(super) fn is_conflict(error: &ProcessError) -> bool {
    matches!(error, ProcessError::Store(StoreError::Conflict { .. }))
}
