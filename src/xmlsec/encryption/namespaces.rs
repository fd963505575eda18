//! What is encrypted must still be understood where it is decrypted. Decryption in place restores the bytes and with them
//! the scope they were written in, so a payload that declares its own namespaces is left as it is; one that relies on
//! declarations further up gets them on its outermost elements, lest a hop that rebuilds the envelope drop what it sees
//! nobody use. Such a declaration repeats what is in scope, which no canonical form shows: signatures inside stay valid.

use memchr::memmem;

use crate::xml::{Node, escape_attribute};
use crate::xmlsec::encryption::EncryptionError;

/// No payload relies on more namespaces than this of what is in scope; each is looked for.
const MAX_IN_SCOPE: usize = 64;

/// The source from `start` to `end` with, on each of the elements, the declarations that it takes from `scope`.
pub(super) fn self_contained<'a>(
    source: &str,
    range: std::ops::Range<usize>,
    elements: impl Iterator<Item = Node<'a>>,
    scope: Option<Node<'a>>,
) -> Result<String, EncryptionError> {
    let mut out = String::with_capacity(range.len() + 64);
    let in_scope: Vec<_> =
        scope.iter().flat_map(|node| node.namespaces()).filter(|(prefix, _)| *prefix != "xml").collect();
    if let (Some(node), true) = (scope, in_scope.len() > MAX_IN_SCOPE) {
        let position = node.position();
        return Err(EncryptionError::TooMany { position, what: "namespaces in scope", limit: MAX_IN_SCOPE });
    }
    let mut at = range.start;
    for element in elements {
        let missing = missing(element, &in_scope);
        if missing.is_empty() {
            continue;
        }
        let name_end = element.range().start + 1 + name_length(element.source());
        out.push_str(source.get(at..name_end).unwrap_or_default());
        out.push_str(&missing);
        at = name_end;
    }
    out.push_str(source.get(at..range.end).unwrap_or_default());
    Ok(out)
}

/// The declarations that the element relies on and does not make.
fn missing(element: Node<'_>, in_scope: &[(&str, &str)]) -> String {
    let source = element.source();
    let tag = source.get(..element.inner_range().start - element.range().start).unwrap_or_default();
    let mut missing = String::new();
    for (prefix, name) in in_scope {
        let relied_on = match *prefix {
            "" => !name.is_empty() && !declares(tag, "xmlns") && any_in(element, name),
            // Prefixes stand in names, and in text such as XPath expressions too.
            prefix => {
                !declares(tag, &format!("xmlns:{prefix}"))
                    && memmem::find(source.as_bytes(), format!("{prefix}:").as_bytes()).is_some()
            }
        };
        if relied_on {
            let declared = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            missing.push_str(&format!(" {declared}=\"{}\"", escape_attribute(name)));
        }
    }
    missing
}

/// Whether the element or one inside it is in that namespace.
fn any_in(element: Node<'_>, namespace: &str) -> bool {
    let mut open = vec![element];
    while let Some(node) = open.pop() {
        if node.namespace() == namespace {
            return true;
        }
        open.extend(node.elements());
    }
    false
}

/// Bytes of the name behind the `<` that the source begins with.
fn name_length(source: &str) -> usize {
    let name = source.get(1..).unwrap_or_default();
    name.bytes().position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>')).unwrap_or(name.len())
}

/// Whether the start tag has an attribute of that qualified name.
fn declares(tag: &str, name: &str) -> bool {
    let mut rest = tag;
    // Outside of quotes there are only names, equals signs and white space.
    while let Some(quote) = rest.find(['"', '\'']) {
        let (before, from_quote) = rest.split_at(quote);
        let before = before.trim_end().trim_end_matches('=').trim_end();
        let attribute = before.rsplit([' ', '\t', '\n', '\r']).next().unwrap_or_default();
        if attribute == name {
            return true;
        }
        let mark = if from_quote.starts_with('"') { '"' } else { '\'' };
        let value = from_quote.get(1..).unwrap_or_default();
        rest = value.find(mark).and_then(|end| value.get(end + 1..)).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Document, Limits};

    fn contained(text: &str) -> String {
        let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        let at = document.root();
        self_contained(document.source(), at.inner_range(), at.elements(), Some(at)).unwrap()
    }

    #[test]
    fn what_declares_its_own_stays_as_it_is() {
        for inner in ["<b xmlns='v'><c/></b>", " <p:b xmlns:p = 'w'/> t", "<q:b xmlns:q='w'/>", "t", "<b xmlns=''/>"] {
            assert_eq!(contained(&format!("<a xmlns='u' xmlns:p='v'>{inner}</a>")), inner);
        }
    }

    #[test]
    fn what_relies_on_the_outside_gets_its_declarations() {
        let around = |inner: &str| contained(&format!("<a xmlns='u' xmlns:p='v&amp;'>{inner}</a>"));
        assert_eq!(around("x<b/>y<c k='1'/>"), "x<b xmlns=\"u\"/>y<c xmlns=\"u\" k='1'/>");
        assert_eq!(around("<p:b/>"), "<p:b xmlns:p=\"v&amp;\"/>");
        assert_eq!(around("<b xmlns='w'>p:x</b>"), "<b xmlns:p=\"v&amp;\" xmlns='w'>p:x</b>");
        assert_eq!(
            around("<q:b xmlns:q='w' k=\"xmlns='\"><c/></q:b>"),
            "<q:b xmlns=\"u\" xmlns:q='w' k=\"xmlns='\"><c/></q:b>"
        );
    }
}
