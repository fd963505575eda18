//! XML Signature as its schema has it: the classes that IODEF's Hash, SignatureData and Certificate hold, and that RID
//! messages carry. Only their form is checked here; what they prove is the business of `xmlsec`.

use crate::iodef::common::class::{AnyUri, Base64Binary, Described, Element, Id, Integer, Schema, Text, class};

/// The namespace of XML Signature.
pub const NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What may be a root or stand in a wildcard.
pub static SCHEMA: Schema = Schema {
    namespace: NAMESPACE,
    prefix: "ds",
    section: "XML Signature",
    elements: &[
        Element { name: "Signature", class: Signature::table },
        Element { name: "SignatureValue", class: SignatureValue::table },
        Element { name: "SignedInfo", class: SignedInfo::table },
        Element { name: "CanonicalizationMethod", class: CanonicalizationMethod::table },
        Element { name: "SignatureMethod", class: SignatureMethod::table },
        Element { name: "Reference", class: Reference::table },
        Element { name: "Transforms", class: Transforms::table },
        Element { name: "Transform", class: Transform::table },
        Element { name: "DigestMethod", class: DigestMethod::table },
        Element { name: "DigestValue", class: Base64Binary::table },
        Element { name: "KeyInfo", class: KeyInfo::table },
        Element { name: "KeyName", class: Text::table },
        Element { name: "MgmtData", class: Text::table },
        Element { name: "KeyValue", class: KeyValue::table },
        Element { name: "RetrievalMethod", class: RetrievalMethod::table },
        Element { name: "X509Data", class: X509Data::table },
        Element { name: "PGPData", class: PgpData::table },
        Element { name: "SPKIData", class: SpkiData::table },
        Element { name: "Object", class: Object::table },
        Element { name: "Manifest", class: Manifest::table },
        Element { name: "SignatureProperties", class: SignatureProperties::table },
        Element { name: "SignatureProperty", class: SignatureProperty::table },
        Element { name: "DSAKeyValue", class: DsaKeyValue::table },
        Element { name: "RSAKeyValue", class: RsaKeyValue::table },
    ],
};

class! {
    /// A signature: what is signed, its value, and hints about the key.
    Signature "SignatureType", section "XML Signature §4.1" {
        attributes {
            id "Id": Id, optional;
        }
        sequence {
            one signed_info "SignedInfo": SignedInfo;
            one signature_value "SignatureValue": SignatureValue;
            optional key_info "KeyInfo": KeyInfo;
            many object "Object": Object;
        }
    }

    /// The value, in base64.
    SignatureValue "SignatureValueType", section "XML Signature §4.2" {
        attributes {
            id "Id": Id, optional;
        }
        text Base64Binary;
    }

    /// What the value signs.
    SignedInfo "SignedInfoType", section "XML Signature §4.3" {
        attributes {
            id "Id": Id, optional;
        }
        sequence {
            one canonicalization_method "CanonicalizationMethod": CanonicalizationMethod;
            one signature_method "SignatureMethod": SignatureMethod;
            some reference "Reference": Reference;
        }
    }

    /// How SignedInfo is made canonical.
    CanonicalizationMethod "CanonicalizationMethodType", section "XML Signature §4.3.1" {
        attributes {
            algorithm "Algorithm": AnyUri, required;
        }
        mixed sequence {
            any strict many;
        }
    }

    /// How SignedInfo is signed.
    SignatureMethod "SignatureMethodType", section "XML Signature §4.3.2" {
        attributes {
            algorithm "Algorithm": AnyUri, required;
        }
        mixed sequence {
            optional hmac_output_length "HMACOutputLength": Integer;
            other strict many;
        }
    }

    /// One thing that is signed, by its digest.
    Reference "ReferenceType", section "XML Signature §4.3.3" {
        attributes {
            id "Id": Id, optional;
            /// Where it is. Never fetched.
            uri "URI": AnyUri, optional;
            kind "Type": AnyUri, optional;
        }
        sequence {
            optional transforms "Transforms": Transforms;
            one digest_method "DigestMethod": DigestMethod;
            one digest_value "DigestValue": Base64Binary;
        }
    }

    /// What is done before the digest is taken.
    Transforms "TransformsType", section "XML Signature §4.3.3.4" {
        sequence {
            some transform "Transform": Transform;
        }
    }

    /// One step of it.
    Transform "TransformType", section "XML Signature §4.3.3.4" {
        attributes {
            algorithm "Algorithm": AnyUri, required;
        }
        mixed choice many {
            other lax one;
            one xpath "XPath": Text;
        }
    }

