//! Canonical XML: the same bytes for the same content, however it was written. Exclusive 1.0 with a list of inclusive
//! prefixes, inclusive 1.0 and 1.1; without comments.
//!
//! Called by `signature`, for SignedInfo and for what references name. It walks the tree that was parsed once, over a
//! whole document or one element with all below it, leaves out at most one element (enveloped-signature), and writes
//! into any [`Output`]. It does not recurse, and no element costs more than its own attributes and namespaces.

mod output;
mod scope;

pub use output::{Digesting, Output};
use output::{put_text, put_value};
use scope::{Given, Scope};

use crate::xml::{self, Document, Item, Node};

/// Writes a namespace's name as the value of its declaration.
pub(super) fn put_name(out: &mut String, name: &str) {
    put_value(out, name);
}

/// Which canonical form (the names of RFC 6545 §7.1.1, Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form<'a> {
    /// Exclusive 1.0; the prefixes of its InclusiveNamespaces, "" for `#default`.
    Exclusive(Vec<&'a str>),
    /// Inclusive 1.0.
    Inclusive,
    /// Inclusive 1.1.
    Inclusive11,
}

impl Form<'_> {
    /// Exclusive 1.0.
    pub const EXCLUSIVE: &'static str = "http://www.w3.org/2001/10/xml-exc-c14n#";
    /// Inclusive 1.0.
    pub const INCLUSIVE: &'static str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    /// Inclusive 1.1.
    pub const INCLUSIVE_11: &'static str = "http://www.w3.org/2006/12/xml-c14n11";

    /// Its name in words.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exclusive(_) => "exclusive C14N 1.0",
            Self::Inclusive => "inclusive C14N 1.0",
            Self::Inclusive11 => "inclusive C14N 1.1",
        }
    }
}

/// Why there is no canonical form of an element within the profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum C14nError {
    /// Canonical XML 1.1 would have to join URIs.
    #[error("xml:base above {element} is outside the profile of Canonical XML 1.1: sign with the exclusive form")]
    Base {
        /// The element that would inherit it.
        element: String,
    },
}

/// Writes the whole document but for one element.
pub fn document(document: &Document<'_>, form: &Form<'_>, without: Option<Node<'_>>, out: &mut impl Output) {
    let mut before = true;
    for item in document.items() {
        match item {
            Item::Element(root) => {
                before = false;
                Walk { form, without, scope: Scope::default(), out: &mut *out }.run(root, Vec::new());
            }
            Item::Instruction(target, value) if before => {
                put_instruction(out, target, value);
                out.put("\n");
            }
            Item::Instruction(target, value) => {
                out.put("\n");
                put_instruction(out, target, value);
            }
            Item::Comment(_) | Item::Text(..) => {}
        }
    }
}

/// Writes one element and all below it, but for one element.
///
/// # Errors
/// If Canonical XML 1.1 would have to join values of xml:base.
pub fn element(
    apex: Node<'_>,
    form: &Form<'_>,
    without: Option<Node<'_>>,
    out: &mut impl Output,
) -> Result<(), C14nError> {
    let inherited = inherited_by(apex, form)?;
    Walk { form, without, scope: Scope::default(), out }.run(apex, inherited);
    Ok(())
}

/// Writes, in an inclusive form, one element of the document that the exclusive form of the whole document would
/// be: what the transforms of RFC 6545 §7.1.1 amount to in the order they are printed (exclusive first, then the path,
/// then the form that the digest implies). Nothing is parsed again.
///
/// # Errors
/// As [`element`].
pub fn element_of_exclusive(
    apex: Node<'_>,
    prefixes: &[&str],
    last: &Form<'_>,
    out: &mut impl Output,
) -> Result<(), C14nError> {
    let inherited = inherited_by(apex, last)?;
    let form = Form::Exclusive(prefixes.to_vec());
    let mut scope = Scope::default();
    let above: Vec<_> = std::iter::successors(apex.parent(), |node| node.parent()).collect();
    for node in above.into_iter().rev() {
        scope.enter(node, node.qualified_name(), &form);
    }
    scope.show_all_next();
    Walk { form: &form, without: None, scope, out }.run(apex, inherited);
    Ok(())
}

