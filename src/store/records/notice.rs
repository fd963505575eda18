//! A notice: what one person is told on one channel, and what became of it.

use crate::clock::Timestamp;
use crate::ids::{Digest, EventId, MessageId};
use crate::store::records::ParcelKind;
use crate::store::{record, worded};

worded! {
    /// Where a notice stands.
    pub enum NoticeState: "state of a notice" {
        /// It is in the outbox.
        Waiting = "waiting",
        /// The channel took it; nobody has answered.
        Delivered = "delivered",
        /// The channel refused it or could not be reached in time.
        Failed = "failed",
        /// The person answered.
        Acknowledged = "acknowledged",
        /// It is not wanted any more: somebody else answered, or the event ended.
        Withdrawn = "withdrawn",
    }
}

record! {
    /// One notice. Its text is the [`Body`](super::Body) under the same id, and its parcel carries that.
    pub struct Notice: "notices", version 2, key(id), index by_event(event, id), index by_code(code), index by_link(link),
        index by_person(person, id) {
        /// Our name for it.
        id: MessageId,
        /// The significant event it belongs to; nothing for a test.
        event: Option<EventId>,
        /// What it asks for, as the log names it: `cirt-notified`, `owners-notified sql1.unit1.example`.
        about: String,
        /// The person of the roster.
        person: String,
        /// How it travels.
        channel: ParcelKind,
        /// Where it goes on that channel.
        address: String,
        /// SHA-256 of the one-time code that acknowledges it.
        code: Digest,
        /// SHA-256 of the code in its link, which is longer; nothing if it carries no link, and in rows of the first version.
        link: Option<Digest>,
        /// Until when the codes are taken.
        code_until: Timestamp,
        /// The systems that the code may report corrected, a name a line; nothing if it only acknowledges.
        systems: Option<String>,
        /// Where it stands.
        state: NoticeState,
        /// When it was made.
        created: Timestamp,
        /// When its state last changed.
        changed: Timestamp,
        /// Why it failed, or who answered and how.
        reason: Option<String>,
    }
}
