//! IODEF 2.0: RFC 7970, every class, attribute and value, as the schema of its section 8 prints them. One file per family.
//!
//! Called by `rid`, by the summary, and through the grammar by whoever validates, reads or writes documents.

mod assessment;
mod contact;
mod document;
mod event;
mod file;
mod indicator;
mod method;
mod record;
mod rules;
mod service;
mod system;
mod types;

pub use assessment::{
    Assessment, BusinessImpact, BusinessImpactType, BusinessSeverity, Completion, Confidence, Metric, MonetaryImpact,
    Occurrence, Rating, SystemImpact, SystemImpactType, TimeImpact,
};
pub use contact::{
    Contact, ContactRole, ContactType, Email, EmailType, PostalAddress, PostalAddressType, Registry, RegistryHandle,
    Telephone, TelephoneType,
};
pub use document::{
    AlternativeID, Campaign, Incident, IncidentID, IodefDocument, Purpose, RelatedActivity, Status, ThreatActor,
};
pub use event::{EventData, Expectation, Flow, History, HistoryItem};
pub use file::{Certificate, CertificateData, File, FileData, FuzzyHash, Hash, HashData, HashScope, SignatureData};
pub use indicator::{
    AlternativeIndicatorID, AttackPhase, BulkObservable, BulkObservableFormat, BulkType, Indicator, IndicatorData,
    IndicatorExpression, IndicatorID, IndicatorReference, Observable, ObservableReference, Operator,
};
pub use method::{DetectionPattern, Discovery, DiscoverySource, Method, Reference};
pub use record::{
    Key, OffsetUnit, PatternType, Record, RecordData, RecordPattern, RegistryAction, WindowsRegistryKeysModified,
};
pub use service::{
    ApplicationHeader, DomainContacts, DomainData, DomainStatus, EmailData, Nameservers, Service, ServiceName,
    SystemStatus,
};
pub use system::{
    Address, AddressCategory, Counter, CounterType, CounterUnit, Node, NodeRole, NodeRoleCategory, Ownership, System,
    SystemCategory,
};
pub use types::{
    Action, Anything, Dtype, Duration, Extension, MLString, Restriction, Severity, Software, SoftwareDtype,
    SoftwareReference, SpecName, YesNoUnknown,
};

use crate::iodef::common::class::{AnyUri, DateTime, Described, Element, Integer, Portlist, Schema, Text, Timezone};

/// The namespace of IODEF 2.0 (RFC 7970 §4.1).
pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:iodef-2.0";

