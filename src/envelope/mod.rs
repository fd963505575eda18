//! The envelope: a RID message and its peer, opened and sealed in the one right order.
//!
//! Called by `exchange`, the only part that reads or writes RID messages. [`open`] recognises a message fully under
//! limits before anyone acts on it and hands back an [`Opened`], which nothing else can make; [`seal`] turns a [`Draft`]
//! into the bytes that leave. What stands between the bytes and their meaning (XML Signature and Encryption, RFC 6545
//! §9.1) belongs between the two, in this order: on the way in decrypt, then verify, then read; on the way out write,
//! then encrypt, then sign.

mod content;
mod facts;
mod opened;
mod read;
mod sealed;
mod splice;
mod words;

pub use crate::rid::{Accept, IncidentId, Reading, Source as IncidentSource, Standard};
pub use crate::xml::Limits;
pub use content::{Content, Gist, MsgDestination, Payload, RequestStatus, Source};
pub use facts::{Confidence, Facts, SystemFacts};
pub use opened::{Fault, Opened, Unopened, open};
pub use sealed::{Draft, SealError, Sealed, seal};
pub use splice::{Carried, Outbound, PathEntry, document, merge};
pub use words::{AuthorizationStatus, Justification};
