//! Keeping house: taking back claims of a dead process, counting what waits, removing what is old.

use std::collections::HashMap;

use tracing::{info, warn};

use super::Outbox;
use super::counts::Carried;
use super::queue::{Revised, oldest_after, page};
use crate::ids::ParcelId;
use crate::store::records::{Parcel, ParcelKind, ParcelState};
use crate::store::{Batch, Column, StoreError};

/// How many rows are handled in one batch.
const PAGE: usize = 500;

/// Makes every claimed parcel wait again, due at once, with its try counted: those of that holder, or all. Only for holders
/// that are known to be dead. How many there were.
pub(super) async fn take_back(outbox: &Outbox, holder: Option<&str>) -> Result<usize, StoreError> {
    let mut count = 0;
    let mut pages = Pages::of(ParcelState::Claimed);
    while let Some(rows) = pages.next(outbox).await? {
        let mut batch = Batch::new();
        for (mut parcel, revision) in rows {
            if holder.is_some() && parcel.holder.as_deref() != holder {
                continue;
            }
            parcel.state = ParcelState::Waiting;
            parcel.holder = None;
            parcel.held_until = None;
            parcel.due = outbox.clock.now();
            parcel.reason = Some("the node ended while it was being sent; it is sent again".to_owned());
            batch.update(&parcel, revision);
        }
        count += batch.changes.len();
        outbox.store.commit(batch).await?;
    }
    Ok(count)
}

/// Counts anew what waits for whom.
pub(super) async fn recount(outbox: &Outbox) -> Result<(), StoreError> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut carriers: HashMap<ParcelKind, Carried> = HashMap::new();
    for state in [ParcelState::Waiting, ParcelState::Claimed] {
        let mut pages = Pages::of(state);
        while let Some(rows) = pages.next(outbox).await? {
            if let Some((parcel, _)) = rows.first() {
                *counts.entry(parcel.recipient.clone()).or_insert(0) += rows.len();
            }
            for (parcel, _) in &rows {
                carriers.entry(parcel.kind).or_default().undelivered += 1;
            }
        }
    }
    let mut pages = Pages::of(ParcelState::Dead);
    while let Some(rows) = pages.next(outbox).await? {
        for (parcel, _) in &rows {
            carriers.entry(parcel.kind).or_default().dead += 1;
        }
    }
    outbox.counts.set(counts, carriers);
    Ok(())
}

/// Removes delivered and cancelled parcels that are older than the configured time. Failures are only logged: there is a next
/// time.
pub(super) async fn remove_all_old(outbox: &Outbox) {
    for state in [ParcelState::Delivered, ParcelState::Cancelled] {
        match remove_old(outbox, state).await {
            Ok(0) => {}
            Ok(removed) => info!(removed, %state, "removed old parcels"),
            Err(error) => warn!(%error, "old parcels are not removed; trying again later"),
        }
    }
}

/// Counts anew. Failures are only logged, too.
pub(super) async fn count(outbox: &Outbox) {
    if let Err(error) = recount(outbox).await {
        warn!(%error, "what waits in the outbox is not counted; trying again later");
    }
}

async fn remove_old(outbox: &Outbox, state: ParcelState) -> Result<usize, StoreError> {
    let oldest = outbox.clock.now() - outbox.config.keep;
    let mut removed = 0;
    let mut pages = Pages::of(state);
    while let Some(rows) = pages.next(outbox).await? {
        let mut batch = Batch::new();
        for (parcel, _) in rows.iter().take_while(|(parcel, _)| parcel.created < oldest) {
            batch.delete::<Parcel>(vec![parcel.id.to_value()]);
        }
        let old = batch.changes.len();
        if old < rows.len() {
            pages.next_recipient();
        }
        if old > 0 {
            outbox.store.commit(batch).await?;
        }
        removed += old;
    }
    Ok(removed)
}

/// All parcels in one state: recipient by recipient, in the order of making, page by page.
struct Pages {
    state: ParcelState,
    recipient: Option<String>,
    /// The last parcel read of that recipient; `None` if its queue is through.
    after: Option<ParcelId>,
}

impl Pages {
    fn of(state: ParcelState) -> Self {
        Self { state, recipient: None, after: None }
    }

    fn next_recipient(&mut self) {
        self.after = None;
    }

    /// The next page, never empty; all its parcels go to the same recipient. `None` at the end.
    async fn next(&mut self, outbox: &Outbox) -> Result<Option<Vec<Revised>>, StoreError> {
        let store = &*outbox.store;
        loop {
            if self.after.is_none() {
                let oldest = oldest_after(store, self.state, self.recipient.as_deref()).await?;
                self.recipient = oldest.map(|parcel| parcel.recipient);
            }
            let Some(recipient) = &self.recipient else { return Ok(None) };
            let rows = page(store, self.state, recipient, self.after.as_ref(), PAGE).await?;
            self.after = rows.last().filter(|_| rows.len() == PAGE).map(|(parcel, _)| parcel.id.clone());
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
    }
}
