//! The orders of staff, each one a step of its own. `admin` has seen to it that the operator may give them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::act::is_conflict;
use super::code::Code;
use super::{Coordination, TRIES};
use crate::clock::Timestamp;
use crate::coordination::chain::{Broken, Head};
use crate::coordination::decide::{Command, Refusal};
use crate::coordination::entry::{Entry, Finding, Opening};
use crate::coordination::process::{ProcessError, Step};
use crate::coordination::state::State;
use crate::coordination::wire::WireError;
use crate::coordination::{opening, wire};
use crate::evidence::{self, EvidenceError, Scanned, Verdict};
use crate::ids::{Digest, EventId, MessageId};
use crate::iodef::common::class::Options;
use crate::iodef::outline::{Outline, OutlineError};
use crate::outbox::{NewParcel, NoticeText};
use crate::store::records::{Event, LogEntry, Notice, NoticeState};
use crate::store::{Batch, Bound, Column, Scan, StoreError};

/// How many wrong codes are taken in a minute, from all together: a code has 40 bits.
const GUESSES: usize = 30;
/// The window in which they are counted.
const WINDOW: std::time::Duration = std::time::Duration::from_secs(60);
/// How many rows are read at once.
const PAGE: usize = 1_000;

/// Why an order was not carried out. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The process does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The process cannot be followed, or the store failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The file is no document that can open an event.
    #[error("the file opens no event: {0}")]
    Document(#[from] OutlineError),
    /// The call opened an event before.
    #[error("the call is part of {event} already: see `ridd event show {event}`")]
    Known {
        /// The event.
        event: EventId,
    },
    /// The evidence cannot be read.
    #[error("the evidence cannot be read: {0}")]
    Evidence(#[from] EvidenceError),
    /// A document cannot be written.
    #[error("the document cannot be written: {0}")]
    Unwritten(#[from] WireError),
    /// The code is none of ours, or its time is over.
    #[error("there is no such code, or its time is over: read it again from the notice, or ask for a new one")]
    NoSuchCode,
    /// Too many wrong codes came.
    #[error("too many wrong codes: try again in a minute")]
    TooManyCodes,
    /// The code was used before.
    #[error("the notice was answered at {at}: {by}")]
    Answered {
        /// When.
        at: Timestamp,
        /// By whom.
        by: String,
    },
    /// The code acknowledges, and reports nothing.
    #[error("this code only acknowledges: it reports no system corrected")]
    NothingToCorrect,
    /// There is no such person.
    #[error("there is no person {person} in the roster: see `ridd roster list`")]
    NoSuchPerson {
        /// The person as given.
        person: String,
    },
    /// The person cannot be reached.
    #[error("the roster has no channel for {person}: add one and import it again")]
    NoChannel {
        /// The person.
        person: String,
    },
    /// A test notice cannot be sent.
    #[error("the notice cannot be sent: {why}")]
    NotSent {
        /// Why.
        why: String,
    },
}

impl From<StoreError> for OrderError {
    fn from(error: StoreError) -> Self {
        Self::Process(error.into())
    }
}

/// A call that a person enters.
#[derive(Clone, Debug)]
pub struct ByHand {
    /// The IODEF document.
    pub document: Bytes,
    /// E, if the person knows it better than the document.
    pub issued: Option<Timestamp>,
    /// What it is about, if the person says so.
    pub title: Option<String>,
    /// Whether it is a drill, whatever the document says.
    pub drill: bool,
}

/// What a code answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The notice as it is now.
    pub notice: Notice,
    /// The systems that were reported corrected with it.
    pub corrected: Vec<String>,
}

/// One entry of a log as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Its record.
    pub record: LogEntry,
    /// What it says.
    pub entry: Entry,
}

/// What the chains of the logs show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Each event with the number of its entries.
    pub whole: BTreeMap<EventId, i64>,
    /// The first record that is wrong, of each log that is broken.
    pub broken: Vec<Broken>,
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

/// An order, ready to be carried out in a step.
enum Order {
    /// Commands on one event, one after the other.
    Commands(EventId, Vec<Command>),
    /// The inventory is asked.
    Identify(EventId),
    /// An event is opened.
    Open(Box<Opening>),
}

impl Coordination {
    /// Carries out a command on an event, and gives the state after it.
    ///
    /// # Errors
    /// Why it was not carried out.
    pub async fn order(&self, event: &EventId, command: Command, actor: &str) -> Result<Arc<State>, OrderError> {
        self.carry_order(&Order::Commands(event.clone(), vec![command]), actor).await
    }

    /// Asks the inventory whom the event concerns, again.
    ///
    /// # Errors
    /// Why it was not carried out.
    pub async fn identify(&self, event: &EventId, actor: &str) -> Result<Arc<State>, OrderError> {
        self.carry_order(&Order::Identify(event.clone()), actor).await
    }

