//! What the parts tell [`Metrics`]: one method for each thing that is counted. None waits, none fails; no argument is a word
//! that a peer chose, so that no peer can make the list of metrics grow.

use std::time::Duration;

use super::{MSG_TYPES, Metrics};

/// A count as a gauge keeps it.
fn level(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whether it is a drill, as a label.
fn drill(drill: bool) -> (&'static str, String) {
    ("drill", drill.to_string())
}

impl Metrics {
    /// A message was received and judged. `verdict` is a word of the record's (`accepted`, `held`, `denied`), or
    /// `again` or `improper`.
    pub fn received(&self, msg_type: &str, verdict: &'static str, bytes: usize) {
        let known = MSG_TYPES.iter().find(|known| **known == msg_type).copied().unwrap_or("other");
        self.received.get_or_create(&[("type", known.to_owned()), ("verdict", verdict.to_owned())]).inc();
        self.received_bytes.inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// A connection (by the reasons of admission) or a request (by those of HTTP) was refused.
    pub fn refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&[("reason", reason.to_owned())]).inc();
    }

    /// A peer was answered with this HTTP status.
    pub fn answered(&self, status: u16) {
        self.answers.get_or_create(&[("status", status.to_string())]).inc();
    }

    /// It took this long from the whole message having arrived to its answer.
    pub fn receive_took(&self, span: Duration) {
        self.receive.observe(span.as_secs_f64());
    }

    /// A peer's HTTP response carried an improper RID message (RFC 6546 §3: to be shown to the administrator).
    pub fn improper_response(&self) {
        self.improper_responses.inc();
    }

    /// How many improper responses there were since the start.
    pub fn improper_responses(&self) -> u64 {
        self.improper_responses.get()
    }

    /// A message was relayed to peers of this relation.
    pub fn relayed(&self, relation: &'static str) {
        self.relays.get_or_create(&[("to", relation.to_owned())]).inc();
    }

    /// A message was not relayed: `loop`, `hops`, `restriction`, `route` …
    pub fn relay_refused(&self, reason: &'static str) {
        self.relay_refusals.get_or_create(&[("reason", reason.to_owned())]).inc();
    }

    /// So many Requests of peers are not decided yet.
    pub fn undecided_requests(&self, count: u64) {
        self.callbacks.set(level(count));
    }

    /// So many parcels of this carrier are in this state.
    pub fn parcels(&self, carrier: &'static str, state: &'static str, count: u64) {
        self.parcels.get_or_create(&[("carrier", carrier.to_owned()), ("state", state.to_owned())]).set(level(count));
    }

    /// The oldest parcel of this carrier that is not delivered is this old; zero if there is none.
    pub fn oldest_parcel(&self, carrier: &'static str, age: Duration) {
        self.parcel_age.get_or_create(&[("carrier", carrier.to_owned())]).set(age.as_secs_f64());
    }

    /// A try of this carrier to deliver a parcel ended: `delivered`, `later`, `refused`.
    pub fn tried(&self, carrier: &'static str, outcome: &'static str) {
        self.tries.get_or_create(&[("carrier", carrier.to_owned()), ("outcome", outcome.to_owned())]).inc();
    }

    /// A try to tell a person ended: on this channel, `delivered`, `later` or `refused`.
    pub fn noticed(&self, channel: &'static str, outcome: &'static str) {
        self.notices.get_or_create(&[("channel", channel.to_owned()), ("outcome", outcome.to_owned())]).inc();
    }

    /// A notice on this channel has come to this: `made`, `delivered`, `failed`, `acknowledged`, `withdrawn`.
    pub fn notice_is(&self, channel: &'static str, fate: &'static str) {
        self.notice_fates.get_or_create(&[("channel", channel.to_owned()), ("fate", fate.to_owned())]).inc();
    }

    /// Somebody used the link of a notice, or tried to guess one: `shown`, `answered`, `again`, `unknown`, `slowed` …
    pub fn acknowledgement(&self, outcome: &'static str) {
        self.acknowledgements.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// So many events (drills, or not) are in this state: `held`, `open`.
    pub fn events(&self, state: &'static str, is_drill: bool, count: u64) {
        self.events.get_or_create(&[("state", state.to_owned()), drill(is_drill)]).set(level(count));
    }

    /// So many milestones of open events (drills, or not) are past due.
    pub fn milestones_overdue(&self, is_drill: bool, count: u64) {
        self.milestones_overdue.get_or_create(&[drill(is_drill)]).set(level(count));
    }

    /// So many notices of open events (drills, or not) wait for an answer.
    pub fn notices_unanswered(&self, is_drill: bool, count: u64) {
        self.notices_unanswered.get_or_create(&[drill(is_drill)]).set(level(count));
    }

    /// A batch was on the disk after this long.
    pub fn committed(&self, span: Duration) {
        self.commits.observe(span.as_secs_f64());
        self.store_failing.set(0);
    }

    /// A batch was not committed: `full`, `conflict`, `broken` … `failing` tells whether the store cannot take messages
    /// at all now; the next commit that succeeds takes it back.
    pub fn store_fault(&self, reason: &'static str, failing: bool) {
        self.store_faults.get_or_create(&[("reason", reason.to_owned())]).inc();
        if failing {
            self.store_failing.set(1);
        }
    }

    /// Whether the last commit failed because the store cannot take messages.
    pub fn is_store_failing(&self) -> bool {
        self.store_failing.get() != 0
    }

    /// A connection was accepted on the RID port.
    pub fn connection_accepted(&self) {
        self.accepted.inc();
        self.connections.inc();
    }

    /// An accepted connection is closed.
    pub fn connection_closed(&self) {
        self.connections.dec();
    }

    /// We ended a connection: `idle`, `not-admitted`, `evicted`, `drained` …
    pub fn connection_ended(&self, reason: &'static str) {
        self.connections_ended.get_or_create(&[("reason", reason.to_owned())]).inc();
    }

    /// How many connections are open on the RID port.
    pub fn open_connections(&self) -> u64 {
        u64::try_from(self.connections.get()).unwrap_or(0)
    }

    /// So many peers have this relation.
    pub fn peers(&self, relation: &'static str, count: usize) {
        self.peers.get_or_create(&[("relation", relation.to_owned())]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// The certificate or CRL of `whose` (`ours`, `trust`, `crl`, `peers`) that ends first ends in so many seconds.
    pub fn certificate_expiry(&self, whose: &'static str, seconds: f64) {
        self.expiry.get_or_create(&[("whose", whose.to_owned())]).set(seconds);
    }

    /// Configuration and peers were read again: `ok` or `faulty`.
    pub fn reloaded(&self, outcome: &'static str) {
        self.reloads.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// The daemon started at this instant, in seconds since the epoch.
    pub fn started(&self, epoch_seconds: f64) {
        self.started.set(epoch_seconds);
    }

    /// Whether the node takes messages.
    pub fn ready(&self, ready: bool) {
        self.ready.set(i64::from(ready));
    }

    /// Whether the clock of significant events is this node's to run.
    pub fn clock_held(&self, held: bool) {
        self.clock_held.set(i64::from(held));
    }

    /// The wall clock was seen to jump.
    pub fn clock_stepped(&self) {
        self.clock_steps.inc();
    }
}
