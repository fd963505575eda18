//! Canonical forms against libxml2: whole documents by `xmllint`, subtrees by `xmlsec1`.

#![allow(clippy::print_stdout, reason = "a test that skips says so")]

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::*;
use crate::xml::Limits;
use crate::xmlsec::{DSIG, DigestAlgorithm, base64};

/// Documents made by chance, the same ones in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64: any steady generator does.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn one<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// Stands where a comment goes in what we read and nothing in what the judge reads: it keeps comments.
const COMMENT: &str = "\u{1}";
/// Without references: libxml2 writes the names of namespaces unescaped, which no parser would read back.
const NAMES: [&str; 4] = ["urn:a", "http://b.example/x?y=1#z", "urn:c", "urn:d"];
const PREFIXES: [&str; 4] = ["p", "q", "r", "zz"];

/// One document. `ids` numbers the elements with xml:id.
struct Maker<'c> {
    chance: &'c mut Chance,
    out: String,
    ids: Option<u64>,
    left: u32,
}

impl Maker<'_> {
    fn document(chance: &mut Chance, elements: u32, ids: bool) -> String {
        let mut maker = Maker { chance, out: String::new(), ids: ids.then_some(0), left: elements };
        if maker.chance.below(2) == 0 {
            maker.out.push_str("<?xml version='1.0' encoding='UTF-8'?>");
        }
        if maker.chance.below(4) == 0 {
            let _ = write!(maker.out, "\n<?before  some  data ?>\n{COMMENT}");
        }
        maker.element(&[], 0);
        if maker.chance.below(4) == 0 {
            let _ = write!(maker.out, "\r\n{COMMENT}<?after?>\n");
        }
        maker.out
    }

    /// `bound` are the prefixes that stand for something here.
    fn element(&mut self, bound: &[&'static str], depth: u32) {
        let mut bound = bound.to_vec();
        let mut attributes = Vec::new();
        for prefix in PREFIXES {
            if self.chance.below(4) == 0 {
                attributes.push(format!("xmlns:{prefix}=\"{}\"", self.chance.one(&NAMES)));
                if !bound.contains(&prefix) {
                    bound.push(prefix);
                }
            }
        }
        match self.chance.below(8) {
            0 => attributes.push("xmlns=''".to_owned()),
            1 | 2 => attributes.push(format!("xmlns='{}'", self.chance.one(&NAMES))),
            _ => {}
        }
        for name in ["b", "a", "é"] {
            if self.chance.below(3) == 0 {
                attributes.push(format!("{name}='{}'", self.value()));
            }
        }
        // Two prefixes may stand for one namespace: then the local names must differ.
        for (place, prefix) in bound.clone().into_iter().enumerate() {
            if self.chance.below(4) == 0 {
                let name = ["k", "j", "m", "l"][place % 4];
                attributes.push(format!("{prefix}:{name} = \"{}\"", self.value()));
            }
        }
        for name in ["xml:lang", "xml:space"] {
            if self.chance.below(8) == 0 {
                attributes.push(format!("{name}='{}'", if name == "xml:space" { "preserve" } else { "de" }));
            }
        }
        if let Some(id) = self.ids.as_mut() {
            *id += 1;
            attributes.push(format!("xml:id='e{id}'"));
        }
        let place = usize::try_from(self.chance.below(attributes.len() as u64 + 1)).unwrap();
        attributes.rotate_left(place);
        let local = self.chance.one(&["x", "y", "x-y", "_z"]);
        let name = match bound.len() {
            0 => local.to_owned(),
            some if self.chance.below(2) == 0 => {
                let at = usize::try_from(self.chance.below(some as u64)).unwrap();
                format!("{}:{local}", bound[at])
            }
            _ => local.to_owned(),
        };
        let _ = write!(self.out, "<{name}");
        for attribute in attributes {
            self.out.push_str(self.chance.one(&[" ", "\n  ", "\t"]));
            self.out.push_str(&attribute);
        }
        if depth > 1 && self.chance.below(6) == 0 {
            self.out.push_str(self.chance.one(&["/>", " />"]));
            return;
        }
        self.out.push('>');
        for _ in 0..self.chance.below(if depth < 3 { 12 } else { 5 }) {
            match self.chance.below(8) {
                0..=3 if self.left > 0 && depth < 8 => {
                    self.left -= 1;
                    self.element(&bound, depth + 1);
                }
                4 => self.out.push_str("<![CDATA[a <&> b\r\n]]>"),
                5 => self.out.push_str("<?pi some data?>"),
                6 => self.out.push_str(COMMENT),
                _ => {
                    let text = self.value().replace("&quot;", "\"").replace("x>", "x&gt;");
                    self.out.push_str(&text);
                }
            }
        }
        let _ = write!(self.out, "</{name} >");
    }

    fn value(&mut self) -> String {
        let pieces =
            ["v", " ", "\n", "\r\n", "\t", "&#xD;", "&#10;", "&#9;", "&amp;", "&lt;", "x>", "&quot;", "ß\u{1f600}"];
        (0..self.chance.below(6)).map(|_| self.chance.one(&pieces)).collect()
    }
}

