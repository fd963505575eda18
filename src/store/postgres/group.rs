//! What a group of batches comes to: which rows must be looked at, which batches hold, and what is then written. Pure.
//!
//! The batches of a group are decided one after the other, each on what the ones before it leave behind, and then written
//! together: each row once, however often the group changes it. What a batch relies on is kept true until the commit by
//! locks on the rows that are there, and for rows that must not be there by writing them with a plain INSERT, which fails
//! if somebody else was faster. That includes logs: who knows the last number writes the next, and only one can.
//! What cannot be kept true in that way (an absence that the batch does not fill) closes the whole table to others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::rows::{Kept, damaged};
use super::statements::{Statements, kinds};
use crate::store::StoreError;
use crate::store::batch::{Batch, Change, Precondition};
use crate::store::table::{Row, Table, Value};

type Key = Vec<Value>;

/// What must be looked at in one table, and locked, before a group can be decided.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Rows whose revision counts and which the group changes.
    pub(super) lock: BTreeSet<Key>,
    /// Such rows that nobody waits for: while somebody else has one locked it is not seen.
    pub(super) claim: BTreeSet<Key>,
    /// Rows whose revision counts and which the group does not change.
    pub(super) share: BTreeSet<Key>,
    /// Logs whose last number counts: all columns of the key but the last.
    pub(super) heads: BTreeSet<Key>,
    /// Whether nobody else may write to the table.
    pub(super) close: bool,
}

/// What was found in one table.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The revisions of the rows that were looked at; rows that are not there are missing.
    pub(super) revisions: HashMap<Key, i64>,
    /// The last numbers of the logs.
    pub(super) heads: HashMap<Key, i64>,
}

/// What is written to one table.
#[derive(Debug, Default)]
pub(super) struct Writes<'g> {
    /// Keys of rows that go; before anything else.
    pub(super) deletes: Vec<Key>,
    /// Rows that must be new, with their revision.
    pub(super) inserts: Vec<(&'g Row, i64)>,
    /// Rows that may be there, with what their revision grows by.
    pub(super) upserts: Vec<(&'g Row, i64)>,
}

/// What a group comes to.
#[derive(Debug)]
pub(super) struct Outcome<'g> {
    /// One for each batch.
    pub(super) results: Vec<Result<(), StoreError>>,
    /// What is written, by the names of the tables.
    pub(super) writes: BTreeMap<&'static str, Writes<'g>>,
}

/// A batch that asks for what cannot be: a table that is not there, a text that is no UUID where one belongs.
pub(super) fn refused(batch: &Batch, statements: &Statements) -> Option<StoreError> {
    let judged = || {
        for precondition in &batch.preconditions {
            let (Precondition::Absent { table, .. }
            | Precondition::Revision { table, .. }
            | Precondition::Free { table, .. }
            | Precondition::Head { table, .. }) = precondition;
            statements.table(table)?;
            if let Precondition::Head { table, prefix, .. } = precondition
                && prefix.len() + 1 != table.key.len()
            {
                let found = format!("{} values", prefix.len());
                let column = table.key.last().copied().unwrap_or("");
                return Err(damaged(table, column, "all columns of the key but the last", &found));
            }
        }
        for change in &batch.changes {
            let (Change::Put { table, .. } | Change::Keep { table, .. } | Change::Delete { table, .. }) = change;
            statements.table(table)?;
            let (Change::Put { table, row } | Change::Keep { table, row }) = change else { continue };
            for (spec, value) in table.columns.iter().zip(&row.values) {
                if Kept::of(spec.kind, value).is_none() {
                    return Err(damaged(table, spec.name, "a UUID or digest", "another text"));
                }
            }
        }
        Ok(())
    };
    judged().err()
}

fn put_key(change: &Change) -> Option<(&'static str, Key)> {
    if let Change::Put { table, row } = change { Some((table.name, row.key(table))) } else { None }
}

/// Whether rows of that key can stand in the table at all.
fn possible(table: &'static Table, key: &[Value]) -> bool {
    kinds(table, table.key)
        .into_iter()
        .zip(key)
        .all(|(kind, value)| Kept::of(kind, value).is_some_and(|kept| kept != Kept::Null))
}

