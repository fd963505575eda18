//! What we sign: it holds for us and for xmlsec1, no byte outside the Signature changes, and what xmlsec1 signs in any
//! form and algorithm that it has holds for us.

#![allow(clippy::print_stdout, reason = "a test that skips says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tests::PLACES;
use super::*;
use crate::xml::{Document, Limits, Node};
use crate::xmlsec::key::{Decrypter as _, FileKey, Signer};
use crate::xmlsec::{DSIG, Pinned, SignatureAlgorithm, TrustedKey, from_base64};

const BEFORE: &str = "<rid:Signature dtype=\"xml\" meaning=\"xml\">";
const AFTER: &str = "</rid:Signature>";
const HERE: &str = "</rid:XMLDocument>";

fn message() -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?a b?><!-- c -->\n\
     <rid:RID xmlns:rid='urn:ietf:params:xml:ns:iodef-rid-2.0' lang='en' \n xmlns:x='urn:unused'>\
     <rid:RIDPolicy MsgType=\"Report\"><rid:ReportSchema>\r\n<rid:XMLDocument dtype='xml'>\
     <IODEF-Document xmlns='urn:ietf:params:xml:ns:iodef-2.0' version='2.00'><RecordData><DateTime>t</DateTime>\
     <RecordItem observable-id='ri-1' dtype='string'>one &amp; <![CDATA[<two>]]></RecordItem><RecordItem>2</RecordItem>\
     </RecordData></IODEF-Document></rid:XMLDocument></rid:ReportSchema></rid:RIDPolicy></rid:RID>\n<!-- e -->"
        .to_owned()
}

fn key(name: &str) -> (PathBuf, FileKey) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/keys").join(format!("{name}.pem"));
    let key = FileKey::open(&file, None).unwrap();
    (file, key)
}

fn trust(key: &FileKey) -> Pinned {
    Pinned { keys: vec![TrustedKey { signer: "us".to_owned(), spki: key.public_key().info().to_vec() }] }
}

const KEYS: [&str; 4] = ["rsa-2048", "p256", "p384", "ed25519"];

fn splice(text: &str) -> Splice<'static> {
    Splice { at: text.find(HERE).unwrap() + HERE.len(), before: BEFORE, after: AFTER }
}

fn judged(bytes: &[u8], trust: &Pinned) -> Vec<Judged> {
    let document = Document::parse(bytes, &Limits::default()).unwrap();
    verify(&document, &PLACES, trust, &Config::default())
}

fn holding(bytes: &[u8], trust: &Pinned) -> Vec<Vec<Covered>> {
    let judged = judged(bytes, trust).into_iter();
    judged.map(|one| one.verdict.unwrap_or_else(|error| panic!("{error}")).covered().to_vec()).collect()
}

fn records<'a>(document: &'a Document<'_>) -> Vec<Node<'a>> {
    document.root().descendants().filter(|node| node.name() == "RecordItem").collect()
}

/// Both signatures, the detached one first.
fn sealed(text: &str, key: &FileKey, algorithm: SignatureAlgorithm) -> (Vec<u8>, Vec<u8>) {
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let items = records(&document);
    let detached = sign_elements(&document, &items, &splice(text), &PLACES, key, Some(algorithm)).unwrap();
    let whole = sign_whole(&detached, &splice(text), key, Some(algorithm), &Limits::default()).unwrap();
    (detached, whole)
}

/// The bytes without the elements that hold signatures.
fn bare(bytes: &[u8]) -> String {
    let mut text = String::from_utf8(bytes.to_vec()).unwrap();
    while let Some(start) = text.find(BEFORE) {
        let end = text[start..].find(AFTER).unwrap() + start + AFTER.len();
        text.replace_range(start..end, "");
    }
    text
}

#[test]
fn what_we_sign_holds_and_nothing_else_changes() {
    for name in KEYS {
        let (_, key) = key(name);
        let trust = trust(&key);
        for algorithm in key.algorithms() {
            let text = message();
            let (detached, whole) = sealed(&text, &key, *algorithm);
            assert_eq!((bare(&detached), bare(&whole)), (text.clone(), text.clone()), "{algorithm}");
            let [covered] = holding(&detached, &trust).try_into().unwrap();
            assert_eq!(covered.len(), 2, "{covered:?}");
            let [first, second] = holding(&whole, &trust).try_into().unwrap();
            // The sender's signature was put in front of the originator's.
            assert_eq!(first, [Covered::WholeMessage]);
            assert_eq!(second.len(), 2);
            let Covered::Element { path, range } = &second[0] else { panic!("{second:?}") };
            let end = "/IODEF-Document/RecordData/RecordItem[1]";
            assert!(path.ends_with(end) && whole[range.clone()].starts_with(b"<RecordItem observable-id"), "{path}");
        }
    }
}

