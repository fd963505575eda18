//! The demonstration as it goes: what was seen of it, what is waited for, and the commands that people give.
//!
//! Every message is shown as it arrives somewhere, every notice as it reaches a person, every answer and every command.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::child::Node;
use super::super::{Failure, print};
use super::people::{Notice, People};
use super::smtp::Smtp;
use super::stage::Stage;
use crate::admin::api::events::{EventDetail, EventList, UnitView};
use crate::admin::api::messages::{MessageList, MessageView};
use crate::admin::path;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::coordination::state::Standing;
use crate::ids::{EventId, MessageId, PeerName};
use crate::store::records::{Direction, Verdict};

/// Every step happens within this time or the demonstration has failed.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often the nodes are asked.
const PAUSE: Duration = Duration::from_millis(50);
/// Characters of a command or a subject that are shown.
const SHOWN: usize = 80;

/// A message where it was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The node.
    pub(super) at: PeerName,
    /// What the node knows of it.
    pub(super) view: MessageView,
}

/// What has arrived somewhere.
enum News {
    /// A message at a node.
    Message(Box<Seen>),
    /// A mail to a person.
    Notice(Notice),
}

impl News {
    fn at(&self) -> Timestamp {
        match self {
            Self::Message(seen) => seen.view.received,
            Self::Notice(notice) => notice.at,
        }
    }
}

/// The demonstration.
pub(super) struct Play {
    pub(super) stage: Stage,
    pub(super) people: People,
    /// The step that is being played.
    pub(super) step: String,
    smtp: Smtp,
    start: Timestamp,
    known: HashSet<(PeerName, MessageId)>,
    seen: Vec<Seen>,
    mails: usize,
}

impl Play {
    /// The stage is set; the mails of its nodes come to that server.
    pub(super) fn on(stage: Stage, smtp: Smtp) -> Self {
        let (people, known, seen) = (People::default(), HashSet::new(), Vec::new());
        Self { stage, people, step: String::new(), smtp, start: SystemClock.now(), known, seen, mails: 0 }
    }

    /// Begins the next step.
    pub(super) fn step(&mut self, what: &str) -> Result<(), Failure> {
        what.clone_into(&mut self.step);
        print(format!("\n{what}"))
    }

    /// Says something about the step.
    pub(super) fn say(&self, what: impl std::fmt::Display) -> Result<(), Failure> {
        print(format!("  {what}"))
    }

    /// A person gives a command at a node; what the node says.
    pub(super) fn order(&self, node: &Node, arguments: &[&str]) -> Result<String, Failure> {
        let words: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
        let command = short(&format!("ridd {}", words.join(" ")));
        print(format!("  {:>9}   {:<24} $ {command}", self.after(SystemClock.now()), node.name))?;
        node.command(arguments)
    }

    /// How long after the beginning.
    fn after(&self, at: Timestamp) -> String {
        format!("+{:>6.3} s", at.since(self.start).as_secs_f64())
    }

    /// Goes on showing what happens until that is so.
    pub(super) async fn until<T>(
        &mut self,
        what: &str,
        mut found: impl AsyncFnMut(&Self) -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let end = Instant::now() + PATIENCE;
        loop {
            self.look().await?;
            if let Some(found) = found(self).await? {
                // What led to it is shown before what follows.
                self.look().await?;
                return Ok(found);
            }
            if Instant::now() >= end {
                return Err(Failure::failed(format_args!("{what} has not come within {PATIENCE:?}")));
            }
            sleep(PAUSE).await;
        }
    }

    /// Waits for the first event at a node.
    pub(super) async fn opened(&mut self, node: impl Fn(&Stage) -> &Node) -> Result<EventId, Failure> {
        self.until("the event", async |play: &Self| Ok(events(node(&play.stage)).await?.into_iter().next())).await
    }

    /// Waits until the event at a node is as wanted.
    pub(super) async fn event(
        &mut self,
        node: impl Fn(&Stage) -> &Node,
        event: &EventId,
        what: &str,
        wanted: impl Fn(&EventDetail) -> bool,
    ) -> Result<EventDetail, Failure> {
        self.until(what, async |play: &Self| Ok(Some(detail(node(&play.stage), event).await?).filter(&wanted))).await
    }

