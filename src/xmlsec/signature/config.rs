//! How much signature one message may carry, and where signatures stand.

use serde::{Deserialize, Serialize};

use crate::xml::Node;

/// Limits on the signatures of one message. What exceeds one is refused before anything is computed from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Signatures in one message.
    pub signatures: usize,
    /// References in one signature.
    pub references: usize,
    /// Certificates in one KeyInfo.
    pub certificates: usize,
    /// Keys tried for one signature.
    pub keys: usize,
    /// Prefixes in one InclusiveNamespaces.
    pub prefixes: usize,
    /// Bytes of one path (XPath Filter 2).
    pub path_bytes: usize,
    /// Steps of one path.
    pub path_steps: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            signatures: 16,
            references: 16,
            certificates: 4,
            keys: 8,
            prefixes: 32,
            path_bytes: 4 << 10,
            path_steps: 64,
        }
    }
}

/// The name of an element: namespace, local name.
pub type Name = (&'static str, &'static str);

/// Where the Signature elements of a message stand: the caller knows its schema.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The way from the root to the element that holds Signature elements.
    pub signature: &'static [Name],
    /// The way from the root to the element that holds a document of its own: a Signature in there is part of that
    /// document (IODEF 2.0 has them as data of an incident, RFC 7970 §3.27) and says nothing about the message.
    pub document: &'static [Name],
}

/// Where a Signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    InPlace,
    InDocument,
    Elsewhere,
}

impl Places {
    pub(super) fn standing(&self, signature: Node<'_>) -> Standing {
        let mut way = Vec::new();
        let mut here = signature.parent();
        while let Some(node) = here {
            way.push(node);
            here = node.parent();
        }
        let begins = |names: &[Name]| {
            way.len() >= names.len() && way.iter().rev().zip(names).all(|(node, (space, name))| node.is(space, name))
        };
        if way.len() == self.signature.len() && begins(self.signature) {
            Standing::InPlace
        } else if begins(self.document) {
            Standing::InDocument
        } else {
            Standing::Elsewhere
        }
    }

    pub(super) fn signature_path(&self) -> String {
        self.signature.iter().fold(String::new(), |path, (_, name)| path + "/" + name)
    }
}
