//! The verdict on one document: malformed, forbidden, invalid or valid, with the reason and its place.
//!
//! Called by `ridd validate` and by the tests over the corpus. The exchange opens messages by the same scan, parser,
//! tables and rules; here they are asked about any RID message or IODEF document, under any profile.

use std::fmt;

use serde::Serialize;

use crate::iodef::common::class::{self, Kind, Violation};
use crate::iodef::{v1, v2};
use crate::rid::{self, Accept};
use crate::xml::{Document, Fault, Limits, Node, Position, XmlError};

/// What a document must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schema {
    /// Whatever the namespace of its root says.
    #[default]
    Auto,
    /// A RID message (RFC 6545).
    Rid,
    /// An IODEF 1.0 document (RFC 5070).
    Iodef1,
    /// An IODEF 2.0 document (RFC 7970).
    Iodef2,
}

/// What is refused beside what breaks the schema: see `docs/conformance.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Nothing: the schemas as printed decide. What only the prose forbids is a warning.
    #[default]
    Printed,
    /// What only the prose forbids, too.
    Strict,
    /// Less: what the schemas lack and the prose allows is accepted, with a warning (RFC 7970 §§3.7, 3.12.5, and labels of
    /// IODEF 2.0 in ReportSchema, RFC 6545 §5.1.1).
    Lenient,
}

/// How to judge.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the document must be.
    pub schema: Schema,
    /// What is refused beside what breaks the schema.
    pub profile: Profile,
    /// How much of anything a document may carry.
    pub limits: Limits,
    /// Values accepted beside those that the standards list, in every profile.
    pub accept: Accept,
}

/// A verdict, in the words of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is what it should be.
    Valid,
    /// It is well-formed and breaks its schema or, under [`Profile::Strict`], the prose.
    Invalid,
    /// It is not well-formed.
    Malformed,
    /// It may be well-formed, and is refused unread: a DTD, another encoding or version, or too much of something.
    Forbidden,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Malformed => "malformed",
            Self::Forbidden => "forbidden",
        })
    }
}

/// A reason or a warning: where, what would be right, what came, and which standard says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line and column, from 1.
    #[serde(flatten)]
    pub position: Position,
    /// The way to the element, `/RID/RIDPolicy/Node[2]`; empty where the document could not be read that far.
    pub element: String,
    /// What would be right.
    pub expected: String,
    /// What came instead.
    pub found: String,
    /// Which section of which standard says so, and which rule of `docs/conformance.md`; empty for XML's own.
    pub section: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, element, expected, found, section } = self;
        write!(f, "{position}")?;
        if !element.is_empty() {
            write!(f, " {element}")?;
        }
        write!(f, ": expected {expected}, found {found}")?;
        if section.is_empty() { Ok(()) } else { write!(f, " ({section})") }
    }
}

/// What is to be said about one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, unless it is valid.
    pub reason: Option<Finding>,
    /// What is no reason to refuse it.
    pub warnings: Vec<Finding>,
}

impl Judgement {
    fn refused(verdict: Verdict, reason: Finding) -> Self {
        Self { verdict, reason: Some(reason), warnings: Vec::new() }
    }
}

/// Judges one document.
#[must_use]
pub fn judge(bytes: &[u8], options: &Options) -> Judgement {
    match Document::parse(bytes, &options.limits) {
        Ok(document) => judge_root(document.root(), options),
        Err(error) => refused_unread(bytes, &error, options),
    }
}

/// An element with too many bytes of attributes is refused unread. If a value in it is wrong anyway that is the better
/// reason, so the document gets a second look, within what a text may have.
fn refused_unread(bytes: &[u8], error: &XmlError, options: &Options) -> Judgement {
    if error.fault == Fault::Forbidden && options.limits.attribute_bytes < options.limits.text_bytes {
        let limits = Limits { attribute_bytes: options.limits.text_bytes, ..options.limits.clone() };
        if let Ok(document) = Document::parse(bytes, &limits) {
            let judgement = judge_root(document.root(), options);
            if judgement.verdict == Verdict::Invalid {
                return judgement;
            }
        }
    }
    let verdict = match error.fault {
        Fault::Malformed => Verdict::Malformed,
        Fault::Forbidden => Verdict::Forbidden,
    };
    let reason = Finding {
        position: error.position,
        element: String::new(),
        expected: error.expected.clone(),
        found: error.found.clone(),
        section: String::new(),
    };
    Judgement::refused(verdict, reason)
}

