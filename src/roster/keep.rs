//! The stored roster: imported whole or not at all, read back, and shared with whoever asks who is called.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::RosterError;
use super::fault::Fault;
use super::person::Person;
use super::roll::{Parsed, Roster};
use crate::clock::Timestamp;
use crate::store::records::{Contact, Peer, Relation, System};
use crate::store::{Batch, Bound, Precondition, Record, Scan, Store, StoreError, Value};

/// Rows read from the store at a time.
const PAGE: usize = 1_000;
/// Warnings of one kind at most.
const WARNINGS: usize = 50;

/// What an import did, or with a dry run would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Imported {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How many persons the roster has now.
    pub persons: usize,
    /// Who is new, by id.
    pub added: Vec<String>,
    /// Who was there and is different now.
    pub changed: Vec<String>,
    /// Who is no longer there.
    pub removed: Vec<String>,
    /// What should be looked at.
    pub warnings: Vec<Fault>,
}

/// What the store has.
struct Kept {
    roster: Roster,
    imported: Option<Timestamp>,
}

impl Roster {
    /// Puts the roster of the text in the place of the stored one, in one batch; with `dry_run` only says what that would
    /// do. `by` is who imports it, as the log names operators.
    ///
    /// # Errors
    /// [`RosterError::Faults`] with all that is wrong with the text, and those of the store. Nothing has changed then.
    pub async fn import(
        store: &dyn Store,
        text: &str,
        dry_run: bool,
        by: &str,
        now: Timestamp,
    ) -> Result<Imported, RosterError> {
        let Parsed { roster, mut warnings } = Self::parse(text).map_err(|faults| RosterError::Faults { faults })?;
        warnings.extend(unknown_units(store, &roster).await?);
        warnings.extend(unknown_persons(store, &roster).await?);
        // A roster that cannot be read any more must not stand in the way of a new one.
        let (before, revisions) = rows(store).await?;
        let before: BTreeMap<String, Option<Person>> = before
            .into_iter()
            .map(|row| (row.id.clone(), Person::from_contact(row).ok().map(|(_, person)| person)))
            .collect();
        let ids = |keep: &dyn Fn(&&Person) -> bool| -> Vec<String> {
            roster.persons().iter().filter(keep).map(|person| person.id.clone()).collect()
        };
        let imported = Imported {
            dry_run,
            persons: roster.persons().len(),
            added: ids(&|person| !before.contains_key(&person.id)),
            changed: ids(&|person| before.get(&person.id).is_some_and(|known| known.as_ref() != Some(*person))),
            removed: before.keys().filter(|id| roster.person(id).is_none()).cloned().collect(),
            warnings,
        };
        if !dry_run {
            let batch = replacement(&roster, &revisions, by, now)?;
            store.commit(batch).await.map_err(|error| match error {
                StoreError::Conflict { .. } => RosterError::ChangedMeanwhile,
                other => other.into(),
            })?;
        }
        Ok(imported)
    }

    /// The stored roster; empty if none was imported.
    ///
    /// # Errors
    /// If the store fails or a row is damaged.
    pub async fn load(store: &dyn Store) -> Result<Self, RosterError> {
        Ok(kept(store).await?.roster)
    }
}

/// All rows with their revisions, which a replacement must still find.
async fn rows(store: &dyn Store) -> Result<(Vec<Contact>, BTreeMap<String, i64>), StoreError> {
    let (mut found, mut revisions) = (Vec::new(), BTreeMap::new());
    let mut scan = Scan::of::<Contact>(PAGE);
    loop {
        let page = store.rows(scan.clone()).await?;
        let last = page.last().filter(|_| page.len() == PAGE).map(|row| row.key(Contact::TABLE));
        for row in page {
            let revision = row.revision;
            let contact = Contact::from_row(row)?;
            revisions.insert(contact.id.clone(), revision);
            found.push(contact);
        }
        let Some(last) = last else { return Ok((found, revisions)) };
        scan.from = Some(Bound::Excluding(last));
    }
}

async fn kept(store: &dyn Store) -> Result<Kept, RosterError> {
    let (rows, _) = rows(store).await?;
    let imported = rows.first().map(|row| row.imported);
    let mut persons = rows.into_iter().map(Person::from_contact).collect::<Result<Vec<_>, _>>()?;
    persons.sort_by_key(|(order, _)| *order);
    let roster = Roster::of(persons.into_iter().map(|(_, person)| person).collect());
    Ok(Kept { roster, imported })
}

