//! From a draft to bytes. Each element is written in its own namespace by switching the default namespace; prefixes are
//! declared only for foreign content that needs them, which itself is written byte for byte.

use crate::iodef::common::class::draft::{Body, Entry};
use crate::iodef::common::class::{Grammar, Options, Violation};
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

pub(super) fn document(body: &Body, grammar: &Grammar) -> Result<Vec<u8>, EncodeError> {
    let global = grammar.schemas().iter().find_map(|schema| {
        let element = schema.elements.iter().find(|element| (element.class)() == body.class)?;
        Some((schema.namespace, element.name))
    });
    let Some((namespace, name)) = global else { return Err(EncodeError::NoRoot { class: body.class.name }) };
    let mut writer = Writer::with_declaration();
    write(&mut writer, body, namespace, name, "");
    let bytes = writer.finish();
    let document = Document::parse(&bytes, &Limits::default())?;
    grammar.validate(document.root(), &Options::default())?;
    Ok(bytes)
}

pub(super) fn fragment(body: &Body, namespace: &str, name: &str) -> String {
    let mut writer = Writer::default();
    write(&mut writer, body, namespace, name, "");
    String::from_utf8(writer.finish()).unwrap_or_default()
}

/// `default` is the default namespace where the element stands. Recursion goes as deep as the draft was built.
fn write(writer: &mut Writer, body: &Body, namespace: &str, name: &str, default: &str) {
    let mut inner_default = namespace;
    let scope = foreign_scope(body);
    match &scope {
        None => {
            writer.start(name);
            if namespace != default {
                writer.attribute("xmlns", namespace);
            }
        }
        Some(scope) => {
            let wanted = scope.iter().find(|(prefix, _)| prefix.is_empty()).map_or("", |(_, name)| name.as_str());
            if wanted == namespace || !has_unprefixed(body) {
                writer.start(name);
                if namespace != default {
                    writer.attribute("xmlns", namespace);
                }
            } else {
                // The content wants another default namespace than the element it stands in.
                let mut prefix = "outer".to_owned();
                while scope.iter().any(|(one, _)| *one == prefix) {
                    prefix.push('_');
                }
                writer.start(&format!("{prefix}:{name}"));
                writer.attribute(&format!("xmlns:{prefix}"), namespace);
                if wanted != default {
                    writer.attribute("xmlns", wanted);
                }
                inner_default = wanted;
            }
            for (prefix, name) in scope {
                if !prefix.is_empty() && uses(body, prefix) {
                    writer.attribute(&format!("xmlns:{prefix}"), name);
                }
            }
        }
    }
    let declared =
        scope.as_ref().is_some_and(|scope| scope.iter().any(|(prefix, _)| prefix == "xsi") && uses(body, "xsi"));
    if !declared && body.attributes.iter().any(|(name, _)| name.starts_with("xsi:")) {
        writer.attribute("xmlns:xsi", xml::XSI);
    }
    for (name, value) in &body.attributes {
        writer.attribute(name, value);
    }
    entries(writer, body, inner_default);
    writer.end();
}

fn entries(writer: &mut Writer, body: &Body, default: &str) {
    let mut sorted: Vec<&Entry> = body.entries.iter().collect();
    sorted.sort_by_key(|entry| match entry {
        Entry::Element { place, .. } | Entry::Raw { place, .. } => *place,
        Entry::Text(_) => 0,
    });
    for entry in sorted {
        match entry {
            Entry::Element { namespace, name, body, .. } => write(writer, body, namespace, name, default),
            Entry::Text(text) => writer.text(text),
            Entry::Raw { xml, .. } => writer.raw(xml),
        }
    }
}

/// The namespaces that raw content counts on; none if there is no raw content.
fn foreign_scope(body: &Body) -> Option<Vec<(String, String)>> {
    let mut scope: Option<Vec<(String, String)>> = None;
    for entry in &body.entries {
        if let Entry::Raw { scope: more, .. } = entry {
            let scope = scope.get_or_insert_default();
            scope.extend(
                more.iter()
                    .filter(|(prefix, _)| !scope.iter().any(|(one, _)| one == prefix))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
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
