//! Making signatures: spliced into a byte position, and no other byte changes. What is written is already in canonical form,
//! so that nothing has to be parsed a second time.

use std::fmt::Write as _;

use aws_lc_rs::digest;

use super::config::{Config, Name, Places};
use super::error::SignError;
use super::read::{ENVELOPED, FILTER};
use crate::xml::{Document, Limits, Node};
use crate::xmlsec::c14n::{self, Digesting, Form};
use crate::xmlsec::key::Signer;
use crate::xmlsec::{DSIG, DigestAlgorithm, SignatureAlgorithm, base64};

/// Where a new Signature goes: at a byte of the message, inside an element that comes with it.
#[derive(Clone, Copy, Debug)]
pub struct Splice<'s> {
    /// The byte in front of which it goes.
    pub at: usize,
    /// The start tag of the element that will hold it.
    pub before: &'s str,
    /// Its end tag.
    pub after: &'s str,
}

/// The prefixes that what we write uses itself.
const OWN_PREFIXES: [&str; 4] = ["ds", "f", "xml", "xmlns"];

/// Signs the whole message (enveloped-signature, exclusive form). Without an algorithm the key's first one is used.
///
/// # Errors
/// The message is none, nothing can stand at that byte, or the key does not sign.
pub fn sign_whole(
    message: &[u8],
    splice: &Splice<'_>,
    key: &dyn Signer,
    algorithm: Option<SignatureAlgorithm>,
    limits: &Limits,
) -> Result<Vec<u8>, SignError> {
    let algorithm = chosen(key, algorithm)?;
    // The digest is over the message with the holder and nothing in it: that is what enveloped-signature leaves.
    let held = spliced(message, splice, "")?;
    let document = Document::parse(&held, limits)?;
    let holder = splice.at..splice.at + splice.before.len() + splice.after.len();
    if !document.root().descendants().any(|node| node.range() == holder) {
        return Err(SignError::Place { at: splice.at });
    }
    let mut out = Digesting::new(algorithm.digest());
    c14n::document(&document, &Form::Exclusive(Vec::new()), None, &mut out);
    let mut transforms = String::new();
    put_transform(&mut transforms, ENVELOPED, "");
    put_transform(&mut transforms, Form::EXCLUSIVE, "");
    let mut info = String::with_capacity(1_024);
    put_methods(&mut info, algorithm);
    put_reference(&mut info, &transforms, algorithm.digest(), &out.finish());
    let signature = signature(key, algorithm, &info, &[], None)?;
    spliced(message, splice, &signature)
}

