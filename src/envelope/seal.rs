//! Sealing, in the one right order (RFC 6545 §9.1): the message is written, the originator signs its records in the clear
//! document, the document is encrypted for its readers, the sender signs the whole. Each step splices; no byte outside
//! of what it puts in changes.

use std::sync::Arc;

use super::Envelopes;
use super::opened::is_request;
use super::proof::{PLACES, signatures};
use super::sealed::{Draft, SealError, Sealed, written};
use super::secrecy::must_encrypt;
use super::splice::{Attached, declared, payload_root};
use crate::ids::PeerName;
use crate::peers::{MsgType, Policy, Signatures};
use crate::rid::{self, signature};
use crate::xml::{Document, Limits, Node};
use crate::xmlsec::SignatureAlgorithm;
use crate::xmlsec::encryption::{DataType, Recipient, encrypt};
use crate::xmlsec::key::Signer;
use crate::xmlsec::signature::{Splice, sign_elements, sign_whole};

impl Envelopes {
    /// Writes, signs and encrypts the message as is agreed with the peer it goes to. One without a ReportSchema has no place
    /// for a signature and nothing to encrypt.
    ///
    /// # Errors
    /// If a part of the draft is not what RFC 6545 allows there, or a key is missing.
    pub fn seal(&self, draft: &Draft) -> Result<Sealed, SealError> {
        let written = written(draft, &self.reading)?;
        let Some(payload) = &draft.payload else { return Ok(Sealed { bytes: written.into(), plain: None }) };
        let request = matches!(draft.msg_type, MsgType::InvestigationRequest | MsgType::TraceRequest);
        let closing = self.closing(&draft.to, &draft.readers);
        let message =
            payload.signatures.iter().try_fold(written, |message: Vec<u8>, one| closing.attach(&message, one))?;
        // A Request that carries no originator's signature begins here: it is ours, or that of somebody in whose name we act
        // (§9.3.2).
        let ours = request && payload.signatures.is_empty();
        let message = if ours { closing.sign_records(message)? } else { message };
        closing.close(message, draft.restriction.as_deref())
    }

    /// The same for a whole message that staff have given: what of it is not signed and encrypted yet is. One that is signed as
    /// a whole stays as it is, and is refused if it would have to be encrypted.
    ///
    /// # Errors
    /// If a key is missing.
    pub fn seal_given(&self, to: &PeerName, bytes: &[u8], readers: &[PeerName]) -> Result<Sealed, SealError> {
        let closing = self.closing(to, readers);
        let document = closing.parsed(bytes)?;
        let policy = document.root().child(rid::NAMESPACE, "RIDPolicy");
        let restriction = policy.and_then(|policy| policy.attribute("restriction")).map(str::to_owned);
        let (whole, parts) = signatures(&document, &self.config.signatures);
        let secret =
            payload_root(&document).is_some_and(|root| must_encrypt(&closing.policy, restriction.as_deref(), root));
        if secret && !whole.is_empty() {
            return Err(closing.fault(
                "it must be encrypted, which would break the signature over the whole of it: leave that signature out, or \
                 encrypt it first (`ridd encrypt`) and sign it then",
            ));
        }
        let unsigned = whole.is_empty() && parts.is_empty() && is_request(&document);
        let message = bytes.to_vec();
        let message = if unsigned { closing.sign_records(message)? } else { message };
        closing.close(message, restriction.as_deref())
    }

    fn closing<'e>(&'e self, to: &'e PeerName, readers: &'e [PeerName]) -> Closing<'e> {
        let readers = if readers.is_empty() { std::slice::from_ref(to) } else { readers };
        let limits = self.reading.for_sealed();
        Closing { envelopes: self, to, readers, policy: self.keyring.policy(to), limits }
    }
}

/// One message that is being closed.
struct Closing<'e> {
    envelopes: &'e Envelopes,
    to: &'e PeerName,
    readers: &'e [PeerName],
    policy: Arc<Policy>,
    limits: Limits,
}

