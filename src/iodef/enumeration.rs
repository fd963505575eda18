//! Names from enumerations of other organizations, such as CVE numbers: RFC 7495. Called by the tables of IODEF 2.0,
//! whose Reference holds one.

use crate::iodef::common::class::{Described, Element, Integer, NcName, Schema, class};

/// The namespace of RFC 7495 (§5).
pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:iodef-enum-1.0";

/// What may be a root or stand in a wildcard.
pub static SCHEMA: Schema = Schema {
    namespace: NAMESPACE,
    prefix: "enum",
    section: "RFC 7495 §5",
    elements: &[Element { name: "ReferenceName", class: ReferenceName::table }],
};

class! {
    /// One name from an enumeration.
    ReferenceName "ReferenceName", section "RFC 7495 §2.1" {
        attributes {
            /// Which enumeration, by its number in IANA's registry: 1 is CVE.
            spec_index "specIndex": Integer, required;
        }
        sequence {
            /// The name.
            one id "ID": NcName;
        }
    }
}
