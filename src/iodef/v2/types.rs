//! The types that many classes share: RFC 7970 §2. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{AnyUri, Id, Text, XmlLang, class, enumeration};
use crate::iodef::v2::{NAMESPACE, rules};

enumeration! {
    /// How a software is named.
    SpecName "SoftwareReference-spec-id", section "RFC 7970 §2.15.1" {
        Custom = "custom",
        Cpe = "cpe",
        Swid = "swid",
        ExtValue = "ext-value",
    }

    /// The type of the name of a software.
    SoftwareDtype "SoftwareReference-dtype", section "RFC 7970 §2.15.1" {
        Bytes = "bytes",
        Integer = "integer",
        Real = "real",
        String = "string",
        Xml = "xml",
        ExtValue = "ext-value",
    }

    /// The type of the content of an extension.
    Dtype "ExtensionType-dtype", section "RFC 7970 §2.16" {
        Boolean = "boolean",
        Byte = "byte",
        Bytes = "bytes",
        Character = "character",
        DateTime = "date-time",
        Integer = "integer",
        Ntpstamp = "ntpstamp",
        Portlist = "portlist",
        Real = "real",
        String = "string",
        File = "file",
        Path = "path",
        Frame = "frame",
        Packet = "packet",
        Ipv4Packet = "ipv4-packet",
        Ipv6Packet = "ipv6-packet",
        Url = "url",
        Csv = "csv",
        Winreg = "winreg",
        Xml = "xml",
        ExtValue = "ext-value",
    }

    /// Who may see it; what sets nothing inherits from around it. The last four colours are those of the Traffic Light Protocol.
    Restriction "Restriction", section "RFC 7970 §3.3.1" {
        Default = "default",
        Public = "public",
        Partner = "partner",
        NeedToKnow = "need-to-know",
        Private = "private",
        White = "white",
        Green = "green",
        Amber = "amber",
        Red = "red",
        ExtValue = "ext-value",
    }

    /// How bad.
    Severity "Severity", section "RFC 7970 §3.12.1" {
        Low = "low",
        Medium = "medium",
        High = "high",
    }

    /// A unit of time.
    Duration "TimeImpact-duration", section "RFC 7970 §3.12.3" {
        Second = "second",
        Minute = "minute",
        Hour = "hour",
        Day = "day",
        Month = "month",
        Quarter = "quarter",
        Year = "year",
        ExtValue = "ext-value",
    }

    /// What is asked for, or was done.
    Action "Expectation-action", section "RFC 7970 §3.15" {
        Nothing = "nothing",
        ContactSourceSite = "contact-source-site",
        ContactTargetSite = "contact-target-site",
        ContactSender = "contact-sender",
        Investigate = "investigate",
        BlockHost = "block-host",
        BlockNetwork = "block-network",
        BlockPort = "block-port",
        RateLimitHost = "rate-limit-host",
        RateLimitNetwork = "rate-limit-network",
        RateLimitPort = "rate-limit-port",
        RedirectTraffic = "redirect-traffic",
        Honeypot = "honeypot",
        UpgradeSoftware = "upgrade-software",
        RebuildAsset = "rebuild-asset",
        HardenAsset = "harden-asset",
        RemediateOther = "remediate-other",
        StatusTriage = "status-triage",
        StatusNewInfo = "status-new-info",
        WatchAndReport = "watch-and-report",
        DefinedCoa = "defined-coa",
        Other = "other",
        ExtValue = "ext-value",
    }

    /// Whether it is so.
    YesNoUnknown "YesNoUnknown", section "RFC 7970 §3.17" {
        Yes = "yes",
        No = "no",
        Unknown = "unknown",
    }
}

class! {
    /// Text in a language.
    MLString "MLStringType", section "RFC 7970 §2.4" {
        attributes {
            /// Texts that are translations of each other share it.
            translation_id "translation-id": Text, optional;
            /// The language of its text.
            lang "xml:lang": XmlLang, optional;
        }
        text Text;
    }

    /// Content that IODEF has no class for; `dtype` says of which type it is.
    Extension "ExtensionType", section "RFC 7970 §2.16", rules [rules::EXTENSION_IS_OF_ITS_TYPE] {
        attributes {
            name "name": Text, optional;
            /// The type of the content.
            dtype "dtype": Dtype, required;
            /// What `dtype` says where it is `ext-value`.
            ext_dtype "ext-dtype": Text, optional;
            /// What it means, for people.
            meaning "meaning": Text, optional;
            /// What the parties agreed on about the form.
            formatid "formatid": Text, optional;
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        mixed sequence {
            any lax many;
        }
    }

    /// A software by its name.
    Software "SoftwareType", section "RFC 7970 §2.15", rules [rules::SOFTWARE_SAYS_SOMETHING] {
        sequence {
            optional software_reference "SoftwareReference": SoftwareReference;
            many url "URL": AnyUri;
            many description "Description": MLString;
        }
    }

    /// The name of a software in a scheme such as CPE.
    SoftwareReference "SoftwareReference", section "RFC 7970 §2.15.1", rules [rules::CUSTOM_SOFTWARE_HAS_A_TYPE] {
        attributes {
            /// The scheme of the name.
            spec_name "spec-name": SpecName, required;
            /// What `spec-name` says where it is `ext-value`.
            ext_spec_name "ext-spec-name": Text, optional;
            /// The type of the content.
            dtype "dtype": SoftwareDtype, optional;
            /// What `dtype` says where it is `ext-value`.
            ext_dtype "ext-dtype": Text, optional;
        }
        sequence {
            any lax many;
        }
    }

    /// Whatever its sender likes: `xs:anyType`.
    Anything "anyType", section "XML Schema part 1" {
        anything;
    }
}