    /// Waits for a message.
    pub(super) async fn message(&mut self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Result<Seen, Failure> {
        self.until(what, async |play: &Self| Ok(play.seen.iter().find(|seen| wanted(seen)).cloned())).await
    }

    /// Whether a message has been seen.
    pub(super) fn has_seen(&self, wanted: impl Fn(&Seen) -> bool) -> bool {
        self.seen.iter().any(wanted)
    }

    /// Asks every node once and shows what is new, in the order of time; the people answer.
    async fn look(&mut self) -> Result<(), Failure> {
        let mut fresh = Vec::new();
        for node in self.stage.nodes() {
            let list: MessageList = node.client().get("messages?limit=200").await?;
            for view in list.messages {
                if self.known.insert((node.name.clone(), view.id.clone())) {
                    fresh.push(Seen { at: node.name.clone(), view });
                }
            }
        }
        let mails = self.smtp.after(self.mails);
        self.mails += mails.len();
        let arrived = fresh.iter().filter(|seen| seen.view.direction == Direction::In).cloned();
        let arrived = arrived.map(|seen| News::Message(Box::new(seen)));
        let mut news: Vec<News> = arrived.chain(mails.iter().filter_map(Notice::read).map(News::Notice)).collect();
        self.seen.extend(fresh);
        news.sort_by_key(News::at);
        for one in &news {
            match one {
                News::Message(seen) => self.show(seen)?,
                News::Notice(notice) => self.read(notice)?,
            }
        }
        Ok(())
    }

    /// One arrival in one line.
    fn show(&self, seen: &Seen) -> Result<(), Failure> {
        let Seen { at, view } = seen;
        let instance = view.instance.as_ref().map(|instance| format!(" instance {instance}")).unwrap_or_default();
        let incident = view.incident.as_ref().map(ToString::to_string).unwrap_or_default();
        let verdict = match view.verdict {
            Verdict::Accepted | Verdict::Sent => String::new(),
            other => format!(", {other}"),
        };
        let after = self.after(view.received);
        let (from, what) = (&view.peer, &view.msg_type);
        print(format!("  {after:>9}   {from:<24} → {at:<24} {what} {incident}{instance}{verdict}"))
    }

    /// A person reads a notice, and answers it or not.
    fn read(&mut self, notice: &Notice) -> Result<(), Failure> {
        self.people.got(notice);
        let Notice { at, node, to, subject, code, .. } = notice;
        let answer = if notice.is_answered() { "" } else { "   (does not answer)" };
        print(format!("  {:>9}   {node:<24} ✉ {to:<24} {}{answer}", self.after(*at), short(subject)))?;
        let Some(node) = self.stage.named(node).filter(|_| notice.is_answered()) else { return Ok(()) };
        if let Err(refused) = node.command(&["notice", "ack", code]) {
            // Another may have answered for all: that is no fault of the play, and its steps check what matters.
            self.say(format_args!("{to} answers in vain: {}", refused.message.lines().next().unwrap_or_default()))?;
        }
        Ok(())
    }

    /// The person reports the systems of the notice corrected, by its code.
    pub(super) fn corrected(&self, address: &str) -> Result<(), Failure> {
        let notice = self.people.work(address)?;
        let unknown = || Failure::failed(format_args!("no node is called {}", notice.node));
        let node = self.stage.named(&notice.node).ok_or_else(unknown)?;
        self.order(node, &["notice", "ack", &notice.code, "--corrected"]).map(drop)
    }
}

/// The names of the node's events.
pub(super) async fn events(node: &Node) -> Result<Vec<EventId>, Failure> {
    let list: EventList = node.client().get("events?all=true").await?;
    Ok(list.events.into_iter().map(|event| event.id).collect())
}

/// The event as the node shows it.
pub(super) async fn detail(node: &Node, event: &EventId) -> Result<EventDetail, Failure> {
    Ok(node.client().get(&path(["events", event.as_str()])).await?)
}

/// The unit of the event.
pub(super) fn unit<'e>(detail: &'e EventDetail, name: &PeerName) -> Option<&'e UnitView> {
    detail.units.iter().find(|unit| unit.unit == name.as_str())
}

/// Where a milestone of the event stands; of a unit, if one is named.
pub(super) fn standing(detail: &EventDetail, milestone: &str, of: Option<&PeerName>) -> Option<Standing> {
    let milestones = match of {
        Some(name) => &unit(detail, name)?.milestones,
        None => &detail.milestones,
    };
    milestones.iter().find(|mark| mark.milestone == *milestone).map(|mark| mark.standing)
}

/// Whether the milestone is met, in time or late.
pub(super) fn is_met(detail: &EventDetail, milestone: &str, of: Option<&PeerName>) -> bool {
    matches!(standing(detail, milestone, of), Some(Standing::Met | Standing::Late))
}

/// The step is as it should be, or the demonstration has failed.
pub(super) fn check(holds: bool, expected: impl std::fmt::Display) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::failed(format_args!("it is not so that {expected}"))) }
}

/// The beginning of a long text.
fn short(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN - 1).chain(['…']).collect()
}

/// A word as it would be typed.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|c| c.is_alphanumeric() || "-_./:=#".contains(c));
    if plain && !word.is_empty() { word.to_owned() } else { format!("'{word}'") }
}
