//! `schemas/` holds what the tables say, and an outside validator agrees with both: what we write is valid against our
//! schemas and against the standards' own, and our schemas judge the corpus as the standards' do.
//!
//! `BLESS=1 cargo test --test schemas` writes `schemas/` anew.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod sample;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ridd::iodef::common::class::{Draft, xsd};
use ridd::iodef::{v1, v2};
use ridd::rid;
use ridd::xml::{Document, Limits};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Says that something is not there; in CI that is a failure.
fn skip(what: &str) {
    assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "{what}");
    println!("skipped: {what}");
}

fn has_xmllint() -> bool {
    let found = Command::new("xmllint").arg("--version").output().is_ok();
    if !found {
        skip("xmllint is not installed (Debian: libxml2-utils)");
    }
    found
}

fn shared() -> Option<PathBuf> {
    let folder = root().join("../shared");
    if folder.join("corpus/manifest.tsv").exists() {
        return Some(folder);
    }
    skip(&format!("{} is not there", folder.display()));
    None
}

/// Which of the files xmllint finds valid against the schema.
fn xmllint(schema: &Path, files: &[PathBuf]) -> BTreeMap<PathBuf, bool> {
    let mut verdicts = BTreeMap::new();
    for some in files.chunks(200) {
        let output = Command::new("xmllint").args(["--nonet", "--noout", "--schema"]).arg(schema).args(some).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("Schemas parser error"), "{}: {said}", schema.display());
        for line in said.lines() {
            if let Some(path) = line.strip_suffix(" validates") {
                verdicts.insert(PathBuf::from(path), true);
            } else if let Some(path) = line.strip_suffix(" fails to validate") {
                verdicts.insert(PathBuf::from(path), false);
            }
        }
    }
    verdicts
}

#[test]
fn the_files_hold_what_the_tables_say() {
    let mut stale = Vec::new();
    for schema in rid::grammar().schemas() {
        let path = root().join(format!("schemas/{}.xsd", rid::schema_file(schema.namespace)));
        let text = xsd(schema, rid::grammar().schemas(), rid::schema_file, rid::schema_imports(schema.namespace));
        if fs::read_to_string(&path).ok().as_ref() == Some(&text) {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        } else {
            stale.push(path);
        }
    }
    assert!(stale.is_empty(), "not what the tables say (BLESS=1 writes them anew): {stale:?}");
}

#[test]
fn what_we_write_is_valid_to_an_outside_validator() {
    if !has_xmllint() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut classes = std::collections::BTreeSet::new();
    for full in [false, true] {
        for (namespace, name) in
            [(v1::NAMESPACE, "IODEF-Document"), (v2::NAMESPACE, "IODEF-Document"), (rid::NAMESPACE, "RID")]
        {
            for (number, text) in sample::documents(rid::grammar(), namespace, name, full).into_iter().enumerate() {
                let written = rewritten(&text);
                let document = Document::parse(&written, &Limits::default()).unwrap();
                sample::names(document.root(), &mut classes);
                let path = folder.path().join(format!("{}-{full}-{number}.xml", rid::schema_file(namespace)));
                fs::write(&path, &written).unwrap();
                files.push(path);
            }
        }
    }
    println!("{} documents with {} different elements", files.len(), classes.len());
    let all: std::collections::BTreeSet<_> = sample::declared(rid::grammar());
    let missing: Vec<_> = all.difference(&classes).collect();
    assert!(missing.is_empty(), "never written: {missing:?}");
    let mut schemas = vec![root().join("schemas/all.xsd")];
    schemas.extend(shared().map(|shared| shared.join("xsd/all.xsd")));
    for schema in schemas {
        let verdicts = xmllint(&schema, &files);
        for file in &files {
            let text = fs::read_to_string(file).unwrap();
            assert_eq!(verdicts.get(file), Some(&true), "{} against {}: {text}", file.display(), schema.display());
        }
    }
}

