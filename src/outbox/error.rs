//! What can go wrong when something is put into the outbox or taken out by hand.

use super::BadConfig;
use crate::ids::ParcelId;
use crate::store::StoreError;
use crate::store::records::ParcelState;

/// Why the outbox did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The settings cannot be used.
    #[error(transparent)]
    Config(#[from] BadConfig),
    /// Too much waits for this recipient already.
    #[error(
        "{waiting} parcels wait for {recipient}, no more are taken (outbox.waiting-per-recipient): \
         see why with `ridd outbox list --to {recipient}`, then mend the connection or cancel some"
    )]
    Full {
        /// Who it was for.
        recipient: String,
        /// How many wait.
        waiting: usize,
    },
    /// There is no such parcel.
    #[error("there is no parcel {id}: `ridd outbox list` shows those there are")]
    Unknown {
        /// The name that was given.
        id: ParcelId,
    },
    /// A worker is sending the parcel at this moment.
    #[error("parcel {id} is being sent at this moment: ask again when the try has ended")]
    Busy {
        /// The parcel.
        id: ParcelId,
    },
    /// The parcel has left already.
    #[error("parcel {id} is {state}: {allowed}")]
    WrongState {
        /// The parcel.
        id: ParcelId,
        /// Where it stands.
        state: ParcelState,
        /// What could be done to which parcels, in words.
        allowed: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