/// Signs elements of the message, each by a path (RFC 6545 §7.1.1: XPath Filter 2, which begins at the Signature's own Id)
/// and in the exclusive form, which does not change when the message around them does. One signature for all of them.
///
/// # Errors
/// There is no element or too many, no path leads to one, or the key does not sign.
pub fn sign_elements(
    document: &Document<'_>,
    elements: &[Node<'_>],
    splice: &Splice<'_>,
    places: &Places,
    key: &dyn Signer,
    algorithm: Option<SignatureAlgorithm>,
) -> Result<Vec<u8>, SignError> {
    let algorithm = chosen(key, algorithm)?;
    let limit = Config::default().references;
    if elements.is_empty() {
        return Err(SignError::Nothing);
    }
    if elements.len() > limit {
        return Err(SignError::Many { found: elements.len(), limit });
    }
    let mut prefixes = Prefixes::default();
    let mut parts = Vec::new();
    let mut all = digest::Context::new(&digest::SHA256);
    for element in elements {
        let (ancestor, steps) = way(*element, places, &mut prefixes)?;
        let mut out = Digesting::new(algorithm.digest());
        let form = Form::Exclusive(Vec::new());
        c14n::element(*element, &form, None, &mut out).map_err(|_| SignError::Path { path: element.path() })?;
        let digest = out.finish();
        all.update(digest.as_ref());
        parts.push((ancestor, steps, digest));
    }
    let id = fresh_id(document.source(), all.finish().as_ref());
    let mut info = String::with_capacity(2_048);
    put_methods(&mut info, algorithm);
    for (ancestor, steps, digest) in parts {
        let xpath = format!(
            "<f:XPath xmlns:f=\"{FILTER}\" Filter=\"intersect\">\
             //ds:Signature[@Id='{id}']/ancestor::{ancestor}{steps}</f:XPath>"
        );
        let mut transforms = String::new();
        put_transform(&mut transforms, FILTER, &xpath);
        put_transform(&mut transforms, Form::EXCLUSIVE, "");
        put_reference(&mut info, &transforms, algorithm.digest(), &digest);
    }
    let signature = signature(key, algorithm, &info, &prefixes.0, Some(&id))?;
    spliced(document.source().as_bytes(), splice, &signature)
}

fn chosen(key: &dyn Signer, wanted: Option<SignatureAlgorithm>) -> Result<SignatureAlgorithm, SignError> {
    let known = key.algorithms();
    match wanted {
        Some(wanted) if known.contains(&wanted) => Ok(wanted),
        Some(wanted) => Err(SignError::Algorithm { wanted: wanted.name() }),
        None => known.first().copied().ok_or(SignError::Algorithm { wanted: "any algorithm of the profile" }),
    }
}

fn spliced(message: &[u8], splice: &Splice<'_>, signature: &str) -> Result<Vec<u8>, SignError> {
    let Some((before, after)) = message.split_at_checked(splice.at) else {
        return Err(SignError::Place { at: splice.at });
    };
    Ok([before, splice.before.as_bytes(), signature.as_bytes(), splice.after.as_bytes(), after].concat())
}

/// The beginning of SignedInfo. It does not name the prefixes of its paths in an InclusiveNamespaces: the schema of XML
/// Signature has no place for one here, so that whoever validates by it would refuse the message. Nothing is lost: were a
/// prefix bound anew, the path could only lead to another element with the very same canonical bytes.
fn put_methods(info: &mut String, algorithm: SignatureAlgorithm) {
    let _ = write!(
        info,
        "<ds:CanonicalizationMethod Algorithm=\"{}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod>",
        Form::EXCLUSIVE,
        algorithm.uri()
    );
}

fn put_transform(transforms: &mut String, algorithm: &str, inner: &str) {
    let _ = write!(transforms, "<ds:Transform Algorithm=\"{algorithm}\">{inner}</ds:Transform>");
}

fn put_reference(info: &mut String, transforms: &str, method: DigestAlgorithm, value: &digest::Digest) {
    let _ = write!(
        info,
        "<ds:Reference URI=\"\"><ds:Transforms>{transforms}</ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{}\"></ds:DigestMethod><ds:DigestValue>{}</ds:DigestValue></ds:Reference>",
        method.uri(),
        base64::encoded(value.as_ref())
    );
}

/// The Signature element over that content of SignedInfo.
fn signature(
    key: &dyn Signer,
    algorithm: SignatureAlgorithm,
    info: &str,
    prefixes: &[(String, String)],
    id: Option<&str>,
) -> Result<String, SignError> {
    let mut declared: Vec<_> = prefixes.iter().map(|(prefix, name)| (prefix.as_str(), name.as_str())).collect();
    declared.push(("ds", DSIG));
    declared.sort_unstable();
    let mut declarations = String::new();
    for (prefix, name) in declared {
        declarations.push_str(" xmlns:");
        declarations.push_str(prefix);
        declarations.push_str("=\"");
        c14n::put_name(&mut declarations, name);
        declarations.push('"');
    }
    // The exclusive form declares what it uses itself, which is this one prefix.
    let canonical = format!("<ds:SignedInfo xmlns:ds=\"{DSIG}\">{info}</ds:SignedInfo>");
    let value = base64::encoded(&key.sign(algorithm, canonical.as_bytes())?);
    let id = id.map(|id| format!(" Id=\"{id}\"")).unwrap_or_default();
    let mut element = format!(
        "<ds:Signature{declarations}{id}><ds:SignedInfo>{info}</ds:SignedInfo><ds:SignatureValue>{value}</ds:SignatureValue>"
    );
    if let Some(certificate) = key.certificate() {
        let _ = write!(
            element,
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
            base64::encoded(certificate)
        );
    }
    element.push_str("</ds:Signature>");
    Ok(element)
}

/// An Id that the message does not use: it comes from what is signed, so that the same is written again for the same.
fn fresh_id(source: &str, digest: &[u8]) -> String {
    let mut id = digest.iter().take(8).fold("sig-".to_owned(), |id, byte| format!("{id}{byte:02x}"));
    while source.contains(&id) {
        id.push('x');
    }
    id
}

/// The prefixes that paths use, each with what it stands for.
#[derive(Default)]
struct Prefixes(Vec<(String, String)>);

impl Prefixes {
    /// The element's name with a prefix of ours: its own if that is free.
    fn name(&mut self, node: Node<'_>) -> String {
        if node.namespace().is_empty() {
            return node.name().to_owned();
        }
        if let Some((prefix, _)) = self.0.iter().find(|(_, name)| name == node.namespace()) {
            return format!("{prefix}:{}", node.name());
        }
        let written = node.qualified_name().split_once(':').map_or("", |(prefix, _)| prefix);
        let free = |prefix: &str| {
            !prefix.is_empty() && !OWN_PREFIXES.contains(&prefix) && !self.0.iter().any(|(known, _)| known == prefix)
        };
        let mut numbered = (1..=u32::MAX).map(|number| format!("n{number}"));
        let prefix =
            if free(written) { written.to_owned() } else { numbered.find(|name| free(name)).unwrap_or_default() };
        self.0.push((prefix.clone(), node.namespace().to_owned()));
        format!("{prefix}:{}", node.name())
    }
}

/// The way to the element: the name of the ancestor that it shares with the Signature, and the steps from there.
fn way(element: Node<'_>, places: &Places, prefixes: &mut Prefixes) -> Result<(String, String), SignError> {
    let no_way = || SignError::Path { path: element.path() };
    let shared: &[Name] = places.signature.split_last().map_or(&[], |(_, shared)| shared);
    let mut line: Vec<Node<'_>> = std::iter::successors(Some(element), |node| node.parent()).collect();
    line.reverse();
    let meets = shared.iter().zip(&line).all(|((space, name), node)| node.is(space, name));
    let (Some(ancestor), true, true) = (shared.len().checked_sub(1), meets, line.len() > shared.len()) else {
        return Err(no_way());
    };
    let ancestor = prefixes.name(*line.get(ancestor).ok_or_else(no_way)?);
    let mut steps = String::new();
    for node in line.into_iter().skip(shared.len()) {
        let same = |other: &Node<'_>| other.is(node.namespace(), node.name());
        let siblings = node.parent().into_iter().flat_map(Node::elements).filter(same);
        let place = siblings.take_while(|other| *other != node).count() + 1;
        let _ = write!(steps, "/{}[{place}]", prefixes.name(node));
    }
    Ok((ancestor, steps))
}
