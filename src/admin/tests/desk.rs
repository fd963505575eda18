//! A coordination in memory: the real decisions of the process, without store, letters or notices.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use super::super::{Answered, Code, Linked, Officers, OpenOrder, Problem};
use crate::clock::Timestamp;
use crate::coordination::Entered;
use crate::coordination::board::Board;
use crate::coordination::decide::{self, Command, Ladders, Made, Rung, Whom};
use crate::coordination::entry::{Issued, Issuing, Opening, Policy, Source};
use crate::coordination::plan::Plan;
use crate::coordination::state::State;
use crate::coordination::wire::{AlertParts, Call, Target};
use crate::ids::{EventId, IncidentName, MessageId, PeerName};
use crate::iodef::summary::IncidentId;
use crate::store::records::{EventRole, ParcelKind};

pub(super) const EVENT: &str = "SE-2003-01-25-1";
pub(super) const UNIT: &str = "rid.unit1.example";
pub(super) const OTHER: &str = "rid.unit2.example";

/// One person in each place.
struct People;

impl Ladders for People {
    fn ladder(&self, whom: &Whom, _: Timestamp) -> Vec<Rung> {
        let person = match whom {
            Whom::Place { place, .. } => place.clone(),
            Whom::Person(person) => person.clone(),
        };
        vec![Rung { address: format!("{person}@department.example"), person, channel: ParcelKind::Email }]
    }

