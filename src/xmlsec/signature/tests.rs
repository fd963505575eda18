//! The verdict on every signed message of the shared folders: what others signed holds, what was attacked is refused for
//! the right reason.

#![allow(clippy::print_stdout, reason = "a test that skips says so")]

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::xml::{Document, Limits};
use crate::xmlsec::key::Certificate;
use crate::xmlsec::{Pinned, TrustedKey};

const RID: &str = "urn:ietf:params:xml:ns:iodef-rid-2.0";
pub(super) const PLACES: Places = Places {
    signature: &[(RID, "RID"), (RID, "RIDPolicy"), (RID, "ReportSchema"), (RID, "Signature")],
    document: &[(RID, "RID"), (RID, "RIDPolicy"), (RID, "ReportSchema"), (RID, "XMLDocument")],
};

/// The shared folder, if it is there.
pub(super) fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "{} is not there", path.display());
    println!("skipped: {} is not there", path.display());
    None
}

/// The key of a certificate file, or a bare public key.
pub(super) fn pinned(file: &Path) -> Pinned {
    let text = fs::read_to_string(file).unwrap();
    let spki = match Certificate::from_pem(&text) {
        Ok(certificate) => certificate.public_key().info().to_vec(),
        Err(_) => {
            let lines = text.lines().filter(|line| !line.starts_with('-'));
            crate::xmlsec::base64::decode(&lines.collect::<String>()).unwrap()
        }
    };
    let signer = file.file_stem().unwrap().to_string_lossy().into_owned();
    Pinned { keys: vec![TrustedKey::new(signer, spki)] }
}

