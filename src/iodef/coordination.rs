//! Our own extension of IODEF, `urn:ridd:coordination:1`: detail of a significant event that IODEF has no place for.
//!
//! Written into AdditionalData of dtype `xml` and read by nodes that know it; nothing depends on it, for the standard
//! classes beside it carry the meaning. Called by the outline, which writes and reads the documents of a significant event.

use crate::iodef::common::class::{Boolean, DateTime, Described, Element, NcName, Schema, Text, class, enumeration};

/// The namespace of the extension.
pub const NAMESPACE: &str = "urn:ridd:coordination:1";

/// What may stand in AdditionalData.
pub static SCHEMA: Schema = Schema {
    namespace: NAMESPACE,
    prefix: "ridd",
    section: "ridd, docs/conformance.md",
    elements: &[
        Element { name: "Event", class: Event::table },
        Element { name: "Milestone", class: Milestone::table },
        Element { name: "System", class: System::table },
    ],
};

enumeration! {
    /// Where a milestone stands.
    MilestoneState "ridd-milestone-state", section "ridd coordination" {
        Open = "open",
        Met = "met",
        Missed = "missed",
        Waived = "waived",
    }

    /// Where a system stands.
    SystemState "ridd-system-state", section "ridd coordination" {
        /// It is affected and not yet corrected.
        Affected = "affected",
        Corrected = "corrected",
        /// It stays as it is, for a reason.
        Excepted = "excepted",
        /// It was reported corrected, and a scan found it unpatched.
        Unpatched = "unpatched",
    }
}

class! {
    /// The significant event that a document belongs to. In an Incident's AdditionalData.
    Event "Event", section "ridd coordination" {
        attributes {
            /// The name of the event on the node that opened it.
            event_id "event-id": Text, required;
            /// When its data call was issued: E, from which all times are counted.
            issued "issued": DateTime, optional;
            /// Whether it is a drill: nothing is to be changed on any system.
            drill "drill": Boolean, default "false";
        }
        empty;
    }

    /// A milestone: one that the recipient owns, in the AdditionalData of the EventData whose Expectation asks for it; or
    /// where one stands, in the AdditionalData of the HistoryItem that tells of it.
    Milestone "Milestone", section "ridd coordination" {
        attributes {
            /// Its name in the timetable, such as `corrected`.
            name "name": NcName, required;
            /// When it is due. Late is wanted all the same: therefore not the Expectation's EndTime (RFC 7970 §3.15).
            due "due": DateTime, optional;
            /// Who owns it, by role.
            owner "owner": Text, optional;
            /// Where it stands.
            state "state": MilestoneState, default "open";
            /// When it was met, missed or waived.
            met_at "met-at": DateTime, optional;
            /// Who met or waived it.
            by "by": Text, optional;
            /// The unit, for milestones that each unit has.
            unit "unit": Text, optional;
        }
        empty;
    }

    /// Where a system stands. In the System's AdditionalData.
    System "System", section "ridd coordination" {
        attributes {
            /// Where it stands.
            state "state": SystemState, required;
            /// Since when.
            at "at": DateTime, optional;
            /// Who says so.
            by "by": Text, optional;
            /// Why it stays as it is, or what was found.
            reason "reason": Text, optional;
        }
        empty;
    }
}
