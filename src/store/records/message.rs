//! One RID message, received or sent: what is known of it, and its bytes.

use crate::clock::Timestamp;
use crate::ids::{CallbackToken, Digest, MessageId, PeerName};
use crate::store::{record, worded};

worded! {
    /// Which way a message went.
    pub enum Direction: "direction" {
        /// From a peer to us.
        In = "in",
        /// From us to a peer.
        Out = "out",
    }
}

worded! {
    /// What became of a message.
    pub enum Verdict: "verdict" {
        /// Filed, and acted on if it asks for action.
        Accepted = "accepted",
        /// Filed; waits for a person's decision.
        Held = "held",
        /// Filed; refused with a Justification.
        Denied = "denied",
        /// Ours: in the outbox or delivered (its parcel knows).
        Sent = "sent",
        /// Came in an HTTP response and is improper there (RFC 6546 §3): kept for the administrator, not acted on.
        Improper = "improper",
    }
}

record! {
    /// What is known of one message. Its bytes are in [`Body`] under the same id.
    pub struct Message: "messages", version 1, key(id),
        index by_time(received),
        index by_incident(incident_name, incident_id, received),
        index by_peer(peer, received) {
        /// Our name for it.
        id: MessageId,
        /// Which way it went.
        direction: Direction,
        /// The peer it came from or goes to.
        peer: PeerName,
        /// RIDPolicy's MsgType, or its ext-MsgType.
        msg_type: String,
        /// The incident's CSIRT, if the message names an incident.
        incident_name: Option<String>,
        /// The incident's number.
        incident_id: Option<String>,
        /// The incident's instance.
        instance: Option<String>,
        /// The restriction that holds for it: RIDPolicy's or the payload's, whichever is stricter.
        restriction: Option<String>,
        /// When it was received, or made if it is ours.
        received: Timestamp,
        /// The network address it came from.
        remote: Option<String>,
        /// The certificate (SPKI SHA-256) that the peer proved itself with.
        certificate: Option<Digest>,
        /// Its size in bytes.
        size: i64,
        /// The digest of its bytes.
        digest: Digest,
        /// What its ReportSchema carries: `iodef-1.0`, `iodef-2.0`, `encrypted`, another namespace, or nothing.
        payload: Option<String>,
        /// What became of it.
        verdict: Verdict,
        /// Why it was denied or held: a Justification of RFC 6545 §5.2.
        justification: Option<String>,
        /// What is wrong with it short of refusing it, one finding a line.
        warnings: Option<String>,
        /// The message it answers.
        answers: Option<MessageId>,
        /// The RID-Callback-Token it came or goes with.
        token: Option<CallbackToken>,
        /// An Acknowledgement's AuthorizationStatus: `Approved`, `Denied`, `Pending`.
        status: Option<String>,
        /// What of it was proved when it came, as JSON: who signed what, and whether it was encrypted.
        proven: Option<String>,
    }
}

record! {
    /// The bytes of one message, exactly as received or sent.
    pub struct Body: "bodies", version 1, key(id) {
        /// The message's id.
        id: MessageId,
        /// Its bytes.
        bytes: Vec<u8>,
    }
}

record! {
    /// The bytes of one message in clear text, where its [`Body`] is encrypted: what was decrypted, or was there before it
    /// was encrypted.
    pub struct Plain: "plains", version 1, key(id) {
        /// The message's id.
        id: MessageId,
        /// Its bytes.
        bytes: Vec<u8>,
    }
}
