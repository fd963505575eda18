//! What path validation says of a certificate that came with a message or is pinned, remembered as long as the CAs and
//! revocation lists stay what they are: validation costs more than verifying a signature does, and a peer signs every
//! message with the same certificate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls_pki_types::CertificateDer;

use super::certificate::{Facts, may_sign};
use super::credentials::Credentials;
use super::refusal::Refusal;
use super::tls;
use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};
use crate::xmlsec::TrustedKey;
use crate::xmlsec::key::Certificate;

/// So many verdicts are remembered; then all are forgotten at once.
const REMEMBERED: usize = 512;
/// The verdict on certificates that are longer than this together is not remembered, in bytes.
const LONGEST: usize = 16 << 10;

/// What is known of one certificate.
pub(super) struct Verdict {
    /// What stands in it.
    pub(super) facts: Facts,
    /// Whether a path leads from it to a CA that we trust, nothing on it revoked or out of its time.
    pub(super) path: Result<(), Refusal>,
    /// Its key, or why it is none that signs or encrypts messages.
    pub(super) certificate: Result<Certificate, Refusal>,
    /// Whether its key may make signatures.
    signs: bool,
    /// When it was judged: it holds from then on.
    from: Timestamp,
    until: Timestamp,
    /// Its key as that of the signer who was asked about first; what verification makes ready of it stays with it.
    trusted: OnceLock<TrustedKey>,
}

impl Verdict {
    /// The certificate's key as that signer's, if it is valid and may sign.
    pub(super) fn trusted(&self, signer: &PeerName) -> Result<TrustedKey, Refusal> {
        let certificate = self.signing()?;
        let made = || TrustedKey::new(signer.as_str(), certificate.public_key().info());
        let first = self.trusted.get_or_init(made);
        // A certificate of several DNS-IDs may be pinned for another of them by now.
        Ok(if first.signer() == signer.as_str() { first.clone() } else { made() })
    }

    /// The certificate, if it is valid and may sign.
    fn signing(&self) -> Result<&Certificate, Refusal> {
        self.path.clone()?;
        if !self.signs {
            return Err(Refusal::NotForSigning);
        }
        self.certificate.as_ref().map_err(Clone::clone)
    }

    /// The certificate, if it is valid and one may encrypt for it.
    pub(super) fn encrypting(&self) -> Result<&Certificate, Refusal> {
        self.path.clone()?;
        let certificate = self.certificate.as_ref().map_err(Clone::clone)?;
        certificate.may_encrypt().map_err(|error| Refusal::BadKey { why: error.to_string() })?;
        Ok(certificate)
    }
}

/// The verdicts that are remembered.
#[derive(Default)]
pub(super) struct Verdicts {
    known: Mutex<HashMap<Digest, Arc<Verdict>>>,
}

impl Verdicts {
    fn recall(&self, name: &Digest, now: Timestamp) -> Option<Arc<Verdict>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).filter(|verdict| (verdict.from..=verdict.until).contains(&now)).cloned()
    }

    fn remember(&self, name: Digest, verdict: Arc<Verdict>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(name, verdict);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A certificate with the CA certificates that came with it. Which these are belongs to the question: without them there
/// may be no path.
fn name(certificate: &[u8], others: &[&[u8]]) -> Digest {
    if others.is_empty() {
        return Digest::of(certificate);
    }
    let lengths: Vec<_> = others.iter().map(|other| other.len().to_be_bytes()).collect();
    let others = others.iter().zip(&lengths).flat_map(|(other, length)| [length.as_slice(), other]);
    Digest::of_parts(std::iter::once(certificate).chain(others))
}

impl Credentials {
    /// What is to be said of a certificate (DER) that came with these others. `may_validate` is asked before anything
    /// costly is done for one that is not known.
    ///
    /// # Errors
    /// It cannot be read, or there was no leave to validate it.
    pub(super) fn verdict(
        &self,
        certificate: &[u8],
        others: &[&[u8]],
        now: Timestamp,
        may_validate: impl FnOnce() -> bool,
    ) -> Result<Arc<Verdict>, Refusal> {
        let name = name(certificate, others);
        if let Some(verdict) = self.verdicts().recall(&name, now) {
            return Ok(verdict);
        }
        if !may_validate() {
            return Err(Refusal::TooMany);
        }
        let unreadable = |why: String| Refusal::Unreadable { why };
        let facts = Facts::read(certificate).map_err(|error| unreadable(error.why))?;
        let signs = may_sign(certificate).map_err(|error| unreadable(error.why))?;
        let path = self.path(certificate, others, now);
        let ends = others.iter().filter_map(|der| Facts::read(der).ok()).map(|facts| facts.not_after);
        let verdict = Arc::new(Verdict {
            certificate: Certificate::read(certificate).map_err(|error| Refusal::BadKey { why: error.to_string() }),
            from: now,
            // What is refused now is refused for good, but for what has not begun yet.
            until: match &path {
                Ok(()) => ends.fold(facts.not_after, Ord::min),
                Err(Refusal::NotYetValid { .. }) => now,
                Err(_) => Timestamp::from_micros(i64::MAX),
            },
            facts,
            path,
            signs,
            trusted: OnceLock::new(),
        });
        if others.iter().fold(certificate.len(), |sum, other| sum.saturating_add(other.len())) <= LONGEST {
            self.verdicts().remember(name, Arc::clone(&verdict));
        }
        Ok(verdict)
    }

    /// Path validation with revocation. Our own intermediate CAs are known, too: peers often come from the same.
    fn path(&self, certificate: &[u8], others: &[&[u8]], now: Timestamp) -> Result<(), Refusal> {
        if !self.any_anchor() {
            return Err(Refusal::NotTrusted);
        }
        let ours = self.chain().iter().skip(1).map(|one| CertificateDer::from(one.der.as_ref()));
        let intermediates: Vec<_> = others.iter().map(|der| CertificateDer::from(*der)).chain(ours).collect();
        self.clients()
            .verify_client_cert(&CertificateDer::from(certificate), &intermediates, tls::unix_time(now))
            .map(|_| ())
            .map_err(|error| Refusal::from_handshake(&error))
    }
}