#[test]
fn each_change_is_noticed() {
    let (_, key) = key("ed25519");
    let trust = trust(&key);
    let (_, whole) = sealed(&message(), &key, SignatureAlgorithm::Ed25519);
    let text = String::from_utf8(whole).unwrap();
    // (what is changed, whether the whole message still holds, whether the elements do)
    let cases = [
        ("MsgType=\"Report\"", "MsgType=\"Result\"", false, true),
        ("one &amp;", "two &amp;", false, false),
        ("<DateTime>t<", "<DateTime>u<", false, true),
        ("lang='en'", "lang=\"en\"", true, true),
        ("<!-- e -->", "<!-- f -->", true, true),
        ("<?a b?>", "<?a c?>", false, true),
        // What the paths' prefixes stand for is signed with them, and with them alone.
        (" xmlns:rid=\"urn:ietf:params:xml:ns:iodef-rid-2.0\"", " xmlns:rid=\"urn:x\"", true, false),
    ];
    for (before, after, whole, elements) in cases {
        assert!(text.contains(before), "{before}");
        let judged = judged(text.replacen(before, after, 1).as_bytes(), &trust);
        let holds: Vec<_> = judged.iter().map(|one| one.verdict.is_ok()).collect();
        assert_eq!(holds, [whole, elements], "{before}: {judged:?}");
    }
}

#[test]
fn signatures_are_refused_where_none_can_stand() {
    let (_, key) = key("ed25519");
    let text = message();
    let inside = text.find("<!-- c").unwrap() + 5;
    for at in [inside, text.find(" lang").unwrap(), text.len() + 1, text.len()] {
        let splice = Splice { at, before: BEFORE, after: AFTER };
        let made = sign_whole(text.as_bytes(), &splice, &key, None, &Limits::default());
        assert!(matches!(made, Err(SignError::Place { .. } | SignError::Xml { .. })), "{at}: {made:?}");
    }
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let made = |elements: &[Node<'_>]| sign_elements(&document, elements, &splice(&text), &PLACES, &key, None);
    assert!(matches!(made(&[]), Err(SignError::Nothing)));
    assert!(matches!(made(&[document.root()]), Err(SignError::Path { .. })));
    let other =
        sign_whole(text.as_bytes(), &splice(&text), &key, Some(SignatureAlgorithm::RsaSha256), &Limits::default());
    assert!(matches!(other, Err(SignError::Algorithm { wanted: "rsa-sha256" })));
}

fn has_xmlsec1() -> bool {
    if Command::new("xmlsec1").arg("--version").output().is_ok() {
        return true;
    }
    assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "xmlsec1 is not there");
    println!("skipped: xmlsec1 is not there");
    false
}

/// What xmlsec1 1.2 has: no Ed25519, and PSS only from 1.3 on.
fn theirs(algorithm: SignatureAlgorithm) -> bool {
    use SignatureAlgorithm as A;
    matches!(algorithm, A::RsaSha256 | A::RsaSha384 | A::RsaSha512 | A::EcdsaSha256 | A::EcdsaSha384)
}

#[test]
fn xmlsec1_verifies_what_we_sign() {
    if !has_xmlsec1() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["rsa-2048", "p256", "p384"] {
        let (_, key) = key(name);
        let public = folder.path().join("public.pem");
        let info = crate::xmlsec::to_base64(key.public_key().info());
        fs::write(&public, format!("-----BEGIN PUBLIC KEY-----\n{info}\n-----END PUBLIC KEY-----\n")).unwrap();
        for algorithm in key.algorithms().iter().filter(|algorithm| theirs(**algorithm)) {
            let (detached, whole) = sealed(&message(), &key, *algorithm);
            for (kind, bytes) in [("detached", detached), ("whole", whole)] {
                let signed = folder.path().join("signed.xml");
                fs::write(&signed, &bytes).unwrap();
                let run = Command::new("xmlsec1").args(["--verify", "--pubkey-pem"]).arg(&public).arg(&signed).output();
                let run = run.unwrap();
                let said = String::from_utf8_lossy(&run.stderr).into_owned();
                assert!(run.status.success(), "{algorithm} {kind}: {said}\n{}", String::from_utf8_lossy(&bytes));
            }
        }
    }
}

