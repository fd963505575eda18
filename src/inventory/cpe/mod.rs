//! CPE names: which platform a system is, and which platforms a data call means (NISTIR 7695 naming, NISTIR 7696
//! matching).
//!
//! Called by the inventory, for what is imported and for what is asked. A [`Name`] is read from a formatted string
//! (`cpe:2.3:…`) or a URI of CPE 2.2 (`cpe:/…`), is compared without regard to case, and writes itself as a formatted
//! string. ADR 10 says why this is our own.

mod read;
mod value;

use std::fmt;
use std::str::FromStr;

use value::Value;

/// The attributes of a name in the order of the formatted string (NISTIR 7695 §6.2).
const ATTRIBUTES: [&str; COUNT] = [
    "part",
    "vendor",
    "product",
    "version",
    "update",
    "edition",
    "language",
    "sw_edition",
    "target_sw",
    "target_hw",
    "other",
];
const COUNT: usize = 11;

/// Bytes of a name at most, as it comes and as it is written. The longest of the official dictionary have some 200.
pub const LONGEST: usize = 1_024;

/// Why a text is no CPE name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// It begins like no binding of CPE.
    #[error("{name:?} is no CPE name: it begins with cpe:2.3: (a formatted string) or cpe:/ (a URI)")]
    Scheme {
        /// The text.
        name: String,
    },
    /// It is too long to be one.
    #[error("a CPE name of {bytes} bytes is too long: at most {LONGEST}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It has not the components that its binding asks for.
    #[error("{name:?} is no CPE name: {found} components, expected {expected} (NISTIR 7695 section 6)")]
    Components {
        /// The text.
        name: String,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: &'static str,
    },
    /// The value of one attribute breaks a rule.
    #[error("{name:?} is no CPE name: {attribute} {value:?}: {why}")]
    Attribute {
        /// The text.
        name: String,
        /// The attribute.
        attribute: &'static str,
        /// Its value as written.
        value: String,
        /// The rule, and how to keep it.
        why: &'static str,
    },
}

/// How the set of platforms that one name describes relates to that of another (NISTIR 7696, attribute and name comparison).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Both describe the same platforms.
    Equal,
    /// The source describes some of those that the target describes.
    Subset,
    /// The source describes all that the target describes, and more.
    Superset,
    /// No platform is described by both.
    Disjoint,
    /// None of these, or not defined by the standard: there are wildcards in the target.
    Undefined,
}

/// How sure it is that a name in a data call means a system of the inventory.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// What is known of the system leaves it open: its version is not recorded, for instance.
    Possibly,
    /// The call names everything that the system can be.
    Surely,
}

/// A CPE name: a well-formed name of NISTIR 7695 §5.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    values: [Value; COUNT],
}

impl Name {
    /// How this name, as the source, relates to `target` (NISTIR 7696, name comparison).
    #[must_use]
    pub fn relation(&self, target: &Self) -> Relation {
        let mut relations = [Relation::Equal; COUNT];
        for (relation, (source, target)) in relations.iter_mut().zip(self.values.iter().zip(&target.values)) {
            *relation = source.relation(target);
        }
        let all = |one: Relation| relations.iter().all(|found| *found == one || *found == Relation::Equal);
        match () {
            () if relations.contains(&Relation::Disjoint) => Relation::Disjoint,
            () if all(Relation::Equal) => Relation::Equal,
            () if all(Relation::Subset) => Relation::Subset,
            () if all(Relation::Superset) => Relation::Superset,
            () => Relation::Undefined,
        }
    }

    /// Whether this name, in a data call, means a system of that name; `None` if it does not.
    ///
    /// NISTIR 7696 leaves to the application which relations count. Here they err to the safe side: what the system's
    /// name leaves open (an attribute that is ANY, or has wildcards) may be what the call means.
    #[must_use]
    pub fn means(&self, system: &Self) -> Option<Certainty> {
        let mut certainty = Certainty::Surely;
        // Product and vendor tell most names apart: these first.
        for (call, system) in
            self.values.iter().zip(&system.values).skip(1).chain(self.values.iter().zip(&system.values).take(1))
        {
            certainty = certainty.min(call.means(system)?);
        }
        Some(certainty)
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Possibly => "possibly",
            Self::Surely => "surely",
        })
    }
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        read::name(text)
    }
}

/// The name as a formatted string (NISTIR 7695 §6.2).
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cpe:2.3")?;
        self.values.iter().try_for_each(|value| write!(f, ":{value}"))
    }
}

#[cfg(test)]
mod tests;