/// One batch that makes the rows those of the roster, unless they have changed since they were read.
fn replacement(
    roster: &Roster,
    revisions: &BTreeMap<String, i64>,
    by: &str,
    now: Timestamp,
) -> Result<Batch, RosterError> {
    let mut batch = Batch::new();
    for (order, person) in roster.persons().iter().enumerate() {
        let row = person.to_contact(order, by, now)?;
        match revisions.get(&person.id) {
            Some(revision) => batch.update(&row, *revision),
            None => batch.insert(&row),
        };
    }
    for (id, revision) in revisions.iter().filter(|(id, _)| roster.person(id).is_none()) {
        let key = vec![Value::Text(id.clone())];
        batch.preconditions.push(Precondition::Revision {
            table: Contact::TABLE,
            key: key.clone(),
            revision: *revision,
        });
        batch.delete::<Contact>(key);
    }
    Ok(batch)
}

fn warning(key: String, message: String) -> Fault {
    Fault { line: None, key, message }
}

/// Units that persons answer for and that are no peers of ours: no alert would go there.
async fn unknown_units(store: &dyn Store, roster: &Roster) -> Result<Vec<Fault>, StoreError> {
    let named = roster.units();
    let mut unknown = Vec::new();
    for unit in named {
        let peer = store.find::<Peer>(vec![Value::Text(unit.to_owned())]).await?;
        if peer.is_none_or(|peer| peer.relation != Relation::Unit) {
            let message =
                format!("{unit} is no peer of relation unit yet; this node itself is named by leaving unit out");
            unknown.push(warning("unit".to_owned(), message));
        }
        if unknown.len() == WARNINGS {
            break;
        }
    }
    Ok(unknown)
}

/// Persons whom the inventory names and the roster has not: nobody would be called for their systems.
async fn unknown_persons(store: &dyn Store, roster: &Roster) -> Result<Vec<Fault>, StoreError> {
    let mut unknown: BTreeSet<(String, String)> = BTreeSet::new();
    let mut scan = Scan::of::<System>(PAGE);
    loop {
        let page = store.rows(scan.clone()).await?;
        let last = page.last().filter(|_| page.len() == PAGE).map(|row| row.key(System::TABLE));
        for row in page {
            let system = System::from_row(row)?;
            let administrators = system.administrators.as_deref().unwrap_or_default().lines();
            let named = system.owner.as_deref().into_iter().chain(administrators).map(str::trim);
            for person in named.filter(|id| !id.is_empty() && roster.person(id).is_none()) {
                let first_seen = !unknown.iter().any(|(known, _)| known == person);
                if first_seen && unknown.len() < WARNINGS {
                    unknown.insert((person.to_owned(), system.name.clone()));
                }
            }
        }
        let Some(last) = last else { break };
        scan.from = Some(Bound::Excluding(last));
    }
    let told = |(person, system): (String, String)| {
        let message = format!(
            "the inventory names {person:?}, who is not in this roster (system {system}); whoever is the unit's contact \
             is called instead"
        );
        warning("inventory".to_owned(), message)
    };
    Ok(unknown.into_iter().map(told).collect())
}

/// The roster of the running node: read at the start, replaced by an import.
pub struct Rosters {
    store: Arc<dyn Store>,
    current: RwLock<(Arc<Roster>, Option<Timestamp>)>,
    /// Held through an import, so that no two publish over each other.
    importing: tokio::sync::Mutex<()>,
}

impl Rosters {
    /// Reads the stored roster.
    ///
    /// # Errors
    /// If the store fails. Rows that cannot be read are no reason not to start: see [`Self::current`].
    pub async fn open(store: Arc<dyn Store>) -> Result<Arc<Self>, RosterError> {
        let read = match kept(&*store).await {
            Ok(kept) => (Arc::new(kept.roster), kept.imported),
            Err(RosterError::Store(error)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(%error, "the roster cannot be read: nobody can be called until it is imported again");
                (Arc::default(), None)
            }
        };
        Ok(Arc::new(Self { store, current: RwLock::new(read), importing: tokio::sync::Mutex::default() }))
    }

