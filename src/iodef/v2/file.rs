//! Certificates, files, hashes and signatures: RFC 7970 §§3.24–3.27. Called by the tables beside it, and by whoever reads or writes the classes.

use crate::iodef::common::class::{AnyUri, Base64Binary, Id, Integer, Text, class, enumeration};
use crate::iodef::signature;
use crate::iodef::v2::{Extension, MLString, NAMESPACE, Restriction, Software, rules};

enumeration! {
    /// What a hash was taken of.
    HashScope "HashData-scope", section "RFC 7970 §3.26" {
        FileContents = "file-contents",
        FilePeSection = "file-pe-section",
        FilePeIat = "file-pe-iat",
        FilePeResource = "file-pe-resource",
        FilePdfObject = "file-pdf-object",
        EmailHash = "email-hash",
        EmailHeadersHash = "email-headers-hash",
        EmailBodyHash = "email-body-hash",
        ExtValue = "ext-value",
    }
}

class! {
    /// X.509 certificates.
    CertificateData "CertificateData", section "RFC 7970 §3.24" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            some certificate "Certificate": Certificate;
        }
    }

    /// One X.509 certificate.
    Certificate "Certificate", section "RFC 7970 §3.24.1" {
        attributes {
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            one x509_data "X509Data" @ signature::NAMESPACE: signature::X509Data;
            many description "Description": MLString;
        }
    }

    /// Files.
    FileData "FileData", section "RFC 7970 §3.25" {
        attributes {
            /// Who may see it.
            restriction "restriction": Restriction, optional;
            /// What `restriction` says where it is `ext-value`.
            ext_restriction "ext-restriction": Text, optional;
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            some file "File": File;
        }
    }

    /// One file by name, size and hashes.
    File "File", section "RFC 7970 §3.25.1" {
        attributes {
            /// A name by which expressions of indicators refer to it.
            observable_id "observable-id": Id, optional;
        }
        sequence {
            optional file_name "FileName": Text;
            optional file_size "FileSize": Integer;
            optional file_type "FileType": Text;
            many url "URL": AnyUri;
            optional hash_data "HashData": HashData;
            optional signature_data "SignatureData": SignatureData;
            optional associated_software "AssociatedSoftware": Software;
            many file_properties "FileProperties": Extension;
        }
    }

    /// Hashes of one thing.
    HashData "HashData", section "RFC 7970 §3.26", rules [rules::HASH_DATA_HAS_A_HASH, rules::HASH_SCOPE_IS_COMPLETE] {
        attributes {
            /// What was hashed.
            scope "scope": HashScope, required;
            /// What `scope` says where it is `ext-value`.
            ext_scope "ext-scope": Text, optional;
        }
        sequence {
            optional hash_target_id "HashTargetID": Text;
            many hash "Hash": Hash;
            many fuzzy_hash "FuzzyHash": FuzzyHash;
        }
    }

    /// A cryptographic hash.
    Hash "Hash", section "RFC 7970 §3.26.1" {
        sequence {
            one digest_method "DigestMethod" @ signature::NAMESPACE: signature::DigestMethod;
            one digest_value "DigestValue" @ signature::NAMESPACE: Base64Binary;
            optional canonicalization_method "CanonicalizationMethod" @ signature::NAMESPACE: signature::CanonicalizationMethod;
            optional application "Application": Software;
        }
    }

    /// A hash that is alike for what is alike.
    FuzzyHash "FuzzyHash", section "RFC 7970 §3.26.2" {
        sequence {
            some fuzzy_hash_value "FuzzyHashValue": Extension;
            optional application "Application": Software;
            /// What IODEF has no class for.
            many additional_data "AdditionalData": Extension;
        }
    }

    /// Signatures.
    SignatureData "SignatureData", section "RFC 7970 §3.27" {
        sequence {
            some signature "Signature" @ signature::NAMESPACE: signature::Signature;
        }
    }
}
