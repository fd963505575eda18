//! The incidents in hand: which are known, and which instance comes next (RFC 6545 §6.1).
//!
//! A message about an incident that is remembered here needs no reading, and neither does one about an incident that is
//! taken for new: the batch's precondition finds out if it was not, and the second attempt reads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::config::Config;
use crate::clock::Timestamp;
use crate::ids::IncidentName;
use crate::store::records::Incident;
use crate::store::{Batch, Change, Column, Record, Store, StoreError};

/// One incident's record while a batch is being made.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// The record as it will be.
    pub(super) incident: Incident,
    /// As it was read; nothing if it is taken for new.
    revision: Option<i64>,
}

impl Page {
    fn new(name: &IncidentName, now: Timestamp) -> Self {
        let incident = Incident {
            name: name.name.clone(),
            id: name.id.clone(),
            restriction: None,
            purpose: None,
            title: None,
            opened: now,
            changed: now,
            instance: 0,
        };
        Self { incident, revision: None }
    }

    /// Whether the incident was known before.
    pub(super) fn is_known(&self) -> bool {
        self.revision.is_some()
    }

    /// The next unused instance, which is used from now on.
    pub(super) fn next_instance(&mut self) -> String {
        self.incident.instance = self.incident.instance.saturating_add(1);
        self.incident.instance.to_string()
    }

    /// Takes note of an instance that a peer has used.
    pub(super) fn saw_instance(&mut self, instance: Option<&str>) {
        let number = instance.and_then(|text| text.trim().parse::<i64>().ok()).filter(|n| (0..1 << 48).contains(n));
        self.incident.instance = self.incident.instance.max(number.unwrap_or(0));
    }

    /// Adds the record to the batch, with the precondition that nobody else changed it. Where the batch writes it already,
    /// both writes become one, with the higher instance.
    pub(super) fn write(&mut self, batch: &mut Batch) {
        let key = self.incident.to_row().key(Incident::TABLE);
        for change in &mut batch.changes {
            let Change::Put { table, row } = change else { continue };
            if table.name == Incident::TABLE.name && row.key(table) == key {
                if let Ok(earlier) = Incident::from_row(row.clone()) {
                    self.incident.instance = self.incident.instance.max(earlier.instance);
                    self.incident.changed = self.incident.changed.max(earlier.changed);
                }
                *row = self.incident.to_row();
                return;
            }
        }
        match self.revision {
            Some(revision) => batch.update(&self.incident, revision),
            None => batch.insert(&self.incident),
        };
    }
}

/// The incidents that are remembered: the recent ones, in two generations.
#[derive(Debug, Default)]
struct Memory {
    young: HashMap<IncidentName, (Incident, i64)>,
    old: HashMap<IncidentName, (Incident, i64)>,
}

/// All incidents, through the memory of the recent ones.
pub(super) struct Ledger {
    store: Arc<dyn Store>,
    memory: Mutex<Memory>,
    capacity: usize,
}

impl Ledger {
    pub(super) fn new(store: Arc<dyn Store>, config: &Config) -> Self {
        Self { store, memory: Mutex::default(), capacity: config.incident_cache.div_ceil(2) }
    }

    /// The page of an incident as remembered; one that is not remembered is taken for new.
    pub(super) fn assume(&self, name: &IncidentName, now: Timestamp) -> Page {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let found = memory.young.get(name).or_else(|| memory.old.get(name)).cloned();
        let Some((incident, revision)) = found else { return Page::new(name, now) };
        if memory.old.remove(name).is_some() {
            memory.young.insert(name.clone(), (incident.clone(), revision));
        }
        Page { incident, revision: Some(revision) }
    }

    /// The page of an incident as the store has it.
    pub(super) async fn read(&self, name: &IncidentName, now: Timestamp) -> Result<Page, StoreError> {
        let key = vec![name.name.to_value(), name.id.to_value()];
        Ok(match self.store.find_revised::<Incident>(key).await? {
            Some((incident, revision)) => Page { incident, revision: Some(revision) },
            None => Page::new(name, now),
        })
    }

    /// Remembers a page whose batch was committed.
    pub(super) fn committed(&self, page: Page) {
        let name = IncidentName { name: page.incident.name.clone(), id: page.incident.id.clone() };
        let revision = page.revision.unwrap_or(0) + 1;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        // Two batches can be reported in the other order; the newer revision stays.
        let newest = memory.young.get(&name).is_none_or(|(_, known)| *known < revision);
        if newest {
            memory.old.remove(&name);
            memory.young.insert(name, (page.incident, revision));
        }
        if memory.young.len() >= self.capacity {
            memory.old = std::mem::take(&mut memory.young);
        }
    }

    /// Forgets an incident that turned out to be remembered wrongly.
    pub(super) fn forget(&self, name: &IncidentName) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.young.remove(name);
        memory.old.remove(name);
    }
}
