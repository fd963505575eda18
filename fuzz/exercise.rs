//! What the fuzz targets do with some bytes, and what must hold whatever the bytes are. Shared by `fuzz/targets/` and
//! `tests/replay.rs`. Each panics if a promise is broken.

use std::sync::LazyLock;

use ridd::evidence;
use ridd::inventory::cpe::{Name, Relation};
use ridd::iodef::common::class::{Described, Draft, Grammar, Options, View};
use ridd::iodef::{v1, v2};
use ridd::rid::judge::{self, Profile, Schema, Verdict, judge};
use ridd::rid::signature::{DOCUMENT_PATH, SIGNATURE_PATH};
use ridd::rid::{self, Message, RidError};
use ridd::xml::{Document, Limits, Node};
use ridd::xmlsec::XENC;
use ridd::xmlsec::c14n::{self, Form};
use ridd::xmlsec::encryption::{self, ContentAlgorithm, DataType, EncryptionError, Recipient};
use ridd::xmlsec::key::{Decrypter, FileKey};
use ridd::xmlsec::signature::{Config, Places, verify as verify_all};
use ridd::xmlsec::{Pinned, TrustedKey};

/// Reading either refuses with a position inside the document, or gives a tree whose pieces are pieces of the source.
pub(crate) fn xml_parse(bytes: &[u8]) {
    let limits = Limits::default();
    match Document::parse(bytes, &limits) {
        Err(error) => {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!(error.position.line as usize <= lines, "{error}");
        }
        Ok(document) => {
            let depth = walk(document.root(), document.source(), 1);
            assert!(depth <= limits.depth, "{depth} deep");
        }
    }
}

/// Checks each element below; gives the depth.
fn walk(node: Node<'_>, source: &str, depth: usize) -> usize {
    let range = node.range();
    assert_eq!(source.get(range.clone()), Some(node.source()));
    let inner = node.inner_range();
    assert!(range.start < inner.start && inner.end <= range.end, "{range:?} {inner:?}");
    assert!(node.path().starts_with('/'));
    assert!(!node.name().is_empty() && !node.name().contains(':'));
    node.elements().map(|child| walk(child, source, depth + 1)).max().unwrap_or(depth)
}

/// Judging and opening end with a verdict; a reason is given for all but `valid`; strict accepts nothing that printed refuses, and
/// printed nothing that lenient refuses.
pub(crate) fn rid_open(bytes: &[u8]) {
    let verdict = |profile| {
        let judgement = judge(bytes, &judge::Options { profile, schema: Schema::Auto, ..Default::default() });
        assert_eq!(judgement.reason.is_none(), judgement.verdict == Verdict::Valid);
        judgement.verdict
    };
    let [strict, printed, lenient] = [Profile::Strict, Profile::Printed, Profile::Lenient].map(verdict);
    assert!(strict != Verdict::Valid || printed == Verdict::Valid);
    assert!(printed != Verdict::Valid || lenient == Verdict::Valid);
    let opened = Message::open(bytes, &Limits::default(), &rid::options());
    let verdict = opened.as_ref().err().map_or("valid", RidError::verdict);
    // Judging takes IODEF documents too, and looks deeper for messages inside messages.
    assert_eq!(verdict == "malformed", lenient == Verdict::Malformed, "{opened:?}");
    assert!(lenient != Verdict::Forbidden || verdict != "valid");
}

/// What is valid can be copied to a draft and written; what is written is valid and says the same, no element lost.
pub(crate) fn iodef_roundtrip(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes, &Limits::default()) else { return };
    let grammar = rid::grammar();
    let Ok(checked) = grammar.validate(document.root(), &Options::default()) else { return };
    if let Some(root) = checked.root::<v1::IodefDocument>() {
        again(root, grammar);
    } else if let Some(root) = checked.root::<v2::IodefDocument>() {
        again(root, grammar);
    } else if let Some(root) = checked.root::<rid::RidMessage>() {
        again(root, grammar);
    }
}