/// The attributes `xml:…` that an apex has from its ancestors in that form.
fn inherited_by<'a>(apex: Node<'a>, form: &Form<'_>) -> Result<Vec<(&'a str, &'a str)>, C14nError> {
    match form {
        Form::Exclusive(_) => Ok(Vec::new()),
        Form::Inclusive => Ok(inherited(apex, |_| true)),
        Form::Inclusive11 if has_base(apex) => Err(C14nError::Base { element: apex.path() }),
        Form::Inclusive11 => Ok(inherited(apex, |name| matches!(name, "lang" | "space"))),
    }
}

/// Whether xml:base stands above the element: Canonical XML 1.1 §2.4 would join the values.
fn has_base(apex: Node<'_>) -> bool {
    std::iter::successors(apex.parent(), |node| node.parent()).any(|node| node.attribute_in(xml::XML, "base").is_some())
}

/// The attributes `xml:…` of the ancestors that the element does not have itself, the nearest of each name.
fn inherited<'a>(apex: Node<'a>, wanted: impl Fn(&str) -> bool) -> Vec<(&'a str, &'a str)> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    let mut here = apex.parent();
    while let Some(node) = here {
        for (attribute, qualified) in node.qualified_attributes() {
            if attribute.namespace == xml::XML
                && wanted(attribute.name)
                && apex.attribute_in(xml::XML, attribute.name).is_none()
                && !found.iter().any(|(name, _)| *name == qualified)
            {
                found.push((qualified, attribute.value));
            }
        }
        here = node.parent();
    }
    found
}

fn put_instruction(out: &mut impl Output, target: &str, value: &str) {
    out.put("<?");
    out.put(target);
    if !value.is_empty() {
        out.put(" ");
        out.put(value);
    }
    out.put("?>");
}

/// One way through the tree.
struct Walk<'f, 'a, O> {
    form: &'f Form<'f>,
    without: Option<Node<'a>>,
    scope: Scope<'a>,
    out: &'f mut O,
}

/// An element that is open, and what is left of its children.
struct Open<'a, I> {
    name: &'a str,
    given: Given,
    items: I,
}

impl<'a, O: Output> Walk<'_, 'a, O> {
    fn run(mut self, apex: Node<'a>, inherited: Vec<(&'a str, &'a str)>) {
        let name = apex.qualified_name();
        let given = self.start(apex, name, &inherited);
        let mut open = Vec::with_capacity(16);
        open.push(Open { name, given, items: apex.items() });
        while let Some(here) = open.last_mut() {
            match here.items.next() {
                Some(Item::Text(text, _)) => put_text(self.out, text),
                Some(Item::Element(node)) if self.without == Some(node) => {}
                Some(Item::Element(node)) => {
                    let name = node.qualified_name();
                    let given = self.start(node, name, &[]);
                    open.push(Open { name, given, items: node.items() });
                }
                Some(Item::Instruction(target, value)) => put_instruction(self.out, target, value),
                Some(Item::Comment(_)) => {}
                None => {
                    self.out.put("</");
                    self.out.put(here.name);
                    self.out.put(">");
                    self.scope.leave(here.given);
                    open.pop();
                }
            }
        }
    }

    /// Writes the start tag.
    fn start(&mut self, node: Node<'a>, name: &'a str, inherited: &[(&'a str, &'a str)]) -> Given {
        self.out.put("<");
        self.out.put(name);
        let given = self.scope.enter(node, name, self.form);
        for (prefix, name) in self.scope.fresh() {
            self.out.put(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.out.put(prefix);
            self.out.put("=\"");
            put_value(self.out, name);
            self.out.put("\"");
        }
        let inherited = inherited.iter().map(|(qualified, value)| {
            (xml::XML, qualified.split_once(':').map_or("", |(_, name)| name), *qualified, *value)
        });
        for (_, _, qualified, value) in self.scope.attributes(inherited) {
            self.out.put(" ");
            self.out.put(qualified);
            self.out.put("=\"");
            put_value(self.out, value);
            self.out.put("\"");
        }
        self.out.put(">");
        given
    }
}

#[cfg(test)]
mod tests;
