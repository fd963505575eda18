//! From a draft to bytes. Elements are written with the prefixes of their schemas (messages) or without any, by switching
//! the default namespace (documents). Foreign content is written byte for byte, with the declarations it counts on.

use std::borrow::Cow;

use crate::iodef::common::class::draft::{Body, Entry};
use crate::iodef::common::class::{Grammar, Options, Schema, Violation};
use crate::xml::{self, Document, Limits, Writer, XmlError};

/// Why a draft is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The class is not that of a global element, so it cannot be a root.
    #[error("a {class} cannot be a document: no known schema has a root element of that class")]
    NoRoot {
        /// The class.
        class: &'static str,
    },
    /// Text that XML cannot carry (control characters), or raw content that is not balanced.
    #[error("the draft is no well-formed XML: {source}")]
    Xml {
        /// Where in what would have been written.
        #[from]
        source: XmlError,
    },
    /// Something is missing, too many, or not of its type.
    #[error("the draft breaks its schema: {source}")]
    Invalid {
        /// Where in what would have been written.
        #[from]
        source: Violation,
    },
}

/// How the names of elements are written.
#[derive(Clone, Copy, Debug)]
enum Names {
    /// Without prefix, the default namespace switched where it changes.
    Default,
    /// With the prefixes of the schemas, declared on the root. Content that travels inside inherits no default namespace.
    Prefixed(&'static [&'static Schema]),
}

impl Names {
    fn prefix(self, namespace: &str) -> Option<&'static str> {
        match self {
            Self::Default => None,
            Self::Prefixed(schemas) => {
                schemas.iter().find(|schema| schema.namespace == namespace).map(|one| one.prefix)
            }
        }
    }
}

/// The limits under which our own writing is read back: it is as large as it is, and whoever sends it weighs it against the
/// configured ones.
pub(super) fn of_ours() -> Limits {
    let any = usize::MAX;
    Limits { size: any, elements: any, text_bytes: any, character_references: any, ..Limits::default() }
}

/// Whether what was written is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof<'p> {
    /// Always: under these limits and options.
    Read(&'p Limits, &'p Options),
    /// Only where debug assertions are on: the caller vouches for every value.
    Vouched,
}

pub(super) fn document(
    body: &Body,
    grammar: &Grammar,
    prefixed: bool,
    proof: Proof<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let global = grammar.schemas().iter().find_map(|schema| {
        let element = schema.elements.iter().find(|element| (element.class)() == body.class)?;
        Some((schema.namespace, element.name))
    });
    let Some((namespace, name)) = global else { return Err(EncodeError::NoRoot { class: body.class.name }) };
    let mut writer = Writer::with_declaration();
    let names = if prefixed { Names::Prefixed(grammar.schemas()) } else { Names::Default };
    let mut declared = Vec::new();
    namespaces(body, namespace, &mut declared);
    write(&mut writer, body, Place { namespace, name, default: "", root: Some(&declared) }, names);
    let bytes = writer.finish();
    let read = |limits: &Limits, options: &Options| -> Result<(), EncodeError> {
        grammar.validate(Document::parse(&bytes, limits)?.root(), options)?;
        Ok(())
    };
    match proof {
        Proof::Read(limits, options) => read(limits, options)?,
        Proof::Vouched if cfg!(debug_assertions) => read(&of_ours(), &Options::default())?,
        Proof::Vouched => {}
    }
    Ok(bytes)
}

pub(super) fn fragment(body: &Body, namespace: &str, name: &str) -> String {
    let mut writer = Writer::default();
    write(&mut writer, body, Place { namespace, name, default: "", root: None }, Names::Default);
    String::from_utf8(writer.finish()).unwrap_or_default()
}

/// The namespaces of the elements written from drafts.
fn namespaces<'b>(body: &'b Body, own: &'b str, into: &mut Vec<&'b str>) {
    if !into.contains(&own) {
        into.push(own);
    }
    for entry in &body.entries {
        if let Entry::Element { namespace, body, .. } = entry {
            namespaces(body, namespace, into);
        }
    }
}

/// Where an element stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    namespace: &'p str,
    name: &'p str,
    /// The default namespace there.
    default: &'p str,
    /// For the root: the namespaces to declare.
    root: Option<&'p [&'p str]>,
}

