//! Documents that travel on: carried byte-exact, with one more entry in their path, or several in one.

use std::net::IpAddr;

use bytes::Bytes;

use super::content::{Gist, IncidentId, Standard};
use super::opened::{Opened, Unopened, opened_of_staff};
use super::read::{IODEF_1, IODEF_2, RID, first_incident, read_document, standard_of};
use super::sealed::SealError;
use crate::ids::PeerName;
use crate::xml::{Document, Limits, Node, escape_attribute, escape_text};

/// A document that is to be carried in a message.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The standard it follows.
    pub standard: Standard,
    /// The bytes of its root element.
    pub bytes: Bytes,
    /// Namespaces (prefix, name) that its bytes rely on and do not declare themselves.
    pub namespaces: Vec<(String, String)>,
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
}

impl Opened {
    /// Its document as it came, to be carried on.
    ///
    /// # Errors
    /// If it has none.
    pub fn carried(&self, limits: &Limits) -> Result<Option<Carried>, SealError> {
        self.carry(limits, |_| None)
    }

    /// Its document with that entry appended to its path; no other byte changes. One that we cannot read is carried as
    /// it came.
    ///
    /// # Errors
    /// If it can no longer be read.
    pub fn carried_with_path(&self, entry: &PathEntry<'_>, limits: &Limits) -> Result<Option<Carried>, SealError> {
        self.carry(limits, |root| path_insert(root, entry))
    }

