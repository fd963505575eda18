//! A message made legible: class by class, as plain texts that people read. Called by the administration, whose page shows
//! them; it knows neither XML nor the tables.
//!
//! The tables say what each element is, so that there is one rule for every class. Nothing is judged here: what is shown
//! may be improper. What no table knows is shown as the text it is. The amount is bounded, and nothing of it is ever
//! fetched: an address is a text.

use crate::iodef::common::class::{Class, Content, Group, Particle};
use crate::iodef::{coordination, enumeration, sci, signature, v1, v2};
use crate::rid::{self, grammar};
use crate::xml::{self, Document, Limits, Node, XmlError};

/// Elements shown at most.
const ELEMENTS: usize = 3_000;

/// Bytes of text shown at most.
const TEXT: usize = 512 << 10;

/// Bytes of one text shown at most.
const ONE_TEXT: usize = 16 << 10;

/// Elements within each other at most; what is deeper is shown as it was written.
const DEPTH: usize = 24;

/// Namespaces whose elements hold keys, digests and cipher text, which tell people nothing.
const UNREADABLE: [&str; 3] =
    [signature::NAMESPACE, "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2009/xmlenc11#"];

/// A message in two parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Legible {
    /// What RID says: policy, status, source. Empty if there is no message around the document.
    pub envelope: Vec<Step>,
    /// The document it carries, or the whole if it is no RID message.
    pub document: Vec<Step>,
    /// Whether something was left out because it is too much.
    pub cut: bool,
}

/// One step through the tree, in the order of the document: each [`Step::Open`] has its [`Step::Close`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An element that has others within it: its attributes and its own text, then they.
    Open(Shown),
    /// An element without others within it.
    Leaf(Shown),
    /// The end of the last one that was opened.
    Close,
}

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name, which is its class's in the standard.
    pub name: String,
    /// The standard that it is of, in short: `IODEF 2.0`, or its namespace where that is not known.
    pub standard: String,
    /// What the standard says it is for; empty if that is not known.
    pub doc: &'static str,
    /// Its attributes, name and value; `ext-value` is resolved.
    pub attributes: Vec<(String, String)>,
    /// Its text.
    pub text: String,
    /// Whether the text is the element as it was written, because its class is not known.
    pub foreign: bool,
}

/// Reads a message, or a document without one.
///
/// # Errors
/// If it is no well-formed XML within the limits.
pub fn legible(bytes: &[u8], limits: &Limits) -> Result<Legible, XmlError> {
    let document = Document::parse(bytes, limits)?;
    let root = document.root();
    let mut walk = Walk { elements: 0, bytes: 0, cut: false, payload: None };
    if !root.is(rid::NAMESPACE, "RID") {
        let document = walk.tree(root);
        return Ok(Legible { envelope: Vec::new(), document, cut: walk.cut });
    }
    let envelope = walk.tree(root);
    let payload = walk.payload.take();
    let document = payload.map(|payload| walk.tree(payload)).unwrap_or_default();
    Ok(Legible { envelope, document, cut: walk.cut })
}

/// An element that is still open, with what of it is to come.
struct Open<'a> {
    class: &'static Class,
    next: Option<Node<'a>>,
}

struct Walk<'a> {
    elements: usize,
    bytes: usize,
    cut: bool,
    /// The root of the document that a message carries.
    payload: Option<Node<'a>>,
}

impl<'a> Walk<'a> {
    fn tree(&mut self, root: Node<'a>) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut open: Vec<Open<'a>> = Vec::new();
        self.enter(root, grammar().class_of(root), "", &mut steps, &mut open);
        while let Some(parent) = open.last_mut() {
            let Some(node) = parent.next else {
                open.pop();
                steps.push(Step::Close);
                continue;
            };
            parent.next = node.next();
            let (class, doc) = class_within(parent.class, node);
            self.enter(node, class, doc, &mut steps, &mut open);
        }
        steps
    }

    fn enter(
        &mut self,
        node: Node<'a>,
        class: Option<&'static Class>,
        doc: &'static str,
        steps: &mut Vec<Step>,
        open: &mut Vec<Open<'a>>,
    ) {
        if self.elements >= ELEMENTS || self.bytes >= TEXT {
            self.cut = true;
            return;
        }
        self.elements += 1;
        let mut shown = Shown {
            name: node.name().to_owned(),
            standard: standard(node.namespace()),
            doc: if doc.is_empty() { class.map_or("", |class| class.doc) } else { doc },
            attributes: Vec::new(),
            text: String::new(),
            foreign: false,
        };
        if UNREADABLE.contains(&node.namespace()) {
            shown.text = format!("{} bytes", node.source().len());
            return steps.push(Step::Leaf(shown));
        }
        let Some(class) = class.filter(|_| open.len() < DEPTH) else {
            shown.foreign = true;
            shown.text = self.text(node.source());
            return steps.push(Step::Leaf(shown));
        };
        shown.attributes = self.attributes(node);
        shown.text = self.text(xml::trim(&node.text()));
        if node.is(rid::NAMESPACE, "XMLDocument") {
            self.payload = node.elements().next();
            return steps.push(Step::Leaf(shown));
        }
        match node.elements().next() {
            None => steps.push(Step::Leaf(shown)),
            next => {
                steps.push(Step::Open(shown));
                open.push(Open { class, next });
            }
        }
    }

    fn attributes(&mut self, node: Node<'a>) -> Vec<(String, String)> {
        let said = |name: &str| node.attribute(name).map(xml::trim);
        let mut shown = Vec::new();
        for attribute in node.attributes() {
            let base = attribute.name.strip_prefix("ext-").filter(|base| said(base) == Some("ext-value"));
            if base.is_some() {
                continue;
            }
            let value = match attribute.value {
                "ext-value" => said(&format!("ext-{}", attribute.name)).unwrap_or(attribute.value),
                value => value,
            };
            shown.push((attribute.name.to_owned(), self.text(value)));
        }
        shown
    }

