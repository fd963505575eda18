//! Writing messages: each function gives the bytes of one message, complete with XML declaration, valid by its schema,
//! the document inside untouched. Called by `envelope`.

use crate::iodef::common::class::{Draft, EncodeError};
use crate::iodef::v1::{self, Dtype};
use crate::iodef::v2;
use crate::rid::message::Standard;
use crate::rid::policy::{Policy, Source, Status};
use crate::rid::{
    AuthorizationStatus, IncidentSource, Justification, MsgType, Reading, ReportSchema, RequestStatus, RidMessage,
    Version, XmlSchemaId, grammar,
};
use crate::xml::{Document, Limits, XmlError};

/// Why no message could be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The document to be carried is none.
    #[error("the document to be carried: {source}")]
    Payload {
        /// What is wrong with it.
        #[from]
        source: XmlError,
    },
    /// The message would not be valid.
    #[error("the message: {source}")]
    Message {
        /// What is wrong with it.
        #[from]
        source: EncodeError,
    },
}

/// A document to be carried: bytes that are kept as they are.
#[derive(Clone, Copy, Debug)]
pub struct Carried<'p> {
    /// Its root element, or a whole document, of which only the root element travels.
    pub bytes: &'p [u8],
    /// Namespaces (prefix, name) that the bytes use without declaring them: [`Payload::scope`] of where they came from.
    ///
    /// [`Payload::scope`]: crate::rid::Payload
    pub scope: &'p [(String, String)],
}

impl<'p> From<&'p [u8]> for Carried<'p> {
    fn from(bytes: &'p [u8]) -> Self {
        Self { bytes, scope: &[] }
    }
}

/// An Acknowledgement (RFC 6545 §6.2): `policy` names the request's sender and incident, whatever its type says.
///
/// # Errors
/// If the message would not be valid.
pub fn acknowledgement(
    policy: &Policy,
    status: AuthorizationStatus,
    justification: Option<Justification>,
) -> Result<Vec<u8>, DraftError> {
    let policy = Policy { msg_type: MsgType::Acknowledgement, ..policy.clone() };
    let status = Status { authorization: status, justification, ext_justification: None };
    message(&policy, Some(&status), None, None, &Reading::default())
}

/// A Report (RFC 6545 §6.4).
///
/// # Errors
/// If the document or the message would not be valid.
pub fn report(policy: &Policy, document: Carried<'_>) -> Result<Vec<u8>, DraftError> {
    message(&Policy { msg_type: MsgType::Report, ..policy.clone() }, None, None, Some(document), &Reading::default())
}

/// A Request (RFC 6545 §6.1), of the type that `policy` has: InvestigationRequest or TraceRequest.
///
/// # Errors
/// If the document or the message would not be valid.
pub fn request(policy: &Policy, document: Carried<'_>) -> Result<Vec<u8>, DraftError> {
    let msg_type = match policy.msg_type {
        MsgType::TraceRequest => MsgType::TraceRequest,
        _ => MsgType::InvestigationRequest,
    };
    message(&Policy { msg_type, ..policy.clone() }, None, None, Some(document), &Reading::default())
}

/// A Result (RFC 6545 §6.3).
///
/// # Errors
/// If the document or the message would not be valid.
pub fn result(policy: &Policy, source: &Source, document: Option<Carried<'_>>) -> Result<Vec<u8>, DraftError> {
    message(&Policy { msg_type: MsgType::Result, ..policy.clone() }, None, Some(source), document, &Reading::default())
}

/// A Query (RFC 6545 §6.5): by IncidentID, or by a document that says what is looked for.
///
/// # Errors
/// If the document or the message would not be valid.
pub fn query(policy: &Policy, document: Option<Carried<'_>>) -> Result<Vec<u8>, DraftError> {
    message(&Policy { msg_type: MsgType::Query, ..policy.clone() }, None, None, document, &Reading::default())
}

/// Any message: for one that travels on with another RIDPolicy. `reading` says under which limits, and with which values
/// beside the standards', its document was read.
///
/// # Errors
/// If the document or the message would not be valid.
pub fn message(
    policy: &Policy,
    status: Option<&Status>,
    source: Option<&Source>,
    document: Option<Carried<'_>>,
    reading: &Reading,
) -> Result<Vec<u8>, DraftError> {
    // An Acknowledgement goes out for most messages that come in, and a Policy and a Status have no value of their own
    // that could break the schema: their texts were read from messages.
    let plain = status.is_some() && source.is_none() && document.is_none();
    let limits = reading.for_writing();
    let mut policy_draft = policy.draft();
    if let Some(document) = document {
        policy_draft = policy_draft.report_schema(report_schema(document, &limits)?);
    }
    let status = status.map(|status| {
        RequestStatus::draft()
            .authorization_status(status.authorization)
            .maybe(status.justification, Draft::<RequestStatus>::justification)
            .maybe(status.ext_justification.clone(), Draft::<RequestStatus>::ext_justification)
    });
    let source = source.map(|source| {
        IncidentSource::draft()
            .source_found(if source.found { "true" } else { "false" })
            .each(source.nodes.iter().map(|node| node.draft()), Draft::<IncidentSource>::source_node)
    });
    let draft = RidMessage::draft()
        .lang("en")
        .rid_policy(policy_draft)
        .maybe(status, Draft::<RidMessage>::request_status)
        .maybe(source, Draft::<RidMessage>::incident_source);
    Ok(if plain {
        draft.encode_prefixed_vouched(grammar())?
    } else {
        draft.encode_prefixed(grammar(), &limits, &reading.options)?
    })
}

/// The document with its label. RFC 6545 knows only IODEF 1.0 by name; 2.0 is labelled by the extension attributes.
fn report_schema(carried: Carried<'_>, limits: &Limits) -> Result<Draft<ReportSchema>, DraftError> {
    let bytes = wrapped(carried);
    let document = Document::parse(&bytes, limits)?;
    let root = if carried.scope.is_empty() {
        document.root()
    } else {
        document.root().elements().next().unwrap_or_else(|| document.root())
    };
    let schema = ReportSchema::draft();
    let schema = match Standard::of(root) {
        Standard::Iodef1 => schema.version(Version::V1).xml_schema_id(XmlSchemaId::Iodef1),
        Standard::Iodef2 => schema
            .version(Version::ExtValue)
            .ext_version("2.00")
            .xml_schema_id(XmlSchemaId::ExtValue)
            .ext_xml_schema_id(v2::NAMESPACE),
        Standard::Encrypted => schema,
        Standard::Foreign(namespace) => schema.xml_schema_id(XmlSchemaId::ExtValue).ext_xml_schema_id(namespace),
    };
    let scope: Vec<(&str, &str)> =
        carried.scope.iter().map(|(prefix, name)| (prefix.as_str(), name.as_str())).collect();
    let holder = v1::Extension::draft().dtype(Dtype::Xml).meaning("xml").raw(root.source(), &scope);
    Ok(schema.xml_document(holder))
}

/// The document inside an element that declares what it counts on, so that it can be parsed.
fn wrapped(carried: Carried<'_>) -> Vec<u8> {
    if carried.scope.is_empty() {
        return carried.bytes.to_vec();
    }
    let mut writer = crate::xml::Writer::default();
    writer.start("holder");
    for (prefix, name) in carried.scope {
        let declaration = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        writer.attribute(&declaration, name);
    }
    writer.raw(&String::from_utf8_lossy(carried.bytes));
    writer.finish()
}
