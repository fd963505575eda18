//! The words by which the formats say how a check went, and what each of them proves. Used by the three readers.

use serde::{Deserialize, Serialize};

/// What one check says of a system and a vulnerability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing: the check was not made, or is none for this system. Another check may still speak.
    Silent,
    /// The system is not vulnerable, or its patch is installed.
    Pass,
    /// The check was made and has no answer: no other check that passed outweighs it.
    Unknown,
    /// The system is vulnerable, or the patch is missing.
    Fail,
}

/// The words of an XCCDF rule-result, which a table uses too.
pub(super) const XCCDF_WORDS: &str =
    "pass, fixed, fail, error, unknown, notapplicable, notchecked, notselected or informational";

/// The words of a definition in OVAL results.
pub(super) const OVAL_WORDS: &str = "true, false, unknown, error, not evaluated or not applicable";

impl Outcome {
    /// What the word of an XCCDF rule-result proves. `fixed` is a failure that the tool has mended and found mended
    /// (XCCDF 1.2 schema, `resultEnumType`); the last four say that the rule was not applied.
    pub(super) fn of_xccdf(word: &str) -> Option<Self> {
        Some(match word {
            "pass" | "fixed" => Self::Pass,
            "fail" => Self::Fail,
            "error" | "unknown" => Self::Unknown,
            "notapplicable" | "notchecked" | "notselected" | "informational" => Self::Silent,
            _ => return None,
        })
    }

    /// What the result of an OVAL definition of class vulnerability or patch proves: `true` is the bad word in both, for
    /// it says that the system is vulnerable, or that the patch is missing (OVAL common schema, ClassEnumeration).
    pub(super) fn of_oval(word: &str) -> Option<Self> {
        Some(match word {
            "true" => Self::Fail,
            "false" => Self::Pass,
            "unknown" | "error" => Self::Unknown,
            "not evaluated" | "not applicable" => Self::Silent,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_xccdf_has_its_meaning() {
        for (word, outcome) in [
            ("pass", Outcome::Pass),
            ("fixed", Outcome::Pass),
            ("fail", Outcome::Fail),
            ("error", Outcome::Unknown),
            ("unknown", Outcome::Unknown),
            ("notapplicable", Outcome::Silent),
            ("notchecked", Outcome::Silent),
            ("notselected", Outcome::Silent),
            ("informational", Outcome::Silent),
        ] {
            assert_eq!(Outcome::of_xccdf(word), Some(outcome), "{word}");
            assert!(XCCDF_WORDS.contains(word), "{word}");
        }
        assert_eq!(Outcome::of_xccdf("passed"), None);
    }

    #[test]
    fn every_word_of_oval_has_its_meaning() {
        for (word, outcome) in [
            ("true", Outcome::Fail),
            ("false", Outcome::Pass),
            ("unknown", Outcome::Unknown),
            ("error", Outcome::Unknown),
            ("not evaluated", Outcome::Silent),
            ("not applicable", Outcome::Silent),
        ] {
            assert_eq!(Outcome::of_oval(word), Some(outcome), "{word}");
            assert!(OVAL_WORDS.contains(word), "{word}");
        }
        assert_eq!(Outcome::of_oval("pass"), None);
    }

    #[test]
    fn worse_is_greater() {
        assert!(
            Outcome::Silent < Outcome::Pass && Outcome::Pass < Outcome::Unknown && Outcome::Unknown < Outcome::Fail
        );
    }
}