/// Whether the tool is there; a test without it says so.
fn has(tool: &str) -> bool {
    if Command::new(tool).arg("--version").output().is_ok() {
        return true;
    }
    assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "{tool} is not there");
    println!("skipped: {tool} is not there");
    false
}

fn canonical(text: &str, form: &Form<'_>) -> Vec<u8> {
    let read = Document::parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut out = Vec::new();
    document(&read, form, None, &mut out);
    out
}

#[test]
fn documents_have_the_form_that_libxml2_gives_them() {
    if !has("xmllint") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut chance = Chance(1);
    let documents: Vec<String> = (0..3_000).map(|_| Maker::document(&mut chance, 12, false)).collect();
    let files: Vec<_> = (0..documents.len()).map(|at| folder.path().join(format!("{at}.xml"))).collect();
    for (file, text) in files.iter().zip(&documents) {
        fs::write(file, text.replace(COMMENT, "")).unwrap();
    }
    for (option, form) in
        [("--exc-c14n", Form::Exclusive(Vec::new())), ("--c14n", Form::Inclusive), ("--c14n11", Form::Inclusive11)]
    {
        let run = Command::new("xmllint").arg(option).args(&files).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let mut theirs = run.stdout.as_slice();
        for (at, text) in documents.iter().enumerate() {
            let ours = canonical(&text.replace(COMMENT, "<!-- a comment -->"), &form);
            let same = theirs.starts_with(&ours);
            let shown = String::from_utf8_lossy(&theirs[..ours.len().min(theirs.len())]);
            assert!(same, "{option} {at}\n{text}\nours   {}\ntheirs {shown}", String::from_utf8_lossy(&ours));
            theirs = &theirs[ours.len()..];
        }
        assert!(theirs.is_empty(), "{option}: {} bytes more", theirs.len());
    }
}

/// A Reference to `#eN` in each of the forms.
const TRANSFORMS: [(&str, &str); 5] = [
    ("exclusive", "<Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>"),
    (
        "prefixes",
        "<Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'><i:InclusiveNamespaces \
         xmlns:i='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='q #default  none zz'/></Transform>",
    ),
    ("inclusive", "<Transform Algorithm='http://www.w3.org/TR/2001/REC-xml-c14n-20010315'/>"),
    ("inclusive 1.1", "<Transform Algorithm='http://www.w3.org/2006/12/xml-c14n11'/>"),
    (
        "path of exclusive",
        "<Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>\
         <Transform Algorithm='http://www.w3.org/2002/06/xmldsig-filter2'>\
         <f:XPath xmlns:f='http://www.w3.org/2002/06/xmldsig-filter2' Filter='intersect'>//*[@xml:id='ID']</f:XPath>\
         </Transform>",
    ),
];

