//! A Request or Query that expects a reply, sent or received: RFC 6545 §6, callbacks of RFC 6546 §3, and the way back of
//! what was relayed.

use crate::clock::Timestamp;
use crate::ids::{CallbackToken, MessageId, PeerName};
use crate::store::records::Direction;
use crate::store::{record, worded};

worded! {
    /// Where a request stands.
    pub enum RequestState: "state of a request" {
        /// Nobody has decided yet.
        Undecided = "undecided",
        /// Nobody decided in time, and a Pending Acknowledgement said so (RFC 6545 §6.2).
        Pending = "pending",
        /// It was approved; the Result is still to come.
        Approved = "approved",
        /// It was denied.
        Denied = "denied",
        /// It was answered with a Result, or a Query with its Report.
        Completed = "completed",
    }
}

record! {
    /// One Request or Query and what has become of it. Its token closes on a Result or a Denied Acknowledgement.
    pub struct Request: "requests", version 1, key(message),
        index by_incident(incident_name, incident_id, instance, direction, peer),
        index by_token(direction, peer, token),
        index by_due(open, due),
        index by_parent(parent) {
        /// The message itself.
        message: MessageId,
        /// `in`: the peer asks us; `out`: we ask the peer.
        direction: Direction,
        /// The peer on the other side.
        peer: PeerName,
        /// RIDPolicy's MsgType.
        msg_type: String,
        /// The incident's CSIRT; nothing if a Query names no incident.
        incident_name: Option<String>,
        /// The incident's number.
        incident_id: Option<String>,
        /// The instance that the request used and every reply repeats.
        instance: Option<String>,
        /// Where it stands.
        state: RequestState,
        /// Whether a reply is still to come.
        open: bool,
        /// When it came or was made.
        opened: Timestamp,
        /// When a Pending Acknowledgement must go out if nobody decides before.
        due: Option<Timestamp>,
        /// The RID-Callback-Token that the owing side answered with.
        token: Option<CallbackToken>,
        /// The network address that the request came from: where our callbacks go (RFC 6546 §3).
        address: Option<String>,
        /// How often the other side has refused the token.
        refused: i64,
        /// The message of another peer that this request relays; what comes back goes on to that peer.
        parent: Option<MessageId>,
    }
}
