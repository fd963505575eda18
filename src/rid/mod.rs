//! RID, Real-time Inter-network Defense: RFC 6545, the envelope in which incidents travel.
//!
//! Called by whoever opens, answers or forwards messages. [`Message`] reads one, [`draft`] writes one, [`splice`] adds a
//! hop to a document that travels on without touching its other bytes.

use std::sync::LazyLock;

use crate::iodef::common::class::{AnyUri, Boolean, Described, Element, Grammar, Options, Schema};
use crate::iodef::{self, v1};

mod classes;
pub mod draft;
pub mod judge;
mod legible;
mod message;
mod policy;
mod reading;
mod rules;
mod schemas;
pub mod signature;
pub mod splice;
#[cfg(test)]
mod tests;

pub use classes::{
    AuthorizationStatus, IncidentSource, Justification, MsgDestination, MsgType, PolicyRegion, RIDPolicy, Region,
    ReportSchema, RequestStatus, RidMessage, Traffic, TrafficType, Version, XmlSchemaId,
};
pub use legible::{Legible, Shown, Step, legible};
pub use message::{Glimpse, Label, Message, Payload, RidError, Standard};
pub use policy::{Host, IncidentId, Policy, Source, Status};
pub use reading::{Accept, Reading};
pub use schemas::{accepted_labels, schema_file, schema_imports};

/// The namespace of RID 2.0 (RFC 6545 §5.4).
pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:iodef-rid-2.0";

/// What may be a root or stand in a wildcard.
pub static SCHEMA: Schema = Schema {
    namespace: NAMESPACE,
    prefix: "iodef-rid",
    section: "RFC 6545 §8",
    elements: &[
        Element { name: "RID", class: RidMessage::table },
        Element { name: "RequestStatus", class: RequestStatus::table },
        Element { name: "IncidentSource", class: IncidentSource::table },
        Element { name: "SourceFound", class: Boolean::table },
        Element { name: "RIDPolicy", class: RIDPolicy::table },
        Element { name: "PolicyRegion", class: PolicyRegion::table },
        Element { name: "TrafficType", class: TrafficType::table },
        Element { name: "ReportSchema", class: ReportSchema::table },
        Element { name: "XMLDocument", class: v1::Extension::table },
        Element { name: "URL", class: AnyUri::table },
        Element { name: "Signature", class: v1::Extension::table },
    ],
};

/// How messages are validated where nothing else is configured: the prose warns, and the labels of IODEF 2.0 that
/// RFC 6545 §5.1.1 allows are accepted beside those its schema prints.
#[must_use]
pub fn options() -> Options {
    Options { accept: accepted_labels(), ..Options::default() }
}

/// The schemas that are known where RID messages are: RID and all of IODEF.
pub static SCHEMAS: LazyLock<Vec<&Schema>> = LazyLock::new(|| {
    let mut schemas = vec![&SCHEMA];
    schemas.extend(iodef::SCHEMAS);
    schemas
});

/// They, made ready.
pub fn grammar() -> &'static Grammar {
    static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::of(&SCHEMAS));
    &GRAMMAR
}
