//! How messages are read, and what travels in ours was read: under which limits, with which values beside those that the
//! standards list. Made by `envelope` from the configuration.

use std::collections::{BTreeMap, BTreeSet};

use crate::iodef::common::class::Options;
use crate::rid::options;
use crate::xml::Limits;

/// Values accepted beside those that the standards list, by the name of their list (`Incident-purpose`).
pub type Accept = BTreeMap<String, BTreeSet<String>>;

/// How messages are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// How much of anything a message may carry.
    pub limits: Limits,
    /// How its classes are judged.
    pub options: Options,
}

impl Reading {
    /// Under these limits, and with these values beside those that are accepted anyway.
    #[must_use]
    pub fn new(limits: Limits, accept: &Accept) -> Self {
        let (identifiers, digits) = (limits.identifiers, limits.digits);
        let mut options = Options { identifiers, digits, ..options() };
        for (list, values) in accept {
            options.accept.entry(list.clone()).or_default().extend(values.iter().cloned());
        }
        Self { limits, options }
    }

    /// The limits for a message that is signed and encrypted: what that adds must find room.
    #[must_use]
    pub fn for_sealed(&self) -> Limits {
        let limits = self.for_writing();
        let size = limits.size.saturating_mul(2);
        Limits { size, text_bytes: size, elements: limits.elements.saturating_add(1_024), ..limits }
    }

    /// The limits for what carries such a document on: what is put around it and into its path must find room.
    pub(super) fn for_writing(&self) -> Limits {
        let (size, elements) = (self.limits.size.saturating_add(16_384), self.limits.elements.saturating_add(128));
        Limits { size, elements, ..self.limits.clone() }
    }
}

impl Default for Reading {
    fn default() -> Self {
        Self::new(Limits::default(), &Accept::new())
    }
}
