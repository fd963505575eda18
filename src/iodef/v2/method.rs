//! How it was found and how the attacker went about it: RFC 7970 §§3.10–3.11. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{AnyUri, Id, Text, class, enumeration};
use crate::iodef::v2::{Contact, Extension, MLString, NAMESPACE, Restriction, Software, rules};
use crate::iodef::{enumeration, sci};

enumeration! {
    /// How an incident was found.
    DiscoverySource "Discovery-source", section "RFC 7970 §3.10" {
        Nidps = "nidps",
        Hips = "hips",
        Siem = "siem",
        Av = "av",
        ThirdPartyMonitoring = "third-party-monitoring",
        Incident = "incident",
        OsLog = "os-log",
        ApplicationLog = "application-log",
        DeviceLog = "device-log",
        NetworkFlow = "network-flow",
        PassiveDns = "passive-dns",
        Investigation = "investigation",
        Audit = "audit",
        InternalNotification = "internal-notification",
        ExternalNotification = "external-notification",
        Leo = "leo",
        Partner = "partner",
        Actor = "actor",
        Unknown = "unknown",
        ExtValue = "ext-value",
    }
}

class! {
    /// How the incident was found.
    Discovery "Discovery", section "RFC 7970 §3.10" {
        attributes {
            /// How it was found.
            source "source": DiscoverySource, default "unknown";
            /// What `source` says where it is `ext-value`.
            ext_source "ext-source": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            many description "Description": MLString;
            many contact "Contact": Contact;
            many detection_pattern "DetectionPattern": DetectionPattern;
        }
    }

    /// A configuration with which it can be found again.
    DetectionPattern "DetectionPattern", section "RFC 7970 §3.10.1", rules [rules::DETECTION_PATTERN_DETECTS] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            one application "Application": Software;
            many description "Description": MLString;
            /// A machine-readable configuration.
            many detection_configuration "DetectionConfiguration": Text;
        }
    }

    /// How the attacker went about it, and which weaknesses served.
    Method "Method", section "RFC 7970 §3.11", rules [rules::METHOD_SAYS_SOMETHING] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            many reference "Reference": Reference;
            many description "Description": MLString;
            many attack_pattern "AttackPattern" @ sci::NAMESPACE: sci::AttackPattern;
            many vulnerability "Vulnerability" @ sci::NAMESPACE: sci::Vulnerability;
            many weakness "Weakness" @ sci::NAMESPACE: sci::Weakness;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// A vulnerability, malware or weakness by the name a list gives it.
    Reference "Reference", section "RFC 7970 §3.11.1", rules [rules::REFERENCE_SAYS_SOMETHING] {
        attributes {
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            optional reference_name "ReferenceName" @ enumeration::NAMESPACE: enumeration::ReferenceName;
            many url "URL": AnyUri;
            many description "Description": MLString;
        }
    }
}
