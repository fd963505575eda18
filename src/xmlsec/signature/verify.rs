//! Judging the signatures of a message: which hold, who made them, and over what.

use std::ops::Range;

use super::config::{Config, Places, Standing};
use super::error::SignatureError;
use super::read::{Reference, Signature, Target, read};
use crate::xml::{Document, Node};
use crate::xmlsec::c14n::{self, Digesting};
use crate::xmlsec::{DSIG, SignatureAlgorithm, Trust, TrustedKey, XENC};

/// The attribute by which IODEF 2.0 names an element (RFC 7970 §3.3.2); a reference can name no other.
const OBSERVABLE_ID: &str = "observable-id";

/// What a signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covered {
    /// The whole message but for the Signature itself.
    WholeMessage,
    /// One element with all below it.
    Element {
        /// Its way from the root in local names.
        path: String,
        /// Its bytes in the source of the document that was judged: decode from exactly these.
        range: Range<usize>,
    },
}

/// A signature that holds. Only this module makes one, so to have it is proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    signer: TrustedKey,
    algorithm: SignatureAlgorithm,
    covered: Vec<Covered>,
}

impl Verified {
    /// Who made it, in the words of whoever trusts the key.
    #[must_use]
    pub fn signer(&self) -> &str {
        self.signer.signer()
    }

    /// The SubjectPublicKeyInfo (DER) of the key it was made with.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        self.signer.spki()
    }

    /// How it was made.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// What it covers, in the order of its references.
    #[must_use]
    pub fn covered(&self) -> &[Covered] {
        &self.covered
    }

    /// Whether it covers the whole message.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.covered.contains(&Covered::WholeMessage)
    }

    /// Whether it covers the element: itself, not merely something around it. (See [`Self::is_whole`].)
    #[must_use]
    pub fn covers(&self, node: Node<'_>) -> bool {
        self.covered.iter().any(|one| matches!(one, Covered::Element { range, .. } if *range == node.range()))
    }
}

/// What became of one Signature element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its bytes in the source.
    pub range: Range<usize>,
    /// That it holds, or why it does not count.
    pub verdict: Result<Verified, SignatureError>,
}

/// A Signature in its place, read but not yet judged.
#[derive(Debug)]
pub struct Found<'a> {
    node: Node<'a>,
    read: Result<Signature<'a>, SignatureError>,
}

/// Judges all signatures of the message, in document order. None at all is an empty list.
#[must_use]
pub fn verify(document: &Document<'_>, places: &Places, trust: &dyn Trust, config: &Config) -> Vec<Judged> {
    find(document, places, config).into_iter().map(|found| found.judge(document, trust, config)).collect()
}

/// Finds and reads all signatures of the message, for callers that judge only some of them: for a message that was
/// decrypted, those over one element.
#[must_use]
pub fn find<'a>(document: &'a Document<'_>, places: &Places, config: &Config) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for node in document.root().descendants().filter(|node| node.is(DSIG, "Signature")) {
        let standing = places.standing(node);
        if standing == Standing::InDocument {
            continue;
        }
        if found.len() == config.signatures {
            let limit = config.signatures;
            let read = Err(SignatureError::TooMany { what: "signatures in one message", found: limit + 1, limit });
            // None counts if there are too many: which one would be judged must not be the sender's choice.
            return vec![Found { node, read }];
        }
        let read = if standing == Standing::InPlace {
            read(node, config)
        } else {
            Err(SignatureError::Misplaced { path: node.path(), place: places.signature_path() })
        };
        found.push(Found { node, read });
    }
    found
}

impl<'a> Found<'a> {
    /// Whether it claims to cover the whole message. Nothing is proved yet.
    #[must_use]
    pub fn claims_whole(&self) -> bool {
        let whole = |one: &Reference<'_>| matches!(one.target, Target::Whole);
        self.read.as_ref().is_ok_and(|signature| signature.references.iter().any(whole))
    }

    /// The bytes of the element that holds it: without them the message is as it was before it was signed.
    #[must_use]
    pub fn holder(&self) -> Range<usize> {
        self.node.parent().unwrap_or(self.node).range()
    }

    /// What its references cover, the signature value left aside: proves nothing.
    #[cfg(test)]
    pub(super) fn followed(self, document: &'a Document<'_>) -> Result<Vec<Covered>, SignatureError> {
        self.read?.references.iter().map(|reference| follow(document, self.node, reference)).collect()
    }

