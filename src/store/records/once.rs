//! What makes the same message, sent again, be filed once.

use crate::clock::Timestamp;
use crate::ids::{CallbackToken, Digest, MessageId};
use crate::store::record;

record! {
    /// One message that was filed, by what makes it the same message, with the answer it got.
    pub struct Once: "once", version 1, key(digest), index by_time(filed) {
        /// The digest over sender, MsgType, IncidentID, instance and the payload element's digest.
        digest: Digest,
        /// The message that was filed.
        message: MessageId,
        /// When.
        filed: Timestamp,
        /// The HTTP status that answered it.
        status: i64,
        /// The RID message that answered it.
        answer: Option<Vec<u8>>,
        /// The token that answered it, with status 202.
        token: Option<CallbackToken>,
    }
}
