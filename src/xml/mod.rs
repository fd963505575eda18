//! Bounded, namespace-aware reading and writing of XML 1.0; the only place that knows the XML parser.
//!
//! Called by every part that reads or writes documents. Bytes go through one scan under [`Limits`] and one strict parse;
//! security checks, validation and typed reading all look at the same [`Document`], so that no two readers can disagree
//! about what was said. No DTD is read, no entity beyond the five predefined is known, nothing is ever fetched.

mod declaration;
mod document;
mod dtd;
mod error;
mod limits;
mod scan;
mod scope;
mod write;

pub use document::{Attribute, Document, Item, Node};
pub use error::{Fault, Position, XmlError};
pub use limits::{Config, Limits};
pub(crate) use scan::scan;
pub use write::{Writer, escape_attribute, escape_text};

/// The namespace of `xml:lang` and its like.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of `xsi:schemaLocation` and its like.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Cuts the four XML white space characters off both ends: what "collapse" does to a value without inner runs.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}
