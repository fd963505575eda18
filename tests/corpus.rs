//! The conformance corpus beside this repository: every document gets its verdict, or the difference is listed in
//! `docs/conformance.md` with the passage that proves the corpus wrong.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

use std::fs;
use std::path::{Path, PathBuf};

use ridd::rid::judge::{Judgement, Options, Profile, Schema, Verdict, judge};

/// The shared folder, if it is there; in CI it must be.
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if folder.join("corpus/manifest.tsv").exists() {
        return Some(folder);
    }
    assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "{} is not there", folder.display());
    println!("skipped: {} is not there", folder.display());
    None
}

/// The rows of a table without its heading, split at the tabs.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// The files that `docs/conformance.md` lists under "Where the corpus is wrong".
fn known_differences() -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("Where the corpus is wrong")).unwrap_or("");
    section.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The phishing and fraud extensions and RID 1.0 are foreign data until they are built.
fn is_foreign(path: &str, schema: &str) -> bool {
    let extension = ["phish", "thraud", "rfc5901", "rfc5941"].iter().any(|name| path.contains(name));
    (schema == "all.xsd" && extension) || schema.ends_with("-rid-1.0.xsd") || !schema.ends_with(".xsd")
}

fn judged(corpus: &Path, path: &str, profile: Profile, schema: Schema) -> Judgement {
    let bytes = fs::read(corpus.join(path)).unwrap();
    judge(&bytes, &Options { profile, schema, ..Options::default() })
}

/// Panics with all differences, unless each is known.
fn report(what: &str, count: usize, differences: &[(String, String)]) {
    let known = known_differences();
    let (expected, unexpected): (Vec<_>, Vec<_>) = differences.iter().partition(|(path, _)| known.contains(path));
    println!("{what}: {count} documents, {} known differences, {} others", expected.len(), unexpected.len());
    for (path, difference) in expected.iter().chain(&unexpected) {
        println!("  {path}: {difference}");
    }
    assert!(unexpected.is_empty(), "{} unexpected differences", unexpected.len());
}

/// Rows whose verdict is not the schema's: `verdicts.tsv` says what is advised.
fn advice(corpus: &Path) -> Vec<(String, String)> {
    rows(&corpus.join("verdicts.tsv")).into_iter().map(|row| (row[0].clone(), row[5].clone())).collect()
}

#[test]
fn every_row_of_the_manifest_gets_its_verdict() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus");
    let advised = advice(&corpus);
    let mut differences = Vec::new();
    let mut count = 0;
    for row in rows(&corpus.join("manifest.tsv")) {
        let (path, schema, expected) = (&row[0], &row[1], &row[2]);
        if is_foreign(path, schema)
            || advised.iter().any(|(other, _)| other == path && path.starts_with("second-tier/"))
        {
            continue;
        }
        count += 1;
        let judgement = judged(&corpus, path, Profile::Printed, Schema::Auto);
        if judgement.verdict.to_string() != *expected {
            differences.push((path.clone(), difference(expected, &judgement)));
        }
    }
    report("manifest", count, &differences);
    assert!(count > 1_200, "only {count} rows were judged");
}

fn difference(expected: &str, judgement: &Judgement) -> String {
    let reason = judgement.reason.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("expected {expected}, is {} {}", judgement.verdict, reason.chars().take(300).collect::<String>())
}

/// What the second tier demands of the strict and the lenient profile: valid, refused, or either (`None`).
fn demanded(printed: &str, advice: &str) -> (Option<bool>, Option<bool>) {
    match advice {
        "strict profile refuses, lenient profile accepts and logs" => (Some(false), Some(true)),
        "refuse if strict" => (Some(false), Some(true)),
        "accept" | "accept both" | "accept; do not adopt EID 5543 literally" => (Some(true), Some(true)),
        "accept in a lenient profile" => (None, Some(true)),
        "refuse" | "refuse in XML" | "refuse (recursion)" | "printed schema refuses" => (Some(false), Some(false)),
        "send ext-value; accept both" => (Some(false), Some(true)),
        "printed schema refuses; accept if lenient" => (Some(false), Some(true)),
        "refuse or drop the value" => (Some(false), Some(false)),
        _ if printed == "invalid" => (Some(false), Some(false)),
        _ => panic!("no reading of the advice {advice:?}"),
    }
}

#[test]
fn the_second_tier_is_judged_as_advised() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus");
    let mut differences = Vec::new();
    let mut count = 0;
    for row in rows(&corpus.join("verdicts.tsv")) {
        let (path, printed, advice) = (&row[0], &row[1], &row[5]);
        let (strict, lenient) = demanded(printed, advice);
        for (profile, demanded) in [(Profile::Strict, strict), (Profile::Lenient, lenient)] {
            let Some(demanded) = demanded else { continue };
            count += 1;
            let judgement = judged(&corpus, path, profile, Schema::Auto);
            if (judgement.verdict == Verdict::Valid) != demanded {
                let expected = if demanded { "valid" } else { "refused" };
                differences
                    .push((path.clone(), format!("{profile:?}: {} [{advice}]", difference(expected, &judgement))));
            }
            let breaks_prose = printed == "valid" && row[3].starts_with("violates") && !path.contains("-x-");
            if profile == Profile::Lenient && breaks_prose && judgement.warnings.is_empty() {
                differences.push((path.clone(), format!("lenient: no warning [{}]", row[4])));
            }
        }
    }
    report("second tier", count, &differences);
}

