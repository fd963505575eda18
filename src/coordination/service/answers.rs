//! Codes: how a person answers a notice, and how a channel is tried.

use std::sync::{Mutex, PoisonError};

use super::Coordination;
use super::code::Code;
use super::orders::Order;
use super::refused::OrderError;
use crate::clock::Timestamp;
use crate::coordination::decide::Command;
use crate::coordination::notices;
use crate::ids::MessageId;
use crate::outbox::NewParcel;
use crate::store::records::{Notice, NoticeState};
use crate::store::{Batch, Column, Scan};

/// How many wrong codes are taken in a minute, from all together: a code has 40 bits.
const GUESSES: usize = 30;
/// The window in which they are counted.
const WINDOW: std::time::Duration = std::time::Duration::from_secs(60);

/// What a code answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The notice as it is now.
    pub notice: Notice,
    /// The systems that were reported corrected with it.
    pub corrected: Vec<String>,
}

/// The wrong codes of the last minute.
#[derive(Debug, Default)]
pub(super) struct Guesses(Mutex<(Timestamp, usize)>);

impl Guesses {
    /// Whether another code may be tried.
    fn allow(&self, now: Timestamp) -> bool {
        let mut guesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(guesses.0) >= WINDOW || guesses.0 > now {
            *guesses = (now, 0);
        }
        guesses.1 < GUESSES
    }

    fn wrong(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 += 1;
    }
}

impl Coordination {
    /// A person answers a notice by its code; with `corrected`, the systems of the notice are reported corrected, too.
    ///
    /// # Errors
    /// If the code is not good for that.
    pub async fn answer(&self, code: &str, corrected: bool, actor: &str) -> Result<Answered, OrderError> {
        let now = self.clock.now();
        if !self.guesses.allow(now) {
            return Err(OrderError::TooManyCodes);
        }
        let Some(notice) = self.notice_of(code, now).await? else {
            self.guesses.wrong();
            return Err(OrderError::NoSuchCode);
        };
        let by = format!("{} (code entered by {actor})", notice.person);
        self.take_answer(notice, corrected, by, actor).await
    }

    /// The notice is answered, by whoever has proved the right to.
    pub(super) async fn take_answer(
        &self,
        mut notice: Notice,
        corrected: bool,
        by: String,
        actor: &str,
    ) -> Result<Answered, OrderError> {
        let now = self.clock.now();
        let systems: Vec<String> = notice.systems.as_deref().unwrap_or_default().lines().map(str::to_owned).collect();
        if corrected && systems.is_empty() {
            return Err(OrderError::NothingToCorrect);
        }
        let answered = notice.state == NoticeState::Acknowledged;
        if answered && !corrected {
            let by = notice.reason.unwrap_or_default();
            return Err(OrderError::Answered { at: notice.changed, by });
        }
        let Some(event) = notice.event.clone() else {
            (notice.state, notice.changed, notice.reason) = (NoticeState::Acknowledged, now, Some(by));
            let mut batch = Batch::new();
            batch.put(&notice);
            self.store.commit(batch).await?;
            return Ok(Answered { notice, corrected: Vec::new() });
        };
        let mut commands = Vec::new();
        if !answered {
            commands.push(Command::NoticeAnswered(notice.id.clone(), by.clone()));
        }
        if corrected {
            let (systems, evidence) = (systems.clone(), Some(format!("reported by {by}")));
            commands.push(Command::Correct { systems, when: None, evidence, only: Some(self.own()) });
        }
        self.carry_order(&Order::Commands(event, commands), actor).await?;
        let notice = self.store.find::<Notice>(vec![notice.id.to_value()]).await?.unwrap_or(notice);
        Ok(Answered { notice, corrected: if corrected { systems } else { Vec::new() } })
    }

    /// The notice that has this code, if it is still taken.
    async fn notice_of(&self, code: &str, now: Timestamp) -> Result<Option<Notice>, OrderError> {
        let Some(code) = Code::read(code) else { return Ok(None) };
        let scan = Scan::of::<Notice>(1).by("by_code").with(vec![code.digest().to_value()]);
        let found = self.store.list::<Notice>(scan).await?.pop();
        Ok(found.filter(|notice| notice.code_until > now && notice.state != NoticeState::Withdrawn))
    }

    /// Sends a marked test to a person on each channel; the notices.
    ///
    /// # Errors
    /// If there is no such person, or the outbox takes no more.
    pub async fn test_person(&self, person: &str, actor: &str) -> Result<Vec<Notice>, OrderError> {
        let roster = self.rosters.current();
        let found = roster.person(person).ok_or_else(|| OrderError::NoSuchPerson { person: person.to_owned() })?;
        if found.channels.is_empty() {
            return Err(OrderError::NoChannel { person: person.to_owned() });
        }
        let now = self.clock.now();
        let mut batch = Batch::new();
        let mut notices = Vec::new();
        for channel in &found.channels {
            let (id, codes) = (MessageId::fresh(), self.codes(channel.kind));
            let notice = Notice {
                id: id.clone(),
                event: None,
                about: "test".to_owned(),
                person: person.to_owned(),
                channel: channel.kind,
                address: channel.address.clone(),
                code: codes.code,
                link: codes.link,
                code_until: now + self.config.code_valid,
                systems: None,
                state: NoticeState::Waiting,
                created: now,
                changed: now,
                reason: None,
            };
            let body = notices::test(&found.name, &codes.way, actor).to_body(id.clone());
            let not_sent = |why: String| OrderError::NotSent { why };
            batch.put(&body.map_err(|error| not_sent(error.to_string()))?);
            batch.put(&notice);
            let parcel = NewParcel::notice(channel.kind, &channel.address, id);
            self.listeners.outbox.post(&mut batch, parcel).map_err(|error| not_sent(error.to_string()))?;
            notices.push(notice);
        }
        self.store.commit(batch).await?;
        self.listeners.outbox.wake();
        Ok(notices)
    }
}
