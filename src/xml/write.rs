//! Writing: a small writer that escapes what must be escaped, keeps start and end tags paired and takes raw pieces.
//! Called by the encoder and by whoever writes a message by hand. It does not check names: they come from tables.

use std::borrow::Cow;
use std::ops::Range;

/// Collects one document as text.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    /// Where the names of the open elements stand in `out`: the end tags copy them from there.
    open: Vec<Range<usize>>,
    /// The last start tag still lacks its `>`.
    in_tag: bool,
}

impl Writer {
    /// A writer that has written the XML declaration that RFC 6545 §5.5 demands.
    #[must_use]
    pub fn with_declaration() -> Self {
        // Room for the shortest messages, Acknowledgements, which are written most.
        let mut out = String::with_capacity(1024);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Self { out, ..Self::default() }
    }

    /// Opens an element; attributes may follow.
    pub fn start(&mut self, name: &str) {
        self.start_with(&[name]);
    }

    /// The same for a name with a prefix.
    pub fn start_prefixed(&mut self, prefix: &str, name: &str) {
        self.start_with(&[prefix, ":", name]);
    }

    fn start_with(&mut self, name: &[&str]) {
        self.close_tag();
        self.out.push('<');
        let begin = self.out.len();
        name.iter().for_each(|part| self.out.push_str(part));
        self.open.push(begin..self.out.len());
        self.in_tag = true;
    }

    /// Adds an attribute or a namespace declaration to the element just opened; without one it does nothing.
    pub fn attribute(&mut self, name: &str, value: &str) {
        self.attribute_with(&[name], value);
    }

    /// Declares the namespace under that prefix on the element just opened; without one it does nothing.
    pub fn declare(&mut self, prefix: &str, namespace: &str) {
        self.attribute_with(&["xmlns:", prefix], namespace);
    }

    fn attribute_with(&mut self, name: &[&str], value: &str) {
        if self.in_tag {
            self.out.push(' ');
            name.iter().for_each(|part| self.out.push_str(part));
            self.out.push_str("=\"");
            self.out.push_str(&escape_attribute(value));
            self.out.push('"');
        }
    }

    /// Writes text.
    pub fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.close_tag();
            self.out.push_str(&escape_text(text));
        }
    }

    /// Writes a piece of XML as it is: it must be balanced, and its prefixes must be declared here or in it.
    pub fn raw(&mut self, xml: &str) {
        if !xml.is_empty() {
            self.close_tag();
            self.out.push_str(xml);
        }
    }

    /// Closes the element opened last.
    pub fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            if self.in_tag {
                self.out.push_str("/>");
                self.in_tag = false;
            } else {
                self.out.push_str("</");
                self.out.extend_from_within(name);
                self.out.push('>');
            }
        }
    }

    /// How many elements are open.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Closes what is open and hands the document over.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.end();
        }
        self.out.into_bytes()
    }

    fn close_tag(&mut self) {
        if self.in_tag {
            self.out.push('>');
            self.in_tag = false;
        }
    }
}

/// `text` for use between tags. A carriage return is written as a reference: a parser would make it a line feed.
#[must_use]
pub fn escape_text(text: &str) -> Cow<'_, str> {
    escape(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

/// `text` for use between double quotes: white space other than the blank is written as a reference.
#[must_use]
pub fn escape_attribute(text: &str) -> Cow<'_, str> {
    escape(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#9;"),
        '\n' => Some("&#10;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

fn escape(text: &str, reference: fn(char) -> Option<&'static str>) -> Cow<'_, str> {
    if !text.chars().any(|c| reference(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match reference(c) {
            Some(name) => out.push_str(name),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Document, Limits};

    #[test]
    fn what_is_written_reads_back() {
        let value = "a \"b\" <c> & 'd'\t\r\nö]]>";
        let mut writer = Writer::with_declaration();
        writer.start("a");
        writer.attribute("k", value);
        writer.text(value);
        writer.start("b");
        writer.end();
        writer.raw("<c/>");
        let bytes = writer.finish();
        let document = Document::parse(&bytes, &Limits::default()).unwrap();
        assert_eq!(document.root().attribute("k"), Some(value));
        assert_eq!(document.root().text(), value);
        assert!(document.source().ends_with("<b/><c/></a>"), "{}", document.source());
    }
}
