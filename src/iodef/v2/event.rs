//! What happened, what was done, what is asked for: RFC 7970 §§3.13–3.16. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{DateTime, Id, Text, class};
use crate::iodef::v2::{
    Action, Assessment, Contact, Discovery, Extension, IncidentID, MLString, Method, NAMESPACE, Record, Restriction,
    Severity, System, rules,
};

class! {
    /// What was done about the incident.
    History "History", section "RFC 7970 §3.13" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            some history_item "HistoryItem": HistoryItem;
        }
    }

    /// One thing that was done, when and by whom.
    HistoryItem "HistoryItem", section "RFC 7970 §3.13.1", rules [rules::DEFINED_COA_IS_NAMED] {
        attributes {
            /// What is asked for, or was done.
            action "action": Action, required;
            /// What `action` says where it is `ext-value`.
            ext_action "ext-action": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            one date_time "DateTime": DateTime;
            optional incident_id "IncidentID": IncidentID;
            optional contact "Contact": Contact;
            many description "Description": MLString;
            /// The identifier of a course of action agreed on before.
            many defined_coa "DefinedCOA": Text;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// One part of what happened: when, which systems, what is asked for. May hold others.
    EventData "EventData", section "RFC 7970 §3.14", rules [rules::EVENT_DATA_SAYS_SOMETHING] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            many description "Description": MLString;
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
            many contact "Contact": Contact;
            many discovery "Discovery": Discovery;
            optional assessment "Assessment": Assessment;
            many method "Method": Method;
            many flow "Flow": Flow;
            many expectation "Expectation": Expectation;
            optional record "Record": Record;
            many event_data "EventData": EventData;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// What the sender asks the recipient to do.
    Expectation "Expectation", section "RFC 7970 §3.15", rules [rules::DEFINED_COA_IS_NAMED] {
        attributes {
            /// What is asked for, or was done.
            action "action": Action, default "other";
            /// What `action` says where it is `ext-value`.
            ext_action "ext-action": Text, optional;
            /// How bad.
            severity "severity": Severity, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            many description "Description": MLString;
            /// The identifier of a course of action agreed on before.
            many defined_coa "DefinedCOA": Text;
            /// When it began.
            optional start_time "StartTime": DateTime;
            /// When it ended.
            optional end_time "EndTime": DateTime;
            optional contact "Contact": Contact;
        }
    }

    /// Systems that took part together.
    Flow "Flow", section "RFC 7970 §3.16" {
        sequence {
            some system "System": System;
        }
    }
}
