//! Withdrawing a parcel as a part of somebody else's batch: a notice that is not wanted any more.

use super::Outbox;
use crate::ids::MessageId;
use crate::store::records::{Parcel, ParcelKind, ParcelState};
use crate::store::{Batch, Column, Record, Scan, StoreError};

/// How many parcels of one message are looked at.
const OF_ONE: usize = 16;

/// Whose parcels a batch withdraws: to be handed to [`Outbox::withdrawn`] once it is committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "hand it to `Outbox::withdrawn` after the commit"]
pub struct Withdrawn(Vec<(ParcelKind, String)>);

impl Outbox {
    /// Withdraws in that batch what of the message still waits. What is on its way is left alone; the batch fails with a
    /// conflict if it sets out meanwhile.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn withdraw(&self, batch: &mut Batch, message: &MessageId) -> Result<Withdrawn, StoreError> {
        let scan = Scan::of::<Parcel>(OF_ONE).by("by_message").with(vec![Some(message.clone()).to_value()]);
        let mut withdrawn = Withdrawn::default();
        for row in self.store.rows(scan).await? {
            let revision = row.revision;
            let mut parcel = Parcel::from_row(row)?;
            if parcel.state == ParcelState::Waiting {
                parcel.state = ParcelState::Cancelled;
                parcel.due = self.clock.now();
                parcel.reason = Some("not wanted any more".to_owned());
                batch.update(&parcel, revision);
                withdrawn.0.push((parcel.kind, parcel.recipient));
            }
        }
        Ok(withdrawn)
    }

    /// The batch of [`Outbox::withdraw`] is committed.
    pub fn withdrawn(&self, withdrawn: &Withdrawn) {
        for (kind, recipient) in &withdrawn.0 {
            self.counts.left(*kind, recipient, false);
        }
        if !withdrawn.0.is_empty() {
            self.wake();
        }
    }
}
