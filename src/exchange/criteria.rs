//! What a Query that names no incident asks for (RFC 6545 §6.5). Pure.
//!
//! Every criterion that the Query's document holds must be met. Of Systems, References and incident types one that
//! matches is enough; a time window must overlap; the Confidence must be equal or higher.

use ipnet::IpNet;

use crate::envelope::{Facts, SystemFacts};

/// The criteria of one Query.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Criteria(Facts);

impl Criteria {
    /// The criteria that a Query's document holds; nothing if it holds none.
    pub(super) fn of(facts: Facts) -> Option<Self> {
        let says = |system: &SystemFacts| !system.networks.is_empty() || !system.names.is_empty();
        let mut facts = facts;
        facts.systems.retain(says);
        (facts != Facts::default()).then_some(Self(facts))
    }

    /// Whether a document meets all of them.
    pub(super) fn are_met_by(&self, document: &Facts) -> bool {
        let Self(wanted) = self;
        // The window opens with StartTime (or DetectTime, if that is all there is) and closes with EndTime.
        let times = [document.start, document.detect, document.end];
        let earliest = times.into_iter().flatten().min();
        let latest = times.into_iter().flatten().max();
        let begins_in_time = wanted.end.is_none_or(|end| earliest.is_some_and(|time| time <= end));
        let ends_in_time = wanted.start.or(wanted.detect).is_none_or(|start| latest.is_some_and(|time| time >= start));
        let sure = wanted.confidence.is_none_or(|want| document.confidence.is_some_and(|have| have.reaches(want)));
        begins_in_time
            && ends_in_time
            && sure
            && any(&wanted.systems, &document.systems, same_system)
            && any(&wanted.references, &document.references, |a, b| a.eq_ignore_ascii_case(b))
            && any(&wanted.types, &document.types, |a, b| a == b)
    }
}

/// Whether nothing is wanted, or one of the wanted is there.
fn any<T>(wanted: &[T], there: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(|want| there.iter().any(|have| same(want, have)))
}

fn same_system(wanted: &SystemFacts, there: &SystemFacts) -> bool {
    let category = wanted.category.is_none() || wanted.category == there.category;
    let overlap = |a: &IpNet, b: &IpNet| a.contains(b) || b.contains(a);
    let network = wanted.networks.iter().any(|want| there.networks.iter().any(|have| overlap(want, have)));
    let name = wanted.names.iter().any(|want| there.names.iter().any(|have| want.eq_ignore_ascii_case(have)));
    category && (network || name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::envelope::Confidence;

    fn time(text: &str) -> Option<Timestamp> {
        Some(Timestamp::parse(text).unwrap())
    }

    fn system(category: &str, network: &str) -> SystemFacts {
        let networks = vec![network.parse().unwrap()];
        SystemFacts { category: Some(category.to_owned()), networks, names: Vec::new() }
    }

    fn document() -> Facts {
        Facts {
            start: time("2003-01-25T05:30:00Z"),
            detect: None,
            end: time("2003-01-25T12:00:00Z"),
            systems: vec![system("source", "192.0.2.7/32"), system("target", "198.51.100.0/24")],
            references: vec!["CVE-2002-0649".to_owned()],
            confidence: Some(Confidence::Word(2)),
            types: vec!["dos".to_owned()],
        }
    }

    fn met(wanted: Facts) -> bool {
        Criteria::of(wanted).unwrap().are_met_by(&document())
    }

    #[test]
    fn rfc6545_6_5_a_query_without_criteria_asks_for_nothing() {
        assert_eq!(Criteria::of(Facts::default()), None);
    }

    #[test]
    fn rfc6545_6_5_timestamps_must_overlap() {
        let since = |text| Facts { start: time(text), ..Facts::default() };
        assert!(met(Facts { end: time("2003-01-26T00:00:00Z"), ..since("2003-01-25T00:00:00Z") }));
        assert!(met(since("2003-01-25T11:00:00Z")));
        assert!(!met(since("2003-01-25T13:00:00Z")));
        assert!(!met(Facts { detect: time("2003-01-25T13:00:00Z"), ..Facts::default() }));
        assert!(!met(Facts { end: time("2003-01-25T05:00:00Z"), ..Facts::default() }));
    }

    #[test]
    fn rfc6545_6_5_systems_match_by_address_and_category() {
        assert!(met(Facts { systems: vec![system("source", "192.0.2.0/24")], ..Facts::default() }));
        assert!(met(Facts { systems: vec![system("target", "198.51.100.9/32")], ..Facts::default() }));
        assert!(!met(Facts { systems: vec![system("target", "192.0.2.7/32")], ..Facts::default() }));
    }

    #[test]
    fn rfc6545_6_5_confidence_must_be_equal_or_higher() {
        for (rating, expected) in [(1, true), (2, true), (3, false)] {
            let wanted = Facts { confidence: Some(Confidence::Word(rating)), ..Facts::default() };
            assert_eq!(met(wanted), expected, "{rating}");
        }
        assert!(!met(Facts { confidence: Some(Confidence::Number(1.0)), ..Facts::default() }));
    }

    #[test]
    fn rfc6545_6_5_all_criteria_must_be_met() {
        let wanted =
            Facts { references: vec!["cve-2002-0649".to_owned()], types: vec!["dos".to_owned()], ..Facts::default() };
        assert!(met(wanted.clone()));
        assert!(!met(Facts { types: vec!["admin".to_owned()], ..wanted }));
    }
}
