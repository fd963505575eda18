//! XCCDF 1.2 results (NISTIR 7275 revision 4): every TestResult of a document, wherever it stands in it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::evidence::outcome::XCCDF_WORDS;
use crate::evidence::{Draft, EvidenceError, Finding, Limits, Outcome, each_once, one_line};
use crate::xml::{Node, trim};

/// The namespace of XCCDF 1.2.
pub(super) const NAMESPACE: &str = "http://checklists.nist.gov/xccdf/1.2";

/// The facts that name or address a target, beside its own elements (`targetFactsType` and the facts that scanners write).
const NAMING_FACTS: [&str; 7] = [
    "urn:xccdf:fact:asset:identifier:fqdn",
    "urn:xccdf:fact:asset:identifier:host_name",
    "urn:xccdf:fact:asset:identifier:ipv4",
    "urn:xccdf:fact:asset:identifier:ipv6",
    "urn:xccdf:fact:asset:identifier:mac",
    "urn:xccdf:fact:ethernet:MAC",
    "urn:scap:fact:asset:identifier:fqdn",
];

/// Reads every TestResult at or below `root`.
pub(super) fn read(root: Node<'_>, limits: &Limits) -> Result<Draft, EvidenceError> {
    let mut draft = Draft::default();
    let rules = rules(root);
    let mut seen: HashMap<Arc<[String]>, usize> = HashMap::new();
    for result in root.descendants().filter(|node| node.is(NAMESPACE, "TestResult")) {
        draft.reports += 1;
        draft.tool = draft.tool.take().or_else(|| result.attribute("test-system").map(one_line));
        let system = target(result)?;
        *seen.entry(Arc::clone(&system)).or_default() += 1;
        for rule_result in result.elements().filter(|node| node.is(NAMESPACE, "rule-result")) {
            one_rule(&mut draft, rule_result, &system, result.attribute("end-time"), &rules, limits)?;
        }
    }
    let mut twice: Vec<_> = seen.into_iter().filter(|(_, times)| *times > 1).collect();
    twice.sort();
    for (system, times) in twice {
        let name = system.first().map(String::as_str).unwrap_or_default();
        draft.warnings.push(format!(
            "{name} is scanned {times} times in one file: all of it counts, but for what is older than a correction"
        ));
    }
    Ok(draft)
}

fn one_rule(
    draft: &mut Draft,
    rule_result: Node<'_>,
    system: &Arc<[String]>,
    end: Option<&str>,
    rules: &HashMap<&str, Node<'_>>,
    limits: &Limits,
) -> Result<(), EvidenceError> {
    let missing = |what| EvidenceError::Missing { at: rule_result.position(), path: rule_result.path(), what };
    let id = rule_result.attribute("idref").ok_or_else(|| missing("the attribute idref, which names the rule"))?;
    let result = rule_result.child(NAMESPACE, "result").ok_or_else(|| missing("the element result"))?;
    let text = result.text();
    let word = trim(&text);
    let outcome = Outcome::of_xccdf(word).ok_or_else(|| EvidenceError::Word {
        at: result.position(),
        path: result.path(),
        what: "result of a rule",
        found: one_line(word),
        expected: XCCDF_WORDS,
    })?;
    // A result repeats the idents of its rule; where it does not, the rule may still be in the same document.
    let mut idents = idents(rule_result);
    if idents.is_empty() {
        idents = rules.get(id).map(|rule| self::idents(*rule)).unwrap_or_default();
    }
    if idents.is_empty() {
        // A rule that was not selected says nothing about anything, with or without a name.
        draft.unnamed += usize::from(outcome != Outcome::Silent);
    }
    let detail = detail(rule_result, word);
    for vulnerability in idents {
        let finding = Finding {
            system: Arc::clone(system),
            vulnerability,
            outcome,
            rule: one_line(id),
            at: rule_result.attribute("time").or(end).map(one_line),
            detail: detail.clone(),
        };
        draft.push(finding, limits)?;
    }
    Ok(())
}

/// The names and addresses of the target.
fn target(result: Node<'_>) -> Result<Arc<[String]>, EvidenceError> {
    let own = |node: &Node<'_>| node.is(NAMESPACE, "target") || node.is(NAMESPACE, "target-address");
    let naming = |node: &Node<'_>| {
        node.is(NAMESPACE, "fact") && node.attribute("name").is_some_and(|name| NAMING_FACTS.contains(&name))
    };
    let facts = result.elements().filter(|node| node.is(NAMESPACE, "target-facts")).flat_map(Node::elements);
    let names = each_once(result.elements().filter(own).chain(facts.filter(naming)).map(Node::text));
    if names.is_empty() {
        let what = "the name of the system that was scanned (target or target-address)";
        return Err(EvidenceError::Missing { at: result.position(), path: result.path(), what });
    }
    Ok(names.into())
}

fn idents(of: Node<'_>) -> Vec<String> {
    each_once(of.elements().filter(|node| node.is(NAMESPACE, "ident")).map(Node::text))
}

