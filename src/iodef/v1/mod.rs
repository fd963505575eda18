//! IODEF 1.0: RFC 5070, every class, attribute and value. One file per family of classes.
//!
//! Called by `rid` (its RIDPolicy and IncidentSource use classes of this version), by the summary, and through the
//! grammar by whoever validates documents.

mod assessment;
mod contact;
mod document;
mod event;
mod record;
mod rules;
mod system;
#[cfg(test)]
mod tests;
mod types;
mod values;

pub use assessment::{Assessment, Confidence, Impact, Method, MonetaryImpact, Reference, TimeImpact};
pub use contact::{Contact, ContactMeans, PostalAddress, RegistryHandle};
pub use document::{AlternativeID, Incident, IncidentID, IodefDocument, RelatedActivity};
pub use event::{EventData, Expectation, Flow, History, HistoryItem};
pub use record::{Record, RecordData, RecordPattern};
pub use system::{Address, Counter, Node, NodeRole, Service, System};
pub use types::{Extension, MLString, Software};
pub use values::{
    Action, AddressCategory, Completion, ContactRole, ContactType, CounterType, Dtype, Duration, ImpactType, Metric,
    NodeRoleCategory, Occurrence, OffsetUnit, PatternType, Purpose, Rating, Registry, Restriction, Severity, Spoofed,
    SystemCategory,
};

use crate::iodef::common::class::{AnyUri, DateTime, Described, Element, Schema, Timezone};

/// The namespace of IODEF 1.0 (RFC 5070 §5.1).
pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:iodef-1.0";

/// What may be a root or stand in a wildcard.
pub static SCHEMA: Schema = Schema {
    namespace: NAMESPACE,
    prefix: "iodef",
    section: "RFC 5070 §8",
    elements: &[
        Element { name: "IODEF-Document", class: IodefDocument::table },
        Element { name: "Incident", class: Incident::table },
        Element { name: "IncidentID", class: IncidentID::table },
        Element { name: "AlternativeID", class: AlternativeID::table },
        Element { name: "RelatedActivity", class: RelatedActivity::table },
        Element { name: "AdditionalData", class: Extension::table },
        Element { name: "Contact", class: Contact::table },
        Element { name: "ContactName", class: MLString::table },
        Element { name: "RegistryHandle", class: RegistryHandle::table },
        Element { name: "PostalAddress", class: PostalAddress::table },
        Element { name: "Email", class: ContactMeans::table },
        Element { name: "Telephone", class: ContactMeans::table },
        Element { name: "Fax", class: ContactMeans::table },
        Element { name: "DateTime", class: DateTime::table },
        Element { name: "ReportTime", class: DateTime::table },
        Element { name: "DetectTime", class: DateTime::table },
        Element { name: "StartTime", class: DateTime::table },
        Element { name: "EndTime", class: DateTime::table },
        Element { name: "Timezone", class: Timezone::table },
        Element { name: "History", class: History::table },
        Element { name: "HistoryItem", class: HistoryItem::table },
        Element { name: "Expectation", class: Expectation::table },
        Element { name: "Method", class: Method::table },
        Element { name: "Reference", class: Reference::table },
        Element { name: "Assessment", class: Assessment::table },
        Element { name: "Impact", class: Impact::table },
        Element { name: "TimeImpact", class: TimeImpact::table },
        Element { name: "MonetaryImpact", class: MonetaryImpact::table },
        Element { name: "Confidence", class: Confidence::table },
        Element { name: "EventData", class: EventData::table },
        Element { name: "Flow", class: Flow::table },
        Element { name: "System", class: System::table },
        Element { name: "Node", class: Node::table },
        Element { name: "Address", class: Address::table },
        Element { name: "Location", class: MLString::table },
        Element { name: "NodeRole", class: NodeRole::table },
        Element { name: "Service", class: Service::table },
        Element { name: "Counter", class: Counter::table },
        Element { name: "Record", class: Record::table },
        Element { name: "RecordData", class: RecordData::table },
        Element { name: "RecordPattern", class: RecordPattern::table },
        Element { name: "RecordItem", class: Extension::table },
        Element { name: "Application", class: Software::table },
        Element { name: "OperatingSystem", class: Software::table },
        Element { name: "Description", class: MLString::table },
        Element { name: "URL", class: AnyUri::table },
    ],
};
