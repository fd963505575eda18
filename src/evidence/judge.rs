//! The verdict of a scan on each system of an event. Pure; called by `coordination` when evidence is handed in.
//!
//! A failed check outweighs everything. A check without an answer outweighs one that passed, for somebody has to look.
//! A system has passed only if every vulnerability that was asked about was looked for and not found. What is out of date
//! counts for nothing, neither for nor against: whoever asks says what that is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::evidence::subject::Index;
use crate::evidence::{Evidence, Finding, Outcome};

/// A system that is to be judged, as the inventory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Its name.
    pub name: String,
    /// Its network and hardware addresses, and its other host names.
    pub addresses: Vec<String>,
}

/// What a scan says of one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Every vulnerability was looked for, and none was found.
    Pass,
    /// At least one vulnerability was found.
    Fail {
        /// Which, and by which check.
        why: String,
    },
    /// It was scanned, and that does not answer the question.
    Unknown {
        /// What is not answered.
        why: String,
    },
    /// The evidence does not speak of it, or not of these vulnerabilities.
    NotScanned,
    /// All that the evidence says of it is out of date.
    Outdated {
        /// When the last of these checks was made, as the file writes it.
        at: String,
    },
}

/// What a scan says of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Each system that was asked about, in the order of the question.
    pub verdicts: Vec<(String, Verdict)>,
    /// Systems that the evidence speaks of and that were not asked about, by the first name the scanner has for each:
    /// a misspelt name or an address that changed shows here.
    pub strangers: Vec<String>,
}

/// The reasons that are told in one verdict.
const TOLD: usize = 3;

/// Judges each of `systems` by what `evidence` says of the `vulnerabilities` (names, compared without case), but for the
/// findings that are `outdated` for a system.
#[must_use]
pub fn judge(
    evidence: &Evidence,
    vulnerabilities: &[String],
    systems: &[Scanned],
    outdated: &dyn Fn(&Scanned, &Finding) -> bool,
) -> Judgement {
    let asked: BTreeMap<String, &str> =
        vulnerabilities.iter().map(|name| (name.trim().to_ascii_uppercase(), name.as_str())).collect();
    let index = Index::of(systems);
    // The findings on one system share its names: where they lie tells them apart faster than what they say.
    let mut meant: HashMap<*const String, BTreeSet<usize>> = HashMap::new();
    let mut scanned = vec![false; systems.len()];
    let mut standing: HashMap<(usize, String), Standing<'_>> = HashMap::new();
    let mut strangers = BTreeSet::new();
    for finding in &evidence.findings {
        let found = meant.entry(finding.system.as_ptr()).or_insert_with(|| index.find(&finding.system));
        if found.is_empty() {
            strangers.extend(finding.system.first().cloned());
        }
        let name = finding.vulnerability.trim().to_ascii_uppercase();
        for at in found.iter() {
            if let Some(scanned) = scanned.get_mut(*at) {
                *scanned = true;
            }
            if asked.contains_key(&name) {
                let standing = standing.entry((*at, name.clone())).or_default();
                match systems.get(*at).is_some_and(|system| outdated(system, finding)) {
                    true => standing.outdated = standing.outdated.max(Some(finding.at.as_deref().unwrap_or_default())),
                    false => standing.add(finding),
                }
            }
        }
    }
    let verdicts = systems.iter().enumerate().map(|(at, system)| {
        let seen: Vec<_> = asked.iter().map(|(name, written)| (*written, standing.get(&(at, name.clone())))).collect();
        (system.name.clone(), verdict(&seen, scanned.get(at) == Some(&true)))
    });
    Judgement { verdicts: verdicts.collect(), strangers: strangers.into_iter().collect() }
}

/// What the evidence says of one system and one vulnerability.
#[derive(Default)]
struct Standing<'a> {
    worst: Option<Outcome>,
    /// The findings with the worst outcome.
    findings: Vec<&'a Finding>,
    /// When the last check was made that is out of date.
    outdated: Option<&'a str>,
}

