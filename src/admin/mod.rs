//! Administration of the running node: the API on its Unix socket, its client, and the listener for metrics and health.

mod config;

pub use config::Config;