    /// The roster as it is now; empty if none was imported or its rows are damaged.
    pub fn current(&self) -> Arc<Roster> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// When it was imported.
    pub fn imported(&self) -> Option<Timestamp> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).1
    }

    /// [`Roster::import`], and from then on [`Self::current`] is the new one.
    ///
    /// # Errors
    /// As [`Roster::import`].
    pub async fn import(&self, text: &str, dry_run: bool, by: &str, now: Timestamp) -> Result<Imported, RosterError> {
        let _importing = self.importing.lock().await;
        let imported = Roster::import(&*self.store, text, dry_run, by, now).await?;
        if !dry_run {
            self.read_again().await?;
        }
        Ok(imported)
    }

    /// Takes up the roster that another node has imported.
    ///
    /// # Errors
    /// If the store fails or a row is damaged; the roster stays as it was.
    pub async fn heard(&self) -> Result<(), RosterError> {
        let _importing = self.importing.lock().await;
        self.read_again().await
    }

    async fn read_again(&self) -> Result<(), RosterError> {
        let kept = kept(&*self.store).await?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(kept.roster), kept.imported);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::SAMPLE;
    use crate::store::{Config, open};

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn store() -> (tempfile::TempDir, Arc<dyn Store>) {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { url: format!("sqlite:{}", dir.path().join("store").display()), ..Config::default() };
        (dir, open(&config).unwrap())
    }

    fn small(name: &str) -> String {
        format!("[[person]]\nid = 'cipm'\nname = '{name}'\nplace = 'program-manager'\nchannels = [{{ pager = '1' }}]\n")
    }

    async fn import(store: &dyn Store, text: &str, dry_run: bool) -> Result<Imported, RosterError> {
        Roster::import(store, text, dry_run, "uid 0", NOW).await
    }

    #[tokio::test]
    async fn what_is_imported_reads_back_and_replaces_everything() {
        let (_dir, store) = store();
        let rosters = Rosters::open(Arc::clone(&store)).await.unwrap();
        assert!(rosters.current().is_empty());
        let imported = rosters.import(SAMPLE, false, "uid 0", NOW).await.unwrap();
        let sample = Roster::parse(SAMPLE).unwrap().roster;
        assert_eq!((imported.persons, imported.added.len()), (12, 12));
        assert_eq!(imported.warnings.len(), 1, "the unit is no peer: {:?}", imported.warnings);
        assert_eq!(*rosters.current(), sample);
        assert_eq!(Roster::load(&*store).await.unwrap(), sample);
        assert_eq!(Rosters::open(Arc::clone(&store)).await.unwrap().imported(), Some(NOW));
        // Again: nothing is different.
        let again = import(&*store, SAMPLE, false).await.unwrap();
        assert_eq!((again.added.len(), again.changed.len(), again.removed.len()), (0, 0, 0));
        let other = import(&*store, &small("Another"), false).await.unwrap();
        assert_eq!(
            (other.added.len(), other.changed.as_slice(), other.removed.len()),
            (0, &["cipm".to_owned()][..], 11)
        );
        assert_eq!(store.count(Contact::TABLE).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_faulty_roster_and_a_dry_run_change_nothing() {
        let (_dir, store) = store();
        import(&*store, &small("First"), false).await.unwrap();
        let dry = import(&*store, &small("Second"), true).await.unwrap();
        assert_eq!((dry.dry_run, dry.changed.len()), (true, 1));
        let faulty = format!("{SAMPLE}\n[[person]]\nid = 'x'\nplace = 'king'\n");
        let error = import(&*store, &faulty, false).await.unwrap_err();
        assert!(matches!(&error, RosterError::Faults { faults } if faults.len() == 2), "{error}");
        let roster = Roster::load(&*store).await.unwrap();
        assert_eq!((roster.persons().len(), roster.person("cipm").map(|one| one.name.as_str())), (1, Some("First")));
    }

    #[tokio::test]
    async fn whoever_the_inventory_names_and_nobody_is_is_told_of() {
        let (_dir, store) = store();
        let system = System {
            name: "sql1.u.example".to_owned(),
            unit: "u.example".to_owned(),
            owner: Some("ghost".to_owned()),
            administrators: Some("cipm\nspook\n".to_owned()),
            addresses: None,
            cpes: None,
            note: None,
            changed: NOW,
            by: "uid 0".to_owned(),
        };
        let mut batch = Batch::new();
        batch.put(&system).put(&System { name: "sql2.u.example".to_owned(), ..system.clone() });
        store.commit(batch).await.unwrap();
        let imported = import(&*store, &small("First"), false).await.unwrap();
        let told: Vec<_> = imported.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("\"ghost\"") && told[0].contains("sql1.u.example"), "{told:?}");
        assert!(told[1].contains("\"spook\""), "{told:?}");
    }

    #[tokio::test]
    async fn damaged_rows_stop_neither_the_start_nor_an_import() {
        let (_dir, store) = store();
        import(&*store, &small("First"), false).await.unwrap();
        let contact = store.list::<Contact>(Scan::of::<Contact>(9)).await.unwrap().remove(0);
        let mut batch = Batch::new();
        batch.put(&Contact { details: "{}".to_owned(), ..contact });
        store.commit(batch).await.unwrap();
        assert!(matches!(Roster::load(&*store).await, Err(RosterError::Damaged { .. })));
        let rosters = Rosters::open(Arc::clone(&store)).await.unwrap();
        assert!(rosters.current().is_empty());
        let imported = rosters.import(&small("Second"), false, "uid 0", NOW).await.unwrap();
        assert_eq!(imported.changed, ["cipm"]);
        assert_eq!(rosters.current().persons().len(), 1);
    }
}
