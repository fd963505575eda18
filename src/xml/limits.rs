//! How much of anything one document may carry. Part of the configuration (`[xml]`); checked by the scan before the
//! parser sees a byte, so that no document costs more than a small multiple of its own length.

use serde::{Deserialize, Serialize};

/// Limits on one XML document. A document that exceeds one is refused as forbidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Bytes of the whole document.
    pub size: usize,
    /// Elements open at once.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
    /// Attributes, namespace declarations included, on one element.
    pub attributes: usize,
    /// Bytes of all attributes of one element together.
    pub attribute_bytes: usize,
    /// Bytes of one element or attribute name, prefix included.
    pub name_bytes: usize,
    /// Bytes of one run of text between tags.
    pub text_bytes: usize,
    /// Character references (`&#…;`) in all.
    pub character_references: usize,
    /// Comments and processing instructions in all.
    pub comments: usize,
    /// Prefixes declared at once; the default namespace is one of them.
    pub namespaces: usize,
    /// Values of type xs:ID in all.
    pub identifiers: usize,
    /// Digits of one number.
    pub digits: usize,
}

/// The name by which callers pass them on.
pub type Limits = Config;

impl Default for Config {
    fn default() -> Self {
        Self {
            size: 4 << 20,
            depth: 256,
            elements: 20_000,
            attributes: 256,
            attribute_bytes: 64 << 10,
            name_bytes: 1_024,
            text_bytes: 256 << 10,
            character_references: 1_000,
            comments: 20_000,
            namespaces: 128,
            identifiers: 2_000,
            digits: 999,
        }
    }
}