    /// Judges it: first the signature value over SignedInfo with a trusted key, then each reference.
    #[must_use]
    pub fn judge(self, document: &'a Document<'_>, trust: &dyn Trust, config: &Config) -> Judged {
        let verdict = match &self.read {
            Ok(signature) => judge(document, self.node, signature, trust, config),
            Err(error) => Err(error.clone()),
        };
        Judged { range: self.node.range(), verdict }
    }
}

fn judge<'a>(
    document: &'a Document<'_>,
    node: Node<'a>,
    signature: &Signature<'a>,
    trust: &dyn Trust,
    config: &Config,
) -> Result<Verified, SignatureError> {
    let signer = signer(signature, trust, config)?;
    let mut covered = Vec::with_capacity(signature.references.len());
    for reference in &signature.references {
        covered.push(follow(document, node, reference)?);
    }
    Ok(Verified { signer, algorithm: signature.method, covered })
}

/// Whose key made the signature value.
fn signer(signature: &Signature<'_>, trust: &dyn Trust, config: &Config) -> Result<TrustedKey, SignatureError> {
    let candidates = trust.candidates(&signature.hint);
    if candidates.keys.is_empty() {
        let why = if candidates.refused.is_empty() {
            "none is configured for this signature".to_owned()
        } else {
            candidates.refused.join("; ")
        };
        return Err(SignatureError::NoKey { why });
    }
    let mut bytes = Vec::with_capacity(2 << 10);
    c14n::element(signature.signed_info, &signature.canonical, None, &mut bytes)?;
    let mut tried = Vec::new();
    for key in candidates.keys.into_iter().take(config.keys) {
        if key.verifies(signature.method, &bytes, &signature.value) {
            return Ok(key);
        }
        tried.push(key.signer().to_owned());
    }
    let mut tried = tried.join(", ");
    if !candidates.refused.is_empty() {
        tried = format!("{tried}; {}", candidates.refused.join("; "));
    }
    Err(SignatureError::Value { tried })
}

/// Follows one reference and compares its digest.
fn follow<'a>(
    document: &'a Document<'_>,
    signature: Node<'a>,
    reference: &Reference<'a>,
) -> Result<Covered, SignatureError> {
    let root = document.root();
    let mut out = Digesting::new(reference.digest);
    let target = match &reference.target {
        Target::Whole => None,
        Target::Id(id) => Some(identified(root, id)?),
        Target::Path(path) | Target::PathOfExclusive(path, _) => Some(path.follow(root, signature)?),
    };
    match (target, &reference.target) {
        (None, _) => c14n::document(document, &reference.form, Some(signature), &mut out),
        (Some(target), _) if encloses(target, signature) => {
            return Err(SignatureError::Enclosed { element: target.path() });
        }
        (Some(target), Target::PathOfExclusive(_, prefixes)) => {
            c14n::element_of_exclusive(target, prefixes, &reference.form, &mut out)?;
        }
        (Some(target), _) => c14n::element(target, &reference.form, None, &mut out)?,
    }
    if out.finish().as_ref() != reference.value.as_slice() {
        let what = target.map_or_else(|| "the message".to_owned(), Node::path);
        return Err(SignatureError::Changed { what });
    }
    Ok(match target {
        None => Covered::WholeMessage,
        Some(target) => Covered::Element { path: target.path(), range: target.range() },
    })
}

fn encloses(outer: Node<'_>, inner: Node<'_>) -> bool {
    let (outer, inner) = (outer.range(), inner.range());
    outer.start <= inner.start && inner.end <= outer.end
}

/// The one element with that observable-id. The identifiers of XML Signature, XML Encryption and xml:id share one space
/// with it, so that no element can be slipped in under the same name.
fn identified<'a>(root: Node<'a>, id: &str) -> Result<Node<'a>, SignatureError> {
    let mut found = None;
    let mut encrypted = false;
    for node in root.descendants() {
        encrypted |= node.is(XENC, "EncryptedData");
        let names = node.attributes().any(|one| {
            let kind =
                matches!((one.namespace, one.name), ("", OBSERVABLE_ID | "Id" | "ID" | "id") | (crate::xml::XML, "id"));
            kind && crate::xml::trim(one.value) == id
        });
        if names && found.replace(node).is_some() {
            return Err(SignatureError::SameId { id: id.to_owned() });
        }
    }
    match found.filter(|node| node.attribute(OBSERVABLE_ID).is_some_and(|value| crate::xml::trim(value) == id)) {
        Some(node) => Ok(node),
        None if encrypted => Err(SignatureError::Encrypted { id: id.to_owned() }),
        None => Err(SignatureError::NoSuchId { id: id.to_owned() }),
    }
}
