//! Reading a Signature element: strictly, and all of it before anything is computed from it. What is not of the profile is
//! refused here by its name. Called by `verify`.

use super::config::Config;
use super::error::SignatureError;
use crate::xml::{self, Item, Node};
use crate::xmlsec::c14n::Form;
use crate::xmlsec::xpath::{Path, PathLimits};
use crate::xmlsec::{DSIG, DigestAlgorithm, KeyHint, SignatureAlgorithm, base64};

pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// The transform and the namespace of XPath Filter 2.
pub(super) const FILTER: &str = "http://www.w3.org/2002/06/xmldsig-filter2";
/// Of XML Signature 1.1 and of later key forms; only known to be passed over.
const DSIG_11: &str = "http://www.w3.org/2009/xmldsig11#";
/// No signature value is longer, in bytes: RSA of 8,192 bits.
const MAX_VALUE: usize = 1 << 10;
/// No certificate is longer, in bytes.
const MAX_CERTIFICATE: usize = 16 << 10;

/// No row of transforms in the profile is longer.
const MAX_TRANSFORMS: usize = 3;

/// A Signature of the profile.
#[derive(Debug)]
pub(super) struct Signature<'a> {
    pub(super) signed_info: Node<'a>,
    pub(super) canonical: Form<'a>,
    pub(super) method: SignatureAlgorithm,
    pub(super) value: Vec<u8>,
    pub(super) references: Vec<Reference<'a>>,
    pub(super) hint: KeyHint,
}

/// What one Reference names and how it is digested.
#[derive(Debug)]
pub(super) struct Reference<'a> {
    pub(super) target: Target<'a>,
    pub(super) form: Form<'a>,
    pub(super) digest: DigestAlgorithm,
    pub(super) value: Vec<u8>,
}

/// What one Reference names.
#[derive(Debug)]
pub(super) enum Target<'a> {
    /// The whole message but for this Signature.
    Whole,
    /// The element with that identifier.
    Id(&'a str),
    /// The element at that path; the form follows.
    Path(Path<'a>),
    /// The same, the exclusive form of the whole message coming first and an inclusive one of the element last: the
    /// order that RFC 6545 §7.1.1 prints.
    PathOfExclusive(Path<'a>, Vec<&'a str>),
}

type Read<T> = Result<T, SignatureError>;

/// Reads the Signature.
pub(super) fn read<'a>(node: Node<'a>, config: &Config) -> Read<Signature<'a>> {
    let mut children = Children::of(node)?;
    let signed_info = children.one(DSIG, "SignedInfo")?;
    let value = children.one(DSIG, "SignatureValue")?;
    let key_info = children.optional(DSIG, "KeyInfo");
    children.end()?;
    let mut inner = Children::of(signed_info)?;
    let canonical = form(inner.one(DSIG, "CanonicalizationMethod")?, "canonicalisation", config)?;
    let method = signature_method(inner.one(DSIG, "SignatureMethod")?)?;
    let mut references = Vec::new();
    while let Some(one) = inner.optional(DSIG, "Reference") {
        if references.len() == config.references {
            let limit = config.references;
            return Err(SignatureError::TooMany { what: "references in one signature", found: limit + 1, limit });
        }
        references.push(reference(one, config)?);
    }
    inner.end()?;
    if references.is_empty() {
        return Err(form_fault(signed_info, "at least one Reference", "none"));
    }
    Ok(Signature {
        signed_info,
        canonical,
        method,
        value: bytes(value, MAX_VALUE)?,
        references,
        hint: key_info.map_or_else(|| Ok(KeyHint::default()), |node| key_hint(node, config))?,
    })
}

fn form_fault(node: Node<'_>, expected: &'static str, found: impl Into<String>) -> SignatureError {
    SignatureError::Form { element: node.name().to_owned(), expected, found: found.into() }
}

fn algorithm(node: Node<'_>) -> Read<&str> {
    node.attribute("Algorithm").ok_or_else(|| form_fault(node, "the attribute Algorithm", "none"))
}

