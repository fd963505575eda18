//! The ways into an event: data calls with their repeats, updates and advisories; alerts; and what a person enters by hand.

use super::Coordination;
use super::act::Acted;
use super::arrive::{source, taken};
use crate::clock::Timestamp;
use crate::coordination::decide::Command;
use crate::coordination::entry::{Affected, Opening, Source};
use crate::coordination::process::{Arrived, ProcessError, Ruling, Step, Taken};
use crate::coordination::state::State;
use crate::coordination::wire::{self, Call, Target};
use crate::coordination::{decide::BY_ITSELF, opening};
use crate::envelope::Justification;
use crate::ids::{EventId, IncidentName};
use crate::inventory;
use crate::iodef::outline::Outline;
use crate::peers::{MsgType, Relation};
use crate::store::records::{Advisory, Event, EventIncident, EventState, System};
use crate::store::{Batch, Column, Scan};

/// How many events may be opened on one day under names of their own.
const A_DAY: usize = 100_000;
/// How many other events about the same vulnerability are named in the log of a new one.
const ALIKE: usize = 10;
/// How many earlier advisories of one vulnerability are joined to an event.
const ADVISORIES: usize = 100;

impl Coordination {
    /// A data call, or a message that names vulnerabilities.
    pub(super) async fn of_authority(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        arrived: &Arrived<'_>,
        outlines: &[Outline],
    ) -> Result<Taken, ProcessError> {
        let Some(outline) = outlines.iter().find(|outline| wire::is_data_call(outline)) else {
            return self.advised(step, batch, arrived, outlines).await;
        };
        let Some(source) = source(arrived) else { return Ok(Taken::Nothing) };
        let call = wire::read_call(outline);
        if let Some(event) = self.event_of_call(&call).await? {
            return match self.ruled(step, batch, &event, arrived).await? {
                Some(taken) => Ok(taken),
                None => self.more_of_call(step, batch, arrived, (&event, call, source)).await,
            };
        }
        if matches!(arrived.ruling, Ruling::Denied { .. }) || !self.config.opens() {
            return Ok(Taken::Nothing);
        }
        if self.open_events().await? >= self.config.open_events {
            let why = "coordination.open-events is reached: close events that are done".to_owned();
            return Ok(Taken::Denied { justification: Justification::SystemResource, why });
        }
        let held = self.config.holds() && arrived.ruling == Ruling::Rights;
        let opening = opening::of_call(
            &self.own(),
            call,
            Some(source),
            (arrived.at, None),
            self.plan(),
            (self.config.policy(), held),
        );
        let actor = arrived.peer.name.to_string();
        let event = self.open_new(step, batch, (&actor, opening), arrived.at).await?;
        tracing::info!(%event, peer = %arrived.peer.name, held, "a data call opens a significant event");
        if held {
            let why = format!("it opens {event} once that is released: `ridd event release {event}`");
            return Ok(Taken::Held { why });
        }
        Ok(Taken::Accepted)
    }

    /// Opens an event under the next free name, and asks the inventory whom it concerns, unless the event is held.
    pub(super) async fn open_new(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        (actor, opening): (&str, Opening),
        now: Timestamp,
    ) -> Result<EventId, ProcessError> {
        let id = self.free_name(opening.issued).await?;
        let (held, call) = (opening.held, opening.call.clone());
        self.open_as(step, batch, &id, (actor, opening), now).await?;
        self.join_advisories(step, batch, &id, &call.vulnerabilities, now).await?;
        self.name_alike(step, batch, &id, &call.vulnerabilities, now).await?;
        if !held {
            self.identify_in(step, batch, &id, BY_ITSELF, now).await?;
        }
        Ok(id)
    }

    /// The next free name of the day of E: `SE-2003-01-25-1`.
    async fn free_name(&self, issued: Timestamp) -> Result<EventId, ProcessError> {
        let text = issued.to_string();
        let day = text.get(..10).unwrap_or("0000-00-00");
        for number in 1..=A_DAY {
            let name = format!("SE-{day}-{number}");
            let id: EventId = name.parse().map_err(|error: crate::ids::BadId| ProcessError::Log {
                event: name.clone(),
                why: error.to_string(),
            })?;
            if self.store.find::<Event>(vec![id.to_value()]).await?.is_none() {
                return Ok(id);
            }
        }
        Err(ProcessError::Log { event: format!("SE-{day}"), why: "the day has no free name any more".to_owned() })
    }