#[test]
fn we_verify_what_xmlsec1_signs() {
    if !has_xmlsec1() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let exclusive = "<ds:Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>";
    let listed = "<ds:Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'><ec:InclusiveNamespaces \
        xmlns:ec='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='x #default rid'/></ds:Transform>";
    let inclusive = "<ds:Transform Algorithm='http://www.w3.org/TR/2001/REC-xml-c14n-20010315'/>";
    let inclusive_11 = "<ds:Transform Algorithm='http://www.w3.org/2006/12/xml-c14n11'/>";
    let enveloped = "<ds:Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/>";
    let filter = |path: &str| {
        format!(
            "<ds:Transform Algorithm='http://www.w3.org/2002/06/xmldsig-filter2'><XPath \
             xmlns='http://www.w3.org/2002/06/xmldsig-filter2' xmlns:d='urn:ietf:params:xml:ns:iodef-2.0' \
             Filter='intersect'>{path}</XPath></ds:Transform>"
        )
    };
    let below = "rid:XMLDocument/d:IODEF-Document[1]/d:RecordData[1]/d:RecordItem[1]";
    let own = filter(&format!("\n //ds:Signature[@Id = 's']/\n ancestor::rid:ReportSchema/ {below}"));
    let absolute = filter(&format!("/rid:RID/rid:RIDPolicy[1]/rid:ReportSchema/{below}"));
    let mut forms = vec![("", enveloped.to_owned())];
    for form in [exclusive, listed, inclusive, inclusive_11] {
        forms.push(("", format!("{enveloped}{form}")));
        forms.push(("#ri-1", form.to_owned()));
        forms.push(("", format!("{own}{form}")));
        if form != listed {
            forms.push(("", format!("{exclusive}{absolute}{form}")));
        }
    }
    forms.extend([("", own.clone()), ("", absolute.clone()), ("#ri-1", String::new())]);
    forms.push(("", format!("{exclusive}{own}")));
    forms.push(("", format!("{listed}{own}")));
    let mut rounds = 0;
    for (at, (uri, transforms)) in forms.iter().enumerate() {
        let algorithms: Vec<_> = SignatureAlgorithm::ALL.into_iter().filter(|one| theirs(*one)).collect();
        let algorithm = algorithms[at % algorithms.len()];
        let name = match algorithm {
            SignatureAlgorithm::EcdsaSha256 => "p256",
            SignatureAlgorithm::EcdsaSha384 => "p384",
            _ => "rsa-2048",
        };
        let (file, key) = key(name);
        let form = ["http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"];
        let transforms =
            if transforms.is_empty() { String::new() } else { format!("<ds:Transforms>{transforms}</ds:Transforms>") };
        let template = format!(
            "{BEFORE}<ds:Signature xmlns:ds='{DSIG}' Id='s'><ds:SignedInfo><ds:CanonicalizationMethod Algorithm='{}'/>\
             <ds:SignatureMethod Algorithm='{}'/><ds:Reference URI='{uri}'>{transforms}<ds:DigestMethod \
             Algorithm='{}'/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>{AFTER}",
            form[at % 2],
            algorithm.uri(),
            crate::xmlsec::DigestAlgorithm::ALL[at % 3].uri(),
        );
        let text = message();
        let place = splice(&text).at;
        let unsigned = folder.path().join("unsigned.xml");
        fs::write(&unsigned, format!("{}{template}{}", &text[..place], &text[place..])).unwrap();
        let run = Command::new("xmlsec1")
            .args(["--sign", "--id-attr:observable-id", "urn:ietf:params:xml:ns:iodef-2.0:RecordItem", "--privkey-pem"])
            .arg(&file)
            .arg(&unsigned)
            .output()
            .unwrap();
        assert!(run.status.success(), "{template}: {}", String::from_utf8_lossy(&run.stderr));
        let judged = judged(&run.stdout, &trust(&key));
        let verified = judged[0].verdict.as_ref().unwrap_or_else(|error| panic!("{error}: {template}"));
        assert_eq!(verified.is_whole(), uri.is_empty() && transforms.contains("enveloped"), "{template}");
        rounds += 1;
    }
    assert!(rounds > 20, "{rounds}");
    assert!(from_base64("").is_some());
}
