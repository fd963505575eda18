//! Evidence: RFC 7970 §§3.22–3.23. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{AnyUri, DateTime, Id, Integer, Text, class, enumeration};
use crate::iodef::v2::{CertificateData, Extension, FileData, MLString, NAMESPACE, Restriction, Software, rules};

enumeration! {
    /// The language of a pattern.
    PatternType "RecordPattern-type", section "RFC 7970 §3.22.2" {
        Regex = "regex",
        Binary = "binary",
        Xpath = "xpath",
        ExtValue = "ext-value",
    }

    /// The unit of an offset.
    OffsetUnit "RecordPattern-offsetunit", section "RFC 7970 §3.22.2" {
        Line = "line",
        Byte = "byte",
        ExtValue = "ext-value",
    }

    /// What was done to a key of the registry.
    RegistryAction "Key-registryaction", section "RFC 7970 §3.23.1" {
        AddKey = "add-key",
        AddValue = "add-value",
        DeleteKey = "delete-key",
        DeleteValue = "delete-value",
        ModifyKey = "modify-key",
        ModifyValue = "modify-value",
        ExtValue = "ext-value",
    }
}

class! {
    /// Logs and other evidence.
    Record "Record", section "RFC 7970 §3.22" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
        }
        sequence {
            some record_data "RecordData": RecordData;
        }
    }

    /// One piece of evidence.
    RecordData "RecordData", section "RFC 7970 §3.22.1", rules [rules::RECORD_DATA_HAS_DATA] {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            optional date_time "DateTime": DateTime;
            many description "Description": MLString;
            optional application "Application": Software;
            many record_pattern "RecordPattern": RecordPattern;
            many record_item "RecordItem": Extension;
            many url "URL": AnyUri;
            many file_data "FileData": FileData;
            many windows_registry_keys_modified "WindowsRegistryKeysModified": WindowsRegistryKeysModified;
            many certificate_data "CertificateData": CertificateData;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// Where in the evidence to look.
    RecordPattern "RecordPattern", section "RFC 7970 §3.22.2" {
        attributes {
            kind "type": PatternType, required;
            /// What `type` says where it is `ext-value`.
            ext_kind "ext-type": Text, optional;
            /// Where the search begins, in units of `offsetunit`.
            offset "offset": Integer, optional;
            /// The unit of `offset`.
            offsetunit "offsetunit": OffsetUnit, default "line";
            /// What `offsetunit` says where it is `ext-value`.
            ext_offsetunit "ext-offsetunit": Text, optional;
            /// Which report about the incident; RID numbers its requests with it.
            instance "instance": Integer, optional;
        }
        text Text;
    }

    /// Keys of the Windows registry that were changed.
    WindowsRegistryKeysModified "WindowsRegistryKeysModified", section "RFC 7970 §3.23" {
        attributes {
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            some key "Key": Key;
        }
    }

    /// One key of the Windows registry.
    Key "Key", section "RFC 7970 §3.23.1" {
        attributes {
            /// What was done to it.
            registryaction "registryaction": RegistryAction, optional;
            /// What `registryaction` says where it is `ext-value`.
            ext_registryaction "ext-registryaction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            one key_name "KeyName": Text;
            optional value "Value": Text;
        }
    }
}
