//! `ridd sign` and `ridd verify` as people and scripts use them: lines, JSON, trust, exit codes; and the order in which a
//! message is sealed, by hand.

use std::fs;
use std::path::Path;

use super::{REPORT, report, ridd};

use serde_json::Value;

// A Request: its document has records.
const REQUEST: &str = "fixtures/rid/trace-request.xml";
// A certificate of the test PKI, its key, its CA; another certificate of that CA; a CA that did not issue it.
const CERT: &str = "certs/node.pem";
const KEY: &str = "certs/node.key";
const CA: &str = "certs/ca.pem";
const OTHER_CERT: &str = "certs/good.pem";
const OTHER_KEY: &str = "certs/good.key";
const OTHER_CA: &str = "certs/other-ca.pem";

/// What a command wrote that must have succeeded.
fn done(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = ridd(arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The exit code and the fields of the one line of `ridd verify`.
fn verified(arguments: &[&str], input: &[u8]) -> (i32, Vec<String>) {
    let output = ridd(&[&["verify"], arguments].concat(), input);
    let line = String::from_utf8(output.stdout).unwrap();
    assert_eq!(line.lines().count(), 1, "{line}{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), line.trim_end().split('\t').map(str::to_owned).collect())
}

#[test]
fn a_signed_message_is_valid_to_whoever_trusts_the_signer() {
    let signed = done(&["sign", "--key", KEY, "--cert", CERT, REPORT], b"");
    for trust in [["--cert", CERT], ["--ca", CA]] {
        let (code, fields) = verified(&[trust[0], trust[1], "-"], &signed);
        assert_eq!((code, fields.len()), (0, 3), "{fields:?}");
        assert_eq!(fields[..2], ["-", "valid"]);
        assert_eq!(fields[2], "dept.example.org signed the whole message");
    }
    for (trust, why) in [
        (["--cert", OTHER_CERT], "fits no trusted key (tried: unit.example.org)"),
        (["--ca", OTHER_CA], "no trusted key"),
    ] {
        let (code, fields) = verified(&[trust[0], trust[1], "-"], &signed);
        assert_eq!((code, fields[1].as_str()), (1, "invalid"));
        assert!(fields[2].contains(why), "{fields:?}");
    }
    let (code, fields) = verified(&["-"], &signed);
    assert_eq!((code, fields[1].as_str()), (1, "invalid"));
    assert!(fields[2].contains("--cert"), "{fields:?}");
}

#[test]
fn only_the_signature_is_added_and_only_once() {
    let (before, signed) = (report(), done(&["sign", "--key", KEY, "-"], &report()));
    let start = signed.iter().zip(&before).take_while(|(one, other)| one == other).count();
    let added = signed.len() - before.len();
    // What is alike by chance at the seam does not matter.
    assert!((0..=start).rev().any(|at| [&signed[..at], &signed[at + added..]].concat() == before));
    let again = ridd(&["sign", "--key", KEY, "-"], &signed);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("signed already"));
}

#[test]
fn what_has_no_signature_is_unsigned_and_what_is_no_message_invalid() {
    let (code, fields) = verified(&["--cert", CERT, REPORT], b"");
    assert_eq!((code, fields[0].as_str(), fields[1].as_str()), (1, REPORT, "unsigned"));
    let (code, fields) = verified(&["--cert", CERT, "-"], b"<a>");
    assert_eq!((code, fields[1].as_str()), (1, "invalid"));
    assert_eq!(ridd(&["verify", "--cert", CERT, "no-such-file"], b"").status.code(), Some(2));
    assert_eq!(ridd(&["verify", "--cert", REPORT, REPORT], b"").status.code(), Some(2));
    assert_eq!(ridd(&["verify"], b"").status.code(), Some(2));
}

#[test]
fn one_broken_file_is_enough_for_no() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signed.xml");
    let out = file.to_str().unwrap();
    done(&["sign", "--key", KEY, "--output", out, REPORT], b"");
    assert_eq!(ridd(&["verify", "--cert", CERT, out, out], b"").status.code(), Some(0));
    assert_eq!(ridd(&["verify", "--cert", CERT, out, REPORT], b"").status.code(), Some(1));
    assert_eq!(ridd(&["sign", "--key", KEY, "--output", out, REPORT], b"").status.code(), Some(2));
}

#[test]
fn json_says_who_signed_which_bytes() {
    let records = done(&["sign", "--key", OTHER_KEY, "--originator", REQUEST], b"");
    let output = ridd(&["verify", "--json", "--cert", OTHER_CERT, "-"], &records);
    // Records are signed, the message is not.
    assert_eq!(output.status.code(), Some(1));
    let entries: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&entries[0]["verdict"], &entries[0]["whole"]), (&Value::from("valid"), &Value::from(false)));
    let signed = &entries[0]["signatures"][0];
    assert_eq!((&signed["state"], &signed["signer"]), (&Value::from("holds"), &Value::from("unit.example.org")));
    let covered = &signed["covers"][0];
    let place = |key: &str| usize::try_from(covered[key].as_u64().unwrap()).unwrap();
    let bytes = String::from_utf8_lossy(&records[place("start")..place("end")]).into_owned();
    assert!(bytes.starts_with("<iodef:RecordItem") && bytes.ends_with("</iodef:RecordItem>"), "{bytes}");
    assert!(covered["element"].as_str().unwrap().ends_with("/RecordData/RecordItem"), "{covered}");
}

