//! Rules that stand only in the prose of a standard, beside what its schema can say.
//!
//! The class tables name the rules of each class; the validator asks them of every instance. A rule never refuses a
//! document by itself: the strict profile refuses what breaks one, the lenient profile accepts it and warns
//! (`docs/conformance.md`).

use crate::xml::Node;

/// One rule about one class.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name in `docs/conformance.md`, such as `A6`.
    pub name: &'static str,
    /// Where it stands, such as `RFC 7970 section 3.18`.
    pub section: &'static str,
    /// What an instance must be or have.
    pub expected: &'static str,
    /// What an instance that breaks the rule is or has instead.
    pub found: &'static str,
    /// Whether this instance, already valid by the schema, breaks the rule.
    pub breaks: fn(Node<'_>) -> bool,
}

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
    node.attribute(name).is_some_and(|set| super::datatypes::trim(set) == value)
}
