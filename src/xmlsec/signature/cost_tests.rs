//! What a message may cost before its signature value has been checked, which is to say: whoever sends it.

#![allow(clippy::print_stdout, reason = "figures are for people")]

use std::time::Instant;

use super::tests::PLACES;
use super::*;
use crate::xml::{Document, Limits};
use crate::xmlsec::{DSIG, Pinned, TrustedKey};

const SIZE: usize = 1 << 20;
/// Far above what any of these takes even in a build without optimisation on a busy machine, and far below what a step
/// that grows with the square of its input would.
const MOST: f64 = 2.0;

/// A message with that in XMLDocument, and those signatures.
fn message(content: &str, signatures: &str) -> String {
    format!(
        "<r:RID xmlns:r='urn:ietf:params:xml:ns:iodef-rid-2.0'><r:RIDPolicy><r:ReportSchema><r:XMLDocument>{content}\
         </r:XMLDocument><r:Signature>{signatures}</r:Signature></r:ReportSchema></r:RIDPolicy></r:RID>"
    )
}

const METHODS: &str = "<CanonicalizationMethod Algorithm='http://www.w3.org/TR/2001/REC-xml-c14n-20010315'/>\
    <SignatureMethod Algorithm='http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519'/>";

fn signature(method: &str, references: &str) -> String {
    format!(
        "<Signature xmlns='{DSIG}'><SignedInfo>{method}{references}</SignedInfo><SignatureValue>AAAA</SignatureValue>\
         </Signature>"
    )
}

fn reference(transforms: &str) -> String {
    format!(
        "<Reference URI=''><Transforms>{transforms}</Transforms><DigestMethod \
         Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><DigestValue>AAAA</DigestValue></Reference>"
    )
}

fn filled(unit: &str, room: usize) -> String {
    unit.repeat(room / unit.len())
}

fn cases() -> Vec<(&'static str, String)> {
    let enveloped = "<Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/>";
    let usual = signature(METHODS, &reference(enveloped));
    let room = SIZE - 4_000;
    let declared = |count: usize, first: usize| {
        (first..first + count).map(|at| format!(" xmlns:n{at}='u{at}'")).collect::<String>()
    };
    // Namespaces piled up over many levels, then elements that each declare one more.
    let mut piled = String::new();
    for level in 0..200 {
        piled.push_str(&format!("<a{}>", declared(200, level * 200)));
        if piled.len() > SIZE / 2 {
            break;
        }
    }
    let levels = piled.matches("<a").count();
    let inner = "<a xmlns:b='c'/>".repeat(15_000);
    let piled = format!("{piled}{inner}{}", "</a>".repeat(levels));
    let few = format!("<a{}>{}</a>", declared(120, 0), "<a xmlns:b='c'/>".repeat(19_000));
    let fewer = format!("<a{}>{}</a>", declared(27, 0), "<a xmlns:b='c'/>".repeat(19_000));
    let used = (0..100).map(|at| format!(" n{at}:a=''")).collect::<String>();
    let used = format!("<a{}>{}</a>", declared(100, 0), filled(&format!("<b{used}/>"), room - 2_000));
    let attributes = (0..250).map(|at| format!(" a{at}=''")).collect::<String>();
    let prefixes = (0..4_000).map(|at| format!("p{at} ")).collect::<String>();
    let method = METHODS.replace(
        "REC-xml-c14n-20010315'/>",
        &format!("REC-xml-c14n-20010315'><i:InclusiveNamespaces xmlns:i='urn:i' PrefixList='{prefixes}'/></CanonicalizationMethod>"),
    );
    let xpath = |path: &str| {
        format!(
            "<Transform Algorithm='http://www.w3.org/2002/06/xmldsig-filter2'><XPath \
             xmlns='http://www.w3.org/2002/06/xmldsig-filter2' Filter='intersect'>{path}</XPath></Transform>"
        )
    };
    vec![
        ("text", message(&filled("text &amp; ", 200_000), &usual)),
        ("elements", message(&filled("<a k='v'>t</a>", 250_000), &usual)),
        ("depth", message(&format!("{}{}", "<a>".repeat(240), "</a>".repeat(240)), &usual)),
        ("namespaces over levels", message(&piled, &usual)),
        ("namespaces again and again", message(&few, &usual)),
        ("fewer namespaces again and again", message(&fewer, &usual)),
        ("prefixes that are used", message(&used, &usual)),
        ("colons in a value", message(&format!("<a b='{}'/>", filled(" :", room)), &usual)),
        ("namespaces on one element", message(&format!("<a{}/>", declared(20_000, 0)), &usual)),
        ("attributes", message(&filled(&format!("<a{attributes}/>"), room), &usual)),
        ("signatures", message("", &usual.repeat(room / usual.len()))),
        ("signatures within limits", message("", &signature(METHODS, &reference(enveloped).repeat(16)).repeat(16))),
        ("references", message("", &signature(METHODS, &reference(enveloped).repeat(room / 300)))),
        ("transforms", message("", &signature(METHODS, &reference(&enveloped.repeat(room / 120))))),
        ("prefixes", message("", &signature(&method, &reference(enveloped)).repeat(20))),
        ("a path", message("", &signature(METHODS, &reference(&xpath(&filled("/a", 200_000)))))),
        (
            "a name in the way",
            message("", &signature(METHODS, &reference(&xpath(&filled("//*[count(//*)]", 200_000))))),
        ),
        (
            "a long value",
            message(
                "",
                &usual.replace(">AAAA</SignatureValue", &format!(">{}</SignatureValue", filled("AAAA", 250_000))),
            ),
        ),
        (
            "text in SignedInfo",
            message(
                "",
                &signature(METHODS, &reference(enveloped).replace(">AAAA<", &format!(">{}<", filled(" ", 250_000)))),
            ),
        ),
        ("comments", message(&filled("<!---->", 130_000), &usual)),
        ("colons", message(&filled("<a> :</a>", 170_000), &usual)),
        ("references to no character", message(&filled("&#x0; <!---->", 12_000), &usual)),
        ("siblings", message(&filled("<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>", room), &usual)),
        (
            "misplaced",
            message("", "").replace(
                "<r:RIDPolicy>",
                &format!("<r:RIDPolicy>{}", filled("<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>", room)),
            ),
        ),
    ]
}

#[test]
fn no_message_costs_much_before_its_signature_is_checked() {
    let key = TrustedKey::new("us", Vec::new());
    let trust = Pinned { keys: vec![key; 20] };
    for (name, text) in cases() {
        assert!(text.len() <= SIZE + 1_000, "{name}: {}", text.len());
        let start = Instant::now();
        let held = match Document::parse(text.as_bytes(), &Limits::default()) {
            Ok(document) => {
                let parsed = start.elapsed();
                let judged = verify(&document, &PLACES, &trust, &Config::default());
                println!(
                    "{name}: parsed in {parsed:?}, {:?}",
                    judged.first().map(|one| one.verdict.as_ref().err().map(|error| error
                        .to_string()
                        .chars()
                        .take(100)
                        .collect::<String>()))
                );
                judged.iter().any(|one| one.verdict.is_ok())
            }
            Err(error) => {
                println!("{name}: {error}");
                false
            }
        };
        let took = start.elapsed().as_secs_f64();
        println!("{name}: {:.1} ms", took * 1e3);
        assert!(!held && took < MOST, "{name}: {took} s");
    }
}