fn no_parameters(node: Node<'_>) -> Read<()> {
    Children::of(node)?.end()
}

/// Base64 of at most so many bytes.
fn bytes(node: Node<'_>, most: usize) -> Read<Vec<u8>> {
    no_elements(node)?;
    let text = node.text();
    // Line ends add to the four characters for three bytes.
    if text.len() > most * 2 {
        return Err(form_fault(node, "base64 of a usual length", format!("{} characters", text.len())));
    }
    base64::decode(&text).ok_or_else(|| form_fault(node, "base64", "something else"))
}

fn no_elements(node: Node<'_>) -> Read<()> {
    match node.elements().next() {
        Some(child) => Err(form_fault(node, "text only", format!("<{}>", child.name()))),
        None => Ok(()),
    }
}

fn signature_method(node: Node<'_>) -> Read<SignatureAlgorithm> {
    let name = algorithm(node)?;
    let method = SignatureAlgorithm::from_uri(name).ok_or_else(|| SignatureError::Outside {
        what: "the signature algorithm",
        name: name.to_owned(),
        expected: "RSA (PKCS#1 or PSS with MGF1) with SHA-256, SHA-384 or SHA-512, ECDSA with SHA-256 or SHA-384, Ed25519",
    })?;
    no_parameters(node)?;
    Ok(method)
}

fn digest_method(node: Node<'_>) -> Read<DigestAlgorithm> {
    let name = algorithm(node)?;
    let method = DigestAlgorithm::from_uri(name).ok_or_else(|| SignatureError::Outside {
        what: "the digest algorithm",
        name: name.to_owned(),
        expected: "SHA-256, SHA-384 or SHA-512",
    })?;
    no_parameters(node)?;
    Ok(method)
}

/// The canonical form that a CanonicalizationMethod or a Transform names.
fn form<'a>(node: Node<'a>, what: &'static str, config: &Config) -> Read<Form<'a>> {
    let name = algorithm(node)?;
    let form = match name {
        Form::EXCLUSIVE => return Ok(Form::Exclusive(prefixes(node, config)?)),
        Form::INCLUSIVE => Form::Inclusive,
        Form::INCLUSIVE_11 => Form::Inclusive11,
        other => {
            let what = if what == "transform" { "the transform" } else { "the canonicalisation" };
            return Err(SignatureError::Outside { what, name: other.to_owned(), expected: FORMS });
        }
    };
    no_parameters(node)?;
    Ok(form)
}

const FORMS: &str = "exclusive C14N 1.0 or inclusive C14N 1.0 or 1.1, without comments";

/// The prefixes of an InclusiveNamespaces, if there is one.
fn prefixes<'a>(node: Node<'a>, config: &Config) -> Read<Vec<&'a str>> {
    let mut children = Children::of(node)?;
    let list = children.optional(Form::EXCLUSIVE, "InclusiveNamespaces");
    children.end()?;
    let Some(list) = list else { return Ok(Vec::new()) };
    no_parameters(list)?;
    let words = list.attribute("PrefixList").unwrap_or_default().split_ascii_whitespace();
    let prefixes: Vec<_> =
        words.map(|word| if word == "#default" { "" } else { word }).take(config.prefixes + 1).collect();
    if prefixes.len() > config.prefixes {
        let what = "prefixes in one InclusiveNamespaces";
        return Err(SignatureError::TooMany { what, found: prefixes.len(), limit: config.prefixes });
    }
    Ok(prefixes)
}

