//! A parsed document and its nodes: what every later step reads. Names are always (namespace, local name), never
//! prefixes; every node knows the bytes it came from.

use std::borrow::Cow;
use std::ops::Range;

use crate::xml::scan::scan;
use crate::xml::{Fault, Limits, Position, XmlError};

/// One well-formed document within its limits.
#[derive(Debug)]
pub struct Document<'a> {
    tree: roxmltree::Document<'a>,
}

impl<'a> Document<'a> {
    /// Scans and parses `bytes`: UTF-8 with or without a mark, XML 1.0, no DTD.
    ///
    /// # Errors
    /// Malformed or forbidden, with the position and what was expected.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, XmlError> {
        let text = scan(bytes, limits)?;
        // Text, comments and instructions are nodes too; the scan has bounded all of them.
        let nodes_limit = u32::try_from(text.len()).unwrap_or(u32::MAX).saturating_add(1);
        let options = roxmltree::ParsingOptions { allow_dtd: false, nodes_limit, ..Default::default() };
        match roxmltree::Document::parse_with_options(text, options) {
            Ok(tree) => Ok(Self { tree }),
            Err(error) => Err(from_parser(&error)),
        }
    }

    /// The root element.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node(self.tree.root_element())
    }

    /// What stands at the top: the root element, and the comments and instructions before and behind it.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        self.tree.root().children().map(item)
    }

    /// The bytes the document was parsed from.
    #[must_use]
    pub fn source(&self) -> &'a str {
        self.tree.input_text()
    }

    /// Line and column of a byte of the source.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        Position::of(self.source().as_bytes(), offset)
    }
}

