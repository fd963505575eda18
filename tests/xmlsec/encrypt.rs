//! `ridd encrypt` and `ridd decrypt` as people use them: files, standard input and output, what is said and with which
//! exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::{REPORT, report, ridd};

// A certificate of the test PKI, its key, and the key of nobody.
const CERT: &str = "certs/node.pem";
const KEY: &str = "certs/node.key";
const OTHER: &str = "certs/keys/p384.pem";

/// The report as it comes back: its payload declares the namespace that was declared further up.
fn opened() -> Vec<u8> {
    let text = String::from_utf8(report()).unwrap();
    let own = "<iodef:IODEF-Document xmlns:iodef=\"urn:ietf:params:xml:ns:iodef-1.0\" ";
    text.replacen("<iodef:IODEF-Document ", own, 1).into_bytes()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// A file in the folder, as an argument.
fn within(folder: &tempfile::TempDir, name: &str) -> (PathBuf, String) {
    let path = folder.path().join(name);
    let text = path.to_str().unwrap().to_owned();
    (path, text)
}

#[test]
fn a_message_goes_there_and_back_through_pipes() {
    let sealed = ridd(&["encrypt", "--for", CERT, "-"], &report());
    assert_eq!(sealed.status.code(), Some(0), "{:?}", said(&sealed));
    let text = String::from_utf8(sealed.stdout.clone()).unwrap();
    assert!(text.contains("RIDPolicy") && !text.contains("CVE-2002-0649"));
    let judged = ridd(&["validate", "--strict", "-"], &sealed.stdout);
    assert_eq!(judged.status.code(), Some(0), "{:?}", String::from_utf8(judged.stdout));
    let back = ridd(&["decrypt", "--key", KEY, "--cert", CERT, "-"], &sealed.stdout);
    assert_eq!(back.status.code(), Some(0), "{:?}", said(&back));
    assert!(back.stdout == opened());
}

#[test]
fn files_are_written_for_their_owner_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let ((_, sealed), (path, back)) = (within(&folder, "sealed.xml"), within(&folder, "back.xml"));
    let cipher = ["--cipher", "aes128-gcm", "--element", "/RID/RIDPolicy/ReportSchema/XMLDocument/IODEF-Document"];
    let made = ridd(
        &[&["encrypt", "--for", CERT, "--for", "certs/good.pem", "--output", &sealed, REPORT], &cipher[..]].concat(),
        b"",
    );
    assert_eq!(made.status.code(), Some(0), "{:?}", said(&made));
    let listed = ridd(&["decrypt", "--json", "--key", OTHER, "--key", KEY, "--output", &back, &sealed], b"");
    let list: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let part = &list["decrypted"][0];
    assert_eq!((&part["key"], &part["type"], &part["recipients"]), (&KEY.into(), &"element".into(), &2.into()));
    assert_eq!(part["content"], "AES-128-GCM");
    let opened = opened();
    let (from, to) = (part["from"].as_u64().unwrap() as usize, part["to"].as_u64().unwrap() as usize);
    assert!(opened[from..to].starts_with(b"<iodef:IODEF-Document") && opened[from..to].ends_with(b"-Document>"));
    assert!(fs::read(&path).unwrap() == opened);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // What is there is not overwritten.
    let again = ridd(&["decrypt", "--key", KEY, "--output", &back, &sealed], b"");
    assert_eq!(again.status.code(), Some(2));
}

#[test]
fn what_cannot_be_done_says_why() {
    let sealed = ridd(&["encrypt", "--for", CERT, REPORT], b"").stdout;
    let mut changed = sealed.clone();
    let at = changed.len() - 400;
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    for (arguments, input, code, why) in [
        (&["decrypt", "--key", OTHER, "-"][..], &sealed[..], 1, "none of our keys opens it"),
        (&["decrypt", "--key", KEY, "--cert", CERT, "-"], &changed, 1, "does not decrypt with any of our keys"),
        (&["decrypt", "--key", KEY, REPORT], b"", 1, "nothing in the document is encrypted"),
        (&["decrypt", "--key", KEY, "-"], b"<a>", 1, "malformed"),
        (&["decrypt", "--key", CERT, "-"], b"", 2, "expected a private key"),
        (&["decrypt", "--key", "certs/keys/encrypted.pem", "-"], b"", 2, "say where its passphrase is"),
        (&["decrypt", "--key", KEY, "--cert", "certs/good.pem", "-"], b"", 2, "none of the keys"),
        (&["decrypt", "--key", KEY, "--json", "-"], b"", 2, "--output"),
        (&["encrypt", "--for", KEY, REPORT], b"", 2, "expected a certificate"),
        (&["encrypt", "--for", "absent.pem", REPORT], b"", 2, "absent.pem"),
        (&["encrypt", "--for", CERT, "fixtures/data-call/slammer-1.0.xml"], b"", 2, "--element"),
        (&["encrypt", "--for", CERT, "--element", "/RID/X", REPORT], b"", 2, "/RID has no X"),
        (&["encrypt", "--for", CERT, "-"], &sealed, 2, "--element"),
        (&["encrypt", REPORT], b"", 2, "--for"),
    ] {
        let output = ridd(arguments, input);
        let (exit, said) = said(&output);
        assert!(exit == Some(code) && said.contains(why), "{arguments:?}: {exit:?} {said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn an_encrypted_key_opens_with_its_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let (path, passphrase) = within(&folder, "passphrase");
    fs::write(&path, "open sesame\n").unwrap();
    let Some(sealed) = vector("ow-rsa.xml") else { return };
    // The key fits no recipient of the vector: that this is what is said shows that it was read.
    let output =
        ridd(&["decrypt", "--key", "certs/keys/encrypted.pem", "--passphrase-file", &passphrase, "-"], &sealed);
    assert!(said(&output).1.contains("none of our keys opens it"), "{:?}", said(&output));
    fs::write(&path, "open barley\n").unwrap();
    let output =
        ridd(&["decrypt", "--key", "certs/keys/encrypted.pem", "--passphrase-file", &passphrase, "-"], &sealed);
    let (exit, said) = said(&output);
    assert!(exit == Some(2) && said.contains("passphrase does not open") && !said.contains("barley"), "{said}");
}

/// A shared vector, if it is there; in CI it must be.
fn vector(name: &str) -> Option<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/xmlsec/encrypted").join(name);
    if file.exists() {
        return Some(fs::read(file).unwrap());
    }
    assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "{} is not there", file.display());
    println!("skipped: {} is not there", file.display());
    None
}