/// Reads a document, copies it to a draft and writes that: what the encoder makes of it.
fn rewritten(text: &str) -> Vec<u8> {
    let grammar = rid::grammar();
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let checked = grammar
        .validate(document.root(), &Default::default())
        .unwrap_or_else(|violation| panic!("{violation} in {text}"));
    if let Some(root) = checked.root::<v1::IodefDocument>() {
        Draft::from(root).encode(grammar).unwrap()
    } else if let Some(root) = checked.root::<v2::IodefDocument>() {
        Draft::from(root).encode(grammar).unwrap()
    } else {
        Draft::from(checked.root::<rid::RidMessage>().unwrap()).encode(grammar).unwrap()
    }
}

/// The fixtures of evidence are what scanners may write, by the schemas that OpenSCAP ships.
#[test]
fn the_fixtures_of_evidence_are_valid_to_an_outside_validator() {
    let schemas = Path::new("/usr/share/openscap/schemas");
    if !schemas.join("xccdf/1.2/xccdf_1.2.xsd").exists() {
        skip("the schemas of scan results are not installed (Debian: openscap-common)");
        return;
    }
    if !has_xmllint() {
        return;
    }
    let mut unseen: std::collections::BTreeSet<_> = fs::read_dir(root().join("fixtures/evidence"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .collect();
    for (schema, names) in [
        ("xccdf/1.2/xccdf_1.2.xsd", &["benchmark", "xccdf", "test-result", "words"][..]),
        ("arf/1.1/asset-reporting-format_1.1.0.xsd", &["arf"]),
        ("oval/5.11.1/oval-definitions-schema.xsd", &["definitions"]),
        ("oval/5.11.1/oval-results-schema.xsd", &["oval"]),
    ] {
        let files: Vec<_> = names.iter().map(|name| root().join(format!("fixtures/evidence/{name}.xml"))).collect();
        let verdicts = xmllint(&schemas.join(schema), &files);
        for file in files {
            assert_eq!(verdicts.get(&file), Some(&true), "{} against {schema}", file.display());
            unseen.remove(&file);
        }
    }
    assert!(unseen.is_empty(), "no schema was asked about {unseen:?}");
}

#[test]
fn our_schemas_judge_the_corpus_as_the_standards_do() {
    let Some(shared) = shared() else { return };
    if !has_xmllint() {
        return;
    }
    let corpus = shared.join("corpus");
    let table = |name: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(corpus.join(name)).unwrap();
        text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    };
    // Where xmllint itself errs, it tells nothing about a schema.
    let quirks: Vec<String> = table("quirks.tsv").into_iter().map(|row| row[0].clone()).collect();
    let mut by_schema: BTreeMap<String, Vec<(PathBuf, bool)>> = BTreeMap::new();
    for row in table("manifest.tsv") {
        let (path, schema, expected) = (&row[0], &row[1], &row[2]);
        let foreign = ["phish", "thraud", "rfc5901", "rfc5941"].iter().any(|name| path.contains(name));
        let judged = path.starts_with("valid/") || path.starts_with("invalid/") || path.starts_with("second-tier/");
        let ours = ["iodef-1.0.xsd", "iodef-2.0.xsd", "iodef-rid-2.0.xsd", "all.xsd"].contains(&schema.as_str());
        if ours && judged && !foreign && !quirks.contains(path) {
            let rows = by_schema.entry(schema.clone()).or_default();
            rows.push((corpus.join(path), expected == "valid"));
        }
    }
    let mut differences = Vec::new();
    let mut count = 0;
    for (schema, rows) in by_schema {
        let files: Vec<_> = rows.iter().map(|(path, _)| path.clone()).collect();
        let verdicts = xmllint(&root().join("schemas").join(&schema), &files);
        for (path, expected) in rows {
            count += 1;
            let verdict = verdicts.get(&path).copied();
            if verdict != Some(expected) {
                differences.push(format!("{}: {verdict:?} instead of {expected}", path.display()));
            }
        }
    }
    println!("{count} documents, {} differences", differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(count > 1_000, "only {count} documents");
}
