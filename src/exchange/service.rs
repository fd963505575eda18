//! The exchange itself: what it holds, and how its batches are committed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::config::Config;
use super::ledger::{Ledger, Page};
use super::neighbours::{self, Neighbours};
use super::undecided::Undecided;
use crate::clock::{Clock, Timestamp};
use crate::envelope::{self, Envelopes, Keyring, Limits, Reading};
use crate::ids::{IncidentName, PeerName};
use crate::outbox::Outbox;
use crate::peers::Peer;
use crate::routing;
use crate::store::{Batch, Record, Scan, Store, StoreError};
use crate::telemetry::Metrics;

/// How often a batch is made again when others changed the same records meanwhile.
pub(super) const TRIES: usize = 8;

/// What an exchange is made of.
pub struct ExchangeParts {
    /// Where everything is filed.
    pub store: Arc<dyn Store>,
    /// The single way out.
    pub outbox: Arc<Outbox>,
    /// Who the peers are.
    pub neighbours: Arc<dyn Neighbours>,
    /// The table `[exchange]`.
    pub config: Config,
    /// The table `[routing]`.
    pub routing: routing::Config,
    /// The table `[xml]`.
    pub limits: Limits,
    /// The table `[envelope]`.
    pub envelope: envelope::Config,
    /// Our keys and those of the peers.
    pub keyring: Arc<dyn Keyring>,
    /// Who tells the time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The single way in. One per node; shared by reference.
pub struct Exchange {
    pub(super) store: Arc<dyn Store>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) neighbours: Arc<dyn Neighbours>,
    pub(super) config: Config,
    pub(super) routing: routing::Config,
    /// How messages are opened and sealed.
    pub(super) envelopes: Envelopes,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) ledger: Ledger,
    pub(super) undecided: Undecided,
    /// The address that each peer was last seen at, for the Node of what we send it.
    seen: Mutex<HashMap<PeerName, IpAddr>>,
}

impl Exchange {
    /// An exchange over these parts. It reads nothing before the first message.
    pub fn new(parts: ExchangeParts) -> Arc<Self> {
        let ledger = Ledger::new(parts.store.clone(), &parts.config);
        let reading = Reading::new(parts.limits, &parts.config.accept_values);
        Arc::new(Self {
            ledger,
            undecided: Undecided::default(),
            seen: Mutex::default(),
            store: parts.store,
            outbox: parts.outbox,
            neighbours: parts.neighbours,
            envelopes: Envelopes::new(parts.keyring, reading, parts.envelope),
            config: parts.config,
            routing: parts.routing,
            clock: parts.clock,
            metrics: parts.metrics,
        })
    }

    /// Takes note of the address a peer was seen at.
    pub(super) fn saw(&self, peer: &PeerName, address: IpAddr) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get_mut(peer) {
            Some(known) => *known = address,
            None => drop(seen.insert(peer.clone(), address)),
        }
    }

    /// The IP address of a peer, as configured or as last seen.
    pub(super) fn address_of(&self, peer: &Peer) -> Option<IpAddr> {
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&peer.name).copied();
        neighbours::literal_address(peer).or_else(seen)
    }

    /// Commits, and counts how long it took or why it failed.
    pub(super) async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let begun = self.clock.now();
        let outcome = self.store.commit(batch).await;
        match &outcome {
            Ok(()) => self.metrics.committed(self.clock.now().since(begun)),
            Err(StoreError::Conflict { .. }) => self.metrics.store_fault("conflict", false),
            Err(StoreError::Full { .. }) => self.metrics.store_fault("full", true),
            Err(_) => self.metrics.store_fault("broken", true),
        }
        outcome
    }

    /// The page of an incident: as remembered on the first attempt, else as the store has it.
    pub(super) async fn page(&self, name: &IncidentName, fresh: bool, now: Timestamp) -> Result<Page, StoreError> {
        if fresh {
            self.ledger.forget(name);
            return self.ledger.read(name, now).await;
        }
        let page = self.ledger.assume(name, now);
        if page.is_known() { Ok(page) } else { self.ledger.read(name, now).await }
    }

    /// The records of a scan, each with its revision.
    pub(super) async fn revised<R: Record>(&self, scan: Scan) -> Result<Vec<(R, i64)>, StoreError> {
        let rows = self.store.rows(scan).await?;
        rows.into_iter()
            .map(|row| {
                let revision = row.revision;
                Ok((R::from_row(row)?, revision))
            })
            .collect()
    }
}