/// What each signature of the message is worth.
fn judged(file: &Path, trust: &Pinned) -> Result<Vec<Judged>, String> {
    let bytes = fs::read(file).unwrap();
    let document = Document::parse(&bytes, &Limits::default()).map_err(|error| error.to_string())?;
    Ok(verify(&document, &PLACES, trust, &Config::default()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn what_others_signed_holds() {
    let Some(folder) = shared("xmlsec") else { return };
    for file in files(&folder.join("signed")) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let parts: Vec<_> = name.split('-').collect();
        let trust = pinned(&folder.join("keys").join(format!("{}.pem", parts[2])));
        let judged = judged(&file, &trust).unwrap();
        assert_eq!(judged.len(), 1, "{name}");
        let verdict = &judged[0].verdict;
        match parts[1] {
            "xp" => {
                let error = verdict.as_ref().unwrap_err();
                assert!(error.to_string().contains("REC-xpath-19991116"), "{name}: {error}");
            }
            "env" | "schemaloc" => {
                let verified = verdict.as_ref().unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(verified.covered(), [Covered::WholeMessage], "{name}");
                assert_eq!(verified.signer(), parts[2]);
            }
            "f2" | "f2rfc" | "id" => {
                let verified = verdict.as_ref().unwrap_or_else(|error| panic!("{name}: {error}"));
                let [Covered::Element { path, range }] = verified.covered() else { panic!("{name}: {verified:?}") };
                let end = "/IODEF-Document/Incident/EventData/Record/RecordData/RecordItem";
                assert!(path.ends_with(end) && !verified.is_whole(), "{name}: {path}");
                let text = fs::read_to_string(&file).unwrap();
                assert!(text[range.clone()].starts_with("<iodef:RecordItem"), "{name}");
            }
            other => panic!("{name}: {other}"),
        }
        // Another's key is not taken for it, whatever KeyInfo brings.
        let other = if parts[2] == "rsa" { "p256" } else { "rsa" };
        let trust = pinned(&folder.join("keys").join(format!("{other}.pem")));
        assert!(self::judged(&file, &trust).unwrap()[0].verdict.is_err(), "{name}");
    }
}

#[test]
fn what_was_attacked_is_refused_for_the_right_reason() {
    let Some(folder) = shared("xmlsec") else { return };
    let reasons: &[(&str, &str, &str)] = &[
        ("a01-tamper-content", "rsa", "the message was changed"),
        ("a02-tamper-signedinfo", "rsa", "signature value fits no trusted key"),
        ("a04-comment-inserted", "rsa", ""),
        ("a05-ws-inserted", "rsa", "the message was changed"),
        ("a07-xsw-moved-id", "p256", "AdditionalData"),
        ("a08-xsw-dup-id", "p256", "stands on more than one element"),
        ("a10-unknown-sigalg", "rsa", "signature algorithm \"urn:example:x\""),
        ("a11-unknown-digest", "rsa", "digest algorithm \"urn:example:x\""),
        ("a13-rsa-sha1", "rsa", "#rsa-sha1\" is outside"),
        ("a14-sha1-digest-only", "rsa", "#sha1\" is outside"),
        ("a15-xslt", "rsa", "REC-xslt-19991116\" is outside"),
        ("a16-local-file-uri", "rsa", "\"local.txt\" is outside"),
        ("a18-http-uri", "rsa", "the reference \"http:"),
        ("a19-evil-keyvalue", "rsa", "fits no trusted key"),
        ("a20-selfsigned-same-subject", "rsa", "fits no trusted key"),
        ("a22-hmac-pubkey", "rsa", "hmac-sha256\" is outside"),
        ("a23-other-member-same-ca", "rsa", "fits no trusted key"),
        ("d01-dtd-empty", "rsa", "DTD"),
        ("d02-billion-laughs", "rsa", "DTD"),
        ("d04-external-entity", "rsa", "DTD"),
        ("d06-external-subset", "rsa", "DTD"),
        ("h01-deep-100k", "rsa", "xml.depth"),
        ("h01b-deep-5k", "rsa", "xml.depth"),
        ("h05-20k-ns", "rsa", "xml.attributes"),
        ("h08-xpath-dos", "rsa", "REC-xpath-19991116\" is outside"),
        ("h10-300-c14n-transforms", "rsa", "at this place the transform"),
    ];
    let known = files(&folder.join("attack"));
    assert_eq!(known.len(), reasons.len(), "a file without a verdict, or a verdict without its file");
    for (name, key, reason) in reasons {
        let file = folder.join("attack").join(format!("{name}.xml"));
        let trust = pinned(&folder.join("keys").join(format!("{key}.pem")));
        let said = match judged(&file, &trust) {
            Err(refused) => refused,
            Ok(judged) => match &judged.first().unwrap_or_else(|| panic!("{name}: no signature")).verdict {
                Err(error) => error.to_string(),
                // Two hold: a comment is no content, and what was moved aside is still what was signed there.
                Ok(verified) => {
                    assert!(matches!(*name, "a04-comment-inserted" | "a07-xsw-moved-id"), "{name} holds");
                    format!("{:?}", verified.covered())
                }
            },
        };
        assert!(said.contains(reason), "{name}: {said}");
    }
}

#[test]
fn what_is_malformed_is_no_message() {
    let Some(folder) = shared("xmlsec") else { return };
    for file in files(&folder.join("malformed")) {
        assert!(judged(&file, &Pinned::default()).is_err(), "{}", file.display());
    }
}

#[test]
fn the_corpus_gets_its_verdicts() {
    let Some(folder) = shared("corpus") else { return };
    let trust = pinned(&folder.join("signed/key-a.pub.pem"));
    let table = fs::read_to_string(folder.join("signed.tsv")).unwrap();
    let mut rows = 0;
    for row in table.lines().skip(1) {
        let mut fields = row.split('\t');
        let (path, expected) = (fields.next().unwrap(), fields.next().unwrap());
        let judged = judged(&folder.join(path), &trust).unwrap();
        let good = !judged.is_empty() && judged.iter().all(|one| one.verdict.as_ref().is_ok_and(Verified::is_whole));
        assert_eq!(good, expected == "good", "{path}: {judged:?}");
        rows += 1;
    }
    assert!(rows >= 9);
}
