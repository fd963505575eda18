//! How it was done and what harm it did: RFC 5070 §§3.9, 3.10.
//! The tables follow the figures and the schema (§8) of the RFC; where both differ, the schema.

use crate::iodef::common::class::{AnyUri, Language, PositiveFloat, Text, class};
use crate::iodef::v1::{
    Completion, Counter, Duration, Extension, ImpactType, MLString, Metric, NAMESPACE, Occurrence, Rating, Restriction,
    Severity, rules,
};

class! {
    /// How the incident was brought about: references and descriptions in any order.
    Method "Method", section "RFC 5070 §3.9" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        sequence {
            choice some {
                /// A known weakness or tool.
                one reference "Reference": Reference;
                /// How it was done, in free text.
                one description "Description": MLString;
            }
            /// What the model has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// A known vulnerability, tool or advisory.
    Reference "Reference", section "RFC 5070 §3.9.1" {
        sequence {
            /// Its name, such as a CVE number.
            one reference_name "ReferenceName": MLString;
            /// Where it is described.
            many url "URL": AnyUri;
            /// What it is, in free text.
            many description "Description": MLString;
        }
    }

    /// The harm the incident does or may do.
    Assessment "Assessment", section "RFC 5070 §3.10" {
        attributes {
            /// Whether the harm is done or feared.
            occurrence "occurrence": Occurrence, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
        }
        sequence {
            choice some {
                /// Technical harm.
                one impact "Impact": Impact;
                /// Harm in time.
                one time_impact "TimeImpact": TimeImpact;
                /// Harm in money.
                one monetary_impact "MonetaryImpact": MonetaryImpact;
            }
            /// How much of something.
            many counter "Counter": Counter;
            /// How sure the assessment is.
            optional confidence "Confidence": Confidence;
            /// What the model has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// Technical harm, in free text as content.
    Impact "Impact", section "RFC 5070 §3.10.1", rules [rules::IMPACT_HAS_A_LANGUAGE, rules::IMPACT_HAS_A_TYPE] {
        attributes {
            /// How bad.
            severity "severity": Severity, optional;
            /// Whether the attempt succeeded.
            completion "completion": Completion, optional;
            /// What kind of harm.
            kind "type": ImpactType, default "unknown";
            /// The kind, if `type` is `ext-value`.
            ext_kind "ext-type": Text, optional;
            /// The language of the text.
            lang "lang": Language, optional;
        }
        text Text;
    }

    /// Harm in time: a number above 0 as content.
    TimeImpact "TimeImpact", section "RFC 5070 §3.10.2", rules [rules::TIME_IMPACT_HAS_A_UNIT] {
        attributes {
            /// How bad.
            severity "severity": Severity, optional;
            /// What is counted.
            metric "metric": Metric, required;
            /// What is counted, if `metric` is `ext-value`.
            ext_metric "ext-metric": Text, optional;
            /// The unit.
            duration "duration": Duration, optional;
            /// The unit, if `duration` is `ext-value`.
            ext_duration "ext-duration": Text, optional;
        }
        text PositiveFloat;
    }

    /// Harm in money: a number above 0 as content.
    MonetaryImpact "MonetaryImpact", section "RFC 5070 §3.10.3", rules [rules::MONETARY_IMPACT_HAS_A_CURRENCY] {
        attributes {
            /// How bad.
            severity "severity": Severity, optional;
            /// The currency, as ISO 4217 writes it.
            currency "currency": Text, optional;
        }
        text PositiveFloat;
    }

    /// How sure an assessment is; a number as content if the rating is `numeric`.
    Confidence "Confidence", section "RFC 5070 §3.10.4", rules [rules::CONFIDENCE_MATCHES_RATING] {
        attributes {
            /// How sure, in words.
            rating "rating": Rating, required;
        }
        mixed sequence {}
    }
}
