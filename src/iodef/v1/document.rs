//! Documents, incidents, their numbers and relations: RFC 5070 §§3.1 to 3.5.
//! The tables follow the figures and the schema (§8) of the RFC; where both differ, the schema.

use crate::iodef::common::class::{AnyUri, DateTime, Language, Text, class};
use crate::iodef::v1::{
    Assessment, Contact, EventData, Extension, History, MLString, Method, NAMESPACE, Purpose, Restriction, rules,
};

class! {
    /// The root: one or more incidents in one language.
    IodefDocument "IODEF-Document", section "RFC 5070 §3.1", rules [rules::DOCUMENT_HAS_A_VERSION] {
        attributes {
            /// Always `1.00`; the prose requires it, the schema does not.
            version "version": Text, fixed "1.00";
            /// The language of the document.
            lang "lang": Language, required;
            /// What the parties agreed on about its form.
            formatid "formatid": Text, optional;
        }
        sequence {
            /// What is reported.
            some incident "Incident": Incident;
        }
    }

    /// One incident: what happened, who says so and what is asked for.
    Incident "Incident", section "RFC 5070 §3.2" {
        attributes {
            /// Why the document was made.
            purpose "purpose": Purpose, required;
            /// The purpose, if `purpose` is `ext-value`.
            ext_purpose "ext-purpose": Text, optional;
            /// The language, if not the document's.
            lang "lang": Language, optional;
            /// Who may see it.
            restriction "restriction": Restriction, default "private";
        }
        sequence {
            /// The number its CSIRT gave it.
            one incident_id "IncidentID": IncidentID;
            /// The numbers other CSIRTs gave it.
            optional alternative_id "AlternativeID": AlternativeID;
            /// Other incidents it belongs with.
            optional related_activity "RelatedActivity": RelatedActivity;
            /// When it was noticed first.
            optional detect_time "DetectTime": DateTime;
            /// When it began.
            optional start_time "StartTime": DateTime;
            /// When it ended.
            optional end_time "EndTime": DateTime;
            /// When it was reported.
            one report_time "ReportTime": DateTime;
            /// What happened, in free text.
            many description "Description": MLString;
            /// What harm it did.
            some assessment "Assessment": Assessment;
            /// How it was done.
            many method "Method": Method;
            /// Who is involved.
            some contact "Contact": Contact;
            /// The single events.
            many event_data "EventData": EventData;
            /// What was done about it.
            optional history "History": History;
            /// What the model has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// A number that is unique within the CSIRT that gave it.
    IncidentID "IncidentIDType", section "RFC 5070 §3.3" {
        attributes {
            /// The CSIRT, best by its domain name.
            name "name": Text, required;
            /// Which part or version of the incident is meant.
            instance "instance": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, default "public";
        }
        text Text;
    }

    /// The numbers other CSIRTs use for the same incident.
    AlternativeID "AlternativeID", section "RFC 5070 §3.4" {
        attributes {
            /// Who may see them.
            restriction "restriction": Restriction, optional;
        }
        sequence {
            /// One such number.
            some incident_id "IncidentID": IncidentID;
        }
    }

    /// Incidents that have to do with this one: by number or by address, not both.
    RelatedActivity "RelatedActivity", section "RFC 5070 §3.5" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        choice one {
            /// The number of one.
            some incident_id "IncidentID": IncidentID;
            /// Where one is described.
            some url "URL": AnyUri;
        }
    }
}
