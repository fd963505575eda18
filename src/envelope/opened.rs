//! The way in: bytes become an [`Opened`] message, or an [`Unopened`] one that says why not.

use bytes::Bytes;

use super::content::Content;
use super::facts::Facts;
use super::read;
use super::splice::payload_root;
use super::words::Justification;
use crate::ids::{Digest, PeerName};
use crate::peers::MsgType;
use crate::rid::{IncidentId, Reading};
use crate::xml::Document;

/// A message that was recognised fully: well-formed within limits, valid, of a known peer. Only [`open`] makes one.
/// (What was decrypted, and whose signatures verified, belongs here.)
#[derive(Clone, Debug)]
pub struct Opened {
    peer: Option<PeerName>,
    bytes: Bytes,
    digest: Digest,
    content: Content,
}

impl Opened {
    /// The peer it came from; nothing for what staff want sent.
    pub fn peer(&self) -> Option<&PeerName> {
        self.peer.as_ref()
    }

    /// Its bytes, exactly as they came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The digest of its bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What it says.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What of its document can be compared with a Query; nothing if there is none that we can read.
    pub fn facts(&self, reading: &Reading) -> Option<Facts> {
        let document = Document::parse(&self.bytes, &reading.limits).ok()?;
        Facts::of(payload_root(&document)?)
    }
}

/// What is the matter with a message that cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not well-formed XML.
    Malformed,
    /// It is well-formed, but something in it is refused unread: a DTD, another encoding, too much of anything.
    Forbidden,
    /// It breaks a schema.
    Invalid,
}

impl Fault {
    /// One word for logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forbidden => "forbidden",
            Self::Invalid => "invalid",
        }
    }
}

/// A message that cannot be opened, with whatever of it could be read, so that its sender can be answered in RID.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the message is {}: {why}", fault.word())]
pub struct Unopened {
    /// What is the matter.
    pub fault: Fault,
    /// Where and why, in words for our log; carries no content of the message beyond names.
    pub why: String,
    /// The Justification that tells the sender.
    pub justification: Justification,
    /// Its MsgType, if that could be read.
    pub msg_type: Option<MsgType>,
    /// Its IncidentID, if that could be read.
    pub incident: Option<IncidentId>,
}

/// Opens what a peer sent.
///
/// # Errors
/// An [`Unopened`] says what is the matter and how far it could be read.
pub fn open(peer: &PeerName, bytes: Bytes, reading: &Reading) -> Result<Opened, Unopened> {
    let content = read::read(&bytes, reading)?;
    Ok(Opened { peer: Some(peer.clone()), digest: Digest::of(&bytes), bytes, content })
}

/// Opens a RID message that staff want sent.
pub(super) fn opened_of_staff(bytes: Bytes, reading: &Reading) -> Result<Opened, Unopened> {
    let content = read::read(&bytes, reading)?;
    Ok(Opened { peer: None, digest: Digest::of(&bytes), bytes, content })
}
