//! What `affected` works on: of every system its unit, its names, parsed once, and its patches, in memory.
//!
//! The store stays the truth. [`Memory`] knows which systems were written since the snapshot was made and reads those
//! again before anybody looks at it: a writer announces them before it commits and lets go of [`Pending`] afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cpe::Name;
use super::profile::{entries, vulnerability};
use super::walk::walk;
use crate::store::records::{Patch, PatchState, System};
use crate::store::{Column, Scan, Store, StoreError};

/// So many systems are read one by one; if more have changed, everything is read anew.
const SINGLY: usize = 2_000;

/// Texts that many systems share, each kept once.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    numbers: HashMap<Arc<str>, u32>,
    words: Vec<Arc<str>>,
}

impl Words {
    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        let word: Arc<str> = word.into();
        self.words.push(Arc::clone(&word));
        self.numbers.insert(word, number);
        number
    }

    /// The number of a word, if any system has it.
    pub(super) fn find(&self, word: &str) -> Option<u32> {
        self.numbers.get(word).copied()
    }

    /// The word of that number.
    pub(super) fn word(&self, number: u32) -> &str {
        self.words.get(number as usize).map_or("", |word| word)
    }
}

/// What is kept of one system.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Its unit, as a number.
    pub(super) unit: u32,
    /// Its CPE names, as numbers.
    pub(super) names: Box<[u32]>,
    /// The vulnerabilities against which nothing is left to do, as numbers.
    pub(super) closed: Vec<u32>,
}

/// All systems at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    /// The systems by name.
    pub(super) systems: BTreeMap<String, Held>,
    /// The units.
    pub(super) units: Words,
    /// The CPE names as written.
    pub(super) names: Words,
    /// The same, parsed, under the same numbers; none where a name cannot be read.
    pub(super) parsed: Vec<Option<Name>>,
    /// The vulnerabilities.
    pub(super) vulnerabilities: Words,
}

impl Snapshot {
    fn put(&mut self, system: &System) {
        let mut names = Vec::new();
        for cpe in entries(system.cpes.as_deref()) {
            let number = self.names.number(cpe);
            if number as usize == self.parsed.len() {
                self.parsed.push(cpe.parse().ok());
            }
            names.push(number);
        }
        let held = Held { unit: self.units.number(&system.unit), names: names.into(), closed: Vec::new() };
        self.systems.insert(system.name.clone(), held);
    }

    fn close(&mut self, patch: &Patch) {
        if patch.state == PatchState::Unpatched {
            return;
        }
        let number = self.vulnerabilities.number(&vulnerability(&patch.vulnerability));
        if let Some(held) = self.systems.get_mut(&patch.system) {
            held.closed.push(number);
        }
    }

    async fn load(store: &Arc<dyn Store>) -> Result<Self, StoreError> {
        let mut snapshot = Self::default();
        walk(store, Scan::of::<System>(0), |system, _| {
            snapshot.put(&system);
            true
        })
        .await?;
        walk(store, Scan::of::<Patch>(0), |patch, _| {
            snapshot.close(&patch);
            true
        })
        .await?;
        Ok(snapshot)
    }

    /// Reads one system again.
    async fn renew(&mut self, store: &Arc<dyn Store>, name: &String) -> Result<(), StoreError> {
        self.systems.remove(name);
        let Some(system) = store.find::<System>(vec![name.to_value()]).await? else { return Ok(()) };
        self.put(&system);
        walk(store, Scan::of::<Patch>(0).with(vec![name.to_value()]), |patch, _| {
            self.close(&patch);
            true
        })
        .await
    }
}

/// What the snapshot lacks.
#[derive(Debug, Default)]
struct Stale {
    /// Systems whose batch was committed, or given up.
    settled: BTreeSet<String>,
    /// Whether any may have been written elsewhere.
    all: bool,
    /// Systems whose batch is under way, by the number of their announcement.
    pending: HashMap<u64, Vec<String>>,
    next: u64,
}

impl Stale {
    /// Takes what is to be read again now: what is settled, once; and what is under way, each time. None: everything.
    fn take(&mut self) -> Option<BTreeSet<String>> {
        let mut systems = std::mem::take(&mut self.settled);
        systems.extend(self.pending.values().flatten().cloned());
        let all = std::mem::take(&mut self.all);
        (!all && systems.len() <= SINGLY).then_some(systems)
    }
}

/// The snapshot and what it lacks.
#[derive(Debug, Default)]
pub(super) struct Memory {
    snapshot: tokio::sync::Mutex<Option<Arc<Snapshot>>>,
    stale: Mutex<Stale>,
}

impl Memory {
    fn stale(&self) -> MutexGuard<'_, Stale> {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces that these systems are about to be written.
    pub(super) fn announce(self: &Arc<Self>, systems: impl IntoIterator<Item = String>) -> Pending {
        let mut stale = self.stale();
        let number = stale.next;
        stale.next += 1;
        stale.pending.insert(number, systems.into_iter().collect());
        Pending { memory: Arc::clone(self), number }
    }

    /// These systems were written by another node; none named: perhaps any.
    pub(super) fn outdated(&self, systems: Option<Vec<String>>) {
        let mut stale = self.stale();
        match systems {
            Some(systems) => stale.settled.extend(systems),
            None => stale.all = true,
        }
    }

    /// The systems as the store has them now.
    pub(super) async fn current(&self, store: &Arc<dyn Store>) -> Result<Arc<Snapshot>, StoreError> {
        let mut kept = self.snapshot.lock().await;
        let stale = self.stale().take();
        let renewed = match (kept.take(), stale) {
            (Some(snapshot), Some(systems)) => renewed(snapshot, store, &systems).await,
            _ => Snapshot::load(store).await.map(Arc::new),
        };
        match renewed {
            Ok(snapshot) => Ok(Arc::clone(kept.insert(snapshot))),
            // Nothing is kept now, so that the next one reads everything.
            Err(error) => Err(error),
        }
    }
}

async fn renewed(
    mut snapshot: Arc<Snapshot>,
    store: &Arc<dyn Store>,
    systems: &BTreeSet<String>,
) -> Result<Arc<Snapshot>, StoreError> {
    if !systems.is_empty() {
        let own = Arc::make_mut(&mut snapshot);
        for name in systems {
            own.renew(store, name).await?;
        }
    }
    Ok(snapshot)
}

/// Systems that are about to be written. Keep it until the batch is committed or given up, then drop it.
#[must_use = "drop it after the commit, or the inventory believes the batch to be under way"]
#[derive(Debug)]
pub struct Pending {
    memory: Arc<Memory>,
    number: u64,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut stale = self.memory.stale();
        if let Some(systems) = stale.pending.remove(&self.number) {
            stale.settled.extend(systems);
        }
    }
}
