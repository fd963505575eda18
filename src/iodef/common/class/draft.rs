//! Writing: a [`Draft`] collects what an element of a class shall say, in any order; encoding puts it into the order of
//! the table. `class!` gives each class its setters; here is what all have in common, and the copy of a [`View`].

use std::borrow::Cow;
use std::marker::PhantomData;

use crate::iodef::common::class::encode::{self, EncodeError, Proof};
use crate::iodef::common::class::{Class, Content, Described, Grammar, Group, Options, Order, Particle, Term, View};
use crate::xml::{self, Item, Limits, Node};

/// An element of the class `C` in the making.
pub struct Draft<C> {
    pub(super) body: Body,
    class: PhantomData<fn() -> C>,
}

impl<C> Clone for Draft<C> {
    fn clone(&self) -> Self {
        Self { body: self.body.clone(), class: PhantomData }
    }
}

impl<C> PartialEq for Draft<C> {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

impl<C: Described> std::fmt::Debug for Draft<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.body.fmt(f)
    }
}

/// What a draft holds, whatever its class.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Body {
    pub(super) class: &'static Class,
    /// Qualified name and value. `xml:` and `xsi:` are the only prefixes.
    pub(super) attributes: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(super) entries: Vec<Entry>,
}

/// What stands between the tags, in the order in which it was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    Element {
        /// Where the table has it; what shares a place keeps the order given.
        place: usize,
        namespace: &'static str,
        name: &'static str,
        body: Body,
    },
    Text(String),
    /// XML as it was received, with the namespaces that were in scope there.
    Raw {
        place: usize,
        xml: String,
        scope: Vec<(String, String)>,
    },
}

/// A class whose content is text.
pub trait HasText: Described {}

/// What an attribute of type `V` can be set to.
pub trait Says<V> {
    /// The value as it is written.
    fn say(self) -> Cow<'static, str>;
}

impl<C: HasText> From<&str> for Draft<C> {
    fn from(text: &str) -> Self {
        Self::of(text)
    }
}

impl<C: HasText> From<String> for Draft<C> {
    fn from(text: String) -> Self {
        Self::of(text)
    }
}

impl<C: HasText> Draft<C> {
    /// An element with this text.
    pub fn of(text: impl Into<String>) -> Self {
        let mut draft = Self::new();
        draft.body.entries.push(Entry::Text(text.into()));
        draft
    }
}

impl<C: Described> Default for Draft<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Described> Draft<C> {
    /// An element that says nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { body: Body::new(C::table()), class: PhantomData }
    }

    /// Adds XML as it is to the content: elements of other standards, or text with them. `scope` holds the prefixes it
    /// uses without declaring them ("" for the default namespace) and the namespaces they stand for.
    #[must_use]
    pub fn raw(mut self, xml: impl Into<String>, scope: &[(&str, &str)]) -> Self {
        let scope = scope.iter().map(|(prefix, name)| ((*prefix).to_owned(), (*name).to_owned())).collect();
        self.body.entries.push(Entry::Raw { place: usize::MAX, xml: xml.into(), scope });
        self
    }

    /// Adds text to mixed content.
    #[must_use]
    pub fn words(mut self, text: impl Into<String>) -> Self {
        self.body.entries.push(Entry::Text(text.into()));
        self
    }

    /// Changes the draft only if there is something to say: `.maybe(title, Draft::description)`.
    #[must_use]
    pub fn maybe<T>(self, value: Option<T>, set: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => set(self, value),
            None => self,
        }
    }

    /// Changes the draft once for each value: `.each(notes, Draft::description)`.
    #[must_use]
    pub fn each<T>(self, values: impl IntoIterator<Item = T>, set: impl FnMut(Self, T) -> Self) -> Self {
        values.into_iter().fold(self, set)
    }

    /// The whole document with XML declaration: the draft as its root element.
    ///
    /// # Errors
    /// What was written is read back and validated before it is handed over: what the class forbids is an error that
    /// names the place, and nothing invalid leaves.
    pub fn encode(&self, grammar: &Grammar) -> Result<Vec<u8>, EncodeError> {
        encode::document(&self.body, grammar, false, Proof::Read(&encode::of_ours(), &Options::default()))
    }

    /// The same with the schemas' own prefixes on every element, so that what travels inside inherits no default
    /// namespace; under the limits and options that what travels inside was read with.
    ///
    /// # Errors
    /// As [`Draft::encode`].
    pub fn encode_prefixed(
        &self,
        grammar: &Grammar,
        limits: &Limits,
        options: &Options,
    ) -> Result<Vec<u8>, EncodeError> {
        encode::document(&self.body, grammar, true, Proof::Read(limits, options))
    }

    /// The same without reading it back: for a draft that has no foreign content, all that its class demands, and only
    /// values of enumerations, addresses, and text out of documents that were read. Where debug assertions are on it is
    /// read back nevertheless.
    ///
    /// # Errors
    /// If the class is not that of a global element; with debug assertions as [`Draft::encode`].
    pub(crate) fn encode_prefixed_vouched(&self, grammar: &Grammar) -> Result<Vec<u8>, EncodeError> {
        encode::document(&self.body, grammar, true, Proof::Vouched)
    }

    /// The element alone, without declaration, not validated: for use inside a document that is.
    #[must_use]
    pub fn fragment(&self, namespace: &str, name: &str) -> String {
        encode::fragment(&self.body, namespace, name)
    }

    pub(crate) fn with_attribute(mut self, name: &'static str, value: Cow<'static, str>) -> Self {
        match self.body.attributes.iter_mut().find(|(one, _)| one == name) {
            Some((_, old)) => *old = value,
            None => self.body.attributes.push((Cow::Borrowed(name), value)),
        }
        self
    }

    pub(crate) fn with_child<D>(mut self, namespace: &'static str, name: &'static str, child: Draft<D>) -> Self {
        let place = find(C::table(), namespace, name).map_or(usize::MAX, |(place, _)| place);
        self.body.entries.push(Entry::Element { place, namespace, name, body: child.body });
        self
    }
}