    /// Opens an event by a call that came in another way.
    ///
    /// # Errors
    /// If the document is none, or the call is known.
    pub async fn open_by_hand(&self, by_hand: ByHand, actor: &str) -> Result<Arc<State>, OrderError> {
        let outlines = Outline::judged(&by_hand.document, &Options::default())?;
        let outline = outlines.iter().find(|outline| wire::is_data_call(outline)).or_else(|| outlines.first());
        let outline = outline.ok_or(OutlineError::NoDocument { found: "no Incident".to_owned() })?;
        let mut call = wire::read_call(outline);
        call.drill |= by_hand.drill;
        if by_hand.title.is_some() {
            call.title = by_hand.title;
        }
        for name in std::iter::once(&call.incident.incident).chain(&call.alternatives) {
            if let Some(event) = self.event_of(name).await? {
                return Err(OrderError::Known { event });
            }
        }
        let times = (self.clock.now(), by_hand.issued);
        let policy = (self.config.policy(), false);
        let opening = opening::of_call(&self.own(), call, None, times, self.plan.clone(), policy);
        self.carry_order(&Order::Open(Box::new(opening)), actor).await
    }

    /// Reads a scan of a unit's systems, and says what follows.
    ///
    /// # Errors
    /// If it cannot be read, or is not wanted.
    pub async fn scan(&self, event: &EventId, unit: &str, file: &[u8], actor: &str) -> Result<Arc<State>, OrderError> {
        let state = self.state(event).await?;
        let found = state.units.get(unit).ok_or_else(|| Refusal::NoSuchUnit { unit: unit.to_owned() })?;
        let evidence = evidence::read(file, &self.config.evidence)?;
        let systems: Vec<Scanned> = found
            .systems
            .values()
            .map(|system| Scanned {
                name: system.target.name.clone(),
                addresses: system.target.hosts.iter().chain(&system.target.addresses).cloned().collect(),
            })
            .collect();
        let judgement = evidence::judge(&evidence, state.vulnerabilities(), &systems);
        let findings = judgement.verdicts.into_iter().map(|(system, verdict)| {
            let (finding, why) = match verdict {
                Verdict::Pass => (Finding::Pass, None),
                Verdict::Fail { why } => (Finding::Fail, Some(why)),
                Verdict::Unknown { why } => (Finding::Unknown, Some(why)),
                Verdict::NotScanned => (Finding::NotScanned, None),
            };
            (system, finding, why)
        });
        let scan = match &evidence.tool {
            Some(tool) => format!("{} of {tool}", evidence.format),
            None => evidence.format.to_string(),
        };
        let (unit, digest) = (unit.to_owned(), Digest::of(file));
        let command = Command::Scan { unit, scan, digest, findings: findings.collect() };
        self.order(event, command, actor).await
    }

    /// A person answers a notice by its code; with `corrected`, the systems of the notice are reported corrected, too.
    ///
    /// # Errors
    /// If the code is not good for that.
    pub async fn answer(&self, code: &str, corrected: bool, actor: &str) -> Result<Answered, OrderError> {
        let now = self.clock.now();
        if !self.guesses.allow(now) {
            return Err(OrderError::TooManyCodes);
        }
        let Some(mut notice) = self.notice_of(code, now).await? else {
            self.guesses.wrong();
            return Err(OrderError::NoSuchCode);
        };
        let systems: Vec<String> = notice.systems.as_deref().unwrap_or_default().lines().map(str::to_owned).collect();
        if corrected && systems.is_empty() {
            return Err(OrderError::NothingToCorrect);
        }
        let answered = notice.state == NoticeState::Acknowledged;
        if answered && !corrected {
            let by = notice.reason.unwrap_or_default();
            return Err(OrderError::Answered { at: notice.changed, by });
        }
        let by = format!("{} (code entered by {actor})", notice.person);
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
            let (id, code) = (MessageId::fresh(), Code::fresh());
            let notice = Notice {
                id: id.clone(),
                event: None,
                about: "test".to_owned(),
                person: person.to_owned(),
                channel: channel.kind,
                address: channel.address.clone(),
                code: code.digest(),
                code_until: now + self.config.code_valid,
                systems: None,
                state: NoticeState::Waiting,
                created: now,
                changed: now,
                reason: None,
            };
            let body = test_text(&found.name, code.as_str(), actor).to_body(id.clone());
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

    /// The events: those that are not over, or with `all` every one, in the order of their names.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn events(&self, all: bool) -> Result<Vec<Event>, OrderError> {
        let mut rows = if all { self.all_rows().await? } else { self.open_rows().await? };
        rows.sort_unstable_by(|a, b| a.opened.cmp(&b.opened).then_with(|| a.id.cmp(&b.id)));
        Ok(rows)
    }

    async fn all_rows(&self) -> Result<Vec<Event>, StoreError> {
        let mut rows = Vec::new();
        let mut scan = Scan::of::<Event>(PAGE);
        loop {
            let page = self.store.list::<Event>(scan.clone()).await?;
            let last = page.last().filter(|_| page.len() == PAGE).map(|row| row.id.clone());
            rows.extend(page);
            let Some(last) = last else { return Ok(rows) };
            scan = scan.from(Bound::Excluding(vec![last.to_value()]));
        }
    }

