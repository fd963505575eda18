//! What it did: RFC 7970 §3.12. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{Float, Id, PositiveFloat, Text, class, enumeration};
use crate::iodef::v2::{Counter, Duration, Extension, MLString, NAMESPACE, Restriction, Severity, rules};

enumeration! {
    /// Whether it happened or could happen.
    Occurrence "Assessment-occurrence", section "RFC 7970 §3.12" {
        Actual = "actual",
        Potential = "potential",
    }

    /// Whether the attempt worked.
    Completion "SystemImpact-completion", section "RFC 7970 §3.12.1" {
        Failed = "failed",
        Succeeded = "succeeded",
    }

    /// What was done to a system.
    SystemImpactType "SystemImpact-type", section "RFC 7970 §3.12.1" {
        TakeoverAccount = "takeover-account",
        TakeoverService = "takeover-service",
        TakeoverSystem = "takeover-system",
        CpsManipulation = "cps-manipulation",
        CpsDamage = "cps-damage",
        AvailabilityData = "availability-data",
        AvailabilityAccount = "availability-account",
        AvailabilityService = "availability-service",
        AvailabilitySystem = "availability-system",
        DamagedSystem = "damaged-system",
        DamagedData = "damaged-data",
        BreachProprietary = "breach-proprietary",
        BreachPrivacy = "breach-privacy",
        BreachCredential = "breach-credential",
        BreachConfiguration = "breach-configuration",
        IntegrityData = "integrity-data",
        IntegrityConfiguration = "integrity-configuration",
        IntegrityHardware = "integrity-hardware",
        TrafficRedirection = "traffic-redirection",
        MonitoringTraffic = "monitoring-traffic",
        MonitoringHost = "monitoring-host",
        Policy = "policy",
        Unknown = "unknown",
        ExtValue = "ext-value",
    }

    /// How much an organization suffered.
    BusinessSeverity "BusinessImpact-severity", section "RFC 7970 §3.12.2" {
        None = "none",
        Low = "low",
        Medium = "medium",
        High = "high",
        Unknown = "unknown",
        ExtValue = "ext-value",
    }

    /// What an organization suffered.
    BusinessImpactType "BusinessImpact-type", section "RFC 7970 §3.12.2" {
        BreachProprietary = "breach-proprietary",
        BreachPrivacy = "breach-privacy",
        BreachCredential = "breach-credential",
        LossOfIntegrity = "loss-of-integrity",
        LossOfService = "loss-of-service",
        TheftFinancial = "theft-financial",
        TheftService = "theft-service",
        DegradedReputation = "degraded-reputation",
        AssetDamage = "asset-damage",
        AssetManipulation = "asset-manipulation",
        Legal = "legal",
        Extortion = "extortion",
        Unknown = "unknown",
        ExtValue = "ext-value",
    }

    /// Which time was lost.
    Metric "TimeImpact-metric", section "RFC 7970 §3.12.3" {
        Labor = "labor",
        Elapsed = "elapsed",
        Downtime = "downtime",
        ExtValue = "ext-value",
    }

    /// How sure the writer is.
    Rating "Confidence-rating", section "RFC 7970 §3.12.5" {
        Low = "low",
        Medium = "medium",
        High = "high",
        Numeric = "numeric",
        Unknown = "unknown",
        ExtValue = "ext-value",
    }
}

class! {
    /// What the incident did to technology, people, time and money.
    Assessment "Assessment", section "RFC 7970 §3.12" {
        attributes {
            /// Whether it happened or could happen.
            occurrence "occurrence": Occurrence, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            many incident_category "IncidentCategory": MLString;
            choice some {
                one system_impact "SystemImpact": SystemImpact;
                one business_impact "BusinessImpact": BusinessImpact;
                one time_impact "TimeImpact": TimeImpact;
                one monetary_impact "MonetaryImpact": MonetaryImpact;
                one intended_impact "IntendedImpact": BusinessImpact;
            }
            many counter "Counter": Counter;
            many mitigating_factor "MitigatingFactor": MLString;
            many cause "Cause": MLString;
            optional confidence "Confidence": Confidence;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// What it did to systems.
    SystemImpact "SystemImpact", section "RFC 7970 §3.12.1" {
        attributes {
            /// How bad.
            severity "severity": Severity, optional;
            /// Whether the attempt worked.
            completion "completion": Completion, optional;
            kind "type": SystemImpactType, default "unknown";
            /// What `type` says where it is `ext-value`.
            ext_kind "ext-type": Text, optional;
        }
        sequence {
            many description "Description": MLString;
        }
    }

    /// What it did, or was meant to do, to an organization.
    BusinessImpact "BusinessImpactType", section "RFC 7970 §3.12.2" {
        attributes {
            /// How bad.
            severity "severity": BusinessSeverity, optional;
            /// What `severity` says where it is `ext-value`.
            ext_severity "ext-severity": Text, optional;
            kind "type": BusinessImpactType, default "unknown";
            /// What `type` says where it is `ext-value`.
            ext_kind "ext-type": Text, optional;
        }
        sequence {
            many description "Description": MLString;
        }
    }

    /// Time lost.
    TimeImpact "TimeImpact", section "RFC 7970 §3.12.3" {
        attributes {
            /// How bad.
            severity "severity": Severity, optional;
            /// Which time was lost.
            metric "metric": Metric, required;
            /// What `metric` says where it is `ext-value`.
            ext_metric "ext-metric": Text, optional;
            /// The unit of time.
            duration "duration": Duration, optional;
            /// What `duration` says where it is `ext-value`.
            ext_duration "ext-duration": Text, optional;
        }
        text PositiveFloat;
    }

    /// Money lost.
    MonetaryImpact "MonetaryImpact", section "RFC 7970 §3.12.4" {
        attributes {
            /// How bad.
            severity "severity": Severity, optional;
            /// The currency, by its code in ISO 4217.
            currency "currency": Text, optional;
        }
        text PositiveFloat;
    }

    /// How sure the writer is of an assessment.
    Confidence "Confidence", section "RFC 7970 §3.12.5", rules [rules::NUMERIC_CONFIDENCE_HAS_A_NUMBER] {
        attributes {
            /// How sure.
            rating "rating": Rating, required;
            /// What `rating` says where it is `ext-value`.
            ext_rating "ext-rating": Text, optional;
        }
        empty unless "rating" is "numeric": Float;
    }
}