    fn people_of(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// The events, and what time it is for them.
pub(super) struct Desk {
    pub(super) now: Mutex<Timestamp>,
    role: EventRole,
    own: String,
    events: Mutex<BTreeMap<EventId, (State, Vec<Made>)>>,
    pub(super) news: broadcast::Sender<EventId>,
}

impl Desk {
    /// Of a node that plays this part under this name.
    pub(super) fn new(role: EventRole, own: &str) -> Self {
        let now = Timestamp::parse("2003-01-25T05:40:00Z").unwrap().into();
        Self { now, role, own: own.to_owned(), events: Mutex::default(), news: broadcast::Sender::new(16) }
    }

    /// Whatever is not staff's.
    pub(super) fn command(&self, command: Command, actor: &str) -> Result<Arc<State>, Problem> {
        let mut events = self.events.lock().unwrap();
        let (state, log) = events.get_mut(&EVENT.parse::<EventId>().unwrap()).ok_or_else(nothing)?;
        let decision = decide::decide(state, actor, command, *self.now.lock().unwrap(), &People)?;
        log.extend(decision.entries);
        *state = decision.state;
        drop(self.news.send(state.id.clone()));
        Ok(Arc::new(state.clone()))
    }

    /// The systems of two units are affected.
    pub(super) fn identify_units(&self) {
        let systems = |names: &[&str]| {
            let target = |name: &&str| Target { name: (*name).to_owned(), ..Target::default() };
            names.iter().map(target).collect::<Vec<_>>()
        };
        let affected = [(UNIT.to_owned(), systems(&["sql1", "sql2"])), (OTHER.to_owned(), systems(&["web1"]))];
        self.command(Command::Identify { affected: affected.into(), of: Some(40) }, "ridd").unwrap();
    }

    fn opening(&self, order: &OpenOrder) -> Opening {
        let incident = IncidentName { name: "cert.authority.example".to_owned(), id: "2003-0017".to_owned() };
        let incident = IncidentId { incident, instance: None };
        let issued = Timestamp::parse("2003-01-25T05:30:00Z").unwrap();
        let title = order.title.clone().unwrap_or_else(|| "SQL worm on UDP port 1434".to_owned());
        Opening {
            role: self.role,
            title: title.clone(),
            issued: order.issued.unwrap_or(issued),
            issued_is: Issued::Stated,
            drill: order.drill,
            held: false,
            source: Some(Source {
                peer: "cert.authority.example".parse().unwrap(),
                message: MessageId::derived("call"),
                incident: incident.clone(),
                request: true,
            }),
            own: self.own.clone(),
            call: Call {
                incident,
                alternatives: Vec::new(),
                issued: Some(issued),
                title: None,
                descriptions: Vec::new(),
                severity: Some("high".to_owned()),
                vulnerabilities: vec!["CVE-2002-0649".to_owned()],
                platforms: Vec::new(),
                software: Vec::new(),
                actions: Vec::new(),
                patches: Vec::new(),
                restriction: None,
                lang: None,
                drill: order.drill,
            },
            parts: AlertParts { title, ..AlertParts::default() },
            plan: Plan::default(),
            policy: Policy { issuing: Issuing::Person, inform_unaffected: false, report_progress: true },
        }
    }
}

fn nothing() -> Problem {
    Problem::not_found("significant event", EVENT, "ridd event list")
}

#[async_trait]
impl Officers for Desk {
    async fn open(&self, order: OpenOrder, operator: &str) -> Result<(Arc<State>, Entered), Problem> {
        let id: EventId = EVENT.parse().unwrap();
        let decision = decide::open(id.clone(), operator, self.opening(&order), *self.now.lock().unwrap(), &People);
        self.events.lock().unwrap().insert(id.clone(), (decision.state, decision.entries));
        Ok((self.state(&id).await?, Entered::Opened))
    }

    async fn order(&self, _: &EventId, command: Command, operator: &str) -> Result<Arc<State>, Problem> {
        self.command(command, operator)
    }

    async fn identify(&self, event: &EventId, _: Vec<String>, _: &str) -> Result<Arc<State>, Problem> {
        self.identify_units();
        self.state(event).await
    }

    async fn scan(&self, _: &EventId, unit: &str, result: Bytes, operator: &str) -> Result<Arc<State>, Problem> {
        self.command(Command::Note(format!("scan of {unit}: {} bytes", result.len())), operator)
    }

    async fn answer(&self, code: &str, _: bool, _: &str) -> Result<Answered, Problem> {
        Err(Problem::new(Code::NotFound, format!("no notice has a code of {} characters", code.len()), ""))
    }

    async fn linked(&self, _: &str) -> Result<Linked, Problem> {
        Err(Problem::new(Code::NotFound, "no notice has such a link", ""))
    }

    async fn answer_link(&self, _: &str, _: bool) -> Result<Answered, Problem> {
        Err(Problem::new(Code::NotFound, "no notice has such a link", ""))
    }

    async fn test_person(&self, person: &str, _: &str) -> Result<Vec<MessageId>, Problem> {
        Ok(vec![MessageId::derived(person)])
    }

    async fn state(&self, event: &EventId) -> Result<Arc<State>, Problem> {
        self.events.lock().unwrap().get(event).map(|(state, _)| Arc::new(state.clone())).ok_or_else(nothing)
    }

    async fn board(&self, event: &EventId, _: i64) -> Result<Arc<Board>, Problem> {
        Ok(Arc::new(Board::of(&*self.state(event).await?)))
    }

    fn news(&self, most: usize) -> Option<broadcast::Receiver<EventId>> {
        (self.news.receiver_count() < most).then(|| self.news.subscribe())
    }

    async fn log(&self, event: &EventId) -> Result<Vec<Made>, Problem> {
        self.events.lock().unwrap().get(event).map(|(_, log)| log.clone()).ok_or_else(nothing)
    }

    async fn latest(&self, event: &EventId, below: i64, most: usize) -> Result<Vec<Made>, Problem> {
        let log = self.log(event).await?;
        Ok(log.into_iter().rev().filter(|made| made.stamp.number < below).take(most).collect())
    }

    async fn alert(&self, _: &EventId, unit: &PeerName) -> Result<Bytes, Problem> {
        Ok(format!("<IODEF-Document for=\"{unit}\"/>").into())
    }
}