    /// How the digest is taken.
    DigestMethod "DigestMethodType", section "XML Signature §4.3.3.5" {
        attributes {
            algorithm "Algorithm": AnyUri, required;
        }
        mixed sequence {
            other lax many;
        }
    }

    /// Hints about the key. Never a reason to trust it.
    KeyInfo "KeyInfoType", section "XML Signature §4.4" {
        attributes {
            id "Id": Id, optional;
        }
        mixed choice some {
            one key_name "KeyName": Text;
            one key_value "KeyValue": KeyValue;
            one retrieval_method "RetrievalMethod": RetrievalMethod;
            one x509_data "X509Data": X509Data;
            one pgp_data "PGPData": PgpData;
            one spki_data "SPKIData": SpkiData;
            one mgmt_data "MgmtData": Text;
            other lax one;
        }
    }

    /// A key itself.
    KeyValue "KeyValueType", section "XML Signature §4.4.2" {
        mixed choice one {
            one dsa_key_value "DSAKeyValue": DsaKeyValue;
            one rsa_key_value "RSAKeyValue": RsaKeyValue;
            other lax one;
        }
    }

    /// Where a key is to be found. Never fetched.
    RetrievalMethod "RetrievalMethodType", section "XML Signature §4.4.3" {
        attributes {
            uri "URI": AnyUri, optional;
            kind "Type": AnyUri, optional;
        }
        sequence {
            optional transforms "Transforms": Transforms;
        }
    }

    /// Certificates, or names of them.
    X509Data "X509DataType", section "XML Signature §4.4.4" {
        sequence some {
            choice one {
                one x509_issuer_serial "X509IssuerSerial": X509IssuerSerial;
                one x509_ski "X509SKI": Base64Binary;
                one x509_subject_name "X509SubjectName": Text;
                one x509_certificate "X509Certificate": Base64Binary;
                one x509_crl "X509CRL": Base64Binary;
                other lax one;
            }
        }
    }

    /// A certificate by its issuer and number.
    X509IssuerSerial "X509IssuerSerialType", section "XML Signature §4.4.4" {
        sequence {
            one x509_issuer_name "X509IssuerName": Text;
            one x509_serial_number "X509SerialNumber": Integer;
        }
    }

    /// An OpenPGP key.
    PgpData "PGPDataType", section "XML Signature §4.4.5" {
        choice one {
            sequence one {
                one pgp_key_id "PGPKeyID": Base64Binary;
                optional pgp_key_packet "PGPKeyPacket": Base64Binary;
                other lax many;
            }
            sequence one {
                also one "PGPKeyPacket": Base64Binary;
                other lax many;
            }
        }
    }

    /// An SPKI key.
    SpkiData "SPKIDataType", section "XML Signature §4.4.6" {
        sequence some {
            one spki_sexp "SPKISexp": Base64Binary;
            other lax optional;
        }
    }

    /// Anything that is signed inside the signature.
    Object "ObjectType", section "XML Signature §4.5" {
        attributes {
            id "Id": Id, optional;
            mime_type "MimeType": Text, optional;
            encoding "Encoding": AnyUri, optional;
        }
        mixed sequence many {
            any lax one;
        }
    }

    /// A list of things that are signed together.
    Manifest "ManifestType", section "XML Signature §5.1" {
        attributes {
            id "Id": Id, optional;
        }
        sequence {
            some reference "Reference": Reference;
        }
    }

    /// Facts about the signature.
    SignatureProperties "SignaturePropertiesType", section "XML Signature §5.2" {
        attributes {
            id "Id": Id, optional;
        }
        sequence {
            some signature_property "SignatureProperty": SignatureProperty;
        }
    }

    /// One of them.
    SignatureProperty "SignaturePropertyType", section "XML Signature §5.2" {
        attributes {
            target "Target": AnyUri, required;
            id "Id": Id, optional;
        }
        mixed choice some {
            other lax one;
        }
    }

    /// A DSA key.
    DsaKeyValue "DSAKeyValueType", section "XML Signature §4.4.2.1" {
        sequence {
            sequence optional {
                one p "P": Base64Binary;
                one q "Q": Base64Binary;
            }
            optional g "G": Base64Binary;
            one y "Y": Base64Binary;
            optional j "J": Base64Binary;
            sequence optional {
                one seed "Seed": Base64Binary;
                one pgen_counter "PgenCounter": Base64Binary;
            }
        }
    }

    /// An RSA key.
    RsaKeyValue "RSAKeyValueType", section "XML Signature §4.4.2.2" {
        sequence {
            one modulus "Modulus": Base64Binary;
            one exponent "Exponent": Base64Binary;
        }
    }
}