fn from_parser(error: &roxmltree::Error) -> XmlError {
    let at = error.pos();
    let limit = matches!(
        error,
        roxmltree::Error::DtdDetected
            | roxmltree::Error::NodesLimitReached
            | roxmltree::Error::AttributesLimitReached
            | roxmltree::Error::NamespacesLimitReached
    );
    XmlError {
        fault: if limit { Fault::Forbidden } else { Fault::Malformed },
        position: Position { line: at.row, column: at.col },
        expected: "well-formed XML 1.0 with namespaces".to_owned(),
        found: error.to_string(),
    }
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<'a>(roxmltree::Node<'a, 'a>);

/// One child of an element.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// An element.
    Element(Node<'a>),
    /// A run of text; CDATA sections and references are already resolved. Its second field is its byte range's start.
    Text(&'a str, usize),
    /// A comment.
    Comment(&'a str),
    /// A processing instruction: its target, and what follows it (empty if nothing does).
    Instruction(&'a str, &'a str),
}

/// One attribute that is no namespace declaration.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// The namespace's name; empty for an attribute without prefix.
    pub namespace: &'a str,
    /// The local name.
    pub name: &'a str,
    /// The value, normalised as XML 1.0 §3.3.3 says for CDATA.
    pub value: &'a str,
}

impl<'a> Node<'a> {
    /// The local name.
    #[inline]
    #[must_use]
    pub fn name(self) -> &'a str {
        self.0.tag_name().name()
    }

    /// The namespace's name; empty if it has none.
    #[inline]
    #[must_use]
    pub fn namespace(self) -> &'a str {
        self.0.tag_name().namespace().unwrap_or_default()
    }

    /// Whether namespace and local name are these.
    #[must_use]
    #[inline(always)]
    pub fn is(self, namespace: &str, name: &str) -> bool {
        self.name() == name && self.namespace() == namespace
    }

    /// The value of the attribute of that name without a namespace.
    #[must_use]
    #[inline(always)]
    pub fn attribute(self, name: &str) -> Option<&'a str> {
        self.attribute_in("", name)
    }

    /// The value of the attribute with that namespace ("" for none) and local name.
    // Inlined always: nearly every caller asks for a literal name, which is then compared without a call.
    #[must_use]
    #[inline(always)]
    pub fn attribute_in(self, namespace: &str, name: &str) -> Option<&'a str> {
        let same =
            |one: &roxmltree::Attribute<'_, '_>| one.name() == name && one.namespace().unwrap_or_default() == namespace;
        self.0.attributes().find(same).map(|one| one.value())
    }

    /// All attributes but namespace declarations, in document order.
    #[inline]
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'a>> {
        let node: &roxmltree::Node<'a, 'a> = &self.0;
        node.attributes().map(|one| Attribute {
            namespace: one.namespace().unwrap_or_default(),
            name: one.name(),
            value: one.value(),
        })
    }

    /// The byte range of the attribute's value in the source, without its quotes.
    #[must_use]
    pub fn attribute_range(self, namespace: &str, name: &str) -> Option<Range<usize>> {
        let found =
            |one: &roxmltree::Attribute<'_, '_>| one.name() == name && one.namespace().unwrap_or_default() == namespace;
        self.0.attributes().find(found).map(|one| one.range_value())
    }

    /// The namespaces in scope as (prefix, name); the prefix of the default namespace is empty.
    pub fn namespaces(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let node: &roxmltree::Node<'a, 'a> = &self.0;
        node.namespaces().map(|one| (one.name().unwrap_or_default(), one.uri()))
    }

    /// The name of the namespace that `prefix` ("" for the default) stands for here.
    #[must_use]
    pub fn resolve(self, prefix: &str) -> Option<&'a str> {
        self.0.lookup_namespace_uri(if prefix.is_empty() { None } else { Some(prefix) })
    }

    /// The child elements in order.
    #[inline]
    pub fn elements(self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.0.children().filter(|child| child.is_element()).map(Node)
    }

    /// The first child element with that name.
    #[must_use]
    #[inline]
    pub fn child(self, namespace: &str, name: &str) -> Option<Self> {
        self.elements().find(|child| child.is(namespace, name))
    }

    /// Every child: elements, text, comments and instructions.
    #[inline]
    pub fn items(self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        self.0.children().map(item)
    }

    /// This element and all below it, in document order.
    #[inline]
    pub fn descendants(self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.0.descendants().filter(|node| node.is_element()).map(Node)
    }

    /// The name as it was written, prefix included: what canonical forms keep. Names are compared by [`Self::is`].
    #[inline]
    #[must_use]
    pub fn qualified_name(self) -> &'a str {
        let source: &'a str = self.0.document().input_text();
        let tag = source.get(self.0.range().start + 1..).unwrap_or_default();
        let end = tag.bytes().position(|b| matches!(b, b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r'));
        tag.get(..end.unwrap_or(tag.len())).unwrap_or_default()
    }

    /// All attributes but namespace declarations, each with its name as it was written, in document order.
    #[inline]
    pub fn qualified_attributes(self) -> impl Iterator<Item = (Attribute<'a>, &'a str)> + use<'a> {
        let source: &'a str = self.0.document().input_text();
        let node: roxmltree::Node<'a, 'a> = self.0;
        node.attributes().map(move |one| {
            let attribute =
                Attribute { namespace: one.namespace().unwrap_or_default(), name: one.name(), value: one.value() };
            (attribute, source.get(one.range_qname()).unwrap_or_default())
        })
    }

    /// The text of the element itself, its pieces (around comments) joined; child elements' text is not part of it.
    #[must_use]
    #[inline]
    pub fn text(self) -> Cow<'a, str> {
        let mut texts = self.0.children().filter(|child| child.is_text()).filter_map(|child| child.text());
        let first = texts.next().unwrap_or_default();
        let Some(second) = texts.next() else { return Cow::Borrowed(first) };
        let mut joined = String::with_capacity(first.len() + second.len());
        joined.push_str(first);
        joined.push_str(second);
        joined.extend(texts);
        Cow::Owned(joined)
    }

    /// The byte range in the source, from `<` of the start tag to behind the end tag.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.0.range()
    }

    /// The source of the element as it was received.
    #[must_use]
    pub fn source(self) -> &'a str {
        self.0.document().input_text().get(self.0.range()).unwrap_or_default()
    }

    /// The byte range between start tag and end tag; empty, and standing at the end of the tag, for `<a/>`.
    #[must_use]
    pub fn inner_range(self) -> Range<usize> {
        let range = self.range();
        let source = self.source();
        let start = start_tag_end(source.as_bytes());
        let end = if source.as_bytes().get(start.saturating_sub(2)) == Some(&b'/') && start == source.len() {
            start
        } else {
            source.rfind("</").unwrap_or(start)
        };
        range.start + start..range.start + end.max(start)
    }

    /// The source between start tag and end tag as it was received.
    #[must_use]
    pub fn inner_source(self) -> &'a str {
        self.0.document().input_text().get(self.inner_range()).unwrap_or_default()
    }

    /// The parent element; none for the root.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        self.0.parent_element().map(Self)
    }

    /// The next sibling element.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.next_sibling_element().map(Self)
    }

    /// Line and column of the start tag.
    #[must_use]
    pub fn position(self) -> Position {
        Position::of(self.0.document().input_text().as_bytes(), self.range().start)
    }

    /// The way from the root in local names, `/RID/RIDPolicy/Node[2]`: a number where siblings share the name.
    #[must_use]
    pub fn path(self) -> String {
        let mut steps: Vec<Cow<'a, str>> = Vec::new();
        let mut here = Some(self);
        while let Some(node) = here {
            let same = |other: &roxmltree::Node<'_, '_>| other.is_element() && other.tag_name() == node.0.tag_name();
            let before = node.0.prev_siblings().skip(1).filter(same).count();
            let after = node.0.next_siblings().skip(1).any(|other| same(&other));
            steps.push(match before {
                0 if !after => Cow::Borrowed(node.name()),
                before => Cow::Owned(format!("{}[{}]", node.name(), before + 1)),
            });
            here = node.parent();
        }
        steps.iter().rev().fold(String::new(), |path, step| path + "/" + step)
    }
}

