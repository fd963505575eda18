//! One incident that messages have named.

use crate::clock::Timestamp;
use crate::store::record;

record! {
    /// What is known of one incident: (name, id) as an IODEF IncidentID gives them.
    pub struct Incident: "incidents", version 1, key(name, id), index by_time(changed),
        index by_restriction(restriction, changed) {
        /// The CSIRT that numbered it.
        name: String,
        /// Its number.
        id: String,
        /// The restriction of its newest document; nothing counts as `private` (RFC 7970 §3.3.1).
        restriction: Option<String>,
        /// The purpose of its newest document.
        purpose: Option<String>,
        /// A short text that says what it is about.
        title: Option<String>,
        /// When we first heard of it.
        opened: Timestamp,
        /// When we last heard or spoke of it.
        changed: Timestamp,
        /// The highest instance number used by us or seen (RFC 6545 §6.1); the next Request takes one more.
        instance: i64,
    }
}
