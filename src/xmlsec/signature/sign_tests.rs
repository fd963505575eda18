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
use crate::xmlsec::{DSIG, Pinned, SignatureAlgorithm, TrustedKey, base64};

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
    Pinned { keys: vec![TrustedKey::new("us", key.public_key().info().to_vec())] }
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

/// The verdicts on the message signed over the whole and then changed like that.
fn changed(before: &str, after: &str) -> Vec<Result<Verified, SignatureError>> {
    let (_, key) = key("ed25519");
    let text = message();
    let whole = sign_whole(text.as_bytes(), &splice(&text), &key, None, &Limits::default()).unwrap();
    let text = String::from_utf8(whole).unwrap();
    assert!(text.contains(before), "{before}");
    judged(text.replacen(before, after, 1).as_bytes(), &trust(&key)).into_iter().map(|one| one.verdict).collect()
}

#[test]
fn what_is_outside_the_profile_is_refused_by_its_name() {
    let enveloped = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
    let form = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";
    let info = "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    let filter = |attribute: &str, path: &str| {
        format!(
            "<ds:Transform Algorithm='http://www.w3.org/2002/06/xmldsig-filter2'><f:XPath {attribute} \
             xmlns:f='http://www.w3.org/2002/06/xmldsig-filter2'>{path}</f:XPath></ds:Transform>"
        )
    };
    let cases = [
        (
            info,
            info.replace("c14n#", "c14n#WithComments"),
            "canonicalisation \"http://www.w3.org/2001/10/xml-exc-c14n#With",
        ),
        (form, form.replace("c14n#", "c14n#WithComments"), "transform \"http://www.w3.org/2001/10/xml-exc-c14n#With"),
        (enveloped, format!("{enveloped}{enveloped}"), "enveloped-signature\" is outside"),
        (enveloped, form.to_owned(), "exc-c14n#\" is outside"),
        (enveloped, String::new(), "whole message \"exclusive"),
        (enveloped, filter("Filter='union'", "/rid:RID"), "Filter \"union\""),
        (enveloped, filter("", "/rid:RID"), "Filter \"\""),
        (enveloped, filter("Filter='intersect'", "//*"), "the path is outside the profile"),
        ("URI=\"\"", "URI=\"#xpointer(/)\"".to_owned(), "\"#xpointer(/)\" is outside"),
        ("URI=\"\"", "URI=\"#ri-1\"".to_owned(), "enveloped-signature\" is outside"),
        (" URI=\"\"", String::new(), "the attribute URI, found none"),
        ("eddsa-ed25519\">", "eddsa-ed25519\"><ds:HMACOutputLength/>".to_owned(), "element \"HMACOutputLength\""),
        ("</ds:SignatureValue>", "</ds:SignatureValue><ds:Object/>".to_owned(), "element \"Object\""),
        (
            "</ds:SignatureValue>",
            "</ds:SignatureValue><ds:KeyInfo><ds:RetrievalMethod URI='x'/></ds:KeyInfo>".to_owned(),
            "\"RetrievalMethod\" is outside",
        ),
        ("</ds:SignatureValue>", "</ds:SignatureValue>text".to_owned(), "expected elements only, found text"),
        ("</ds:SignedInfo>", "<?a b?></ds:SignedInfo>".to_owned(), "found a processing instruction"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>!".to_owned(), "expected base64"),
        ("<ds:SignedInfo>", "<ds:SignedInfo xmlns:ds='urn:x'>".to_owned(), "found <SignedInfo> of \"urn:x\""),
    ];
    for (before, after, said) in cases {
        let verdicts = changed(before, &after);
        let error = verdicts[0].as_ref().unwrap_err().to_string();
        assert!(verdicts.len() == 1 && error.contains(said), "{before} -> {after}: {error}");
    }
}

#[test]
fn signatures_count_in_their_place_only() {
    // One that is part of the document is none of the message's.
    let moved = |text: &str, from: &str, to: &str| {
        let (start, end) = (text.find("<ds:Signature").unwrap(), text.find("</ds:Signature>").unwrap() + 15);
        let signature = text[start..end].to_owned();
        assert!(text.contains(from));
        text.replace(&signature, "").replacen(from, &to.replace('$', &signature), 1)
    };
    let (_, key) = key("ed25519");
    let text = message();
    let whole = sign_whole(text.as_bytes(), &splice(&text), &key, None, &Limits::default()).unwrap();
    let text = String::from_utf8(whole).unwrap();
    let verdicts = |text: String| judged(text.as_bytes(), &trust(&key));
    assert!(verdicts(moved(&text, "<RecordData>", "<X>$</X><RecordData>")).is_empty());
    for (from, to) in [
        ("</rid:RID>", "$</rid:RID>"),
        (AFTER, "<x>$</x></rid:Signature>"),
        ("<rid:ReportSchema>", "<rid:ReportSchema>$"),
    ] {
        let judged = verdicts(moved(&text, from, to));
        assert!(matches!(judged[0].verdict, Err(SignatureError::Misplaced { .. })), "{from}: {judged:?}");
    }
}

#[test]
fn an_identifier_names_one_element_or_none() {
    let (_, key) = key("p256");
    let text = message();
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let signed = sign_elements(&document, &records(&document)[..1], &splice(&text), &PLACES, &key, None).unwrap();
    // Not signed anew: only how far judging gets is looked at, so the path is taken out and the value left broken.
    let text = String::from_utf8(signed).unwrap();
    let start = text.find("<ds:Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2").unwrap();
    let end = text[start..].find("</ds:Transform>").unwrap() + start + 15;
    let text = text.replace(&text[start..end], "").replace("URI=\"\"", "URI=\"#ri-1\"");
    let follow = |text: &str| {
        let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        let found = find(&document, &PLACES, &Config::default()).remove(0);
        found.followed(&document)
    };
    assert!(matches!(follow(&text).unwrap()[..], [Covered::Element { .. }]));
    for other in ["observable-id='ri-1'", "Id='ri-1'", "xml:id=' ri-1 '", "ID='ri-1'"] {
        let twice = text.replacen("<RecordItem>", &format!("<RecordItem {other}>"), 1);
        assert!(matches!(follow(&twice), Err(SignatureError::SameId { .. })), "{other}");
    }
    let none = text.replace("observable-id='ri-1'", "Id='ri-1'");
    assert!(matches!(follow(&none), Err(SignatureError::NoSuchId { .. })));
    let none = text.replace("observable-id='ri-1'", "observable-id='ri-2'");
    assert!(matches!(follow(&none), Err(SignatureError::NoSuchId { .. })));
    let around =
        text.replace("#ri-1", "#ri-2").replace("<rid:ReportSchema>", "<rid:ReportSchema observable-id='ri-2'>");
    assert!(matches!(follow(&around), Err(SignatureError::Enclosed { .. })));
    let encrypted =
        none.replace("<RecordItem>", "<EncryptedData xmlns='http://www.w3.org/2001/04/xmlenc#'/><RecordItem>");
    assert!(follow(&encrypted).unwrap_err().waits_for_decryption());
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
        let info = base64::encoded(key.public_key().info());
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
    forms.extend([("", own.clone()), ("", absolute), ("#ri-1", String::new())]);
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
    assert!(base64::decode("").is_some());
}
