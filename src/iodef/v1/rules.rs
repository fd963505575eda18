//! The rules of RFC 5070 that its schema cannot say. Named by the class tables of this folder; the names are those of
//! `docs/conformance.md`. B1 and B2 (`ext-value` and its `ext-` attribute) hold for every class and are the validator's.

use crate::iodef::common::datatypes::{self, Simple};
use crate::iodef::common::rule::{attribute_is, has_any, is_childless, rules};

rules! {
    CONTACT_SAYS_SOMETHING "B3", section "RFC 5070 §3.7",
        wants "at least one child", not "none",
        if is_childless;

    EVENT_DATA_SAYS_SOMETHING "B3", section "RFC 5070 §3.12",
        wants "at least one child", not "none", if is_childless;

    CONFIDENCE_MATCHES_RATING "B4", section "RFC 5070 §3.10.4",
        wants "a number with rating=\"numeric\" and nothing otherwise", not "other content",
        if |node| {
            let text = node.text();
            if attribute_is(node, "rating", "numeric") {
                datatypes::check(Simple::Float, &text).is_err()
            } else {
                !datatypes::trim(&text).is_empty()
            }
        };

    NODE_IS_NAMED "B5", section "RFC 5070 §3.16",
        wants "a NodeName or an Address", not "neither",
        if |node| !has_any(node, &["NodeName", "Address"]);

    SERVICE_HAS_PORTS "B6", section "RFC 5070 §3.17",
        wants "a Port or a Portlist", not "neither",
        if |node| !has_any(node, &["Port", "Portlist"]);

    DOCUMENT_HAS_A_VERSION "B7", section "RFC 5070 §3.1",
        wants "the attribute version", not "none", if |node| node.attribute("version").is_none();
    HANDLE_HAS_A_REGISTRY "B7", section "RFC 5070 §3.7.1",
        wants "the attribute registry", not "none", if |node| node.attribute("registry").is_none();
    POSTAL_ADDRESS_HAS_A_LANGUAGE "B7", section "RFC 5070 §3.7.2",
        wants "the attribute lang", not "none", if |node| node.attribute("lang").is_none();
    IMPACT_HAS_A_LANGUAGE "B7", section "RFC 5070 §3.10.1",
        wants "the attribute lang", not "none", if |node| node.attribute("lang").is_none();
    IMPACT_HAS_A_TYPE "B7", section "RFC 5070 §3.10.1",
        wants "the attribute type", not "none", if |node| node.attribute("type").is_none();
    TIME_IMPACT_HAS_A_UNIT "B7", section "RFC 5070 §3.10.2",
        wants "the attribute duration", not "none", if |node| node.attribute("duration").is_none();
    MONETARY_IMPACT_HAS_A_CURRENCY "B7", section "RFC 5070 §3.10.3",
        wants "the attribute currency", not "none", if |node| node.attribute("currency").is_none();
    SYSTEM_HAS_A_CATEGORY "B7", section "RFC 5070 §3.15",
        wants "the attribute category", not "none", if |node| node.attribute("category").is_none();
    ADDRESS_HAS_A_CATEGORY "B7", section "RFC 5070 §3.16.2",
        wants "the attribute category", not "none", if |node| node.attribute("category").is_none();
    NODE_ROLE_HAS_A_LANGUAGE "B7", section "RFC 5070 §3.16.3",
        wants "the attribute lang", not "none", if |node| node.attribute("lang").is_none();
}
