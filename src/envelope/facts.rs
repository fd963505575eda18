//! What of a document can be compared with a Query (RFC 6545 §6.5).

use ipnet::IpNet;

use crate::clock::Timestamp;

/// How sure the author is: Confidence's rating.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Confidence {
    /// A word: 1 is `low`, 2 `medium`, 3 `high`.
    Word(u8),
    /// A number.
    Number(f64),
}

impl Confidence {
    /// Whether this is equal or higher; a word and a number cannot be compared.
    pub fn reaches(self, wanted: Self) -> bool {
        match (self, wanted) {
            (Self::Word(have), Self::Word(want)) => have >= want,
            (Self::Number(have), Self::Number(want)) => have >= want,
            _ => false,
        }
    }
}

/// A System of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemFacts {
    /// Its category: `source`, `target` …
    pub category: Option<String>,
    /// Its addresses and networks.
    pub networks: Vec<IpNet>,
    /// Its names.
    pub names: Vec<String>,
}

/// What can be compared of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The earliest of its StartTimes and DetectTimes.
    pub from: Option<Timestamp>,
    /// The latest of its EndTimes and DetectTimes.
    pub to: Option<Timestamp>,
    /// Its Systems.
    pub systems: Vec<SystemFacts>,
    /// The names of its References: CVE numbers and their like.
    pub references: Vec<String>,
    /// Its highest Confidence.
    pub confidence: Option<Confidence>,
    /// The types of its Impacts: what kind of incident it is.
    pub types: Vec<String>,
}
