//! The way in: bytes become an [`Opened`] message, or an [`Unopened`] one that says why not.

use bytes::Bytes;

use super::Envelopes;
use super::content::Content;
use super::facts::Facts;
use super::proof::{self, Doubt, Judge, Proven};
use super::read;
use super::splice::{Attached, payload_root};
use super::words::Justification;
use crate::ids::{Digest, PeerName};
use crate::peers::{Encryption, MsgType, Policy};
use crate::rid::{self, Glimpse, IncidentId, Reading, Standard};
use crate::xml::{Document, Limits};
use crate::xmlsec::encryption::{EncryptionError, decrypt};
use crate::xmlsec::key::Decrypter;
use crate::xmlsec::signature::Found;

/// A message that was recognised fully: well-formed within limits, decrypted if it could be, proved as far as the policy of
/// its peer asks, valid. Only [`Envelopes`] makes one.
#[derive(Clone, Debug)]
pub struct Opened {
    peer: Option<PeerName>,
    bytes: Bytes,
    plain: Option<Bytes>,
    digest: Digest,
    content: Content,
    proven: Proven,
    attached: Vec<Attached>,
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

    /// Its bytes after decryption, if something was decrypted.
    pub fn plain(&self) -> Option<&Bytes> {
        self.plain.as_ref()
    }

    /// The bytes that its content was read from, and that the positions in it count in.
    pub fn readable(&self) -> &Bytes {
        self.plain.as_ref().unwrap_or(&self.bytes)
    }

    /// The signatures over parts of its document, to travel with it.
    pub(super) fn attached(&self) -> &[Attached] {
        &self.attached
    }

    /// What is proved of it.
    pub fn proven(&self) -> &Proven {
        &self.proven
    }

    /// The digest of its bytes as they came.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What it says.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What of its document can be compared with a Query; nothing if there is none that we can read.
    pub fn facts(&self, reading: &Reading) -> Option<Facts> {
        let document = Document::parse(self.readable(), &reading.limits).ok()?;
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
    /// A signature does not hold, or one that must be there is not.
    Unproven,
    /// It is encrypted for us and cannot be decrypted.
    Undecryptable,
}

impl Fault {
    /// One word for logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forbidden => "forbidden",
            Self::Invalid => "invalid",
            Self::Unproven => "unproven",
            Self::Undecryptable => "undecryptable",
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

impl Unopened {
    fn doubtful(doubt: Doubt, document: &Document<'_>) -> Self {
        let glimpse = Glimpse::of(document.root());
        Self {
            fault: doubt.fault,
            why: doubt.why,
            justification: doubt.justification,
            msg_type: glimpse.msg_type.and_then(|word| word.to_string().parse().ok()),
            incident: glimpse.incident.filter(read::is_named),
        }
    }
}

impl Envelopes {
    /// Opens what a peer sent: the sender's signature is judged over the bytes as they came, then the document is
    /// decrypted, then the originators' signatures are judged over what was decrypted, then it is read: from the very
    /// document that was judged.
    ///
    /// # Errors
    /// An [`Unopened`] says what is the matter and how far it could be read.
    pub fn open(&self, peer: &PeerName, bytes: Bytes) -> Result<Opened, Unopened> {
        let limits = &self.reading.limits;
        let policy = self.keyring.policy(peer);
        let judge = Judge { keyring: &*self.keyring, peer, policy: &policy, config: &self.config.signatures };
        let mut proven = Proven::default();
        let document = parsed(&bytes, limits)?;
        let (decrypted, mut attached) = {
            let (whole, parts) = proof::signatures(&document, &self.config.signatures);
            let doubtful = |doubt| Unopened::doubtful(doubt, &document);
            judge.sender(&document, whole, &mut proven).map_err(doubtful)?;
            match self.decrypted(&document, &policy).map_err(doubtful)? {
                None => (None, originators(&document, parts, &judge, &mut proven)?),
                decrypted => (decrypted, Vec::new()),
            }
        };
        let mut content = match &decrypted {
            None => read::read(document, &self.reading)?,
            Some((plain, _)) => {
                let document = parsed(plain, limits)?;
                attached = {
                    let (_, parts) = proof::signatures(&document, &self.config.signatures);
                    originators(&document, parts, &judge, &mut proven)?
                };
                read::read(document, &self.reading)?
            }
        };
        let (plain, encrypted) = decrypted.unzip();
        proven.encrypted = encrypted;
        warn(&policy, &proven, &mut content);
        Ok(Opened { peer: Some(peer.clone()), digest: Digest::of(&bytes), bytes, plain, content, proven, attached })
    }

