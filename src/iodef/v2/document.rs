//! The document and its incidents: RFC 7970 §§3.1–3.8. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{AnyUri, DateTime, Id, Text, XmlLang, class, enumeration};
use crate::iodef::v2::{
    Assessment, Confidence, Contact, Discovery, EventData, Extension, History, IndicatorData, IndicatorID, MLString,
    Method, NAMESPACE, Restriction, rules,
};

enumeration! {
    /// Why the document was written.
    Purpose "Incident-purpose", section "RFC 7970 §3.2" {
        Traceback = "traceback",
        Mitigation = "mitigation",
        Reporting = "reporting",
        Watch = "watch",
        Other = "other",
        ExtValue = "ext-value",
    }

    /// How far the incident is dealt with.
    Status "Incident-status", section "RFC 7970 §3.2" {
        New = "new",
        InProgress = "in-progress",
        Forwarded = "forwarded",
        Resolved = "resolved",
        Future = "future",
        ExtValue = "ext-value",
    }
}

class! {
    /// The whole document: one incident or more.
    IodefDocument "IODEF-Document", section "RFC 7970 §3.1", rules [rules::PRIVATE_ENUM_IS_NAMED, rules::VERSION_IS_GIVEN] {
        attributes {
            version "version": Text, fixed "2.00";
            /// The language of its text.
            lang "xml:lang": XmlLang, optional;
            /// The profile that restricts this document.
            format_id "format-id": Text, optional;
            /// Whose private values the document uses.
            private_enum_name "private-enum-name": Text, optional;
            /// Which set of private values.
            private_enum_id "private-enum-id": Text, optional;
        }
        sequence {
            some incident "Incident": Incident;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// One incident: who numbers it, when it was, what it did, who is concerned, what is asked for.
    Incident "Incident", section "RFC 7970 §3.2" {
        attributes {
            /// Why it was written.
            purpose "purpose": Purpose, required;
            /// What `purpose` says where it is `ext-value`.
            ext_purpose "ext-purpose": Text, optional;
            /// How far it is dealt with.
            status "status": Status, optional;
            /// What `status` says where it is `ext-value`.
            ext_status "ext-status": Text, optional;
            /// The language of its text.
            lang "xml:lang": XmlLang, optional;
            /// Who may see it.
            restriction "restriction": Restriction, default "private";
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            one incident_id "IncidentID": IncidentID;
            optional alternative_id "AlternativeID": AlternativeID;
            many related_activity "RelatedActivity": RelatedActivity;
            /// When it was first detected.
            optional detect_time "DetectTime": DateTime;
            /// When it began.
            optional start_time "StartTime": DateTime;
            /// When it ended.
            optional end_time "EndTime": DateTime;
            /// When the site had recovered.
            optional recovery_time "RecoveryTime": DateTime;
            /// When the incident was reported.
            optional report_time "ReportTime": DateTime;
            /// When the document was written.
            one generation_time "GenerationTime": DateTime;
            many description "Description": MLString;
            many discovery "Discovery": Discovery;
            many assessment "Assessment": Assessment;
            many method "Method": Method;
            some contact "Contact": Contact;
            many event_data "EventData": EventData;
            optional indicator_data "IndicatorData": IndicatorData;
            optional history "History": History;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// The number of an incident, given by the CSIRT that `name` says.
    IncidentID "IncidentIDType", section "RFC 7970 §3.4" {
        attributes {
            /// The CSIRT that gave the number.
            name "name": Text, required;
            /// Which report about the incident; RID numbers its requests with it.
            instance "instance": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        text Text;
    }

    /// The numbers that other CSIRTs use for the same incident.
    AlternativeID "AlternativeID", section "RFC 7970 §3.5" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            some incident_id "IncidentID": IncidentID;
        }
    }

    /// Other activity of the same kind or by the same people.
    RelatedActivity "RelatedActivity", section "RFC 7970 §3.6", rules [rules::RELATED_ACTIVITY_IS_RELATED] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            many incident_id "IncidentID": IncidentID;
            many url "URL": AnyUri;
            many threat_actor "ThreatActor": ThreatActor;
            many campaign "Campaign": Campaign;
            many indicator_id "IndicatorID": IndicatorID;
            optional confidence "Confidence": Confidence;
            many description "Description": MLString;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// Whoever is behind an attack.
    ThreatActor "ThreatActor", section "RFC 7970 §3.7" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            many threat_actor_id "ThreatActorID": Text;
            prose_many url "URL": AnyUri;
            many description "Description": MLString;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// A set of attacks with one aim.
    Campaign "Campaign", section "RFC 7970 §3.8", rules [rules::CAMPAIGN_SAYS_SOMETHING] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            many campaign_id "CampaignID": Text;
            many url "URL": AnyUri;
            many description "Description": MLString;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }
}
