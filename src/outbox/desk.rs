//! What an administrator sees of the outbox and may do to it by hand.

use std::sync::PoisonError;

use serde::Serialize;
use tracing::info;

use super::{Outbox, OutboxError, queue};
use crate::clock::Timestamp;
use crate::ids::ParcelId;
use crate::store::records::{Parcel, ParcelKind, ParcelState};
use crate::store::{Batch, Bound, Column, Scan, StoreError};

/// One parcel and why it stands where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The parcel.
    #[serde(flatten)]
    pub parcel: Parcel,
    /// In words an administrator can act on.
    pub why: String,
}

/// Which parcels to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these states; none given means those that have not left: waiting, claimed and dead.
    pub states: Vec<ParcelState>,
    /// Only parcels to this recipient.
    pub recipient: Option<String>,
    /// Only parcels made after this one: to page on with the last id of a list.
    pub after: Option<ParcelId>,
    /// At most so many.
    pub limit: usize,
}

impl Outbox {
    /// Parcels in the order of making, each with why it waits.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Entry>, OutboxError> {
        let open = [ParcelState::Waiting, ParcelState::Claimed, ParcelState::Dead];
        let states = if filter.states.is_empty() { &open[..] } else { &filter.states };
        let mut found = Vec::new();
        for state in states {
            let mut last: Option<String> = None;
            loop {
                let recipient = match &filter.recipient {
                    Some(_) if last.is_some() => None,
                    Some(recipient) => Some(recipient.clone()),
                    None => {
                        let oldest = queue::oldest_after(&*self.store, *state, last.as_deref()).await?;
                        oldest.map(|parcel| parcel.recipient)
                    }
                };
                let Some(recipient) = recipient else { break };
                let after = filter.after.as_ref();
                let rows = queue::page(&*self.store, *state, &recipient, after, filter.limit).await?;
                found.extend(rows.into_iter().map(|(parcel, _)| parcel));
                found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
                found.truncate(filter.limit);
                last = Some(recipient);
            }
        }
        let mut entries = Vec::with_capacity(found.len());
        for parcel in found {
            entries.push(self.explain(parcel).await?);
        }
        Ok(entries)
    }

    /// One parcel and why it stands where it stands.
    ///
    /// # Errors
    /// [`OutboxError::Unknown`] if there is none of that name.
    pub async fn show(&self, id: &ParcelId) -> Result<Entry, OutboxError> {
        let (parcel, _) = queue::parcel(&*self.store, id).await?;
        Ok(self.explain(parcel).await?)
    }

    /// Has a waiting, dead or cancelled parcel tried at once, with all its time before it again.
    ///
    /// # Errors
    /// [`OutboxError::Busy`] while it is being sent; [`OutboxError::WrongState`] if it was delivered.
    pub async fn retry(&self, id: &ParcelId) -> Result<Entry, OutboxError> {
        let (mut parcel, revision) = queue::parcel(&*self.store, id).await?;
        let allowed = "only a waiting, dead or cancelled parcel can be tried again";
        self.check(&parcel, &[ParcelState::Waiting, ParcelState::Dead, ParcelState::Cancelled], allowed)?;
        let now = self.clock.now();
        let was = parcel.state;
        parcel.state = ParcelState::Waiting;
        parcel.due = now;
        parcel.expires = now + self.config.expiry;
        parcel.attempts = 0;
        self.commit(&parcel, revision).await?;
        if was != ParcelState::Waiting {
            self.counts.back(parcel.kind, &parcel.recipient, was == ParcelState::Dead);
        }
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).ajar(&parcel.recipient, now);
        self.wake();
        info!(parcel = %id, to = %parcel.recipient, "tried again on request");
        Ok(self.explain(parcel).await?)
    }

    /// Withdraws a waiting or dead parcel: it is not sent any more, and what waits behind it goes on.
    ///
    /// # Errors
    /// [`OutboxError::Busy`] while it is being sent; [`OutboxError::WrongState`] if it has left or was cancelled.
    pub async fn cancel(&self, id: &ParcelId) -> Result<Entry, OutboxError> {
        let (mut parcel, revision) = queue::parcel(&*self.store, id).await?;
        let allowed = "only a waiting or dead parcel can be cancelled";
        self.check(&parcel, &[ParcelState::Waiting, ParcelState::Dead], allowed)?;
        let waited = parcel.state == ParcelState::Waiting;
        parcel.state = ParcelState::Cancelled;
        parcel.due = self.clock.now();
        self.commit(&parcel, revision).await?;
        if waited {
            self.counts.left(parcel.kind, &parcel.recipient, false);
        } else {
            self.counts.buried(parcel.kind);
        }
        self.wake();
        info!(parcel = %id, to = %parcel.recipient, "cancelled on request");
        Ok(self.explain(parcel).await?)
    }

    fn check(&self, parcel: &Parcel, states: &[ParcelState], allowed: &'static str) -> Result<(), OutboxError> {
        if parcel.state == ParcelState::Claimed {
            return Err(OutboxError::Busy { id: parcel.id.clone() });
        }
        if states.contains(&parcel.state) {
            return Ok(());
        }
        Err(OutboxError::WrongState { id: parcel.id.clone(), state: parcel.state, allowed })
    }

    async fn commit(&self, parcel: &Parcel, revision: i64) -> Result<(), OutboxError> {
        let mut batch = Batch::new();
        batch.update(parcel, revision);
        match self.store.commit(batch).await {
            Err(StoreError::Conflict { .. }) => Err(OutboxError::Busy { id: parcel.id.clone() }),
            other => Ok(other?),
        }
    }

    /// Puts into words why the parcel stands where it stands.
    async fn explain(&self, parcel: Parcel) -> Result<Entry, StoreError> {
        let id = &parcel.id;
        let reason = parcel.reason.as_deref().unwrap_or("no reason was given");
        let why = match parcel.state {
            ParcelState::Waiting => self.why_it_waits(&parcel).await?,
            ParcelState::Claimed => match parcel.held_until {
                Some(until) => format!("being sent now, try {}; ends by {until}", parcel.attempts),
                None => format!("being sent now, try {}", parcel.attempts),
            },
            ParcelState::Delivered => format!("{reason}, at {}", parcel.due),
            ParcelState::Dead => format!(
                "given up at {}: {reason}. `ridd outbox retry {id}` tries it again, `ridd outbox cancel {id}` drops it",
                parcel.due
            ),
            ParcelState::Cancelled => {
                format!("cancelled at {}; `ridd outbox retry {id}` sends it after all", parcel.due)
            }
        };
        Ok(Entry { parcel, why })
    }

    async fn why_it_waits(&self, parcel: &Parcel) -> Result<String, StoreError> {
        let now = self.clock.now();
        if let Some(before) = self.head_before(parcel).await? {
            let state = if before.state == ParcelState::Claimed { "is being sent" } else { "waits" };
            let shared = if parcel.kind == ParcelKind::Rid { "of the same incident" } else { "to the same address" };
            return Ok(format!(
                "waits behind parcel {} {shared}, which {state}: `ridd outbox show {}` says why",
                before.id, before.id
            ));
        }
        let gate = {
            let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            gates.of(&parcel.recipient).cloned()
        };
        if parcel.due > now {
            let when = later_of(parcel.due, gate.map(|gate| gate.until));
            let hint = format!("`ridd outbox retry {}` tries now", parcel.id);
            return Ok(match &parcel.reason {
                Some(reason) => format!(
                    "try {} failed: {reason}. Next try at {when}, given up at {}; {hint}",
                    parcel.attempts, parcel.expires
                ),
                None => format!("not before {when}; {hint}"),
            });
        }
        Ok(match gate {
            Some(gate) if gate.until > now => format!(
                "{} did not take what was last tried: {}. Next try at {}; `ridd peer test {}` finds the fault",
                parcel.recipient, gate.why, gate.until, parcel.recipient
            ),
            _ => "waits for its turn: as much as may be sent at once is under way".to_owned(),
        })
    }

    /// The first parcel of the lane that has not left, if it is not this one.
    async fn head_before(&self, parcel: &Parcel) -> Result<Option<Parcel>, StoreError> {
        for state in [ParcelState::Claimed, ParcelState::Waiting] {
            let prefix = vec![parcel.lane.to_value(), state.to_value()];
            let end = Bound::Excluding(vec![parcel.id.to_value()]);
            let scan = Scan::of::<Parcel>(1).by("by_lane").with(prefix).to(end);
            let first = self.store.list::<Parcel>(scan).await?.pop();
            if let Some(first) = first.filter(|first| first.id < parcel.id) {
                return Ok(Some(first));
            }
        }
        Ok(None)
    }
}

fn later_of(due: Timestamp, until: Option<Timestamp>) -> Timestamp {
    until.map_or(due, |until| until.max(due))
}