    /// Opens again what was filed: whatever was proved then holds now, though certificates may have ended since.
    /// `plain` is what was decrypted then.
    ///
    /// # Errors
    /// An [`Unopened`] if it cannot be read any more.
    pub fn reopen(&self, peer: &PeerName, bytes: Bytes, plain: Option<Bytes>) -> Result<Opened, Unopened> {
        let document = parsed(plain.as_ref().unwrap_or(&bytes), &self.reading.limits)?;
        let attached = {
            let (_, parts) = proof::signatures(&document, &self.config.signatures);
            Attached::of(&document, &parts)
        };
        let content = read::read(document, &self.reading)?;
        let (digest, proven) = (Digest::of(&bytes), Proven::default());
        Ok(Opened { peer: Some(peer.clone()), digest, bytes, plain, content, proven, attached })
    }

    /// The message in clear text, and how it was encrypted; nothing if its document is in clear text already, or not
    /// meant for us.
    fn decrypted(&self, document: &Document<'_>, policy: &Policy) -> Result<Option<(Bytes, String)>, Doubt> {
        if !is_encrypted(document) {
            return Ok(None);
        }
        let keys = self.keyring.decrypters();
        let keys: Vec<&dyn Decrypter> = keys.iter().map(|key| &**key).collect();
        match decrypt(document, &keys, &self.config.encryption, &self.reading.limits) {
            Ok(decrypted) => {
                if let Some(part) = decrypted.parts.iter().find(|part| !policy.allows_encryption(part.content)) {
                    let how = part.content;
                    return Err(Doubt::cipher(format!(
                        "the peer's policy does not allow the encryption algorithm {how}"
                    )));
                }
                let how = decrypted.parts.first().map(|part| part.content.to_string()).unwrap_or_default();
                Ok(Some((decrypted.bytes.into(), how)))
            }
            Err(EncryptionError::NotForUs { .. }) => Ok(None),
            Err(error) => Err(Doubt::cipher(error.to_string())),
        }
    }
}

/// What is encrypted is one long text, which counts against the limit on messages and not on texts: once it is decrypted,
/// the latter holds again.
fn parsed<'a>(bytes: &'a Bytes, limits: &Limits) -> Result<Document<'a>, Unopened> {
    let sealed = bytes.len() > limits.text_bytes && memchr::memmem::find(bytes, b"CipherValue").is_some();
    let lifted = sealed.then(|| Limits { text_bytes: limits.size, ..limits.clone() });
    Document::parse(bytes, lifted.as_ref().unwrap_or(limits)).map_err(|error| read::unopened(error.into()))
}

/// Judges the originators' signatures in the message as it will be read; gives them, to travel on with the document.
fn originators(
    document: &Document<'_>,
    parts: Vec<Found<'_>>,
    judge: &Judge<'_>,
    proven: &mut Proven,
) -> Result<Vec<Attached>, Unopened> {
    let attached = Attached::of(document, &parts);
    let judged = judge.originators(document, parts, !is_encrypted(document), is_request(document), proven);
    judged.map_err(|doubt| Unopened::doubtful(doubt, document)).map(|()| attached)
}

/// What is odd about how it came, though no reason to refuse it.
fn warn(policy: &Policy, proven: &Proven, content: &mut Content) {
    if content.payload.as_ref().is_some_and(|payload| payload.standard == Standard::Encrypted) {
        content.warnings.push("its document is encrypted, and none of our keys opens it".to_owned());
    }
    let Some(payload) = content.payload.as_ref().filter(|payload| payload.standard.is_iodef()) else { return };
    let strict = payload.gist.restriction.as_deref().unwrap_or("private");
    let secret = !matches!(strict, "public" | "white" | "green") && policy.encryption != Encryption::Never;
    if secret && proven.encrypted.is_none() {
        let why = format!(
            "came in clear text although its restriction {strict:?} asks for encryption (RFC 6545 section 9.1)"
        );
        content.warnings.push(why);
    }
    let first = payload.gist.path.first();
    let originals = proven.signatures.iter().filter(|proof| !proof.covers.iter().any(|what| what == "message"));
    for proof in originals.filter(|proof| first.is_some_and(|first| *first != proof.signer)) {
        let first = first.map_or("", String::as_str);
        content.warnings.push(format!("its path begins with {first:?}, but {} signed its records", proof.signer));
    }
}

/// Whether the document that the message carries is encrypted.
fn is_encrypted(document: &Document<'_>) -> bool {
    payload_root(document).is_some_and(|root| Standard::of(root) == Standard::Encrypted)
}

/// Whether it is a Request, whose originator must have signed it (RFC 6545 §9.1).
pub(super) fn is_request(document: &Document<'_>) -> bool {
    let msg_type = Glimpse::of(document.root()).msg_type;
    matches!(msg_type, Some(rid::MsgType::InvestigationRequest | rid::MsgType::TraceRequest))
}

