//! The orders of staff, each one a step of its own. `admin` has seen to it that the operator may give them.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::act::is_conflict;
use super::opening::says_more;
use super::refused::OrderError;
use super::{Coordination, TRIES};
use crate::clock::Timestamp;
use crate::coordination::decide::{BY_ITSELF, Command};
use crate::coordination::entry::Opening;
use crate::coordination::process::{ProcessError, Step};
use crate::coordination::state::State;
use crate::coordination::wire::Call;
use crate::coordination::{opening, wire};
use crate::ids::EventId;
use crate::inventory;
use crate::iodef::outline::{Outline, OutlineError};
use crate::store::{Batch, give_way};

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

/// An order, ready to be carried out in a step.
pub(super) enum Order {
    /// Commands on one event, one after the other.
    Commands(EventId, Vec<Command>),
    /// The inventory is asked.
    Identify(EventId),
    /// What the call did not say is added, and the inventory is asked.
    Concern(EventId, Box<Call>),
    /// An event is opened.
    Open(Box<Opening>),
    /// A call that is known joins its event.
    Join(EventId, Box<Call>),
}

/// What became of a call that a person entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Entered {
    /// It opened an event.
    Opened,
    /// It is part of an event already, and said nothing new.
    Repeated,
    /// It is part of an event already, and what was new in it was added.
    Updated,
}

impl Coordination {
    /// Carries out a command on an event, and gives the state after it.
    ///
    /// # Errors
    /// Why it was not carried out.
    pub async fn order(&self, event: &EventId, command: Command, actor: &str) -> Result<Arc<State>, OrderError> {
        self.carry_order(&Order::Commands(event.clone(), vec![command]), actor).await
    }

    /// Asks the inventory whom the event concerns, again; also for these platforms, which the call does not name by CPE.
    ///
    /// # Errors
    /// If one is no CPE name, or why the order was not carried out.
    pub async fn identify(&self, event: &EventId, cpes: Vec<String>, actor: &str) -> Result<Arc<State>, OrderError> {
        if cpes.is_empty() {
            return self.carry_order(&Order::Identify(event.clone()), actor).await;
        }
        for name in &cpes {
            let read: Result<inventory::cpe::Name, _> = name.parse();
            read.map_err(|error| OrderError::NoPlatform { name: name.clone(), why: error.to_string() })?;
        }
        let call = Call { platforms: cpes, ..Call::clone(&self.state(event).await?.call) };
        self.carry_order(&Order::Concern(event.clone(), Box::new(call)), actor).await
    }

    /// Opens an event by a call that came in another way; one that is known joins its event, as it would over RID.
    ///
    /// # Errors
    /// If the document is none, or why the order was not carried out.
    pub async fn open_by_hand(&self, by_hand: ByHand, actor: &str) -> Result<(Arc<State>, Entered), OrderError> {
        let outlines = Outline::judged(&by_hand.document, &self.reading.limits, &self.reading.options)?;
        let outline = outlines.iter().find(|outline| wire::is_data_call(outline)).or_else(|| outlines.first());
        let outline = outline.ok_or_else(|| OutlineError::NoDocument { found: "no Incident".to_owned() })?;
        let mut call = wire::read_call(outline);
        if let Some(event) = self.event_of_call(&call).await? {
            let news = says_more(&*self.state(&event).await?, &call);
            let state = self.carry_order(&Order::Join(event, Box::new(call)), actor).await?;
            return Ok((state, if news { Entered::Updated } else { Entered::Repeated }));
        }
        call.drill |= by_hand.drill;
        if by_hand.title.is_some() {
            call.title = by_hand.title;
        }
        let times = (self.clock.now(), by_hand.issued);
        let policy = (self.config.policy(), false);
        let opening = opening::of_call(&self.own(), call, None, times, self.plan(), policy);
        let state = self.carry_order(&Order::Open(Box::new(opening)), actor).await?;
        Ok((state, Entered::Opened))
    }

    /// Carries out an order in a step of its own, anew if others changed the same records meanwhile.
    pub(super) async fn carry_order(&self, order: &Order, actor: &str) -> Result<Arc<State>, OrderError> {
        for attempt in 0..TRIES {
            let now = self.clock.now();
            let mut step = Step::new();
            let mut batch = Batch::new();
            let event = match order {
                Order::Commands(event, commands) => {
                    for command in commands {
                        let before = self.hold(&mut step, event).await?.state();
                        self.act(&mut step, &mut batch, event, (actor, command.clone()), now).await??;
                        if let Some(before) = before {
                            self.after_waiting(&mut step, &mut batch, (event, &before, command), now).await?;
                        }
                    }
                    event.clone()
                }
                Order::Identify(event) => {
                    self.identify_in(&mut step, &mut batch, event, actor, now).await?;
                    event.clone()
                }
                Order::Concern(event, call) => {
                    let command = Command::Update(None, call.clone());
                    self.act(&mut step, &mut batch, event, (actor, command), now).await??;
                    self.identify_in(&mut step, &mut batch, event, actor, now).await?;
                    event.clone()
                }
                Order::Open(opening) => {
                    let opening = Opening::clone(opening);
                    let event = self.open_new(&mut step, &mut batch, (actor, opening), now).await?;
                    // What is entered late shows at once what is overdue.
                    self.act(&mut step, &mut batch, &event, (BY_ITSELF, Command::Tick), now).await??;
                    event
                }
                Order::Join(event, call) => {
                    let call = (Call::clone(call), None);
                    self.join_call(&mut step, &mut batch, (event, actor), call, now).await??;
                    event.clone()
                }
            };
            let state = self.hold(&mut step, &event).await?.state();
            let state = state.ok_or_else(|| ProcessError::NoSuchEvent { event: event.to_string() })?;
            match self.commit(step, batch).await {
                Ok(()) => return Ok(state),
                Err(error) if is_conflict(&error) => give_way(&*self.store, attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        let event = match order {
            Order::Commands(event, _) | Order::Identify(event) | Order::Concern(event, _) | Order::Join(event, _) => {
                event.to_string()
            }
            Order::Open(opening) => opening.title.clone(),
        };
        Err(ProcessError::Contended { event, tries: TRIES }.into())
    }
}
