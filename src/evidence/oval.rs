//! OVAL 5 results: the definitions of class vulnerability and patch, for each system that was looked at.
//!
//! The results name definitions only by their id; which vulnerability a definition is about stands in the definitions that
//! the file repeats. A file without them proves nothing, and is refused.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::evidence::outcome::OVAL_WORDS;
use crate::evidence::{Draft, EvidenceError, Finding, Limits, Outcome, each_once, one_line};
use crate::xml::{Node, trim};

/// The namespace of OVAL results.
pub(super) const NAMESPACE: &str = "http://oval.mitre.org/XMLSchema/oval-results-5";
const DEFINITIONS: &str = "http://oval.mitre.org/XMLSchema/oval-definitions-5";
const CHARACTERISTICS: &str = "http://oval.mitre.org/XMLSchema/oval-system-characteristics-5";
const COMMON: &str = "http://oval.mitre.org/XMLSchema/oval-common-5";

/// What a definition is about.
struct Definition {
    class: String,
    vulnerabilities: Vec<String>,
    title: String,
}

/// Reads an `oval_results`.
pub(super) fn read(root: Node<'_>, limits: &Limits) -> Result<Draft, EvidenceError> {
    let mut draft = Draft { tool: tool(root), ..Draft::default() };
    let known = definitions(root);
    let results = root.child(NAMESPACE, "results").into_iter().flat_map(Node::elements);
    for system in results.filter(|node| node.is(NAMESPACE, "system")) {
        let Some(verdicts) = system.child(NAMESPACE, "definitions") else { continue };
        draft.reports += 1;
        let characteristics = system.child(CHARACTERISTICS, "oval_system_characteristics");
        let name = subject(system, characteristics)?;
        let at = characteristics.and_then(timestamp).or_else(|| timestamp(root));
        for verdict in verdicts.elements().filter(|node| node.is(NAMESPACE, "definition")) {
            one_definition(&mut draft, verdict, &name, at.as_deref(), &known, limits)?;
        }
    }
    Ok(draft)
}

fn one_definition(
    draft: &mut Draft,
    verdict: Node<'_>,
    system: &Arc<[String]>,
    at: Option<&str>,
    known: &HashMap<&str, Definition>,
    limits: &Limits,
) -> Result<(), EvidenceError> {
    let missing = |what| EvidenceError::Missing { at: verdict.position(), path: verdict.path(), what };
    let id = verdict.attribute("definition_id").ok_or_else(|| missing("the attribute definition_id"))?;
    let word = trim(verdict.attribute("result").ok_or_else(|| missing("the attribute result"))?);
    let outcome = Outcome::of_oval(word).ok_or_else(|| EvidenceError::Word {
        at: verdict.position(),
        path: verdict.path(),
        what: "result of a definition",
        found: one_line(word),
        expected: OVAL_WORDS,
    })?;
    let definition = known.get(id);
    let class = verdict.attribute("class").or_else(|| definition.map(|definition| definition.class.as_str()));
    let Some(class) = class else {
        return Err(missing(
            "its definition (oval_definitions/definitions): without it nothing says which vulnerability it is about; \
             scan again with the source definitions included",
        ));
    };
    if !matches!(class, "vulnerability" | "patch") {
        return Ok(());
    }
    let Some(definition) = definition.filter(|definition| !definition.vulnerabilities.is_empty()) else {
        draft.unnamed += 1;
        return Ok(());
    };
    for vulnerability in &definition.vulnerabilities {
        let finding = Finding {
            system: Arc::clone(system),
            vulnerability: vulnerability.clone(),
            outcome,
            rule: one_line(id),
            at: at.map(str::to_owned),
            detail: one_line(&format!("{class} {word}: {}", definition.title)),
        };
        draft.push(finding, limits)?;
    }
    Ok(())
}

/// The definitions that the file repeats, by their id.
fn definitions(root: Node<'_>) -> HashMap<&str, Definition> {
    let all = root.child(DEFINITIONS, "oval_definitions").and_then(|all| all.child(DEFINITIONS, "definitions"));
    let mut known = HashMap::new();
    for node in all.into_iter().flat_map(Node::elements).filter(|node| node.is(DEFINITIONS, "definition")) {
        let Some(id) = node.attribute("id") else { continue };
        let metadata = node.child(DEFINITIONS, "metadata");
        let references = metadata.into_iter().flat_map(Node::elements);
        let references = references.filter(|node| node.is(DEFINITIONS, "reference"));
        let vulnerabilities = each_once(references.filter_map(|node| node.attribute("ref_id")).map(Cow::Borrowed));
        let title = metadata.and_then(|metadata| metadata.child(DEFINITIONS, "title"));
        let definition = Definition {
            class: node.attribute("class").unwrap_or_default().to_owned(),
            vulnerabilities,
            title: title.map(|title| one_line(&title.text())).unwrap_or_default(),
        };
        known.insert(id, definition);
    }
    known
}

