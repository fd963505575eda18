//! The rules of RFC 7970 that its schema cannot say. Named by the class tables of this folder; the names are those of
//! `docs/conformance.md`. A1 and A2 (`ext-value` and its `ext-` attribute) hold for every class and are the validator's.

use crate::iodef::common::datatypes::{self, Simple};
use crate::iodef::common::rule::{attribute_is, has_any, is_childless, rules};
use crate::xml::Node;

rules! {
    SOFTWARE_SAYS_SOMETHING "A3", section "RFC 7970 §2.15",
        wants "at least one child", not "none", if is_childless;
    CAMPAIGN_SAYS_SOMETHING "A3", section "RFC 7970 §3.8",
        wants "at least one child", not "none", if is_childless;
    CONTACT_SAYS_SOMETHING "A3", section "RFC 7970 §3.9",
        wants "at least one child", not "none", if is_childless;
    METHOD_SAYS_SOMETHING "A3", section "RFC 7970 §3.11",
        wants "at least one child", not "none", if is_childless;
    REFERENCE_SAYS_SOMETHING "A3", section "RFC 7970 §3.11.1",
        wants "at least one child", not "none", if is_childless;
    EVENT_DATA_SAYS_SOMETHING "A3", section "RFC 7970 §3.14",
        wants "at least one child", not "none", if is_childless;
    SERVICE_SAYS_SOMETHING "A3", section "RFC 7970 §3.20",
        wants "at least one child", not "none", if is_childless;
    SERVICE_NAME_SAYS_SOMETHING "A3", section "RFC 7970 §3.20.1",
        wants "at least one child", not "none", if is_childless;
    ATTACK_PHASE_SAYS_SOMETHING "A3", section "RFC 7970 §3.29.8",
        wants "at least one child", not "none", if is_childless;

    NUMERIC_CONFIDENCE_HAS_A_NUMBER "A4", section "RFC 7970 §3.12.5",
        wants "a number with rating=\"numeric\" and nothing otherwise", not "no number",
        // With any other rating the schema itself keeps the element empty.
        if |node| attribute_is(node, "rating", "numeric") && datatypes::check(Simple::Float, &node.text()).is_err();

    DEFINED_COA_IS_NAMED "A5", section "RFC 7970 §§3.13.1, 3.15",
        wants "a DefinedCOA with action=\"defined-coa\"", not "none",
        if |node| attribute_is(node, "action", "defined-coa") && !has_any(node, &["DefinedCOA"]);

    NODE_IS_NAMED "A6", section "RFC 7970 §3.18",
        wants "an Address or a DomainData", not "neither",
        if |node| !has_any(node, &["Address", "DomainData"]);

    NAME_SERVERS_HAVE_IP_ADDRESSES "A7", section "RFC 7970 §3.19.1",
        wants "addresses of category ipv4-addr or ipv6-addr", not "another category",
        if |node| {
            let is_ip = |address: Node<'_>| {
                let category = datatypes::trim(address.attribute("category").unwrap_or("ipv6-addr"));
                matches!(category, "ipv4-addr" | "ipv6-addr")
            };
            node.elements().any(|child| child.name() == "Address" && !is_ip(child))
        };

    PORTS_HAVE_A_PROTOCOL "A8", section "RFC 7970 §3.20",
        wants "ip-protocol beside Port, Portlist, ProtoType, ProtoCode or ProtoField", not "no ip-protocol",
        if |node| {
            let dependent = ["Port", "Portlist", "ProtoType", "ProtoCode", "ProtoField"];
            node.attribute("ip-protocol").is_none() && has_any(node, &dependent)
        };

    HEADER_FIELDS_ARE_NAMED "A9", section "RFC 7970 §§3.20.2, 3.21",
        wants "the name of each header field in its attribute name", not "a field without",
        if |node| node.elements().any(|field| field.name().ends_with("HeaderField") && field.attribute("name").is_none());

    EMAIL_HEADERS_ARE_STRINGS "A10", section "RFC 7970 §3.21",
        wants "EmailHeaderField with dtype=\"string\"", not "another dtype",
        if |node| node.elements().any(|field| field.name() == "EmailHeaderField" && !attribute_is(field, "dtype", "string"));

    RECORD_DATA_HAS_DATA "A11", section "RFC 7970 §3.22.1",
        wants "a RecordItem, URL, FileData, WindowsRegistryKeysModified, CertificateData or AdditionalData", not "none of them",
        if |node| {
            let data =
                ["RecordItem", "URL", "FileData", "WindowsRegistryKeysModified", "CertificateData", "AdditionalData"];
            !has_any(node, &data)
        };

    HASH_DATA_HAS_A_HASH "A12", section "RFC 7970 §3.26",
        wants "a Hash or a FuzzyHash", not "neither",
        if |node| !has_any(node, &["Hash", "FuzzyHash"]);

    HASH_SCOPE_IS_COMPLETE "A13", section "RFC 7970 §3.26",
        wants "a HashTargetID for a section, resource or object, an Application for an import address table", not "none",
        if |node| match node.attribute("scope").map(datatypes::trim) {
            Some("file-pe-section" | "file-pe-resource" | "file-pdf-object") => !has_any(node, &["HashTargetID"]),
            Some("file-pe-iat") => !node.elements().any(|hash| has_any(hash, &["Application"])),
            _ => false,
        };

    OBSERVABLE_HAS_ONE_CHILD "A14", section "RFC 7970 §3.29.3",
        wants "exactly one child", not "none, or more",
        if |node| node.elements().count() != 1;

    FILE_HASHES_NAME_THEIR_HASH "A15", section "RFC 7970 §3.29.3.1",
        wants "a Hash in the BulkObservableFormat with type=\"file-hash\"", not "none",
        if |node| {
            let format = node.child(node.namespace(), "BulkObservableFormat");
            attribute_is(node, "type", "file-hash") && !format.is_some_and(|format| has_any(format, &["Hash"]))
        };

    BULK_FORMAT_SAYS_SOMETHING "A16", section "RFC 7970 §3.29.3.1.1",
        wants "a Hash or AdditionalData", not "neither",
        if is_childless;

    INDICATOR_REFERENCE_REFERS "A17", section "RFC 7970 §3.29.7",
        wants "uid-ref or euid-ref", not "neither",
        if |node| node.attribute("uid-ref").is_none() && node.attribute("euid-ref").is_none();

    DETECTION_PATTERN_DETECTS "A18", section "RFC 7970 §3.10.1",
        wants "a Description or a DetectionConfiguration", not "neither",
        if |node| !has_any(node, &["Description", "DetectionConfiguration"]);

    PRIVATE_ENUM_IS_NAMED "A19", section "RFC 7970 §3.1",
        wants "private-enum-name beside private-enum-id", not "no private-enum-name",
        if |node| node.attribute("private-enum-id").is_some() && node.attribute("private-enum-name").is_none();

    CUSTOM_SOFTWARE_HAS_A_TYPE "A20", section "RFC 7970 §2.15.1",
        wants "dtype with spec-name=\"custom\"", not "no dtype",
        if |node| attribute_is(node, "spec-name", "custom") && node.attribute("dtype").is_none();

    VERSION_IS_GIVEN "A21", section "RFC 7970 §3.1",
        wants "version=\"2.00\"", not "no version",
        if |node| node.attribute("version").is_none();

    EXPRESSION_HAS_ONE_CONFIDENCE "A22", section "RFC 7970 §3.29.4",
        wants "at most one Confidence", not "more",
        if |node| node.elements().filter(|child| child.name() == "Confidence").count() > 1;

    RELATED_ACTIVITY_IS_RELATED "A24", section "RFC 7970 §3.6",
        wants "an IncidentID, URL, ThreatActor, Campaign, IndicatorID, Description or AdditionalData", not "none of them",
        if |node| {
            let related =
                ["IncidentID", "URL", "ThreatActor", "Campaign", "IndicatorID", "Description", "AdditionalData"];
            !has_any(node, &related)
        };

    EXTENSION_IS_OF_ITS_TYPE "A25", section "RFC 7970 §2.16",
        wants "content of the type that dtype names", not "other content",
        if |node| {
            let text = node.text();
            let simple = match node.attribute("dtype").map(datatypes::trim) {
                Some("boolean") => Simple::Boolean,
                Some("bytes" | "frame" | "packet" | "ipv4-packet" | "ipv6-packet") => Simple::HexBinary,
                Some("date-time" | "ntpstamp") => Simple::DateTime,
                Some("integer") => Simple::Integer,
                Some("portlist") => Simple::Portlist,
                Some("real") => Simple::Float,
                Some("file" | "byte") => Simple::Base64Binary,
                Some("character") => return !is_childless(node) || text.chars().count() != 1,
                Some("string" | "path" | "url" | "csv" | "winreg") => return !is_childless(node),
                Some("xml") => return is_childless(node),
                _ => return false,
            };
            !is_childless(node) || datatypes::check(simple, datatypes::trim(&text)).is_err()
        };
}
