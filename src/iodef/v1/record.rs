//! Evidence: RFC 5070 §3.19.
//! The tables follow the figures and the schema (§8) of the RFC; where both differ, the schema.

use crate::iodef::common::class::{DateTime, Integer, Text, class};
use crate::iodef::v1::{Extension, MLString, NAMESPACE, OffsetUnit, PatternType, Restriction, Software};

class! {
    /// Evidence for an event.
    Record "Record", section "RFC 5070 §3.19" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        sequence {
            /// One set of it.
            some record_data "RecordData": RecordData;
        }
    }

    /// Log lines or files that show what happened.
    RecordData "RecordData", section "RFC 5070 §3.19.1" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        sequence {
            /// When it was recorded.
            optional date_time "DateTime": DateTime;
            /// What it is, in free text.
            many description "Description": MLString;
            /// What recorded it.
            optional application "Application": Software;
            /// Where to look in it.
            many record_pattern "RecordPattern": RecordPattern;
            /// The data itself.
            some record_item "RecordItem": Extension;
            /// What the model has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// An expression, as content, that finds the place that matters.
    RecordPattern "RecordPattern", section "RFC 5070 §3.19.2" {
        attributes {
            /// The language of the expression.
            kind "type": PatternType, required;
            /// The language, if `type` is `ext-value`.
            ext_kind "ext-type": Text, optional;
            /// How far into the data to begin.
            offset "offset": Integer, optional;
            /// What the offset counts.
            offsetunit "offsetunit": OffsetUnit, default "line";
            /// The unit, if `offsetunit` is `ext-value`.
            ext_offsetunit "ext-offsetunit": Text, optional;
            /// How many matches to look at.
            instance "instance": Integer, optional;
        }
        text Text;
    }
}
