//! What of a message is proved, and by whom: RFC 6545 §9.1 and §9.3.2. The rules are here, the cryptography is `xmlsec`'s.
//!
//! A signature over the whole message is the sending peer's; one over a part of the document is its originator's, who
//! may be several hops away. What was signed is told by position in the very document that is read afterwards.

use serde::{Deserialize, Serialize};

use super::keyring::Keyring;
use super::opened::Fault;
use super::words::Justification;
use crate::ids::PeerName;
use crate::peers::{Policy, Signatures};
use crate::rid::signature::{DOCUMENT_PATH, SIGNATURE_PATH, originals, signature_place};
use crate::xml::Document;
use crate::xmlsec::Trust;
use crate::xmlsec::signature::{Config, Covered, Found, Places, Verified, find};

/// Where signatures stand in a RID message.
pub(super) const PLACES: Places = Places { signature: SIGNATURE_PATH, document: DOCUMENT_PATH };

/// What is proved of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Proven {
    /// How its document was encrypted, if it was and we could read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<String>,
    /// The signatures that hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Proof>,
}

/// One signature that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Whose it is: the DNS-ID.
    pub signer: String,
    /// How it was made.
    pub algorithm: String,
    /// What it covers: `message`, or an element's path with its bytes in the message as it is read (after decryption).
    pub covers: Vec<String>,
}

impl Proof {
    pub(super) fn of(verified: &Verified) -> Self {
        let covers = verified.covered().iter().map(|covered| match covered {
            Covered::WholeMessage => "message".to_owned(),
            Covered::Element { path, range } => format!("{path} {}..{}", range.start, range.end),
        });
        Self {
            signer: verified.signer().to_owned(),
            algorithm: verified.algorithm().name().to_owned(),
            covers: covers.collect(),
        }
    }
}

impl Proven {
    /// For the message's record; nothing if nothing is proved.
    #[must_use]
    pub fn to_json(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::to_string(self).unwrap_or_default())
    }
}

/// Why a message is not believed.
#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) fault: Fault,
    pub(super) why: String,
    pub(super) justification: Justification,
}

impl Doubt {
    fn sender(why: impl Into<String>) -> Self {
        Self { fault: Fault::Unproven, why: why.into(), justification: Justification::Authentication }
    }

    fn originator(why: impl Into<String>) -> Self {
        Self { fault: Fault::Unproven, why: why.into(), justification: Justification::AuthenticationOrigin }
    }

    pub(super) fn cipher(why: impl Into<String>) -> Self {
        Self { fault: Fault::Undecryptable, why: why.into(), justification: Justification::Encryption }
    }
}

/// The signatures of a message: those that claim to cover the whole of it, and the others. Nothing is judged yet.
pub(super) fn signatures<'a>(document: &'a Document<'_>, config: &Config) -> (Vec<Found<'a>>, Vec<Found<'a>>) {
    find(document, &PLACES, config).into_iter().partition(Found::claims_whole)
}

/// The rules for the messages of one peer.
pub(super) struct Judge<'k> {
    pub(super) keyring: &'k dyn Keyring,
    pub(super) peer: &'k PeerName,
    pub(super) policy: &'k Policy,
    pub(super) config: &'k Config,
}

