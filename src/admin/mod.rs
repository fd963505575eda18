//! Administration of the running node: the API on its Unix socket, its client, and the listener for metrics and health.
//!
//! The daemon calls [`bind`] and then [`serve`]; the command line calls [`Client`] and reads the types of [`api`]. The
//! socket is for operators, whose user the kernel names at every connection; the listener answers anyone who reaches
//! it, and only with figures.

mod acknowledge;
pub mod api;
mod auth;
mod call;
mod client;
mod config;
mod control;
mod credentials;
mod door;
pub mod event;
mod health;
mod http;
mod officers;
mod operators;
mod page;
pub(crate) mod picture;
mod problem;
mod server;
mod staff;
mod trail;
mod users;

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::inventory::Inventory;
use crate::outbox::Outbox;
use crate::peers::Directory;
use crate::rid::Reading;
use crate::roster::Rosters;
use crate::store::Store;
use crate::telemetry::Metrics;

pub use acknowledge::Config as AcknowledgeConfig;
pub use client::{Client, ClientError, path, with_parameters};
pub use config::{Config, Fault};
pub use control::Control;
pub use door::PageConfig;
pub use officers::{Answered, Linked, Officers, OpenOrder};
pub use problem::{Code, Problem};
pub use server::{BindError, Bound, bind, serve};
pub use staff::{DecideOrder, QueryOrder, SendOrder, Staff};

/// What administration works on: handles of the running node's parts.
pub struct Parts {
    /// The settings of this part.
    pub config: Config,
    /// When the node was started.
    pub started: Timestamp,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The store, to list from.
    pub store: Arc<dyn Store>,
    /// Who the peers are.
    pub directory: Arc<Directory>,
    /// The outbox.
    pub outbox: Arc<Outbox>,
    /// How messages are read, under the node's limits.
    pub reading: Reading,
    /// Who is called.
    pub rosters: Arc<Rosters>,
    /// The systems.
    pub inventory: Arc<Inventory>,
    /// Whoever carries out what staff order.
    pub staff: Arc<dyn Staff>,
    /// Whoever coordinates significant events.
    pub officers: Arc<dyn Officers>,
    /// The node as a whole.
    pub control: Arc<dyn Control>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

#[cfg(test)]
mod tests;
