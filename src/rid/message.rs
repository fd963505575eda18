//! Reading a message: bytes to what the exchange needs to know, all of it checked. Called by `envelope`.
//!
//! One parse, one validation: RID, the document inside (by the namespace of its root, whatever its label says) and known
//! extensions. What the schemas refuse is an error that still tells MsgType and IncidentID where they can be read, so
//! that the sender can be answered; what only the prose forbids is a warning.

use std::ops::Range;

use crate::iodef::common::class::{Enumerated, Finding, Kind, Options, Valid, View, Violation};
use crate::iodef::summary::Summary;
use crate::iodef::{v1, v2};
use crate::rid::policy::{Host, IncidentId, Policy, Source, Status};
use crate::rid::{Justification, MsgType, NAMESPACE, RidMessage, grammar};
use crate::xml::{Document, Fault, Limits, Node, XmlError};

const XML_ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";

/// The standard that a document follows, by the namespace of its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standard {
    /// IODEF 1.0 (RFC 5070).
    Iodef1,
    /// IODEF 2.0 (RFC 7970).
    Iodef2,
    /// XML Encryption: not readable before it is decrypted.
    Encrypted,
    /// Another namespace: kept and ignored (RFC 6545 §5.6).
    Foreign(String),
}

impl Standard {
    /// The word for it: `iodef-1.0`, `iodef-2.0`, `encrypted`, or the namespace.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Iodef1 => "iodef-1.0",
            Self::Iodef2 => "iodef-2.0",
            Self::Encrypted => "encrypted",
            Self::Foreign(namespace) => namespace,
        }
    }

    /// Whether it is IODEF, readable here.
    #[must_use]
    pub fn is_iodef(&self) -> bool {
        matches!(self, Self::Iodef1 | Self::Iodef2)
    }

    pub(crate) fn of(root: Node<'_>) -> Self {
        match root.namespace() {
            v1::NAMESPACE => Self::Iodef1,
            v2::NAMESPACE => Self::Iodef2,
            XML_ENCRYPTION => Self::Encrypted,
            other => Self::Foreign(other.to_owned()),
        }
    }
}

/// The document a message carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// What it follows.
    pub standard: Standard,
    /// Where its root element stands in the message.
    pub range: Range<usize>,
    /// Namespaces (prefix, name) declared around it, on which its bytes may count.
    pub scope: Vec<(String, String)>,
    /// What ReportSchema says it is.
    pub label: Label,
}

/// How ReportSchema names the document's schema; `ext-value` is resolved already. Only a label: the root decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Its version.
    pub version: Option<String>,
    /// Its namespace.
    pub schema: Option<String>,
}

/// What could be read of a message that is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glimpse {
    /// Its type.
    pub msg_type: Option<MsgType>,
    /// Its incident.
    pub incident: Option<IncidentId>,
}

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RidError {
    /// Not read at all.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Against the schemas.
    #[error("{violation}")]
    Schema {
        /// What is wrong.
        violation: Box<Violation>,
        /// What could be read.
        glimpse: Box<Glimpse>,
    },
}

impl RidError {
    /// What could be read of the message.
    #[must_use]
    pub fn glimpse(&self) -> Glimpse {
        match self {
            Self::Xml(_) => Glimpse::default(),
            Self::Schema { glimpse, .. } => (**glimpse).clone(),
        }
    }

    /// The word for the verdict: malformed, forbidden or invalid.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self {
            Self::Xml(error) if error.fault == Fault::Malformed => "malformed",
            Self::Schema { violation, .. } if violation.kind == Kind::Invalid => "invalid",
            Self::Xml(_) | Self::Schema { .. } => "forbidden",
        }
    }

    /// What a Denied Acknowledgement gives as the reason (RFC 6545 §5.2).
    #[must_use]
    pub fn justification(&self) -> Justification {
        Justification::UnrecognizedFormat
    }
}

/// A message that was read and found valid.
#[derive(Debug)]
pub struct Message<'a> {
    valid: Valid<'a>,
    /// Its language.
    pub lang: String,
    /// What it says about itself. RequestStatus and IncidentSource may stand alone (RFC 6545 §5).
    pub policy: Option<Policy>,
    /// In an Acknowledgement: what becomes of the request.
    pub status: Option<Status>,
    /// In a Result: whether the source was found.
    pub source: Option<Source>,
    /// The document it carries.
    pub payload: Option<Payload>,
}

impl<'a> Message<'a> {
    /// Reads a message. Where nothing else is configured, `options` are [`options`](crate::rid::options).
    ///
    /// # Errors
    /// See [`RidError`].
    pub fn open(bytes: &'a [u8], limits: &Limits, options: &Options) -> Result<Self, RidError> {
        Self::read(Document::parse(bytes, limits)?, options)
    }

    /// Reads a message that was parsed already: the very document whose signatures were judged.
    ///
    /// # Errors
    /// See [`RidError`]; none is about XML.
    pub fn read(document: Document<'a>, options: &Options) -> Result<Self, RidError> {
        let valid = match grammar().open(document, options) {
            Ok(valid) => valid,
            Err(refusal) => {
                let (violation, document) = *refusal;
                return Err(RidError::Schema { violation: Box::new(violation), glimpse: glimpse(document.root()) });
            }
        };
        let Some(root) = valid.root::<RidMessage>() else {
            let found = valid.document().root();
            return Err(refused(found, found, format!("<RID> of {NAMESPACE} as the root element"), "RFC 6545 §5"));
        };
        let payload = payload(root)?;
        Ok(Self {
            lang: root.lang().to_owned(),
            policy: root.rid_policy().map(Policy::read),
            status: root.request_status().map(|status| Status {
                authorization: status.authorization_status(),
                justification: status.justification(),
                ext_justification: status.ext_justification().map(str::to_owned),
            }),
            source: root.incident_source().map(|source| Source {
                found: matches!(source.source_found().content().as_ref(), "true" | "1"),
                nodes: source.source_node().map(Host::read).collect(),
            }),
            payload,
            valid,
        })
    }

