//! The namespaces that the canonical form has declared so far, and the order of what stands in a start tag.

use super::Form;
use crate::xml::Node;

/// A namespace as it is declared: prefix ("" for the default one) and name ("" for none).
type Declared<'a> = (&'a str, &'a str);
/// An attribute: namespace, local name, name as written, value.
type Written<'a> = (&'a str, &'a str, &'a str, &'a str);

/// How many namespaces had been declared before an element was entered.
#[derive(Clone, Copy)]
pub(super) struct Given(usize);

/// What is declared where the walk stands. The vectors are reused from tag to tag.
#[derive(Default)]
pub(super) struct Scope<'a> {
    declared: Vec<Declared<'a>>,
    /// What the element entered last adds, sorted by prefix.
    fresh: Vec<Declared<'a>>,
    /// Its attributes, sorted by namespace, then local name.
    attributes: Vec<Written<'a>>,
    show_all: bool,
}

impl<'a> Scope<'a> {
    /// Has the element entered next declare everything in force anew, as the apex of a document subset does.
    pub(super) fn show_all_next(&mut self) {
        self.show_all = true;
    }

    /// Finds out what the element, of that name as written, must declare.
    #[inline]
    pub(super) fn enter(&mut self, node: Node<'a>, name: &'a str, form: &Form<'_>) -> Given {
        let given = Given(self.declared.len());
        self.fresh.clear();
        self.attributes.clear();
        let own = node.qualified_attributes();
        self.attributes.extend(own.map(|(one, qualified)| (one.namespace, one.name, qualified, one.value)));
        let apex = std::mem::take(&mut self.show_all);
        if apex {
            // In force is what was declared last for each prefix.
            for at in (0..self.declared.len()).rev() {
                if let Some(one) = self.declared.get(at).copied()
                    && !self.fresh.iter().any(|(prefix, _)| *prefix == one.0)
                {
                    self.fresh.push(one);
                }
            }
            self.declared.clear();
        }
        match form {
            Form::Exclusive(prefixes) => {
                self.need(prefix_of(name), node.namespace());
                for at in 0..self.attributes.len() {
                    if let Some((namespace, _, qualified, _)) = self.attributes.get(at).copied()
                        && !namespace.is_empty()
                    {
                        self.need(prefix_of(qualified), namespace);
                    }
                }
                for prefix in prefixes {
                    // The names as the document has them live as long as the tree does.
                    match node.namespaces().find(|(known, _)| known == prefix) {
                        Some((prefix, name)) => self.need(prefix, name),
                        None if prefix.is_empty() => self.need("", ""),
                        None => {}
                    }
                }
            }
            Form::Inclusive | Form::Inclusive11 => {
                let mut default = false;
                for (prefix, name) in node.namespaces() {
                    default |= prefix.is_empty();
                    self.need(prefix, name);
                }
                if !default {
                    self.need("", "");
                }
            }
        }
        if apex {
            // An apex has nobody above it whose default namespace it would have to undo.
            self.fresh.retain(|(_, name)| !name.is_empty());
        }
        if self.fresh.len() > 1 {
            self.fresh.sort_unstable_by_key(|(prefix, _)| *prefix);
        }
        self.declared.extend_from_slice(&self.fresh);
        given
    }

    /// Notes a declaration unless it is in force already.
    fn need(&mut self, prefix: &'a str, name: &'a str) {
        if prefix == "xml" {
            return;
        }
        if let Some(fresh) = self.fresh.iter_mut().find(|(known, _)| *known == prefix) {
            fresh.1 = name;
            return;
        }
        let last = self.declared.iter().rev().find(|(known, _)| *known == prefix);
        if last.map_or("", |(_, name)| *name) != name {
            self.fresh.push((prefix, name));
        }
    }

    /// What the element entered last declares, in order.
    pub(super) fn fresh(&self) -> &[Declared<'a>] {
        &self.fresh
    }

    /// The attributes of the element entered last and those it inherits, in order.
    #[inline]
    pub(super) fn attributes(&mut self, inherited: impl Iterator<Item = Written<'a>>) -> &[Written<'a>] {
        self.attributes.extend(inherited);
        if self.attributes.len() > 1 {
            self.attributes.sort_unstable_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
        }
        &self.attributes
    }

    /// Forgets what the element that is closed had declared.
    pub(super) fn leave(&mut self, given: Given) {
        self.declared.truncate(given.0);
    }
}

fn prefix_of(qualified: &str) -> &str {
    qualified.split_once(':').map_or("", |(prefix, _)| prefix)
}
