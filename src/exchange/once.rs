//! Once: the same message again is acknowledged again and filed once (RFC 6546 §3: sending is idempotent; RFC 6545 §7.3:
//! a receiver verifies that a report has not already been filed).

use crate::envelope::Opened;
use crate::ids::{CallbackToken, Digest, PeerName};

/// What makes a message the same: sender, MsgType, IncidentID and instance, and the digest of the payload element. A
/// message without a payload is told by all its bytes, and a reply also by its token: two Acknowledgements about one
/// incident say different things.
pub(super) fn digest(opened: &Opened, token: Option<&CallbackToken>) -> Digest {
    let content = opened.content();
    let payload = content.payload.as_ref().map_or_else(|| opened.digest(), |payload| &payload.digest);
    let incident = content.incident.as_ref();
    let parts = [
        opened.peer().map_or("", PeerName::as_str),
        &content.type_word,
        incident.map_or("", |id| &id.incident.name),
        incident.map_or("", |id| &id.incident.id),
        incident.and_then(|id| id.instance.as_deref()).unwrap_or(""),
        payload.as_str(),
        token.map_or("", CallbackToken::as_str),
    ];
    // Each part is followed by a byte that none of them can hold, so that no two splits give the same bytes.
    Digest::of_parts(parts.iter().flat_map(|part| [part.as_bytes(), b"\0"]))
}
