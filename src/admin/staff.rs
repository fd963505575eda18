//! What staff ask of the exchange: to send, to query, to decide. The orders as the API reads them and the command line
//! writes them.

use std::net::IpAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::ids::{IncidentName, MessageId, PeerName};
use crate::peers::MsgType;
use crate::store::records::Message;

/// An order to send a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendOrder {
    /// To whom; absent if the network decides that `source_of_incident` is in.
    pub peer: Option<PeerName>,
    /// An IODEF document, or a whole RID message, which is sent as it is.
    pub document: String,
    /// What to make of an IODEF document; absent: a Report. A RID message says it itself.
    pub msg_type: Option<MsgType>,
    /// Where the incident comes from: MsgDestination SourceOfIncident (RFC 6545 §5.1).
    pub source_of_incident: Option<IpAddr>,
    /// The Request that a Result answers; absent: the newest open one about the incident.
    pub answers: Option<MessageId>,
    /// What a Result says of the source (RFC 6545 §5.3): whether it was found.
    #[serde(default)]
    pub source_found: bool,
    /// And its addresses.
    #[serde(default)]
    pub sources: Vec<IpAddr>,
    /// For whom the document is encrypted, where its restriction asks for that; nobody named means the peer it goes to.
    #[serde(default)]
    pub readers: Vec<PeerName>,
}

/// An order to ask a peer what it knows of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryOrder {
    /// Whom to ask.
    pub peer: PeerName,
    /// About what.
    pub incident: IncidentName,
    /// About one instance of it; absent: all.
    pub instance: Option<String>,
}

/// What a person decides about a message that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideOrder {
    /// Whether it is approved; denied otherwise.
    pub approve: bool,
    /// With a denial, its Justification (RFC 6545 §5.2); absent is `CannotProcess`.
    pub justification: Option<String>,
}

/// Whoever carries out what staff order: the exchange, or a stand-in in tests.
#[async_trait]
pub trait Staff: Send + Sync + 'static {
    /// Sends a document; the message it became, which is in the outbox.
    ///
    /// # Errors
    /// Why it was not put into the outbox.
    async fn send(&self, order: SendOrder, operator: &str) -> Result<Message, Problem>;

    /// Asks a peer about an incident; the Query, which is in the outbox.
    ///
    /// # Errors
    /// Why it was not put into the outbox.
    async fn query(&self, order: QueryOrder, operator: &str) -> Result<Message, Problem>;

    /// Decides about a held message; the message as it stands now.
    ///
    /// # Errors
    /// If it is not held, or the store fails.
    async fn decide(&self, id: MessageId, order: DecideOrder, operator: &str) -> Result<Message, Problem>;
}