#[test]
fn a_message_is_sealed_in_the_one_right_order() {
    // The originator's over the plaintext, then encryption, then the sender's over the whole message.
    let records = done(&["sign", "--key", OTHER_KEY, "--originator", REQUEST], b"");
    let encrypted = done(&["encrypt", "--for", CERT, "-"], &records);
    let sealed = done(&["sign", "--key", KEY, "-"], &encrypted);
    // A hop that can read RIDPolicy only proves the sender; the originator's waits.
    let (code, fields) = verified(&["--cert", CERT, "--cert", OTHER_CERT, "-"], &sealed);
    assert_eq!((code, fields[1].as_str()), (0, "valid"), "{fields:?}");
    assert!(fields[2].contains("dept.example.org signed the whole message"), "{fields:?}");
    assert!(fields[2].contains("cannot be judged yet"), "{fields:?}");
    // Who can decrypt proves the originator.
    let opened = done(&["decrypt", "--key", KEY, "-"], &encrypted);
    let (code, fields) = verified(&["--cert", OTHER_CERT, "-"], &opened);
    assert_eq!((code, fields[1].as_str()), (1, "valid"), "{fields:?}");
    assert!(fields[2].contains("unit.example.org signed /RID/RIDPolicy/ReportSchema/XMLDocument/"), "{fields:?}");
}

#[test]
fn the_shared_corpus_gets_its_verdicts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../shared/corpus");
    if !folder.exists() {
        assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "{} is not there", folder.display());
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let key = folder.join("signed/key-a.pub.pem");
    let table = fs::read_to_string(folder.join("signed.tsv")).unwrap();
    for row in table.lines().skip(1) {
        let mut fields = row.split('\t');
        let (path, expected) = (folder.join(fields.next().unwrap()), fields.next().unwrap());
        let output = ridd(&["verify", "--cert", text(&key), text(&path)], b"");
        let code = if expected == "good" { 0 } else { 1 };
        assert_eq!(output.status.code(), Some(code), "{row}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// RSA-PSS is not in Debian's xmlsec1: libxmlsec 1.3.9 signed these with certs/keys/rsa-2048.pem (and verified ours).
#[test]
fn what_libxmlsec_signs_by_pss_is_valid() {
    let mut seen = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/signed")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let (code, fields) = verified(&["--cert", "fixtures/signed/rsa-2048.pub.pem", text(&path)], b"");
            assert_eq!((code, fields[1].as_str()), (0, "valid"), "{fields:?}");
            let (code, _) = verified(&["--cert", CERT, text(&path)], b"");
            assert_eq!(code, 1);
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn a_ca_names_its_members_and_nobody_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/xmlsec");
    if !folder.exists() {
        assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "{} is not there", folder.display());
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let ca = folder.join("keys/ca.pem");
    for (file, verdict, said) in [
        ("signed/ff-env-rsa.xml", "valid", "rsa.csirt.example signed the whole message"),
        ("signed/xr-env-p384.xml", "valid", "p384.csirt.example signed the whole message"),
        // It is a member of the CA: who must be told from whom is pinned.
        ("attack/a23-other-member-same-ca.xml", "valid", "signed the whole message"),
        ("attack/a20-selfsigned-same-subject.xml", "invalid", "no trusted key"),
        ("attack/a19-evil-keyvalue.xml", "invalid", "brings no certificate"),
    ] {
        let (code, fields) = verified(&["--ca", text(&ca), text(&folder.join(file))], b"");
        assert_eq!((code == 0, fields[1].as_str()), (verdict == "valid", verdict), "{file}: {fields:?}");
        assert!(fields[2].contains(said), "{file}: {fields:?}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
