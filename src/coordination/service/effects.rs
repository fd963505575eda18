//! What follows from entries, carried out in their batch: letters, notices, patches.

use super::Coordination;
use super::held::Held;
use super::people::People;
use crate::clock::Timestamp;
use crate::coordination::decide::{Command, Made};
use crate::coordination::follow::Effect;
use crate::coordination::plan::milestone;
use crate::coordination::state::{State, TryFate};
use crate::coordination::subject::About;
use crate::coordination::{Letter, NotPosted, ProcessError, letters, notices};
use crate::ids::{BadId, MessageId, PeerName};
use crate::outbox::NewParcel;
use crate::store::records::{Body, Notice, NoticeState, Patch, PatchState};
use crate::store::{Batch, Column};

/// What effects are carried out with: the state after the entries, the people, the time.
pub(super) struct Doing<'a> {
    pub(super) state: &'a State,
    pub(super) people: &'a People,
    pub(super) now: Timestamp,
}

/// A letter in the making, and what its failure means.
struct Sending {
    letter: Letter,
    to: String,
    alert: bool,
}

impl Coordination {
    /// Carries out what follows from the entries. Gives what went wrong, as commands.
    pub(super) async fn carry_out_effects(
        &self,
        held: &mut Held,
        batch: &mut Batch,
        effects: Vec<(Effect, &Made)>,
        doing: &Doing<'_>,
    ) -> Result<Vec<Command>, ProcessError> {
        let mut sendings = Vec::new();
        let mut troubles = Vec::new();
        let mut patches = Vec::new();
        for (effect, made) in effects {
            match effect {
                Effect::Patch { system, state, evidence } => {
                    patches.extend(self.patches(doing.state, &system, state, evidence.as_ref(), made));
                }
                Effect::Notice { .. } => troubles.extend(self.call(held, batch, &effect, doing)?),
                Effect::Settled { id, fate, why } => self.settled(held, batch, &id, (fate, why), doing.now).await?,
                Effect::Withdraw { id } => self.withdraw(held, batch, &id, doing.now).await?,
                Effect::Alert { .. }
                | Effect::Inform { .. }
                | Effect::Discrepancy { .. }
                | Effect::Progress
                | Effect::Completion
                | Effect::Status { .. } => match self.sending(&effect, doing) {
                    Ok(sending) => sendings.extend(sending),
                    Err(trouble) => troubles.push(*trouble),
                },
            }
        }
        if !patches.is_empty() {
            held.pending.push(self.inventory.mark(batch, patches));
        }
        troubles.extend(self.send(held, batch, sendings, doing.now).await?);
        Ok(troubles)
    }

    /// The letter that the effect asks for; nothing, if there is nobody to write to.
    fn sending(&self, effect: &Effect, doing: &Doing<'_>) -> Result<Option<Sending>, Box<Command>> {
        let alert = matches!(effect, Effect::Alert { .. });
        let to = match effect {
            Effect::Alert { unit, .. } | Effect::Inform { unit } | Effect::Discrepancy { unit, .. } => unit.clone(),
            Effect::Status { to, .. } => to.to_string(),
            _ => doing.state.source.as_ref().map(|source| source.peer.to_string()).unwrap_or_default(),
        };
        if to.is_empty() {
            return Ok(None);
        }
        let peer: PeerName = to.parse().map_err(|why: BadId| Box::new(failed(alert, &to, &why.to_string())))?;
        let version = self.listeners.postman.version(&peer);
        let letter = letters::letter(doing.state, effect, &peer, version, &self.sender(), doing.now);
        let letter = letter.map_err(|why| Box::new(failed(alert, &to, &why.to_string())))?;
        Ok(letter.map(|letter| Sending { letter, to, alert }))
    }

    async fn send(
        &self,
        held: &mut Held,
        batch: &mut Batch,
        sendings: Vec<Sending>,
        now: Timestamp,
    ) -> Result<Vec<Command>, ProcessError> {
        if sendings.is_empty() {
            return Ok(Vec::new());
        }
        let letters: Vec<Letter> = sendings.iter().map(|sending| sending.letter.clone()).collect();
        let posted = self.listeners.postman.post(batch, &letters, now).await?;
        let refused = sendings.iter().zip(posted).filter_map(|(sending, posted)| match posted {
            Ok(_) => None,
            Err(why @ (NotPosted::NoSuchPeer { .. } | NotPosted::NotWritten { .. })) => {
                Some(failed(sending.alert, &sending.to, &why.to_string()))
            }
        });
        let troubles = refused.collect();
        held.letters.extend(letters);
        Ok(troubles)
    }

