//! A significant event and its append-only log: what the coordination of a significant event remembers.

use crate::clock::Timestamp;
use crate::ids::{Digest, EventId, MessageId, PeerName};
use crate::store::{record, worded};

worded! {
    /// Where a significant event stands.
    pub enum EventState: "state of a significant event" {
        /// A data call came, and a person must confirm that it opens the event.
        Held = "held",
        /// The process runs.
        Open = "open",
        /// The process has ended.
        Closed = "closed",
        /// It was called off, with a reason.
        Cancelled = "cancelled",
    }
}

worded! {
    /// What part this node plays in a significant event.
    pub enum EventRole: "role in a significant event" {
        /// It was opened by a data call: this node issues the alerts.
        Department = "department",
        /// It was opened by the alert of the node above: this node answers for its systems.
        Unit = "unit",
    }
}

record! {
    /// One significant event as lists show it and the clock finds it. The truth is its log; this row is written anew in the
    /// batch of every entry.
    pub struct Event: "events", version 2, key(id), index by_state(state, id), index by_due(watched, due, id) {
        /// Our name for it, which is also the IncidentID of what we send about it.
        id: EventId,
        /// Where it stands.
        state: EventState,
        /// What part we play.
        role: EventRole,
        /// Whether it is a drill.
        drill: bool,
        /// What it is about.
        title: String,
        /// The severity that the data call states: `low`, `medium`, `high`.
        severity: Option<String>,
        /// The peer whose call or alert opened it; nothing if it was entered by hand.
        source: Option<PeerName>,
        /// E: when the data call was issued.
        issued: Timestamp,
        /// When the event was opened here.
        opened: Timestamp,
        /// When its last entry was written.
        changed: Timestamp,
        /// The number of its last entry.
        head: i64,
        /// Whether the clock has anything to do for it.
        watched: bool,
        /// When the clock has to look at it next.
        due: Option<Timestamp>,
        /// How many milestones are past due and still open; nothing in rows of the first version.
        overdue: Option<i64>,
        /// How many notices wait for an answer; nothing in rows of the first version.
        unanswered: Option<i64>,
    }
}

record! {
    /// One entry of the log of a significant event. The entries of one event count from 1 without a gap, and each holds the
    /// digest of the one before it.
    pub struct LogEntry: "event_log", version 1, key(event, number) {
        /// The event.
        event: EventId,
        /// Its place in the log, from 1.
        number: i64,
        /// When it was written.
        at: Timestamp,
        /// Who caused it: an operator, a peer, a person of the roster, or `clock`.
        actor: String,
        /// What kind of entry it is, as a word: for those who read the table.
        kind: String,
        /// The entry, as JSON with the version of its form.
        entry: String,
        /// The digest of the entry before; nothing for the first.
        previous: Option<Digest>,
        /// SHA-256 over all of the above.
        digest: Digest,
    }
}

record! {
    /// An incident that is part of a significant event: ours, the authority's, and what either calls it otherwise. By it a
    /// repeat or an update finds the event it belongs to.
    pub struct EventIncident: "event_incidents", version 1, key(name, id), index by_event(event) {
        /// The CSIRT that numbered it.
        name: String,
        /// Its number.
        id: String,
        /// The event.
        event: EventId,
    }
}

record! {
    /// A vulnerability that a message of an authority named: what is joined to the event that is about it.
    pub struct Advisory: "advisories", version 1, key(vulnerability, message), index by_time(received) {
        /// The vulnerability's name, as the message gives it: `CVE-2002-0649`.
        vulnerability: String,
        /// The message.
        message: MessageId,
        /// Who sent it.
        peer: PeerName,
        /// When it came.
        received: Timestamp,
        /// What it is about.
        title: Option<String>,
    }
}
