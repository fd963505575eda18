//! Telemetry: what the node counts ([`Metrics`]) and how it logs ([`logging`]).
//!
//! Called by every part that has something to count, and by `daemon`, which sets logging up, and `admin`, which shows
//! the metrics. It promises that no label can grow without bound: labels are words of ours (`&'static str`) or come from
//! a closed list, never text that a peer chose.

mod config;
pub mod logging;
mod metrics;

pub use config::{BadLevels, Config, Format, Level, Levels};
pub use metrics::Metrics;
