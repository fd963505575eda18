//! What staff ask of the coordination of significant events: the seam to whoever carries it out. The orders stand with
//! their addresses in `api::events`.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::problem::Problem;
use crate::clock::Timestamp;
use crate::coordination::Entered;
use crate::coordination::board::Board;
use crate::coordination::decide::{Command, Made};
use crate::coordination::state::State;
use crate::ids::{EventId, MessageId, PeerName};
use crate::store::records::Notice;

/// A data call that came by other means than RID: by mail, by telephone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenOrder {
    /// The call, an IODEF document.
    pub document: String,
    /// E, if the document does not say it, or wrongly.
    pub issued: Option<Timestamp>,
    /// Whether it is a drill.
    #[serde(default)]
    pub drill: bool,
    /// What to call the event, if not by the document's own title.
    pub title: Option<String>,
}

/// What the code of a notice did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Answered {
    /// The notice.
    pub notice: MessageId,
    /// Its event; nothing for a test.
    pub event: Option<EventId>,
    /// Whom it was sent to: a person of the roster.
    pub person: String,
    /// What it was about.
    pub about: String,
    /// The systems that were reported corrected with it.
    pub corrected: Vec<String>,
}

/// What the link of a notice leads to.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The notice.
    pub notice: Notice,
    /// Its event as it stands; nothing for a test.
    pub state: Option<Arc<State>>,
}

/// Whoever coordinates significant events: the service, or a stand-in in tests. Operators have been judged by then.
#[async_trait]
pub trait Officers: Send + Sync + 'static {
    /// Opens an event by hand, or joins a call that is known to its event; the event as it stands then.
    ///
    /// # Errors
    /// If the document is no IODEF document, or the store fails.
    async fn open(&self, order: OpenOrder, operator: &str) -> Result<(Arc<State>, Entered), Problem>;

    /// Carries out a command; the event as it stands then.
    ///
    /// # Errors
    /// If there is no such event, or the process does not allow it now.
    async fn order(&self, event: &EventId, command: Command, operator: &str) -> Result<Arc<State>, Problem>;

    /// Asks the inventory again which systems are affected.
    ///
    /// # Errors
    /// As [`Officers::order`].
    async fn identify(&self, event: &EventId, cpes: Vec<String>, operator: &str) -> Result<Arc<State>, Problem>;

    /// Reads the scan of a unit and judges its systems by it.
    ///
    /// # Errors
    /// As [`Officers::order`]; or if the file is no result that can be read.
    async fn scan(&self, event: &EventId, unit: &str, result: Bytes, operator: &str) -> Result<Arc<State>, Problem>;

    /// Takes the one-time code of a notice; with `corrected`, also as the report of the systems that it names.
    ///
    /// # Errors
    /// If no notice has that code, or it was used or has run out.
    async fn answer(&self, code: &str, corrected: bool, operator: &str) -> Result<Answered, Problem>;

    /// What the link of a notice with that code leads to. Changes nothing.
    ///
    /// # Errors
    /// If it leads nowhere, or its time is over.
    async fn linked(&self, code: &str) -> Result<Linked, Problem>;

    /// Takes the answer of the person to whom that link was sent; with `corrected`, also as the report of the systems that
    /// the notice names.
    ///
    /// # Errors
    /// As [`Officers::answer`].
    async fn answer_link(&self, code: &str, corrected: bool) -> Result<Answered, Problem>;

    /// Sends a person of the roster a notice that is marked as a test, on each channel.
    ///
    /// # Errors
    /// If there is no such person.
    async fn test_person(&self, person: &str, operator: &str) -> Result<Vec<MessageId>, Problem>;

    /// The event as it stands.
    ///
    /// # Errors
    /// If there is no such event, or its log cannot be followed.
    async fn state(&self, event: &EventId) -> Result<Arc<State>, Problem>;

    /// The event at a glance, at least as its log says up to the entry `head`, which the event's row names.
    ///
    /// # Errors
    /// As [`Officers::state`].
    async fn board(&self, event: &EventId, head: i64) -> Result<Arc<Board>, Problem>;

    /// The names of events that change, each once the change is durable; nothing, if so many listen already.
    fn news(&self, most: usize) -> Option<broadcast::Receiver<EventId>>;

    /// All that happened to the event, in order.
    ///
    /// # Errors
    /// As [`Officers::state`].
    async fn log(&self, event: &EventId) -> Result<Vec<Made>, Problem>;

    /// What happened to the event last, the newest first: at most so many entries, all with a number below `below`.
    ///
    /// # Errors
    /// As [`Officers::state`].
    async fn latest(&self, event: &EventId, below: i64, most: usize) -> Result<Vec<Made>, Problem>;

    /// The document that goes to this unit as the alert, as it would be written now.
    ///
    /// # Errors
    /// If it is no affected unit of the event.
    async fn alert(&self, event: &EventId, unit: &PeerName) -> Result<Bytes, Problem>;
}