fn judge_root(root: Node<'_>, options: &Options) -> Judgement {
    if let Err(reason) = root_is_wanted(root, options.schema) {
        return Judgement::refused(Verdict::Invalid, reason);
    }
    let grammar = rid::grammar();
    match grammar.validate(root, &class_options(options)) {
        Err(violation) => {
            let verdict = match violation.kind {
                Kind::Invalid => Verdict::Invalid,
                Kind::Forbidden => Verdict::Forbidden,
            };
            Judgement::refused(verdict, from_violation(violation))
        }
        Ok(checked) => {
            if let Some(inner) = nested_message(root) {
                return Judgement::refused(Verdict::Invalid, inner);
            }
            let warnings = checked.warnings.into_iter().map(from_finding).collect();
            Judgement { verdict: Verdict::Valid, reason: None, warnings }
        }
    }
}

/// Only a RID message or an IODEF document is a document; any other global element is but a part of one.
fn root_is_wanted(root: Node<'_>, schema: Schema) -> Result<(), Finding> {
    let rid = (rid::NAMESPACE, "RID");
    let iodef1 = (v1::NAMESPACE, "IODEF-Document");
    let iodef2 = (v2::NAMESPACE, "IODEF-Document");
    let wanted = match schema {
        Schema::Auto => &[rid, iodef1, iodef2][..],
        Schema::Rid => &[rid],
        Schema::Iodef1 => &[iodef1],
        Schema::Iodef2 => &[iodef2],
    };
    if wanted.iter().any(|(namespace, name)| root.is(namespace, name)) {
        return Ok(());
    }
    let names: Vec<_> = wanted.iter().map(|(namespace, name)| format!("{name} of {namespace}")).collect();
    let found = match root.namespace() {
        "" => format!("{} without a namespace", root.name()),
        namespace => format!("{} of {namespace}", root.name()),
    };
    Err(Finding {
        position: root.position(),
        element: root.path(),
        expected: format!("as the root {}", names.join(" or ")),
        found,
        section: "RFC 6545 §5, RFC 5070 §3.1, RFC 7970 §3.1".to_owned(),
    })
}

/// A message inside a message: no schema forbids it, and nothing but confusion can come of it.
fn nested_message(root: Node<'_>) -> Option<Finding> {
    let mut open: Vec<Node<'_>> = root.elements().collect();
    while let Some(node) = open.pop() {
        if node.is(rid::NAMESPACE, "RID") {
            return Some(Finding {
                position: node.position(),
                element: node.path(),
                expected: "no RID message inside another document".to_owned(),
                found: "one".to_owned(),
                section: "RFC 6545 §5".to_owned(),
            });
        }
        open.extend(node.elements());
    }
    None
}

fn class_options(options: &Options) -> class::Options {
    let mut own = class::Options {
        accept: options.accept.clone(),
        identifiers: options.limits.identifiers,
        digits: options.limits.digits,
        ..class::Options::default()
    };
    own.profile = match options.profile {
        Profile::Printed => class::Profile::Printed,
        Profile::Strict => class::Profile::Strict,
        Profile::Lenient => {
            own.accept.extend(rid::accepted_labels());
            class::Profile::Lenient
        }
    };
    own
}

fn from_violation(violation: Violation) -> Finding {
    let Violation { kind: _, position, element, expected, found, section } = violation;
    Finding { position, element, expected, found, section }
}

fn from_finding(finding: class::Finding) -> Finding {
    let class::Finding { rule, section, severity: _, position, element, expected, found } = finding;
    Finding { position, element, expected, found, section: format!("{section}, rule {rule}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(xml: &str, options: &Options) -> Option<String> {
        judge(xml.as_bytes(), options).reason.map(|reason| reason.to_string())
    }

    #[test]
    fn a_root_must_be_a_whole_document() {
        let incident = "<Incident xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\"/>";
        let refused = reason(incident, &Options::default()).unwrap();
        assert!(refused.starts_with("1:1 /Incident: expected as the root RID of "), "{refused}");
        let message = "<RID xmlns=\"urn:ietf:params:xml:ns:iodef-rid-2.0\" lang=\"en\"/>";
        assert_eq!(reason(message, &Options::default()), None);
        assert!(reason(message, &Options { schema: Schema::Iodef2, ..Options::default() }).is_some());
    }

    #[test]
    fn a_long_value_that_is_wrong_is_invalid_and_one_that_is_right_forbidden() {
        let long = "x".repeat(100_000);
        let wrong = format!("<RID xmlns=\"urn:ietf:params:xml:ns:iodef-rid-2.0\" lang=\"{long}\"/>");
        assert_eq!(judge(wrong.as_bytes(), &Options::default()).verdict, Verdict::Invalid);
        let right = format!("<RID xmlns=\"urn:ietf:params:xml:ns:iodef-rid-2.0\" xmlns:x=\"{long}\" lang=\"en\"/>");
        assert_eq!(judge(right.as_bytes(), &Options::default()).verdict, Verdict::Forbidden);
    }
}