fn again<C: Described>(root: View<'_, C>, grammar: &Grammar) {
    let draft = Draft::from(root);
    let written = draft.encode(grammar).unwrap_or_else(|error| panic!("{error}"));
    let document = Document::parse(&written, &Limits::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(elements(document.root()), elements(root.element()), "elements were lost");
    assert_eq!(foreign(document.root()), foreign(root.element()), "foreign content was changed");
    let checked = grammar.validate(document.root(), &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    assert!(checked.root::<C>().is_some(), "the root is of another class");
}

/// Keys of each kind that decrypts.
static KEYS: LazyLock<[FileKey; 3]> = LazyLock::new(|| {
    let texts = [
        include_str!("../certs/keys/p256.pem"),
        include_str!("../certs/keys/p384.pem"),
        include_str!("../certs/keys/rsa-2048.pem"),
    ];
    texts.map(|text| FileKey::from_pem(text, None).expect("the test keys are right"))
});

/// What is encrypted either is refused or gives a document whose other bytes are the same; what is not can be encrypted
/// and comes back.
pub(crate) fn decrypt(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes, &Limits::default()) else { return };
    let ours = KEYS.each_ref().map(|key| key as &dyn Decrypter);
    let (config, limits) =
        (encryption::Config::default(), Limits { text_bytes: 8 << 20, size: 8 << 20, ..Limits::default() });
    match encryption::decrypt(&document, &ours, &config, &limits) {
        Ok(decrypted) => {
            let first = decrypted.parts.first().expect("something was decrypted");
            assert_eq!(decrypted.bytes.get(..first.range.start), bytes.get(..first.range.start));
        }
        Err(EncryptionError::Nothing) => {}
        Err(_) => return,
    }
    let target = document.root();
    if target.is(XENC, "EncryptedData") {
        return;
    }
    let recipient = Recipient::of_key(KEYS[0].public_key().clone(), "fuzz");
    let algorithm = ContentAlgorithm::Aes128Gcm;
    let sealed = encryption::encrypt(&document, target, DataType::Element, &[recipient], algorithm);
    let sealed = sealed.unwrap_or_else(|error| panic!("{error}"));
    let sealed = Document::parse(&sealed, &limits).unwrap_or_else(|error| panic!("{error}"));
    // A document as deep as the limit is too deep inside the element that it is judged in.
    match encryption::decrypt(&sealed, &ours, &config, &limits) {
        Ok(opened) => assert_eq!(opened.bytes, document.source().as_bytes()),
        Err(EncryptionError::Plaintext { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// The source of what stands in the outermost places for other standards, in order.
fn foreign(node: Node<'_>) -> Vec<String> {
    match node.name() {
        "XMLDocument" | "AdditionalData" | "RecordItem" => vec![node.inner_source().to_owned()],
        _ => node.elements().flat_map(foreign).collect(),
    }
}

/// Names of all elements with their attributes, in order.
fn elements(node: Node<'_>) -> Vec<String> {
    let mut attributes: Vec<String> =
        node.attributes().map(|one| format!("{{{}}}{}={:?}", one.namespace, one.name, one.value)).collect();
    attributes.sort();
    let mut list = vec![format!("{{{}}}{} {}", node.namespace(), node.name(), attributes.join(" "))];
    list.extend(node.elements().flat_map(elements));
    list
}

/// The canonical form of a canonical form is itself, and the exclusive form says the same as the document.
pub(crate) fn c14n(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes, &Limits::default()) else { return };
    // Escapes and repeated declarations make it longer than what it comes from.
    let wide = Limits {
        size: usize::MAX,
        attributes: usize::MAX,
        attribute_bytes: usize::MAX,
        text_bytes: usize::MAX,
        character_references: usize::MAX,
        digits: usize::MAX,
        ..Limits::default()
    };
    for form in [Form::Exclusive(vec!["", "p"]), Form::Exclusive(Vec::new()), Form::Inclusive, Form::Inclusive11] {
        let mut once = Vec::new();
        c14n::document(&document, &form, None, &mut once);
        let read = Document::parse(&once, &wide).unwrap_or_else(|error| panic!("{form:?}: {error}"));
        assert_eq!(elements(read.root()), elements(document.root()), "{form:?}");
        let mut again = Vec::new();
        c14n::document(&read, &form, None, &mut again);
        assert_eq!(once, again, "{form:?}");
    }
}

/// Judging ends with a verdict on each Signature, in order and inside the document; no key that fits nothing proves
/// anything.
pub(crate) fn verify(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes, &Limits::default()) else { return };
    let places = Places { signature: SIGNATURE_PATH, document: DOCUMENT_PATH };
    let key = TrustedKey::new("nobody", Vec::new());
    let trust = Pinned { keys: vec![key] };
    let mut behind = 0;
    for one in verify_all(&document, &places, &trust, &Config::default()) {
        assert!(one.range.start >= behind && one.range.end <= bytes.len(), "{:?}", one.range);
        assert!(document.source()[one.range.clone()].starts_with('<'));
        behind = one.range.start + 1;
        let error = one.verdict.expect_err("nobody signs");
        assert!(!error.to_string().is_empty());
    }
}

/// Evidence is refused, or each of its findings names a system, a vulnerability and a check, and there are no more than the
/// limit.
pub(crate) fn evidence(bytes: &[u8]) {
    let limits = evidence::Limits { findings: 1_000, ..evidence::Limits::default() };
    match evidence::read(bytes, &limits) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(read) => {
            assert!((1..=limits.findings).contains(&read.findings.len()), "{}", read.findings.len());
            for one in read.findings {
                assert!(!one.system.is_empty() && !one.vulnerability.is_empty() && !one.rule.is_empty(), "{one:?}");
            }
        }
    }
}

/// Of two lines, each a CPE name: what is written is read as the same name, a data call means the system of its own name,
/// and two relations of the same names do not contradict each other.
pub(crate) fn cpe(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let names: Vec<Name> = text.lines().take(2).filter_map(|line| line.parse().ok()).collect();
    for name in &names {
        assert_eq!(name.to_string().parse().as_ref(), Ok(name));
        assert!(name.means(name).is_some(), "{name}");
    }
    let [one, other] = names.as_slice() else { return };
    let back = match one.relation(other) {
        Relation::Equal => Relation::Equal,
        Relation::Subset => Relation::Superset,
        Relation::Superset => Relation::Subset,
        Relation::Disjoint => Relation::Disjoint,
        Relation::Undefined => return,
    };
    let found = other.relation(one);
    assert!(found == back || found == Relation::Undefined, "{one} {other}: {found:?}");
    // Whoever is told of all its platforms, and of more, is told of this one.
    if matches!(back, Relation::Equal | Relation::Subset) {
        assert!(one.means(other).is_some(), "{one} {other}");
    }
}