fn reference<'a>(node: Node<'a>, config: &Config) -> Read<Reference<'a>> {
    let uri = node.attribute("URI").ok_or_else(|| form_fault(node, "the attribute URI", "none"))?;
    let id = match uri.strip_prefix('#') {
        Some(id) if !id.is_empty() && !id.contains(['(', '%']) => Some(id),
        None if uri.is_empty() => None,
        _ => {
            let expected = "\"\" or \"#\" and an observable-id; nothing is fetched";
            return Err(SignatureError::Outside { what: "the reference", name: uri.to_owned(), expected });
        }
    };
    let mut children = Children::of(node)?;
    let transforms = children.optional(DSIG, "Transforms");
    let digest = digest_method(children.one(DSIG, "DigestMethod")?)?;
    let value = bytes(children.one(DSIG, "DigestValue")?, 64)?;
    children.end()?;
    let mut steps = Steps::default();
    if let Some(transforms) = transforms {
        let mut children = Children::of(transforms)?;
        let mut before = 0;
        while let Some(one) = children.optional(DSIG, "Transform") {
            before += 1;
            if before > MAX_TRANSFORMS {
                let what = "transforms in one reference";
                return Err(SignatureError::TooMany { what, found: before, limit: MAX_TRANSFORMS });
            }
            steps.add(one, config)?;
        }
        children.end()?;
    }
    let (target, form) = steps.target(id)?;
    Ok(Reference { target, form, digest, value })
}

/// The transforms of one reference, as far as they were read.
#[derive(Default)]
struct Steps<'a> {
    enveloped: bool,
    /// The exclusive form in front of a path: its prefixes.
    first: Option<Vec<&'a str>>,
    path: Option<Path<'a>>,
    form: Option<Form<'a>>,
}

impl<'a> Steps<'a> {
    fn add(&mut self, node: Node<'a>, config: &Config) -> Read<()> {
        let name = algorithm(node)?;
        let first = !self.enveloped && self.path.is_none() && self.form.is_none();
        match name {
            ENVELOPED if first => {
                no_parameters(node)?;
                self.enveloped = true;
            }
            FILTER if !self.enveloped && self.path.is_none() => {
                self.first = match self.form.take() {
                    None => None,
                    Some(Form::Exclusive(prefixes)) => Some(prefixes),
                    Some(Form::Inclusive | Form::Inclusive11) => {
                        return Err(order("inclusive C14N, then XPath Filter 2"));
                    }
                };
                self.path = Some(path(node, config)?);
            }
            ENVELOPED | FILTER => return Err(misplaced(name)),
            _ if self.form.is_none() => self.form = Some(transform_form(node, config)?),
            _ => return Err(misplaced(name)),
        }
        Ok(())
    }

    fn target(self, id: Option<&'a str>) -> Read<(Target<'a>, Form<'a>)> {
        // Without a form the digest implies the inclusive one (XML Signature §4.4.3.2).
        let form = self.form.unwrap_or(Form::Inclusive);
        match (id, self.path, self.enveloped) {
            (None, None, true) => Ok((Target::Whole, form)),
            (None, None, false) => Err(SignatureError::Outside {
                what: "for the whole message",
                name: form.name().to_owned(),
                expected: "enveloped-signature first: no signature can cover itself",
            }),
            (None, Some(path), _) => match (self.first, form) {
                (None, form) => Ok((Target::Path(path), form)),
                // An element's exclusive form does not depend on what is around it, and so not on the first one.
                (Some(_), Form::Exclusive(prefixes)) if prefixes.is_empty() => {
                    Ok((Target::Path(path), Form::Exclusive(prefixes)))
                }
                (Some(first), form @ (Form::Inclusive | Form::Inclusive11)) => {
                    Ok((Target::PathOfExclusive(path, first), form))
                }
                (Some(_), Form::Exclusive(_)) => {
                    Err(order("a path between two exclusive forms with InclusiveNamespaces"))
                }
            },
            (Some(id), None, false) => Ok((Target::Id(id), form)),
            (Some(_), Some(_), _) => Err(misplaced(FILTER)),
            (Some(_), None, true) => Err(misplaced(ENVELOPED)),
        }
    }
}

fn order(name: &str) -> SignatureError {
    SignatureError::Outside {
        what: "the order of transforms",
        name: name.to_owned(),
        expected: "a path and then one form, or the exclusive form, a path and then one form",
    }
}