fn item<'a>(child: roxmltree::Node<'a, 'a>) -> Item<'a> {
    match child.node_type() {
        roxmltree::NodeType::Element => Item::Element(Node(child)),
        roxmltree::NodeType::Comment => Item::Comment(child.text().unwrap_or_default()),
        roxmltree::NodeType::PI | roxmltree::NodeType::Root => child
            .pi()
            .map_or(Item::Instruction("", ""), |pi| Item::Instruction(pi.target, pi.value.unwrap_or_default())),
        roxmltree::NodeType::Text => Item::Text(child.text().unwrap_or_default(), child.range().start),
    }
}

/// Where the start tag at the beginning of `source` ends: behind its `>`.
fn start_tag_end(source: &[u8]) -> usize {
    let mut at = 0;
    while let Some(offset) = source.get(at..).and_then(|rest| memchr::memchr3(b'>', b'"', b'\'', rest)) {
        let found = at + offset;
        let byte = source.get(found).copied().unwrap_or(b'>');
        if byte == b'>' {
            return found + 1;
        }
        let close = source.get(found + 1..).and_then(|rest| memchr::memchr(byte, rest));
        at = close.map_or(source.len(), |close| found + close + 2);
    }
    source.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document<'_> {
        Document::parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn names_are_namespaces_and_local_names() {
        let document = parse("<p:a xmlns:p='u' p:x='1' x='2'><b xmlns='v'/></p:a>");
        let root = document.root();
        assert!(root.is("u", "a"));
        assert_eq!(root.attribute("x"), Some("2"));
        assert_eq!(root.attribute_in("u", "x"), Some("1"));
        assert!(root.child("v", "b").is_some());
        assert!(root.child("u", "b").is_none());
    }

    #[test]
    fn text_is_joined_around_comments_and_sections() {
        let document = parse("<a>x &amp; <!-- c -->y<![CDATA[<z>]]></a>");
        assert_eq!(document.root().text(), "x & y<z>");
    }

    #[test]
    fn nodes_know_their_bytes_and_path() {
        let text = "<a>\n <b/><b k='>'>t<c/></b></a>";
        let document = parse(text);
        let second = document.root().elements().nth(1).unwrap();
        assert_eq!(second.source(), "<b k='>'>t<c/></b>");
        assert_eq!(second.inner_source(), "t<c/>");
        assert_eq!(document.root().elements().next().unwrap().inner_source(), "");
        assert_eq!(second.path(), "/a/b[2]");
        assert_eq!(second.elements().next().unwrap().path(), "/a/b[2]/c");
        assert_eq!(second.position(), Position { line: 2, column: 6 });
    }

    #[test]
    fn what_is_not_well_formed_says_where() {
        let error = Document::parse(b"<a>\n<b></a></b>", &Limits::default()).unwrap_err();
        assert_eq!((error.fault, error.position.line), (Fault::Malformed, 2));
        assert!(Document::parse(b"", &Limits::default()).is_err());
        assert!(Document::parse(b"<a/><b/>", &Limits::default()).is_err());
    }
}
