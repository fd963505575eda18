//! Reading the queue: who has something waiting, and what may leave next to one recipient.

use std::collections::HashSet;

use super::OutboxError;
use super::crew::{PATIENCE, Part};
use crate::clock::Timestamp;
use crate::ids::ParcelId;
use crate::store::records::{Parcel, ParcelState};
use crate::store::{Bound, Column, Record, Scan, Store, StoreError};

/// How many rows are read at a time.
const PAGE: usize = 64;
/// How far into one recipient's queue is looked for lanes that are free; the rest has its turn when these have left.
const DEPTH: usize = 2_048;

/// A parcel with the revision it was read at.
pub(super) type Revised = (Parcel, i64);

/// What one recipient's queue allows now.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// To be tried now, at most one of each lane, the oldest first.
    pub(super) due: Vec<Revised>,
    /// When to look again, if nothing happens before.
    pub(super) next: Option<Timestamp>,
    /// Whether there are claims that are not under way here.
    pub(super) claimed: bool,
}

impl Turn {
    pub(super) fn look_again(&mut self, at: Timestamp) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

/// The oldest parcel in that state of the next recipient, in alphabetical order, that has any.
pub(super) async fn oldest_after(
    store: &dyn Store,
    state: ParcelState,
    last: Option<&str>,
) -> Result<Option<Parcel>, StoreError> {
    let mut scan = Scan::of::<Parcel>(1).by("by_recipient").with(vec![state.to_value()]);
    if let Some(last) = last {
        scan = scan.from(Bound::Excluding(vec![last.to_owned().to_value()]));
    }
    Ok(store.list::<Parcel>(scan).await?.pop())
}

/// Parcels of one recipient in that state, in the order of making, after `last`.
pub(super) async fn page(
    store: &dyn Store,
    state: ParcelState,
    recipient: &str,
    last: Option<&ParcelId>,
    limit: usize,
) -> Result<Vec<Revised>, StoreError> {
    let prefix = vec![state.to_value(), recipient.to_owned().to_value()];
    let mut scan = Scan::of::<Parcel>(limit).by("by_recipient").with(prefix);
    if let Some(last) = last {
        scan = scan.from(Bound::Excluding(vec![last.to_value()]));
    }
    let rows = store.rows(scan).await?;
    rows.into_iter()
        .map(|row| (row.revision, row))
        .map(|(revision, row)| Ok((Parcel::from_row(row)?, revision)))
        .collect()
}

/// The parcels of a recipient that somebody has claimed.
async fn claims(store: &dyn Store, recipient: &str) -> Result<Vec<Revised>, StoreError> {
    page(store, ParcelState::Claimed, recipient, None, PAGE).await
}

/// What may be tried for this recipient now: at most `slots` parcels, the head of each lane whose time has come and that
/// is not `closed`, claims that have run out, and what has expired.
pub(super) async fn turn(
    store: &dyn Store,
    recipient: &str,
    mut closed: HashSet<String>,
    slots: usize,
    (part, now): (Part, Timestamp),
) -> Result<Turn, StoreError> {
    let mut turn = Turn::default();
    let claims = if part.has_claims() { claims(store, recipient).await? } else { Vec::new() };
    for (parcel, revision) in claims {
        if !closed.insert(parcel.lane.clone()) {
            continue;
        }
        turn.claimed = true;
        match parcel.held_until {
            // Whoever goes first is at work: it is left to it.
            Some(until) if until > now && part == Part::Second => {
                turn.due.clear();
                turn.look_again(now + PATIENCE);
                return Ok(turn);
            }
            // It may end before its time, and nobody here would learn of it.
            Some(until) if part.from(until) > now && part == Part::First => {
                turn.look_again(until.min(now + PATIENCE));
            }
            Some(until) if part.from(until) > now => turn.look_again(part.from(until)),
            _ if turn.due.len() < slots => turn.due.push((parcel, revision)),
            _ => {}
        }
    }
    let mut seen = 0;
    let mut last: Option<ParcelId> = None;
    while turn.due.len() < slots && seen < DEPTH {
        let rows = page(store, ParcelState::Waiting, recipient, last.as_ref(), PAGE).await?;
        let complete = rows.len() < PAGE;
        seen += rows.len();
        for (parcel, revision) in rows {
            last = Some(parcel.id.clone());
            consider(&mut turn, &mut closed, (parcel, revision), slots, (part, now));
        }
        if complete {
            break;
        }
    }
    Ok(turn)
}

/// Takes one waiting parcel into account, in the order of making.
fn consider(
    turn: &mut Turn,
    closed: &mut HashSet<String>,
    (parcel, revision): Revised,
    slots: usize,
    (part, now): (Part, Timestamp),
) {
    // What waits behind another expires, if at all, when its turn has come.
    if !closed.insert(parcel.lane.clone()) {
        return;
    }
    let free = part.from(parcel.due.min(parcel.expires));
    if free > now {
        turn.look_again(free);
    } else if turn.due.len() < slots {
        turn.due.push((parcel, revision));
    }
}

/// The parcel of that id with its revision.
pub(super) async fn parcel(store: &dyn Store, id: &ParcelId) -> Result<Revised, OutboxError> {
    let found = store.find_revised::<Parcel>(vec![id.to_value()]).await?;
    found.ok_or_else(|| OutboxError::Unknown { id: id.clone() })
}

/// Whether a parcel of the same lane that was made before this one has not left yet. Asked by whoever has just claimed this
/// one beside others: while the queue was read, another may have claimed the one before, which then was to be seen neither
/// among the waiting nor among the claimed.
pub(super) async fn stands_behind(store: &dyn Store, parcel: &Parcel) -> Result<bool, StoreError> {
    // A parcel changes between the two states while they are read one after the other, but not twice: there is a pause
    // between two tries.
    for state in [ParcelState::Waiting, ParcelState::Claimed, ParcelState::Waiting] {
        let prefix = vec![parcel.lane.to_value(), state.to_value()];
        let end = Bound::Excluding(vec![parcel.id.to_value()]);
        let scan = Scan::of::<Parcel>(1).by("by_lane").with(prefix).to(end);
        if !store.rows(scan).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
