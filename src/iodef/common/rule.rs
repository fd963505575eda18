//! How rules are written down that stand only in the prose of a standard, beside what its schema can say.
//!
//! The class tables name the rules of each class; the validator asks them of every instance that is valid by its schema.
//! A rule never refuses a document by itself: the strict profile refuses what breaks one, the others accept it and warn
//! (`docs/conformance.md` lists all rules by their names).

use crate::iodef::common::datatypes::trim;
use crate::xml::Node;

/// Declares rules, each `NAME "A6", section "RFC 7970 §3.18", wants "…", not "…", if |node| …;`: what an instance must
/// be or have, what one that breaks the rule is or has, and whether this one breaks it.
macro_rules! rules {
    ($($(#[doc = $doc:literal])* $name:ident $id:literal, section $section:literal,
        wants $expected:expr, not $found:expr, if $breaks:expr;
    )*) => {$(
        $(#[doc = $doc])*
        pub(crate) static $name: $crate::iodef::common::class::Rule = $crate::iodef::common::class::Rule {
            id: $id,
            section: $section,
            severity: $crate::iodef::common::class::Severity::Must,
            check: |node, findings| {
                let breaks: fn($crate::xml::Node<'_>) -> bool = $breaks;
                if breaks(node) {
                    findings.add(node, $expected, $found);
                }
            },
        };
    )*};
}
pub(crate) use rules;

/// Whether the element has a child of its own namespace with one of these names.
pub(crate) fn has_any(node: Node<'_>, names: &[&str]) -> bool {
    node.elements().any(|child| names.contains(&child.name()) && child.namespace() == node.namespace())
}

/// Whether the element has no child element at all.
pub(crate) fn is_childless(node: Node<'_>) -> bool {
    node.elements().next().is_none()
}

/// Whether the attribute, without its surrounding white space, has that value.
pub(crate) fn attribute_is(node: Node<'_>, name: &str, value: &str) -> bool {
    node.attribute(name).is_some_and(|set| trim(set) == value)
}
