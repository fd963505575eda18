//! A copy from another store that is not finished.

use crate::clock::Timestamp;
use crate::store::record;

record! {
    /// That this store is being filled from another one. The row goes when the copy is complete and proved; until then no
    /// node starts on the store.
    pub struct Copying: "copying", version 1, key(source) {
        /// The store it is filled from, without secrets.
        source: String,
        /// When that began.
        begun: Timestamp,
        /// The rows copied so far.
        rows: i64,
    }
}
