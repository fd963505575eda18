//! The records: one file each, one table each. A field is a column under the same name.

mod contact;
mod copying;
mod event;
mod incident;
mod lease;
mod message;
mod notice;
mod once;
mod parcel;
mod peer;
mod request;
mod system;

pub use contact::{Contact, Credential, LocalOperator, Operator, Role, Session, StaffAct};
pub use copying::Copying;
pub use event::{Advisory, Event, EventIncident, EventRole, EventState, LogEntry};
pub use incident::Incident;
pub use lease::Lease;
pub use message::{Body, Direction, Message, Plain, Verdict};
pub use notice::{Notice, NoticeState};
pub use once::Once;
pub use parcel::{Parcel, ParcelKind, ParcelState};
pub use peer::{Peer, PeerState, Pin, Relation};
pub use request::{Request, RequestState};
pub use system::{Patch, PatchState, System};

use super::Table;

/// Every table there is: what a backend lays out when it opens.
pub const TABLES: &[&Table] = &[
    <Message as super::Record>::TABLE,
    <Body as super::Record>::TABLE,
    <Plain as super::Record>::TABLE,
    <Incident as super::Record>::TABLE,
    <Once as super::Record>::TABLE,
    <Request as super::Record>::TABLE,
    <Parcel as super::Record>::TABLE,
    <Peer as super::Record>::TABLE,
    <Pin as super::Record>::TABLE,
    <Lease as super::Record>::TABLE,
    <Event as super::Record>::TABLE,
    <LogEntry as super::Record>::TABLE,
    <EventIncident as super::Record>::TABLE,
    <Advisory as super::Record>::TABLE,
    <Notice as super::Record>::TABLE,
    <System as super::Record>::TABLE,
    <Patch as super::Record>::TABLE,
    <Contact as super::Record>::TABLE,
    <Operator as super::Record>::TABLE,
    <LocalOperator as super::Record>::TABLE,
    <Credential as super::Record>::TABLE,
    <Session as super::Record>::TABLE,
    <StaffAct as super::Record>::TABLE,
    <Copying as super::Record>::TABLE,
];