impl Closing<'_> {
    fn fault(&self, why: impl std::fmt::Display) -> SealError {
        SealError::Seal { to: self.to.clone(), why: why.to_string() }
    }

    fn parsed<'a>(&self, bytes: &'a [u8]) -> Result<Document<'a>, SealError> {
        Document::parse(bytes, &self.limits).map_err(|error| self.fault(error))
    }

    /// Puts in a signature that came with the document, as it came.
    fn attach(&self, message: &[u8], attached: &Attached) -> Result<Vec<u8>, SealError> {
        let document = self.parsed(message)?;
        let Some(place) = signature::signature_place(&document) else { return Ok(message.to_vec()) };
        // The namespaces go around the Signature, which so stays as it is; but the holder's own name must keep its meaning.
        let name = place.before.trim_start_matches('<').split(' ').next().unwrap_or_default();
        let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
        let (inside, around): (Vec<_>, Vec<_>) =
            attached.namespaces.iter().cloned().partition(|(one, _)| one == prefix);
        let inside: Vec<_> = inside.into_iter().filter(|(_, namespace)| namespace != rid::NAMESPACE).collect();
        let mut holder = String::new();
        declared(&mut holder, &place.before, &around);
        declared(&mut holder, &attached.bytes, &inside);
        holder.push_str(&place.after);
        let at = place.at + (message.len() - document.source().len());
        let (before, after) = message.split_at_checked(at).ok_or_else(|| self.fault("its ReportSchema has no end"))?;
        Ok([before, holder.as_bytes(), after].concat())
    }

    /// Signs the records of the document as its originator.
    fn sign_records(&self, message: Vec<u8>) -> Result<Vec<u8>, SealError> {
        if self.policy.signatures == Signatures::Off {
            return Ok(message);
        }
        let document = self.parsed(&message)?;
        let (originals, place) = (signature::originals(&document), signature::signature_place(&document));
        let Some(place) = place.filter(|_| !originals.is_empty()) else {
            drop(document);
            return Ok(message);
        };
        let signer = self.envelopes.keyring.signer();
        let splice = Splice { at: place.at, before: &place.before, after: &place.after };
        let algorithm = self.algorithm(&*signer);
        sign_elements(&document, &originals, &splice, &PLACES, &*signer, algorithm).map_err(|error| self.fault(error))
    }

    /// Encrypts the document if it must be, and signs the whole.
    fn close(&self, message: Vec<u8>, restriction: Option<&str>) -> Result<Sealed, SealError> {
        let document = self.parsed(&message)?;
        let secret = payload_root(&document).filter(|root| must_encrypt(&self.policy, restriction, *root));
        let encrypted = secret.and_then(Node::parent).map(|holder| self.encrypted(&document, holder)).transpose()?;
        match encrypted {
            Some(encrypted) => {
                drop(document);
                let document = self.parsed(&encrypted)?;
                Ok(Sealed { bytes: self.signed(&document, &encrypted)?.into(), plain: Some(message.into()) })
            }
            None => Ok(Sealed { bytes: self.signed(&document, &message)?.into(), plain: None }),
        }
    }

    fn encrypted(&self, document: &Document<'_>, holder: Node<'_>) -> Result<Vec<u8>, SealError> {
        let mut recipients: Vec<Recipient> = Vec::new();
        for reader in self.readers {
            let found = self.envelopes.keyring.recipients(reader);
            recipients.extend(found.map_err(|why| SealError::NoKey { reader: reader.clone(), why })?);
        }
        let algorithm = self.policy.content_algorithm();
        encrypt(document, holder, DataType::Content, &recipients, algorithm).map_err(|error| self.fault(error))
    }

    /// Signs the whole message, unless it is signed already or has no place for it.
    fn signed(&self, document: &Document<'_>, message: &[u8]) -> Result<Vec<u8>, SealError> {
        if self.policy.signatures == Signatures::Off {
            return Ok(message.to_vec());
        }
        let signed = !signatures(document, &self.envelopes.config.signatures).0.is_empty();
        let Some(place) = signature::signature_place(document).filter(|_| !signed) else {
            return Ok(message.to_vec());
        };
        let signer = self.envelopes.keyring.signer();
        let splice = Splice { at: place.at, before: &place.before, after: &place.after };
        let algorithm = self.algorithm(&*signer);
        sign_whole(message, &splice, &*signer, algorithm, &self.limits).map_err(|error| self.fault(error))
    }

    /// The first of the agreed algorithms that the key can do; none agreed: the key's usual one.
    fn algorithm(&self, signer: &dyn Signer) -> Option<SignatureAlgorithm> {
        let agreed = &self.policy.signature_algorithms;
        agreed.iter().copied().find(|one| signer.algorithms().contains(one)).or_else(|| agreed.first().copied())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::splice::PathEntry;
    use super::super::testing::{draft, envelopes, name, open, signed};
    use super::*;
    use crate::peers::Encryption;

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    /// The whole signatures and the others in the message.
    fn counted(message: &str) -> (usize, usize) {
        let whole = message.matches("#enveloped-signature").count();
        (whole, message.matches("<ds:SignatureValue").count() - whole)
    }

    fn sealed(own: &str, draft: &Draft) -> Sealed {
        envelopes(own, Policy::default()).seal(draft).unwrap()
    }

    #[test]
    fn rfc6545_9_1_the_originator_signs_then_the_document_is_encrypted_then_the_sender_signs() {
        let sealed = sealed("first.example", &draft(MsgType::TraceRequest, "middle.example", "private"));
        let (message, plain) = (text(&sealed.bytes), text(sealed.plain.as_ref().unwrap()));
        assert_eq!(counted(plain), (0, 1), "the originator has signed, the sender has not: {plain}");
        assert_eq!(counted(message), (1, 1), "{message}");
        assert!(plain.contains(">packet<") && !message.contains("packet"), "{message}");
        let at = |what: &str| message.find(what).unwrap();
        assert!(
            at("</xenc:EncryptedData>") < at("<ds:Signature ") && at("xmldsig-filter2") < at("#enveloped-signature")
        );
        let opened = open("middle.example", "first.example", &sealed.bytes).unwrap();
        assert_eq!(signed(&opened), [("first.example", "message"), ("first.example", "RecordItem")]);
        // What is encrypted stands between them: neither half of it opens elsewhere.
        assert_eq!(opened.proven().encrypted.as_deref(), Some("AES-256-GCM"));
    }

    #[test]
    fn rfc6545_9_3_2_attached_signatures_survive_a_new_envelope() {
        let first = sealed("first.example", &draft(MsgType::TraceRequest, "middle.example", "private"));
        let middle = envelopes("middle.example", Policy::default());
        let came = middle.open(&name("first.example"), first.bytes).unwrap();
        let own = name("middle.example");
        let entry = PathEntry { name: &own, address: None, contact: "us", recorded: None };
        let payload = came.carried_with_path(&entry, middle.reading()).unwrap();
        let onward =
            middle.seal(&Draft { payload, ..draft(MsgType::TraceRequest, "last.example", "private") }).unwrap();
        let last = open("last.example", "middle.example", &onward.bytes).unwrap();
        assert_eq!(signed(&last), [("middle.example", "message"), ("first.example", "RecordItem")]);
        let attached =
            |one: &super::super::Opened| one.attached().iter().map(|one| one.bytes.clone()).collect::<Vec<_>>();
        assert_eq!(attached(&came), attached(&last));
        assert_eq!(last.content().payload.as_ref().unwrap().gist.path, ["middle.example"]);
        // What was filed is carried on in the same way.
        let again = middle.reopen(&name("first.example"), came.bytes().clone(), came.plain().cloned()).unwrap();
        assert_eq!(attached(&again), attached(&came));
    }

    #[test]
    fn only_requests_are_signed_by_their_originator() {
        for (msg_type, wanted) in [(MsgType::Report, (1, 0)), (MsgType::InvestigationRequest, (1, 1))] {
            let sealed = sealed("first.example", &draft(msg_type, "last.example", "public"));
            assert_eq!(counted(text(&sealed.bytes)), wanted, "{msg_type}");
            assert!(sealed.plain.is_none(), "public is in clear text");
        }
        let bare = Draft { payload: None, ..draft(MsgType::Query, "last.example", "private") };
        assert_eq!(counted(text(&sealed("first.example", &bare).bytes)), (0, 0), "there is no place for one");
    }

    #[test]
    fn a_given_message_gets_only_what_it_lacks() {
        let first = envelopes("first.example", Policy::default());
        let nothing = Policy { signatures: Signatures::Off, encryption: Encryption::Never, ..Policy::default() };
        let bare = |restriction| {
            let draft = draft(MsgType::TraceRequest, "last.example", restriction);
            envelopes("first.example", nothing.clone()).seal(&draft).unwrap().bytes
        };
        let last = name("last.example");
        let given = |message: &[u8]| first.seal_given(&last, message, &[]).unwrap();
        for restriction in ["public", "private"] {
            let bare = bare(restriction);
            assert_eq!(counted(text(&bare)), (0, 0));
            let all = given(&bare);
            assert_eq!(all.plain.is_some(), restriction == "private");
            assert_eq!(counted(text(&all.bytes)), (1, 1));
            open("last.example", "first.example", &all.bytes).unwrap();
            // It lacks nothing any more.
            assert_eq!(given(&all.bytes).bytes, all.bytes);
        }
        // Only the originator's signature is there; and only encryption.
        let half = Policy { signatures: Signatures::Off, ..Policy::default() };
        let plain = given(&bare("private")).plain.unwrap();
        assert_eq!(counted(text(&given(&plain).bytes)), (1, 1));
        let encrypted = envelopes("first.example", half).seal_given(&last, &plain, &[]).unwrap().bytes;
        assert_eq!(counted(text(&encrypted)), (0, 1));
        let closed = given(&encrypted);
        assert!(closed.plain.is_none(), "it was encrypted already");
        open("last.example", "first.example", &closed.bytes).unwrap();
    }

    #[test]
    fn a_given_message_that_is_signed_is_not_encrypted_under_its_signature() {
        let never = Policy { encryption: Encryption::Never, ..Policy::default() };
        let clear = envelopes("first.example", never).seal(&draft(MsgType::Report, "last.example", "private")).unwrap();
        let first = envelopes("first.example", Policy::default());
        let error = first.seal_given(&name("last.example"), &clear.bytes, &[]).unwrap_err().to_string();
        assert!(error.contains("ridd encrypt") && error.contains("last.example"), "{error}");
    }

    #[test]
    fn only_its_readers_open_it() {
        let readers = vec![name("last.example")];
        let far = Draft { readers, ..draft(MsgType::TraceRequest, "middle.example", "private") };
        let sealed = sealed("first.example", &far);
        let middle = open("middle.example", "first.example", &sealed.bytes).unwrap();
        assert_eq!((middle.plain(), signed(&middle)), (None, vec![("first.example", "message")]));
        assert_eq!(middle.content().payload.as_ref().unwrap().standard.as_str(), "encrypted");
        assert_eq!(middle.content().incident.as_ref().unwrap().incident.id, "7");
        assert_eq!(signed(&open("last.example", "first.example", &sealed.bytes).unwrap()).len(), 2);
        let both = Draft { readers: vec![name("last.example"), name("middle.example")], ..far };
        let sealed = envelopes("first.example", Policy::default()).seal(&both).unwrap();
        for reader in ["middle.example", "last.example"] {
            assert!(open(reader, "first.example", &sealed.bytes).unwrap().plain().is_some(), "{reader}");
        }
    }

    #[test]
    fn without_a_key_nothing_leaves_in_clear_text_and_the_error_says_whose_is_missing() {
        let first = envelopes("first.example", Policy::default());
        let nobody =
            Draft { readers: vec![name("nobody.example")], ..draft(MsgType::Report, "last.example", "private") };
        let error = first.seal(&nobody).unwrap_err();
        assert!(matches!(&error, SealError::NoKey { reader, .. } if reader.as_str() == "nobody.example"), "{error}");
        assert!(error.to_string().contains("has no key: pin one"), "{error}");
        let public = Draft { readers: nobody.readers, ..draft(MsgType::Report, "last.example", "public") };
        first.seal(&public).unwrap();
    }

    #[test]
    fn the_agreed_algorithms_are_used() {
        let policy = Policy {
            signature_algorithms: vec![SignatureAlgorithm::Ed25519, SignatureAlgorithm::PssSha384],
            encryption_algorithms: Policy::encryption_algorithms_of(&["aes128-gcm"]).unwrap(),
            ..Policy::default()
        };
        let middle = envelopes("middle.example", policy);
        let sealed = middle.seal(&draft(MsgType::TraceRequest, "last.example", "private")).unwrap();
        let opened = open("last.example", "middle.example", &sealed.bytes).unwrap();
        let proven = opened.proven();
        assert!(proven.signatures.iter().all(|proof| proof.algorithm == "pss-sha384"), "{proven:?}");
        assert_eq!(proven.encrypted.as_deref(), Some("AES-128-GCM"));
        // A key that can do none of them is told so, and signs nothing else.
        let policy = Policy { signature_algorithms: vec![SignatureAlgorithm::Ed25519], ..Policy::default() };
        let error = envelopes("first.example", policy).seal(&draft(MsgType::Report, "last.example", "public"));
        assert!(matches!(error.unwrap_err(), SealError::Seal { .. }));
    }
}