/// The names and addresses of the system.
fn subject(system: Node<'_>, characteristics: Option<Node<'_>>) -> Result<Arc<[String]>, EvidenceError> {
    let info = characteristics.and_then(|all| all.child(CHARACTERISTICS, "system_info"));
    let naming = |node: &Node<'_>| {
        node.namespace() == CHARACTERISTICS && matches!(node.name(), "primary_host_name" | "ip_address" | "mac_address")
    };
    let names = each_once(info.into_iter().flat_map(Node::descendants).filter(naming).map(Node::text));
    if names.is_empty() {
        let what =
            "the name of the system that was scanned (oval_system_characteristics/system_info/primary_host_name)";
        return Err(EvidenceError::Missing { at: system.position(), path: system.path(), what });
    }
    Ok(names.into())
}

fn generator<'a>(of: Node<'a>) -> Option<Node<'a>> {
    of.elements().find(|node| node.name() == "generator")
}

fn timestamp(of: Node<'_>) -> Option<String> {
    generator(of)?.child(COMMON, "timestamp").map(|time| one_line(&time.text()))
}

fn tool(root: Node<'_>) -> Option<String> {
    let generator = generator(root)?;
    let said = |name| generator.child(COMMON, name).map(|node| node.text().into_owned()).unwrap_or_default();
    let tool = one_line(&format!("{} {}", said("product_name"), said("product_version")));
    (!tool.is_empty()).then_some(tool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, Format, read};

    fn fixture() -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/evidence/oval.xml");
        std::fs::read_to_string(path).unwrap()
    }

    fn evidence(text: &str) -> Result<Evidence, EvidenceError> {
        read(text.as_bytes(), &Limits::default())
    }

    fn outcomes(evidence: &Evidence) -> Vec<(&str, &str, Outcome)> {
        let mut said: Vec<_> =
            evidence.findings.iter().map(|one| (one.rule.as_str(), one.vulnerability.as_str(), one.outcome)).collect();
        said.sort_unstable();
        said
    }

    #[test]
    fn what_a_scanner_wrote_is_read() {
        let read = evidence(&fixture()).unwrap();
        assert_eq!((read.format, read.tool.as_deref()), (Format::Oval, Some("cpe:/a:open-scap:oscap 1.3.7")));
        // Definitions 3 (inventory) and 4 (compliance) say nothing about vulnerabilities.
        let expected = [
            ("oval:example.ridd:def:1", "CVE-2002-0649", Outcome::Pass),
            ("oval:example.ridd:def:2", "CVE-2002-0649", Outcome::Fail),
            ("oval:example.ridd:def:2", "CVE-2002-0650", Outcome::Fail),
            ("oval:example.ridd:def:2", "MS02-039", Outcome::Fail),
        ];
        assert_eq!(outcomes(&read), expected);
        let one = &read.findings[0];
        assert_eq!(one.detail, "patch true: The patch for the resolution service is missing");
        assert_eq!(one.at.as_deref(), Some("2003-01-26T08:00:00"));
        assert_eq!(one.system[0], "db1.unit.example");
        assert!(one.system.iter().any(|name| name == "2001:db8::10"), "{:?}", one.system);
    }

    #[test]
    fn every_result_word_is_read() {
        for (word, outcome) in [
            ("true", Outcome::Fail),
            ("false", Outcome::Pass),
            ("unknown", Outcome::Unknown),
            ("error", Outcome::Unknown),
            ("not evaluated", Outcome::Silent),
            ("not applicable", Outcome::Silent),
        ] {
            let text = fixture().replace(
                "definition_id=\"oval:example.ridd:def:1\" result=\"false\"",
                &format!("definition_id=\"oval:example.ridd:def:1\" result=\"{word}\""),
            );
            assert_eq!(outcomes(&evidence(&text).unwrap())[0].2, outcome, "{word}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let text = fixture();
        let said = |text: &str| evidence(text).unwrap_err().to_string();
        let (start, end) = (text.find("<oval_definitions").unwrap(), text.find("</oval_definitions>").unwrap());
        let bare = said(&format!("{}{}", &text[..start], &text[end + "</oval_definitions>".len()..]));
        assert!(bare.contains("/oval_results/results/system/definitions/definition[1]: its definition"), "{bare}");
        let nobody =
            said(&text.replace("primary_host_name", "x").replace("ip_address", "y").replace("mac_address", "z"));
        assert!(nobody.contains("primary_host_name"), "{nobody}");
        let word = said(&text.replace("def:1\" result=\"false\"", "def:1\" result=\"no\""));
        assert!(word.contains("\"no\" is no result of a definition; expected true, false"), "{word}");
        let unnamed = said(&text.replace("<reference ", "<ref "));
        assert!(unnamed.contains("none of its 2 results names a vulnerability"), "{unnamed}");
        let none = said("<oval_results xmlns='http://oval.mitre.org/XMLSchema/oval-results-5'/>");
        assert!(none.contains("no results"), "{none}");
    }
}
