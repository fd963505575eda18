//! Events, what is asked for and what was done: RFC 5070 §§3.11 to 3.14.
//! The tables follow the figures and the schema (§8) of the RFC; where both differ, the schema.

use crate::iodef::common::class::{DateTime, Text, class};
use crate::iodef::v1::{
    Action, Assessment, Contact, Extension, IncidentID, MLString, Method, NAMESPACE, Record, Restriction, Severity,
    System, rules,
};

class! {
    /// One event of the incident; events may hold events, which inherit what they do not say.
    EventData "EventData", section "RFC 5070 §3.12", rules [rules::EVENT_DATA_SAYS_SOMETHING] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, default "default";
        }
        sequence {
            /// What happened, in free text.
            many description "Description": MLString;
            /// When it was noticed.
            optional detect_time "DetectTime": DateTime;
            /// When it began.
            optional start_time "StartTime": DateTime;
            /// When it ended.
            optional end_time "EndTime": DateTime;
            /// Who is involved.
            many contact "Contact": Contact;
            /// What harm it did.
            optional assessment "Assessment": Assessment;
            /// How it was done.
            many method "Method": Method;
            /// The systems and networks involved.
            many flow "Flow": Flow;
            /// What the sender asks for.
            many expectation "Expectation": Expectation;
            /// Evidence.
            optional record "Record": Record;
            /// Events within this one.
            many event_data "EventData": EventData;
            /// What the model has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// The systems that took part in an event together.
    Flow "Flow", section "RFC 5070 §3.14" {
        sequence {
            /// One of them.
            some system "System": System;
        }
    }

    /// What the sender asks the recipient to do.
    Expectation "Expectation", section "RFC 5070 §3.13" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, default "default";
            /// How urgent.
            severity "severity": Severity, optional;
            /// What to do.
            action "action": Action, default "other";
            /// What to do, if `action` is `ext-value`.
            ext_action "ext-action": Text, optional;
        }
        sequence {
            /// What is asked, in free text.
            many description "Description": MLString;
            /// Not before.
            optional start_time "StartTime": DateTime;
            /// Not after; a recipient must not act on a request that has run out.
            optional end_time "EndTime": DateTime;
            /// Who is to do it.
            optional contact "Contact": Contact;
        }
    }

    /// What was done about the incident, step by step.
    History "History", section "RFC 5070 §3.11" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, default "default";
        }
        sequence {
            /// One step.
            some history_item "HistoryItem": HistoryItem;
        }
    }

    /// One thing that was done.
    HistoryItem "HistoryItem", section "RFC 5070 §3.11.1" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What was done.
            action "action": Action, required;
            /// What was done, if `action` is `ext-value`.
            ext_action "ext-action": Text, optional;
        }
        sequence {
            /// When.
            one date_time "DateTime": DateTime;
            /// The number of the incident it belongs to.
            optional incident_id "IncidentID": IncidentID;
            /// Who did it.
            optional contact "Contact": Contact;
            /// What was done, in free text.
            many description "Description": MLString;
            /// What the model has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }
}