/// Recursion goes as deep as the draft was built.
fn write(writer: &mut Writer, body: &Body, place: Place<'_>, names: Names) {
    let Place { namespace, name, default, root } = place;
    let scope = foreign_scope(body).unwrap_or_default();
    let declared = |prefix: &str| scope.iter().find(|(one, _)| one == prefix).map(|(_, uri)| uri.as_str());
    // Content without prefixes wants its own default namespace, or none.
    let wanted = has_unprefixed(body).then(|| declared("").unwrap_or_default());
    let clashes = |prefix: &str| uses(body, prefix) && declared(prefix).is_some_and(|uri| uri != namespace);
    let prefix = match names.prefix(namespace) {
        Some(prefix) if !clashes(prefix) => Some(Cow::Borrowed(prefix)),
        Some(_) => Some(Cow::Owned(fresh(&scope))),
        None if wanted.is_some_and(|wanted| wanted != namespace) => Some(Cow::Owned(fresh(&scope))),
        None => None,
    };
    let mut inner = default;
    match &prefix {
        None => {
            writer.start(name);
            if namespace != default {
                writer.attribute("xmlns", namespace);
            }
            inner = namespace;
        }
        Some(prefix) => {
            writer.start_prefixed(prefix, name);
            if names.prefix(namespace) != Some(prefix) {
                writer.declare(prefix, namespace);
            }
            if let Some(wanted) = wanted.filter(|wanted| *wanted != default) {
                writer.attribute("xmlns", wanted);
                inner = wanted;
            }
        }
    }
    for namespace in root.unwrap_or_default() {
        if let Some(prefix) = names.prefix(namespace) {
            writer.declare(prefix, namespace);
        }
    }
    for (prefix, uri) in scope.iter().filter(|(prefix, _)| !prefix.is_empty() && uses(body, prefix)) {
        writer.declare(prefix, uri);
    }
    let has_xsi = declared("xsi").is_some() && uses(body, "xsi");
    if !has_xsi && body.attributes.iter().any(|(name, _)| name.starts_with("xsi:")) {
        writer.attribute("xmlns:xsi", xml::XSI);
    }
    for (name, value) in &body.attributes {
        writer.attribute(name, value);
    }
    entries(writer, body, inner, names);
    writer.end();
}

fn fresh(scope: &[(String, String)]) -> String {
    let mut prefix = "outer".to_owned();
    while scope.iter().any(|(one, _)| *one == prefix) {
        prefix.push('_');
    }
    prefix
}

fn entries(writer: &mut Writer, body: &Body, default: &str, names: Names) {
    let place = |entry: &Entry| match entry {
        Entry::Element { place, .. } | Entry::Raw { place, .. } => *place,
        Entry::Text(_) => 0,
    };
    let mut one = |entry: &Entry| match entry {
        Entry::Element { namespace, name, body, .. } => {
            write(writer, body, Place { namespace, name, default, root: None }, names);
        }
        Entry::Text(text) => writer.text(text),
        Entry::Raw { xml, .. } => writer.raw(xml),
    };
    if body.entries.is_sorted_by_key(place) {
        return body.entries.iter().for_each(one);
    }
    let mut sorted: Vec<&Entry> = body.entries.iter().collect();
    sorted.sort_by_key(|entry| place(entry));
    sorted.into_iter().for_each(&mut one);
}

/// The namespaces that raw content counts on; none if there is no raw content.
fn foreign_scope(body: &Body) -> Option<Vec<(String, String)>> {
    let mut scope: Option<Vec<(String, String)>> = None;
    for entry in &body.entries {
        if let Entry::Raw { scope: more, .. } = entry {
            let scope = scope.get_or_insert_default();
            for (prefix, uri) in more {
                if !scope.iter().any(|(one, _)| one == prefix) {
                    scope.push((prefix.clone(), uri.clone()));
                }
            }
        }
    }
    scope
}

fn raws(body: &Body) -> impl Iterator<Item = &str> {
    body.entries.iter().filter_map(|entry| match entry {
        Entry::Raw { xml, .. } => Some(xml.as_str()),
        _ => None,
    })
}

/// Whether raw content may use the prefix, in a name or in a value: a declaration too many does no harm.
fn uses(body: &Body, prefix: &str) -> bool {
    let needle = format!("{prefix}:");
    raws(body).any(|xml| xml.contains(&needle))
}

/// Whether raw content may have an element without prefix.
fn has_unprefixed(body: &Body) -> bool {
    raws(body).any(|xml| {
        xml.match_indices('<').any(|(at, _)| {
            let name = xml.get(at + 1..).unwrap_or_default();
            let end =
                name.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/' | ':')).unwrap_or(name.len());
            !name.starts_with(['/', '!', '?']) && name.get(end..end + 1) != Some(":")
        })
    })
}
