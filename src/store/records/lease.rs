//! Who holds a duty that only one may do at a time.

use crate::clock::Timestamp;
use crate::store::record;

record! {
    /// One duty and its holder. The row stays when nobody holds it, so that fences only ever grow.
    pub struct Lease: "leases", version 1, key(name) {
        /// The duty.
        name: String,
        /// Who holds it, or held it last.
        holder: String,
        /// Grows by one whenever the duty passes to a holder: the fencing number.
        fence: i64,
        /// Until when it is held; a time that is past if it was released.
        until: Timestamp,
    }
}