/// Opens a RID message that staff want sent.
pub(super) fn opened_of_staff(bytes: Bytes, reading: &Reading) -> Result<Opened, Unopened> {
    let content = read::read(parsed(&bytes, &reading.limits)?, reading)?;
    let digest = Digest::of(&bytes);
    Ok(Opened { peer: None, digest, bytes, plain: None, content, proven: Proven::default(), attached: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draft, envelopes, name, open, signed};
    use super::*;
    use crate::peers::Signatures;

    /// A trace for the last node, sealed by the first under that policy.
    fn trace(policy: Policy) -> Bytes {
        envelopes("first.example", policy).seal(&draft(MsgType::TraceRequest, "last.example", "private")).unwrap().bytes
    }

    /// With another character that many before the end of the last such element.
    fn damaged(message: &Bytes, end: &str) -> Bytes {
        let text = std::str::from_utf8(message).unwrap();
        let at = text.rfind(end).unwrap() - 30;
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &text[..at], &text[at + 1..]).into()
    }

    fn refused(message: &Bytes, policy: Policy) -> (Fault, Justification) {
        let error = envelopes("last.example", policy).open(&name("first.example"), message.clone()).unwrap_err();
        assert_eq!(error.msg_type, Some(MsgType::TraceRequest), "{error}");
        assert_eq!(error.incident.as_ref().unwrap().incident.id, "7", "its sender can be answered");
        (error.fault, error.justification)
    }

    #[test]
    fn rfc6545_9_1_the_sender_is_judged_before_anything_is_decrypted() {
        let broken = damaged(&trace(Policy::default()), "</xenc:CipherValue>");
        assert_eq!(refused(&broken, Policy::default()), (Fault::Unproven, Justification::Authentication));
        let unsigned = Policy { signatures: Signatures::Off, ..Policy::default() };
        let broken = damaged(&trace(unsigned.clone()), "</xenc:CipherValue>");
        assert_eq!(refused(&broken, Policy::default()), (Fault::Unproven, Justification::Authentication));
        assert_eq!(refused(&broken, unsigned), (Fault::Undecryptable, Justification::Encryption));
    }

    #[test]
    fn an_encryption_algorithm_that_is_not_agreed_is_refused() {
        let only = |names: &[&str]| Policy {
            encryption_algorithms: Policy::encryption_algorithms_of(names).unwrap(),
            ..Policy::default()
        };
        let message = trace(Policy::default());
        assert_eq!(refused(&message, only(&["aes128-gcm"])), (Fault::Undecryptable, Justification::Encryption));
        envelopes("last.example", only(&["aes128-gcm", "aes256-gcm"])).open(&name("first.example"), message).unwrap();
    }

    #[test]
    fn rfc6545_9_1_whoever_can_read_it_judges_the_originator() {
        // The last signature is the sender's, the one before the originator's.
        let policy = Policy { signatures: Signatures::Off, ..Policy::default() };
        let first = envelopes("first.example", Policy::default());
        let plain = first.seal(&draft(MsgType::TraceRequest, "last.example", "private")).unwrap().plain.unwrap();
        let other: Bytes = String::from_utf8(plain.to_vec()).unwrap().replace(">packet<", ">packed<").into();
        let sealed = first.seal_given(&name("last.example"), &other, &[]).unwrap().bytes;
        assert_eq!(refused(&sealed, Policy::default()), (Fault::Unproven, Justification::AuthenticationOrigin));
        let opened = envelopes("last.example", policy).open(&name("first.example"), sealed.clone()).unwrap();
        assert_eq!(opened.proven().signatures, [], "with off, nothing is looked at and nothing claimed");
        // Who cannot read it cannot judge it, and carries it on.
        let middle = open("middle.example", "first.example", &sealed).unwrap();
        assert_eq!(signed(&middle), [("first.example", "message")]);
        assert_eq!(middle.attached().len(), 1);
    }

    #[test]
    fn another_peers_signature_does_not_prove_the_sender() {
        let error = open("last.example", "middle.example", &trace(Policy::default())).unwrap_err();
        assert_eq!((error.fault, error.justification), (Fault::Unproven, Justification::Authentication));
    }

    #[test]
    fn what_was_filed_is_opened_again_without_a_key() {
        let opened = open("last.example", "first.example", &trace(Policy::default())).unwrap();
        let (bytes, plain) = (opened.bytes().clone(), opened.plain().cloned());
        let again =
            envelopes("middle.example", Policy::default()).reopen(&name("first.example"), bytes, plain).unwrap();
        assert_eq!(again.readable(), opened.readable());
        assert_eq!(again.attached().len(), 1);
        assert_eq!(again.digest(), opened.digest());
    }

    #[test]
    fn what_should_have_been_encrypted_is_taken_with_a_warning() {
        let never = Policy { encryption: Encryption::Never, ..Policy::default() };
        let opened = open("last.example", "first.example", &trace(never.clone())).unwrap();
        assert!(opened.content().warnings.iter().any(|text| text.contains("in clear text")), "{:?}", opened.content());
        let agreed = envelopes("last.example", never.clone()).open(&name("first.example"), trace(never)).unwrap();
        assert_eq!(agreed.content().warnings, Vec::<String>::new());
    }
}
