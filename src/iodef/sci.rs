//! Structured cybersecurity information: RFC 7203, classes that carry documents of other standards (CVE, CPE, CVSS, …)
//! inside IODEF. Called by the tables of IODEF 2.0, whose Method names three of them, and wherever AdditionalData holds
//! one. Reference and RawData are IODEF 1.0's also inside a document of 2.0, for the schema says so.

use crate::iodef::common::class::{Described, Element, Schema, Text, class};
use crate::iodef::v1::{self, Dtype, Restriction};

/// The namespace of RFC 7203 (§5.2).
pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:iodef-sci-1.0";

/// What may be a root or stand in a wildcard.
pub static SCHEMA: Schema = Schema {
    namespace: NAMESPACE,
    prefix: "sci",
    section: "RFC 7203 §5.2",
    elements: &[
        Element { name: "Scoring", class: BasicStructure::table },
        Element { name: "Platform", class: BasicStructure::table },
        Element { name: "EventReport", class: BasicStructure::table },
        Element { name: "Verification", class: BasicStructure::table },
        Element { name: "Remediation", class: BasicStructure::table },
        Element { name: "AttackPattern", class: AttackPattern::table },
        Element { name: "Vulnerability", class: Vulnerability::table },
        Element { name: "Weakness", class: Weakness::table },
    ],
};

class! {
    /// A document of another standard, as elements.
    XmlData "XMLDATA", section "RFC 7203 §4.2" {
        attributes {
            /// Always `xml`.
            dtype "dtype": Dtype, only "xml";
            /// What the document says.
            meaning "meaning": Text, optional;
            /// What the parties agreed on about its form.
            formatid "formatid": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        sequence {
            any lax many;
        }
    }

    /// What Platform, Scoring, EventReport, Verification and Remediation are: content of a specification, or a reference to it.
    BasicStructure "BasicStructure", section "RFC 7203 §4.4" {
        attributes {
            /// The specification that the content follows, as IANA registers it, or `private`.
            spec_id "SpecID": Text, required;
            /// The specification, if `SpecID` is `private`.
            ext_spec_id "ext-SpecID": Text, optional;
            /// The number of the content within the specification.
            content_id "ContentID": Text, optional;
        }
        sequence {
            choice one {
                /// The content itself.
                many raw_data "RawData": XmlData;
                /// Where the content is to be found.
                many reference "Reference" @ v1::NAMESPACE: v1::Reference;
            }
        }
    }

    /// How an attack goes about it.
    AttackPattern "AttackPattern", section "RFC 7203 §4.5.1" {
        attributes {
            /// The specification that the content follows, as IANA registers it, or `private`.
            spec_id "SpecID": Text, required;
            /// The specification, if `SpecID` is `private`.
            ext_spec_id "ext-SpecID": Text, optional;
            /// The number of the content within the specification.
            content_id "ContentID": Text, optional;
        }
        sequence {
            choice one {
                /// The content itself.
                many raw_data "RawData": XmlData;
                /// Where the content is to be found.
                many reference "Reference" @ v1::NAMESPACE: v1::Reference;
            }
            /// The platforms concerned.
            many platform "Platform": BasicStructure;
        }
    }

    /// A vulnerability that was used.
    Vulnerability "Vulnerability", section "RFC 7203 §4.5.3" {
        attributes {
            /// The specification that the content follows, as IANA registers it, or `private`.
            spec_id "SpecID": Text, required;
            /// The specification, if `SpecID` is `private`.
            ext_spec_id "ext-SpecID": Text, optional;
            /// The number of the content within the specification.
            content_id "ContentID": Text, optional;
        }
        sequence {
            choice one {
                /// The content itself.
                many raw_data "RawData": XmlData;
                /// Where the content is to be found.
                many reference "Reference" @ v1::NAMESPACE: v1::Reference;
            }
            /// The platforms concerned.
            many platform "Platform": BasicStructure;
            /// How severe it is.
            many scoring "Scoring": BasicStructure;
        }
    }

    /// A weakness that was used.
    Weakness "Weakness", section "RFC 7203 §4.5.5" {
        attributes {
            /// The specification that the content follows, as IANA registers it, or `private`.
            spec_id "SpecID": Text, required;
            /// The specification, if `SpecID` is `private`.
            ext_spec_id "ext-SpecID": Text, optional;
            /// The number of the content within the specification.
            content_id "ContentID": Text, optional;
        }
        sequence {
            choice one {
                /// The content itself.
                many raw_data "RawData": XmlData;
                /// Where the content is to be found.
                many reference "Reference" @ v1::NAMESPACE: v1::Reference;
            }
            /// The platforms concerned.
            many platform "Platform": BasicStructure;
            /// How severe it is.
            many scoring "Scoring": BasicStructure;
        }
    }
}
