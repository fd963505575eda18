//! Indicators: RFC 7970 §§3.28–3.29. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{AnyUri, DateTime, Id, IdRef, Text, class, enumeration};
use crate::iodef::v2::{
    Address, Anything, Assessment, CertificateData, Confidence, Contact, DetectionPattern, DomainData, EmailData,
    EventData, Expectation, Extension, FileData, Hash, HistoryItem, Incident, MLString, NAMESPACE, NodeRole,
    RecordData, Reference, RegistryHandle, Restriction, Service, System, WindowsRegistryKeysModified, rules,
};

enumeration! {
    /// What the lines of a list are.
    BulkType "BulkObservable-type", section "RFC 7970 §3.29.3.1" {
        Asn = "asn",
        Atm = "atm",
        EMail = "e-mail",
        Ipv4Addr = "ipv4-addr",
        Ipv4Net = "ipv4-net",
        Ipv4NetMask = "ipv4-net-mask",
        Ipv6Addr = "ipv6-addr",
        Ipv6Net = "ipv6-net",
        Ipv6NetMask = "ipv6-net-mask",
        Mac = "mac",
        SiteUri = "site-uri",
        DomainName = "domain-name",
        DomainToIpv4 = "domain-to-ipv4",
        DomainToIpv6 = "domain-to-ipv6",
        DomainToIpv4Timestamp = "domain-to-ipv4-timestamp",
        DomainToIpv6Timestamp = "domain-to-ipv6-timestamp",
        Ipv4Port = "ipv4-port",
        Ipv6Port = "ipv6-port",
        WindowsRegKey = "windows-reg-key",
        FileHash = "file-hash",
        EmailXMailer = "email-x-mailer",
        EmailSubject = "email-subject",
        HttpUserAgent = "http-user-agent",
        HttpRequestUri = "http-request-uri",
        Mutex = "mutex",
        FilePath = "file-path",
        UserName = "user-name",
    }

    /// How the parts of an expression are joined.
    Operator "IndicatorExpression-operator", section "RFC 7970 §3.29.4" {
        Not = "not",
        And = "and",
        Or = "or",
        Xor = "xor",
    }
}

class! {
    /// What tells that an attack of this kind is there.
    IndicatorData "IndicatorData", section "RFC 7970 §3.28" {
        sequence {
            some indicator "Indicator": Indicator;
        }
    }

    /// One thing by which an attack can be known.
    Indicator "Indicator", section "RFC 7970 §3.29" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            one indicator_id "IndicatorID": IndicatorID;
            many alternative_indicator_id "AlternativeIndicatorID": AlternativeIndicatorID;
            many description "Description": MLString;
            /// When it began.
            optional start_time "StartTime": DateTime;
            /// When it ended.
            optional end_time "EndTime": DateTime;
            optional confidence "Confidence": Confidence;
            many contact "Contact": Contact;
            choice one {
                one observable "Observable": Observable;
                one observable_reference "ObservableReference": ObservableReference;
                one indicator_expression "IndicatorExpression": IndicatorExpression;
                one indicator_reference "IndicatorReference": IndicatorReference;
            }
            many node_role "NodeRole": NodeRole;
            many attack_phase "AttackPhase": AttackPhase;
            many reference "Reference": Reference;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// The number of an indicator, an xs:ID.
    IndicatorID "IndicatorID", section "RFC 7970 §3.29.1" {
        attributes {
            name "name": Text, required;
            version "version": Text, required;
        }
        text Id;
    }

    /// The numbers that others use for the same indicator.
    AlternativeIndicatorID "AlternativeIndicatorID", section "RFC 7970 §3.29.2" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            some indicator_id "IndicatorID": IndicatorID;
        }
    }

    /// What can be observed.
    Observable "Observable", section "RFC 7970 §3.29.3", rules [rules::OBSERVABLE_HAS_ONE_CHILD] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        choice one {
            optional system "System": System;
            optional address "Address": Address;
            optional domain_data "DomainData": DomainData;
            optional service "Service": Service;
            optional email_data "EmailData": EmailData;
            optional windows_registry_keys_modified "WindowsRegistryKeysModified": WindowsRegistryKeysModified;
            optional file_data "FileData": FileData;
            optional certificate_data "CertificateData": CertificateData;
            optional registry_handle "RegistryHandle": RegistryHandle;
            optional record_data "RecordData": RecordData;
            optional event_data "EventData": EventData;
            optional incident "Incident": Incident;
            optional expectation "Expectation": Expectation;
            optional reference "Reference": Reference;
            optional assessment "Assessment": Assessment;
            optional detection_pattern "DetectionPattern": DetectionPattern;
            optional history_item "HistoryItem": HistoryItem;
            optional bulk_observable "BulkObservable": BulkObservable;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// A long list of observables, one a line.
    BulkObservable "BulkObservable", section "RFC 7970 §3.29.3.1", rules [rules::FILE_HASHES_NAME_THEIR_HASH] {
        attributes {
            kind "type": BulkType, required;
            /// What `type` says where it is `ext-value`.
            ext_kind "ext-type": Text, optional;
        }
        sequence {
            optional bulk_observable_format "BulkObservableFormat": BulkObservableFormat;
            one bulk_observable_list "BulkObservableList": Anything;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// What the lines of the list have in common.
    BulkObservableFormat "BulkObservableFormat", section "RFC 7970 §3.29.3.1.1", rules [rules::BULK_FORMAT_SAYS_SOMETHING] {
        sequence {
            optional hash "Hash": Hash;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// Observables and indicators joined by an operator.
    IndicatorExpression "IndicatorExpression", section "RFC 7970 §3.29.4", rules [rules::EXPRESSION_HAS_ONE_CONFIDENCE] {
        attributes {
            /// How the parts are joined.
            operator "operator": Operator, default "and";
            /// What `operator` says where it is `ext-value`.
            ext_operator "ext-operator": Text, optional;
        }
        sequence some {
            choice one {
                one indicator_expression "IndicatorExpression": IndicatorExpression;
                one observable "Observable": Observable;
                one observable_reference "ObservableReference": ObservableReference;
                one indicator_reference "IndicatorReference": IndicatorReference;
            }
            optional confidence "Confidence": Confidence;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// An observable elsewhere in the document.
    ObservableReference "ObservableReference", section "RFC 7970 §3.29.6" {
        attributes {
            /// The xs:ID it refers to.
            uid_ref "uid-ref": IdRef, required;
        }
        empty;
    }

    /// An indicator here or in another document.
    IndicatorReference "IndicatorReference", section "RFC 7970 §3.29.7", rules [rules::INDICATOR_REFERENCE_REFERS] {
        attributes {
            /// The xs:ID it refers to.
            uid_ref "uid-ref": IdRef, optional;
            /// The identifier of an indicator in another document.
            euid_ref "euid-ref": Text, optional;
            version "version": Text, optional;
        }
        empty;
    }

    /// A phase of an attack.
    AttackPhase "AttackPhase", section "RFC 7970 §3.29.8", rules [rules::ATTACK_PHASE_SAYS_SOMETHING] {
        sequence {
            many attack_phase_id "AttackPhaseID": Text;
            some url "URL": AnyUri;
            many description "Description": MLString;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }
}