    /// The text as far as there is room for it.
    fn text(&mut self, text: &str) -> String {
        let room = ONE_TEXT.min(TEXT.saturating_sub(self.bytes));
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.cut |= end < text.len();
        self.bytes += end;
        text.get(..end).unwrap_or_default().to_owned()
    }
}

/// The class that the element has inside of an element of that class, and what the standard says of it there.
fn class_within(parent: &'static Class, node: Node<'_>) -> (Option<&'static Class>, &'static str) {
    if let Content::Elements(group) | Content::Mixed(group) = &parent.content {
        // The tables nest groups a few deep; they are ours, not the sender's.
        let mut groups: Vec<&'static Group> = vec![group];
        while let Some(group) = groups.pop() {
            for particle in group.particles {
                match particle {
                    Particle::Element(term) if node.is(term.namespace, term.name) => {
                        return (Some((term.class)()), term.doc);
                    }
                    Particle::Group(group) => groups.push(group),
                    Particle::Element(_) | Particle::Wildcard(_) => {}
                }
            }
        }
    }
    (grammar().class_of(node), "")
}

fn standard(namespace: &str) -> String {
    let known = match namespace {
        rid::NAMESPACE => "RID 2.0",
        v1::NAMESPACE => "IODEF 1.0",
        v2::NAMESPACE => "IODEF 2.0",
        sci::NAMESPACE => "IODEF-SCI",
        enumeration::NAMESPACE => "IODEF enumeration format",
        coordination::NAMESPACE => "coordination",
        signature::NAMESPACE => "XML Signature",
        "http://www.w3.org/2001/04/xmlenc#" => "XML Encryption",
        "" => "no namespace",
        foreign => return foreign.chars().take(200).collect(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Legible {
        legible(text.as_bytes(), &Limits::default()).unwrap()
    }

    fn shown<'l>(steps: &'l [Step], name: &str) -> &'l Shown {
        let found = steps.iter().find_map(|step| match step {
            Step::Open(shown) | Step::Leaf(shown) if shown.name == name => Some(shown),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no {name}"))
    }

    fn balanced(steps: &[Step]) -> bool {
        let mut depth = 0_i32;
        for step in steps {
            depth += match step {
                Step::Open(_) => 1,
                Step::Close => -1,
                Step::Leaf(_) => 0,
            };
            assert!(depth >= 0);
        }
        depth == 0
    }

    #[test]
    fn a_report_is_shown_by_class_envelope_and_document_apart() {
        let report = read(include_str!("../../fixtures/rid/report-4k.xml"));
        assert!(balanced(&report.envelope) && balanced(&report.document) && !report.cut);
        let policy = shown(&report.envelope, "RIDPolicy");
        assert_eq!(policy.standard, "RID 2.0");
        assert!(policy.attributes.contains(&("MsgType".to_owned(), "Report".to_owned())), "{policy:?}");
        assert!(report.envelope.iter().all(|step| !matches!(step, Step::Open(one) if one.name == "Incident")));
        let description = shown(&report.document, "Description");
        assert_eq!(description.text, "Two database servers scan UDP 1434 & are cut off");
        assert_eq!((description.standard.as_str(), description.foreign), ("IODEF 1.0", false));
        assert!(!shown(&report.document, "Impact").doc.is_empty());
        assert_eq!(shown(&report.document, "URL").text, "https://www.cve.org/CVERecord?id=CVE-2002-0649");
    }

    #[test]
    fn a_document_of_its_own_is_shown_too() {
        let call = read(include_str!("../../fixtures/data-call/slammer-2.0.xml"));
        assert!(call.envelope.is_empty() && balanced(&call.document));
        assert_eq!(shown(&call.document, "Incident").standard, "IODEF 2.0");
        let foreign = |step: &&Step| matches!(step, Step::Leaf(one) if one.foreign && one.name != "cpe-item");
        assert_eq!(call.document.iter().find(foreign), None);
    }

    #[test]
    fn extended_values_are_resolved() {
        let text = "<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\"><Incident purpose=\"ext-value\" \
                    ext-purpose=\"drill\"/></IODEF-Document>";
        let document = read(text).document;
        assert_eq!(shown(&document, "Incident").attributes, [("purpose".to_owned(), "drill".to_owned())]);
    }

    #[test]
    fn what_no_table_knows_is_shown_as_it_was_written() {
        let text = "<a xmlns=\"urn:x\"><script>alert(1)</script></a>";
        let document = read(text).document;
        assert_eq!(document.len(), 1);
        assert_eq!((shown(&document, "a").text.as_str(), shown(&document, "a").foreign), (text, true));
    }

    #[test]
    fn there_is_an_end_to_what_is_shown() {
        let many = "<Incident/>".repeat(ELEMENTS + 5);
        let text = format!("<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\">{many}</IODEF-Document>");
        let document = read(&text);
        assert!(document.cut && balanced(&document.document));
        assert_eq!(document.document.len(), ELEMENTS + 1);
        let long = format!("<a xmlns=\"urn:x\">{}</a>", "é".repeat(ONE_TEXT));
        let document = read(&long);
        assert!(document.cut && shown(&document.document, "a").text.len() <= ONE_TEXT);
        let (open, close) = ("<EventData>".repeat(100), "</EventData>".repeat(100));
        let deep = format!(
            "<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\"><Incident>{open}{close}</Incident></IODEF-Document>"
        );
        let document = read(&deep);
        assert!(balanced(&document.document) && document.document.len() < 100);
    }
}
