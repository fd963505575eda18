//! Typed reading without copies: a [`View`] is an element of a validated document together with the class it has.
//! `class!` gives each class its accessors; here is what all have in common.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use crate::iodef::common::class::{Class, Content, Described, Reads, Value};
use crate::xml::{self, Node};

/// An element of a validated document, read as the class `C`.
pub struct View<'a, C> {
    element: Node<'a>,
    class: PhantomData<fn() -> C>,
}

impl<C> Clone for View<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for View<'_, C> {}

impl<C: Described> fmt::Debug for View<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", C::table().name, self.element.path())
    }
}

impl<'a, C: Described> View<'a, C> {
    /// Only validation makes views: an element whose class was checked to be `C`.
    pub(super) fn of(element: Node<'a>) -> Self {
        Self { element, class: PhantomData }
    }

    /// The element itself.
    #[must_use]
    pub fn element(self) -> Node<'a> {
        self.element
    }

    /// Its table.
    #[must_use]
    pub fn class(self) -> &'static Class {
        C::table()
    }

    /// The element's text; without its surrounding white space if its type says that counts as nothing.
    #[must_use]
    pub fn content(self) -> Cow<'a, str> {
        let text = self.element.text();
        let collapses = match C::table().content {
            Content::Text(Value::Simple(simple)) => simple.collapses(),
            Content::Text(Value::Enumerated(list)) => list.collapses,
            _ => false,
        };
        match text {
            Cow::Borrowed(text) if collapses => Cow::Borrowed(xml::trim(text)),
            Cow::Owned(text) if collapses => Cow::Owned(xml::trim(&text).to_owned()),
            text => text,
        }
    }

    /// What an attribute says in words: its value, or what its `ext-` attribute says where the value is `ext-value`.
    #[must_use]
    pub fn said(self, attribute: &str) -> Option<&'a str> {
        let value = xml::trim(self.element.attribute(attribute)?);
        if value == "ext-value" {
            self.element.attribute(&format!("ext-{attribute}")).or(Some(value))
        } else {
            Some(value)
        }
    }

    pub(crate) fn read<V: Reads>(self, name: &str, default: &'static str) -> V::Read<'a> {
        V::read(self.raw(name).unwrap_or(default))
    }

    pub(crate) fn read_optional<V: Reads>(self, name: &str) -> Option<V::Read<'a>> {
        self.raw(name).map(V::read)
    }

    fn raw(self, name: &str) -> Option<&'a str> {
        match name.strip_prefix("xml:") {
            Some(local) => self.element.attribute_in(xml::XML, local),
            None => self.element.attribute(name),
        }
    }

    pub(crate) fn child<D: Described>(self, namespace: &str, name: &str) -> Option<View<'a, D>> {
        self.element.child(namespace, name).map(View::of)
    }

    #[expect(clippy::expect_used, reason = "validation proved that the child is there")]
    pub(crate) fn child_required<D: Described>(self, namespace: &str, name: &str) -> View<'a, D> {
        self.child(namespace, name)
            .expect("views are made of validated elements only, and their class demands this child")
    }

    pub(crate) fn children<D: Described>(
        self,
        namespace: &'static str,
        name: &'static str,
    ) -> impl Iterator<Item = View<'a, D>> + use<'a, C, D> {
        self.element.elements().filter(move |child| child.is(namespace, name)).map(View::of)
    }
}
