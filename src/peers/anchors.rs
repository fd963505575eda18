//! Path validation of whoever signed a message, against CAs that are given: what a signature's trust rests on where no
//! certificate is pinned (RFC 6545 §9.3.1: full path validation, with revocation). Called by `ridd verify`.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::CertificateDer;

use super::certificate::{Facts, may_sign};
use super::credentials::{alive, verifiers};
use super::fault::PeersError;
use super::files;
use super::refusal::Refusal;
use super::tls;
use crate::clock::Timestamp;

/// CAs that are trusted to name signers, and their revocation lists.
pub struct Anchors {
    /// None if all CAs have ended: then nobody is trusted.
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

impl Anchors {
    /// Reads the CAs' certificates and the revocation lists from PEM files. Without a list of its CA a certificate
    /// counts as not revoked.
    ///
    /// # Errors
    /// Every file that cannot be read or is none.
    pub fn read(cas: &[PathBuf], crls: &[PathBuf], now: Timestamp) -> Result<Self, PeersError> {
        let mut faults = Vec::new();
        let mut certificates = Vec::new();
        let mut lists = Vec::new();
        for file in cas {
            files::certificates(file).map_or_else(|found| faults.extend(found), |found| certificates.extend(found));
        }
        for file in crls {
            files::revocation_lists(file).map_or_else(|found| faults.push(found), |found| lists.extend(found));
        }
        if !faults.is_empty() {
            return Err(PeersError::Faults { faults });
        }
        // webpki takes the first list of an issuer, so the newest stands first.
        lists.sort_by_key(|list| std::cmp::Reverse(list.facts.this_update));
        let anchors: Vec<_> = certificates.iter().filter(|ca| alive(&ca.facts, now)).collect();
        if anchors.is_empty() {
            return Ok(Self { verifier: None });
        }
        let lists = lists.into_iter().map(|list| list.der).collect();
        let made = verifiers(&anchors, lists, false, true).map_err(|why| PeersError::Tls { why })?;
        Ok(Self { verifier: Some(made.clients) })
    }

    /// Whether a path leads from the certificate (DER), perhaps over some of the others, to one of the CAs, nothing on it
    /// is revoked or out of its time, and its key may sign. Says what stands in the certificate.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn judge(&self, certificate: &[u8], others: &[Vec<u8>], now: Timestamp) -> Result<Facts, Refusal> {
        let unreadable = |why: String| Refusal::Unreadable { why };
        let facts = Facts::read(certificate).map_err(|error| unreadable(error.why))?;
        let verifier = self.verifier.as_ref().ok_or(Refusal::NotTrusted)?;
        let others: Vec<_> = others.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        verifier
            .verify_client_cert(&CertificateDer::from(certificate), &others, tls::unix_time(now))
            .map_err(|error| Refusal::from_handshake(&error))?;
        if !may_sign(certificate).map_err(|error| unreadable(error.why))? {
            return Err(Refusal::BadPurpose);
        }
        Ok(facts)
    }
}

impl std::fmt::Debug for Anchors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Anchors")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::testing::start;
    use super::*;

    fn sample(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("certs").join(name)
    }

    fn leaf(name: &str) -> Vec<u8> {
        files::certificates(&sample(name)).unwrap().remove(0).der.to_vec()
    }

    #[test]
    fn only_what_a_given_ca_vouches_for_is_believed() {
        let now = start();
        let anchors = Anchors::read(&[sample("ca.pem")], &[sample("crl.pem")], now).unwrap();
        assert!(anchors.judge(&leaf("good.pem"), &[], now).is_ok());
        assert!(matches!(anchors.judge(&leaf("other-ca.pem"), &[], now), Err(Refusal::NotTrusted)));
        assert!(matches!(anchors.judge(&leaf("revoked.pem"), &[], now), Err(Refusal::Revoked)));
        assert!(matches!(anchors.judge(&leaf("expired.pem"), &[], now), Err(Refusal::Expired { .. })));
        // A CA names signers; it is none.
        assert!(anchors.judge(&leaf("ca.pem"), &[], now).is_err());
        let late = Timestamp::from_micros(i64::MAX / 2);
        let none = Anchors::read(&[sample("ca.pem")], &[], late).unwrap();
        assert!(matches!(none.judge(&leaf("good.pem"), &[], now), Err(Refusal::NotTrusted)));
    }
}
