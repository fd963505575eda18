//! What the node counts, in the OpenMetrics text that Prometheus reads.
//!
//! One [`Metrics`] per node, shared by all parts. Every method may be called from any task at any time and never waits.
//! The list of names is in `docs/operations.md`; a test compares it with what is rendered.

mod counting;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

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
    parcels: Family<Two, Level>,
    parcel_age: Family<One, Seconds>,
    tries: Family<Two, Count>,
    notices: Family<Two, Count>,
    notice_fates: Family<Two, Count>,
    acknowledgements: Family<One, Count>,
    events: Family<Two, Level>,
    milestones_overdue: Family<One, Level>,
    notices_unanswered: Family<One, Level>,
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
    clock_held: Level,
    ready: Level,
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
            parcel_age: Family::default(),
            tries: Family::default(),
            notices: Family::default(),
            notice_fates: Family::default(),
            acknowledgements: Family::default(),
            events: Family::default(),
            milestones_overdue: Family::default(),
            notices_unanswered: Family::default(),
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
            clock_held: Gauge::default(),
            ready: Gauge::default(),
        };
        metrics.register_exchange(&mut registry);
        metrics.register_events(&mut registry);
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

    fn register_events(&self, registry: &mut Registry) {
        registry.register("events", "Significant events that are held or open", self.events.clone());
        registry.register(
            "milestones_overdue",
            "Milestones of open events, or of a unit in them, that are past due",
            self.milestones_overdue.clone(),
        );
        registry.register(
            "notices_unanswered",
            "Notices of open events that the person has not answered, about things that nobody has answered",
            self.notices_unanswered.clone(),
        );
        registry.register("notices", "Tries to tell a person, by channel and outcome", self.notices.clone());
        registry.register("notice_fates", "What became of notices, by channel", self.notice_fates.clone());
        registry.register(
            "acknowledgements",
            "What came of the links in notices, by outcome",
            self.acknowledgements.clone(),
        );
    }

    fn register_outbox_and_store(&self, registry: &mut Registry) {
        registry.register("outbox_parcels", "Parcels in the outbox, by carrier and state", self.parcels.clone());
        registry.register(
            "outbox_oldest_seconds",
            "Age of the oldest undelivered parcel, by carrier",
            self.parcel_age.clone(),
        );
        registry.register("outbox_tries", "Tries to deliver a parcel, by carrier and outcome", self.tries.clone());
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
        registry.register(
            "clock_held",
            "1 while this node runs the clock of significant events, else 0",
            self.clock_held.clone(),
        );
        registry.register("ready", "1 while the node takes messages, else 0", self.ready.clone());
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
mod tests;
