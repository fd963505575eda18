//! Names of software by CPE. IODEF 2.0 has a place for them, SoftwareReference, but its schema lets only elements stand
//! there, no text; so we write the element that the CPE dictionary has for a name, and read a name wherever one stands.
//! Called by the summary and by whoever writes alerts.

use crate::iodef::common::class::Draft;
use crate::iodef::v2::{SoftwareDtype, SoftwareReference, SpecName};
use crate::xml::{self, Item, Node, escape_attribute};

/// The namespace of the CPE dictionary, whose `cpe-item` holds a name.
const DICTIONARY: &str = "http://cpe.mitre.org/dictionary/2.0";

/// A SoftwareReference to the software with that CPE name (RFC 7970 §2.15.1).
#[must_use]
pub fn reference(name: &str) -> Draft<SoftwareReference> {
    let item = format!("<cpe-item xmlns=\"{DICTIONARY}\" name=\"{}\"/>", escape_attribute(name));
    SoftwareReference::draft().spec_name(SpecName::Cpe).dtype(SoftwareDtype::Xml).raw(item, &[])
}

/// The CPE names in an element, as text or in an attribute, in the order of the document and each once.
#[must_use]
pub fn names(node: Node<'_>) -> Vec<String> {
    let mut names = Vec::new();
    collect(node, &mut names);
    names
}

/// Recursion goes as deep as the document, which the scan has bounded.
fn collect(node: Node<'_>, names: &mut Vec<String>) {
    node.attributes().for_each(|attribute| add(attribute.value, names));
    for item in node.items() {
        match item {
            Item::Text(text, _) => add(text, names),
            Item::Element(child) => collect(child, names),
            Item::Comment(_) | Item::Instruction(..) => {}
        }
    }
}

fn add(text: &str, names: &mut Vec<String>) {
    let text = xml::trim(text);
    if text.starts_with("cpe:") && !text.contains(char::is_whitespace) && !names.iter().any(|name| name == text) {
        names.push(text.to_owned());
    }
}
