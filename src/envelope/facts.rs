//! What of a document can be compared with a Query (RFC 6545 §6.5).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::clock::Timestamp;
use crate::iodef::summary::{Incident, Summary, System};
use crate::xml::{self, Node};

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
    /// Its earliest StartTime.
    pub start: Option<Timestamp>,
    /// Its earliest DetectTime.
    pub detect: Option<Timestamp>,
    /// Its latest EndTime.
    pub end: Option<Timestamp>,
    /// Its Systems.
    pub systems: Vec<SystemFacts>,
    /// The names of its References: CVE numbers and their like.
    pub references: Vec<String>,
    /// Its highest Confidence.
    pub confidence: Option<Confidence>,
    /// The types of its Impacts (2.0: SystemImpacts): what kind of incident it is.
    pub types: Vec<String>,
}

impl Facts {
    /// The facts of a valid IODEF document by its root element.
    pub(super) fn of(root: Node<'_>) -> Option<Self> {
        let summary = Summary::of(root)?;
        let mut facts = Self { types: types(root), ..Self::default() };
        for incident in summary.incidents {
            facts.add(incident);
        }
        Some(facts)
    }

    fn add(&mut self, incident: Incident) {
        let time = |text: Option<String>| text.as_deref().and_then(Timestamp::parse);
        let earlier = |known: Option<Timestamp>, new: Option<Timestamp>| known.into_iter().chain(new).min();
        self.start = earlier(self.start, time(incident.start_time));
        self.detect = earlier(self.detect, time(incident.detect_time));
        self.end = self.end.into_iter().chain(time(incident.end_time)).max();
        self.systems.extend(incident.systems.into_iter().map(SystemFacts::of));
        self.references.extend(incident.references);
        let rating = incident.confidence.as_deref().and_then(Confidence::read);
        self.confidence = self.confidence.filter(|known| rating.is_none_or(|new| known.reaches(new))).or(rating);
    }
}

impl Confidence {
    fn read(text: &str) -> Option<Self> {
        match text {
            "low" => Some(Self::Word(1)),
            "medium" => Some(Self::Word(2)),
            "high" => Some(Self::Word(3)),
            other => other.parse().ok().map(Self::Number),
        }
    }
}

impl SystemFacts {
    fn of(system: System) -> Self {
        let network = |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        Self {
            category: system.category,
            networks: system.addresses.iter().filter_map(|(_, text)| network(text)).collect(),
            names: system.names,
        }
    }
}

/// The types of the impacts; `unknown` says nothing.
fn types(root: Node<'_>) -> Vec<String> {
    let mut types = Vec::new();
    let mut open: Vec<Node<'_>> = root.elements().collect();
    while let Some(node) = open.pop() {
        match node.name() {
            "Incident" | "EventData" | "Assessment" | "Impact" if node.namespace() == root.namespace() => {
                open.extend(node.elements());
                if node.name() == "Impact" {
                    types.extend(node.attribute("type"));
                }
            }
            "SystemImpact" if node.namespace() == root.namespace() => types.extend(node.attribute("type")),
            _ => {}
        }
    }
    types.into_iter().map(xml::trim).filter(|word| *word != "unknown").map(str::to_owned).collect()
}