/// What may be a root or stand in a wildcard.
pub static SCHEMA: Schema = Schema {
    namespace: NAMESPACE,
    prefix: "iodef",
    section: "RFC 7970 §8",
    elements: &[
        Element { name: "IODEF-Document", class: IodefDocument::table },
        Element { name: "Incident", class: Incident::table },
        Element { name: "IncidentID", class: IncidentID::table },
        Element { name: "AlternativeID", class: AlternativeID::table },
        Element { name: "RelatedActivity", class: RelatedActivity::table },
        Element { name: "ThreatActor", class: ThreatActor::table },
        Element { name: "ThreatActorID", class: Text::table },
        Element { name: "Campaign", class: Campaign::table },
        Element { name: "CampaignID", class: Text::table },
        Element { name: "Contact", class: Contact::table },
        Element { name: "ContactName", class: MLString::table },
        Element { name: "ContactTitle", class: MLString::table },
        Element { name: "RegistryHandle", class: RegistryHandle::table },
        Element { name: "PostalAddress", class: PostalAddress::table },
        Element { name: "PAddress", class: MLString::table },
        Element { name: "Telephone", class: Telephone::table },
        Element { name: "TelephoneNumber", class: Text::table },
        Element { name: "Email", class: Email::table },
        Element { name: "DateTime", class: DateTime::table },
        Element { name: "ReportTime", class: DateTime::table },
        Element { name: "DetectTime", class: DateTime::table },
        Element { name: "StartTime", class: DateTime::table },
        Element { name: "EndTime", class: DateTime::table },
        Element { name: "RecoveryTime", class: DateTime::table },
        Element { name: "GenerationTime", class: DateTime::table },
        Element { name: "Timezone", class: Timezone::table },
        Element { name: "History", class: History::table },
        Element { name: "HistoryItem", class: HistoryItem::table },
        Element { name: "DefinedCOA", class: Text::table },
        Element { name: "Expectation", class: Expectation::table },
        Element { name: "Discovery", class: Discovery::table },
        Element { name: "DetectionPattern", class: DetectionPattern::table },
        Element { name: "Method", class: Method::table },
        Element { name: "Reference", class: Reference::table },
        Element { name: "Assessment", class: Assessment::table },
        Element { name: "IncidentCategory", class: MLString::table },
        Element { name: "BusinessImpact", class: BusinessImpact::table },
        Element { name: "IntendedImpact", class: BusinessImpact::table },
        Element { name: "MitigatingFactor", class: MLString::table },
        Element { name: "Cause", class: MLString::table },
        Element { name: "SystemImpact", class: SystemImpact::table },
        Element { name: "TimeImpact", class: TimeImpact::table },
        Element { name: "MonetaryImpact", class: MonetaryImpact::table },
        Element { name: "Confidence", class: Confidence::table },
        Element { name: "EventData", class: EventData::table },
        Element { name: "Flow", class: Flow::table },
        Element { name: "System", class: System::table },
        Element { name: "OperatingSystem", class: Software::table },
        Element { name: "Node", class: Node::table },
        Element { name: "Address", class: Address::table },
        Element { name: "Location", class: MLString::table },
        Element { name: "NodeRole", class: NodeRole::table },
        Element { name: "Service", class: Service::table },
        Element { name: "Port", class: Integer::table },
        Element { name: "Portlist", class: Portlist::table },
        Element { name: "ProtoType", class: Integer::table },
        Element { name: "ProtoCode", class: Integer::table },
        Element { name: "ProtoField", class: Integer::table },
        Element { name: "ApplicationHeader", class: ApplicationHeader::table },
        Element { name: "ApplicationHeaderField", class: Extension::table },
        Element { name: "ServiceName", class: ServiceName::table },
        Element { name: "IANAService", class: Text::table },
        Element { name: "Application", class: Software::table },
        Element { name: "Counter", class: Counter::table },
        Element { name: "EmailData", class: EmailData::table },
        Element { name: "EmailTo", class: Text::table },
        Element { name: "EmailFrom", class: Text::table },
        Element { name: "EmailSubject", class: Text::table },
        Element { name: "EmailX-Mailer", class: Text::table },
        Element { name: "EmailHeaderField", class: Extension::table },
        Element { name: "EmailHeaders", class: Text::table },
        Element { name: "EmailBody", class: Text::table },
        Element { name: "EmailMessage", class: Text::table },
        Element { name: "DomainData", class: DomainData::table },
        Element { name: "Name", class: Text::table },
        Element { name: "DateDomainWasChecked", class: DateTime::table },
        Element { name: "RegistrationDate", class: DateTime::table },
        Element { name: "ExpirationDate", class: DateTime::table },
        Element { name: "RelatedDNS", class: Extension::table },
        Element { name: "Nameservers", class: Nameservers::table },
        Element { name: "Server", class: Text::table },
        Element { name: "DomainContacts", class: DomainContacts::table },
        Element { name: "SameDomainContact", class: Text::table },
        Element { name: "Record", class: Record::table },
        Element { name: "RecordData", class: RecordData::table },
        Element { name: "RecordPattern", class: RecordPattern::table },
        Element { name: "RecordItem", class: Extension::table },
        Element { name: "WindowsRegistryKeysModified", class: WindowsRegistryKeysModified::table },
        Element { name: "Key", class: Key::table },
        Element { name: "KeyName", class: Text::table },
        Element { name: "Value", class: Text::table },
        Element { name: "FileData", class: FileData::table },
        Element { name: "File", class: File::table },
        Element { name: "FileName", class: Text::table },
        Element { name: "FileSize", class: Integer::table },
        Element { name: "FileType", class: Text::table },
        Element { name: "AssociatedSoftware", class: Software::table },
        Element { name: "FileProperties", class: Extension::table },
        Element { name: "HashData", class: HashData::table },
        Element { name: "HashTargetID", class: Text::table },
        Element { name: "Hash", class: Hash::table },
        Element { name: "FuzzyHash", class: FuzzyHash::table },
        Element { name: "FuzzyHashValue", class: Extension::table },
        Element { name: "SignatureData", class: SignatureData::table },
        Element { name: "CertificateData", class: CertificateData::table },
        Element { name: "Certificate", class: Certificate::table },
        Element { name: "IndicatorData", class: IndicatorData::table },
        Element { name: "Indicator", class: Indicator::table },
        Element { name: "IndicatorID", class: IndicatorID::table },
        Element { name: "AlternativeIndicatorID", class: AlternativeIndicatorID::table },
        Element { name: "Observable", class: Observable::table },
        Element { name: "BulkObservable", class: BulkObservable::table },
        Element { name: "BulkObservableFormat", class: BulkObservableFormat::table },
        Element { name: "BulkObservableList", class: Text::table },
        Element { name: "IndicatorExpression", class: IndicatorExpression::table },
        Element { name: "ObservableReference", class: ObservableReference::table },
        Element { name: "IndicatorReference", class: IndicatorReference::table },
        Element { name: "AttackPhase", class: AttackPhase::table },
        Element { name: "AttackPhaseID", class: Text::table },
        Element { name: "AdditionalData", class: Extension::table },
        Element { name: "Description", class: MLString::table },
        Element { name: "URL", class: AnyUri::table },
        Element { name: "SoftwareReference", class: SoftwareReference::table },
    ],
};
