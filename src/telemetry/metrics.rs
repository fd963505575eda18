//! What the node counts, in the OpenMetrics text that Prometheus reads.
//!
//! One [`Metrics`] per node, shared by all parts. Every method may be called from any task at any time and never waits.
//! The list of names is in `docs/operations.md`; a test compares it with what is rendered.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

type One = [(&'static str, String); 1];
type Two = [(&'static str, String); 2];
type Count = Counter<u64, AtomicU64>;
type Level = Gauge<i64, AtomicI64>;
type Seconds = Gauge<f64, AtomicU64>;

/// The message types of RFC 6545 §5.3; whatever else a peer writes counts as `other`.
const MSG_TYPES: [&str; 6] = ["Acknowledgement", "Result", "InvestigationRequest", "TraceRequest", "Report", "Query"];

/// Bounds of the latency histograms in seconds: from what a warm store needs to what a client waits at most.
const LATENCIES: [f64; 13] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

/// All that one node counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    received: Family<Two, Count>,
    received_bytes: Count,
    refusals: Family<One, Count>,
    answers: Family<One, Count>,
    receive: Histogram,
    improper_responses: Count,
    relays: Family<One, Count>,
    relay_refusals: Family<One, Count>,
    callbacks: Level,
    parcels: Family<One, Level>,
    parcel_age: Seconds,
    tries: Family<One, Count>,
    notices: Family<Two, Count>,
    commits: Histogram,
    store_faults: Family<One, Count>,
    store_failing: Level,
    connections: Level,
    accepted: Count,
    connections_ended: Family<One, Count>,
    peers: Family<One, Level>,
    expiry: Family<One, Seconds>,
    reloads: Family<One, Count>,
    started: Seconds,
    clock_steps: Count,
}

impl Metrics {
    /// Metrics that stand at zero.
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("ridd");
        let build = [("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The version of this daemon", Info::new(build));
        let mut metrics = Self {
            registry: Registry::default(),
            received: Family::default(),
            received_bytes: Counter::default(),
            refusals: Family::default(),
            answers: Family::default(),
            receive: Histogram::new(LATENCIES),
            improper_responses: Counter::default(),
            relays: Family::default(),
            relay_refusals: Family::default(),
            callbacks: Gauge::default(),
            parcels: Family::default(),
            parcel_age: Gauge::default(),
            tries: Family::default(),
            notices: Family::default(),
            commits: Histogram::new(LATENCIES),
            store_faults: Family::default(),
            store_failing: Gauge::default(),
            connections: Gauge::default(),
            accepted: Counter::default(),
            connections_ended: Family::default(),
            peers: Family::default(),
            expiry: Family::default(),
            reloads: Family::default(),
            started: Gauge::default(),
            clock_steps: Counter::default(),
        };
        metrics.register_exchange(&mut registry);
        metrics.register_outbox_and_store(&mut registry);
        metrics.register_node(&mut registry);
        metrics.registry = registry;
        Arc::new(metrics)
    }

    fn register_exchange(&self, registry: &mut Registry) {
        registry.register("messages_received", "RID messages received, by MsgType and verdict", self.received.clone());
        registry.register("messages_received_bytes", "Bytes of RID messages received", self.received_bytes.clone());
        registry.register("answers", "HTTP answers to peers, by status", self.answers.clone());
        registry.register(
            "receive_seconds",
            "From the whole message having arrived to its answer being ready",
            self.receive.clone(),
        );
        registry.register(
            "improper_responses",
            "Improper RID messages in HTTP responses of peers",
            self.improper_responses.clone(),
        );
        registry.register("relays", "Messages relayed, by the relation they go to", self.relays.clone());
        registry.register("relay_refusals", "Messages not relayed, by reason", self.relay_refusals.clone());
        registry.register(
            "undecided_requests",
            "Requests of peers that nobody has decided yet",
            self.callbacks.clone(),
        );
    }

    fn register_outbox_and_store(&self, registry: &mut Registry) {
        registry.register("outbox_parcels", "Parcels in the outbox, by state", self.parcels.clone());
        registry.register("outbox_oldest_seconds", "Age of the oldest undelivered parcel", self.parcel_age.clone());
        registry.register("outbox_tries", "Tries to deliver a parcel, by outcome", self.tries.clone());
        registry.register("notices", "Tries to tell a person, by channel and outcome", self.notices.clone());
        registry.register(
            "store_commit_seconds",
            "From handing a batch to the store to its being on the disk",
            self.commits.clone(),
        );
        registry.register("store_faults", "Commits that failed, by reason", self.store_faults.clone());
        registry.register(
            "store_failing",
            "1 while the store cannot take messages (full disk, broken disk), else 0",
            self.store_failing.clone(),
        );
    }

    fn register_node(&self, registry: &mut Registry) {
        registry.register("connections_open", "Connections open on the RID port", self.connections.clone());
        registry.register("connections_accepted", "Connections accepted on the RID port", self.accepted.clone());
        registry.register(
            "connections_ended",
            "Connections on the RID port that we ended, by reason",
            self.connections_ended.clone(),
        );
        registry.register("refusals", "Connections and requests refused, by reason", self.refusals.clone());
        registry.register("peers", "Peers, by relation", self.peers.clone());
        registry.register(
            "certificate_expiry_seconds",
            "Until the certificate (or CRL) that ends first ends, by whose it is; negative once it has",
            self.expiry.clone(),
        );
        registry.register("reloads", "Reloads of configuration and peers, by outcome", self.reloads.clone());
        registry.register("start_time_seconds", "When the daemon started, since the epoch", self.started.clone());
        registry.register(
            "clock_steps",
            "How often the wall clock jumped against the monotonic one",
            self.clock_steps.clone(),
        );
    }

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
        self.callbacks.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So many parcels are in this state.
    pub fn parcels(&self, state: &'static str, count: u64) {
        self.parcels.get_or_create(&[("state", state.to_owned())]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// The oldest parcel that is not delivered is this old; zero if there is none.
    pub fn oldest_parcel(&self, age: Duration) {
        self.parcel_age.set(age.as_secs_f64());
    }

    /// A try to deliver a parcel ended: `delivered`, `later`, `refused` …
    pub fn tried(&self, outcome: &'static str) {
        self.tries.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// A try to tell a person ended: on this channel, `delivered`, `later` or `refused`.
    pub fn noticed(&self, channel: &'static str, outcome: &'static str) {
        self.notices.get_or_create(&[("channel", channel.to_owned()), ("outcome", outcome.to_owned())]).inc();
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

    /// The wall clock was seen to jump.
    pub fn clock_stepped(&self) {
        self.clock_steps.inc();
    }

    /// All metrics as OpenMetrics text, content type [`Self::CONTENT_TYPE`].
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(8 * 1024);
        // Writing to a String does not fail; what a metric cannot encode is left out rather than ending the daemon.
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "metrics cannot be rendered");
        }
        text
    }

    /// The media type of [`Self::render`].
    pub const CONTENT_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered() {
        let metrics = Metrics::new();
        metrics.received("Report", "accepted", 4096);
        metrics.received("made-up-by-a-peer", "denied", 1);
        metrics.answered(200);
        metrics.committed(Duration::from_millis(3));
        metrics.connection_accepted();
        metrics.certificate_expiry("node", -5.0);
        let text = metrics.render();
        for line in [
            "ridd_messages_received_total{type=\"Report\",verdict=\"accepted\"} 1",
            "ridd_messages_received_total{type=\"other\",verdict=\"denied\"} 1",
            "ridd_messages_received_bytes_total 4097",
            "ridd_answers_total{status=\"200\"} 1",
            "ridd_store_commit_seconds_bucket{le=\"0.005\"} 1",
            "ridd_connections_open 1",
            "ridd_certificate_expiry_seconds{whose=\"node\"} -5.0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn every_metric_is_in_the_manual_and_every_one_there_exists() {
        let manual = include_str!("../../docs/operations.md");
        let metrics = Metrics::new();
        // A family shows only once it has a member.
        metrics.received("Report", "accepted", 1);
        metrics.refused("x");
        metrics.answered(200);
        metrics.relayed("x");
        metrics.relay_refused("x");
        metrics.parcels("x", 1);
        metrics.tried("x");
        metrics.noticed("x", "x");
        metrics.store_fault("x", false);
        metrics.connection_ended("x");
        metrics.peers("x", 1);
        metrics.certificate_expiry("x", 1.0);
        metrics.reloaded("x");
        let text = metrics.render();
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let mut names: Vec<String> = types
            .map(|(name, kind)| match kind {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.to_owned(),
            })
            .collect();
        let rows = manual.lines().filter_map(|line| line.strip_prefix("| `ridd_"));
        let mut documented: Vec<String> =
            rows.filter_map(|row| row.split('`').next()).map(|name| format!("ridd_{name}")).collect();
        names.sort();
        documented.sort();
        assert_eq!(names, documented);
    }

    #[test]
    fn a_store_that_fails_is_shown_until_a_commit_succeeds() {
        let metrics = Metrics::new();
        metrics.store_fault("conflict", false);
        assert!(!metrics.is_store_failing());
        metrics.store_fault("full", true);
        assert!(metrics.is_store_failing());
        metrics.committed(Duration::ZERO);
        assert!(!metrics.is_store_failing());
    }
}
