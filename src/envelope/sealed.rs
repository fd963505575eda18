//! The way out: a [`Draft`] becomes the bytes that leave.

use std::net::IpAddr;

use bytes::Bytes;

use super::content::{MsgDestination, RequestStatus};
use super::splice::Carried;
use super::words::AuthorizationStatus;
use crate::ids::PeerName;
use crate::iodef::common::class::Enumerated;
use crate::iodef::v1;
use crate::peers::MsgType;
use crate::rid::{self, Host, IncidentId, Policy, Reading, draft};

/// A message to be written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// RIDPolicy's MsgType.
    pub msg_type: MsgType,
    /// The RID system that it goes to.
    pub to: PeerName,
    /// That system's address, if it is known (RFC 6545 §5.1 wants it in the Node).
    pub address: Option<IpAddr>,
    /// Where it wants to go.
    pub destination: MsgDestination,
    /// RIDPolicy's IncidentID.
    pub incident: Option<IncidentId>,
    /// RIDPolicy's restriction.
    pub restriction: Option<String>,
    /// The regions of its PolicyRegions; at least one.
    pub regions: Vec<String>,
    /// The types of its TrafficTypes; at least one.
    pub traffic: Vec<String>,
    /// Its RequestStatus: for an Acknowledgement.
    pub status: Option<RequestStatus>,
    /// Its IncidentSource: for a Result.
    pub source: Option<rid::Source>,
    /// Its document, carried without a change.
    pub payload: Option<Carried>,
    /// For whom its document is encrypted, if it is; nobody named means the peer it goes to.
    pub readers: Vec<PeerName>,
}

/// The bytes of a message, ready to leave.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The whole message.
    pub bytes: Bytes,
    /// The same before its document was encrypted; nothing if it was not.
    pub plain: Option<Bytes>,
}

/// Why a message cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A part of it is not what the standard allows there.
    #[error("the {msg_type} for {to} cannot be written: {why}")]
    Draft {
        /// Its type.
        msg_type: MsgType,
        /// The peer it was for.
        to: PeerName,
        /// What is wrong, and where.
        why: String,
    },
    /// It must be encrypted, and there is no key to encrypt it with.
    #[error("the message for {reader} cannot be encrypted: {why}")]
    NoKey {
        /// For whom it must be encrypted.
        reader: PeerName,
        /// What is missing, and what to do.
        why: String,
    },
    /// Signing or encrypting failed.
    #[error("the message for {to} cannot be sealed: {why}")]
    Seal {
        /// The peer it was for.
        to: PeerName,
        /// What is wrong.
        why: String,
    },
    /// A document that is to be carried on cannot be read any more.
    #[error("the document cannot be carried on: {why}")]
    Splice {
        /// What is wrong, and where.
        why: String,
    },
}

/// Writes the message, whose document was read so; neither signed nor encrypted.
pub(super) fn written(draft: &Draft, reading: &Reading) -> Result<Vec<u8>, SealError> {
    let fault = |why: String| SealError::Draft { msg_type: draft.msg_type, to: draft.to.clone(), why };
    let policy = policy(draft).map_err(|word| fault(format!("{word:?} is no word of RFC 6545 section 5.1")))?;
    let status = draft.status.map(status);
    let document = draft.payload.as_ref().map(Carried::borrowed);
    let written = draft::message(&policy, status.as_ref(), draft.source.as_ref(), document, reading);
    written.map_err(|error| fault(error.to_string()))
}

/// The RIDPolicy, or the word that is none of the standard's.
fn policy(draft: &Draft) -> Result<Policy, String> {
    let word = |text: &str| text.to_owned();
    let (destination, node) = match draft.destination {
        // The name only where no address is known: RFC 6545 §5.1 wants a name to have been resolved to the address
        // beside it.
        MsgDestination::RidSystem => {
            let name = draft.address.is_none().then_some(draft.to.as_str());
            (rid::MsgDestination::RIDSystem, Host::of(name, draft.address))
        }
        MsgDestination::SourceOfIncident(address) => {
            (rid::MsgDestination::SourceOfIncident, Host::of(None, Some(address)))
        }
    };
    let regions: Result<_, String> =
        draft.regions.iter().map(|text| rid::Region::named(text).ok_or_else(|| word(text))).collect();
    let traffic: Result<_, String> =
        draft.traffic.iter().map(|text| rid::Traffic::named(text).ok_or_else(|| word(text))).collect();
    let restriction = draft.restriction.as_deref();
    Ok(Policy {
        msg_type: rid::MsgType::named(draft.msg_type.as_str()).ok_or_else(|| word(draft.msg_type.as_str()))?,
        ext_msg_type: None,
        destination,
        node,
        regions: regions?,
        traffic: traffic?,
        incident: draft.incident.clone(),
        restriction: restriction.map(|text| v1::Restriction::named(text).ok_or_else(|| word(text))).transpose()?,
    })
}

fn status(status: RequestStatus) -> rid::Status {
    rid::Status {
        authorization: match status.authorization {
            AuthorizationStatus::Approved => rid::AuthorizationStatus::Approved,
            AuthorizationStatus::Denied => rid::AuthorizationStatus::Denied,
            AuthorizationStatus::Pending => rid::AuthorizationStatus::Pending,
            AuthorizationStatus::Extension => rid::AuthorizationStatus::ExtValue,
        },
        justification: status.justification.and_then(|word| rid::Justification::named(word.as_str())),
        ext_justification: None,
    }
}