impl<'a> Standing<'a> {
    fn add(&mut self, finding: &'a Finding) {
        if self.worst < Some(finding.outcome) {
            self.worst = Some(finding.outcome);
            self.findings.clear();
        }
        if self.worst == Some(finding.outcome) && self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }

    fn reasons(&self, name: &str) -> Vec<String> {
        self.findings.iter().map(|one| format!("{name}: {} ({})", one.rule, one.detail)).collect()
    }
}

fn verdict(seen: &[(&str, Option<&Standing<'_>>)], scanned: bool) -> Verdict {
    let reasons = |outcome: Outcome| -> Vec<String> {
        let bad = seen.iter().filter_map(|(name, standing)| standing.map(|standing| (name, standing)));
        bad.filter(|(_, standing)| standing.worst == Some(outcome)).flat_map(|(name, one)| one.reasons(name)).collect()
    };
    let failed = reasons(Outcome::Fail);
    if !failed.is_empty() {
        return Verdict::Fail { why: told(failed) };
    }
    let counts = |standing: &Option<&Standing<'_>>| standing.is_some_and(|standing| standing.worst.is_some());
    let unseen: Vec<_> = seen.iter().filter(|(_, standing)| !counts(standing)).collect();
    let outdated =
        |standing: &Option<&Standing<'_>>| standing.and_then(|standing| standing.outdated).map(str::to_owned);
    if unseen.len() == seen.len() {
        if let Some(at) = seen.iter().filter_map(|(_, standing)| outdated(standing)).max() {
            return Verdict::Outdated { at };
        }
        return match scanned && seen.is_empty() {
            true => Verdict::Unknown { why: "no vulnerability is named that the scan could be asked about".to_owned() },
            false => Verdict::NotScanned,
        };
    }
    let mut open = reasons(Outcome::Unknown);
    open.extend(reasons(Outcome::Silent));
    open.extend(unseen.iter().map(|(name, standing)| match outdated(standing) {
        Some(at) => format!("{name}: the scan looked for it at {at}, which is out of date"),
        None => format!("{name}: the scan did not look for it"),
    }));
    match open.is_empty() {
        true => Verdict::Pass,
        false => Verdict::Unknown { why: told(open) },
    }
}

fn told(mut reasons: Vec<String>) -> String {
    let more = reasons.len().saturating_sub(TOLD);
    reasons.truncate(TOLD);
    match more {
        0 => reasons.join("; "),
        more => format!("{}; and {more} more", reasons.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Limits, read};

    /// The verdict on each of db1, db2 and db3.unit.example from the rows of a table.
    fn verdicts(rows: &str, vulnerabilities: &[&str]) -> (Vec<Verdict>, Vec<String>) {
        let evidence =
            read(format!("system,vulnerability,result,note,when\n{rows}").as_bytes(), &Limits::default()).unwrap();
        let names: Vec<_> = vulnerabilities.iter().map(|name| (*name).to_owned()).collect();
        let systems: Vec<_> = (1..=3)
            .map(|n| Scanned { name: format!("db{n}.unit.example"), addresses: vec![format!("192.0.2.{n}")] })
            .collect();
        let judgement =
            judge(&evidence, &names, &systems, &|_, finding| finding.at.as_deref().is_some_and(|at| at < "2003-01-26"));
        assert!(judgement.verdicts.iter().map(|(name, _)| name).eq(systems.iter().map(|system| &system.name)));
        (judgement.verdicts.into_iter().map(|(_, verdict)| verdict).collect(), judgement.strangers)
    }

    fn unknown(verdict: &Verdict) -> &str {
        match verdict {
            Verdict::Unknown { why } => why,
            other => panic!("expected unknown, found {other:?}"),
        }
    }

    #[test]
    fn a_failure_beats_everything() {
        for rows in ["db1,CVE-1,pass,\ndb1,CVE-1,fail,open\ndb1,CVE-1,error,", "db1,CVE-1,fail,open\ndb1,cve-1,pass,"] {
            let (said, _) = verdicts(rows, &["CVE-1"]);
            let Verdict::Fail { why } = &said[0] else { panic!("{said:?}") };
            assert!(why.starts_with("CVE-1: line ") && why.ends_with("(fail: open)"), "{why}");
        }
    }

    #[test]
    fn only_passed_counts_as_passed() {
        assert_eq!(verdicts("DB1,cve-1,pass,", &["CVE-1"]).0[0], Verdict::Pass);
        assert_eq!(verdicts("db1,CVE-1,fixed,", &["CVE-1"]).0[0], Verdict::Pass);
        for word in ["unknown", "error", "notapplicable", "notchecked", "notselected", "informational"] {
            let (said, _) = verdicts(&format!("db1,CVE-1,{word},"), &["CVE-1"]);
            assert!(unknown(&said[0]).contains(word), "{said:?}");
        }
    }

    #[test]
    fn a_check_without_an_answer_spoils_one_that_passed_and_one_not_made_does_not() {
        assert!(
            unknown(&verdicts("db1,CVE-1,pass,\ndb1,CVE-1,error,timed out", &["CVE-1"]).0[0]).contains("timed out")
        );
        assert_eq!(verdicts("db1,CVE-1,notapplicable,\ndb1,CVE-1,pass,", &["CVE-1"]).0[0], Verdict::Pass);
    }

    #[test]
    fn every_vulnerability_must_have_been_looked_for() {
        let (said, _) = verdicts("db1,CVE-1,pass,\ndb2,CVE-1,pass,\ndb2,CVE-2,pass,", &["CVE-1", "CVE-2"]);
        assert_eq!(unknown(&said[0]), "CVE-2: the scan did not look for it");
        assert_eq!(said[1..], [Verdict::Pass, Verdict::NotScanned]);
        assert_eq!(verdicts("db1,CVE-9,fail,", &["CVE-1"]).0[0], Verdict::NotScanned);
        assert!(unknown(&verdicts("db1,CVE-9,fail,", &[]).0[0]).contains("no vulnerability is named"));
    }

    #[test]
    fn systems_are_found_by_name_or_address_and_strangers_are_told() {
        let (said, strangers) = verdicts("192.0.2.2,CVE-1,pass,\nweb9,CVE-1,fail,", &["CVE-1"]);
        assert_eq!(said, [Verdict::NotScanned, Verdict::Pass, Verdict::NotScanned]);
        assert_eq!(strangers, ["web9"]);
    }

    #[test]
    fn what_is_out_of_date_counts_neither_for_nor_against() {
        let (old, new) = (",2003-01-25T23:00:00Z\n", ",2003-01-26T01:00:00Z\n");
        let rows = format!("db1,CVE-1,fail,{old}db2,CVE-1,fail,{old}db2,CVE-1,pass,{new}db3,CVE-1,pass,{old}");
        let outdated = Verdict::Outdated { at: "2003-01-25T23:00:00Z".to_owned() };
        assert_eq!(verdicts(&rows, &["CVE-1"]).0, [outdated.clone(), Verdict::Pass, outdated]);
        let rows = format!("db1,CVE-1,pass,{new}db1,CVE-2,pass,{old}");
        assert!(
            unknown(&verdicts(&rows, &["CVE-1", "CVE-2"]).0[0]).contains("CVE-2: the scan looked for it at 2003-01-25")
        );
    }

    #[test]
    fn a_verdict_tells_a_few_reasons() {
        let names: Vec<String> = (1..=5).map(|n| format!("CVE-{n}")).collect();
        let rows: String = names.iter().map(|name| format!("db1,{name},fail,\n")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (said, _) = verdicts(&rows, &names);
        assert!(matches!(&said[0], Verdict::Fail { why } if why.ends_with("; and 2 more")), "{said:?}");
    }
}
