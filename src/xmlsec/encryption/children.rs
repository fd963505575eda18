//! Reading an element strictly: its attributes and children are those that are asked for, in order, and no others.

use crate::xml::{Item, Node};
use crate::xmlsec::encryption::EncryptionError;

/// The child elements of one element, taken one after the other.
pub(super) struct Children<'a> {
    of: Node<'a>,
    next: Option<Node<'a>>,
}

impl<'a> Children<'a> {
    /// Begins with the first child of an element that has only children and none but these attributes.
    pub(super) fn of(node: Node<'a>, attributes: &[&str]) -> Result<Self, EncryptionError> {
        known_attributes(node, attributes)?;
        for item in node.items() {
            if let Item::Text(text, _) = item
                && !crate::xml::trim(text).is_empty()
            {
                return Err(refused(node, "elements only", "text between them"));
            }
        }
        Ok(Self { of: node, next: node.elements().next() })
    }

    /// The next child, if that is its name.
    pub(super) fn take(&mut self, namespace: &str, name: &str) -> Option<Node<'a>> {
        let node = self.next.filter(|node| node.is(namespace, name))?;
        self.next = node.next();
        Some(node)
    }

    /// The next child, which must have that name.
    pub(super) fn need(&mut self, namespace: &str, name: &str) -> Result<Node<'a>, EncryptionError> {
        self.take(namespace, name).ok_or_else(|| match self.next {
            Some(other) => refused(other, format!("{name} of {namespace}"), named(other)),
            None => refused(self.of, name, "no more elements"),
        })
    }

    /// The next child, whatever it is.
    pub(super) fn any(&mut self) -> Option<Node<'a>> {
        let node = self.next?;
        self.next = node.next();
        Some(node)
    }

    /// There must be no more children.
    pub(super) fn end(self) -> Result<(), EncryptionError> {
        match self.next {
            Some(other) => Err(refused(other, "nothing more of the profile", named(other))),
            None => Ok(()),
        }
    }
}

/// The element has none but these attributes.
pub(super) fn known_attributes(node: Node<'_>, known: &[&str]) -> Result<(), EncryptionError> {
    match node.attributes().find(|one| !one.namespace.is_empty() || !known.contains(&one.name)) {
        Some(other) => Err(refused(node, "only attributes of the profile", format!("the attribute {}", other.name))),
        None => Ok(()),
    }
}

/// The text of an element that has nothing else.
pub(super) fn text<'a>(node: Node<'a>, attributes: &[&str]) -> Result<std::borrow::Cow<'a, str>, EncryptionError> {
    known_attributes(node, attributes)?;
    match node.elements().next() {
        Some(child) => Err(refused(child, "text", named(child))),
        None => Ok(node.text()),
    }
}

/// The attribute, which must be there.
pub(super) fn attribute<'a>(node: Node<'a>, name: &str) -> Result<&'a str, EncryptionError> {
    node.attribute(name).ok_or_else(|| refused(node, format!("the attribute {name}"), "none"))
}

/// The attribute must have one of these values.
pub(super) fn one_of(node: Node<'_>, name: &str, values: &[&str]) -> Result<(), EncryptionError> {
    let value = attribute(node, name)?;
    if values.contains(&value) { Ok(()) } else { Err(refused(node, values.join(" or "), value)) }
}

/// The name of an element for an error.
pub(super) fn named(node: Node<'_>) -> String {
    format!("{} of {:?}", node.name(), shorten(node.namespace()))
}

/// Something at that element is not of the profile.
pub(super) fn refused(node: Node<'_>, expected: impl Into<String>, found: impl AsRef<str>) -> EncryptionError {
    EncryptionError::Refused {
        position: node.position(),
        path: node.path(),
        expected: expected.into(),
        found: shorten(found.as_ref()),
    }
}

/// As much of what a peer wrote as an error repeats.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 120;
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
