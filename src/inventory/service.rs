//! The inventory as others see it: over the store, with a parsed copy in memory for the questions that must be fast.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::affected::{Affected, affected};
use super::file::{self, Faults, Format, Writer};
use super::import::{self, ImportReport};
use super::profile::{Profile, SystemChange, unfit_name, vulnerability};
use super::snapshot::{Memory, Pending};
use super::walk::walk;
use super::{Config, FieldFault, InventoryError};
use crate::clock::Clock;
use crate::store::records::{Patch, System};
use crate::store::{Batch, Bound, Column, Scan, Store, StoreError};

/// Which systems to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those that this unit runs.
    pub unit: Option<String>,
    /// Only those with this text in a field, in upper or lower case.
    pub text: Option<String>,
    /// Only those whose name comes after this one.
    pub after: Option<String>,
}

/// The systems, what they are, and how they stand to vulnerabilities.
pub struct Inventory {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    config: Config,
    memory: Arc<Memory>,
    /// Held by whoever compares with the store and then writes.
    writing: Mutex<()>,
}

impl Inventory {
    /// The inventory in that store. Nothing is read yet: see [`Inventory::warm`].
    pub fn new(store: Arc<dyn Store>, config: Config, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { store, clock, config, memory: Arc::default(), writing: Mutex::default() })
    }

    /// Its settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Reads the systems into memory, so that the first question is answered as fast as the others.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn warm(&self) -> Result<(), StoreError> {
        self.memory.current(&self.store).await.map(drop)
    }

    /// Another node has written these systems, or what is known of their patches; none named: perhaps any. They are read again
    /// before the next question is answered.
    pub fn heard(&self, systems: Option<Vec<String>>) {
        self.memory.outdated(systems);
    }

    /// Takes in a file of systems: those it names are added or changed, no other is touched. All of it is one batch, so
    /// that the store has either all or nothing of it; with `dry_run` it has nothing.
    ///
    /// # Errors
    /// [`InventoryError::File`] with the faults of the file; too large; too many systems; the store's.
    pub async fn import(
        &self,
        bytes: bytes::Bytes,
        format: Format,
        dry_run: bool,
        by: &str,
    ) -> Result<ImportReport, InventoryError> {
        if bytes.len() > self.config.import_bytes {
            return Err(InventoryError::TooLarge { bytes: bytes.len(), most: self.config.import_bytes });
        }
        let config = self.config.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let mut faults = Faults::new(&config);
            let lines = file::read(&bytes, format, &config, &mut faults);
            (lines, faults)
        });
        let (lines, faults) = reading.await.map_err(|_| InventoryError::BrokeOff)?;
        if faults.total > 0 {
            return Err(InventoryError::File { faults: faults.listed, total: faults.total });
        }
        let _writing = self.writing.lock().await;
        let now = self.clock.now();
        let (report, batch, written) = import::plan(&self.store, &self.config, lines, (now, by), faults).await?;
        if dry_run || batch.is_empty() {
            return Ok(ImportReport { dry_run, ..report });
        }
        let _pending = self.memory.announce(written);
        self.store.commit(batch).await?;
        Ok(report)
    }

    /// All systems with their patches, as a file that [`Inventory::import`] takes.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn export(&self, format: Format) -> Result<Vec<u8>, InventoryError> {
        let mut patches: std::collections::HashMap<String, Vec<Patch>> = std::collections::HashMap::new();
        walk(&self.store, Scan::of::<Patch>(0), |patch: Patch, _| {
            patches.entry(patch.system.clone()).or_default().push(patch);
            true
        })
        .await?;
        let mut writer = Writer::new(format);
        walk(&self.store, Scan::of::<System>(0), |system: System, _| {
            let patches = patches.remove(&system.name).unwrap_or_default();
            writer.add(&Profile::new(system, &patches));
            true
        })
        .await?;
        Ok(writer.end())
    }

    /// The systems that pass the filter, by name, at most `limit`; and whether there are more.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn list(&self, filter: &Filter, limit: usize) -> Result<(Vec<System>, bool), InventoryError> {
        let mut scan = Scan::of::<System>(0);
        if let Some(unit) = &filter.unit {
            scan = scan.by("by_unit").with(vec![unit.to_ascii_lowercase().to_value()]);
        }
        if let Some(after) = &filter.after {
            scan = scan.from(Bound::Excluding(vec![after.to_value()]));
        }
        let text = filter.text.as_ref().map(|text| text.to_lowercase());
        let (mut found, mut more) = (Vec::new(), false);
        walk(&self.store, scan, |system: System, _| {
            if text.as_ref().is_some_and(|text| !speaks_of(&system, text)) {
                return true;
            }
            more = found.len() == limit;
            if !more {
                found.push(system);
            }
            !more
        })
        .await?;
        Ok((found, more))
    }

    /// All systems that a unit runs, by name.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn of_unit(&self, unit: &str) -> Result<Vec<System>, InventoryError> {
        let filter = Filter { unit: Some(unit.to_owned()), ..Filter::default() };
        Ok(self.list(&filter, usize::MAX).await?.0)
    }

    /// One system and how it stands to each vulnerability that was looked at; none if it is not there.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn show(&self, name: &str) -> Result<Option<(System, Vec<Patch>)>, InventoryError> {
        let Some(system) = self.store.find::<System>(vec![name.to_owned().to_value()]).await? else { return Ok(None) };
        Ok(Some((system, self.patches(name).await?)))
    }

    async fn patches(&self, system: &str) -> Result<Vec<Patch>, StoreError> {
        let mut patches = Vec::new();
        let scan = Scan::of::<Patch>(0).with(vec![system.to_owned().to_value()]);
        walk(&self.store, scan, |patch, _| {
            patches.push(patch);
            true
        })
        .await?;
        Ok(patches)
    }

    /// Changes a system, or adds it if the change names the unit that runs it; the system as it is now.
    ///
    /// # Errors
    /// [`InventoryError::Fields`] with all that is wrong; [`InventoryError::NoSuchSystem`]; the store's.
    pub async fn set(&self, name: &str, mut change: SystemChange, by: &str) -> Result<System, InventoryError> {
        let name = name.trim();
        let mut faults: Vec<_> = unfit_name(name).map(|why| FieldFault { field: "name", why }).into_iter().collect();
        change.check(&self.config, &mut faults);
        if !faults.is_empty() {
            return Err(InventoryError::Fields { name: name.to_owned(), faults });
        }
        let _writing = self.writing.lock().await;
        let now = self.clock.now();
        let mut batch = Batch::new();
        let system = match self.store.find_revised::<System>(vec![name.to_owned().to_value()]).await? {
            Some((mut system, revision)) => {
                change.apply(&mut system);
                let system = System { changed: now, by: by.to_owned(), ..system };
                batch.update(&system, revision);
                system
            }
            None if change.unit.is_none() => return Err(InventoryError::NoSuchSystem { name: name.to_owned() }),
            None => {
                let systems = self.count().await?.saturating_add(1);
                if systems > self.config.systems {
                    return Err(InventoryError::TooMany { systems, most: self.config.systems });
                }
                let mut system = import::empty(name, now, by);
                change.apply(&mut system);
                batch.insert(&system);
                system
            }
        };
        let _pending = self.memory.announce([name.to_owned()]);
        self.store.commit(batch).await?;
        Ok(system)
    }

    /// How many systems there are.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn count(&self) -> Result<usize, StoreError> {
        let count = self.store.count(<System as crate::store::Record>::TABLE).await?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Takes a system out, with what is known of its patches. The logs of events keep what they say of it.
    ///
    /// # Errors
    /// [`InventoryError::NoSuchSystem`], or the store's.
    pub async fn remove(&self, name: &str) -> Result<(), InventoryError> {
        let _writing = self.writing.lock().await;
        let key = vec![name.to_owned().to_value()];
        let Some((_, patches)) = self.show(name).await? else {
            return Err(InventoryError::NoSuchSystem { name: name.to_owned() });
        };
        let mut batch = Batch::new();
        batch.delete::<System>(key);
        for patch in patches {
            batch.delete::<Patch>(vec![patch.system.to_value(), patch.vulnerability.to_value()]);
        }
        let _pending = self.memory.announce([name.to_owned()]);
        self.store.commit(batch).await?;
        Ok(())
    }

    /// By unit, the systems that one of these platforms (CPE names) means and on which something is left to do: those that
    /// are not patched, nor excepted, against at least one of the vulnerabilities. If no vulnerability is named, all that
    /// are meant. What a system's name leaves open counts as affected ([`Certainty::Possibly`](super::Certainty)).
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn affected(&self, platforms: &[String], vulnerabilities: &[String]) -> Result<Affected, InventoryError> {
        let snapshot = self.memory.current(&self.store).await?;
        let (platforms, vulnerabilities) = (platforms.to_vec(), vulnerabilities.to_vec());
        let comparing = tokio::task::spawn_blocking(move || affected(&snapshot, &platforms, &vulnerabilities));
        comparing.await.map_err(|_| InventoryError::BrokeOff)
    }

    /// Writes down, as a part of the caller's batch, how systems stand to vulnerabilities, over whatever was known. The
    /// vulnerabilities' names are brought into the form in which they are kept.
    ///
    /// Keep what this returns until the batch is committed or given up.
    pub fn mark(&self, batch: &mut Batch, patches: impl IntoIterator<Item = Patch>) -> Pending {
        let mut systems = Vec::new();
        for patch in patches {
            let patch = Patch { vulnerability: vulnerability(&patch.vulnerability), ..patch };
            batch.put(&patch);
            systems.push(patch.system);
        }
        self.memory.announce(systems)
    }
}

/// Whether a field has the text, which is in lower case.
fn speaks_of(system: &System, text: &str) -> bool {
    let System { name, unit, owner, administrators, addresses, cpes, note, changed: _, by: _ } = system;
    let optional = [owner, administrators, addresses, cpes, note];
    let fields = [name, unit].into_iter().chain(optional.into_iter().flatten());
    fields.into_iter().any(|field| field.to_lowercase().contains(text))
}

#[cfg(test)]
mod tests;
