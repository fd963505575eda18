//! `ridd validate` and `ridd schema` as scripts see them: lines, JSON, standard input, exit codes; and the documents of
//! `fixtures/`, all of which are valid even strictly unless their folder says otherwise.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const REPORT: &str = "fixtures/rid/report-4k.xml";

/// Runs the program in the repository's root with this on standard input.
fn ridd(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ridd"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // The program may end without reading: then the pipe is closed, and that is its right.
    let _ = pipe.write_all(input);
    drop(pipe);
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn one_line_per_file_and_0_if_all_are_valid() {
    let output = ridd(&["validate", "--strict", REPORT, "fixtures/data-call/slammer-1.0.xml"], b"");
    assert_eq!(said(&output), format!("{REPORT}\tvalid\t\nfixtures/data-call/slammer-1.0.xml\tvalid\t\n"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn standard_input_is_judged_and_1_says_not_valid() {
    for (input, verdict) in
        [("<a", "malformed"), ("<!DOCTYPE a><a/>", "forbidden"), ("<a/>", "invalid"), ("", "malformed")]
    {
        let output = ridd(&["validate", "-"], input.as_bytes());
        let text = said(&output);
        assert!(text.starts_with(&format!("-\t{verdict}\t")) && text.lines().count() == 1, "{text}");
        assert_eq!(output.status.code(), Some(1), "{input}");
    }
}

#[test]
fn a_schema_that_was_not_asked_for_is_refused() {
    let output = ridd(&["validate", "--schema", "iodef-2.0", REPORT], b"");
    assert!(said(&output).contains("\tinvalid\t2:1 /RID: expected as the root IODEF-Document"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_unreadable_file_is_an_error_and_the_others_are_judged() {
    let output = ridd(&["validate", "no-such-file.xml", REPORT], b"");
    assert_eq!(said(&output), format!("{REPORT}\tvalid\t\n"));
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(error.starts_with("ridd: cannot read no-such-file.xml: "), "{error}");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(ridd(&["validate"], b"").status.code(), Some(2));
}

#[test]
fn json_is_one_list_with_all_keys() {
    let output = ridd(&["validate", "--json", REPORT, "-"], b"<RID xmlns='urn:ietf:params:xml:ns:iodef-rid-2.0'/>");
    assert_eq!(output.status.code(), Some(1));
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list[0]["verdict"], "valid");
    assert!(list[0]["line"].is_null() && list[0]["warnings"].is_array());
    assert_eq!((&list[1]["line"], &list[1]["column"], &list[1]["element"]), (&1.into(), &1.into(), &"/RID".into()));
    assert_eq!((&list[1]["expected"], &list[1]["found"]), (&"attribute lang".into(), &"none".into()));
    assert_eq!(list[1]["section"], "RFC 6545 §5");
}

#[test]
fn schemas_are_listed_and_written() {
    let names = said(&ridd(&["schema"], b""));
    assert!(names.lines().any(|name| name == "iodef-rid-2.0"), "{names}");
    for name in names.lines() {
        let output = ridd(&["schema", name], b"");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.xsd"));
        assert_eq!(said(&output), fs::read_to_string(file).unwrap(), "{name}");
    }
    assert_eq!(ridd(&["schema", "no-such-schema"], b"").status.code(), Some(2));
}

#[test]
fn fixtures_do_what_their_folder_says() {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    let mut documents: Vec<PathBuf> = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Scan results are documents of other standards.
            let scans = path.ends_with("evidence") || path.ends_with("demo");
            if path.is_dir() && !scans {
                open.push(path);
            } else if path.is_file() && path.extension().is_some_and(|extension| extension == "xml") {
                documents.push(path);
            }
        }
    }
    assert!(documents.len() >= 3, "{documents:?}");
    for path in documents {
        let refused = path.iter().any(|part| part == "refused" || part == "hostile");
        let output = ridd(&["validate", "--strict", path.to_str().unwrap()], b"");
        assert_eq!(output.status.success(), !refused, "{}", said(&output));
    }
}