    /// An event as it stands.
    ///
    /// # Errors
    /// If there is none of that name.
    pub async fn state(&self, event: &EventId) -> Result<Arc<State>, OrderError> {
        let found = self.shelf.look(event).await?;
        found.ok_or_else(|| ProcessError::NoSuchEvent { event: event.to_string() }.into())
    }

    /// The log of an event.
    ///
    /// # Errors
    /// If there is none of that name, or it cannot be read.
    pub async fn log(&self, event: &EventId) -> Result<Vec<Logged>, OrderError> {
        let mut log = Vec::new();
        for record in self.records(event).await? {
            let wrong = |why: String| ProcessError::Log { event: event.to_string(), why };
            let entry = Entry::read(&record).map_err(|error| wrong(error.to_string()))?;
            log.push(Logged { record, entry });
        }
        if log.is_empty() {
            return Err(ProcessError::NoSuchEvent { event: event.to_string() }.into());
        }
        Ok(log)
    }

    /// The notices of an event, in the order of making.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn notices(&self, event: &EventId) -> Result<Vec<Notice>, OrderError> {
        let mut notices: Vec<Notice> = Vec::new();
        let mut scan = Scan::of::<Notice>(PAGE).by("by_event").with(vec![Some(event.clone()).to_value()]);
        loop {
            let page = self.store.list::<Notice>(scan.clone()).await?;
            let last = page.last().filter(|_| page.len() == PAGE).map(|notice| notice.id.clone());
            notices.extend(page);
            let Some(last) = last else { break };
            scan = scan.from(Bound::Excluding(vec![last.to_value()]));
        }
        notices.sort_by_key(|notice| notice.created);
        Ok(notices)
    }

    async fn records(&self, event: &EventId) -> Result<Vec<LogEntry>, StoreError> {
        let mut records: Vec<LogEntry> = Vec::new();
        let mut scan = Scan::of::<LogEntry>(PAGE).with(vec![event.to_value()]);
        loop {
            let page = self.store.list::<LogEntry>(scan.clone()).await?;
            let last = page.last().filter(|_| page.len() == PAGE).map(|record| record.number);
            records.extend(page);
            let Some(last) = last else { return Ok(records) };
            scan = scan.from(Bound::Excluding(vec![last.to_value()]));
        }
    }

    /// Checks the chains of these events' logs; none named: of all.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn verify(&self, only: Option<&EventId>) -> Result<Verified, OrderError> {
        let mut verified = Verified::default();
        for row in self.all_rows().await?.into_iter().filter(|row| only.is_none_or(|only| *only == row.id)) {
            let mut head = Head::default();
            let records = self.records(&row.id).await?;
            let followed = records.iter().try_for_each(|record| head.follow(record));
            let short = || Broken {
                event: row.id.clone(),
                number: head.number + 1,
                what: format!("the event has {} entries, and the log ends before", row.head),
            };
            match followed {
                Err(broken) => verified.broken.push(broken),
                Ok(()) if head.number < row.head => verified.broken.push(short()),
                Ok(()) => drop(verified.whole.insert(row.id, head.number)),
            }
        }
        Ok(verified)
    }

    /// Carries out an order in a step of its own, anew if others changed the same records meanwhile.
    async fn carry_order(&self, order: &Order, actor: &str) -> Result<Arc<State>, OrderError> {
        for _ in 0..TRIES {
            let now = self.clock.now();
            let mut step = Step::new();
            let mut batch = Batch::new();
            let event = match order {
                Order::Commands(event, commands) => {
                    for command in commands {
                        self.act(&mut step, &mut batch, event, (actor, command.clone()), now).await??;
                    }
                    event.clone()
                }
                Order::Identify(event) => {
                    self.identify_in(&mut step, &mut batch, event, actor, now).await?;
                    event.clone()
                }
                Order::Open(opening) => {
                    let opening = Opening::clone(opening);
                    self.open_new(&mut step, &mut batch, (actor, opening), now).await?
                }
            };
            let state = self.hold(&mut step, &event).await?.state();
            let state = state.ok_or_else(|| ProcessError::NoSuchEvent { event: event.to_string() })?;
            match self.commit(step, batch).await {
                Ok(()) => return Ok(state),
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let event = match order {
            Order::Commands(event, _) | Order::Identify(event) => event.to_string(),
            Order::Open(opening) => opening.title.clone(),
        };
        Err(ProcessError::Contended { event, tries: TRIES }.into())
    }
}

/// What a test says.
fn test_text(name: &str, code: &str, actor: &str) -> NoticeText {
    let how = format!("ridd notice ack {code}");
    NoticeText {
        subject: "Test of this channel".to_owned(),
        short: format!("TEST, no action. Code {code}"),
        text: format!(
            "{name},\n\nthis is a test of the channel on which you are called in a significant event. Nothing has \
             happened.\n{actor} has asked for it. Please acknowledge it:\n\n    {how}\n"
        ),
        code: code.to_owned(),
        event: None,
        drill: false,
        test: true,
        respond_by: None,
        how,
        alert: None,
    }
}
