//! The seam to whoever writes our messages: the exchange's post. Called by the service with the letters that follow from an
//! entry, in the batch of that entry.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::clock::Timestamp;
use crate::envelope::{IncidentId, RequestStatus, Source};
use crate::ids::{MessageId, PeerName};
use crate::peers::{IodefVersion, MsgType, Peer, Relation};
use crate::store::{Batch, StoreError};

/// A message of ours about a significant event, as coordination wants it to leave.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Whom it goes to.
    pub to: PeerName,
    /// Its type. A Result that answers no open Request goes as a Report.
    pub msg_type: MsgType,
    /// What it is about. A Request without an instance gets the next unused one (RFC 6545 §6.1); a document that names its
    /// instance must name the same.
    pub incident: IncidentId,
    /// RIDPolicy's restriction; words that IODEF 1.0 lacks stay in the document (RFC 6545 §5.1).
    pub restriction: Option<String>,
    /// The IODEF document, which we wrote. It gets our entry in its path if it is a Request or Result.
    pub document: Option<Bytes>,
    /// The RequestStatus: for an Acknowledgement.
    pub status: Option<RequestStatus>,
    /// The IncidentSource: for a Result; absent there: not found.
    pub source: Option<Source>,
    /// The Request of a peer that it answers. It then goes as a callback if that Request was given a token, and a Result or
    /// a Denied closes the Request.
    pub answers: Option<MessageId>,
    /// The message of another peer that it carries on.
    pub parent: Option<MessageId>,
}

/// Why one letter did not go into the batch; nothing of it is in there.
#[derive(Debug, thiserror::Error)]
pub enum NotPosted {
    /// The peer is not known, or not active.
    #[error("there is no active peer {to}: see `ridd peer list`")]
    NoSuchPeer {
        /// The name as given.
        to: PeerName,
    },
    /// It could not be written, sealed or put into the outbox.
    #[error("the {msg_type} to {to} cannot be sent: {why}")]
    NotWritten {
        /// The peer.
        to: PeerName,
        /// Its type.
        msg_type: MsgType,
        /// Why, and what to do.
        why: String,
    },
}

/// Whoever writes, files and sends our messages, and knows to whom they can go.
#[async_trait]
pub trait Postman: Send + Sync + 'static {
    /// Writes the letters into the batch: message, body, parcel, Request and Incident, each sealed as agreed with its peer.
    /// Gives for each the id of the message it became, or why it is not in the batch; the others are not held up by it.
    ///
    /// # Errors
    /// If the store cannot be read; the batch is to be dropped then.
    async fn post(
        &self,
        batch: &mut Batch,
        letters: &[Letter],
        now: Timestamp,
    ) -> Result<Vec<Result<MessageId, NotPosted>>, StoreError>;

    /// To be called once the batch with the letters is committed: they leave.
    fn posted(&self, letters: &[Letter]);

    /// To be called once the batch with the letters has failed or was dropped.
    fn dropped(&self, letters: &[Letter]);

    /// The version of IODEF that we write to this peer; 2.0 if it is not known.
    fn version(&self, peer: &PeerName) -> IodefVersion;

    /// The peer of that name, if we exchange with it.
    fn peer(&self, name: &PeerName) -> Option<Arc<Peer>>;

    /// Our own name.
    fn own_name(&self) -> PeerName;

    /// The active peers of that relation.
    fn with_relation(&self, relation: Relation) -> Vec<Arc<Peer>>;
}
