//! What makes the same message, sent again, be filed once.

use crate::ids::{Digest, MessageId};
use crate::store::record;

record! {
    /// One message that was filed, by what makes it the same message. Its answer is made again from what was filed.
    pub struct Once: "once", version 1, key(digest) {
        /// The digest over sender, MsgType, IncidentID, instance and the payload element's digest.
        digest: Digest,
        /// The message that was filed.
        message: MessageId,
    }
}
