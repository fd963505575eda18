//! One thing in the outbox.

use crate::clock::Timestamp;
use crate::ids::{CallbackToken, MessageId, ParcelId};
use crate::store::{record, worded};

worded! {
    /// How a parcel travels: which carrier takes it.
    pub enum ParcelKind: "kind of parcel" {
        /// A RID message to a peer over HTTPS.
        Rid = "rid",
        /// An email.
        Email = "email",
        /// A page.
        Pager = "pager",
        /// A fax.
        Fax = "fax",
        /// A webhook call.
        Webhook = "webhook",
    }
}

worded! {
    /// Where a parcel stands.
    pub enum ParcelState: "state of a parcel" {
        /// Waits for its time.
        Waiting = "waiting",
        /// A worker has it.
        Claimed = "claimed",
        /// The other side has acknowledged it.
        Delivered = "delivered",
        /// Given up: expired, or refused for good. Kept until someone retries or cancels it.
        Dead = "dead",
        /// Withdrawn by a person.
        Cancelled = "cancelled",
    }
}

record! {
    /// One thing to be delivered, with all that is needed to deliver it and to say why it waits.
    pub struct Parcel: "parcels", version 1, key(id),
        index by_recipient(state, recipient, id),
        index by_lane(lane, state, id),
        index by_message(message, id) {
        /// Our name for it; ids of the same node are in the order of making.
        id: ParcelId,
        /// Its carrier.
        kind: ParcelKind,
        /// Whom it goes to: a peer's name, or a person's address on the carrier.
        recipient: String,
        /// Parcels of one lane are delivered one after the other in the order of their ids: recipient and incident.
        lane: String,
        /// The message whose bytes it carries.
        message: Option<MessageId>,
        /// The token to send along, if it is a callback.
        token: Option<CallbackToken>,
        /// Where it goes instead of the peer's usual address: the address a callback's request came from.
        address: Option<String>,
        /// Where it stands.
        state: ParcelState,
        /// When it was made.
        created: Timestamp,
        /// When it is tried next.
        due: Timestamp,
        /// When it is given up.
        expires: Timestamp,
        /// How often it has been tried.
        attempts: i64,
        /// Which worker has it, with the worker's fencing number.
        holder: Option<String>,
        /// Until when that worker has it.
        held_until: Option<Timestamp>,
        /// What came of the last try, in words an administrator can act on.
        reason: Option<String>,
    }
}