    fn carry(&self, limits: &Limits, insert: impl Fn(Node<'_>) -> Option<(usize, String)>) -> Carrying {
        if self.content().payload.is_none() {
            return Ok(None);
        }
        carry(self.bytes(), limits, payload_root, insert)
    }
}

type Carrying = Result<Option<Carried>, SealError>;

fn carry(
    source: &Bytes,
    limits: &Limits,
    root: impl for<'a> Fn(&'a Document<'a>) -> Option<Node<'a>>,
    insert: impl Fn(Node<'_>) -> Option<(usize, String)>,
) -> Carrying {
    let document = Document::parse(source, limits).map_err(|error| SealError::Splice { why: error.to_string() })?;
    let Some(root) = root(&document) else { return Ok(None) };
    let standard = standard_of(root);
    let range = root.range();
    let whole = source.slice(range.clone());
    let bytes = match insert(root).filter(|_| standard.is_iodef()) {
        None => whole,
        Some((at, element)) => {
            let at = at - range.start;
            [&whole[..at], element.as_bytes(), &whole[at..]].concat().into()
        }
    };
    Ok(Some(Carried { standard, bytes, namespaces: outer_namespaces(root) }))
}

fn path_insert(root: Node<'_>, entry: &PathEntry<'_>) -> Option<(usize, String)> {
    let incident = first_incident(root)?;
    let last = incident.elements().filter(|node| matches!(node.name(), "Contact" | "EventData")).last()?;
    Some((last.range().end, path_element(incident.namespace(), entry)))
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
        /// The IncidentID of its first Incident.
        incident: Option<IncidentId>,
    },
}

impl Outbound {
    /// An IODEF document as it is carried in a message, with our entry in its path if one is given.
    ///
    /// # Errors
    /// If it can no longer be read.
    pub fn carried(&self, entry: Option<&PathEntry<'_>>, limits: &Limits) -> Result<Option<Carried>, SealError> {
        match self {
            Self::Rid(opened) => opened.carried(limits),
            Self::Iodef { bytes, .. } => {
                carry(bytes, limits, |document| Some(document.root()), |root| path_insert(root, entry?))
            }
        }
    }
}

/// Reads something that staff want sent: a RID message or an IODEF document, by the namespace of its root.
///
/// # Errors
/// What is the matter with it.
pub fn document(bytes: &Bytes, limits: &Limits) -> Result<Outbound, Unopened> {
    match read_document(bytes, limits)? {
        Some((gist, incident)) => Ok(Outbound::Iodef { bytes: bytes.clone(), gist, incident }),
        None => Ok(Outbound::Rid(Box::new(opened_of_staff(bytes.clone(), limits)?))),
    }
}

pub(super) fn payload_root<'a>(document: &'a Document<'a>) -> Option<Node<'a>> {
    let policy = document.root().child(RID, "RIDPolicy")?;
    policy.child(RID, "ReportSchema")?.child(RID, "XMLDocument")?.elements().next()
}

/// The namespaces in scope around the element.
fn outer_namespaces(root: Node<'_>) -> Vec<(String, String)> {
    let Some(parent) = root.parent() else { return Vec::new() };
    let outer = parent.namespaces().filter(|(prefix, _)| *prefix != "xml");
    outer.map(|(prefix, name)| (prefix.to_owned(), name.to_owned())).collect()
}

fn path_element(namespace: &str, entry: &PathEntry<'_>) -> String {
    let name = escape_text(entry.name.as_str());
    let address = entry.address.map(|address| {
        let category = if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" };
        format!("<Address category=\"{category}\">{address}</Address>")
    });
    let address = address.unwrap_or_default();
    let contact = escape_text(entry.contact);
    let (contact_name, node) = if namespace == IODEF_2 {
        let domain = "<DomainData system-status=\"unknown\" domain-status=\"unknown\">";
        ("ContactName", format!("{domain}<Name>{name}</Name></DomainData>{address}"))
    } else {
        ("ContactName", format!("<NodeName>{name}</NodeName>{address}"))
    };
    format!(
        "<EventData xmlns=\"{}\"><Contact role=\"creator\" type=\"organization\"><{contact_name}>{contact}</{contact_name}></Contact>\
         <Flow><System category=\"infrastructure\"><Node>{node}</Node></System></Flow></EventData>",
        escape_attribute(namespace)
    )
}

/// One IODEF document that holds the Incidents of all these messages' documents, which are of one standard. A single one
/// is carried as it is.
///
/// # Errors
/// If one of them cannot be read any more.
pub fn merge(messages: &[Opened], limits: &Limits) -> Result<Option<Carried>, SealError> {
    let (Some(first), rest) = (messages.first(), messages.len()) else { return Ok(None) };
    let Some(payload) = &first.content().payload else { return Ok(None) };
    if rest == 1 {
        return first.carried(limits);
    }
    let (namespace, version) = match payload.standard {
        Standard::Iodef2 => (IODEF_2, "2.00"),
        _ => (IODEF_1, "1.00"),
    };
    let lang = if namespace == IODEF_2 { "xml:lang" } else { "lang" };
    let mut merged = format!("<IODEF-Document xmlns=\"{namespace}\" version=\"{version}\" {lang}=\"en\">");
    for message in messages {
        let document =
            Document::parse(message.bytes(), limits).map_err(|error| SealError::Splice { why: error.to_string() })?;
        let Some(root) = payload_root(&document) else { continue };
        for incident in root.elements().filter(|node| node.name() == "Incident") {
            push_with_namespaces(&mut merged, incident, root);
        }
    }
    merged.push_str("</IODEF-Document>");
    Ok(Some(Carried { standard: payload.standard.clone(), bytes: merged.into(), namespaces: Vec::new() }))
}

/// Appends the element with declarations of every namespace that was in scope at `scope`.
fn push_with_namespaces(out: &mut String, element: Node<'_>, scope: Node<'_>) {
    let source = element.source();
    let name_end = source.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(source.len());
    let (head, tail) = source.split_at(name_end);
    let tag = tail.find('>').map_or(tail, |end| &tail[..end]);
    out.push_str(head);
    for (prefix, name) in scope.namespaces().filter(|(prefix, _)| *prefix != "xml") {
        let attribute = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        if !tag.contains(&format!("{attribute}=")) {
            out.push_str(&format!(" {attribute}=\"{}\"", escape_attribute(name)));
        }
    }
    out.push_str(tail);
}