#[test]
fn subtrees_have_the_form_that_xmlsec1_gives_them() {
    if !has("xmlsec1") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/certs/keys/p256.pem");
    let mut chance = Chance(7);
    let mut compared = 0;
    for round in 0..12 {
        let inner = Maker::document(&mut chance, 40, true).replace(COMMENT, "<!-- c -->");
        // Without what may stand at the top only.
        let inner =
            inner.split_once("?>").filter(|_| inner.starts_with("<?xml")).map_or(inner.as_str(), |(_, rest)| rest);
        let count = inner.matches("xml:id=").count();
        let mut text = format!("<top xmlns='urn:d' xmlns:p='urn:c' xmlns:un='urn:used' xml:lang='fr'><w>{inner}</w>");
        let _ = write!(
            text,
            "<Signature xmlns='{DSIG}'><SignedInfo><CanonicalizationMethod \
             Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/><SignatureMethod \
             Algorithm='http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256'/>"
        );
        for id in 1..=count {
            for (form, transform) in TRANSFORMS {
                let id = format!("e{id}");
                let uri = if form == "path of exclusive" { String::new() } else { format!("#{id}") };
                let _ = write!(
                    text,
                    "<Reference URI='{uri}'><Transforms>{}</Transforms><DigestMethod \
                     Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><DigestValue/></Reference>",
                    transform.replace("ID", &id)
                );
            }
        }
        text.push_str("</SignedInfo><SignatureValue/></Signature></top>");
        let file = folder.path().join(format!("{round}.xml"));
        fs::write(&file, &text).unwrap();
        let run = Command::new("xmlsec1").args(["--sign", "--privkey-pem", key]).arg(&file).output().unwrap();
        assert!(run.status.success(), "{}\n{text}", String::from_utf8_lossy(&run.stderr));
        let limits = Limits { elements: usize::MAX, ..Limits::default() };
        let document = Document::parse(&run.stdout, &limits).unwrap();
        let values = document.root().descendants().filter(|node| node.is(DSIG, "DigestValue"));
        let values: Vec<_> = values.map(|node| base64::decode(&node.text()).unwrap()).collect();
        assert_eq!(values.len(), count * TRANSFORMS.len());
        for (at, theirs) in values.iter().enumerate() {
            let id = format!("e{}", at / TRANSFORMS.len() + 1);
            let named = |node: &Node<'_>| node.attribute_in(xml::XML, "id") == Some(&id);
            let apex = document.root().descendants().find(named).unwrap();
            let form = TRANSFORMS[at % TRANSFORMS.len()].0;
            let mut ours = Vec::new();
            subtree(apex, form, &mut ours);
            let mut digest = Digesting::new(DigestAlgorithm::Sha256);
            subtree(apex, form, &mut digest);
            assert_eq!(digest.finish().as_ref(), theirs, "{form} {id}\n{}\n{text}", String::from_utf8_lossy(&ours));
            compared += 1;
        }
    }
    assert!(compared > 600, "{compared}");
}

fn subtree(apex: Node<'_>, form: &str, out: &mut impl Output) {
    let form = match form {
        "exclusive" => Form::Exclusive(Vec::new()),
        "prefixes" => Form::Exclusive(vec!["q", "", "none", "zz"]),
        "inclusive" => Form::Inclusive,
        "inclusive 1.1" => Form::Inclusive11,
        _ => return element_of_exclusive(apex, &[], &Form::Inclusive, out).unwrap(),
    };
    element(apex, &form, None, out).unwrap();
}

#[test]
fn one_element_can_be_left_out() {
    let text = "<a>1<b>2<c/></b><!-- -->3<b/></a>";
    let read = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let mut out = Vec::new();
    document(&read, &Form::Inclusive, read.root().elements().next(), &mut out);
    assert_eq!(out, b"<a>13<b></b></a>");
}

#[test]
fn a_base_is_never_joined() {
    let text = "<a xml:base='http://x/'><b><c/></b></a>";
    let read = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let c = read.root().descendants().last().unwrap();
    let mut out = Vec::new();
    assert!(matches!(element(c, &Form::Inclusive11, None, &mut out), Err(C14nError::Base { .. })));
    element(c, &Form::Inclusive, None, &mut out).unwrap();
    assert_eq!(out, b"<c xml:base=\"http://x/\"></c>");
}

#[test]
fn the_form_of_a_form_is_itself() {
    let mut chance = Chance(3);
    for _ in 0..200 {
        let text = Maker::document(&mut chance, 10, false).replace(COMMENT, "");
        for form in [Form::Exclusive(Vec::new()), Form::Inclusive, Form::Inclusive11] {
            let once = canonical(&text, &form);
            let again = canonical(std::str::from_utf8(&once).unwrap(), &form);
            assert_eq!(once, again, "{text}");
        }
    }
}
