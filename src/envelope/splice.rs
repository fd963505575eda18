//! Documents that travel on: carried byte-exact, with one more entry in their path, or several in one.

use std::net::IpAddr;

use bytes::Bytes;

use super::content::Gist;
use super::opened::{Opened, Unopened, opened_of_staff};
use super::read::read_document;
use super::sealed::SealError;
use crate::clock::Timestamp;
use crate::ids::PeerName;
use crate::iodef::{v1, v2};
use crate::rid::{self, Reading, Standard, draft, signature, splice};
use crate::xml::{Document, Node, escape_attribute};
use crate::xmlsec::signature::Found;

/// A document that is to be carried in a message.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The standard it follows.
    pub standard: Standard,
    /// The bytes of its root element.
    pub bytes: Bytes,
    /// Namespaces (prefix, name) that its bytes rely on and do not declare themselves.
    pub namespaces: Vec<(String, String)>,
    /// The signatures over parts of it that came with it; they travel wherever it does (RFC 6545 §9.3.2).
    pub signatures: Vec<Attached>,
}

/// A signature over a part of a document, as it came.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The bytes of the Signature element.
    pub bytes: String,
    /// The namespaces (prefix, name) in scope around it.
    pub namespaces: Vec<(String, String)>,
}

impl Attached {
    /// Those of a message: the signatures that do not claim to cover the whole of it.
    pub(super) fn of(document: &Document<'_>, parts: &[Found<'_>]) -> Vec<Self> {
        let holders: Vec<_> = parts.iter().map(Found::holder).collect();
        let schema = payload_root(document).and_then(Node::parent).and_then(Node::parent);
        let nodes = schema.into_iter().flat_map(Node::elements).filter(|node| holders.contains(&node.range()));
        nodes
            .flat_map(Node::elements)
            .map(|signature| Self {
                bytes: signature.source().to_owned(),
                namespaces: signature
                    .namespaces()
                    .filter(|(prefix, _)| *prefix != "xml")
                    .map(|(prefix, name)| (prefix.to_owned(), name.to_owned()))
                    .collect(),
            })
            .collect()
    }
}

/// One RID system in the path of a document (RFC 6545 §6.1).
#[derive(Clone, Copy, Debug)]
pub struct PathEntry<'a> {
    /// Its name.
    pub name: &'a PeerName,
    /// Its address.
    pub address: Option<IpAddr>,
    /// Who answers for it.
    pub contact: &'a str,
    /// For a Request: when we took it up. A document without any record gets this one, so that there is something for its
    /// originator to sign (RFC 6545 §9.1).
    pub recorded: Option<Timestamp>,
}

impl Carried {
    pub(super) fn borrowed(&self) -> draft::Carried<'_> {
        draft::Carried { bytes: &self.bytes, scope: &self.namespaces }
    }

    /// Whether it has anything that an originator can sign.
    fn has_records(&self, reading: &Reading) -> bool {
        let mut holder = String::new();
        declared(&mut holder, &String::from_utf8_lossy(&self.bytes), &self.namespaces);
        Document::parse(holder.as_bytes(), &reading.for_sealed())
            .is_ok_and(|document| signature::has_records(document.root()))
    }

    /// With that entry appended to its path; no other byte changes. One that we cannot read is carried as it came.
    ///
    /// # Errors
    /// If it can no longer be read.
    fn with_path(self, entry: &PathEntry<'_>, reading: &Reading) -> Result<Self, SealError> {
        if !self.standard.is_iodef() {
            return Ok(self);
        }
        let name = Some(entry.name.to_string());
        let recorded = entry.recorded.filter(|_| self.signatures.is_empty() && !self.has_records(reading));
        let recorded = recorded.map(|time| time.to_string());
        let hop = splice::Hop { name, address: entry.address, contact: Some(entry.contact.to_owned()), recorded };
        let appended = splice::append(self.borrowed(), &hop, &reading.limits);
        let bytes = appended.map_err(|error| SealError::Splice { why: error.to_string() })?.into();
        Ok(Self { bytes, ..self })
    }
}

impl Opened {
    /// Its document as it came, to be carried on.
    pub fn carried(&self) -> Option<Carried> {
        let payload = self.content().payload.as_ref()?;
        let readable = self.readable();
        let bytes = (payload.range.end <= readable.len()).then(|| readable.slice(payload.range.clone()))?;
        let (standard, namespaces) = (payload.standard.clone(), payload.scope.clone());
        Some(Carried { standard, bytes, namespaces, signatures: self.attached().to_vec() })
    }

    /// Its document with that entry appended to its path; no other byte changes. One that we cannot read is carried as
    /// it came.
    ///
    /// # Errors
    /// If it can no longer be read.
    pub fn carried_with_path(&self, entry: &PathEntry<'_>, reading: &Reading) -> Result<Option<Carried>, SealError> {
        self.carried().map(|carried| carried.with_path(entry, reading)).transpose()
    }
}