/// The rules of the document by their id.
fn rules(root: Node<'_>) -> HashMap<&str, Node<'_>> {
    let rules = root.descendants().filter(|node| node.is(NAMESPACE, "Rule"));
    rules.filter_map(|rule| rule.attribute("id").map(|id| (id, rule))).collect()
}

/// The tool's word, who overrode it, and the first message of the checker.
fn detail(rule_result: Node<'_>, word: &str) -> String {
    let mut detail = word.to_owned();
    if let Some(by) = rule_result.child(NAMESPACE, "override") {
        let old = by.child(NAMESPACE, "old-result").map(|old| one_line(&old.text())).unwrap_or_default();
        detail += &format!(", overridden by {} (was {old})", by.attribute("authority").unwrap_or("nobody named"));
    }
    if let Some(message) = rule_result.child(NAMESPACE, "message") {
        detail += ": ";
        detail += &message.text();
    }
    one_line(&detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, Format, read};

    fn result(inner: &str) -> String {
        format!(
            "<TestResult xmlns='{NAMESPACE}' id='xccdf_x_testresult_1' end-time='2003-01-26T08:00:00Z'>\
             <target>db1.unit.example</target>{inner}</TestResult>"
        )
    }

    fn rule(word: &str) -> String {
        format!("<rule-result idref='r'><result>{word}</result><ident system='cve'>CVE-2002-0649</ident></rule-result>")
    }

    fn evidence(text: &str) -> Result<Evidence, EvidenceError> {
        read(text.as_bytes(), &Limits::default())
    }

    fn fixture(name: &str) -> Evidence {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/evidence").join(name);
        read(&std::fs::read(path).unwrap(), &Limits::default()).unwrap()
    }

    #[test]
    fn every_result_word_is_read() {
        let read = fixture("words.xml");
        let said: Vec<_> = read.findings.iter().map(|one| (one.detail.as_str(), one.outcome)).collect();
        let expected = [
            ("pass", Outcome::Pass),
            ("fixed", Outcome::Pass),
            ("fail, overridden by auditor (was unknown)", Outcome::Fail),
            ("error: The service did not answer.", Outcome::Unknown),
            ("unknown", Outcome::Unknown),
            ("notapplicable", Outcome::Silent),
            ("notchecked", Outcome::Silent),
            ("notselected", Outcome::Silent),
            ("informational", Outcome::Silent),
        ];
        assert_eq!(said, expected);
        assert_eq!(read.findings[0].at.as_deref(), Some("2003-01-26T07:59:00Z"));
        let late = evidence(&result(&rule("pass"))).unwrap();
        assert_eq!(late.findings[0].at.as_deref(), Some("2003-01-26T08:00:00Z"), "the end of the test");
    }

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        let said = |text: &str| evidence(text).unwrap_err().to_string();
        let word = said(&result(&rule("passed")));
        assert!(
            word.contains("/TestResult/rule-result/result: \"passed\"") && word.contains("notapplicable"),
            "{word}"
        );
        let nobody = said(&result(&rule("pass")).replace("<target>db1.unit.example</target>", ""));
        assert!(nobody.contains("1:1: /TestResult: the name of the system"), "{nobody}");
        let silent = said(&result("<rule-result idref='r'/>"));
        assert!(silent.contains("the element result"), "{silent}");
        let unnamed = said(&result("<rule-result><result>pass</result></rule-result>"));
        assert!(unnamed.contains("idref"), "{unnamed}");
        let about = said(&result("<rule-result idref='r'><result>pass</result></rule-result>"));
        assert!(about.contains("none of its 1 results names a vulnerability"), "{about}");
        assert!(said(&result("")).contains("no rule-result"));
    }

    #[test]
    fn idents_come_from_the_rule_where_the_result_has_none() {
        let text = format!(
            "<Benchmark xmlns='{NAMESPACE}'><Group id='g'><Rule id='r'><ident system='cve'>CVE-2002-0649</ident></Rule></Group>{}</Benchmark>",
            result("<rule-result idref='r'><result>fail</result></rule-result>")
        );
        assert_eq!(evidence(&text).unwrap().findings[0].vulnerability, "CVE-2002-0649");
    }

    #[test]
    fn an_override_and_a_second_scan_are_told() {
        let override_ = "<rule-result idref='r'><result>pass</result>\
             <override time='2003-01-26T09:00:00Z' authority='auditor'><old-result>fail</old-result>\
             <new-result>pass</new-result><remark>seen</remark></override><ident system='cve'>CVE-2002-0649</ident></rule-result>";
        let one = result(override_);
        let read = evidence(&format!("<Benchmark xmlns='{NAMESPACE}'>{one}{one}</Benchmark>")).unwrap();
        assert_eq!(read.findings[0].detail, "pass, overridden by auditor (was fail)");
        assert_eq!(read.findings.len(), 2);
        assert!(read.warnings[0].contains("db1.unit.example is scanned 2 times"), "{:?}", read.warnings);
    }

    #[test]
    fn what_a_scanner_wrote_is_read() {
        for (name, format) in [("xccdf.xml", Format::Xccdf), ("test-result.xml", Format::Xccdf)] {
            let read = fixture(name);
            assert_eq!(read.format, format);
            assert_eq!(read.tool.as_deref(), Some("cpe:/a:redhat:openscap:1.3.7"));
            let said: Vec<_> = read.findings.iter().map(|one| (one.vulnerability.as_str(), one.outcome)).collect();
            let expected = [
                ("CVE-2002-0649", Outcome::Pass),
                ("CVE-2002-0650", Outcome::Fail),
                ("CVE-2002-0721", Outcome::Silent),
            ];
            assert_eq!(said, expected, "{name}");
            assert_eq!(read.findings[0].rule, "xccdf_example.ridd_rule_resolution");
            let system: Vec<_> = read.findings[0].system.iter().map(String::as_str).collect();
            assert_eq!(system[..3], ["db1.unit.example", "127.0.0.1", "192.0.2.10"]);
            assert!(system.contains(&"02:00:5E:00:00:10"), "{system:?}");
        }
        let arf = fixture("arf.xml");
        assert_eq!(arf.format, Format::Arf);
        // Three of the XCCDF report, and of the OVAL report as many as its definitions name.
        assert!(arf.findings.len() > 3 && arf.findings.iter().any(|one| one.rule.starts_with("oval:")), "{arf:?}");
    }
}
