//! What validation says: the violation that refused a document, and findings of the rules that stand only in prose.

use std::fmt;

use crate::xml::{Node, Position};

/// How strict to be with rules that the schemas cannot express.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// They are warnings, and so is what the printed schema forbids and the prose allows: what either allows is accepted.
    /// The default, for the standards' own examples break some.
    #[default]
    Lenient,
    /// They are warnings: the schema as printed decides.
    Printed,
    /// A broken MUST refuses the document.
    Strict,
}

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A MUST: [`Profile::Strict`] refuses what breaks it.
    Must,
    /// A SHOULD, or a MUST that examples of the standard itself break: never more than a warning.
    Should,
}

/// A rule that stands only in the prose of a standard, attached to the class it speaks of.
pub struct Rule {
    /// A short stable name, for instance `A6`.
    pub id: &'static str,
    /// Where it stands, `RFC 7970 §3.15`.
    pub section: &'static str,
    /// How binding it is.
    pub severity: Severity,
    /// Looks at one element of the class, schema-valid by then, and calls [`Findings::add`] where the rule is broken.
    pub check: fn(Node<'_>, &mut Findings<'_>),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("section", &self.section).finish_non_exhaustive()
    }
}

/// One broken rule of the prose.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// Where the rule stands.
    pub section: &'static str,
    /// How binding it is.
    pub severity: Severity,
    /// Where the element begins.
    #[serde(flatten)]
    pub position: Position,
    /// The way to the element.
    pub element: String,
    /// What the rule asks for.
    pub expected: String,
    /// What came.
    pub found: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, section, position, element, expected, found, .. } = self;
        write!(f, "{position} {element}: expected {expected}, found {found} (rule {rule}, {section})")
    }
}

/// Where rules report to.
#[derive(Debug)]
pub struct Findings<'r> {
    rule: &'r Rule,
    list: &'r mut Vec<Finding>,
}

/// More findings than this are of no use to anyone.
const MOST: usize = 100;

impl<'r> Findings<'r> {
    pub(super) fn of(rule: &'r Rule, list: &'r mut Vec<Finding>) -> Self {
        Self { rule, list }
    }

    /// Notes that `node` breaks the rule. After the hundredth, nothing is added.
    pub fn add(&mut self, node: Node<'_>, expected: impl Into<String>, found: impl Into<String>) {
        if self.list.len() < MOST {
            self.list.push(Finding {
                rule: self.rule.id,
                section: self.rule.section,
                severity: self.rule.severity,
                position: node.position(),
                element: node.path(),
                expected: expected.into(),
                found: found.into(),
            });
        }
    }
}

/// Which verdict a [`Violation`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The document breaks its schema, or under [`Profile::Strict`] a MUST of the prose.
    Invalid,
    /// The document exceeds a limit that shows only when its types are known.
    Forbidden,
}

/// The first thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{position} {element}: expected {expected}, found {found} ({section})")]
pub struct Violation {
    /// The verdict.
    pub kind: Kind,
    /// Where the element begins, or the text that is wrong.
    #[serde(flatten)]
    pub position: Position,
    /// The way to the element, `/RID/RIDPolicy/Node[2]`.
    pub element: String,
    /// What would have been right.
    pub expected: String,
    /// What came.
    pub found: String,
    /// Where the standard says so.
    pub section: String,
}