    /// The event of the same incident, by any of the call's names.
    pub(super) async fn event_of_call(&self, call: &Call) -> Result<Option<EventId>, ProcessError> {
        for name in std::iter::once(&call.incident.incident).chain(&call.alternatives) {
            if let Some(event) = self.event_of(name).await? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    async fn open_events(&self) -> Result<usize, ProcessError> {
        Ok(self.open_rows().await?.len())
    }

    /// The events that are open or held.
    pub(super) async fn open_rows(&self) -> Result<Vec<Event>, ProcessError> {
        let mut open = Vec::new();
        for state in [EventState::Held, EventState::Open] {
            let scan = Scan::of::<Event>(self.config.open_events).by("by_state").with(vec![state.to_value()]);
            open.extend(self.store.list::<Event>(scan).await?);
        }
        Ok(open)
    }

    /// The call again, or more of it.
    async fn more_of_call(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        arrived: &Arrived<'_>,
        (event, call, source): (&EventId, Call, Source),
    ) -> Result<Taken, ProcessError> {
        let actor = arrived.peer.name.to_string();
        let acted = self.join_call(step, batch, (event, &actor), (call, Some(source)), arrived.at).await?;
        Ok(taken(&acted))
    }

    /// What is new in a call of that event is added to it, and the inventory is asked again; or the log says that the call
    /// came again.
    pub(super) async fn join_call(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        (event, actor): (&EventId, &str),
        (call, source): (Call, Option<Source>),
        now: Timestamp,
    ) -> Result<Acted, ProcessError> {
        let Some(state) = self.hold(step, event).await?.state() else {
            return Err(ProcessError::NoSuchEvent { event: event.to_string() });
        };
        let news = says_more(&state, &call);
        for name in std::iter::once(&call.incident.incident).chain(&call.alternatives) {
            if !name.id.is_empty() && self.event_of(name).await?.is_none() {
                let incident = EventIncident { name: name.name.clone(), id: name.id.clone(), event: event.clone() };
                self.belonging.join(batch, &incident);
            }
        }
        let command = if news { Command::Update(source, Box::new(call)) } else { Command::Repeat(source) };
        let acted = self.act(step, batch, event, (actor, command), now).await?;
        if news && state.is_open() && acted.is_ok() {
            self.identify_in(step, batch, event, BY_ITSELF, now).await?;
        }
        Ok(acted)
    }

    /// A message of an authority that is no call: what it names is noted, and joined to the events that are about it.
    async fn advised(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        arrived: &Arrived<'_>,
        outlines: &[Outline],
    ) -> Result<Taken, ProcessError> {
        let is_report = arrived.msg_type == MsgType::Report;
        if arrived.peer.relation != Relation::Authority || !is_report || outlines.is_empty() {
            return Ok(Taken::Nothing);
        }
        let calls: Vec<Call> = outlines.iter().map(wire::read_call).collect();
        let title = calls.iter().find_map(|call| call.title.clone());
        let mut names: Vec<String> =
            calls.iter().flat_map(|call| &call.vulnerabilities).map(|name| inventory::vulnerability(name)).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(self.config.vulnerabilities_per_message);
        for vulnerability in &names {
            batch.put(&Advisory {
                vulnerability: vulnerability.clone(),
                message: arrived.message.id.clone(),
                peer: arrived.peer.name.clone(),
                received: arrived.at,
                title: title.clone(),
            });
        }
        let mut joined = false;
        for (id, vulnerability) in self.about(&names, None).await? {
            let command = Command::Advise {
                vulnerability,
                message: arrived.message.id.clone(),
                peer: arrived.peer.name.clone(),
                title: title.clone(),
            };
            let actor = arrived.peer.name.to_string();
            joined |= self.act(step, batch, &id, (&actor, command), arrived.at).await?.is_ok();
        }
        Ok(if joined { Taken::Accepted } else { Taken::Nothing })
    }

    /// The open events about one of these vulnerabilities, in the order of their names, so that two steps that need several
    /// of them never wait for each other; but not that one.
    async fn about(&self, names: &[String], but: Option<&EventId>) -> Result<Vec<(EventId, String)>, ProcessError> {
        let mut found = Vec::new();
        if names.is_empty() {
            return Ok(found);
        }
        let mut rows = self.open_rows().await?;
        rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        for row in rows.into_iter().filter(|row| but != Some(&row.id)) {
            let Some(state) = self.shelf.look(&row.id).await? else { continue };
            let theirs = state.vulnerabilities().iter().map(|name| inventory::vulnerability(name));
            let shared = theirs.into_iter().find(|name| names.contains(name));
            found.extend(shared.map(|name| (row.id, name)));
        }
        Ok(found)
    }

    /// Earlier messages of authorities that name the same vulnerabilities.
    async fn join_advisories(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        id: &EventId,
        vulnerabilities: &[String],
        now: Timestamp,
    ) -> Result<(), ProcessError> {
        for vulnerability in vulnerabilities.iter().map(|name| inventory::vulnerability(name)) {
            let scan = Scan::of::<Advisory>(ADVISORIES).with(vec![vulnerability.to_value()]);
            for advisory in self.store.list::<Advisory>(scan).await? {
                let Advisory { vulnerability, message, peer, title, .. } = advisory;
                let command = Command::Advise { vulnerability, message, peer, title };
                self.note_refusal(self.act(step, batch, id, (BY_ITSELF, command), now).await?, id);
            }
        }
        Ok(())
    }

    /// Events of other incidents about the same vulnerability are not merged; each log names the other.
    async fn name_alike(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        id: &EventId,
        vulnerabilities: &[String],
        now: Timestamp,
    ) -> Result<(), ProcessError> {
        let names: Vec<String> = vulnerabilities.iter().map(|name| inventory::vulnerability(name)).collect();
        let alike = self.about(&names, Some(id)).await?;
        let newest = alike.len().saturating_sub(ALIKE);
        for (other, vulnerability) in alike.into_iter().skip(newest) {
            for (one, another) in [(id, &other), (&other, id)] {
                let text = format!("{another} is about {vulnerability}, too");
                let acted = self.act(step, batch, one, (BY_ITSELF, Command::Note(text)), now).await?;
                self.note_refusal(acted, one);
            }
        }
        Ok(())
    }

    /// Asks the inventory whom the call concerns.
    pub(super) async fn identify_in(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        id: &EventId,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), ProcessError> {
        let Some(state) = self.hold(step, id).await?.state() else { return Ok(()) };
        let found = self.inventory.affected(&state.call.platforms, state.vulnerabilities()).await?;
        let mut affected = Affected::new();
        for (unit, systems) in found.units {
            let targets = affected.entry(unit).or_default();
            for system in systems {
                targets.push(self.target(&system.name).await?);
            }
        }
        let command = Command::Identify { affected, of: Some(found.systems) };
        self.note_refusal(self.act(step, batch, id, (actor, command), now).await?, id);
        if state.call.platforms.is_empty() {
            let text = "the call names no platform by CPE, so the inventory cannot say whom it concerns: \
                        `ridd event identify --cpe` names one"
                .to_owned();
            self.note_refusal(self.act(step, batch, id, (BY_ITSELF, Command::Note(text)), now).await?, id);
        }
        if !found.unreadable.is_empty() {
            let text = format!("the inventory could not compare: {}", found.unreadable.join("; "));
            self.note_refusal(self.act(step, batch, id, (BY_ITSELF, Command::Note(text)), now).await?, id);
        }
        Ok(())
    }

    /// A system as documents describe it.
    async fn target(&self, name: &str) -> Result<Target, ProcessError> {
        let lines = |text: &Option<String>| text.as_deref().unwrap_or_default().lines().map(str::to_owned).collect();
        let found = self.store.find::<System>(vec![name.to_owned().to_value()]).await?;
        Ok(match found {
            Some(system) => Target {
                name: system.name.clone(),
                hosts: Vec::new(),
                addresses: lines(&system.addresses),
                cpes: lines(&system.cpes),
            },
            None => Target { name: name.to_owned(), ..Target::default() },
        })
    }

    /// An alert of the node above opens our own view of the event.
    pub(super) async fn open_alert(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        arrived: &Arrived<'_>,
        (outline, source): (&Outline, Source),
    ) -> Result<Taken, ProcessError> {
        if self.open_events().await? >= self.config.open_events {
            let why = "coordination.open-events is reached: close events that are done".to_owned();
            return Ok(Taken::Denied { justification: Justification::SystemResource, why });
        }
        let alert = wire::read_alert(outline);
        let policy = self.config.policy();
        let opening = opening::of_alert(&self.own(), &alert, source, arrived.at, &self.plan(), policy);
        let actor = arrived.peer.name.to_string();
        let id = self.free_name(opening.issued).await?;
        self.open_as(step, batch, &id, (&actor, opening), arrived.at).await?;
        tracing::info!(event = %id, peer = %arrived.peer.name, "an alert opens a significant event");
        self.identify_alert(step, batch, &id, (&actor, &alert), arrived.at).await?;
        Ok(Taken::Accepted)
    }

    /// The alert again, with more in it.
    pub(super) async fn more_of_alert(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        arrived: &Arrived<'_>,
        (event, outline, source): (&EventId, &Outline, Source),
    ) -> Result<Taken, ProcessError> {
        let actor = arrived.peer.name.to_string();
        let (call, alert) = (wire::read_call(outline), wire::read_alert(outline));
        let command = Command::Update(Some(source), Box::new(call));
        let acted = self.act(step, batch, event, (&actor, command), arrived.at).await?;
        if acted.is_ok() {
            self.identify_alert(step, batch, event, (&actor, &alert), arrived.at).await?;
        }
        Ok(taken(&acted))
    }

    /// The systems that an alert names, ours and those of the units below; if it names none, those that our inventory finds.
    async fn identify_alert(
        &self,
        step: &mut Step,
        batch: &mut Batch,
        id: &EventId,
        (actor, alert): (&str, &wire::Alert),
        now: Timestamp,
    ) -> Result<(), ProcessError> {
        if alert.systems.is_empty() {
            return self.identify_in(step, batch, id, actor, now).await;
        }
        let mut below = std::collections::BTreeMap::new();
        for target in &alert.systems {
            let found = self.store.find::<System>(vec![target.name.to_value()]).await?;
            let unit = found.map(|system| system.unit).filter(|unit| self.is_below(unit));
            below.extend(unit.map(|unit| (target.name.clone(), unit)));
        }
        let affected = opening::affected_of(alert, &self.own(), |name| below.get(name).cloned());
        let command = Command::Identify { affected, of: None };
        self.note_refusal(self.act(step, batch, id, (actor, command), now).await?, id);
        Ok(())
    }

    /// Whether a unit of that name is a node below us.
    fn is_below(&self, unit: &str) -> bool {
        let peer = unit.parse().ok().and_then(|name| self.listeners.postman.peer(&name));
        peer.is_some_and(|peer| peer.relation == Relation::Unit)
    }

    /// Our own name.
    pub(super) fn own(&self) -> String {
        self.listeners.postman.own_name().to_string()
    }

    fn note_refusal(&self, acted: Acted, id: &EventId) {
        if let Err(refusal) = acted {
            tracing::info!(event = %id, %refusal, "what follows by itself is refused");
        }
    }
}

/// Whether the call says anything that is not known yet.
pub(super) fn says_more(state: &State, call: &Call) -> bool {
    let known = &state.call;
    let names: Vec<&IncidentName> = std::iter::once(&known.incident.incident).chain(&known.alternatives).collect();
    let new = |known: &[String], said: &[String]| said.iter().any(|one| !known.contains(one));
    new(&known.vulnerabilities, &call.vulnerabilities)
        || new(&known.platforms, &call.platforms)
        || new(&known.descriptions, &call.descriptions)
        || new(&known.software, &call.software)
        || call.patches.iter().any(|one| !known.patches.contains(one))
        || call.actions.iter().any(|one| !known.actions.contains(one))
        || call.severity.is_some() && call.severity != known.severity
        || std::iter::once(&call.incident.incident).chain(&call.alternatives).any(|name| !names.contains(&name))
}
