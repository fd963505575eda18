//! What staff ask of the exchange: to send, to query, to decide. The orders as the API reads them and the command line
//! writes them.

use std::net::IpAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::ids::{IncidentName, MessageId, PeerName};

/// What kind of RID message an order makes: RFC 6545 §7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendKind {
    /// RFC 6545 §7.5.
    Report,
    /// RFC 6545 §7.1 and §7.2, asks for an investigation close to the source.
    InvestigationRequest,
    /// RFC 6545 §7.2, asks to trace traffic to its source.
    TraceRequest,
    /// RFC 6545 §7.6.
    Query,
    /// RFC 6545 §7.4.
    Result,
    /// RFC 6545 §7.3.
    Acknowledgement,
}

/// An order to send a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendOrder {
    /// To whom; absent if the network address decides.
    pub peer: Option<PeerName>,
    /// An IODEF document, or a whole RID message.
    pub document: String,
    /// What to make of an IODEF document; absent for a RID message, which says it itself, and then a Report.
    pub kind: Option<SendKind>,
    /// Where the incident comes from: RIDPolicy's SourceOfIncident; routed by longest prefix if no peer is named.
    pub source_of_incident: Option<IpAddr>,
    /// The message that this answers.
    pub answers: Option<MessageId>,
}

/// An order to ask a peer what it knows of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryOrder {
    /// Whom to ask.
    pub peer: PeerName,
    /// About what.
    pub incident: IncidentName,
}

/// What a person decides about a message that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether it is approved; denied otherwise.
    pub approve: bool,
    /// With a denial, the Justification of RFC 6545 §5.2; absent is `Other`.
    pub justification: Option<String>,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// The messages that were made for it, one for each peer.
    pub messages: Vec<OrderedMessage>,
}

/// One message that was made for an order and is in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderedMessage {
    /// The message.
    pub id: MessageId,
    /// To whom it goes.
    pub peer: PeerName,
    /// Its MsgType.
    pub msg_type: String,
    /// The incident it names.
    pub incident: Option<IncidentName>,
    /// The incident's instance.
    pub instance: Option<String>,
}

/// Whoever carries out what staff order: the exchange.
#[async_trait]
pub trait Staff: Send + Sync + 'static {
    /// Sends a document.
    ///
    /// # Errors
    /// Why it was not put into the outbox.
    async fn send(&self, order: SendOrder, operator: &str) -> Result<Ordered, Problem>;

    /// Asks a peer about an incident.
    ///
    /// # Errors
    /// Why it was not put into the outbox.
    async fn query(&self, order: QueryOrder, operator: &str) -> Result<Ordered, Problem>;

    /// Decides about a held message.
    ///
    /// # Errors
    /// If it is not held, or the store fails.
    async fn decide(&self, message: MessageId, decision: Decision, operator: &str) -> Result<Ordered, Problem>;
}
