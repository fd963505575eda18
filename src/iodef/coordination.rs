//! Our own extension of IODEF, `urn:ridd:coordination:1`: detail of a significant event that IODEF has no place for.
//!
//! Written into AdditionalData of dtype `xml` and read by nodes that know it; nothing depends on it, for the standard
//! classes beside it carry the meaning. Called by whoever writes or reads alerts and reports of a significant event.

use crate::iodef::common::class::{DateTime, Described, Element, NcName, Schema, Text, class};

/// The namespace of the extension.
pub const NAMESPACE: &str = "urn:ridd:coordination:1";

/// What may stand in AdditionalData.
pub static SCHEMA: Schema = Schema {
    namespace: NAMESPACE,
    prefix: "ridd",
    section: "ridd, docs/conformance.md",
    elements: &[Element { name: "Event", class: Event::table }, Element { name: "Milestone", class: Milestone::table }],
};

class! {
    /// The significant event that a document belongs to. In an Incident's AdditionalData.
    Event "Event", section "ridd coordination" {
        attributes {
            /// The name of the event on the node that opened it.
            event_id "event-id": Text, required;
            /// When its data call was issued: E, from which all times are counted.
            issued "issued": DateTime, required;
        }
        empty;
    }

    /// A milestone that the recipient owns. In the AdditionalData of the EventData whose Expectation asks for it.
    Milestone "Milestone", section "ridd coordination" {
        attributes {
            /// Its name in the timetable, such as `corrected`.
            name "name": NcName, required;
            /// When it is due. Late is wanted all the same: therefore not the Expectation's EndTime (RFC 7970 §3.15).
            due "due": DateTime, required;
            /// Who owns it.
            owner "owner": Text, optional;
        }
        empty;
    }
}