fn misplaced(name: &str) -> SignatureError {
    SignatureError::Outside {
        what: "at this place the transform",
        name: name.to_owned(),
        expected: "enveloped-signature and C14N for URI \"\", XPath Filter 2 and C14N in either order for URI \"\", \
                   or C14N alone",
    }
}

fn transform_form<'a>(node: Node<'a>, config: &Config) -> Read<Form<'a>> {
    match algorithm(node)? {
        Form::EXCLUSIVE | Form::INCLUSIVE | Form::INCLUSIVE_11 => form(node, "transform", config),
        other => Err(SignatureError::Outside {
            what: "the transform",
            name: other.to_owned(),
            expected: "enveloped-signature, XPath Filter 2, exclusive C14N 1.0 or inclusive C14N 1.0 or 1.1",
        }),
    }
}

fn path<'a>(node: Node<'a>, config: &Config) -> Read<Path<'a>> {
    let mut children = Children::of(node)?;
    let holder = children.one(FILTER, "XPath")?;
    children.end()?;
    let filter = holder.attribute("Filter").unwrap_or_default();
    if filter != "intersect" {
        let expected = "\"intersect\" alone";
        return Err(SignatureError::Outside { what: "the Filter", name: filter.to_owned(), expected });
    }
    no_elements(holder)?;
    let limits = PathLimits { bytes: config.path_bytes, steps: config.path_steps };
    Ok(Path::read(&holder.text(), holder, limits)?)
}

/// The certificates in KeyInfo. Other ways to name a key are passed over: they choose nothing we could not try anyway.
fn key_hint(node: Node<'_>, config: &Config) -> Read<KeyHint> {
    let mut hint = KeyHint::default();
    for child in node.elements() {
        let known = child.namespace() == DSIG && matches!(child.name(), "KeyName" | "KeyValue")
            || child.namespace() == DSIG_11 && child.name() == "DEREncodedKeyValue";
        if known {
            continue;
        }
        if !child.is(DSIG, "X509Data") {
            return Err(SignatureError::Outside {
                what: "in KeyInfo",
                name: child.name().to_owned(),
                expected: "X509Data, KeyName or KeyValue; nothing is fetched",
            });
        }
        for one in child.elements().filter(|one| one.is(DSIG, "X509Certificate")) {
            if hint.certificates.len() == config.certificates {
                let limit = config.certificates;
                return Err(SignatureError::TooMany { what: "certificates in one KeyInfo", found: limit + 1, limit });
            }
            hint.certificates.push(bytes(one, MAX_CERTIFICATE)?);
        }
    }
    Ok(hint)
}

/// The children of an element that holds elements only, taken in order.
struct Children<'a> {
    parent: Node<'a>,
    next: Option<Node<'a>>,
}

impl<'a> Children<'a> {
    fn of(parent: Node<'a>) -> Read<Self> {
        let stray = parent.items().find_map(|item| match item {
            Item::Text(text, _) if !xml::trim(text).is_empty() => Some("text"),
            Item::Instruction(..) => Some("a processing instruction"),
            _ => None,
        });
        if let Some(stray) = stray {
            return Err(form_fault(parent, "elements only", stray));
        }
        Ok(Self { parent, next: parent.elements().next() })
    }

    fn optional(&mut self, namespace: &str, name: &str) -> Option<Node<'a>> {
        let found = self.next.filter(|node| node.is(namespace, name))?;
        self.next = found.next();
        Some(found)
    }

    fn one(&mut self, namespace: &str, name: &'static str) -> Read<Node<'a>> {
        self.optional(namespace, name).ok_or_else(|| {
            let found = self
                .next
                .map_or_else(|| "nothing".to_owned(), |node| format!("<{}> of {:?}", node.name(), node.namespace()));
            form_fault(self.parent, name, found)
        })
    }

    fn end(self) -> Read<()> {
        match self.next {
            None => Ok(()),
            Some(more) => Err(SignatureError::Outside {
                what: "the element",
                name: more.name().to_owned(),
                expected: "nothing at this place",
            }),
        }
    }
}
