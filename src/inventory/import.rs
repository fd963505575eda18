//! What an import would do: compares the lines of a file with the store, and makes the one batch that does it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::file::{Faults, Line};
use super::walk::walk;
use super::{Config, InventoryError};
use crate::clock::Timestamp;
use crate::store::records::{Patch, PatchState, System};
use crate::store::{Batch, Scan, Store, StoreError};

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ImportReport {
    /// Nothing was written: it was only tried.
    pub dry_run: bool,
    /// How many systems the file has.
    pub systems: usize,
    /// How many of them are new.
    pub added: usize,
    /// How many were changed.
    pub changed: usize,
    /// How many stay as they were.
    pub unchanged: usize,
    /// How many vulnerabilities of single systems were written down as patched or excepted.
    pub patches: usize,
}

/// What is in the store, as far as the file speaks of it.
struct Present {
    systems: HashMap<String, (System, i64)>,
    patches: HashMap<(String, String), (Patch, i64)>,
    /// How many systems there are in all.
    count: usize,
}

impl Present {
    async fn read(store: &Arc<dyn Store>, lines: &[Line]) -> Result<Self, StoreError> {
        let named: std::collections::HashSet<&str> = lines.iter().map(|line| line.name.as_str()).collect();
        let mut present = Self { systems: HashMap::new(), patches: HashMap::new(), count: 0 };
        walk(store, Scan::of::<System>(0), |system: System, revision| {
            present.count += 1;
            if named.contains(system.name.as_str()) {
                present.systems.insert(system.name.clone(), (system, revision));
            }
            true
        })
        .await?;
        if lines.iter().any(|line| !line.patched.is_empty() || !line.excepted.is_empty()) {
            walk(store, Scan::of::<Patch>(0), |patch: Patch, revision| {
                if named.contains(patch.system.as_str()) {
                    present.patches.insert((patch.system.clone(), patch.vulnerability.clone()), (patch, revision));
                }
                true
            })
            .await?;
        }
        Ok(present)
    }
}

/// What is to be done for the lines of a file, as one batch, with the systems it writes.
///
/// # Errors
/// The faults that show only beside the store; too many systems; the store's own.
pub(super) async fn plan(
    store: &Arc<dyn Store>,
    config: &Config,
    lines: Vec<Line>,
    (now, by): (Timestamp, &str),
    mut faults: Faults,
) -> Result<(ImportReport, Batch, Vec<String>), InventoryError> {
    let present = Present::read(store, &lines).await?;
    let mut report = ImportReport { systems: lines.len(), ..ImportReport::default() };
    let mut batch = Batch::new();
    let mut written = Vec::new();
    for line in &lines {
        let kept = present.systems.get(&line.name);
        if kept.is_none() && line.change.unit.is_none() {
            faults.add(line.at, "unit", "the system is new, and the file does not say which unit runs it");
            continue;
        }
        let before = written.len();
        match kept {
            None => {
                report.added += 1;
                batch.insert(&new_system(line, now, by));
                written.push(line.name.clone());
            }
            Some((system, revision)) => {
                let mut next = system.clone();
                line.change.apply(&mut next);
                if next == *system {
                    report.unchanged += 1;
                } else {
                    report.changed += 1;
                    batch.update(&System { changed: now, by: by.to_owned(), ..next }, *revision);
                    written.push(line.name.clone());
                }
            }
        }
        let patches = patch(line, &present.patches, &mut batch, now, by);
        report.patches += patches;
        if patches > 0 && before == written.len() {
            written.push(line.name.clone());
        }
    }
    if faults.total > 0 {
        return Err(InventoryError::File { faults: faults.listed, total: faults.total });
    }
    let systems = present.count + report.added;
    if report.added > 0 && systems > config.systems {
        return Err(InventoryError::TooMany { systems, most: config.systems });
    }
    Ok((report, batch, written))
}

fn new_system(line: &Line, now: Timestamp, by: &str) -> System {
    let mut system = empty(&line.name, now, by);
    line.change.apply(&mut system);
    system
}

/// A system of which nothing is known yet.
pub(super) fn empty(name: &str, now: Timestamp, by: &str) -> System {
    System {
        name: name.to_owned(),
        unit: String::new(),
        owner: None,
        administrators: None,
        addresses: None,
        cpes: None,
        note: None,
        changed: now,
        by: by.to_owned(),
    }
}

/// Writes down what the line says of vulnerabilities, where it is not known yet; how many those are.
fn patch(
    line: &Line,
    present: &HashMap<(String, String), (Patch, i64)>,
    batch: &mut Batch,
    at: Timestamp,
    by: &str,
) -> usize {
    let patched = line.patched.iter().map(|name| (name, (PatchState::Patched, None)));
    let reason = |reason: &String| Some(reason.clone()).filter(|text| !text.is_empty());
    let excepted = line.excepted.iter().map(|(name, why)| (name, (PatchState::Excepted, reason(why))));
    // Each once: the store refuses a batch that inserts a row twice.
    let said: BTreeMap<_, _> = patched.chain(excepted).collect();
    let mut count = 0;
    for (vulnerability, (state, evidence)) in said {
        let patch = Patch {
            system: line.name.clone(),
            vulnerability: vulnerability.clone(),
            state,
            at,
            by: by.to_owned(),
            evidence,
        };
        match present.get(&(line.name.clone(), vulnerability.clone())) {
            None => batch.insert(&patch),
            // Evidence that is better than a file's is not replaced by nothing.
            Some((kept, _)) if kept.state == state && (patch.evidence.is_none() || kept.evidence == patch.evidence) => {
                continue;
            }
            Some((_, revision)) => batch.update(&patch, *revision),
        };
        count += 1;
    }
    count
}
