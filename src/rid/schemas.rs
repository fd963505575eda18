//! The names of the schemas that are known together, and what is accepted beside what they print.

use std::collections::BTreeMap;

use crate::iodef::{coordination, enumeration, sci, signature, v1, v2};
use crate::rid::{self, Accept};

/// The name of the file in `schemas/` that declares a namespace, without `.xsd`.
#[must_use]
pub fn schema_file(namespace: &str) -> &'static str {
    match namespace {
        v1::NAMESPACE => "iodef-1.0",
        v2::NAMESPACE => "iodef-2.0",
        rid::NAMESPACE => "iodef-rid-2.0",
        sci::NAMESPACE => "iodef-sci-1.0",
        enumeration::NAMESPACE => "iodef-enum-1.0",
        signature::NAMESPACE => "xmldsig",
        coordination::NAMESPACE => "ridd-coordination-1",
        _ => "xml",
    }
}

/// What the schema of a namespace imports beside what its classes name: RFC 6545 §8 imports XML Signature, so that what
/// stands in `Signature` is judged.
#[must_use]
pub fn schema_imports(namespace: &str) -> &'static [&'static str] {
    if namespace == rid::NAMESPACE { &[signature::NAMESPACE] } else { &[] }
}

/// Labels of IODEF 2.0 in ReportSchema that RFC 6545 §5.1.1 allows ("any future IETF-approved versions") and its schema
/// does not: a node accepts them, and writes `ext-value`, which both allow.
#[must_use]
pub fn accepted_labels() -> Accept {
    let set = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    BTreeMap::from([
        ("RID-Version".to_owned(), set(&["2.00", "2.0"])),
        ("RID-XMLSchemaID".to_owned(), set(&[v2::NAMESPACE])),
    ])
}