/// A draft that says what the view says: attributes, children, and byte for byte what stands in wildcards. Comments and
/// white space between elements are not kept.
impl<C: Described> From<View<'_, C>> for Draft<C> {
    fn from(view: View<'_, C>) -> Self {
        Self { body: copy(view.element(), C::table()), class: PhantomData }
    }
}

impl Body {
    fn new(class: &'static Class) -> Self {
        Self { class, attributes: Vec::new(), entries: Vec::new() }
    }
}

/// Copies a validated element. Recursion goes as deep as the document, which the scan has bounded.
fn copy(node: Node<'_>, class: &'static Class) -> Body {
    let mut body = Body::new(class);
    for attribute in node.attributes() {
        let name = match attribute.namespace {
            "" => attribute.name.to_owned(),
            xml::XML => format!("xml:{}", attribute.name),
            xml::XSI => format!("xsi:{}", attribute.name),
            // Only anyType allows others, and that is copied whole.
            _ => continue,
        };
        body.attributes.push((Cow::Owned(name), Cow::Owned(attribute.value.to_owned())));
    }
    let verbatim = match &class.content {
        Content::Empty => return body,
        Content::Text(_) | Content::EmptyUnless(_) => {
            body.entries.push(Entry::Text(node.text().into_owned()));
            return body;
        }
        Content::Anything | Content::Mixed(_) => true,
        Content::Elements(group) => has_wildcard(group),
    };
    if verbatim {
        let xml = node.inner_source().to_owned();
        if !xml.is_empty() {
            body.entries.push(Entry::Raw { place: 0, xml, scope: scope(node) });
        }
        return body;
    }
    for item in node.items() {
        let Item::Element(child) = item else { continue };
        if let Some((place, term)) = find(class, child.namespace(), child.name()) {
            let (namespace, name) = (term.namespace, term.name);
            body.entries.push(Entry::Element { place, namespace, name, body: copy(child, (term.class)()) });
        }
    }
    body
}

fn scope(node: Node<'_>) -> Vec<(String, String)> {
    let mut scope: Vec<(String, String)> = node
        .namespaces()
        .filter(|(prefix, _)| *prefix != "xml")
        .map(|(prefix, name)| (prefix.to_owned(), name.to_owned()))
        .collect();
    scope.sort();
    scope
}

fn has_wildcard(group: &Group) -> bool {
    group.particles.iter().any(|particle| match particle {
        Particle::Wildcard(_) => true,
        Particle::Group(inner) => has_wildcard(inner),
        Particle::Element(_) => false,
    })
}

/// The child of that name and its place in the order. Members of a group that repeats share one place.
pub(super) fn find(class: &'static Class, namespace: &str, name: &str) -> Option<(usize, &'static Term)> {
    let (Content::Elements(group) | Content::Mixed(group)) = &class.content else { return None };
    let mut place = 0;
    find_in(group, &mut place, namespace, name)
}

fn find_in(group: &'static Group, place: &mut usize, namespace: &str, name: &str) -> Option<(usize, &'static Term)> {
    let keeps = group.order == Order::Sequence && !group.occurs.may_repeat();
    for particle in group.particles {
        match particle {
            Particle::Element(term) if term.name == name && term.namespace == namespace => return Some((*place, term)),
            Particle::Group(inner) => {
                let mut inside = *place;
                if let Some((found, term)) = find_in(inner, &mut inside, namespace, name) {
                    return Some((if keeps { found } else { *place }, term));
                }
                if keeps {
                    *place = inside;
                }
            }
            Particle::Element(_) | Particle::Wildcard(_) => {}
        }
        if keeps {
            *place += 1;
        }
    }
    None
}