#[test]
fn what_conforms_is_valid_even_strictly() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus");
    let advised = advice(&corpus);
    let mut differences = Vec::new();
    let mut count = 0;
    for row in rows(&corpus.join("manifest.tsv")) {
        let path = &row[0];
        let plain = path.starts_with("valid/") && !advised.iter().any(|(other, _)| other == path);
        if !plain || is_foreign(path, &row[1]) {
            continue;
        }
        count += 1;
        let judgement = judged(&corpus, path, Profile::Strict, Schema::Auto);
        // Attributes that the prose requires and the schema does not: the examples of RFC 5070 itself omit them.
        let omits = judgement.reason.as_ref().is_some_and(|reason| reason.section.ends_with("rule B7"));
        if judgement.verdict != Verdict::Valid && !omits {
            differences.push((path.clone(), difference("valid", &judgement)));
        }
    }
    report("strict", count, &differences);
}

#[test]
fn malformed_xml_is_refused() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("xmlsec/malformed");
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let judgement = judge(&fs::read(&path).unwrap(), &Options::default());
        assert!(
            matches!(judgement.verdict, Verdict::Malformed | Verdict::Forbidden),
            "{}: {judgement:?}",
            path.display()
        );
        count += 1;
    }
    assert!(count >= 30, "only {count} documents");
}

#[test]
fn numbers_of_any_kind_have_at_most_999_digits() {
    let report = include_str!("../fixtures/rid/report-4k.xml");
    let long = "1".repeat(2_000);
    for (right, wrong) in [
        ("<iodef:Port>1434</iodef:Port>", format!("<iodef:Port>{long}</iodef:Port>")),
        ("ip_protocol=\"17\"", format!("ip_protocol=\"{long}\"")),
        ("2003-01-25T06:12:00Z", format!("{long}-01-25T06:12:00Z")),
        ("6.5<", format!("6.{long}<")),
    ] {
        assert!(report.contains(right), "{right}");
        let verdict = judge(report.replace(right, &wrong).as_bytes(), &Options::default()).verdict;
        assert_eq!(verdict, Verdict::Forbidden, "{right}");
    }
}

/// RFC 7970 §3.12.5 wants a number in a Confidence whose rating is `numeric`, §3.7 any number of URLs in a ThreatActor;
/// the schema of §8 has neither. The twin of each that both allow stands beside it.
#[test]
fn what_only_the_prose_allows_is_refused_as_printed_and_warned_of_if_lenient() {
    let document = |inside: &str| {
        format!(
            "<IODEF-Document xmlns='urn:ietf:params:xml:ns:iodef-2.0' version='2.00' xml:lang='en'>\
             <Incident purpose='reporting'><IncidentID name='cert.example.org'>7</IncidentID><RelatedActivity>\
             {inside}</RelatedActivity><GenerationTime>2024-09-01T00:00:00Z</GenerationTime>\
             <Contact role='creator' type='person'><ContactName>CIRT</ContactName></Contact></Incident></IODEF-Document>"
        )
    };
    let verdicts = |inside: &str| {
        let judge = |profile| judge(document(inside).as_bytes(), &Options { profile, ..Options::default() });
        let lenient = judge(Profile::Lenient);
        let rules: Vec<_> = lenient.warnings.iter().filter_map(|one| one.section.split("rule ").nth(1)).collect();
        let valid = |judgement: &Judgement| judgement.verdict == Verdict::Valid;
        let all = [valid(&judge(Profile::Strict)), valid(&judge(Profile::Printed)), valid(&lenient)];
        (all, rules.join(" "))
    };
    let is = |all, rules: &str| (all, rules.to_owned());
    let actor = |content: &str| format!("<ThreatActor><ThreatActorID>x</ThreatActorID>{content}</ThreatActor>");
    let sure = |confidence: &str| format!("<URL>https://example.org/</URL>{confidence}");
    assert_eq!(verdicts(&actor("<URL>https://example.org/</URL>")), is([true, true, true], ""));
    assert_eq!(verdicts(&actor("")), is([false, false, true], "printed-schema"));
    assert_eq!(verdicts(&sure("<Confidence rating='high'/>")), is([true, true, true], ""));
    assert_eq!(
        verdicts(&sure("<Confidence rating='numeric'>0.9</Confidence>")),
        is([false, false, true], "printed-schema")
    );
    assert_eq!(verdicts(&sure("<Confidence rating='numeric'/>")), is([false, true, true], "A4"));
    for refused in ["<Confidence rating='high'>0.9</Confidence>", "<Confidence rating='numeric'>much</Confidence>"] {
        assert_eq!(verdicts(&sure(refused)), is([false, false, false], ""));
    }
}
