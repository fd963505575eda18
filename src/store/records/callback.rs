//! A reply that is still to come: RID callback, RFC 6546 §3.

use crate::clock::Timestamp;
use crate::ids::{CallbackToken, MessageId, PeerName};
use crate::store::{record, worded};

worded! {
    /// Who owes the reply.
    pub enum Side: "side" {
        /// We do: we answered 202 with this token.
        Ours = "ours",
        /// The peer does: it answered 202 with this token.
        Theirs = "theirs",
    }
}

record! {
    /// One token and what it stands for. It closes on a Result or a Denied Acknowledgement.
    pub struct Callback: "callbacks", version 1, key(side, peer, token), index by_due(side, open, due) {
        /// Who owes the reply.
        side: Side,
        /// The peer on the other side.
        peer: PeerName,
        /// The token: unique among all of the owing side's towards the other.
        token: CallbackToken,
        /// The request that the reply answers.
        message: MessageId,
        /// The address the request came from, where our reply goes: host and port.
        address: Option<String>,
        /// The incident's CSIRT.
        incident_name: Option<String>,
        /// The incident's number.
        incident_id: Option<String>,
        /// The instance that the request used and the reply repeats.
        instance: Option<String>,
        /// Whether a reply is still to come.
        open: bool,
        /// When the request was answered with the token.
        opened: Timestamp,
        /// When something must happen if nobody decides: the Pending Acknowledgement (RFC 6545 §6.2), then the end.
        due: Timestamp,
        /// Whether the Pending Acknowledgement went out already.
        pending_sent: bool,
        /// How often the other side has refused the token.
        refused: i64,
    }
}
