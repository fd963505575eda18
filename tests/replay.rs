//! The fuzz targets' bodies over all documents at hand, whole and cut short: what holds for any bytes holds for these.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

#[path = "../fuzz/exercise.rs"]
mod exercise;

use std::fs;
use std::path::{Path, PathBuf};

/// All files below the folder.
fn files(folder: &Path, list: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, list);
        } else if path.extension().is_some_and(|extension| extension == "xml" || extension == "csv") {
            list.push(path);
        }
    }
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut list = Vec::new();
    files(&root.join("fixtures"), &mut list);
    for shared in ["corpus", "xmlsec"] {
        let folder = root.join("../shared").join(shared);
        if folder.exists() {
            files(&folder, &mut list);
        } else {
            assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "{} is not there", folder.display());
            println!("skipped: {} is not there", folder.display());
        }
    }
    list
}

fn replay(exercise: fn(&[u8])) {
    for path in documents() {
        let bytes = fs::read(&path).unwrap();
        exercise(&bytes);
        // Cut short, and with a byte changed: small documents only, for time's sake.
        if bytes.len() < 8_192 {
            for part in 1..8 {
                let at = bytes.len() * part / 8;
                exercise(&bytes[..at]);
                let mut changed = bytes.clone();
                if let Some(byte) = changed.get_mut(at) {
                    *byte = byte.wrapping_add(1);
                }
                exercise(&changed);
            }
        }
    }
}

#[test]
fn reading_keeps_its_promises() {
    replay(exercise::xml_parse);
}

#[test]
fn judging_keeps_its_promises() {
    replay(exercise::rid_open);
}

#[test]
fn writing_keeps_its_promises() {
    replay(exercise::iodef_roundtrip);
}

#[test]
fn canonical_forms_keep_their_promises() {
    replay(exercise::c14n);
}

#[test]
fn judging_signatures_keeps_its_promises() {
    replay(exercise::verify);
}

#[test]
fn decrypting_keeps_its_promises() {
    replay(exercise::decrypt);
}

#[test]
fn evidence_keeps_its_promises() {
    replay(exercise::evidence);
}

#[test]
fn cpe_names_keep_their_promises() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cpe/relations.tsv");
    let table = fs::read_to_string(table).unwrap();
    let pairs = table.lines().filter(|line| line.starts_with("cpe:")).collect::<Vec<_>>();
    assert!(pairs.len() > 100, "{} pairs", pairs.len());
    for pair in pairs {
        exercise::cpe(pair.replace('\t', "\n").as_bytes());
    }
}