    /// How the system stands to each vulnerability of the event.
    fn patches(
        &self,
        state: &State,
        system: &str,
        patch: PatchState,
        evidence: Option<&String>,
        made: &Made,
    ) -> Vec<Patch> {
        let of = |vulnerability: &String| Patch {
            system: system.to_owned(),
            vulnerability: vulnerability.clone(),
            state: patch,
            at: made.stamp.at,
            by: made.stamp.actor.clone(),
            evidence: evidence.cloned(),
        };
        state.vulnerabilities().iter().map(of).collect()
    }

    /// Puts a notice to a person into the outbox.
    fn call(
        &self,
        held: &mut Held,
        batch: &mut Batch,
        effect: &Effect,
        doing: &Doing<'_>,
    ) -> Result<Option<Command>, ProcessError> {
        let Effect::Notice { id, about, person, channel, address } = effect else { return Ok(None) };
        let codes = self.codes(*channel);
        let systems = to_correct(doing, about, person);
        let text = notices::text(doing.state, about, &codes.way, &systems, doing.now);
        let notice = Notice {
            id: id.clone(),
            event: Some(doing.state.id.clone()),
            about: about.to_string(),
            person: person.clone(),
            channel: *channel,
            address: address.clone(),
            code: codes.code,
            link: codes.link,
            code_until: doing.now + self.config.code_valid,
            systems: (!systems.is_empty()).then(|| systems.join("\n")),
            state: NoticeState::Waiting,
            created: doing.now,
            changed: doing.now,
            reason: None,
        };
        let body = text
            .to_body(id.clone())
            .map_err(|error| ProcessError::Log { event: doing.state.id.to_string(), why: error.to_string() })?;
        batch.put::<Body>(&body);
        batch.put(&notice);
        held.notices.insert(id.clone(), notice);
        match self.listeners.outbox.post(batch, NewParcel::notice(*channel, address, id.clone())) {
            Ok(_) => {
                held.called = true;
                Ok(None)
            }
            Err(error) => Ok(Some(Command::NoticeFailed(id.clone(), error.to_string()))),
        }
    }

    async fn notice(&self, held: &Held, id: &MessageId) -> Result<Option<Notice>, ProcessError> {
        match held.notices.get(id) {
            Some(notice) => Ok(Some(notice.clone())),
            None => Ok(self.store.find::<Notice>(vec![id.to_value()]).await?),
        }
    }

    async fn settled(
        &self,
        held: &mut Held,
        batch: &mut Batch,
        id: &MessageId,
        (fate, why): (TryFate, Option<String>),
        now: Timestamp,
    ) -> Result<(), ProcessError> {
        let Some(mut notice) = self.notice(held, id).await? else { return Ok(()) };
        let state = match fate {
            TryFate::Waiting => NoticeState::Waiting,
            TryFate::Delivered => NoticeState::Delivered,
            TryFate::Failed => NoticeState::Failed,
            TryFate::Answered => NoticeState::Acknowledged,
        };
        // Whoever answered before the channel said so has answered.
        if notice.state != NoticeState::Acknowledged || state == NoticeState::Acknowledged {
            notice.state = state;
            notice.changed = now;
            notice.reason = why;
            batch.put(&notice);
            held.notices.insert(id.clone(), notice);
        }
        Ok(())
    }

    async fn withdraw(
        &self,
        held: &mut Held,
        batch: &mut Batch,
        id: &MessageId,
        now: Timestamp,
    ) -> Result<(), ProcessError> {
        let withdrawn = self.listeners.outbox.withdraw(batch, id).await?;
        held.withdrawn.push(withdrawn);
        let Some(mut notice) = self.notice(held, id).await? else { return Ok(()) };
        if notice.state == NoticeState::Waiting {
            notice.state = NoticeState::Withdrawn;
            notice.changed = now;
            batch.put(&notice);
            held.notices.insert(id.clone(), notice);
        }
        Ok(())
    }
}

/// The systems that the person may report corrected with the code: the person's own among our affected ones.
fn to_correct(doing: &Doing<'_>, about: &About, person: &str) -> Vec<String> {
    let of_systems = [milestone::OWNERS_NOTIFIED, milestone::CORRECTED].iter().any(|name| about.milestone == **name);
    let own = doing.state.units.get(&doing.state.own).filter(|_| of_systems);
    let Some(own) = own else { return Vec::new() };
    let theirs = doing.people.systems_of(person).into_iter();
    theirs.filter(|system| own.systems.contains_key(*system)).map(str::to_owned).collect()
}

/// What it means that a letter could not be sent.
fn failed(alert: bool, unit: &str, why: &str) -> Command {
    if alert {
        Command::Undeliverable(unit.to_owned(), why.to_owned())
    } else {
        Command::Note(format!("not sent: {why}"))
    }
}