/// What the group needs to know. `careful`: also whether the rows are there that a batch believes absent; else that shows
/// only when they are inserted. `None` if the group must be taken apart: it shortens a log that it also appends to.
pub(super) fn look(group: &[(usize, &Batch)], careful: bool) -> Option<BTreeMap<&'static str, Look>> {
    let mut looks: BTreeMap<&'static str, Look> = BTreeMap::new();
    let mut changed: HashSet<(&'static str, Key)> = HashSet::new();
    let mut removed: HashSet<(&'static str, Key)> = HashSet::new();
    for (_, batch) in group {
        for change in &batch.changes {
            match change {
                Change::Put { table, row } | Change::Keep { table, row } => {
                    changed.insert((table.name, row.key(table)))
                }
                Change::Delete { table, key } => {
                    changed.insert((table.name, key.clone()));
                    removed.insert((table.name, key.clone()))
                }
            };
        }
    }
    for (_, batch) in group {
        let put: HashSet<(&'static str, Key)> = batch.changes.iter().filter_map(put_key).collect();
        let puts = |table: &'static Table, key: &[Value]| put.contains(&(table.name, key.to_vec()));
        for precondition in &batch.preconditions {
            match precondition {
                Precondition::Revision { table, key, .. } if possible(table, key) => {
                    let look = looks.entry(table.name).or_default();
                    let changes = changed.contains(&(table.name, key.clone()));
                    if changes {
                        look.lock.insert(key.clone())
                    } else {
                        look.share.insert(key.clone())
                    };
                }
                Precondition::Free { table, key, .. } if possible(table, key) => {
                    looks.entry(table.name).or_default().claim.insert(key.clone());
                }
                Precondition::Absent { table, key } if possible(table, key) => {
                    let filled = puts(table, key) && !removed.contains(&(table.name, key.clone()));
                    if careful || !filled {
                        let look = looks.entry(table.name).or_default();
                        look.lock.insert(key.clone());
                        look.close |= !filled;
                    }
                }
                Precondition::Revision { .. } | Precondition::Free { .. } | Precondition::Absent { .. } => {}
                Precondition::Head { table, prefix, head } => {
                    let look = looks.entry(table.name).or_default();
                    look.heads.insert(prefix.clone());
                    let mut next = prefix.clone();
                    next.push(Value::Int(head.saturating_add(1)));
                    look.close |= !puts(table, &next);
                }
            }
        }
    }
    let shortened = |(table, _): &(&'static str, Key)| looks.get(table).is_some_and(|look| !look.heads.is_empty());
    if group.len() > 1 && removed.iter().any(shortened) {
        return None;
    }
    for look in looks.values_mut() {
        let Look { lock, claim, share, .. } = look;
        // Whoever must know a row waits for it, and whoever comes with them does, too.
        claim.retain(|key| !lock.contains(key));
        share.retain(|key| !lock.contains(key) && !claim.contains(key));
    }
    Some(looks)
}

/// What the batches before have made of one row.
#[derive(Debug)]
struct State<'g> {
    /// Its revision in the database; `None` if it is not there or, unless it was looked at, not known.
    base: Option<i64>,
    /// Whether it was looked at.
    looked: bool,
    /// Whether it was removed since.
    wiped: bool,
    /// How it stands now, if it was written since.
    put: Option<&'g Row>,
    /// How often it was written since.
    writes: i64,
    /// Whether somebody relies on its absence in the database.
    new: bool,
}

struct Deciding<'g, 's> {
    seen: &'s BTreeMap<&'static str, Seen>,
    looks: &'s BTreeMap<&'static str, Look>,
    rows: BTreeMap<&'static str, HashMap<Key, State<'g>>>,
    heads: HashMap<(&'static str, Key), i64>,
}

/// Decides the group on what was seen. `results` holds the batches that were refused beforehand; the others are in `group`,
/// with their places.
pub(super) fn decide<'g>(
    group: &[(usize, &'g Batch)],
    mut results: Vec<Result<(), StoreError>>,
    looks: &BTreeMap<&'static str, Look>,
    seen: &BTreeMap<&'static str, Seen>,
) -> Outcome<'g> {
    let mut deciding = Deciding { seen, looks, rows: BTreeMap::new(), heads: HashMap::new() };
    for (at, batch) in group {
        let result = deciding.check(batch);
        if result.is_ok() {
            deciding.apply(batch);
        }
        if let Some(place) = results.get_mut(*at) {
            *place = result;
        }
    }
    Outcome { results, writes: deciding.writes() }
}

impl<'g> Deciding<'g, '_> {
    fn state(&mut self, table: &'static str, key: &[Value]) -> &mut State<'g> {
        let (looks, seen) = (self.looks, self.seen);
        self.rows.entry(table).or_default().entry(key.to_vec()).or_insert_with(|| {
            let looked = looks
                .get(table)
                .is_some_and(|look| [&look.lock, &look.claim, &look.share].iter().any(|keys| keys.contains(key)));
            let base = seen.get(table).and_then(|seen| seen.revisions.get(key)).copied();
            State { base, looked, wiped: false, put: None, writes: 0, new: false }
        })
    }

    /// The revision of the row as things stand: `None` if there is none, or if nobody looked.
    fn revision(&mut self, table: &'static str, key: &[Value]) -> Option<i64> {
        let state = self.state(table, key);
        let base = if state.wiped { None } else { state.base };
        match (state.put, base) {
            (Some(_), base) => Some(base.unwrap_or(0) + state.writes),
            (None, base) => base,
        }
    }

    fn head(&self, table: &'static str, prefix: &[Value]) -> i64 {
        let found = self.seen.get(table).and_then(|seen| seen.heads.get(prefix)).copied().unwrap_or(0);
        self.heads.get(&(table, prefix.to_vec())).copied().unwrap_or(found)
    }

    fn check(&mut self, batch: &Batch) -> Result<(), StoreError> {
        for precondition in &batch.preconditions {
            let (table, holds, expected) = match precondition {
                Precondition::Absent { table, key } => {
                    let found = possible(table, key) && self.revision(table.name, key).is_some();
                    (table, !found, "no row of that key".to_owned())
                }
                Precondition::Revision { table, key, revision } => {
                    let found = if possible(table, key) { self.revision(table.name, key) } else { None };
                    (table, found == Some(*revision), format!("revision {revision}"))
                }
                Precondition::Free { table, key, revision } => {
                    let found = if possible(table, key) { self.revision(table.name, key) } else { None };
                    (table, found == Some(*revision), format!("revision {revision}, in nobody else's hand"))
                }
                Precondition::Head { table, prefix, head } => {
                    let found = self.head(table.name, prefix);
                    (table, found == *head, format!("number {head} as the last of the log"))
                }
            };
            if !holds {
                return Err(StoreError::Conflict { table: table.name, expected });
            }
        }
        Ok(())
    }

    fn apply(&mut self, batch: &'g Batch) {
        for precondition in &batch.preconditions {
            if let Precondition::Absent { table, key } = precondition
                && possible(table, key)
            {
                let state = self.state(table.name, key);
                state.new |= !state.wiped;
            }
        }
        for change in &batch.changes {
            match change {
                Change::Put { table, row } => {
                    let key = row.key(table);
                    let appended = self.append(batch, table, &key);
                    let state = self.state(table.name, &key);
                    state.put = Some(row);
                    state.writes += 1;
                    state.new |= appended && !state.wiped && state.base.is_none();
                }
                // As if it had been removed before: nothing of what was there counts.
                Change::Keep { table, row } => {
                    let state = self.state(table.name, &row.key(table));
                    (state.put, state.writes, state.wiped, state.new) = (Some(row), row.revision, true, false);
                }
                Change::Delete { table, key } => {
                    if !possible(table, key) {
                        continue;
                    }
                    let state = self.state(table.name, key);
                    (state.put, state.writes, state.wiped, state.new) = (None, 0, true, false);
                }
            }
        }
    }

    /// Notes a new last number of a log that somebody looks at; whether this batch relies on it being new.
    fn append(&mut self, batch: &Batch, table: &'static Table, key: &[Value]) -> bool {
        let Some((Value::Int(number), prefix)) = key.split_last() else { return false };
        if !self.looks.get(table.name).is_some_and(|look| look.heads.contains(prefix)) {
            return false;
        }
        let last = self.head(table.name, prefix);
        self.heads.insert((table.name, prefix.to_vec()), last.max(*number));
        batch.preconditions.iter().any(|precondition| {
            matches!(precondition, Precondition::Head { table: of, prefix: log, head }
                if of.name == table.name && log == prefix && number > head)
        })
    }

    fn writes(self) -> BTreeMap<&'static str, Writes<'g>> {
        let mut all = BTreeMap::new();
        for (table, rows) in self.rows {
            let mut writes = Writes::default();
            // In the order of their keys, so that two nodes lock the same rows in the same order.
            let mut rows: Vec<_> = rows.into_iter().collect();
            rows.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (key, state) in rows {
                if state.wiped && (state.base.is_some() || !state.looked) {
                    writes.deletes.push(key);
                }
                match (state.put, state.new) {
                    (Some(row), true) => writes.inserts.push((row, state.writes)),
                    (Some(row), false) => writes.upserts.push((row, state.writes)),
                    (None, _) => {}
                }
            }
            if !(writes.deletes.is_empty() && writes.inserts.is_empty() && writes.upserts.is_empty()) {
                all.insert(table, writes);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::{Digest, MessageId};
    use crate::store::Record;
    use crate::store::records::{Lease, Once};

    fn once() -> Once {
        Once { digest: Digest::of(b"x"), message: MessageId::fresh() }
    }

    fn duty(fence: i64) -> Lease {
        let (name, holder) = ("clock".to_owned(), "a".to_owned());
        Lease { name, holder, fence, until: Timestamp::from_micros(0) }
    }

    fn held(revision: i64) -> BTreeMap<&'static str, Seen> {
        let revisions = HashMap::from([(duty(0).to_row().key(Lease::TABLE), revision)]);
        BTreeMap::from([(Lease::TABLE.name, Seen { revisions, heads: HashMap::new() })])
    }

    /// What becomes of the batches, and what is written to the table: deletes, inserts with revisions, upserts with growth.
    fn decided(batches: &[Batch], seen: &BTreeMap<&'static str, Seen>, table: &Table) -> (Vec<bool>, [Vec<i64>; 3]) {
        let group: Vec<_> = batches.iter().enumerate().collect();
        let looks = look(&group, false).unwrap();
        let outcome = decide(&group, batches.iter().map(|_| Ok(())).collect(), &looks, seen);
        let empty = Writes::default();
        let writes = outcome.writes.get(table.name).unwrap_or(&empty);
        let numbers = |list: &[(&Row, i64)]| list.iter().map(|(_, number)| *number).collect();
        let deletes = writes.deletes.iter().map(|_| 0).collect();
        let written = [deletes, numbers(&writes.inserts), numbers(&writes.upserts)];
        (outcome.results.iter().map(Result::is_ok).collect(), written)
    }

    #[test]
    fn a_row_taken_to_be_absent_is_inserted_once_and_not_looked_for() {
        let mut batch = Batch::new();
        batch.insert(&once());
        let twice = [batch.clone(), batch.clone()];
        assert_eq!(decided(&twice, &BTreeMap::new(), Once::TABLE), (vec![true, false], [vec![], vec![1], vec![]]));
        let group: Vec<_> = twice.iter().enumerate().collect();
        assert!(look(&group, false).unwrap().is_empty());
        assert_eq!(look(&group, true).unwrap()[Once::TABLE.name].lock.len(), 1);
    }

    #[test]
    fn a_row_changed_several_times_is_written_once() {
        let update = |revision| {
            let mut batch = Batch::new();
            batch.update(&duty(revision), revision);
            batch
        };
        let group = [update(3), update(3), update(4)];
        assert_eq!(decided(&group, &held(3), Lease::TABLE), (vec![true, false, true], [vec![], vec![], vec![2]]));
        let mut gone = Batch::new();
        gone.delete::<Lease>(duty(0).to_row().key(Lease::TABLE));
        let mut anew = Batch::new();
        anew.insert(&duty(1));
        let group = [update(3), gone, anew, update(1)];
        assert_eq!(decided(&group, &held(3), Lease::TABLE), (vec![true; 4], [vec![0], vec![], vec![2]]));
    }

    #[test]
    fn a_claim_waits_only_beside_a_change_and_fails_alone() {
        let key = duty(0).to_row().key(Lease::TABLE);
        let mut claim = Batch::new();
        claim.claim(&duty(4), 3);
        let looked = look(&[(0, &claim)], false).unwrap();
        let lease = &looked[Lease::TABLE.name];
        assert!(lease.lock.is_empty() && lease.claim.contains(&key) && !lease.close);
        let mut change = Batch::new();
        change.update(&duty(4), 3);
        let looked = look(&[(0, &claim), (1, &change)], false).unwrap();
        let lease = &looked[Lease::TABLE.name];
        assert!(lease.lock.contains(&key) && lease.claim.is_empty());
        let mut other = Batch::new();
        other.insert(&once());
        // Somebody else has it in hand, so it was not seen.
        let group = [claim.clone(), other];
        assert_eq!(decided(&group, &BTreeMap::new(), Lease::TABLE), (vec![false, true], [vec![], vec![], vec![]]));
        assert_eq!(decided(&[claim], &held(3), Lease::TABLE), (vec![true], [vec![], vec![], vec![1]]));
    }

    #[test]
    fn what_is_only_relied_on_is_shared_and_an_absence_that_is_not_filled_closes_the_table() {
        let key = duty(0).to_row().key(Lease::TABLE);
        let mut guarded = Batch::new();
        guarded.preconditions.push(Precondition::Revision { table: Lease::TABLE, key: key.clone(), revision: 3 });
        guarded.put(&once());
        let looks = look(&[(0, &guarded)], false).unwrap();
        let lease = &looks[Lease::TABLE.name];
        assert!(lease.lock.is_empty() && lease.share.len() == 1 && !lease.close);
        let mut absent = Batch::new();
        absent.preconditions.push(Precondition::Absent { table: Lease::TABLE, key });
        absent.put(&once());
        assert!(look(&[(0, &absent)], false).unwrap()[Lease::TABLE.name].close);
        assert_eq!(decided(&[absent], &held(3), Lease::TABLE).0, [false]);
    }
}