pub(super) fn payload_root<'a>(document: &'a Document<'a>) -> Option<Node<'a>> {
    let policy = document.root().child(rid::NAMESPACE, "RIDPolicy")?;
    policy.child(rid::NAMESPACE, "ReportSchema")?.child(rid::NAMESPACE, "XMLDocument")?.elements().next()
}

/// Something that staff want sent.
#[derive(Clone, Debug)]
pub enum Outbound {
    /// A whole RID message.
    Rid(Box<Opened>),
    /// An IODEF document.
    Iodef {
        /// Its bytes, as given.
        bytes: Bytes,
        /// What it is about.
        gist: Gist,
    },
}

impl Outbound {
    /// An IODEF document as it is carried in a message, with our entry in its path if one is given.
    ///
    /// # Errors
    /// If it can no longer be read.
    pub fn carried(&self, entry: Option<&PathEntry<'_>>, reading: &Reading) -> Result<Option<Carried>, SealError> {
        let carried = match self {
            Self::Rid(opened) => opened.carried(),
            Self::Iodef { bytes, .. } => Some(whole(bytes, reading)?),
        };
        match (carried, entry) {
            (Some(carried), Some(entry)) => carried.with_path(entry, reading).map(Some),
            (carried, _) => Ok(carried),
        }
    }
}

/// The root element of a document that stands alone.
fn whole(bytes: &Bytes, reading: &Reading) -> Result<Carried, SealError> {
    let document =
        Document::parse(bytes, &reading.limits).map_err(|error| SealError::Splice { why: error.to_string() })?;
    let root = document.root();
    // A byte order mark in front is no part of the text that positions count in.
    let before = bytes.len() - document.source().len();
    let range = root.range().start + before..root.range().end + before;
    Ok(Carried {
        standard: Standard::of(root),
        bytes: bytes.slice(range),
        namespaces: Vec::new(),
        signatures: Vec::new(),
    })
}

/// Reads something that staff want sent: a RID message or an IODEF document, by the namespace of its root.
///
/// # Errors
/// What is the matter with it.
pub fn document(bytes: &Bytes, reading: &Reading) -> Result<Outbound, Unopened> {
    match read_document(bytes, reading)? {
        Some(gist) => Ok(Outbound::Iodef { bytes: bytes.clone(), gist }),
        None => Ok(Outbound::Rid(Box::new(opened_of_staff(bytes.clone(), reading)?))),
    }
}

/// One IODEF document that holds the Incidents of all these messages' documents, which are of one standard. A single one
/// is carried as it is.
///
/// # Errors
/// If one of them cannot be read any more.
pub fn merge(messages: &[Opened], reading: &Reading) -> Result<Option<Carried>, SealError> {
    let (Some(first), rest) = (messages.first(), messages.len()) else { return Ok(None) };
    let Some(payload) = &first.content().payload else { return Ok(None) };
    if rest == 1 {
        return Ok(first.carried());
    }
    let (namespace, version) = match payload.standard {
        Standard::Iodef2 => (v2::NAMESPACE, "2.00"),
        _ => (v1::NAMESPACE, "1.00"),
    };
    let lang = if namespace == v2::NAMESPACE { "xml:lang" } else { "lang" };
    let mut merged = format!("<IODEF-Document xmlns=\"{namespace}\" version=\"{version}\" {lang}=\"en\">");
    for message in messages {
        let document = Document::parse(message.readable(), &reading.limits)
            .map_err(|error| SealError::Splice { why: error.to_string() })?;
        let Some(root) = payload_root(&document) else { continue };
        for incident in root.elements().filter(|node| node.name() == "Incident") {
            let scope = root.namespaces().map(|(prefix, name)| (prefix.to_owned(), name.to_owned()));
            declared(&mut merged, incident.source(), &scope.collect::<Vec<_>>());
        }
    }
    merged.push_str("</IODEF-Document>");
    // What was signed in each of them stands elsewhere now; their signatures stay with the single documents.
    let (standard, bytes) = (payload.standard.clone(), merged.into());
    Ok(Some(Carried { standard, bytes, namespaces: Vec::new(), signatures: Vec::new() }))
}

/// Appends the element with declarations of all these namespaces that it does not declare itself.
pub(super) fn declared(out: &mut String, source: &str, scope: &[(String, String)]) {
    let name_end = source.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(source.len());
    let (head, tail) = source.split_at(name_end);
    let tag = tail.find('>').map_or(tail, |end| &tail[..end]);
    out.push_str(head);
    for (prefix, name) in scope.iter().filter(|(prefix, _)| prefix != "xml") {
        let attribute = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        if !tag.contains(&format!("{attribute}=")) {
            out.push_str(&format!(" {attribute}=\"{}\"", escape_attribute(name)));
        }
    }
    out.push_str(tail);
}