impl Judge<'_> {
    /// The sender's signatures over the whole message, as it came.
    pub(super) fn sender(
        &self,
        document: &Document<'_>,
        whole: Vec<Found<'_>>,
        proven: &mut Proven,
    ) -> Result<(), Doubt> {
        if self.policy.signatures == Signatures::Off {
            return Ok(());
        }
        let trust = self.keyring.signers_of(self.peer);
        let signed = !whole.is_empty();
        for found in whole {
            let verified = self.held(found, document, &*trust).map_err(Doubt::sender)?;
            proven.signatures.push(Proof::of(&verified));
        }
        // Without a ReportSchema the schema has no place for a signature: the TLS peer is all the proof there is.
        if !signed && self.policy.signatures == Signatures::Required && signature_place(document).is_some() {
            return Err(Doubt::sender(
                "expected an enveloped signature of the sender over the whole message (RFC 6545 section 9.1); \
                 `ridd peer change` with `--signatures when-present` takes messages without one",
            ));
        }
        Ok(())
    }

    /// The signatures of originators over parts of the document, in the message as it is read. `readable` says whether
    /// the document is in clear text, `request` whether there must be such a signature.
    pub(super) fn originators(
        &self,
        document: &Document<'_>,
        parts: Vec<Found<'_>>,
        readable: bool,
        request: bool,
        proven: &mut Proven,
    ) -> Result<(), Doubt> {
        if self.policy.signatures == Signatures::Off {
            return Ok(());
        }
        let trust = self.keyring.originators();
        let mut held = Vec::new();
        for found in parts {
            let judged = found.judge(document, &*trust, self.config);
            match judged.verdict {
                Ok(verified) => {
                    self.allowed(&verified).map_err(Doubt::originator)?;
                    held.push(verified);
                }
                // What is encrypted for others cannot be checked here; whoever can read it does.
                Err(error) if !readable && error.waits_for_decryption() => {}
                Err(error) => return Err(Doubt::originator(error.to_string())),
            }
        }
        if request && readable && self.policy.signatures == Signatures::Required {
            let originals = originals(document);
            if !held.iter().any(|verified| originals.iter().any(|original| verified.covers(*original))) {
                return Err(Doubt::originator(
                    "expected a detached signature of the originator over a RecordItem of the Request, or over the \
                     DateTime of its RecordData (RFC 6545 section 9.1)",
                ));
            }
        }
        proven.signatures.extend(held.iter().map(Proof::of));
        Ok(())
    }

    fn held(&self, found: Found<'_>, document: &Document<'_>, trust: &dyn Trust) -> Result<Verified, String> {
        let verified = found.judge(document, trust, self.config).verdict.map_err(|error| error.to_string())?;
        self.allowed(&verified)?;
        Ok(verified)
    }

    fn allowed(&self, verified: &Verified) -> Result<(), String> {
        let allowed = &self.policy.signature_algorithms;
        if allowed.is_empty() || allowed.contains(&verified.algorithm()) {
            return Ok(());
        }
        Err(format!(
            "the policy of {} does not allow the signature algorithm {}",
            self.peer,
            verified.algorithm().name()
        ))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::testing::{FewKeys, draft, envelopes, name, open, signed};
    use super::*;
    use crate::peers::MsgType;
    use crate::rid::signature::signature_place;
    use crate::xml::Limits;
    use crate::xmlsec::signature::{Splice, sign_elements};

    /// A public trace with a signature of that node over the first element of that name in it; the first node closes it.
    fn trace(by: &str, element: &str) -> Bytes {
        let off = Policy { signatures: Signatures::Off, ..Policy::default() };
        let bare =
            envelopes("first.example", off).seal(&draft(MsgType::TraceRequest, "last.example", "public")).unwrap();
        let document = Document::parse(&bare.bytes, &Limits::default()).unwrap();
        let place = signature_place(&document).unwrap();
        let splice = Splice { at: place.at, before: &place.before, after: &place.after };
        let node = document.root().descendants().find(|node| node.name() == element).unwrap();
        let key = FewKeys::of(by, Policy::default()).signer();
        let signed = sign_elements(&document, &[node], &splice, &PLACES, &*key, None).unwrap();
        envelopes("first.example", Policy::default()).seal_given(&name("last.example"), &signed, &[]).unwrap().bytes
    }

    #[test]
    fn rfc6545_9_1_only_a_signature_over_the_records_proves_the_originator() {
        let opened = open("last.example", "first.example", &trace("middle.example", "RecordItem")).unwrap();
        assert_eq!(signed(&opened), [("first.example", "message"), ("middle.example", "RecordItem")]);
        for element in ["Contact", "Assessment", "ReportTime"] {
            let error = open("last.example", "first.example", &trace("first.example", element)).unwrap_err();
            assert_eq!(error.justification, Justification::AuthenticationOrigin, "{element}: {error}");
            assert!(error.why.contains("over a RecordItem"), "{error}");
        }
    }

    #[test]
    fn an_algorithm_that_is_not_agreed_proves_nothing() {
        let only = |algorithm| Policy { signature_algorithms: vec![algorithm], ..Policy::default() };
        let message = trace("middle.example", "RecordItem");
        let ask = |policy| envelopes("last.example", policy).open(&name("first.example"), message.clone());
        // The sender's is ECDSA P-256, the originator's RSA.
        let error = ask(only(crate::xmlsec::SignatureAlgorithm::RsaSha256)).unwrap_err();
        assert_eq!(error.justification, Justification::Authentication, "{error}");
        let error = ask(only(crate::xmlsec::SignatureAlgorithm::EcdsaSha256)).unwrap_err();
        assert_eq!(error.justification, Justification::AuthenticationOrigin, "{error}");
        assert!(error.why.contains("the policy of first.example does not allow"), "{error}");
    }

    #[test]
    fn what_is_proved_reads_back_and_nothing_is_written_as_nothing() {
        assert_eq!(Proven::default().to_json(), None);
        let opened = open("last.example", "first.example", &trace("middle.example", "RecordItem")).unwrap();
        let json = opened.proven().to_json().unwrap();
        assert_eq!(&serde_json::from_str::<Proven>(&json).unwrap(), opened.proven());
        let covers = &opened.proven().signatures[1].covers[0];
        let (start, end) = covers.rsplit_once(' ').unwrap().1.split_once("..").unwrap();
        let element = &opened.readable()[start.parse().unwrap()..end.parse().unwrap()];
        assert!(element.starts_with(b"<RecordItem"), "{covers}");
    }
}