    /// The message's type: what RIDPolicy says, or what stands alone implies.
    #[must_use]
    pub fn msg_type(&self) -> Option<MsgType> {
        match &self.policy {
            Some(policy) => Some(policy.msg_type),
            None if self.status.is_some() => Some(MsgType::Acknowledgement),
            None => self.source.as_ref().map(|_| MsgType::Result),
        }
    }

    /// The incident it is about.
    #[must_use]
    pub fn incident(&self) -> Option<&IncidentId> {
        self.policy.as_ref()?.incident.as_ref()
    }

    /// The whole message, class by class.
    #[must_use]
    #[expect(clippy::expect_used, reason = "open() read it so before")]
    pub fn view(&self) -> View<'_, RidMessage> {
        self.valid.root().expect("open() takes no other root")
    }

    /// The parsed message.
    #[must_use]
    pub fn document(&self) -> &Document<'a> {
        self.valid.document()
    }

    /// The bytes of the document it carries, as they were received.
    #[must_use]
    pub fn payload_bytes(&self) -> Option<&'a [u8]> {
        self.document().source().as_bytes().get(self.payload.as_ref()?.range.clone())
    }

    /// The root element of the document it carries.
    #[must_use]
    pub fn payload_root(&self) -> Option<Node<'_>> {
        let schema = self.view().rid_policy()?.report_schema()?;
        schema.xml_document().element().elements().next()
    }

    /// The document it carries, if it is IODEF 1.0.
    #[must_use]
    pub fn iodef_1(&self) -> Option<View<'_, v1::IodefDocument>> {
        self.valid.embedded(grammar(), self.payload_root()?)
    }

    /// The document it carries, if it is IODEF 2.0.
    #[must_use]
    pub fn iodef_2(&self) -> Option<View<'_, v2::IodefDocument>> {
        self.valid.embedded(grammar(), self.payload_root()?)
    }

    /// What the document it carries says, if it is IODEF.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        Summary::of(self.payload_root()?)
    }

    /// What is odd about it, though no reason to refuse it.
    #[must_use]
    pub fn warnings(&self) -> &[Finding] {
        &self.valid.warnings
    }
}

fn refused(root: Node<'_>, at: Node<'_>, expected: String, section: &str) -> RidError {
    let violation = Violation {
        kind: Kind::Invalid,
        position: at.position(),
        element: at.path(),
        expected,
        found: format!(
            "<{}> of {}",
            at.name(),
            if at.namespace().is_empty() { "no namespace" } else { at.namespace() }
        ),
        section: section.to_owned(),
    };
    RidError::Schema { violation: Box::new(violation), glimpse: glimpse(root) }
}

impl Glimpse {
    /// What can be read of the message with that root element, valid or not.
    #[must_use]
    pub fn of(root: Node<'_>) -> Self {
        *glimpse(root)
    }
}

fn glimpse(root: Node<'_>) -> Box<Glimpse> {
    let policy = root.child(NAMESPACE, "RIDPolicy");
    let msg_type = policy.and_then(|policy| policy.attribute("MsgType"));
    let incident = policy.and_then(|policy| policy.child(v1::NAMESPACE, "IncidentID"));
    let incident = incident.filter(|node| node.attribute("name").is_some()).map(IncidentId::read);
    let msg_type = msg_type.and_then(<MsgType as Enumerated>::named);
    Box::new(Glimpse { msg_type, incident })
}

/// A document is one element, and in a namespace of ours it is an IODEF-Document: XMLDocument's wildcard would let pass
/// much else (RFC 6545 §5.1.1).
fn payload(root: View<'_, RidMessage>) -> Result<Option<Payload>, RidError> {
    let Some(schema) = root.rid_policy().and_then(|policy| policy.report_schema()) else { return Ok(None) };
    let holder = schema.xml_document().element();
    let mut elements = holder.elements();
    let Some(first) = elements.next() else { return Ok(None) };
    if let Some(second) = elements.next() {
        let expected = "one document in XMLDocument".to_owned();
        return Err(refused(root.element(), second, expected, "RFC 6545 §5.1.1"));
    }
    let standard = Standard::of(first);
    if matches!(standard, Standard::Iodef1 | Standard::Iodef2) && first.name() != "IODEF-Document" {
        let expected = "<IODEF-Document> as the root of the document".to_owned();
        return Err(refused(root.element(), first, expected, "RFC 6545 §5.1.1"));
    }
    let mut scope: Vec<(String, String)> = holder
        .namespaces()
        .filter(|(prefix, _)| *prefix != "xml")
        .map(|(prefix, name)| (prefix.to_owned(), name.to_owned()))
        .collect();
    scope.sort();
    let label = Label {
        version: schema.said("Version").map(str::to_owned),
        schema: schema.said("XMLSchemaID").map(str::to_owned),
    };
    Ok(Some(Payload { standard, range: first.range(), scope, label }))
}
