//! A set of schemas made ready for use: roots, wildcards and the automaton of each class's content. Made once, shared by
//! all threads; called by whoever validates, reads or writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::iodef::common::class::model::{Model, ModelId, Models, NamespaceId};
use crate::iodef::common::class::{
    Class, Content, Described, Enumeration, Finding, Profile, Schema, Value, View, Violation, validate,
};
use crate::xml::{Document, Node};

/// Schemas that are known together: an element of one in a wildcard of another is validated.
#[derive(Debug)]
pub struct Grammar {
    schemas: &'static [&'static Schema],
    models: Models,
    globals: HashMap<(NamespaceId, &'static str), ModelId>,
}

/// What the caller decides about validation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// What to do about rules that stand only in prose: `lenient` warns, `strict` refuses.
    pub profile: Profile,
    /// Values accepted beside those the standards print, by the name of the enumeration (`Incident-status`).
    pub accept: BTreeMap<String, BTreeSet<String>>,
    /// Values of type xs:ID in one document.
    pub identifiers: usize,
    /// Digits of one number.
    pub digits: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { profile: Profile::Lenient, accept: BTreeMap::new(), identifiers: 2_000, digits: 999 }
    }
}

/// A tree that is valid: the only way to a [`View`].
#[derive(Debug)]
pub struct Checked<'a> {
    root: Node<'a>,
    class: &'static Class,
    /// Broken rules of the prose, which are no reason to refuse.
    pub warnings: Vec<Finding>,
}

impl<'a> Checked<'a> {
    /// The root, if its class is `C`.
    #[must_use]
    pub fn root<C: Described>(&self) -> Option<View<'a, C>> {
        (self.class == C::table()).then(|| View::of(self.root))
    }

    /// The root's class.
    #[must_use]
    pub fn class(&self) -> &'static Class {
        self.class
    }

    /// Every element below the root (or the root) that is the global element of class `C`, also inside wildcards.
    pub fn find<'g, C: Described>(&self, grammar: &'g Grammar) -> impl Iterator<Item = View<'a, C>> + use<'a, 'g, C> {
        let mut next = Some(self.root);
        let root = self.root;
        std::iter::from_fn(move || {
            while let Some(node) = next {
                next = following(node, root);
                if grammar.class_of(node) == Some(C::table()) {
                    return Some(View::of(node));
                }
            }
            None
        })
    }
}

/// A valid document that owns its tree: what a reader keeps while it looks around.
#[derive(Debug)]
pub struct Valid<'a> {
    document: Document<'a>,
    class: &'static Class,
    /// Broken rules of the prose, which are no reason to refuse.
    pub warnings: Vec<Finding>,
}

impl<'a> Valid<'a> {
    /// The root, if its class is `C`.
    #[must_use]
    pub fn root<C: Described>(&self) -> Option<View<'_, C>> {
        (self.class == C::table()).then(|| View::of(self.document.root()))
    }

    /// The document itself.
    #[must_use]
    pub fn document(&self) -> &Document<'a> {
        &self.document
    }

    /// An element of this document that stands in a wildcard, if it is the global element of class `C`.
    #[must_use]
    pub fn embedded<'d, C: Described>(&'d self, grammar: &Grammar, node: Node<'d>) -> Option<View<'d, C>> {
        (grammar.class_of(node) == Some(C::table())).then(|| View::of(node))
    }
}

/// The next element in document order inside `root`.
fn following<'a>(node: Node<'a>, root: Node<'a>) -> Option<Node<'a>> {
    if let Some(child) = node.elements().next() {
        return Some(child);
    }
    let mut here = node;
    while here != root {
        if let Some(next) = here.next() {
            return Some(next);
        }
        here = here.parent()?;
    }
    None
}

impl Grammar {
    /// Makes the schemas ready: a millisecond or two, so do it once.
    #[must_use]
    pub fn of(schemas: &'static [&'static Schema]) -> Self {
        let mut models = Models::default();
        let mut globals = HashMap::new();
        for schema in schemas {
            let namespace = models.namespace(schema.namespace);
            for element in schema.elements {
                globals.insert((namespace, element.name), models.add((element.class)()));
            }
        }
        Self { schemas, models, globals }
    }

    /// The schemas.
    #[must_use]
    pub fn schemas(&self) -> &'static [&'static Schema] {
        self.schemas
    }

    /// Every list of values in it; one name may stand for several, of different versions of a standard.
    pub fn enumerations(&self) -> impl Iterator<Item = &'static Enumeration> + use<'_> {
        self.models.classes().flat_map(|class| {
            let content = match class.content {
                Content::Text(value) => Some(value),
                _ => None,
            };
            let values = class.attributes.iter().map(|attribute| attribute.value).chain(content);
            values.filter_map(|value| match value {
                Value::Enumerated(list) => Some(list),
                Value::Simple(_) => None,
            })
        })
    }

    /// Whether a schema of that namespace is known.
    #[must_use]
    pub fn knows(&self, namespace: &str) -> bool {
        self.schemas.iter().any(|schema| schema.namespace == namespace)
    }

    /// The class of a global element.
    #[must_use]
    pub fn class_of(&self, node: Node<'_>) -> Option<&'static Class> {
        let namespace = self.models.find_namespace(node.namespace());
        self.global(namespace, node.name()).map(|id| self.model(id).class)
    }

    /// Validates the tree at `root`, which must be a global element of a known schema.
    ///
    /// # Errors
    /// The first violation: where, what was expected, what came, and which section says so.
    pub fn validate<'a>(&self, root: Node<'a>, options: &Options) -> Result<Checked<'a>, Violation> {
        let (class, warnings) = validate::run(self, root, options)?;
        Ok(Checked { root, class, warnings })
    }

    /// Validates a document and keeps it.
    ///
    /// # Errors
    /// The first violation, with the document, for what can be read of it may help to answer.
    pub fn open<'a>(
        &self,
        document: Document<'a>,
        options: &Options,
    ) -> Result<Valid<'a>, Box<(Violation, Document<'a>)>> {
        match validate::run(self, document.root(), options) {
            Ok((class, warnings)) => Ok(Valid { document, class, warnings }),
            Err(violation) => Err(Box::new((violation, document))),
        }
    }

    #[inline]
    pub(super) fn global(&self, namespace: NamespaceId, name: &str) -> Option<ModelId> {
        let globals: &HashMap<(NamespaceId, &str), ModelId> = &self.globals;
        globals.get(&(namespace, name)).copied()
    }

    #[inline]
    pub(super) fn model(&self, id: ModelId) -> &Model {
        self.models.model(id)
    }

    #[inline]
    pub(super) fn models(&self) -> &Models {
        &self.models
    }
}
